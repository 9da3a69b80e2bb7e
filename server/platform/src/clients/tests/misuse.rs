//! Tokens, codes and secrets in the wrong hands, out of time, or made up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;

use super::*;
use crate::clients::{keys, tokens};
use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS};
use crate::guard::tests::JSON;
use crate::permissions::Kind;

const STUDIES: &str = "/dicom-web/studies";

/// The claims of a token.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_token_that_was_changed_or_made_up_opens_nothing() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "openid studies.find studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let token = program.own("studies.find").await.access;
    assert_eq!(shown(&site, STUDIES, &token, JSON).await.0, 200);
    let (header, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let published = keys::published(&site.platform).await.unwrap();
    let kid = published[0].kid.as_str();
    let mut more = claims(&token);
    more["scope"] = "studies.find studies.view studies.export".into();
    let none = json!({ "alg": "none", "typ": "at+jwt", "kid": kid });
    let hashed = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid });
    // The public key as the secret of a hash: where the header chooses the algorithm, that is a signature.
    let with_public = |secret: &[u8]| {
        let signed = format!("{}.{}", part(&hashed), part(&more));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    };
    let mut turned = URL_SAFE_NO_PAD.decode(signature).unwrap();
    turned[0] ^= 1;
    for (what, forged) in [
        ("a changed scope", format!("{header}.{}.{signature}", part(&more))),
        (
            "a changed signature",
            format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode(&turned)),
        ),
        ("no signature", format!("{header}.{body}.")),
        ("no algorithm", format!("{}.{}.", part(&none), part(&more))),
        (
            "no algorithm, signed",
            format!("{}.{body}.{signature}", part(&none)),
        ),
        ("a hash with the key", with_public(&published[0].public)),
        (
            "a hash with the key's words",
            with_public(published[0].jwk().to_string().as_bytes()),
        ),
        ("another key", {
            let other = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "x" });
            format!("{}.{body}.{signature}", part(&other))
        }),
        ("its key beside it", {
            let own = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "x", "jwk": published[0].jwk() });
            format!("{}.{body}.{signature}", part(&own))
        }),
        ("a part too many", format!("{token}.x")),
        ("padding", format!("{token}=")),
        ("nothing", String::new()),
        ("its body", body.to_owned()),
        ("much", format!("eyJ{}.{}.x", "a".repeat(9000), "b")),
    ] {
        assert_eq!(
            shown(&site, STUDIES, &forged, JSON).await,
            (401, INVALID.to_owned()),
            "{what}"
        );
        assert!(!program.holds(&format!("{forged} ")).await, "{what}");
    }
    // An ID token says who somebody is, and opens nothing; a code and a refresh token do neither.
    let code = program.code(&browser, &[("scope", "openid studies.find")]).await;
    assert_eq!(shown(&site, STUDIES, &code, JSON).await.0, 401);
    let given = json(&program.redeem(&code).await);
    let id_token = given["id_token"].as_str().unwrap();
    assert_eq!(shown(&site, STUDIES, id_token, JSON).await.0, 401);
    assert_eq!(
        shown(&site, STUDIES, given["access_token"].as_str().unwrap(), JSON)
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn a_token_that_we_signed_for_something_else_opens_nothing() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let token = program.own("studies.find").await.access;
    let good = claims(&token);
    let now_s = good["iat"].as_i64().unwrap();
    let signed = async |typ: &str, name: &str, value: Value| {
        let mut said = good.clone();
        said[name] = value;
        tokens::signed(&site.platform, typ, &said).await.unwrap()
    };
    let same = signed("at+jwt", "jti", "another".into()).await;
    assert_eq!(shown(&site, STUDIES, &same, JSON).await.0, 200);
    for (typ, name, value) in [
        ("at+jwt", "aud", json!(["https://other.example"])),
        ("at+jwt", "aud", json!([format!("{SITE}.evil.example")])),
        ("at+jwt", "aud", json!([format!("{SITE}/archive")])),
        ("at+jwt", "aud", json!([program.client_id])),
        ("at+jwt", "aud", json!([])),
        ("at+jwt", "aud", json!(SITE)),
        ("at+jwt", "iss", json!("https://other.example")),
        ("at+jwt", "iss", json!("")),
        ("at+jwt", "exp", json!(now_s)),
        ("at+jwt", "exp", json!(now_s - 1)),
        ("at+jwt", "exp", json!(now_s + 901)),
        ("at+jwt", "exp", json!("soon")),
        ("at+jwt", "nbf", json!(now_s + 61)),
        ("at+jwt", "iat", json!(now_s + 61)),
        ("at+jwt", "sid", json!("another")),
        ("at+jwt", "sub", json!("1")),
        ("at+jwt", "client_id", json!("another")),
        ("at+jwt", "organisation", json!(there)),
        ("at+jwt", "organisation", Value::Null),
        ("JWT", "jti", json!("x")),
        ("", "jti", json!("x")),
        ("secevent+jwt", "jti", json!("x")),
    ] {
        let token = signed(typ, name, value.clone()).await;
        assert_eq!(
            shown(&site, STUDIES, &token, JSON).await,
            (401, INVALID.to_owned()),
            "{typ} {name} {value}"
        );
    }
    // Scopes that the program may not ask for are not there.
    let more = signed("at+jwt", "scope", "studies.export studies.view".into()).await;
    assert_eq!(
        shown(&site, STUDIES, &more, JSON).await,
        (403, INSUFFICIENT.to_owned())
    );
}

#[tokio::test]
async fn a_token_holds_for_ten_minutes_and_only_while_its_program_is_let_in() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let token = program.own("studies.find").await.access;
    let status = async |token: &str| shown(&site, STUDIES, token, JSON).await.0;
    site.pass(10 * MINUTE_NS - SECOND_NS);
    assert_eq!(status(&token).await, 200);
    site.pass(SECOND_NS);
    assert_eq!(status(&token).await, 401);
    let token = program.own("studies.find").await.access;
    let officer = site.officer("clients").await;
    let page = format!("/platform/clients/{}", program.id);
    officer
        .post(&format!("{page}/disable"), &[])
        .await
        .leads_to(&page);
    assert_eq!(status(&token).await, 401);
    let asked = [("grant_type", "client_credentials")];
    program.send("/oauth/token", &asked).await.is(401);
    officer.post(&format!("{page}/enable"), &[]).await.leads_to(&page);
    assert_eq!(status(&token).await, 200);
    // What it may no longer ask for, the tokens that it has are no longer for.
    run(&site, "UPDATE clients SET scopes = '[\"studies.view\"]'").await;
    assert_eq!(status(&token).await, 403);
    run(
        &site,
        "UPDATE organisations SET state = 'closed' WHERE kind = 'hospital'",
    )
    .await;
    assert_eq!(status(&token).await, 401);
    program.send("/oauth/token", &asked).await.is(401);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_program_where_it_was_sent_for_a_minute() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.view").await;
    let other = super::program(&site, here, true, "studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let tried = async |more: &[(&'static str, &'static str)]| {
        let code = program.code(&browser, &[]).await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        let page = program.send("/oauth/token", &fields).await;
        // Tried in vain it is used up, where it was this program.
        let again = program.redeem(&code).await;
        (
            json(&page)["error"].as_str().unwrap_or_default().to_owned(),
            again.status.as_u16(),
        )
    };
    let wrong = "invalid_grant".to_owned();
    let long = "https://app.example/back/";
    assert_eq!(tried(&[("code_verifier", CHALLENGE)]).await, (wrong.clone(), 400));
    assert_eq!(tried(&[("redirect_uri", long)]).await, (wrong.clone(), 400));
    assert_eq!(
        tried(&[("redirect_uri", "http://127.0.0.1/back")]).await,
        (wrong.clone(), 400)
    );
    assert_eq!(
        tried(&[("code_verifier", "-")]).await,
        ("invalid_request".to_owned(), 200)
    );
    assert_eq!(
        tried(&[("redirect_uri", "-")]).await,
        ("invalid_request".to_owned(), 200)
    );
    // Another program's code is not there, and stays good for its own.
    let code = program.code(&browser, &[]).await;
    let page = other.redeem(&code).await;
    assert_eq!(json(&page)["error"], "invalid_grant");
    let tokens = Tokens::of(&program.redeem(&code).await);
    assert!(program.holds(&tokens.access).await);
    // A second time, somebody has it who should not: what it gave ends.
    assert_eq!(json(&program.redeem(&code).await)["error"], "invalid_grant");
    assert!(!program.holds(&tokens.access).await);
    assert_eq!(
        site.entries("client.replayed")
            .await
            .last()
            .unwrap()
            .actor
            .split(' ')
            .count(),
        2
    );
    for (wait_ns, status) in [(MINUTE_NS - SECOND_NS, 200), (MINUTE_NS, 400)] {
        let code = program.code(&browser, &[]).await;
        site.pass(wait_ns);
        program.redeem(&code).await.is(status);
    }
    program.redeem("made-up").await.is(400);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_family_ends_when_it_comes_again() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, false, "studies.view studies.find offline_access").await;
    let other = super::program(&site, here, true, "studies.view").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let first = program
        .tokens(&browser, "studies.view studies.find offline_access")
        .await;
    // Another program's is not there.
    assert_eq!(
        json(&other.refresh(&first.refresh).await)["error"],
        "invalid_grant"
    );
    let asked = |scope| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", first.refresh.as_str()),
            ("scope", scope),
        ]
    };
    assert_eq!(
        json(&program.send("/oauth/token", &asked("openid")).await)["error"],
        "invalid_scope"
    );
    let page = program.send("/oauth/token", &asked("studies.find")).await;
    assert_eq!(json(&page)["scope"], "studies.find");
    let second = Tokens::of(&page);
    assert_ne!(second.refresh, first.refresh);
    // Less was asked for once; the next may ask for all again.
    let page = program.refresh(&second.refresh).await;
    assert_eq!(json(&page)["scope"], "studies.find studies.view offline_access");
    let third = Tokens::of(&page);
    let stolen = program.refresh(&first.refresh).await;
    assert_eq!(json(&stolen)["error"], "invalid_grant");
    for token in [&second.access, &third.access, &third.refresh] {
        assert!(!other.holds(token).await);
    }
    assert_eq!(
        json(&program.refresh(&third.refresh).await)["error"],
        "invalid_grant"
    );
    assert_eq!(site.entries("client.replayed").await.len(), 1);
    for (wait_ns, status) in [(30 * DAY_NS - SECOND_NS, 200), (30 * DAY_NS, 400)] {
        let fresh = site.member(here, &[P::StudiesView]).await;
        let tokens = program.tokens(&fresh, "studies.view offline_access").await;
        site.pass(wait_ns);
        program.refresh(&tokens.refresh).await.is(status);
    }
    // What did not ask to go on alone has none.
    let fresh = site.member(here, &[P::StudiesView]).await;
    assert_eq!(program.tokens(&fresh, "studies.view").await.refresh, "");
}

#[tokio::test]
async fn tokens_end_with_the_account_and_with_the_membership() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find offline_access").await;
    let scope = "studies.find offline_access";
    for statement in [
        "UPDATE people SET state = 'closed' WHERE id = ",
        "UPDATE memberships SET state = 'ended' WHERE person = ",
    ] {
        let (account, _) = doctor(&site, here, &[P::StudiesView]).await;
        let browser = site.signed_in(account, Some(here)).await;
        let tokens = program.tokens(&browser, scope).await;
        assert_eq!(shown(&site, STUDIES, &tokens.access, JSON).await.0, 200);
        run(&site, &format!("{statement}{account}")).await;
        assert_eq!(
            shown(&site, STUDIES, &tokens.access, JSON).await,
            (401, INVALID.to_owned())
        );
        assert!(!program.holds(&tokens.refresh).await);
        program.refresh(&tokens.refresh).await.is(400);
        // Somebody who is a member anew did not let it anew.
        site.pass(SECOND_NS);
        let now_ns = site.now_ns();
        let again =
            format!("UPDATE memberships SET state = 'active', since_ns = {now_ns} WHERE person = {account}");
        run(&site, &again).await;
        program.refresh(&tokens.refresh).await.is(400);
    }
}

#[tokio::test]
async fn a_person_without_a_second_factor_has_no_token_from_outside() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let from = async |address: &str, token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("accept", JSON)];
        let page = site
            .browser_at(address)
            .send(Method::GET, STUDIES, None, &headers)
            .await;
        page.status.as_u16()
    };
    let with = site.member(here, &[P::StudiesView]).await;
    let token = program.tokens(&with, "studies.find").await.access;
    assert_eq!(
        (from("10.0.0.7", &token).await, from("8.8.8.8", &token).await),
        (200, 200)
    );
    let without = site.member(here, &[P::StudiesView]).await;
    run(&site, "UPDATE sessions SET second_factor_ns = NULL").await;
    let token = program.tokens(&without, "studies.find").await.access;
    assert_eq!(
        (from("10.0.0.7", &token).await, from("8.8.8.8", &token).await),
        (200, 401)
    );
    run(&site, "UPDATE people SET must_change_password = 1").await;
    assert_eq!(from("10.0.0.7", &token).await, 401);
}
