//! The page of consent: who is asked, what is remembered, who is sent where.

use super::*;
use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS};
use crate::permissions::Kind;

#[tokio::test]
async fn a_person_sees_who_asks_for_what_agrees_and_is_sent_back_with_a_code() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "openid profile studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let page = program.ask(&browser, &[("scope", "openid studies.view")]).await;
    page.is(200);
    for words in [
        "骨扫描助手",
        "第一医院",
        "张医生",
        "确认您的身份",
        "浏览影像",
        "app.example",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("您的姓名"));
    // It stands in no other page, and its form leads to this site and to the program alone.
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(
        policy.contains("form-action 'self' https://app.example;"),
        "{policy}"
    );
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["cache-control"], "no-store");
    let back = program.answer(&browser, &page, "allow").await;
    back.is(303);
    assert!(
        back.location.starts_with("https://app.example/back?code="),
        "{}",
        back.location
    );
    assert_eq!(parameter(&back.location, "state").as_deref(), Some("st&te"));
    assert_eq!(parameter(&back.location, "iss").as_deref(), Some(SITE));
    // The same again is not asked; more is.
    program.ask(&browser, &[("scope", "studies.view")]).await.is(303);
    program
        .ask(&browser, &[("scope", "openid profile")])
        .await
        .is(200);
    program.ask(&browser, &[("prompt", "consent")]).await.is(200);
    let allowed = site.entries("client.allowed").await;
    assert_eq!(allowed.len(), 2);
    assert_eq!(allowed[1].subject, Some(format!("client:{}", program.client_id)));
    assert_eq!(
        allowed[1].detail.as_deref(),
        Some("{\"scope\":\"openid studies.view\"}")
    );
    let code = parameter(&back.location, "code").unwrap();
    let kept = format!("SELECT COUNT(*) FROM client_codes WHERE code = '{code}'");
    assert_eq!(site.count(&kept).await, 0, "a code is kept as its hash");
}

#[tokio::test]
async fn whoever_declines_is_sent_back_too() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let page = program.ask(&browser, &[]).await;
    let back = program.answer(&browser, &page, "deny").await;
    back.is(303);
    assert_eq!(
        parameter(&back.location, "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(parameter(&back.location, "code"), None);
    assert_eq!(site.entries("client.declined").await.len(), 1);
    // Nothing was remembered.
    program.ask(&browser, &[]).await.is(200);
}

#[tokio::test]
async fn nobody_agrees_unawares() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let page = program.ask(&browser, &[]).await;
    let (request, person) = (unescaped(&page.value("request")), page.value("person"));
    let fields = [
        ("request", request.as_str()),
        ("person", person.as_str()),
        ("answer", "allow"),
    ];
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://app.example")],
        &[("origin", "null")],
        &[],
    ] {
        browser
            .post_with("/oauth/authorize", &fields, headers)
            .await
            .is(403);
    }
    // What was shown to one person is not answered by another, who is shown it anew.
    let other = site.member(here, &[P::StudiesView]).await;
    other.post("/oauth/authorize", &fields).await.is(200);
    // Without an answer it is asked again; somebody who is not signed in answers nothing.
    browser.post("/oauth/authorize", &fields[..2]).await.is(200);
    site.browser().post("/oauth/authorize", &fields).await.is(303);
    assert_eq!(site.count("SELECT COUNT(*) FROM client_consents").await, 0);
    assert_eq!(site.count("SELECT COUNT(*) FROM client_codes").await, 0);
}

#[tokio::test]
async fn browsers_are_sent_to_registered_addresses_only() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    for uri in [
        "https://evil.example/back",
        "https://app.example/back/",
        "https://app.example/back/../evil",
        "https://app.example/BACK",
        "https://app.example/back#x",
        "https://app.example@evil.example/back",
        "https://app.example.evil.example/back",
        "https://app.example/back?x=1",
        "//evil.example/back",
        "javascript:alert(1)",
        "-",
    ] {
        for scope in ["studies.view", "everything"] {
            for prompt in ["-", "none"] {
                let page = program
                    .ask(
                        &browser,
                        &[("redirect_uri", uri), ("scope", scope), ("prompt", prompt)],
                    )
                    .await;
                page.is(400);
                assert!(
                    page.location.is_empty() && !page.headers.contains_key("refresh"),
                    "{uri}"
                );
            }
        }
    }
    let twice = format!(
        "/oauth/authorize?{}&redirect_uri=https://evil.example",
        program.query(&[])
    );
    browser.get(&twice).await.is(400);
    program
        .ask(&browser, &[("client_id", "upt-nobody")])
        .await
        .is(400);
    // What is sent back is said as data: no answer of ours is taken for a parameter of the program's.
    let page = program
        .ask(&browser, &[("scope", "everything"), ("state", "x&code=forged#f")])
        .await;
    page.is(303);
    assert_eq!(parameter(&page.location, "code"), None);
    assert_eq!(
        parameter(&page.location, "error").as_deref(),
        Some("invalid_scope")
    );
    assert_eq!(
        parameter(&page.location, "state").as_deref(),
        Some("x&code=forged#f")
    );
    // Of the own machine any port.
    program
        .ask(&browser, &[("redirect_uri", "http://127.0.0.1:51000/back")])
        .await
        .is(200);
}

#[tokio::test]
async fn proof_of_the_code_is_not_left_out() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    for more in [
        &[("code_challenge", "-"), ("code_challenge_method", "-")][..],
        &[("code_challenge_method", "-")],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "plain"), ("code_challenge", VERIFIER)],
    ] {
        let page = program.ask(&browser, more).await;
        page.is(303);
        assert_eq!(
            parameter(&page.location, "error").as_deref(),
            Some("invalid_request"),
            "{more:?}"
        );
    }
}

#[tokio::test]
async fn a_program_may_ask_that_nobody_is_shown_a_page() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let silently = async |browser: &Browser<'_>, more: &[(&'static str, &'static str)]| {
        let more = [&[("prompt", "none")][..], more].concat();
        let page = program.ask(browser, &more).await;
        page.is(303);
        assert!(page.location.starts_with(BACK), "{}", page.location);
        parameter(&page.location, "error").unwrap_or_default()
    };
    let anybody = site.browser();
    assert_eq!(silently(&anybody, &[]).await, "login_required");
    let browser = site.member(here, &[P::StudiesView]).await;
    assert_eq!(silently(&browser, &[]).await, "consent_required");
    program.code(&browser, &[]).await;
    assert_eq!(silently(&browser, &[]).await, "");
    assert_eq!(silently(&browser, &[("max_age", "600")]).await, "");
    site.pass(11 * MINUTE_NS);
    assert_eq!(silently(&browser, &[("max_age", "600")]).await, "login_required");
    // Another organisation's program is not for its people.
    let foreign = site.member(there, &[P::StudiesView]).await;
    assert_eq!(silently(&foreign, &[]).await, "access_denied");
    // Whoever listens on the person's own machine is never known by what was agreed before.
    let local = [("redirect_uri", "http://127.0.0.1:51000/back")];
    let public = super::program(&site, here, false, "studies.view").await;
    public.code(&browser, &[]).await;
    public.ask(&browser, &[]).await.is(303);
    public.ask(&browser, &local).await.is(200);
    run(&site, "UPDATE people SET must_change_password = 1").await;
    assert_eq!(silently(&browser, &[]).await, "interaction_required");
    program.ask(&browser, &[]).await.leads_to("/password");
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_first_and_is_sent_back_by_a_page() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let (account, mobile) = site.account("张医生").await;
    let role = site.role(here, &[P::StudiesView]).await;
    site.join(account, here, role).await;
    let browser = site.browser();
    let page = program.ask(&browser, &[]).await;
    page.is(303);
    let to = parameter(&page.location, "to").unwrap();
    assert!(
        to.starts_with("/oauth/authorize?") && to.contains("uptake_came="),
        "{to}"
    );
    browser.sign_in(&mobile, crate::test_site::PASSWORD).await.is(303);
    let page = browser.get(&to).await;
    let back = program.answer(&browser, &page, "allow").await;
    back.is(303);
    // Agreed before, the page after signing in goes on by itself: a browser would hold a redirection from the form of
    // signing in against that page's policy.
    let page = browser.get(&to).await;
    page.is(200);
    let refresh = page.headers["refresh"].to_str().unwrap();
    assert!(
        refresh.starts_with("0;url=https://app.example/back?code="),
        "{refresh}"
    );
}

#[tokio::test]
async fn a_program_may_ask_that_the_person_signs_in_again() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "openid studies.view").await;
    let (account, mobile) = site.account("张医生").await;
    let role = site.role(here, &[P::StudiesView]).await;
    site.join(account, here, role).await;
    let browser = site.signed_in(account, Some(here)).await;
    program.code(&browser, &[]).await;
    for more in [("prompt", "login"), ("max_age", "60")] {
        site.pass(2 * MINUTE_NS);
        let page = program.ask(&browser, &[more]).await;
        page.is(200);
        assert!(page.text.contains("重新登录") && !page.headers.contains_key("refresh"));
        // Words that somebody made up are no proof of having signed in.
        let forged = format!("/oauth/authorize?{}&uptake_came=AAAA", program.query(&[more]));
        assert!(browser.get(&forged).await.text.contains("重新登录"));
        let fields = [
            ("request", unescaped(&page.value("request"))),
            ("answer", "again".to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let page = browser.post("/oauth/authorize", &fields).await;
        page.is(303);
        let to = parameter(&page.location, "to").unwrap();
        assert!(browser.cookie("uptake_session").is_none());
        site.pass(SECOND_NS);
        browser.sign_in(&mobile, crate::test_site::PASSWORD).await.is(303);
        let page = browser.get(&to).await;
        page.is(200);
        assert!(page.headers.contains_key("refresh"), "{}", page.text);
    }
}

#[tokio::test]
async fn what_was_let_is_taken_back_on_the_page_of_security() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "openid studies.view offline_access").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let tokens = program
        .tokens(&browser, "openid studies.view offline_access")
        .await;
    assert!(program.holds(&tokens.access).await && program.holds(&tokens.refresh).await);
    let page = browser.get("/security").await;
    assert!(page.text.contains("骨扫描助手"));
    let end = format!("/security/clients/{}/end", program.id);
    // Another person takes back nothing of it.
    site.member(here, &[]).await.post(&end, &[]).await.is(404);
    browser.post(&end, &[]).await.leads_to("/security");
    assert!(!browser.get("/security").await.text.contains("骨扫描助手"));
    assert!(!program.holds(&tokens.access).await && !program.holds(&tokens.refresh).await);
    program.refresh(&tokens.refresh).await.is(400);
    program.ask(&browser, &[]).await.is(200);
    assert_eq!(site.entries("client.taken-back").await.len(), 1);
}

#[tokio::test]
async fn what_is_over_is_removed_and_what_holds_stays() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view offline_access").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    program.tokens(&browser, "studies.view").await;
    let tokens = program.tokens(&browser, "studies.view offline_access").await;
    program
        .send("/oauth/revoke", &[("token", &tokens.access)])
        .await
        .is(200);
    site.pass(2 * DAY_NS);
    crate::clients::tidy(&site.platform).await.unwrap();
    assert_eq!(site.count("SELECT COUNT(*) FROM client_grants").await, 1);
    assert_eq!(site.count("SELECT COUNT(*) FROM client_revoked_tokens").await, 0);
    Tokens::of(&program.refresh(&tokens.refresh).await);
}
