//! Passkeys, made and asked for, with an authenticator that does right and one that does wrong.

use serde_json::Value;

use super::authenticator::Authenticator;
use crate::clock::MINUTE_NS;
use crate::settings::Settings;
use crate::test_site::{Browser, PASSWORD, Page, Site};

const HOST: &str = "uptake.example";

async fn secure() -> Site {
    let settings = Settings {
        is_secure: true,
        ..Settings::default()
    };
    Site::with(settings).await
}

/// A browser of a session over HTTPS; `signed_in` names the cookie as over HTTP.
async fn signed_in<'a>(site: &'a Site, account: i64) -> Browser<'a> {
    let browser = site.signed_in(account, None).await;
    {
        let mut cookies = browser.cookies.lock().unwrap();
        if let Some(token) = cookies.remove("uptake_session") {
            cookies.insert("__Host-uptake_session".to_owned(), token);
        }
    }
    browser
}

/// What a page tells a browser about the passkey that it wants.
fn options(page: &Page, attribute: &str) -> Value {
    let (_, rest) = page
        .text
        .split_once(&format!("{attribute}=\""))
        .unwrap_or_else(|| panic!("{}", page.text));
    let text = rest
        .split('"')
        .next()
        .unwrap()
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

/// Makes a passkey as the page's form does.
async fn make(browser: &Browser<'_>, authenticator: &mut Authenticator) -> Page {
    let page = browser.get("/passkeys/new").await;
    let credential = authenticator.create(&options(&page, "data-passkey-create"));
    let challenge = page.value("challenge");
    let fields = [
        ("challenge", challenge.as_str()),
        ("credential", &credential),
        ("name", "科室工作站"),
    ];
    browser.post("/passkeys", &fields).await
}

/// An account with a passkey, and the authenticator that holds it.
async fn with_passkey(site: &Site) -> (i64, String, Authenticator) {
    let (account, mobile) = site.account("王小明").await;
    let mut authenticator = Authenticator::new(HOST);
    let browser = signed_in(site, account).await;
    make(&browser, &mut authenticator).await.leads_to("/security");
    (account, mobile, authenticator)
}

/// A browser that has shown the password; the page that asks for the passkey.
async fn asked<'a>(site: &'a Site, mobile: &str) -> (Browser<'a>, Page) {
    let browser = site.browser();
    browser.sign_in(mobile, PASSWORD).await.leads_to("/sign-in/code");
    let page = browser.get("/sign-in/code").await;
    page.is(200);
    (browser, page)
}

async fn answer(browser: &Browser<'_>, credential: &str) -> Page {
    browser
        .post("/sign-in/passkey", &[("credential", credential)])
        .await
}

#[tokio::test]
async fn a_passkey_is_made_and_signs_in_after_the_password() {
    let site = secure().await;
    let (account, mobile, mut authenticator) = with_passkey(&site).await;
    assert!(
        signed_in(&site, account)
            .await
            .get("/security")
            .await
            .text
            .contains("科室工作站")
    );
    for _ in 0..3 {
        let (browser, page) = asked(&site, &mobile).await;
        assert!(
            !page.text.contains("name=\"code\""),
            "no code where there is no authenticator for codes"
        );
        let said = authenticator.get(&options(&page, "data-passkey-get"));
        assert_eq!(
            options(&page, "data-passkey-get")["publicKey"]["userVerification"],
            "required"
        );
        answer(&browser, &said).await.leads_to("/");
        assert!(browser.get("/").await.text.contains("王小明"));
    }
    let began = site.entries("session.began").await;
    assert_eq!(began.len(), 3);
    assert!(
        began
            .iter()
            .all(|entry| entry.detail.as_ref().unwrap().contains("\"second_factor\":true"))
    );
    assert_eq!(site.entries("account.passkey-added").await.len(), 1);
}

#[tokio::test]
async fn what_an_authenticator_says_wrongly_signs_nobody_in() {
    let site = secure().await;
    let (_, mobile, authenticator) = with_passkey(&site).await;
    type Wrong = fn(&mut Authenticator);
    let wrongs: [(&str, Wrong); 5] = [
        ("origin", |it| it.origin = "https://evil.example".to_owned()),
        ("origin", |it| it.origin = "http://uptake.example".to_owned()),
        ("signature", |it| it.site = "evil.example".to_owned()),
        ("not-verified", |it| it.verifies_people = false),
        ("signature", |it| *it = Authenticator::new(HOST)),
    ];
    for (number, (word, change)) in wrongs.into_iter().enumerate() {
        // Failures count for the account: it is not locked out here.
        site.pass(24 * 60 * MINUTE_NS);
        let mut wrong = authenticator.clone();
        wrong.counter += 10;
        change(&mut wrong);
        let (browser, page) = asked(&site, &mobile).await;
        let said = wrong.get(&options(&page, "data-passkey-get"));
        let page = answer(&browser, &said).await;
        page.is(422);
        assert!(page.text.contains("通行密钥验证未通过"));
        assert!(browser.cookie("__Host-uptake_session").is_none());
        let failed = site.entries("session.failed").await;
        assert_eq!(failed.len(), number + 1);
        let last = failed.iter().max_by_key(|entry| entry.at_ns).unwrap();
        assert_eq!(
            last.detail.as_deref(),
            Some(format!("{{\"passkey\":\"{word}\"}}").as_str()),
            "{number}"
        );
    }
}

#[tokio::test]
async fn a_challenge_is_good_once_and_in_its_own_sign_in() {
    let site = secure().await;
    let (_, mobile, mut authenticator) = with_passkey(&site).await;
    // Another challenge than the one that was made for this sign-in.
    let (other, other_page) = asked(&site, &mobile).await;
    let (browser, page) = asked(&site, &mobile).await;
    let said_elsewhere = authenticator.get(&options(&other_page, "data-passkey-get"));
    answer(&browser, &said_elsewhere).await.is(422);
    // The challenge of the page was used up by that.
    let late = authenticator.get(&options(&page, "data-passkey-get"));
    answer(&browser, &late).await.is(422);
    // A new page has a new one, and what was answered before is no answer to it.
    let page = browser.get("/sign-in/code").await;
    answer(&browser, &late).await.is(422);
    drop(page);
    let page = browser.get("/sign-in/code").await;
    let said = authenticator.get(&options(&page, "data-passkey-get"));
    answer(&browser, &said).await.leads_to("/");
    // Replayed: the sign-in is over.
    answer(&browser, &said).await.leads_to("/sign-in");
    // The other browser's challenge is still its own.
    let said = authenticator.get(&options(&other.get("/sign-in/code").await, "data-passkey-get"));
    answer(&other, &said).await.leads_to("/");
    for nonsense in ["", "{}", "null", "<script>", "{\"id\":1}"] {
        let (browser, _) = asked(&site, &mobile).await;
        answer(&browser, nonsense).await.is(422);
    }
    site.browser()
        .post("/sign-in/passkey", &[("credential", &said)])
        .await
        .leads_to("/sign-in");
}

#[tokio::test]
async fn a_copied_authenticator_is_found_by_its_counter() {
    let site = secure().await;
    let (_, mobile, mut authenticator) = with_passkey(&site).await;
    let mut copy = authenticator.clone();
    for _ in 0..2 {
        let (browser, page) = asked(&site, &mobile).await;
        answer(&browser, &authenticator.get(&options(&page, "data-passkey-get")))
            .await
            .leads_to("/");
    }
    let (browser, page) = asked(&site, &mobile).await;
    answer(&browser, &copy.get(&options(&page, "data-passkey-get")))
        .await
        .is(422);
    let failed = site.entries("session.failed").await;
    assert_eq!(failed[0].detail.as_deref(), Some("{\"passkey\":\"counter\"}"));
    // Two sign-ins that began at the same time: the second shows a counter that was seen meanwhile.
    let (one, one_page) = asked(&site, &mobile).await;
    let (two, two_page) = asked(&site, &mobile).await;
    let mut twin = authenticator.clone();
    answer(&one, &authenticator.get(&options(&one_page, "data-passkey-get")))
        .await
        .leads_to("/");
    answer(&two, &twin.get(&options(&two_page, "data-passkey-get")))
        .await
        .is(422);
}

#[tokio::test]
async fn an_authenticator_that_does_not_count_signs_in_each_time() {
    let site = secure().await;
    let (account, mobile) = site.account("王小明").await;
    let mut authenticator = Authenticator {
        counts: false,
        ..Authenticator::new(HOST)
    };
    make(&signed_in(&site, account).await, &mut authenticator)
        .await
        .leads_to("/security");
    for _ in 0..2 {
        let (browser, page) = asked(&site, &mobile).await;
        answer(&browser, &authenticator.get(&options(&page, "data-passkey-get")))
            .await
            .leads_to("/");
    }
}

#[tokio::test]
async fn an_answer_to_making_one_is_good_once_and_for_its_person() {
    let site = secure().await;
    let (account, _) = site.account("王小明").await;
    let (other, _) = site.account("李小明").await;
    let (browser, thief) = (signed_in(&site, account).await, signed_in(&site, other).await);
    let mut authenticator = Authenticator::new(HOST);
    let page = browser.get("/passkeys/new").await;
    let challenge = page.value("challenge");
    let said = authenticator.create(&options(&page, "data-passkey-create"));
    let fields = [
        ("challenge", challenge.as_str()),
        ("credential", said.as_str()),
        ("name", "手机"),
    ];
    thief.post("/passkeys", &fields).await.is(410);
    browser.post("/passkeys", &fields).await.leads_to("/security");
    browser.post("/passkeys", &fields).await.is(410);
    // One authenticator is one person's, and kept once.
    make(&browser, &mut authenticator).await.is(422);
    make(&thief, &mut authenticator).await.is(422);
    // Wrong ones.
    for wrong in [
        Authenticator {
            origin: "https://evil.example".to_owned(),
            ..Authenticator::new(HOST)
        },
        Authenticator {
            site: "evil.example".to_owned(),
            ..Authenticator::new(HOST)
        },
        Authenticator {
            verifies_people: false,
            ..Authenticator::new(HOST)
        },
    ] {
        let page = make(&browser, &mut { wrong }).await;
        page.is(422);
        assert!(page.text.contains("通行密钥无效"));
    }
    // A name that is missing is said, and the page has a new challenge.
    let page = browser.get("/passkeys/new").await;
    let said = Authenticator::new(HOST).create(&options(&page, "data-passkey-create"));
    let challenge = page.value("challenge");
    let page = browser
        .post(
            "/passkeys",
            &[("challenge", &challenge), ("credential", &said), ("name", "")],
        )
        .await;
    page.is(422);
    assert_ne!(page.value("challenge"), challenge);
    // Too late.
    let page = browser.get("/passkeys/new").await;
    let said = Authenticator::new(HOST).create(&options(&page, "data-passkey-create"));
    let challenge = page.value("challenge");
    site.pass(11 * MINUTE_NS);
    browser
        .post(
            "/passkeys",
            &[("challenge", &challenge), ("credential", &said), ("name", "手机")],
        )
        .await
        .is(410);
    assert_eq!(site.count("SELECT COUNT(*) FROM passkeys").await, 1);
}

#[tokio::test]
async fn a_password_alone_neither_adds_nor_removes_a_second_factor() {
    let site = secure().await;
    let (account, _, _) = with_passkey(&site).await;
    let browser = signed_in(&site, account).await;
    let change = site.platform.writer().begin().await.unwrap();
    let sql = database::Sql::new("UPDATE sessions SET second_factor_ns = NULL");
    sql.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    browser.get("/passkeys/new").await.is(409);
    let id = site.count("SELECT id FROM passkeys").await;
    browser.post(&format!("/passkeys/{id}/remove"), &[]).await.is(409);
    browser
        .post("/second-factor", &[("code", "000000"), ("sealed", "00")])
        .await
        .is(409);
    let again = signed_in(&site, account).await;
    let (other, _) = site.account("李小明").await;
    signed_in(&site, other)
        .await
        .post(&format!("/passkeys/{id}/remove"), &[])
        .await
        .is(404);
    again
        .post(&format!("/passkeys/{id}/remove"), &[])
        .await
        .leads_to("/security");
    assert_eq!(site.count("SELECT COUNT(*) FROM passkeys").await, 0);
    assert_eq!(site.entries("account.passkey-removed").await.len(), 1);
}

#[tokio::test]
async fn an_account_that_is_reset_loses_its_passkeys() {
    let site = secure().await;
    let (account, mobile, _) = with_passkey(&site).await;
    let own = site.own().await;
    let role = crate::organisations::role_store::holding(site.platform.readers(), own, "accounts")
        .await
        .unwrap()
        .unwrap();
    let (officer, _) = site.account("王管理").await;
    site.join(officer, own, role).await;
    let browser = signed_in(&site, officer).await;
    browser
        .post("/switch", &[("organisation", &own.to_string())])
        .await
        .leads_to("/");
    browser
        .post(&format!("/platform/accounts/{account}/reset"), &[])
        .await
        .is(200);
    assert_eq!(site.count("SELECT COUNT(*) FROM passkeys").await, 0);
    site.browser().sign_in(&mobile, PASSWORD).await.is(422);
}

#[tokio::test]
async fn passkeys_are_offered_in_secure_contexts_only() {
    for (settings, is_offered) in [
        (
            Settings {
                is_secure: true,
                ..Settings::default()
            },
            true,
        ),
        (Settings::default(), false),
        (
            Settings {
                public_url: Some("http://localhost:8080".to_owned()),
                ..Settings::default()
            },
            true,
        ),
        (
            Settings {
                is_secure: true,
                public_url: Some("https://10.1.2.3".to_owned()),
                ..Settings::default()
            },
            false,
        ),
        (
            Settings {
                is_secure: true,
                public_url: Some("https://[::1]:8443".to_owned()),
                ..Settings::default()
            },
            false,
        ),
    ] {
        let is_secure = settings.is_secure;
        let site = Site::with(settings).await;
        let (account, _) = site.account("王小明").await;
        let browser = if is_secure {
            signed_in(&site, account).await
        } else {
            site.signed_in(account, None).await
        };
        assert_eq!(
            browser.get("/security").await.text.contains("/passkeys/new"),
            is_offered
        );
        assert_eq!(
            browser.get("/second-factor").await.text.contains("/passkeys/new"),
            is_offered
        );
        browser
            .get("/passkeys/new")
            .await
            .is(if is_offered { 200 } else { 409 });
    }
}

#[tokio::test]
async fn whoever_has_the_password_does_not_try_second_factors_for_ever() {
    let site = secure().await;
    let (_, mobile, _) = with_passkey(&site).await;
    for _ in 0..5 {
        let (browser, page) = asked(&site, &mobile).await;
        let said = Authenticator::new(HOST).get(&options(&page, "data-passkey-get"));
        answer(&browser, &said).await.is(422);
    }
    site.browser().sign_in(&mobile, PASSWORD).await.is(429);
}
