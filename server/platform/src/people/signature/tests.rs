//! Signatures: sent, drawn on a phone, fixed; which one stands under a report.

use database::{Connection, Sql};

use super::{Source, signature_for, why_not_sign};
use crate::clock::MINUTE_NS;
use crate::files::picture::decode;
use crate::files::tests::{address_in, plain, send, stroke};
use crate::organisations::store::only;
use crate::permissions::{Kind, Permission, Person};
use crate::test_site::{Browser, Site};

/// A docking of a hospital and a team.
async fn docking(site: &Site, hospital: i64, team: i64) -> i64 {
    let mut sql =
        Sql::new("INSERT INTO dockings (hospital, team, asked_by, state, signature_mode, asked_ns) VALUES (");
    sql.bind_all([hospital, team])
        .push(", 'team', 'accepted', 'personal', 1) RETURNING id");
    let change = site.platform.writer().begin().await.unwrap();
    let id = only(&sql, &*change).await.unwrap();
    change.commit().await.unwrap();
    id
}

struct Department {
    hospital: i64,
    team: i64,
    docking: i64,
    account: i64,
}

async fn department(site: &Site) -> Department {
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let team = site.organisation(Kind::Team, "核医学诊断中心").await;
    let (account, _) = site.account("王医生").await;
    let role = site
        .role(team, &[Permission::StudiesView, Permission::ReportsWrite])
        .await;
    site.join(account, team, role).await;
    Department {
        hospital,
        team,
        docking: docking(site, hospital, team).await,
        account,
    }
}

/// ACC-24, as the row says it; the mode `fixed` is the sentence that a fixed signature replaces personal ones.
const CASES: &[(&str, bool, bool, bool, Option<Source>)] = &[
    // mode, personal, docking, hospital
    ("personal", false, false, false, None),
    ("personal", false, false, true, Some(Source::Hospital)),
    ("personal", false, true, false, Some(Source::Docking)),
    ("personal", false, true, true, Some(Source::Docking)),
    ("personal", true, false, false, Some(Source::Personal)),
    ("personal", true, false, true, Some(Source::Personal)),
    ("personal", true, true, false, Some(Source::Personal)),
    ("personal", true, true, true, Some(Source::Personal)),
    ("fixed", false, false, false, None),
    ("fixed", false, false, true, Some(Source::Hospital)),
    ("fixed", false, true, false, Some(Source::Docking)),
    ("fixed", false, true, true, Some(Source::Docking)),
    ("fixed", true, false, false, Some(Source::Personal)),
    ("fixed", true, false, true, Some(Source::Hospital)),
    ("fixed", true, true, false, Some(Source::Docking)),
    ("fixed", true, true, true, Some(Source::Docking)),
];

/// Sends a picture, or takes it away.
async fn keep(browser: &Browser<'_>, path: &str, is_there: bool, slope: u32) {
    let page = match is_there {
        true => send(browser, path, "signature", &stroke(slope)).await,
        false => browser.post(&format!("{path}/remove"), &[]).await,
    };
    page.is(303);
}

#[tokio::test]
async fn the_signature_of_a_report_is_the_one_that_the_row_names() {
    let site = Site::new().await;
    let it = department(&site).await;
    let doctor = site.signed_in(it.account, Some(it.team)).await;
    let (hospital, team) = (
        site.administrator(it.hospital).await,
        site.administrator(it.team).await,
    );
    let address = format!("/dockings/{}/signature", it.docking);
    for (mode, personal, docking, fixed, expected) in CASES {
        team.post(&format!("{address}/mode"), &[("mode", mode)])
            .await
            .leads_to(&address);
        keep(&doctor, "/profile/signature", *personal, 2).await;
        keep(&team, &address, *docking, 3).await;
        keep(&hospital, "/organisation/pictures/signature", *fixed, 4).await;
        let found = signature_for(
            site.platform.readers(),
            it.account,
            Some(it.docking),
            Some(it.hospital),
        )
        .await
        .unwrap();
        assert_eq!(
            found.as_ref().map(|found| found.source),
            *expected,
            "{mode} {personal} {docking} {fixed}"
        );
        // What is found is the picture that was sent there: each slope is of another height.
        if let Some(found) = found {
            let height = decode(&found.picture.content).unwrap().height();
            let range = match found.source {
                Source::Personal => 99..=100,
                Source::Docking => 98..=100,
                Source::Hospital => 76..=82,
            };
            assert!(range.contains(&height), "{:?} {height}", found.source);
        }
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM files").await, 3);
    // In the hospital itself there is no docking; another hospital's signature is never one.
    let readers = site.platform.readers();
    let own = signature_for(readers, it.account, None, Some(it.hospital))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(own.source, Source::Personal);
    doctor
        .post("/profile/signature/remove", &[])
        .await
        .leads_to("/profile");
    assert_eq!(
        signature_for(readers, it.account, None, Some(it.team))
            .await
            .unwrap(),
        None
    );
    // A docking that has ended lends none.
    let mut end = Sql::new("UPDATE dockings SET state = 'ended' WHERE id = ");
    end.bind(it.docking);
    let change = site.platform.writer().begin().await.unwrap();
    change.run(&end).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(
        signature_for(readers, it.account, Some(it.docking), None)
            .await
            .unwrap(),
        None
    );
}

#[test]
fn what_is_missing_before_signing_is_said() {
    let whole = Person {
        is_verified: true,
        has_signature: true,
        has_second_factor: true,
        ..Person::default()
    };
    for (person, expected) in [
        (whole.clone(), None),
        (
            Person {
                has_signature: false,
                ..whole.clone()
            },
            Some("why-no-signature"),
        ),
        (
            Person {
                is_verified: false,
                ..whole.clone()
            },
            Some("why-unverified"),
        ),
        (
            Person {
                has_second_factor: false,
                ..whole
            },
            Some("why-second-factor"),
        ),
    ] {
        assert_eq!(why_not_sign(&person), expected);
    }
}

#[tokio::test]
async fn a_fixed_signature_of_hospital_or_docking_is_as_good_as_a_personal_one() {
    let site = Site::new().await;
    let it = department(&site).await;
    let doctor = site.signed_in(it.account, Some(it.team)).await;
    let has_signature = async || {
        let session = crate::secrets::kept(&doctor.cookie("uptake_session").unwrap());
        let stored = crate::sessions::store::load(site.platform.readers(), &session)
            .await
            .unwrap()
            .unwrap();
        stored.signed.permitted().has_signature
    };
    let (hospital, team) = (
        site.administrator(it.hospital).await,
        site.administrator(it.team).await,
    );
    let address = format!("/dockings/{}/signature", it.docking);
    for (browser, path) in [
        (&doctor, "/profile/signature"),
        (&team, address.as_str()),
        (&team, "/organisation/pictures/signature"),
        (&hospital, "/organisation/pictures/signature"),
    ] {
        assert!(!has_signature().await, "{path}");
        keep(browser, path, true, 3).await;
        assert!(has_signature().await, "{path}");
        keep(browser, path, false, 3).await;
    }
    assert!(!has_signature().await);
}

#[tokio::test]
async fn a_dockings_signature_is_changed_by_its_two_sides_only() {
    let site = Site::new().await;
    let it = department(&site).await;
    let address = format!("/dockings/{}/signature", it.docking);
    let elsewhere = site.organisation(Kind::Hospital, "第二医院").await;
    let other = site.administrator(elsewhere).await;
    other.get(&address).await.is(404);
    send(&other, &address, "signature", &stroke(3)).await.is(404);
    other
        .post(&format!("{address}/mode"), &[("mode", "fixed")])
        .await
        .is(404);
    site.member(it.hospital, &[Permission::StudiesView])
        .await
        .get(&address)
        .await
        .is(403);
    let side = site.administrator(it.hospital).await;
    send(&side, &address, "signature", &stroke(3))
        .await
        .leads_to(&address);
    side.get(&format!("{address}/picture")).await.is(200);
    assert!(side.get(&address).await.text.contains("核医学诊断中心"));
    side.post(&format!("{address}/mode"), &[("mode", "never")])
        .await
        .is(422);
    assert_eq!(site.entries("signature.changed").await.len(), 1);
}

/// The link in the QR code of a page.
async fn link(site: &Site, browser: &Browser<'_>) -> String {
    let before = site
        .count("SELECT COUNT(*) FROM one_time WHERE purpose = 'phone-signature'")
        .await;
    let page = browser.post("/profile/signature/phone", &[]).await;
    page.is(200);
    assert!(page.text.contains("<svg") && page.text.contains("hx-get=\"/profile/signature/after/"));
    assert_eq!(
        site.count("SELECT COUNT(*) FROM one_time WHERE purpose = 'phone-signature'")
            .await,
        before + 1
    );
    address_in(&page.text)
}

#[tokio::test]
async fn a_signature_is_drawn_on_a_phone_that_is_not_signed_in() {
    let site = Site::new().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let address = link(&site, &own).await;
    let path = address.strip_prefix("http://uptake.example").unwrap();
    let phone = site.browser_at("223.5.5.5");
    let page = phone.get(path).await;
    page.is(200);
    assert!(page.text.contains("data-signature") && page.text.contains("signature.js"));
    own.get("/profile/signature/after/0").await.is(204);
    // An empty field, or what is no picture, is said; the link stays good.
    send(&phone, path, "signature", &plain(300, 100)).await.is(422);
    send(&phone, path, "signature", b"<script>").await.is(422);
    send(&phone, path, "signature", &stroke(3))
        .await
        .leads_to("/sign/done");
    phone.get("/sign/done").await.is(200);
    let came = own.get("/profile/signature/after/0").await;
    came.is(200);
    assert!(came.text.contains("已收到新的签名") && !came.text.contains("hx-get"));
    let picture = own.get("/profile/signature/picture").await;
    let read = decode(&picture.bytes).unwrap().into_rgba8();
    assert_eq!(picture.headers["content-type"], "image/png");
    assert_eq!(read.get_pixel(read.width() - 1, 0).0[3], 0);
    // Good once.
    send(&phone, path, "signature", &stroke(2)).await.is(410);
    phone.get(path).await.is(410);
    let entries = site.entries("signature.changed").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].actor, format!("person:{account}"));
    assert_eq!(entries[0].address.as_deref(), Some("223.5.5.5"));
    assert!(phone.cookie("uptake_session").is_none());
}

#[tokio::test]
async fn a_link_for_a_signature_ends_after_ten_minutes_or_with_the_next() {
    let site = Site::new().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let first = link(&site, &own).await;
    let second = link(&site, &own).await;
    let phone = site.browser_at("223.5.5.5");
    let path = |address: &str| address.strip_prefix("http://uptake.example").unwrap().to_owned();
    phone.get(&path(&first)).await.is(410);
    phone.get(&path(&second)).await.is(200);
    site.pass(10 * MINUTE_NS);
    phone.get(&path(&second)).await.is(410);
    send(&phone, &path(&second), "signature", &stroke(3))
        .await
        .is(410);
    phone.get("/sign/no-such-token").await.is(410);
    assert_eq!(site.count("SELECT COUNT(*) FROM files").await, 0);
    // From another site's page nothing is sent.
    let third = link(&site, &own).await;
    let body = (
        b"--limit--\r\n".to_vec(),
        "multipart/form-data; boundary=limit".to_owned(),
    );
    let page = phone
        .send_body(
            axum::http::Method::POST,
            &path(&third),
            Some(body),
            &[("sec-fetch-site", "cross-site")],
        )
        .await;
    page.is(403);
}
