//! The page with a viewer: for whom, with which tools, what it lets a browser do, what it says of the patient.

use crate::guard::tests::store;
use crate::permissions::{Kind, Permission as P};
use crate::test_site::Site;

#[tokio::test]
async fn a_viewer_fills_a_page_that_lets_it_compile_and_says_nothing_outside() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let sender = site.member(here, &[P::StudiesSend]).await;
    let clinician = site.member(here, &[P::StudiesView]).await;
    let reader = site.member(here, &[P::StudiesView, P::ReportsWrite]).await;
    store(&sender, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    store(&sender, "1.2.4", "1.2.4.1.1", "PT").await.is(200);
    let page = clinician.get("/view/1.2.3?with=1.2.4&series=1.2.3.1").await;
    page.is(200);
    for words in [
        "<nm-viewer study=\"1.2.3 1.2.4\" series=\"1.2.3.1\" lang=\"zh-CN\" tools=\"clinic\"",
        "src=\"/viewer/element/nm-viewer.js\"",
        "TEST PATIENT",
        "另有 1 个检查",
        "screen=2",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let (_, title) = page.text.split_once("<title>").unwrap();
    let title = title.split("</title>").next().unwrap();
    assert!(!title.contains("TEST") && !title.contains("1.2.3"), "{title}");
    let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    let policy = header("content-security-policy");
    for words in [
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';",
        "worker-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
    ] {
        assert!(policy.contains(words), "{words}: {policy}");
    }
    // No other page compiles anything.
    let other = clinician.get("/studies").await;
    let policy = other.headers["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("wasm"), "{policy}");
    let full = reader.get("/view/1.2.3").await.text;
    assert!(
        full.contains("tools=\"full\"") && full.contains(" study=\"1.2.3\" lang="),
        "{full}"
    );
    let asked = clinician.get("/view/1.2.3?tools=full").await.text;
    assert!(asked.contains("tools=\"clinic\""), "{asked}");
    // Hidden, nothing on the page says who it is.
    let hidden = reader.get("/view/1.2.3?patient=hidden&screen=2").await.text;
    assert!(
        hidden.contains("patient=\"hidden\"") && hidden.contains("screen=\"2\""),
        "{hidden}"
    );
    assert!(!hidden.contains("TEST") && !hidden.contains("P-1"), "{hidden}");
    assert!(
        !hidden.contains("href=\"/studies\""),
        "the second window leads nowhere else: {hidden}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_a_look_is_recorded_once() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let sender = site.member(here, &[P::StudiesSend, P::StudiesView]).await;
    let others = site.member(there, &[P::StudiesSend, P::StudiesView]).await;
    let ct = site.role(here, &[P::StudiesView]).await;
    let change = site.platform.writer().begin().await.unwrap();
    let set = format!("UPDATE roles SET categories = '[\"CT\"]' WHERE id = {ct}");
    database::Sql::new(set).run(&*change).await.unwrap();
    change.commit().await.unwrap();
    let (account, _) = site.account("陈医生").await;
    site.join(account, here, ct).await;
    let of_ct = site.signed_in(account, Some(here)).await;
    store(&sender, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    store(&others, "1.2.9", "1.2.9.1.1", "PT").await.is(200);
    for (browser, path, status) in [
        (&others, "/view/1.2.3", 404),
        (&of_ct, "/view/1.2.3", 404),
        (&sender, "/view/1.2.99", 404),
        (&sender, "/view/%22%3E%3Cscript%3E", 404),
        (&sender, "/view/1.2.3?with=1.2.9", 404),
        (&sender, "/view/1.2.3?with=x", 400),
        (
            &sender,
            "/view/1.2.3?with=1.1&with=1.2&with=1.3&with=1.4&with=1.5",
            422,
        ),
    ] {
        browser.get(path).await.is(status);
    }
    let before = site.entries("study.read").await.len();
    assert_eq!(before, 1, "the study was looked at while another was not there");
    for path in [
        "/view/1.2.3",
        "/view/1.2.3?screen=2",
        "/dicom-web/studies/1.2.3/metadata",
    ] {
        let headers = [(
            "accept",
            if path.starts_with("/view") {
                "text/html"
            } else {
                "application/dicom+json"
            },
        )];
        sender
            .send(axum::http::Method::GET, path, None, &headers)
            .await
            .is(200);
    }
    let read = site.entries("study.read").await;
    assert_eq!(read.len(), 1, "one viewer, one look: {read:?}");
    assert_eq!(read[0].study_uid.as_deref(), Some("1.2.3"));
}
