//! Verification, from the documents to the right to sign.

use database::Sql;

use crate::files::picture::decode;
use crate::files::tests::{plain, send, stroke};
use crate::permissions::{Action, Circumstances, Kind, Permission, Resource, Study, Who};
use crate::secrets;
use crate::sessions::store as session_store;
use crate::test_site::{Browser, Site};

const DOCUMENTS: [&str; 3] = [
    "identity-card",
    "practising-certificate",
    "qualification-certificate",
];

async fn verification(site: &Site, account: i64) -> String {
    let mut sql = Sql::new("SELECT verification FROM people WHERE id = ");
    let row = sql
        .bind(account)
        .one(site.platform.readers())
        .await
        .unwrap()
        .unwrap();
    row.get(0).unwrap()
}

async fn send_all(browser: &Browser<'_>) {
    for word in DOCUMENTS {
        send(
            browser,
            &format!("/profile/documents/{word}"),
            word,
            &plain(400, 300),
        )
        .await
        .leads_to("/profile");
    }
}

/// A doctor who writes reports in a hospital.
async fn doctor(site: &Site) -> (i64, i64) {
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let (account, _) = site.account("王医生").await;
    let role = site
        .role(hospital, &[Permission::StudiesView, Permission::ReportsWrite])
        .await;
    site.join(account, hospital, role).await;
    (account, hospital)
}

/// Whether the person of a session, as the database has it, may sign a report.
async fn may_sign(site: &Site, browser: &Browser<'_>, hospital: i64) -> bool {
    let session = secrets::kept(&browser.cookie("uptake_session").unwrap());
    let stored = session_store::load(site.platform.readers(), &session)
        .await
        .unwrap()
        .unwrap();
    let study = Study {
        study_uid: "1.2.3".to_owned(),
        custodian: Some(hospital),
        modalities: vec!["NM".to_owned()],
    };
    let now = Circumstances {
        minute_of_week: 600,
        is_inside: true,
    };
    let who = Who::Person(stored.signed.permitted());
    site.platform
        .permissions()
        .may(&who, Action::ReportSign, &Resource::Study(&study), now)
}

#[tokio::test]
async fn a_doctor_signs_once_three_documents_were_approved() {
    let site = Site::new().await;
    let (account, hospital) = doctor(&site).await;
    let own = site.signed_in(account, Some(hospital)).await;
    send(&own, "/profile/signature", "signature", &stroke(3))
        .await
        .leads_to("/profile");
    assert!(own.get("/profile").await.text.contains("签发报告前请先上传证件"));
    assert!(!may_sign(&site, &own, hospital).await);
    let reviewer = site.officer("verification").await;
    for word in &DOCUMENTS[..2] {
        send(
            &own,
            &format!("/profile/documents/{word}"),
            word,
            &plain(4000, 3000),
        )
        .await
        .leads_to("/profile");
        assert_eq!(verification(&site, account).await, "none");
    }
    send_all(&own).await;
    assert_eq!(verification(&site, account).await, "submitted");
    assert!(!may_sign(&site, &own, hospital).await);
    // One thing to do for the reviewer, however often documents were sent.
    let todos =
        "SELECT COUNT(*) FROM notifications WHERE kind = 'documents' AND is_todo = 1 AND done_ns IS NULL";
    assert_eq!(site.count(todos).await, 1);
    assert!(reviewer.get("/").await.text.contains("王医生"));
    assert!(
        reviewer
            .get("/platform/verification")
            .await
            .text
            .contains("王医生")
    );
    let address = format!("/platform/verification/{account}");
    let page = reviewer.get(&address).await;
    let mark = page.value("documents");
    reviewer
        .post(&format!("{address}/approve"), &[("documents", &mark)])
        .await
        .leads_to("/platform/verification");
    assert_eq!(verification(&site, account).await, "verified");
    assert!(may_sign(&site, &own, hospital).await);
    assert_eq!(site.count(todos).await, 0);
    assert!(
        own.get("/notifications")
            .await
            .text
            .contains("您的资质认证已通过")
    );
    // Decided is decided.
    reviewer
        .post(
            &format!("{address}/refuse"),
            &[("documents", &mark), ("reason", "模糊")],
        )
        .await
        .is(409);
    // Another document is another matter.
    send(
        &own,
        "/profile/documents/identity-card",
        "identity-card",
        &plain(50, 50),
    )
    .await
    .leads_to("/profile");
    assert_eq!(verification(&site, account).await, "submitted");
    assert!(!may_sign(&site, &own, hospital).await);
    assert_eq!(site.count(todos).await, 1);
}

#[tokio::test]
async fn documents_are_refused_with_a_reason_that_the_doctor_reads() {
    let site = Site::new().await;
    let (account, hospital) = doctor(&site).await;
    let own = site.signed_in(account, Some(hospital)).await;
    let reviewer = site.officer("verification").await;
    send_all(&own).await;
    let address = format!("/platform/verification/{account}");
    let mark = reviewer.get(&address).await.value("documents");
    let page = reviewer
        .post(
            &format!("{address}/refuse"),
            &[("documents", &mark), ("reason", "  ")],
        )
        .await;
    page.is(422);
    assert_eq!(verification(&site, account).await, "submitted");
    // What was looked at is what is decided on.
    send(
        &own,
        "/profile/documents/identity-card",
        "identity-card",
        &plain(60, 60),
    )
    .await
    .leads_to("/profile");
    reviewer
        .post(&format!("{address}/approve"), &[("documents", &mark)])
        .await
        .is(409);
    reviewer.post(&format!("{address}/approve"), &[]).await.is(409);
    assert_eq!(verification(&site, account).await, "submitted");
    let mark = reviewer.get(&address).await.value("documents");
    let refused = reviewer
        .post(
            &format!("{address}/refuse"),
            &[("documents", &mark), ("reason", "执业证书不清晰")],
        )
        .await;
    refused.leads_to("/platform/verification");
    assert_eq!(verification(&site, account).await, "refused");
    assert!(own.get("/profile").await.text.contains("执业证书不清晰"));
    assert!(
        own.get("/notifications")
            .await
            .text
            .contains("未通过：执业证书不清晰")
    );
    send(
        &own,
        "/profile/documents/practising-certificate",
        "practising-certificate",
        &plain(70, 70),
    )
    .await
    .leads_to("/profile");
    assert_eq!(verification(&site, account).await, "submitted");
    assert!(!own.get("/profile").await.text.contains("执业证书不清晰"));
}

#[tokio::test]
async fn documents_are_encrypted_and_shown_with_a_watermark_to_owner_and_reviewers_only() {
    let site = Site::new().await;
    let (account, hospital) = doctor(&site).await;
    let own = site.signed_in(account, Some(hospital)).await;
    send(
        &own,
        "/profile/documents/identity-card",
        "identity-card",
        &plain(3000, 1500),
    )
    .await
    .leads_to("/profile");
    let row = Sql::new("SELECT content, is_encrypted FROM files")
        .one(site.platform.readers())
        .await
        .unwrap()
        .unwrap();
    let content: Vec<u8> = row.get(0).unwrap();
    assert_eq!(row.get::<i64>(1).unwrap(), 1);
    assert!(decode(&content).is_err());
    let reviewer = site.officer("verification").await;
    let address = format!("/platform/verification/{account}/documents/identity-card");
    let seen = reviewer.get(&address).await;
    seen.is(200);
    assert_eq!(
        (
            seen.headers["content-type"].as_bytes(),
            seen.headers["cache-control"].as_bytes()
        ),
        (&b"image/jpeg"[..], &b"no-store"[..])
    );
    let read = decode(&seen.bytes).unwrap().into_rgb8();
    assert_eq!((read.width(), read.height()), (2000, 1000));
    // The picture was of one colour: what differs is the watermark.
    let marked = read.pixels().filter(|pixel| pixel.0[1].abs_diff(30) > 40).count();
    assert!(marked > 20_000, "{marked}");
    let owned = own.get("/profile/documents/identity-card").await;
    owned.is(200);
    assert_ne!(owned.bytes, seen.bytes);
    let opened = site.entries("document.opened").await;
    assert_eq!(opened.len(), 2);
    assert!(
        opened
            .iter()
            .all(|entry| entry.subject == Some(format!("person:{account}")))
    );
    for other in [
        site.administrator(hospital).await,
        site.officer("audit").await,
        site.officer("organisations").await,
    ] {
        other.get(&address).await.is(403);
        other.get("/platform/verification").await.is(403);
        other
            .post(&format!("/platform/verification/{account}/approve"), &[])
            .await
            .is(403);
    }
    own.get(&address).await.is(403);
    site.browser().get(&address).await.is(303);
    for nowhere in ["practising-certificate", "signature", "avatar", "..%2f..%2fsite"] {
        reviewer
            .get(&format!("/platform/verification/{account}/documents/{nowhere}"))
            .await
            .is(404);
    }
    assert_eq!(site.entries("document.opened").await.len(), 2);
}

#[tokio::test]
async fn nobody_decides_on_the_own_documents() {
    let site = Site::new().await;
    let own = site.own().await;
    let role = crate::organisations::role_store::holding(site.platform.readers(), own, "verification")
        .await
        .unwrap()
        .unwrap();
    let (account, _) = site.account("王管理").await;
    site.join(account, own, role).await;
    let reviewer = site.signed_in(account, Some(own)).await;
    send_all(&reviewer).await;
    let page = reviewer.get(&format!("/platform/verification/{account}")).await;
    assert!(!page.text.contains("/approve"));
    reviewer
        .post(&format!("/platform/verification/{account}/approve"), &[])
        .await
        .is(409);
    assert_eq!(verification(&site, account).await, "submitted");
}
