//! What is published, for whom and when: the rules, and every way to a study.

use axum::http::Method;
use pacs::index::Published;

use super::{Rule, State};
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::guard::tests::{JSON, store};
use crate::permissions::{Kind, Permission as P};
use crate::studies::tests::listed;
use crate::test_site::{Browser, Site};

const HOUR_NS: i64 = 60 * MINUTE_NS;

#[test]
fn a_state_is_what_was_decided_or_what_the_rule_says() {
    let after = Rule::After { hours: 2 };
    for (decision, is_published, rule, expected) in [
        (None, true, Rule::AtOnce, State::Published),
        (None, true, after, State::Published),
        (None, false, after, State::Waiting),
        (None, false, Rule::ByHand, State::Unpublished),
        (Some(Published::From(10)), true, Rule::ByHand, State::Published),
        (
            Some(Published::From(11)),
            false,
            Rule::AtOnce,
            State::Scheduled { at_ns: 11 },
        ),
        (Some(Published::Never), false, Rule::AtOnce, State::Withdrawn),
    ] {
        let state = State::of(decision, is_published, rule, 10);
        assert_eq!(state, expected, "{decision:?} {rule:?}");
    }
}

#[test]
fn a_rule_that_cannot_be_read_publishes_nothing() {
    for (word, hours, rule, after_ns) in [
        ("at-once", None, Rule::AtOnce, Some(0)),
        ("after", Some(2), Rule::After { hours: 2 }, Some(2 * HOUR_NS)),
        ("by-hand", None, Rule::ByHand, None),
        ("after", None, Rule::ByHand, None),
        ("after", Some(-1), Rule::ByHand, None),
        ("later", Some(1), Rule::ByHand, None),
    ] {
        assert_eq!(Rule::from_row(word, hours), rule, "{word}");
        assert_eq!(rule.publication(7).after_ns, after_ns, "{word}");
    }
}

/// A department with a study, and who works there.
struct Department<'a> {
    site: &'a Site,
    publisher: Browser<'a>,
    reader: Browser<'a>,
    clinician: Browser<'a>,
}

const STUDY: &str = "1.2.3";

impl<'a> Department<'a> {
    async fn new(site: &'a Site) -> Self {
        let here = site.organisation(Kind::Hospital, "第一医院").await;
        let sender = site.member(here, &[P::StudiesSend]).await;
        store(&sender, STUDY, "1.2.3.1.1", "PT").await.is(200);
        let publisher = [P::StudiesView, P::StudiesUnpublished, P::StudiesPublish];
        Self {
            site,
            publisher: site.member(here, &publisher).await,
            reader: site.member(here, &[P::StudiesView, P::StudiesUnpublished]).await,
            clinician: site.member(here, &[P::StudiesView, P::StudiesExport]).await,
        }
    }

    async fn decide(&self, act: &str, at: &str) {
        let fields = [("study", STUDY), ("act", act), ("at", at)];
        self.publisher
            .post("/publishing", &fields)
            .await
            .leads_to("/publishing");
    }

    async fn rule(&self, rule: &str, hours: &str) {
        let fields = [("rule", rule), ("hours", hours)];
        self.publisher
            .post("/publishing/rule", &fields)
            .await
            .leads_to("/publishing");
    }

    /// Whether the study is there for clinicians: all ways say the same, and it is there for the department on all.
    async fn is_shown(&self) -> bool {
        let of_reader = ways(&self.reader).await;
        assert!(of_reader.iter().all(|is_there| *is_there), "{of_reader:?}");
        let found = ways(&self.clinician).await;
        assert!(found.iter().all(|is_there| *is_there == found[0]), "{found:?}");
        found[0]
    }
}

/// Whether the study is there on each way to it.
async fn ways(browser: &Browser<'_>) -> Vec<bool> {
    let mut found = vec![listed(browser, "/studies").await == [STUDY]];
    for (path, accept) in [
        ("/dicom-web/studies", JSON),
        ("/dicom-web/series", JSON),
        ("/dicom-web/instances", JSON),
        ("/dicom-web/studies/1.2.3/series", JSON),
    ] {
        let page = browser.send(Method::GET, path, None, &[("accept", accept)]).await;
        assert!([200, 204].contains(&page.status.as_u16()), "{path}");
        found.push(page.text.contains(STUDY));
    }
    for (path, accept) in [
        ("/view/1.2.3", "text/html"),
        ("/dicom-web/studies/1.2.3/metadata", JSON),
        (
            "/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/metadata",
            JSON,
        ),
        ("/dicom-web/studies/1.2.3/rendered", "image/jpeg"),
        ("/archive/studies/1.2.3/zip", "*/*"),
        (
            "/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=1.2.3.1.1&contentType=application/dicom",
            "*/*",
        ),
    ] {
        let page = browser.send(Method::GET, path, None, &[("accept", accept)]).await;
        // Of those of the department not everybody may take it away, and nobody draws here.
        found.push(page.status.as_u16() != 404);
    }
    found
}

#[tokio::test]
async fn a_study_is_there_for_clinicians_when_it_is_published_and_on_every_way() {
    let site = Site::new().await;
    let department = Department::new(&site).await;
    // Whoever never says anything publishes at once.
    assert!(department.is_shown().await);
    department.rule("by-hand", "").await;
    assert!(!department.is_shown().await);
    department.decide("now", "").await;
    assert!(department.is_shown().await);
    // Withdrawn while somebody looks: the next thing that the viewer asks for is not there.
    department.decide("withdraw", "").await;
    assert!(!department.is_shown().await);
    department.rule("at-once", "").await;
    assert!(
        !department.is_shown().await,
        "what was withdrawn stays so whatever the rule"
    );
    department.decide("by-rule", "").await;
    assert!(department.is_shown().await);
    for (kind, count) in [
        ("study.published", 1),
        ("study.withdrawn", 1),
        ("study.publication-by-rule", 1),
        ("publishing.rule-changed", 2),
    ] {
        assert_eq!(site.entries(kind).await.len(), count, "{kind}");
    }
    let entry = site.entries("study.withdrawn").await.remove(0);
    assert_eq!(entry.study_uid.as_deref(), Some(STUDY));
}

#[tokio::test]
async fn a_scheduled_study_is_published_when_its_time_comes() {
    let site = Site::new().await;
    let department = Department::new(&site).await;
    // The clock stands at 10:00 of the site's time.
    department.decide("at", "2026-11-30T11:30").await;
    let states = department.publisher.get("/publishing").await.text;
    assert!(
        states.contains("定时发布") && states.contains("2026-11-30 11:30"),
        "{states}"
    );
    assert!(
        !department.is_shown().await,
        "the time holds under a rule that publishes at once too"
    );
    site.pass(90 * MINUTE_NS - SECOND_NS);
    assert!(!department.is_shown().await);
    site.pass(SECOND_NS);
    assert!(department.is_shown().await);
    let entry = site.entries("study.publication-scheduled").await.remove(0);
    assert_eq!(entry.detail.as_deref(), Some("{\"at\":\"2026-11-30 11:30\"}"));
}

#[tokio::test]
async fn a_rule_of_hours_counts_from_the_first_image() {
    let site = Site::new().await;
    // Images come by the machine's clock.
    site.pass(pacs::clock::now_ns() - site.now_ns());
    let department = Department::new(&site).await;
    department.rule("after", "2").await;
    assert!(!department.is_shown().await);
    let states = department.publisher.get("/publishing").await.text;
    assert!(
        states.contains("到时发布") && states.contains("2 小时后发布"),
        "{states}"
    );
    // Who does nothing for longer is signed out.
    for _ in 0..11 {
        site.pass(10 * MINUTE_NS);
        assert!(!department.is_shown().await);
    }
    // The image came a moment after the clock was set.
    site.pass(11 * MINUTE_NS);
    assert!(department.is_shown().await);
}

#[tokio::test]
async fn the_department_manages_by_lists_and_states() {
    let site = Site::new().await;
    let department = Department::new(&site).await;
    let publisher = &department.publisher;
    let state = async |word: &str| listed(publisher, &format!("/publishing?state={word}")).await;
    assert_eq!(state("published").await, [STUDY]);
    assert!(state("unpublished").await.is_empty());
    department.decide("withdraw", "").await;
    assert!(state("published").await.is_empty());
    assert_eq!(state("unpublished").await, [STUDY]);
    // The list of studies has the state and the buttons; who only sees has the state, who sees published ones neither.
    let list = publisher.get("/studies?modality=PT").await.text;
    assert!(
        list.contains("已撤回") && list.contains("formaction=\"/publishing?to=%2Fstudies%3Fmodality%3DPT\""),
        "{list}"
    );
    let seen = department.reader.get("/studies").await.text;
    assert!(seen.contains("已撤回") && !seen.contains("formaction"), "{seen}");
    let fields = [("study", STUDY), ("act", "now")];
    let answer = publisher
        .post("/publishing?to=%2Fstudies%3Fmodality%3DPT", &fields)
        .await;
    answer.leads_to("/studies?modality=PT");
    let elsewhere = publisher.post("/publishing?to=%2F%2Fexample.org", &fields).await;
    elsewhere.leads_to("/");
}

#[tokio::test]
async fn what_cannot_be_meant_is_said_and_others_decide_nothing() {
    let site = Site::new().await;
    let department = Department::new(&site).await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let others = [P::StudiesView, P::StudiesUnpublished, P::StudiesPublish];
    let others = site.member(there, &others).await;
    let publisher = &department.publisher;
    for (fields, status, sentence) in [
        (&[("act", "now")][..], 422, "请先勾选检查"),
        (&[("study", STUDY), ("act", "at"), ("at", "")], 422, "请填写此项"),
        (
            &[("study", STUDY), ("act", "at"), ("at", "2026-11-30T09:59")],
            422,
            "将来的时间",
        ),
        (
            &[("study", STUDY), ("act", "at"), ("at", "soon")],
            422,
            "value=\"soon\"",
        ),
        (&[("study", "x"), ("act", "now")], 400, ""),
        (&[("study", "1.2.99"), ("act", "now")], 404, ""),
    ] {
        let page = publisher.post("/publishing", fields).await;
        page.is(status);
        assert!(page.text.contains(sentence), "{fields:?}: {}", page.text);
    }
    let withdraw = [("study", STUDY), ("act", "withdraw")];
    others.post("/publishing", &withdraw).await.is(404);
    department.reader.post("/publishing", &withdraw).await.is(403);
    department.clinician.post("/publishing", &withdraw).await.is(403);
    for (fields, sentence) in [
        (&[("rule", "after"), ("hours", "")][..], "8760"),
        (&[("rule", "after"), ("hours", "8761")], "8760"),
        (&[("rule", "later")], "请从列表中选择"),
    ] {
        let page = publisher.post("/publishing/rule", fields).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{fields:?}: {}", page.text);
    }
    assert!(department.is_shown().await);
    assert!(department.site.entries("study.withdrawn").await.is_empty());
    // One rule is one organisation's.
    others
        .post("/publishing/rule", &[("rule", "by-hand")])
        .await
        .leads_to("/publishing");
    assert!(department.is_shown().await);
}
