//! What holds for every page.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method};

use super::*;
use crate::language::Language;
use crate::permissions::{Kind, Permission};
use crate::test_site::Site;

#[tokio::test]
async fn a_change_from_another_sites_page_is_refused() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let browser = site.signed_in(account, None).await;
    for (headers, expected) in [
        (vec![("sec-fetch-site", "same-origin")], 303),
        (vec![("sec-fetch-site", "none")], 303),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (
            vec![
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://uptake.example"),
            ],
            403,
        ),
        (vec![("origin", "http://uptake.example")], 303),
        (vec![("origin", "https://uptake.example")], 403),
        (vec![("origin", "http://evil.example")], 403),
        (vec![("origin", "null")], 403),
        (vec![], 403),
    ] {
        let page = browser.post_with("/notifications/read", &[], &headers).await;
        assert_eq!(page.status.as_u16(), expected, "{headers:?}");
    }
    // Signing in too: nobody is signed in as somebody else unawares.
    site.browser()
        .post_with(
            "/sign-in",
            &[("mobile", "1")],
            &[("sec-fetch-site", "cross-site")],
        )
        .await
        .is(403);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_a_browser_safe() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let browser = site.signed_in(account, None).await;
    for path in ["/", "/nowhere", "/sign-in", "/organisation"] {
        let page = browser.get(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self';") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-request-id"].len(), 16);
        assert!(
            !page.text.contains("<script>")
                && !page.text.contains("style=\"")
                && !page.text.contains(" onclick"),
            "{path}"
        );
    }
    let asset = browser.get(&asset("uptake.css")).await;
    assert!(
        asset.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
}

#[tokio::test]
async fn a_form_sent_twice_does_once_what_it_does() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(organisation).await;
    let fields = [
        ("name", "质控员"),
        ("permission", "studies-view"),
        ("once", "a-key-of-the-form"),
    ];
    for _ in 0..2 {
        browser.post("/roles", &fields).await.leads_to("/roles");
    }
    let count = "SELECT COUNT(*) FROM roles WHERE name = '质控员'";
    assert_eq!(site.count(count).await, 1);
    // A header does as well, for programs; another person's key is another key.
    let fields = [("name", "质控员"), ("permission", "studies-view")];
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("idempotency-key", "a-key-of-the-form"),
    ];
    browser
        .post_with("/roles", &fields, &headers)
        .await
        .leads_to("/roles");
    assert_eq!(site.count(count).await, 1);
    let other = site.administrator(organisation).await;
    other
        .post_with("/roles", &fields, &headers)
        .await
        .leads_to("/roles");
    assert_eq!(site.count(count).await, 2);
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_and_recorded() {
    let site = Site::new().await;
    let (here, there) = (
        site.organisation(Kind::Hospital, "第一医院").await,
        site.organisation(Kind::Hospital, "第二医院").await,
    );
    let browser = site.administrator(here).await;
    let theirs = site.role(there, &[Permission::StudiesView]).await;
    browser.get(&format!("/roles/{theirs}")).await.is(403);
    browser
        .post(&format!("/roles/{theirs}"), &[("name", "x")])
        .await
        .is(403);
    browser
        .post("/switch", &[("organisation", &there.to_string())])
        .await
        .is(403);
    let refused = site.entries("access.refused").await;
    assert_eq!(refused.len(), 3);
    assert!(
        refused
            .iter()
            .any(|entry| entry.subject == Some(format!("organisation:{there}")))
    );
    site.browser().get("/roles").await.is(303);
}

#[tokio::test]
async fn pages_speak_the_language_that_was_chosen() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let browser = site.signed_in(account, None).await;
    assert!(browser.get("/").await.text.contains("lang=\"zh-CN\""));
    browser
        .post("/language", &[("language", "en"), ("to", "/profile")])
        .await
        .leads_to("/profile");
    let page = browser.get("/profile").await;
    assert!(page.text.contains("lang=\"en\"") && page.text.contains("Basic data"));
    browser
        .post("/theme", &[("theme", "dark"), ("to", "/")])
        .await
        .leads_to("/");
    assert!(browser.get("/").await.text.contains("data-theme=\"dark\""));
    browser
        .post("/theme", &[("theme", "pink"), ("to", "/")])
        .await
        .is(400);
}

#[test]
fn an_address_is_the_peers_unless_a_trusted_proxy_says_otherwise() {
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let inner: IpAddr = "10.0.0.2".parse().unwrap();
    for (peer, forwarded, expected) in [
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        // What a client put there itself stands before what the proxy added.
        ("10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let found = address_of(peer.parse().unwrap(), &headers, |address| {
            address == proxy || address == inner
        });
        assert_eq!(found.to_string(), expected, "{peer} {forwarded}");
    }
}

fn form(value: &str) -> Form {
    Form::filled([("field", value.to_owned())])
}

#[test]
fn each_wrong_field_says_what_is_wrong_and_keeps_what_was_typed() {
    let long = "长".repeat(61);
    for (value, expected) in [
        ("王小明", None),
        ("Ada O'Neill-Lovelace", None),
        ("阿不都热合曼·买买提", None),
        ("  王小明  ", None),
        ("", Some("wrong-missing")),
        ("   ", Some("wrong-missing")),
        (long.as_str(), Some("wrong-long")),
        ("<script>alert(1)</script>", Some("wrong-name")),
        ("'; DROP TABLE people; --", Some("wrong-name")),
        ("=1+1", Some("wrong-name")),
        ("+86", Some("wrong-formula")),
        ("-cmd", Some("wrong-formula")),
        ("@SUM", Some("wrong-name")),
        ("王\u{202E}明小", Some("wrong-characters")),
        ("王\u{200B}明", Some("wrong-characters")),
        ("王\u{0}明", Some("wrong-characters")),
        ("王\n明", Some("wrong-characters")),
        ("\u{FEFF}王", Some("wrong-characters")),
    ] {
        let mut form = form(value);
        form.name("field", 60);
        let said = form
            .wrong("field")
            .map(|wrong| wrong.say(Language::English).into_owned());
        let expected = expected.map(|key| {
            let wrong = Wrong::new(key);
            if key == "wrong-long" {
                wrong
                    .with("longest", 60)
                    .with("found", 61)
                    .say(Language::English)
                    .into_owned()
            } else {
                wrong.say(Language::English).into_owned()
            }
        });
        assert_eq!(said, expected, "{value:?}");
        assert_eq!(form.typed("field"), value);
    }
}

#[test]
fn numbers_addresses_and_mobiles_are_read_or_refused() {
    for (value, expected) in [
        ("13800138000", Some("13800138000")),
        ("138 0013 8000", Some("13800138000")),
        ("+86 138-0013-8000", Some("13800138000")),
        ("+1 650 555 0100", Some("+16505550100")),
        ("1380013800", None),
        ("23800138000", None),
        ("138001380000", None),
        ("１３８００１３８０００", None),
        ("13800138000' OR 1=1", None),
    ] {
        let mut form = form(value);
        let read = form.mobile("field");
        assert_eq!((!form.is_wrong()).then_some(read.as_str()), expected, "{value}");
    }
    for (value, expected) in [
        ("a@b.cn", true),
        ("a.b+c@mail.b.cn", true),
        ("a@b", false),
        ("@b.cn", false),
        ("a b@c.cn", false),
        ("a@.cn", false),
    ] {
        let mut form = form(value);
        form.email("field");
        assert_eq!(!form.is_wrong(), expected, "{value}");
    }
    for (value, expected) in [
        ("5", true),
        ("4", false),
        ("11", false),
        ("5.5", false),
        ("五", false),
        ("", false),
        ("99999999999999999999", false),
    ] {
        let mut form = form(value);
        form.number("field", 5, 10);
        assert_eq!(!form.is_wrong(), expected, "{value}");
    }
}

#[tokio::test]
async fn a_page_hears_nothing_of_what_waits_before_the_password_is_changed() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let browser = site.signed_in(account, None).await;
    assert!(browser.get("/password").await.text.contains("id=\"unread\""));
    let change = site.platform.writer().begin().await.unwrap();
    crate::people::store::must_change_password(&*change, account)
        .await
        .unwrap();
    change.commit().await.unwrap();
    let page = browser.get("/password").await;
    page.is(200);
    assert!(!page.text.contains("id=\"unread\""), "{}", page.text);
}

#[tokio::test]
async fn an_address_that_takes_forms_alone_says_so_on_a_page() {
    let site = Site::new().await;
    let browser = site.browser();
    let page = browser.get("/sign-out").await;
    page.is(405);
    assert_eq!(page.headers["allow"], "POST");
    assert!(page.text.contains("<html"), "{}", page.text);
    for (method, path, allowed) in [
        (Method::GET, "/oauth/token", "POST"),
        (Method::PUT, "/archive/holds", "GET,HEAD,POST"),
        (Method::DELETE, "/dicom-web/studies", "GET,HEAD,POST"),
    ] {
        let accept = [("accept", "application/json")];
        let page = browser.send(method, path, None, &accept).await;
        page.is(405);
        assert_eq!(page.headers["allow"], allowed, "{path}");
        let said: serde_json::Value = serde_json::from_str(&page.text).unwrap();
        assert!(said["error"].is_string(), "{path} {said}");
    }
}
