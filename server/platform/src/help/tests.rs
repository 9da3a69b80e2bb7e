//! Every screen has its help, and help is what it says.

use std::collections::BTreeSet;

use super::text::{excerpt, rank, rendered, title};
use super::topics::{GUIDES, TOPICS};
use super::{screen, topic_of};
use crate::language::Language;
use crate::matrix::routes;
use crate::test_site::Site;

/// Routes that are asked with GET and show no page: pictures, files, streams, ways back from elsewhere.
const NO_SCREENS: [&str; 23] = [
    "/studies/open",
    "/service-worker.js",
    "/static/{version}/{name}",
    "/captcha/{token}",
    "/live",
    "/notifications/{id}",
    "/people/{id}/avatar",
    "/organisation/pictures/{picture}",
    "/profile/documents/{kind}",
    "/profile/signature/picture",
    "/profile/signature/after/{file}",
    "/platform/verification/{id}/documents/{kind}",
    "/dockings/{id}/signature/picture",
    "/dictionary/export",
    "/platform/dictionary/export",
    "/platform/audit/csv",
    "/platform/audit/dicom",
    "/platform/audit/fhir",
    "/platform/support/bundle",
    "/oauth/userinfo",
    "/oauth/jwks",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

#[tokio::test]
async fn every_screen_has_help_in_both_languages() {
    let site = Site::new().await;
    let shown: Vec<String> = routes(&site.routes())
        .into_iter()
        .filter(|(method, path)| method == "GET" && !NO_SCREENS.contains(&path.as_str()))
        .map(|(_, path)| path)
        .collect();
    let missing: Vec<_> = shown.iter().filter(|route| topic_of(route).is_none()).collect();
    assert!(missing.is_empty(), "no help for {missing:?}");
    assert!(shown.len() > 60);
    // What is of no screen any more is taken away.
    let screens: BTreeSet<String> = shown.iter().map(|route| screen(route)).collect();
    let left: Vec<_> = TOPICS
        .iter()
        .map(|topic| topic.id)
        .filter(|id| !GUIDES.contains(id) && !screens.contains(*id))
        .collect();
    assert!(left.is_empty(), "help for no screen: {left:?}");
    let known = routes(&site.routes());
    for route in NO_SCREENS {
        assert!(known.contains(&("GET".to_owned(), route.to_owned())), "{route}");
    }
}

#[test]
fn every_page_of_help_says_something_in_its_language() {
    let is_han = |c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c);
    let mut seen = BTreeSet::new();
    for topic in TOPICS {
        assert!(seen.insert(topic.id), "{} stands twice", topic.id);
        for language in Language::ALL {
            let text = topic.text(language);
            let id = format!("{} {}", language.tag(), topic.id);
            assert!(text.starts_with("# ") && !title(text).is_empty(), "{id}");
            let least = if language == Language::Chinese { 60 } else { 150 };
            assert!(
                text.chars().count() >= least,
                "{id}: {} characters",
                text.chars().count()
            );
            assert_eq!(text.chars().any(is_han), language == Language::Chinese, "{id}");
            assert!(!text.contains('<'), "{id}");
        }
    }
    for guide in GUIDES {
        assert!(TOPICS.iter().any(|topic| topic.id == guide), "{guide}");
    }
}

#[test]
fn links_in_help_lead_to_help() {
    for topic in TOPICS {
        for language in Language::ALL {
            for rest in topic.text(language).split("](").skip(1) {
                let target = rest.split(')').next().unwrap();
                let id = target
                    .strip_prefix("/help/")
                    .unwrap_or_else(|| panic!("{target}"));
                assert!(
                    TOPICS.iter().any(|topic| topic.id == id),
                    "{} leads to {id}",
                    topic.id
                );
            }
        }
    }
}

#[test]
fn html_in_markdown_is_text() {
    let page = rendered("# A\n\n<script>alert(1)</script>\n\nb <img src=x onerror=alert(1)> **c**\n\n[d](javascript:alert(1))").0;
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert!(
        page.contains("&lt;script&gt;") && page.contains("<strong>c</strong>"),
        "{page}"
    );
}

#[test]
fn a_search_finds_all_words_and_headings_first() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let text = "# Devices\n\nA device is registered.\n\nIts number is its own.";
    assert_eq!(rank(text, &words("device missing")), 0);
    assert!(rank(text, &words("devices")) > rank(text, &words("number")));
    assert_eq!(excerpt(text, &words("number")), "Its number is its own.");
    assert_eq!(excerpt(text, &words("nothing")), "A device is registered.");
}

#[tokio::test]
async fn a_page_leads_to_its_help_and_help_is_found_by_words() {
    let site = Site::new().await;
    let hospital = site
        .organisation(crate::permissions::Kind::Hospital, "第一医院")
        .await;
    let member = site.administrator(hospital).await;
    for (path, help) in [
        ("/devices", "/help/devices"),
        ("/", "/help/home"),
        ("/devices/new", "/help/devices-new"),
    ] {
        let page = member.get(path).await.text;
        assert!(page.contains(&format!("href=\"{help}\"")), "{path}");
    }
    let nobody = site.browser();
    assert!(
        nobody
            .get("/sign-in")
            .await
            .text
            .contains("href=\"/help/sign-in\"")
    );
    for path in [
        "/help",
        "/help/guide-doctor",
        "/help/sign-in",
        "/help/search?q=%E7%99%BB%E5%BD%95",
    ] {
        nobody.get(path).await.is(200);
    }
    let found = nobody
        .get("/help/search?q=%E4%B8%8A%E4%BC%A0%E7%A0%81")
        .await
        .text;
    assert!(found.contains("/help/organisation-upload-codes"), "{found}");
    let hostile = nobody
        .get("/help/search?q=%3Cscript%3Ealert(1)%3C/script%3E")
        .await;
    hostile.is(200);
    assert!(!hostile.text.contains("<script>alert"));
    nobody.get("/help/none").await.is(404);
}
