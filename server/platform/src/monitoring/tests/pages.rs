//! The pages: lists, figures, limits, and forms that are filled wrongly.

use super::super::figures;
use super::*;
use crate::clock::DAY_NS;

#[tokio::test]
async fn figures_are_drawn_for_each_span_and_are_bounded() {
    let site = Site::new().await;
    let said = Said::well();
    let mut watch = watching(&site, "node-1", said.clone()).await;
    for hour in 0..40 {
        said.say("cpu", Some(f64::from(hour)));
        site.pass(3600 * SECOND_NS);
        watch.beat().await.unwrap();
    }
    let system = site.officer("monitoring").await;
    let page = system.get("/platform/monitoring").await;
    page.is(200);
    for shown in ["node-1", "39%", "没有告警", "poll-monitoring"] {
        assert!(page.text.contains(shown), "{shown}");
    }
    for (span, least) in [("hour", 1), ("day", 24), ("month", 20)] {
        let page = system
            .get(&format!(
                "/platform/monitoring/servers/{}?span={span}",
                watch.id()
            ))
            .await;
        page.is(200);
        assert!(page.text.contains("<svg class=\"chart\"") && page.text.contains("以表格查看"));
        let server = watch.id();
        let span = figures::SPANS.into_iter().find(|one| one.word == span).unwrap();
        let lines = figures::lines(site.platform.readers(), server, span, site.now_ns())
            .await
            .unwrap();
        assert!(lines["cpu"].len() >= least, "{span:?} {}", lines["cpu"].len());
        assert_eq!(lines["cpu"].last().unwrap().2, 39.0);
    }
    let change = site.platform.writer().begin().await.unwrap();
    figures::tidy(&*change, site.now_ns()).await.unwrap();
    change.commit().await.unwrap();
    let minutes = "SELECT COUNT(*) FROM figures WHERE grain_s = 60 AND metric = 'cpu'";
    assert_eq!(site.count(minutes).await, 26);
    site.pass(32 * DAY_NS);
    let change = site.platform.writer().begin().await.unwrap();
    figures::tidy(&*change, site.now_ns()).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(site.count("SELECT COUNT(*) FROM figures").await, 0);
}

#[tokio::test]
async fn limits_of_a_server_hold_at_once_and_can_be_taken_back() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    let mut watch = watching(&site, "node-1", Said::well()).await;
    watch.beat().await.unwrap();
    let path = format!("/platform/monitoring/servers/{}/thresholds/disk:data", watch.id());
    assert_eq!(system.get(&path).await.value("warning"), "80");
    let fields = |warning, critical| {
        [
            ("warning", warning),
            ("critical", critical),
            ("margin", "1.5"),
            ("samples", "1"),
        ]
    };
    for (warning, critical) in [
        ("", "90"),
        ("nan", "90"),
        ("-1", "90"),
        ("1e99", "90"),
        ("90", "80"),
    ] {
        let page = system.post(&path, &fields(warning, critical)).await;
        page.is(422);
        assert_eq!(page.value("warning"), warning);
    }
    system.post(&path, &fields("20", "25")).await.is(303);
    pass(&site, &mut watch, 10).await;
    assert_eq!(open(&site).await, [(Kind::DiskLow, Severity::Critical)]);
    system.post(&format!("{path}/reset"), &[]).await.is(303);
    pass(&site, &mut watch, 10).await;
    assert_eq!(open(&site).await, []);
    assert_eq!(site.entries("threshold.changed").await.len(), 2);
    let none = format!("/platform/monitoring/servers/{}/thresholds/none", watch.id());
    system.get(&none).await.is(404);
}

#[tokio::test]
async fn servers_are_added_changed_and_removed() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    let at = "/platform/monitoring/servers";
    let long = "x".repeat(300);
    for (name, address, notes, field) in [
        ("", "h:80", "", "name"),
        ("<script>alert(1)</script>", "h:80", "", "name"),
        ("=cmd|' /C calc'!A0", "h:80", "", "name"),
        ("a\u{202e}b", "h:80", "", "name"),
        ("'; DROP TABLE servers; --", "h:80", "", "name"),
        ("HIS", "", "", "address"),
        ("HIS", "javascript:alert(1)", "", "address"),
        ("HIS", "host", "", "address"),
        ("HIS", long.as_str(), "", "address"),
        ("HIS", "h:80", "\u{200b}hidden\u{200b}", "notes"),
    ] {
        let page = system
            .post(at, &[("name", name), ("address", address), ("notes", notes)])
            .await;
        page.is(422);
        assert!(
            page.text.contains(&format!("{field}-error")),
            "{field}: {name} {address}"
        );
        assert!(!page.text.contains("<script>alert"));
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM servers").await, 0);
    let fields = [
        ("name", "HIS"),
        ("address", "127.0.0.1:1"),
        ("notes", "信息科 机房"),
    ];
    system.post(at, &fields).await.is(303);
    let page = system.post(at, &fields).await;
    page.is(422);
    assert!(page.text.contains("已有同名服务器"));
    let id = site.count("SELECT MAX(id) FROM servers").await;
    let path = format!("{at}/{id}");
    let changed = [
        ("name", "HIS 2"),
        ("address", "https://127.0.0.1:1/"),
        ("notes", ""),
    ];
    system.post(&path, &changed).await.leads_to(&path);
    assert!(system.get(&path).await.text.contains("https://127.0.0.1:1/"));
    let mut watch = watching(&site, "node", Said::well()).await;
    pass(&site, &mut watch, 20).await;
    system
        .post(&format!("{at}/{}/remove", watch.id()), &[])
        .await
        .is(409);
    assert_eq!(open(&site).await, [(Kind::ProbeFailed, Severity::Critical)]);
    system
        .post(&format!("{path}/remove"), &[])
        .await
        .leads_to("/platform/monitoring");
    assert_eq!(open(&site).await, []);
    system.get(&path).await.is(404);
    for kind in ["server.added", "server.changed", "server.removed"] {
        assert_eq!(site.entries(kind).await.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn only_system_administrators_are_put_on_call_at_times_that_are_some() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    let (other, _) = site.account("陌生人").await;
    let own = site
        .count("SELECT MIN(person) FROM memberships")
        .await
        .to_string();
    let at = "/platform/monitoring/on-call";
    let (other, right) = (other.to_string(), ["22:00", "07:00", "15"]);
    for (person, position, [from, until, wait]) in [
        (other.as_str(), "1", right),
        ("", "1", right),
        (own.as_str(), "0", right),
        (own.as_str(), "x", right),
        (own.as_str(), "1", ["24:00", "07:00", "15"]),
        (own.as_str(), "1", ["22:00", "7", "15"]),
        (own.as_str(), "1", ["22:00", "07:00", "0"]),
    ] {
        let fields = [
            ("person", person),
            ("position", position),
            ("quiet_from", from),
            ("quiet_until", until),
            ("wait_minutes", wait),
        ];
        system.post(at, &fields).await.is(422);
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM on_call").await, 0);
}

#[tokio::test]
async fn what_a_page_renews_by_itself_keeps_no_session_awake() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    let seen = "SELECT MAX(seen_ns) FROM sessions";
    let begun_ns = site.now_ns();
    site.pass(60 * SECOND_NS);
    system
        .send(
            axum::http::Method::GET,
            "/platform/monitoring",
            None,
            &[("hx-request", "true"), ("hx-trigger", "poll-monitoring")],
        )
        .await
        .is(200);
    crate::sessions::write_seen(&site.platform).await.unwrap();
    assert_eq!(site.count(seen).await, begun_ns);
    system.get("/platform/monitoring").await.is(200);
    crate::sessions::write_seen(&site.platform).await.unwrap();
    assert_eq!(site.count(seen).await, site.now_ns());
}
