//! Notifications in browsers, against a push service that holds the site to the standards and reads what it is given.

use std::time::Duration;

use database::{Connection as _, Sql};

use super::services::{LONGEST, Service};
use super::stub::{Meets, Stub};
use super::{COOKIE, Key};
use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS};
use crate::jobs::work_off;
use crate::messages::{Notice, tell};
use crate::settings::{Push, Settings};
use crate::test_site::{Browser, MONDAY_NS, PASSWORD, Site};

const COUNT: &str = "SELECT COUNT(*) FROM push_browsers";

async fn connected() -> (Stub, Site) {
    let (stub, origin) = Stub::start().await;
    let site = Site::with(with_services(vec![Service::Here(origin)])).await;
    stub.is_given(site.platform.push().unwrap().public());
    stub.at(MONDAY_NS);
    (stub, site)
}

fn with_services(services: Vec<Service>) -> Settings {
    let push = Push {
        services,
        contact: Some("mailto:it@hospital.example".to_owned()),
        proxy: None,
    };
    Settings {
        push: Some(push),
        ..Settings::default()
    }
}

/// Tells a person something, as any change does, and works off what that leads to.
async fn tell_one(site: &Site, person: i64) {
    let notice = Notice {
        person,
        organisation: None,
        kind: "invited",
        arguments: &[("organisation", "第一人民医院核医学科")],
        link: "/workbench".to_owned(),
        is_todo: false,
        subject: None,
    };
    let change = site.platform.writer().begin().await.unwrap();
    tell(&*change, &notice, site.now_ns()).await.unwrap();
    change.commit().await.unwrap();
    work_off(&site.platform).await;
}

/// Switches notifications on in a browser, as its script does.
async fn begin(browser: &Browser<'_>, given: &[(&'static str, String); 3]) {
    let fields = given.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser
        .post("/profile/push/browser", &fields)
        .await
        .leads_to("/profile");
}

/// Whether the page of the profile says that they are on in this browser.
async fn is_on(browser: &Browser<'_>) -> bool {
    let page = browser.get("/profile").await;
    page.is(200);
    page.text.contains(" data-push-on")
}

/// The state of the last message, why, and the state of its job.
async fn outcome(site: &Site) -> (String, Option<String>, String) {
    let sql = Sql::new(
        "SELECT o.state, o.error, j.state FROM outbox o JOIN jobs j ON j.id = o.job ORDER BY o.id DESC LIMIT 1",
    );
    let row = sql.one(site.platform.readers()).await.unwrap().unwrap();
    (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap())
}

/// A person with one browser in which notifications are on.
async fn with_one<'a>(site: &'a Site, stub: &Stub) -> (i64, Browser<'a>) {
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    begin(&own, &stub.browser()).await;
    (account, own)
}

#[tokio::test]
async fn a_notification_goes_once_to_each_browser_that_is_switched_on_and_off_sends_nothing() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let page = own.get("/profile").await;
    assert!(
        page.text.contains(&site.platform.push().unwrap().public()),
        "{}",
        page.text
    );
    assert!(!is_on(&own).await);
    tell_one(&site, account).await;
    assert_eq!(stub.asked(), 0);
    begin(&own, &stub.browser()).await;
    assert!(is_on(&own).await);
    tell_one(&site, account).await;
    work_off(&site.platform).await;
    assert_eq!(stub.wrong(), Vec::<String>::new());
    let taken = stub.taken();
    assert_eq!((taken.len(), taken[0].browser), (1, 0));
    assert_eq!((taken[0].ttl.as_str(), taken[0].topic.len()), ("86400", 32));
    let content = &taken[0].content;
    assert_eq!(
        (
            &content["title"],
            &content["body"],
            &content["link"],
            &content["page"],
            &content["tag"]
        ),
        (
            &"Uptake 核医学".into(),
            &"有新的机构邀请".into(),
            &"/notifications/2".into(),
            &"/workbench".into(),
            &"notice-2".into()
        )
    );
    // What it is about is said on the page alone.
    assert!(!content.to_string().contains("第一人民医院"));
    assert_eq!(outcome(&site).await, ("sent".to_owned(), None, "done".to_owned()));
    // The person's switch is for all browsers.
    own.post("/profile/push", &[]).await.leads_to("/profile");
    assert!(!own.get("/profile").await.text.contains("data-push="));
    tell_one(&site, account).await;
    own.post("/profile/push", &[("push", "1")])
        .await
        .leads_to("/profile");
    work_off(&site.platform).await;
    assert_eq!(stub.asked(), 1);
    // In the person's language, to each browser.
    own.post("/language", &[("language", "en"), ("to", "/profile")])
        .await;
    let second = site.signed_in(account, None).await;
    begin(&second, &stub.browser()).await;
    tell_one(&site, account).await;
    let taken = stub.taken();
    assert_eq!(taken.iter().map(|one| one.browser).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(taken[2].content["body"], "An organisation invites you");
    assert_ne!(taken[1].topic, taken[2].topic);
    // This browser's is for this one.
    own.post("/profile/push/browser/remove", &[])
        .await
        .leads_to("/profile");
    assert!(!is_on(&own).await && own.cookie(COOKIE).is_none());
    tell_one(&site, account).await;
    assert_eq!(
        stub.taken().iter().map(|one| one.browser).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
    assert_eq!(site.entries("push.browser-added").await.len(), 2);
    assert_eq!(site.entries("push.browser-removed").await.len(), 1);
    // Twice it does nothing.
    own.post("/profile/push/browser/remove", &[])
        .await
        .leads_to("/profile");
    assert_eq!(site.entries("push.browser-removed").await.len(), 1);
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_when_it_says() {
    let (stub, site) = connected().await;
    let (account, _) = with_one(&site, &stub).await;
    stub.meets(Meets::Busy(120));
    tell_one(&site, account).await;
    assert_eq!(outcome(&site).await.0, "waiting");
    stub.meets(Meets::Taken);
    for (seconds, asked) in [(60, 1), (59, 1), (1, 2)] {
        site.pass(seconds * SECOND_NS);
        work_off(&site.platform).await;
        assert_eq!(stub.asked(), asked, "{seconds}");
    }
    assert_eq!((stub.taken().len(), outcome(&site).await.0.as_str()), (1, "sent"));
    // After a day it says nothing any more.
    stub.meets(Meets::Busy(100_000));
    stub.at(site.now_ns());
    tell_one(&site, account).await;
    site.pass(DAY_NS);
    work_off(&site.platform).await;
    let (state, why, _) = outcome(&site).await;
    assert_eq!(
        (state.as_str(), why.as_deref(), stub.asked()),
        ("failed", Some("too late"), 3)
    );
}

#[tokio::test]
async fn a_browser_that_its_service_knows_no_more_is_forgotten_and_nobody_has_to_look_at_it() {
    for status in [404, 410] {
        let (stub, site) = connected().await;
        let (account, own) = with_one(&site, &stub).await;
        stub.meets(Meets::Refused(status));
        tell_one(&site, account).await;
        assert_eq!(site.count(COUNT).await, 0, "{status}");
        let expected = ("cancelled".to_owned(), Some("gone".to_owned()), "done".to_owned());
        assert_eq!(outcome(&site).await, expected);
        assert!(!is_on(&own).await);
        tell_one(&site, account).await;
        assert_eq!(stub.asked(), 1);
        let page = site.officer("jobs").await.get("/platform/outbox").await;
        assert!(page.text.contains("浏览器已停止接收通知"), "{}", page.text);
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_not_sent_again_by_itself() {
    let (stub, site) = connected().await;
    let (account, own) = with_one(&site, &stub).await;
    stub.meets(Meets::Lost);
    tell_one(&site, account).await;
    stub.meets(Meets::Taken);
    site.pass(10 * MINUTE_NS);
    work_off(&site.platform).await;
    let (state, _, job) = outcome(&site).await;
    assert_eq!(
        (state.as_str(), job.as_str(), stub.asked()),
        ("unknown", "unknown", 1)
    );
    assert!(is_on(&own).await);
    // A person sends it again: one that still waits at the service is replaced.
    let job = site.count("SELECT MAX(id) FROM jobs").await;
    let officer = site.officer("jobs").await;
    officer
        .post(&format!("/platform/jobs/{job}/send-again"), &[])
        .await;
    work_off(&site.platform).await;
    let taken = stub.taken();
    assert_eq!((taken.len(), &taken[0].topic), (2, &taken[1].topic));
    assert_eq!(outcome(&site).await.0, "sent");
}

#[tokio::test]
async fn a_refusal_ends_a_message_and_a_service_that_is_not_there_is_tried_again() {
    let (stub, site) = connected().await;
    let (account, own) = with_one(&site, &stub).await;
    stub.meets(Meets::Refused(403));
    tell_one(&site, account).await;
    let expected = (
        "failed".to_owned(),
        Some("http.403".to_owned()),
        "failed".to_owned(),
    );
    assert_eq!(outcome(&site).await, expected);
    // The clock of the server is a day behind.
    stub.meets(Meets::Taken);
    stub.at(site.now_ns() + DAY_NS);
    tell_one(&site, account).await;
    assert_eq!(
        (outcome(&site).await, stub.wrong()),
        (expected, vec!["authorization".to_owned()])
    );
    assert!(is_on(&own).await);
    // Nobody listens there.
    let nowhere = "http://127.0.0.1:9".to_owned();
    let site = Site::with(with_services(vec![Service::Here(nowhere.clone())])).await;
    let (account, _) = site.account("王医生").await;
    let mut given = stub.browser();
    given[0].1 = format!("{nowhere}/send/0");
    begin(&site.signed_in(account, None).await, &given).await;
    tell_one(&site, account).await;
    assert_eq!(outcome(&site).await.0, "waiting");
    assert_eq!(
        site.count("SELECT COUNT(*) FROM jobs WHERE error = 'no connection' AND sent_ns IS NULL")
            .await,
        1
    );
}

#[tokio::test]
async fn what_waits_is_not_sent_once_it_is_not_wanted() {
    let (stub, site) = connected().await;
    let (account, own) = with_one(&site, &stub).await;
    let waits = async || {
        stub.meets(Meets::Busy(30));
        tell_one(&site, account).await;
        stub.meets(Meets::Taken);
    };
    waits().await;
    own.post("/profile/push", &[]).await.leads_to("/profile");
    site.pass(MINUTE_NS);
    work_off(&site.platform).await;
    let expected = (
        "cancelled".to_owned(),
        Some("not wanted".to_owned()),
        "done".to_owned(),
    );
    assert_eq!(outcome(&site).await, expected);
    assert_eq!(site.count(COUNT).await, 1);
    own.post("/profile/push", &[("push", "1")])
        .await
        .leads_to("/profile");
    stub.at(site.now_ns());
    waits().await;
    own.post("/profile/push/browser/remove", &[])
        .await
        .leads_to("/profile");
    site.pass(MINUTE_NS);
    work_off(&site.platform).await;
    let expected = ("cancelled".to_owned(), Some("gone".to_owned()), "done".to_owned());
    assert_eq!(outcome(&site).await, expected);
    assert_eq!((stub.taken().len(), stub.asked()), (0, 2));
}

/// A browser in which a person signed in as people do, and switched notifications on.
async fn signed_in_and_on<'a>(site: &'a Site, stub: &Stub, mobile: &str) -> Browser<'a> {
    let browser = site.browser();
    browser.sign_in(mobile, PASSWORD).await.leads_to("/");
    begin(&browser, &stub.browser()).await;
    browser
}

#[tokio::test]
async fn a_browser_is_told_nothing_after_signing_out_or_when_somebody_else_signs_in() {
    let (stub, site) = connected().await;
    let (_, mobile) = site.account("王医生").await;
    let (_, other) = site.account("李医生").await;
    let browser = signed_in_and_on(&site, &stub, &mobile).await;
    // Signed in again in the same browser, after the session ended by itself.
    site.pass(DAY_NS);
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    assert!(is_on(&browser).await);
    browser.post("/sign-out", &[]).await.leads_to("/sign-in");
    assert_eq!(site.count(COUNT).await, 0);
    let browser = signed_in_and_on(&site, &stub, &mobile).await;
    browser.cookies.lock().unwrap().remove("uptake_session");
    browser.sign_in(&other, PASSWORD).await.leads_to("/");
    assert_eq!(site.count(COUNT).await, 0);
    assert!(!is_on(&browser).await);
}

#[tokio::test]
async fn browsers_go_with_their_sessions_the_password_and_the_account() {
    let (stub, site) = connected().await;
    let (account, mobile) = site.account("王医生").await;
    let (first, second) = (
        signed_in_and_on(&site, &stub, &mobile).await,
        signed_in_and_on(&site, &stub, &mobile).await,
    );
    assert_eq!(site.count(COUNT).await, 2);
    // Ended from another browser.
    let session = crate::secrets::kept(&first.cookie("uptake_session").unwrap());
    second
        .post(&format!("/security/sessions/{session}/end"), &[])
        .await
        .leads_to("/security");
    assert_eq!(site.count(COUNT).await, 1);
    let first = signed_in_and_on(&site, &stub, &mobile).await;
    // A changed password leaves the browser in which it was changed.
    let fields = [
        ("current", PASSWORD),
        ("password", "Another_1"),
        ("again", "Another_1"),
    ];
    let page = second.post("/password", &fields).await;
    assert_eq!(page.status.as_u16(), 303, "{}", page.text);
    assert_eq!(site.count(COUNT).await, 1);
    assert!(is_on(&second).await);
    first.get("/profile").await.leads_to("/sign-in?to=%2Fprofile");
    // Closing the account ends all.
    let officer = site.officer("accounts").await;
    officer
        .post(
            &format!("/platform/accounts/{account}/close"),
            &[("reason", "离职")],
        )
        .await
        .leads_to(&format!("/platform/accounts/{account}"));
    assert_eq!(site.count(COUNT).await, 0);
    tell_one(&site, account).await;
    assert_eq!(stub.asked(), 0);
}

#[tokio::test]
async fn a_browser_whose_remembered_sign_in_was_stolen_is_told_nothing() {
    let (stub, site) = connected().await;
    let (_, mobile) = site.account("王医生").await;
    let browser = site.browser();
    let mut fields = vec![
        ("mobile", mobile.as_str()),
        ("password", PASSWORD),
        ("remember", "1"),
    ];
    let (token, shown) = site.read_captcha(&browser.get("/sign-in").await).await;
    fields.extend([("captcha_token", token.as_str()), ("captcha", shown.as_str())]);
    browser.post("/sign-in", &fields).await.leads_to("/");
    begin(&browser, &stub.browser()).await;
    let stolen = browser.cookie("uptake_remember").unwrap();
    // Signed in again by itself it goes on.
    browser.cookies.lock().unwrap().remove("uptake_session");
    browser.get("/sign-in?to=%2Fprofile").await.leads_to("/profile");
    assert!(is_on(&browser).await);
    let thief = site.browser_at("10.9.9.9");
    let remembered = ("uptake_remember".to_owned(), stolen);
    thief.cookies.lock().unwrap().extend([remembered]);
    thief.get("/sign-in").await.is(200);
    assert_eq!(site.count(COUNT).await, 0);
}

#[tokio::test]
async fn a_browser_is_one_persons_and_a_person_has_ten() {
    let (stub, site) = connected().await;
    let (first, own) = with_one(&site, &stub).await;
    let (second, _) = site.account("李医生").await;
    let other = site.signed_in(second, None).await;
    // The same browser, whoever asks with it last.
    let given = stub.browser();
    begin(&own, &given).await;
    assert_eq!(site.count(COUNT).await, 1);
    begin(&other, &given).await;
    assert_eq!(site.count(COUNT).await, 1);
    assert!(is_on(&other).await && !is_on(&own).await);
    // A cookie is good for its own person only.
    let cookie = other.cookie(COOKIE).unwrap();
    own.cookies.lock().unwrap().insert(COOKIE.to_owned(), cookie);
    own.post("/profile/push/browser/remove", &[])
        .await
        .leads_to("/profile");
    assert_eq!(site.count(COUNT).await, 1);
    for number in 0..11 {
        begin(&site.signed_in(first, None).await, &stub.browser()).await;
        let count = site.count(&format!("{COUNT} WHERE person = {first}")).await;
        assert_eq!(count, (number + 1).min(10));
    }
    // The first of them is not among them.
    tell_one(&site, first).await;
    let mut told: Vec<usize> = stub.taken().iter().map(|one| one.browser).collect();
    told.sort_unstable();
    assert_eq!(told, (3..13).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_no_browser_gives_is_refused_and_nothing_is_kept() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let given = stub.browser();
    let [endpoint, public, auth] = given.each_ref().map(|(_, value)| value.as_str());
    let (service, keys) = ("本站不使用此浏览器的推送服务", "浏览器给出的密钥无效");
    let long = format!("https://fcm.googleapis.com/{}", "a".repeat(LONGEST));
    let mut off_curve = public.to_owned();
    off_curve.replace_range(20..21, if &public[20..21] == "A" { "B" } else { "A" });
    for (given, words) in [
        (["", public, auth], service),
        (["https://evil.example/a", public, auth], service),
        (["http://169.254.169.254/latest/meta-data", public, auth], service),
        (["https://10.0.0.8/admin", public, auth], service),
        (["https://localhost/platform/jobs", public, auth], service),
        (["javascript:alert(1)", public, auth], service),
        (["\"><script>alert(1)</script>", public, auth], service),
        (["' OR 1=1 --", public, auth], service),
        (["=HYPERLINK(\"https://evil.example\")", public, auth], service),
        (["\u{202E}https://fcm.googleapis.com/a\0", public, auth], service),
        ([long.as_str(), public, auth], service),
        ([endpoint, "", auth], keys),
        ([endpoint, "<script>", auth], keys),
        ([endpoint, off_curve.as_str(), auth], keys),
        ([endpoint, "A".repeat(87).as_str(), auth], keys),
        ([endpoint, "A".repeat(100_000).as_str(), auth], keys),
        ([endpoint, public, ""], keys),
        ([endpoint, public, "AAAA"], keys),
        ([endpoint, public, public], keys),
    ] {
        let fields = [("endpoint", given[0]), ("p256dh", given[1]), ("auth", given[2])];
        let page = own.post("/profile/push/browser", &fields).await;
        page.is(422);
        assert!(page.text.contains(words), "{given:?}");
        assert!(
            !page.text.contains("<script>alert") && !page.text.contains("evil.example"),
            "{given:?}"
        );
    }
    assert_eq!(site.count(COUNT).await, 0);
    assert!(own.cookie(COOKIE).is_none());
    assert_eq!(site.entries("push.browser-added").await.len(), 0);
    // A form of another site's page switches nothing on.
    let fields = [("endpoint", endpoint), ("p256dh", public), ("auth", auth)];
    let page = own
        .post_with(
            "/profile/push/browser",
            &fields,
            &[("sec-fetch-site", "cross-site")],
        )
        .await;
    page.is(403);
    // Of this site's, with padding as some write it, it does.
    let fields = [
        ("endpoint", endpoint),
        ("p256dh", public),
        ("auth", &format!("{auth}==")),
    ];
    own.post("/profile/push/browser", &fields)
        .await
        .leads_to("/profile");
    // Its address, by which anybody could write to it, is kept encrypted.
    let row = Sql::new("SELECT recipient FROM push_browsers")
        .one(site.platform.readers())
        .await;
    let kept: Vec<u8> = row.unwrap().unwrap().get(0).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("127.0.0.1"));
}

#[tokio::test]
async fn the_key_is_made_once_and_kept_encrypted() {
    let (_, site) = connected().await;
    let (readers, writer) = (site.platform.readers(), site.platform.writer());
    let public = site.platform.push().unwrap().public();
    let again = Key::open(readers, writer, site.platform.key(), site.now_ns())
        .await
        .unwrap();
    assert_eq!(again.public(), public);
    assert_eq!(site.entries("push.key-made").await.len(), 1);
    // A copy of the database alone is of no use.
    let other = crate::secrets::SiteKey::open(&site.folder().join("other")).unwrap();
    let failed = Key::open(readers, writer, &other, site.now_ns()).await;
    assert!(failed.is_err());
    let change = writer.begin().await.unwrap();
    change.run(&Sql::new("DELETE FROM push_key")).await.unwrap();
    change.commit().await.unwrap();
    let next = Key::open(readers, writer, site.platform.key(), site.now_ns())
        .await
        .unwrap();
    assert_ne!(next.public(), public);
}

#[tokio::test]
async fn a_site_that_sends_none_says_so() {
    let (stub, _) = Stub::start().await;
    let site = Site::with(Settings {
        push: None,
        ..Settings::default()
    })
    .await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let page = own.get("/profile").await;
    assert!(page.text.contains("本站不向没有打开页面的浏览器发送通知") && !page.text.contains("data-push="));
    let given = stub.browser();
    let fields = given.each_ref().map(|(name, value)| (*name, value.as_str()));
    own.post("/profile/push/browser", &fields).await.is(409);
    tell_one(&site, account).await;
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, 0);
}

#[tokio::test]
async fn the_service_worker_is_of_the_whole_site_and_is_never_old() {
    let (_, site) = connected().await;
    let page = site.browser().get("/service-worker.js?key=abc").await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-cache");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("worker-src 'self'") && policy.contains("script-src 'self'"),
        "{policy}"
    );
    // Pages stay where they are: a worker that answered requests could show what a person may see no more.
    assert!(!page.text.contains("\"fetch\"") && !page.text.contains("caches"));
}

/// What an open page is told: read until all of some words have come.
async fn told(stream: &mut reqwest::Response, until: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text.contains(until) {
            let piece = stream.chunk().await.unwrap().expect("the stream ended");
            text.push_str(&String::from_utf8_lossy(&piece));
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(30), read).await;
    assert!(read.is_ok(), "expected {until} in {text}");
    text
}

#[tokio::test]
async fn an_open_page_is_told_at_once_what_is_new_and_nothing_while_it_is_off() {
    let (_, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    tell_one(&site, account).await;
    let address = site.serve().await;
    let cookie = format!("uptake_session={}", own.cookie("uptake_session").unwrap());
    let request = reqwest::Client::new()
        .get(format!("{address}/live"))
        .header("cookie", cookie);
    let mut stream = request.send().await.unwrap();
    // What came before the page was opened is counted, and not told of.
    let text = told(&mut stream, "data: 1\n").await;
    assert!(!text.contains("notice"), "{text}");
    tell_one(&site, account).await;
    let text = told(&mut stream, "\"/notifications/2\"").await;
    assert!(
        text.contains("event: notice") && text.contains("第一人民医院核医学科 邀请您加入"),
        "{text}"
    );
    own.post("/profile/push", &[]).await.leads_to("/profile");
    tell_one(&site, account).await;
    let text = told(&mut stream, "data: 3\n").await;
    own.post("/profile/push", &[("push", "1")])
        .await
        .leads_to("/profile");
    tell_one(&site, account).await;
    let text = text + &told(&mut stream, "\"/notifications/4\"").await;
    assert!(!text.contains("/notifications/3"), "{text}");
    own.post("/sign-out", &[]).await.leads_to("/sign-in");
    told(&mut stream, "event: ended").await;
}
