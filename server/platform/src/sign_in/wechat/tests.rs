//! WeChat, against a stub that speaks its protocol over HTTP.

use database::{Connection, Sql};

use super::stub::Stub;
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::files::tests::address_in;
use crate::jobs::work_off;
use crate::messages::{Notice, tell};
use crate::settings::Settings;
use crate::test_site::{Browser, Page, Site};

async fn connected() -> (Stub, Site) {
    let (stub, account) = Stub::start().await;
    let settings = Settings {
        wechat: Some(account),
        ..Settings::default()
    };
    (stub, Site::with(settings).await)
}

/// What WeChat's page does with where a site sends it: gives the path that it leads back to.
async fn through(page: &Page) -> String {
    assert_eq!(page.status.as_u16(), 303, "{}", page.text);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client.get(&page.location).send().await.unwrap();
    let back = answer.headers()["location"].to_str().unwrap();
    back.strip_prefix("http://uptake.example").unwrap().to_owned()
}

/// Scans a code and lets WeChat say who it is; the page that asks for confirmation, or says why not.
async fn scan(phone: &Browser<'_>, path: &str) -> Page {
    let back = through(&phone.get(path).await).await;
    phone.get(&back).await
}

fn ticket(page: &Page) -> String {
    let (_, rest) = page
        .text
        .split_once("action=\"/wechat/confirm/")
        .unwrap_or_else(|| panic!("{}", page.text));
    format!("/wechat/confirm/{}", rest.split('"').next().unwrap())
}

/// The path in the code that binds.
async fn bind_path(own: &Browser<'_>) -> String {
    let page = own.post("/wechat/bind", &[]).await;
    page.is(200);
    address_in(&page.text)
        .strip_prefix("http://uptake.example")
        .unwrap()
        .to_owned()
}

/// Binds the WeChat that is held to the account of a browser.
async fn bind(site: &Site, own: &Browser<'_>) {
    let path = bind_path(own).await;
    let phone = site.browser_at("223.5.5.5");
    own.get("/wechat/bound").await.is(204);
    let page = scan(&phone, &path).await;
    page.is(200);
    phone.post(&ticket(&page), &[]).await.leads_to("/wechat/done");
    own.get("/wechat/bound").await.is(200);
}

/// A browser that waits, and the path in its code for WeChat.
async fn waiting(site: &Site) -> (Browser<'_>, String) {
    let browser = site.browser_at("10.0.0.77");
    let page = browser.get("/sign-in/phone").await;
    assert!(page.text.contains("微信扫码登录"));
    let path = address_in(&page.text);
    let path = path.strip_prefix("http://uptake.example/sign-in/phone/").unwrap();
    (browser, format!("/wechat/sign-in/{path}"))
}

async fn poll(browser: &Browser<'_>) -> String {
    let headers = [("sec-fetch-site", "same-origin"), ("hx-request", "true")];
    let page = browser.post_with("/sign-in/phone/enter", &[], &headers).await;
    page.headers
        .get("hx-redirect")
        .map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

async fn change(site: &Site, sql: &str) {
    let change = site.platform.writer().begin().await.unwrap();
    change.run(&Sql::new(sql)).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn whoever_has_bound_a_wechat_signs_in_by_scanning_once() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    stub.held_by("openid-wang");
    bind(&site, &own).await;
    let (browser, path) = waiting(&site).await;
    let phone = site.browser_at("223.5.5.5");
    let back = through(&phone.get(&path).await).await;
    let page = phone.get(&back).await;
    assert!(page.text.contains("10.0.0.77") && page.text.contains("王医生"));
    // Nothing happens before it is confirmed; what WeChat said is used up.
    assert_eq!(poll(&browser).await, "");
    phone.get(&back).await.is(410);
    phone.post(&ticket(&page), &[]).await.leads_to("/wechat/done");
    phone.post(&ticket(&page), &[]).await.is(410);
    assert_eq!(poll(&browser).await, "/");
    assert!(browser.get("/").await.text.contains("王医生"));
    phone.get(&path).await.is(410);
    assert!(phone.cookie("uptake_session").is_none());
    let began = &site.entries("session.began").await[0];
    assert!(began.detail.as_ref().unwrap().contains("\"second_factor\":false"));
    assert_eq!(
        site.entries("account.wechat-bound").await[0].actor,
        format!("person:{account}")
    );
}

#[tokio::test]
async fn a_wechat_that_is_not_bound_is_told_to_bind() {
    let (stub, site) = connected().await;
    let (browser, path) = waiting(&site).await;
    stub.held_by("openid-nobody");
    let page = scan(&site.browser_at("223.5.5.5"), &path).await;
    page.is(200);
    assert!(page.text.contains("尚未绑定账号") && !page.text.contains("/wechat/confirm/"));
    assert_eq!(poll(&browser).await, "");
    // A closed account's is bound to nobody.
    let (account, _) = site.account("王医生").await;
    bind(&site, &site.signed_in(account, None).await).await;
    change(&site, "UPDATE people SET state = 'closed'").await;
    let page = scan(&site.browser_at("223.5.5.5"), &path).await;
    assert!(page.text.contains("尚未绑定账号"));
}

#[tokio::test]
async fn a_scan_is_of_one_browser_one_state_and_three_minutes() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    stub.held_by("openid-wang");
    bind(&site, &site.signed_in(account, None).await).await;
    let (browser, path) = waiting(&site).await;
    let (phone, thief) = (site.browser_at("223.5.5.5"), site.browser_at("223.5.5.6"));
    // What WeChat said to one browser is nothing in another, and is used up there.
    let back = through(&phone.get(&path).await).await;
    thief.get(&back).await.is(410);
    phone.get(&back).await.is(410);
    // A ticket is the browser's that it was shown to.
    let page = scan(&phone, &path).await;
    thief.post(&ticket(&page), &[]).await.is(410);
    // States and codes that nobody gave.
    phone.get("/wechat/back?code=code-0&state=forged").await.is(410);
    phone.get("/wechat/back").await.is(410);
    let back = through(&phone.get(&path).await).await;
    let (_, state) = back.split_once("&state=").unwrap();
    let page = phone
        .get(&format!("/wechat/back?code=code-0&state={state}"))
        .await;
    assert!(
        page.text.contains("未能从微信获取身份信息"),
        "a code that was used before"
    );
    let page = scan(&phone, &path).await;
    site.pass(3 * MINUTE_NS);
    phone.post(&ticket(&page), &[]).await.is(410);
    phone.get(&path).await.is(410);
    assert_eq!(poll(&browser).await, "/sign-in/phone/over");
    assert_eq!(site.entries("session.began").await.len(), 0);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_after_a_scan() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    stub.held_by("openid-wang");
    bind(&site, &site.signed_in(account, None).await).await;
    let mut sql = Sql::new("UPDATE people SET totp = ");
    sql.bind(vec![0_u8]);
    let change = site.platform.writer().begin().await.unwrap();
    sql.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    let (browser, path) = waiting(&site).await;
    let phone = site.browser_at("223.5.5.5");
    let page = scan(&phone, &path).await;
    phone.post(&ticket(&page), &[]).await.leads_to("/wechat/done");
    assert_eq!(poll(&browser).await, "/sign-in/code");
    assert!(browser.cookie("uptake_session").is_none());
    browser.get("/sign-in/code").await.is(200);
    assert_eq!(site.entries("session.began").await.len(), 0);
}

#[tokio::test]
async fn one_wechat_is_one_accounts_and_is_taken_away_again() {
    let (stub, site) = connected().await;
    let (first, _) = site.account("王医生").await;
    let (second, _) = site.account("李医生").await;
    let (own, other) = (
        site.signed_in(first, None).await,
        site.signed_in(second, None).await,
    );
    stub.held_by("openid-wang");
    bind(&site, &own).await;
    let path = bind_path(&other).await;
    let phone = site.browser_at("223.5.5.5");
    assert!(scan(&phone, &path).await.text.contains("已有绑定"));
    own.post("/wechat/unbind", &[]).await.leads_to("/profile");
    let page = scan(&phone, &path).await;
    phone.post(&ticket(&page), &[]).await.leads_to("/wechat/done");
    // The code was good once; ten minutes; the next ends the one before.
    phone.get(&path).await.is(410);
    let (one, two) = (bind_path(&own).await, bind_path(&own).await);
    phone.get(&one).await.is(410);
    site.pass(10 * MINUTE_NS);
    phone.get(&two).await.is(410);
    assert_eq!(site.entries("account.wechat-unbound").await.len(), 1);
    assert_eq!(site.count("SELECT COUNT(*) FROM wechat_bindings").await, 1);
}

#[tokio::test]
async fn the_reminder_is_silent_for_fifteen_days() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let reminded = async || {
        let own = site.signed_in(account, None).await;
        own.get("/workbench").await.text.contains("15 天内不再提醒")
    };
    assert!(reminded().await);
    site.signed_in(account, None)
        .await
        .post("/wechat/later", &[])
        .await
        .leads_to("/workbench");
    assert!(!reminded().await);
    site.pass(14 * DAY_NS);
    assert!(!reminded().await);
    site.pass(DAY_NS);
    assert!(reminded().await);
    stub.held_by("openid-wang");
    bind(&site, &site.signed_in(account, None).await).await;
    assert!(!reminded().await);
}

/// Tells a person something, as any change does.
async fn tell_one(site: &Site, person: i64) {
    let notice = Notice {
        person,
        organisation: None,
        kind: "invited",
        arguments: &[("organisation", "第一人民医院核医学科及分子影像中心")],
        link: "/workbench".to_owned(),
        is_todo: false,
        subject: None,
    };
    let change = site.platform.writer().begin().await.unwrap();
    tell(&*change, &notice, site.now_ns()).await.unwrap();
    change.commit().await.unwrap();
    work_off(&site.platform).await;
}

#[tokio::test]
async fn notifications_go_once_to_whoever_wants_them_and_nothing_is_switched_where_none_is_bound() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    assert!(!own.get("/profile").await.text.contains("接收微信消息提醒"));
    own.post("/wechat/push", &[("push", "1")]).await.is(409);
    tell_one(&site, account).await;
    assert_eq!(stub.messages().len(), 0);
    stub.held_by("openid-wang");
    bind(&site, &own).await;
    assert!(own.get("/profile").await.text.contains("接收微信消息提醒"));
    tell_one(&site, account).await;
    work_off(&site.platform).await;
    let messages = stub.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (&messages[0]["touser"], &messages[0]["template_id"]),
        (&"openid-wang".into(), &"template-1".into())
    );
    let words = messages[0]["data"]["thing1"]["value"].as_str().unwrap();
    assert_eq!(words.chars().count(), 20);
    assert!(words.starts_with("第一人民医院"));
    own.post("/wechat/push", &[]).await.leads_to("/profile");
    tell_one(&site, account).await;
    assert_eq!(stub.messages().len(), 1);
    own.post("/wechat/push", &[("push", "1")])
        .await
        .leads_to("/profile");
    tell_one(&site, account).await;
    assert_eq!((stub.messages().len(), stub.tokens()), (2, 1));
    // A token is asked for anew before it is too old.
    site.pass(2 * 60 * MINUTE_NS);
    tell_one(&site, account).await;
    assert_eq!(stub.tokens(), 2);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox WHERE state = 'sent'")
            .await,
        3
    );
}

#[tokio::test]
async fn an_answer_of_wechat_that_was_lost_is_made_good_under_the_same_key() {
    let (stub, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    stub.held_by("openid-wang");
    bind(&site, &own).await;
    stub.loses(1);
    tell_one(&site, account).await;
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'")
            .await,
        1
    );
    site.pass(MINUTE_NS);
    work_off(&site.platform).await;
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox WHERE state = 'sent'")
            .await,
        1
    );
    let keys = stub.keys();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    assert_eq!((stub.messages().len(), keys[0].len()), (1, 32));
}

#[tokio::test]
async fn a_site_without_an_official_account_says_so() {
    let site = Site::new().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    assert!(own.get("/profile").await.text.contains("尚未接入微信公众号"));
    assert!(!own.get("/workbench").await.text.contains("15 天"));
    own.post("/wechat/bind", &[]).await.is(409);
    for path in [
        "/wechat/sign-in/a",
        "/wechat/bind/a",
        "/wechat/back?code=a&state=b",
    ] {
        site.browser().get(path).await.is(404);
    }
    assert!(!site.browser().get("/sign-in/phone").await.text.contains("微信"));
}

#[tokio::test]
async fn an_official_account_with_a_wrong_secret_binds_nobody() {
    let (stub, account) = Stub::start().await;
    let wrong = crate::settings::WeChat {
        secret: "another".to_owned(),
        ..account
    };
    let site = Site::with(Settings {
        wechat: Some(wrong),
        ..Settings::default()
    })
    .await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    stub.held_by("openid-wang");
    let page = scan(&site.browser(), &bind_path(&own).await).await;
    assert!(page.text.contains("未能从微信获取身份信息"));
    assert_eq!(site.count("SELECT COUNT(*) FROM wechat_bindings").await, 0);
}
