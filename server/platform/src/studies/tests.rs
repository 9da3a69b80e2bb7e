//! The list: what it finds for whom, how it goes on, what is opened together; and what is recorded of it.

use crate::guard::tests::store;
use crate::permissions::{Kind, Permission as P};
use crate::test_site::{Browser, Site};

/// UIDs of the studies that a list shows, in its order.
pub(crate) async fn listed(browser: &Browser<'_>, address: &str) -> Vec<String> {
    let page = browser.get(address).await;
    page.is(200);
    let links = page.text.split("href=\"/view/").skip(1);
    links
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_list_shows_what_there_is_for_whoever_asks_and_is_searched() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let sender = site.member(here, &[P::StudiesSend, P::StudiesView]).await;
    let others = site.member(there, &[P::StudiesSend, P::StudiesView]).await;
    store(&sender, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    store(&sender, "1.2.4", "1.2.4.1.1", "NM").await.is(200);
    store(&others, "1.2.5", "1.2.5.1.1", "NM").await.is(200);
    for (query, expected) in [
        ("", &["1.2.4", "1.2.3"][..]),
        ("q=test", &["1.2.4", "1.2.3"]),
        ("q=pat+te", &["1.2.4", "1.2.3"]),
        ("q=wang", &[]),
        ("modality=PT", &["1.2.3"]),
        ("id=P-", &["1.2.4", "1.2.3"]),
        ("id=P-2", &[]),
        ("accession=A", &[]),
        ("from=2026-11-30&to=2026-11-30", &["1.2.4", "1.2.3"]),
        ("from=2026-12-01", &[]),
        ("to=2026-11-29", &[]),
        ("body=CHEST", &[]),
    ] {
        let found = listed(&sender, &format!("/studies?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(listed(&others, "/studies").await, ["1.2.5"]);
    let shown = sender.get("/studies?modality=PT").await.text;
    assert!(
        shown.contains("TEST PATIENT") && shown.contains("2026-11-30"),
        "{shown}"
    );
    // Whoever sees published studies only is not told of publishing.
    assert!(!shown.contains("publishing") && !shown.contains("发布状态"));
    for query in ["from=yesterday", "after=x", "q=%00%00"] {
        let page = sender.get(&format!("/studies?{query}")).await;
        assert!(page.status.as_u16() < 500, "{query}: {}", page.status);
    }
    // What was asked for can be kept, and is in the way to the next page.
    let kept = [
        ("list", "/studies"),
        ("query", "modality=PT"),
        ("filter", "正电子"),
    ];
    sender
        .post("/filters", &kept)
        .await
        .leads_to("/studies?modality=PT");
    assert!(sender.get("/studies").await.text.contains("正电子"));
}

#[tokio::test]
async fn a_list_goes_on_page_by_page() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let sender = site.member(here, &[P::StudiesSend, P::StudiesView]).await;
    for number in 1..=52 {
        let study = format!("1.2.{number}");
        store(&sender, &study, &format!("{study}.1.1"), "PT")
            .await
            .is(200);
    }
    let first = listed(&sender, "/studies?q=test").await;
    assert_eq!((first.len(), first[0].as_str()), (50, "1.2.52"));
    let page = sender.get("/studies?q=test").await.text;
    let (_, rest) = page.split_once("rel=\"next\" href=\"").unwrap();
    let next = rest.split('"').next().unwrap().replace("&amp;", "&");
    assert!(next.starts_with("/studies?q=test&after="), "{next}");
    assert_eq!(listed(&sender, &next).await, ["1.2.2", "1.2.1"]);
    assert!(!sender.get(&next).await.text.contains("rel=\"next\""));
}

#[tokio::test]
async fn one_to_five_are_opened_together_and_a_sixth_is_refused() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let reader = site.member(here, &[P::StudiesView]).await;
    let open = |count: usize| {
        let chosen: Vec<String> = (1..=count).map(|number| format!("study=1.{number}")).collect();
        format!("/studies/open?{}", chosen.join("&"))
    };
    reader.get(&open(1)).await.leads_to("/view/1.1");
    reader
        .get(&open(5))
        .await
        .leads_to("/view/1.1?with=1.2&with=1.3&with=1.4&with=1.5");
    reader
        .get(&format!("{}&study=1.1", open(1)))
        .await
        .leads_to("/view/1.1");
    for (address, sentence) in [
        (open(6), "最多同时打开 5 个检查，您选了 6 个。"),
        (open(0), "最多 5 个。"),
    ] {
        let page = reader.get(&address).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{}", page.text);
    }
    reader.get("/studies/open?study=..%2Fmembers").await.is(400);
}

#[tokio::test]
async fn each_list_is_recorded_and_who_may_not_find_is_refused() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let reader = site.member(here, &[P::StudiesView]).await;
    let clerk = site.member(here, &[P::Members]).await;
    reader.get("/studies").await.is(200);
    reader.get("/studies?q=test").await.is(200);
    let found = site.entries("study.found").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].organisation, Some(here));
    let detail = found[0].detail.clone().unwrap();
    assert!(
        detail.contains("GET /studies") && !detail.contains("test"),
        "{detail}"
    );
    clerk.get("/studies").await.is(403);
    assert_eq!(site.entries("access.refused").await.len(), 1);
    // The way there stands where it leads somewhere.
    assert!(reader.get("/").await.text.contains("href=\"/studies\""));
    assert!(!clerk.get("/").await.text.contains("href=\"/studies\""));
}
