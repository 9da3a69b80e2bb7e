//! How programs show which they are, what they are told of tokens, and from where they may ask.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::guard::tests::JSON;
use crate::permissions::Kind;

const STUDIES: &str = "/dicom-web/studies";

#[tokio::test]
async fn a_program_shows_that_it_is_the_one() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let public = super::program(&site, here, false, "studies.find").await;
    let id = program.client_id.as_str();
    let basic = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let ask = async |fields: &[(&str, &str)], authorization: &str| {
        let fields = [&[("grant_type", "client_credentials")][..], fields].concat();
        let headers = [("authorization", authorization)];
        let headers = if authorization.is_empty() {
            &headers[..0]
        } else {
            &headers[..]
        };
        let page = site.browser().post_with("/oauth/token", &fields, headers).await;
        assert_eq!(page.headers["cache-control"], "no-store");
        let challenge = page.headers.contains_key("www-authenticate");
        (
            page.status.as_u16(),
            json(&page)["error"].as_str().unwrap_or_default().to_owned(),
            challenge,
        )
    };
    let is = |status: u16, error: &str, challenge| (status, error.to_owned(), challenge);
    let invalid = "invalid_client";
    assert_eq!(ask(&[], &basic(id, SECRET)).await, is(200, "", false));
    assert_eq!(
        ask(&[("client_id", id)], &basic(id, SECRET)).await,
        is(200, "", false)
    );
    assert_eq!(
        ask(&[("client_id", id), ("client_secret", SECRET)], "").await,
        is(200, "", false)
    );
    assert_eq!(ask(&[], &basic(id, "wrong")).await, is(401, invalid, true));
    assert_eq!(ask(&[], &basic(id, "")).await, is(401, invalid, true));
    assert_eq!(
        ask(&[], &basic("upt-nobody", SECRET)).await,
        is(401, invalid, true)
    );
    assert_eq!(ask(&[], "Basic ***").await, is(401, invalid, true));
    assert_eq!(ask(&[("client_id", id)], "").await, is(401, invalid, false));
    assert_eq!(
        ask(&[("client_id", id), ("client_secret", "wrong")], "").await,
        is(401, invalid, false)
    );
    assert_eq!(ask(&[], "").await, is(401, invalid, false));
    assert_eq!(
        ask(
            &[("client_id", id), ("client_secret", SECRET)],
            &basic(id, SECRET)
        )
        .await,
        is(400, "invalid_request", false)
    );
    // A program without a secret does not ask by itself, nor with a secret.
    let open = public.client_id.as_str();
    assert_eq!(
        ask(&[("client_id", open)], "").await,
        is(400, "unauthorized_client", false)
    );
    assert_eq!(
        ask(&[("client_id", open), ("client_secret", "x")], "").await,
        is(401, invalid, false)
    );
    public.send("/oauth/introspect", &[("token", "x")]).await.is(400);
    // The hash of a secret is not the secret.
    assert_eq!(
        ask(&[], &basic(id, &secrets::kept(SECRET))).await,
        is(401, invalid, true)
    );
    // What is about a person no program has by itself.
    for (scope, error) in [
        ("openid", "invalid_scope"),
        ("studies.view", "invalid_scope"),
        ("studies.find", ""),
    ] {
        assert_eq!(
            ask(&[("scope", scope)], &basic(id, SECRET)).await.1,
            error,
            "{scope}"
        );
    }
    for (fields, error) in [
        (&[("grant_type", "password")][..], "unsupported_grant_type"),
        (&[("grant_type", "-")], "invalid_request"),
        (
            &[
                ("grant_type", "client_credentials"),
                ("scope", "a"),
                ("scope", "b"),
            ],
            "invalid_request",
        ),
        (
            &[
                ("grant_type", "client_credentials"),
                ("resource", "https://other.example"),
            ],
            "invalid_target",
        ),
    ] {
        assert_eq!(
            json(&program.send("/oauth/token", fields).await)["error"],
            error,
            "{fields:?}"
        );
    }
    let browser = site.browser();
    let page = browser.send_body(
        Method::POST,
        "/oauth/token",
        Some((b"{}".to_vec(), "application/json".to_owned())),
        &[],
    );
    assert_eq!(json(&page.await)["error"], "invalid_request");
}

#[tokio::test]
async fn tokens_are_taken_back_and_told_of_by_their_own_programs() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let program = program(&site, here, true, "studies.find offline_access").await;
    let neighbour = super::program(&site, here, true, "studies.find").await;
    let foreign = super::program(&site, there, true, "studies.find").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let tokens = program.tokens(&browser, "studies.find offline_access").await;
    // A service of the same organisation learns of tokens that are shown to it, and nobody else does.
    assert!(neighbour.holds(&tokens.access).await && !neighbour.holds(&tokens.refresh).await);
    assert!(!foreign.holds(&tokens.access).await && !foreign.holds(&tokens.refresh).await);
    let told = json(
        &program
            .send("/oauth/introspect", &[("token", &tokens.access)])
            .await,
    );
    assert_eq!(told["scope"], "studies.find offline_access");
    assert_eq!(told["client_id"], program.client_id.as_str());
    assert_eq!(told["iss"], SITE);
    let revoke = async |program: &Program<'_>, token: &str| {
        let page = program
            .send(
                "/oauth/revoke",
                &[("token", token), ("token_type_hint", "refresh_token")],
            )
            .await;
        page.status.as_u16()
    };
    assert_eq!(revoke(&neighbour, &tokens.access).await, 400);
    assert_eq!(revoke(&neighbour, &tokens.refresh).await, 400);
    assert_eq!(revoke(&program, "made-up").await, 200);
    assert!(program.holds(&tokens.access).await);
    // An access token by itself; a refresh token with all that came of it.
    let next = Tokens::of(&program.refresh(&tokens.refresh).await);
    assert_eq!(revoke(&program, &tokens.access).await, 200);
    assert!(!program.holds(&tokens.access).await && program.holds(&next.access).await);
    assert_eq!(
        shown(&site, STUDIES, &tokens.access, JSON).await,
        (401, INVALID.to_owned())
    );
    assert_eq!(revoke(&program, &next.refresh).await, 200);
    assert!(!program.holds(&next.access).await && !program.holds(&next.refresh).await);
    assert_eq!(site.entries("client.ended").await.len(), 2);
    // Neither tokens nor secrets stand in the journal.
    for hidden in [
        &tokens.access,
        &tokens.refresh,
        &next.access,
        &next.refresh,
        &SECRET.to_owned(),
    ] {
        let count = format!(
            "SELECT COUNT(*) FROM journal WHERE detail LIKE '%{hidden}%' OR subject LIKE '%{hidden}%'"
        );
        assert_eq!(site.count(&count).await, 0);
    }
}

#[tokio::test]
async fn pages_of_any_site_may_ask_for_tokens_without_cookies_and_for_nothing_else() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, false, "openid").await;
    let browser = site.member(here, &[]).await;
    let code = program.code(&browser, &[("scope", "openid")]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", program.client_id.as_str()),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let foreign = [
        ("origin", "https://app.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let page = site.browser().post_with("/oauth/token", &fields, &foreign).await;
    page.is(200);
    assert_eq!(page.headers["access-control-allow-origin"], "*");
    assert!(!page.headers.contains_key("access-control-allow-credentials"));
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    for path in ["/oauth/token", "/oauth/userinfo", "/oauth/revoke", "/oauth/jwks"] {
        let page = site.browser().send(Method::OPTIONS, path, None, &preflight).await;
        page.is(200);
        assert_eq!(page.headers["access-control-allow-origin"], "*", "{path}");
    }
    let page = site
        .browser()
        .send(Method::OPTIONS, "/oauth/authorize", None, &preflight)
        .await;
    assert!(!page.headers.contains_key("access-control-allow-origin"));
    // The site's own forms are for its own pages, as ever.
    for path in [
        "/oauth/authorize",
        "/platform/clients",
        "/roles",
        "/oauth/token/",
        "/oauth/tokens",
    ] {
        browser.post_with(path, &[("x", "1")], &foreign).await.is(403);
    }
    // A cookie is no way of being a program, and no token.
    assert_eq!(
        json(
            &browser
                .post("/oauth/token", &[("grant_type", "client_credentials")])
                .await
        )["error"],
        "invalid_client"
    );
    browser.get("/oauth/userinfo").await.is(401);
}

#[tokio::test]
async fn a_program_that_asks_too_often_from_somewhere_waits_there() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let other = super::program(&site, here, true, "studies.find").await;
    let ask = async |program: &Program<'_>, address: &str, secret: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &program.client_id),
            ("client_secret", secret),
        ];
        let browser = site.browser_at(address);
        browser.post_with("/oauth/token", &fields, &[]).await
    };
    // Whoever guesses is counted as the program that it says it is.
    for _ in 0..600 {
        ask(&program, "198.51.100.7", "wrong").await.is(401);
    }
    let page = ask(&program, "198.51.100.7", SECRET).await;
    page.is(429);
    assert_eq!(json(&page)["error"], "temporarily_unavailable");
    assert_eq!(page.headers["retry-after"], "1");
    assert_eq!(page.headers["cache-control"], "no-store");
    ask(&program, "198.51.100.8", SECRET).await.is(200);
    ask(&other, "198.51.100.7", SECRET).await.is(200);
    site.pass(crate::clock::SECOND_NS);
    ask(&program, "198.51.100.7", SECRET).await.is(200);
}
