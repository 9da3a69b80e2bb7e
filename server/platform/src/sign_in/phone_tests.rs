//! Signing in by a code that a phone reads.

use database::{Connection, Sql};

use crate::clock::MINUTE_NS;
use crate::files::tests::address_in;
use crate::permissions::{Kind, Permission};
use crate::test_site::{Browser, Page, Site};

/// A browser that waits, and the path that its code leads to.
async fn waiting(site: &Site) -> (Browser<'_>, String) {
    let browser = site.browser_at("10.0.0.77");
    let page = browser.get("/sign-in/phone").await;
    page.is(200);
    assert!(page.text.contains("<svg"));
    let address = address_in(&page.text);
    (
        browser,
        address.strip_prefix("http://uptake.example").unwrap().to_owned(),
    )
}

/// Asks as the page does by itself.
async fn poll(browser: &Browser<'_>) -> Page {
    browser
        .post_with(
            "/sign-in/phone/enter",
            &[],
            &[("sec-fetch-site", "same-origin"), ("hx-request", "true")],
        )
        .await
}

fn leads(page: &Page) -> Option<&str> {
    page.headers
        .get("hx-redirect")
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_browser_is_signed_in_once_the_phone_has_confirmed() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let phone = site.member(hospital, &[Permission::StudiesView]).await;
    let (browser, path) = waiting(&site).await;
    let page = poll(&browser).await;
    page.is(204);
    assert_eq!(leads(&page), None);
    // Without script a form asks; it is told to wait.
    let page = browser.post("/sign-in/phone/enter", &[]).await;
    page.is(200);
    assert!(page.text.contains("手机尚未确认"));
    let page = phone.get(&path).await;
    page.is(200);
    assert!(page.text.contains("10.0.0.77"), "the phone sees who asks");
    phone
        .post(&format!("{path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    phone.get("/sign-in/phone/done").await.is(200);
    let page = poll(&browser).await;
    page.is(204);
    assert_eq!(leads(&page), Some("/"));
    assert!(browser.get("/").await.text.contains("张医生"));
    assert!(browser.get("/sign-in/phone").await.location == "/");
    let began = site.entries("session.began").await;
    assert_eq!(began.len(), 1);
    assert!(
        began[0]
            .detail
            .as_ref()
            .unwrap()
            .contains("\"second_factor\":true")
    );
    assert_eq!(began[0].address.as_deref(), Some("10.0.0.77"));
    assert_eq!(site.entries("session.confirmed").await.len(), 1);
    // What was entered is over: with the same cookie nothing begins again.
    browser.cookies.lock().unwrap().remove("uptake_session");
    assert_eq!(leads(&poll(&browser).await), Some("/sign-in/phone/over"));
    browser.get("/sign-in/phone/over").await.is(200);
    phone.post(&format!("{path}/confirm"), &[]).await.is(410);
    phone.get(&path).await.is(410);
}

#[tokio::test]
async fn without_script_a_form_leads_in() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let phone = site.signed_in(account, None).await;
    let browser = site.browser();
    let page = browser.get("/sign-in/phone?to=/profile").await;
    let path = address_in(&page.text)
        .strip_prefix("http://uptake.example")
        .unwrap()
        .to_owned();
    phone
        .post(&format!("{path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    browser
        .post("/sign-in/phone/enter", &[])
        .await
        .leads_to("/profile");
    browser.get("/profile").await.is(200);
}

#[tokio::test]
async fn the_code_alone_signs_nobody_in() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let phone = site.signed_in(account, None).await;
    let (browser, path) = waiting(&site).await;
    // Whoever photographs the code has its link, and another browser's secret.
    let (thief, _) = waiting(&site).await;
    let token = path.rsplit('/').next().unwrap();
    let cookie = thief.cookie("uptake_phone").unwrap();
    let secret = cookie.split_once('.').unwrap().1.to_owned();
    phone
        .post(&format!("{path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    for forged in [
        format!("{token}.{secret}"),
        format!("{token}."),
        token.to_owned(),
        String::new(),
        "a.b".to_owned(),
    ] {
        thief
            .cookies
            .lock()
            .unwrap()
            .insert("uptake_phone".to_owned(), forged);
        assert_eq!(leads(&poll(&thief).await), Some("/sign-in/phone/over"));
        assert!(thief.cookie("uptake_session").is_none());
    }
    // Nor is a link opened by whoever is not signed in.
    let page = site.browser().get(&path).await;
    assert!(page.location.starts_with("/sign-in?to="));
    site.browser().post(&format!("{path}/confirm"), &[]).await.is(303);
    assert_eq!(leads(&poll(&browser).await), Some("/"));
}

#[tokio::test]
async fn a_code_ends_after_three_minutes_or_when_it_is_declined() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let (other, _) = site.account("李小明").await;
    let (phone, another) = (
        site.signed_in(account, None).await,
        site.signed_in(other, None).await,
    );
    let (browser, path) = waiting(&site).await;
    phone
        .post(&format!("{path}/decline"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    assert_eq!(leads(&poll(&browser).await), Some("/sign-in/phone/over"));
    phone.post(&format!("{path}/confirm"), &[]).await.is(410);
    another.post(&format!("{path}/confirm"), &[]).await.is(410);
    assert_eq!(site.entries("session.declined").await.len(), 1);
    // Whoever confirms first is who signs in.
    let (browser, path) = waiting(&site).await;
    another
        .post(&format!("{path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    phone.post(&format!("{path}/confirm"), &[]).await.is(410);
    assert_eq!(leads(&poll(&browser).await), Some("/"));
    assert!(browser.get("/").await.text.contains("李小明"));
    // Too late to confirm, and too late to enter.
    let (browser, path) = waiting(&site).await;
    let (late, late_path) = waiting(&site).await;
    phone
        .post(&format!("{late_path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    site.pass(3 * MINUTE_NS);
    phone.post(&format!("{path}/confirm"), &[]).await.is(410);
    for one in [&browser, &late] {
        assert_eq!(leads(&poll(one).await), Some("/sign-in/phone/over"));
    }
    assert_eq!(site.entries("session.began").await.len(), 1);
}

async fn change(site: &Site, sql: &str) {
    let change = site.platform.writer().begin().await.unwrap();
    change.run(&Sql::new(sql)).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn a_second_factor_that_is_due_was_shown_on_the_phone() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let phone = site.signed_in(account, None).await;
    change(&site, "UPDATE sessions SET second_factor_ns = NULL").await;
    // Nobody asks for one: the new session has none either.
    let (browser, path) = waiting(&site).await;
    phone
        .post(&format!("{path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    assert_eq!(leads(&poll(&browser).await), Some("/"));
    assert!(
        site.entries("session.began").await[0]
            .detail
            .as_ref()
            .unwrap()
            .contains("\"second_factor\":false")
    );
    // The person has one, which this session has not shown.
    let mut sql = Sql::new("UPDATE people SET totp = ");
    sql.bind(vec![0_u8]);
    let change = site.platform.writer().begin().await.unwrap();
    sql.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    let (browser, path) = waiting(&site).await;
    phone.post(&format!("{path}/confirm"), &[]).await.is(409);
    poll(&browser).await.is(204);
    // Declining needs none.
    phone
        .post(&format!("{path}/decline"), &[])
        .await
        .leads_to("/sign-in/phone/done");
}

#[tokio::test]
async fn an_account_that_was_closed_meanwhile_is_not_signed_in() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let phone = site.signed_in(account, None).await;
    let (browser, path) = waiting(&site).await;
    phone
        .post(&format!("{path}/confirm"), &[])
        .await
        .leads_to("/sign-in/phone/done");
    change(&site, "UPDATE people SET state = 'closed'").await;
    poll(&browser).await.is(410);
    assert!(browser.cookie("uptake_session").is_none());
    phone.get(&path).await.is(303);
    // From another site's page nothing is confirmed.
    let (account, _) = site.account("李小明").await;
    let phone = site.signed_in(account, None).await;
    let (_, path) = waiting(&site).await;
    phone
        .post_with(
            &format!("{path}/confirm"),
            &[],
            &[("sec-fetch-site", "cross-site")],
        )
        .await
        .is(403);
    assert_eq!(site.entries("session.confirmed").await.len(), 1);
}
