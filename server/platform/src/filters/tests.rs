//! Filters are kept by name, for their person alone; addresses of other pages are none.

use super::{LISTS, MOST, plain};
use crate::matrix::routes;
use crate::permissions::{Kind, Permission};
use crate::test_site::Site;

#[test]
fn what_a_list_is_asked_for_has_one_form() {
    for (query, expected) in [
        ("q=%E7%8E%8B&state=active", Some("q=%E7%8E%8B&state=active")),
        ("state=&q=王&after=12", Some("q=%E7%8E%8B")),
        ("q=a%20b", Some("q=a+b")),
        ("", None),
        ("q=&state=", None),
        ("after=7", None),
        (&format!("q={}", "x".repeat(1000)), None),
        // Nothing of it leaves the query.
        ("q=%0d%0aSet-Cookie:x", Some("q=%0D%0ASet-Cookie%3Ax")),
        ("q=\"><script>", Some("q=%22%3E%3Cscript%3E")),
    ] {
        assert_eq!(plain(query).as_deref(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_filter_is_kept_used_changed_and_removed() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let chief = site.administrator(hospital).await;
    let other = site.member(hospital, &[Permission::Members]).await;
    assert!(!chief.get("/members").await.text.contains("class=\"filters\""));
    let asked = chief.get("/members?q=%E7%8E%8B&state=&after=0").await.text;
    assert!(asked.contains("保存此筛选"), "{asked}");
    let keep =
        |query: &'static str, name: &'static str| [("list", "/members"), ("query", query), ("filter", name)];
    chief
        .post("/filters", &keep("state=&q=王", "姓王的"))
        .await
        .leads_to("/members?q=%E7%8E%8B");
    let shown = chief.get("/members").await.text;
    assert!(
        shown.contains("href=\"/members?q=%E7%8E%8B\"") && shown.contains("姓王的"),
        "{shown}"
    );
    // Where it is in use there is nothing to keep.
    assert!(
        !chief
            .get("/members?q=%E7%8E%8B")
            .await
            .text
            .contains("保存此筛选")
    );
    // The name again: the filter changes.
    chief
        .post("/filters", &keep("state=ended", "姓王的"))
        .await
        .leads_to("/members?state=ended");
    let shown = chief.get("/members").await.text;
    assert!(
        shown.contains("/members?state=ended") && !shown.contains("/members?q="),
        "{shown}"
    );
    assert!(!chief.get("/devices").await.text.contains("姓王的"));
    assert!(!other.get("/members").await.text.contains("姓王的"));
    let (_, rest) = shown.split_once("action=\"/filters/").unwrap();
    let remove = format!("/filters/{}", rest.split_once('"').unwrap().0);
    other.post(&remove, &[]).await.is(404);
    chief.post(&remove, &[]).await.leads_to("/members");
    assert!(!chief.get("/members").await.text.contains("姓王的"));
    chief.post(&remove, &[]).await.is(404);
}

#[tokio::test]
async fn names_and_lists_are_looked_at() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let chief = site.administrator(hospital).await;
    let long = "长".repeat(31);
    for (name, sentence) in [
        ("", "请填写"),
        (long.as_str(), "30"),
        ("<script>alert(1)</script>", "只能"),
        ("=1+1", "只能"),
        ("a\u{202E}b", "字符"),
    ] {
        let fields = [("list", "/members"), ("query", "q=li"), ("filter", name)];
        let page = chief.post("/filters", &fields).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{name}: {}", page.text);
        assert!(
            page.text.contains("value=\"q=li\""),
            "{name}: what was asked for is lost"
        );
        assert!(!page.text.contains("<script>alert"), "{name}");
    }
    for list in [
        "/sign-out",
        "https://example.org",
        "//example.org",
        "/members/",
        "",
    ] {
        let fields = [("list", list), ("query", "q=li"), ("filter", "李")];
        chief.post("/filters", &fields).await.is(400);
    }
    let fields = [("list", "/members"), ("query", "after=3"), ("filter", "李")];
    chief.post("/filters", &fields).await.is(400);
    for number in 0..MOST {
        let name = format!("筛选{number}");
        let query = format!("q={number}");
        let fields = [
            ("list", "/members"),
            ("query", query.as_str()),
            ("filter", name.as_str()),
        ];
        chief.post("/filters", &fields).await.is(303);
    }
    let fields = [("list", "/members"), ("query", "q=x"), ("filter", "再来一个")];
    let page = chief.post("/filters", &fields).await;
    page.is(422);
    assert!(page.text.contains("20"), "{}", page.text);
}

#[tokio::test]
async fn every_list_is_a_page() {
    let site = Site::new().await;
    let routes = routes(&site.routes());
    for list in LISTS {
        assert!(routes.contains(&("GET".to_owned(), (*list).to_owned())), "{list}");
    }
}
