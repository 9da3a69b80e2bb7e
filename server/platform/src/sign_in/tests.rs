//! Signing in, as people do it.

use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS};
use crate::organisations::Policy;
use crate::permissions::{Hours, Kind, Permission};
use crate::test_site::{PASSWORD, Site};
use database::{Connection, Sql};

async fn change(site: &Site, sql: &mut Sql) {
    let change = site.platform.writer().begin().await.unwrap();
    change.run(sql).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn a_new_address_reads_a_captcha_once_and_another_address_again() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王小明").await;
    for (address, asks) in [("10.0.0.1", true), ("10.0.0.1", false), ("10.0.0.2", true)] {
        let browser = site.browser_at(address);
        let page = browser.get("/sign-in").await;
        assert_eq!(page.text.contains("captcha_token"), asks, "{address}");
        browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
        assert!(browser.get("/").await.text.contains("王小明"));
    }
}

#[tokio::test]
async fn a_wrong_captcha_never_reaches_the_password() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王小明").await;
    let browser = site.browser();
    for _ in 0..20 {
        let page = browser.get("/sign-in").await;
        let token = page.value("captcha_token");
        let fields = [
            ("mobile", mobile.as_str()),
            ("password", PASSWORD),
            ("captcha_token", &token),
            ("captcha", "?????"),
        ];
        let page = browser.post("/sign-in", &fields).await;
        page.is(422);
        assert!(page.text.contains("验证码不正确"));
        // A captcha is good for one try.
        browser.post("/sign-in", &fields).await.is(422);
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM attempts").await, 0);
    assert_eq!(site.entries("session.failed").await.len(), 0);
}

#[tokio::test]
async fn an_account_waits_after_five_wrong_passwords_and_longer_each_time() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王小明").await;
    let browser = site.browser();
    for _ in 0..5 {
        let page = browser.sign_in(&mobile, "Wrong_123").await;
        page.is(422);
        assert!(page.text.contains("手机号或密码不正确"));
    }
    let page = browser.sign_in(&mobile, PASSWORD).await;
    page.is(429);
    assert_eq!(page.headers["retry-after"], "300");
    site.pass(5 * MINUTE_NS);
    browser.sign_in(&mobile, "Wrong_123").await.is(422);
    browser.sign_in(&mobile, PASSWORD).await.is(429);
    site.pass(5 * MINUTE_NS);
    browser.sign_in(&mobile, PASSWORD).await.is(429);
    site.pass(5 * MINUTE_NS);
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    // Whether an account is there shows in nothing.
    let nobody = site.mobile();
    for _ in 0..5 {
        let page = site.browser().sign_in(&nobody, "Wrong_123").await;
        assert!(page.text.contains("手机号或密码不正确"));
    }
    site.browser().sign_in(&nobody, PASSWORD).await.is(429);
}

#[tokio::test]
async fn a_session_begins_with_a_token_of_its_own_and_ends_on_the_server() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王小明").await;
    let browser = site.browser();
    let planted = "A".repeat(43);
    browser
        .cookies
        .lock()
        .unwrap()
        .insert("uptake_session".to_owned(), planted.clone());
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    let token = browser.cookie("uptake_session").unwrap();
    assert_ne!(token, planted);
    browser.get("/").await.is(200);
    browser.post("/sign-out", &[]).await.leads_to("/sign-in");
    assert_eq!(browser.cookie("uptake_session"), None);
    browser
        .cookies
        .lock()
        .unwrap()
        .insert("uptake_session".to_owned(), token);
    let page = browser.get("/").await;
    page.is(303);
    assert_eq!(page.location, "/sign-in?to=%2F");
    let page = browser.get("/sign-in").await;
    assert!(page.text.contains("您已退出登录"));
    assert_eq!(page.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_remembered_browser_signs_in_again_and_a_token_that_comes_twice_ends_all() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王小明").await;
    let browser = site.browser();
    let page = browser.get("/sign-in").await;
    let (token, shown) = site.read_captcha(&page).await;
    let fields = [
        ("mobile", mobile.as_str()),
        ("password", PASSWORD),
        ("captcha_token", &token),
        ("captcha", &shown),
        ("remember", "1"),
    ];
    browser.post("/sign-in", &fields).await.leads_to("/");
    let first = browser.cookie("uptake_remember").unwrap();
    browser.cookies.lock().unwrap().remove("uptake_session");
    browser.get("/sign-in?to=%2Fprofile").await.leads_to("/profile");
    let second = browser.cookie("uptake_remember").unwrap();
    assert_ne!(first, second);
    browser.get("/profile").await.is(200);
    // Whoever stole the first token comes with it.
    let thief = site.browser_at("10.9.9.9");
    thief
        .cookies
        .lock()
        .unwrap()
        .insert("uptake_remember".to_owned(), first);
    thief.get("/sign-in").await.is(200);
    let page = browser.get("/profile").await;
    page.is(303);
    assert!(browser.get("/sign-in").await.text.contains("重复使用"));
    assert_eq!(site.count("SELECT COUNT(*) FROM remembered").await, 0);
    // The password is kept nowhere but as its hash.
    let kept = site
        .count("SELECT COUNT(*) FROM people WHERE password NOT LIKE '$argon2id$%'")
        .await;
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_remembered_browser_is_forgotten_after_thirty_days() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let change = site.platform.writer().begin().await.unwrap();
    let (token, _) = crate::sessions::store::remember(&*change, account, None, site.now_ns())
        .await
        .unwrap();
    change.commit().await.unwrap();
    let browser = site.browser();
    browser
        .cookies
        .lock()
        .unwrap()
        .insert("uptake_remember".to_owned(), token);
    site.pass(30 * DAY_NS);
    browser.get("/sign-in").await.is(200);
}

#[tokio::test]
async fn a_first_password_is_changed_before_anything_else() {
    let site = Site::new().await;
    let (account, mobile) = site.account("王小明").await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let role = site.role(organisation, &[Permission::StudiesView]).await;
    site.join(account, organisation, role).await;
    change(
        &site,
        Sql::new("UPDATE people SET must_change_password = 1 WHERE id = ").bind(account),
    )
    .await;
    let browser = site.browser();
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    for path in [
        "/",
        "/profile",
        "/organisation",
        "/log",
        "/notifications",
        "/security",
    ] {
        browser.get(path).await.leads_to("/password");
    }
    let page = browser.get("/password").await;
    page.is(200);
    assert!(page.text.contains("请先修改密码"));
    let change_to = |current: &'static str, password: &'static str| {
        [("current", current), ("password", password), ("again", password)]
    };
    for (current, password, words) in [
        ("Wrong_123", "Another_1", "当前密码不正确"),
        (PASSWORD, "short", "8 至 24 位"),
        (PASSWORD, "alllower_1", "须同时包含"),
        (PASSWORD, PASSWORD, "最近 5 次"),
    ] {
        let page = browser.post("/password", &change_to(current, password)).await;
        page.is(422);
        assert!(page.text.contains(words), "{password}");
    }
    browser
        .post("/password", &change_to(PASSWORD, "Another_1"))
        .await
        .leads_to("/");
    browser.get("/profile").await.is(200);
    // The last five are not taken again, the sixth is.
    let mut before = "Another_1";
    for next in ["Another_2", "Another_3", "Another_4", "Another_5"] {
        site.pass(SECOND_NS);
        browser
            .post("/password", &change_to(before, next))
            .await
            .leads_to("/");
        before = next;
    }
    browser
        .post("/password", &change_to(before, "Another_1"))
        .await
        .is(422);
    site.pass(SECOND_NS);
    browser
        .post("/password", &change_to(before, PASSWORD))
        .await
        .leads_to("/");
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    let site = Site::new().await;
    let (account, mobile) = site.account("王小明").await;
    let (here, there) = (site.browser(), site.signed_in(account, None).await);
    here.sign_in(&mobile, PASSWORD).await.leads_to("/");
    there.get("/").await.is(200);
    let fields = [
        ("current", PASSWORD),
        ("password", "Another_1"),
        ("again", "Another_1"),
    ];
    here.post("/password", &fields).await.leads_to("/");
    here.get("/").await.is(200);
    there.get("/").await.is(303);
    assert!(there.get("/sign-in").await.text.contains("密码已更改"));
}

#[tokio::test]
async fn an_idle_session_ends_after_thirty_minutes_and_activity_in_either_window_keeps_it() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    change(
        &site,
        Sql::new("UPDATE people SET idle_sign_out = 1 WHERE id = ").bind(account),
    )
    .await;
    let window = site.signed_in(account, None).await;
    let other = site.browser();
    *other.cookies.lock().unwrap() = window.cookies.lock().unwrap().clone();
    for _ in 0..3 {
        site.pass(20 * MINUTE_NS);
        window.get("/").await.is(200);
        site.pass(20 * MINUTE_NS);
        other.get("/").await.is(200);
    }
    // What is remembered of it survives being written.
    crate::sessions::write_seen(&site.platform).await.unwrap();
    site.pass(30 * MINUTE_NS - SECOND_NS);
    window.get("/").await.is(200);
    site.pass(30 * MINUTE_NS);
    window.get("/").await.is(303);
    other.get("/").await.is(303);
    assert!(other.get("/sign-in").await.text.contains("长时间没有操作"));
    // Without the choice it lasts, but no longer than a day.
    change(
        &site,
        Sql::new("UPDATE people SET idle_sign_out = 0 WHERE id = ").bind(account),
    )
    .await;
    let window = site.signed_in(account, None).await;
    site.pass(5 * 60 * MINUTE_NS);
    window.get("/").await.is(200);
    site.pass(DAY_NS);
    window.get("/").await.is(303);
}

#[tokio::test]
async fn a_second_sign_in_ends_the_first_where_the_organisation_wants_it() {
    let site = Site::new().await;
    let (account, mobile) = site.account("王小明").await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let role = site.role(organisation, &[]).await;
    site.join(account, organisation, role).await;
    let (first, second) = (site.browser(), site.browser());
    first.sign_in(&mobile, PASSWORD).await.leads_to("/");
    second.sign_in(&mobile, PASSWORD).await.leads_to("/");
    first.get("/").await.is(200);
    let policy = Policy {
        single_session: true,
        ..Policy::default()
    };
    change(
        &site,
        Sql::new("UPDATE organisations SET policy = ").bind(policy.to_json()),
    )
    .await;
    let third = site.browser();
    third.sign_in(&mobile, PASSWORD).await.leads_to("/");
    for displaced in [&first, &second] {
        displaced.get("/").await.is(303);
        assert!(displaced.get("/sign-in").await.text.contains("在别处登录"));
    }
    third.get("/").await.is(200);
    assert_eq!(site.entries("session.began").await.len(), 3);
}

#[tokio::test]
async fn outside_the_hours_of_all_roles_nobody_signs_in_and_who_is_in_does_nothing() {
    let site = Site::new().await;
    let (account, mobile) = site.account("王小明").await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let role = site.role(organisation, &[Permission::StudiesView]).await;
    site.join(account, organisation, role).await;
    // The clock stands at Monday, 10:00.
    let hours = |from: u32, until: u32| serde_json::to_string(&Hours::on_days(&[0], from, until)).unwrap();
    change(
        &site,
        Sql::new("UPDATE roles SET hours = ")
            .bind(hours(600, 660))
            .push(" WHERE id = ")
            .bind(role),
    )
    .await;
    let browser = site.browser();
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    browser.get("/organisation").await.is(200);
    site.pass(60 * MINUTE_NS);
    browser.get("/organisation").await.is(403);
    let page = site.browser().sign_in(&mobile, PASSWORD).await;
    page.is(403);
    assert!(page.text.contains("工作时间"));
}

#[tokio::test]
async fn codes_of_the_second_factor_are_asked_for_taken_once_and_limited() {
    use totp_rs::{Builder, Secret};
    let site = Site::new().await;
    let (account, mobile) = site.account("王小明").await;
    let browser = site.browser();
    browser.sign_in(&mobile, PASSWORD).await.leads_to("/");
    let page = browser.get("/second-factor").await;
    let typed = page
        .text
        .split("<code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(&typed).unwrap())
        .build()
        .unwrap();
    let code = |at_ns: i64| totp.generate((at_ns / SECOND_NS) as u64).to_string();
    let sealed = page.value("sealed");
    browser
        .post("/second-factor", &[("sealed", &sealed), ("code", "000000")])
        .await
        .is(422);
    let first = code(site.now_ns());
    browser
        .post("/second-factor", &[("sealed", &sealed), ("code", &first)])
        .await
        .leads_to("/");
    // Another account's page cannot be used.
    let (_, others) = site.account("李四").await;
    let other = site.browser();
    other.sign_in(&others, PASSWORD).await.leads_to("/");
    other
        .post("/second-factor", &[("sealed", &sealed), ("code", &first)])
        .await
        .is(410);

    site.pass(60 * SECOND_NS);
    let again = site.browser();
    again.sign_in(&mobile, PASSWORD).await.leads_to("/sign-in/code");
    again.get("/").await.is(303);
    let fresh = code(site.now_ns());
    again.post("/sign-in/code", &[("code", "12345")]).await.is(422);
    again
        .post("/sign-in/code", &[("code", &fresh)])
        .await
        .leads_to("/");
    again.get("/profile").await.is(200);
    // The same code is not taken again, in another browser either.
    let replaying = site.browser();
    replaying
        .sign_in(&mobile, PASSWORD)
        .await
        .leads_to("/sign-in/code");
    replaying.post("/sign-in/code", &[("code", &fresh)]).await.is(422);
    for _ in 0..4 {
        replaying
            .post("/sign-in/code", &[("code", "000000")])
            .await
            .is(422);
    }
    // After five wrong codes the password is asked for again, and by then the account waits.
    site.pass(30 * SECOND_NS);
    replaying
        .post("/sign-in/code", &[("code", &code(site.now_ns()))])
        .await
        .leads_to("/sign-in");
    replaying.sign_in(&mobile, PASSWORD).await.is(429);
    let kept = site
        .count(&format!(
            "SELECT COUNT(*) FROM people WHERE id = {account} AND totp IS NOT NULL"
        ))
        .await;
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_forgotten_password_tells_the_security_administrators_and_nobody_else_anything() {
    let site = Site::new().await;
    let security = site.officer("accounts").await;
    let (account, mobile) = site.account("王小明").await;
    let nobody = site.mobile();
    for number in [&mobile, &nobody] {
        let browser = site.browser();
        let page = browser.get("/forgotten").await;
        let (token, shown) = site.read_captcha(&page).await;
        let fields = [
            ("mobile", number.as_str()),
            ("captcha_token", &token),
            ("captcha", &shown),
        ];
        browser
            .post("/forgotten", &fields)
            .await
            .leads_to("/forgotten/sent");
    }
    let page = security.get("/notifications").await;
    assert_eq!(page.text.matches("申请重置密码").count(), 1);
    // Done is done for all, when it is done.
    let path = format!("/platform/accounts/{account}");
    let page = security
        .post(&format!("{path}/reset"), &[("once", "0123456789")])
        .await;
    page.is(200);
    let password = page
        .text
        .split("<p class=\"once\"><code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    security
        .post(&format!("{path}/reset"), &[("once", "0123456789")])
        .await
        .leads_to(&path);
    assert!(!security.get("/notifications").await.text.contains("申请重置密码"));
    let browser = site.browser();
    browser.sign_in(&mobile, PASSWORD).await.is(422);
    browser.sign_in(&mobile, &password).await.leads_to("/");
    browser.get("/").await.leads_to("/password");
}

#[tokio::test]
async fn only_pages_of_this_site_are_led_to() {
    for (to, expected) in [
        ("/profile", "/profile"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nb", "/"),
        ("", "/"),
    ] {
        assert_eq!(super::local_path(to), expected);
    }
}
