//! What a search finds, taken away.

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use journal::Entry;
use serde_json::Value;

use super::{HOSTILE, of_every_kind, write};
use crate::clock::DAY_NS;
use crate::permissions::Kind;
use crate::test_site::Site;
use crate::trail::export::{self, Form, PAGE};
use crate::trail::pages::KINDS;

/// The cells of a table (RFC 4180).
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if is_quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(
        row.is_empty() && cell.is_empty() && !is_quoted,
        "the last line has no end"
    );
    rows
}

#[tokio::test]
async fn a_table_has_every_entry_and_no_formula() {
    let site = Site::new().await;
    let (account, _) = site.account("=张医生").await;
    write(&site, &of_every_kind(account, site.now_ns())).await;
    let auditor = site.officer("audit").await;
    let page = auditor.get("/platform/audit/csv").await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(
        page.headers["content-disposition"],
        "attachment; filename=\"uptake-audit.csv\""
    );
    assert!(page.bytes.starts_with(&[0xEF, 0xBB, 0xBF]));
    let rows = cells(&page.text);
    let all = site.count("SELECT COUNT(*) FROM journal").await;
    assert_eq!(rows.len() as i64, all + 1);
    for row in &rows {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        let is_formula = |cell: &String| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert!(!row.iter().any(is_formula), "{row:?}");
    }
    let column = |name: &str| rows[0].iter().position(|cell| cell.ends_with(name)).unwrap();
    // The name and the detail begin as formulas do.
    let named = rows.iter().filter(|row| row[column("姓名")] == "'=张医生");
    assert!(named.count() > 10);
    assert!(
        rows.iter()
            .any(|row| row[column("详情")] == format!("'{HOSTILE}"))
    );
    // Taking it away is the first line: the latest entry.
    assert_eq!(rows[1][column("类别代码")], "audit.exported");
    assert_eq!(rows[1][column("操作")], "导出审计日志");
}

#[tokio::test]
async fn only_what_was_searched_for_is_taken_away_and_the_journal_says_what_that_was() {
    let site = Site::new().await;
    let (account, _) = site.account("李医生").await;
    let read = |study: &str, at_ns| Entry {
        study_uid: Some(study.to_owned()),
        ..Entry::new("study.read", format!("person:{account}"), at_ns)
    };
    let now_ns = site.now_ns();
    write(
        &site,
        &[
            read("1.2.3", now_ns - 20 * DAY_NS),
            read("1.2.3", now_ns),
            read("1.2.4", now_ns),
            Entry::new("study.read", "dimse:CT1", now_ns),
        ],
    )
    .await;
    let auditor = site.officer("audit").await;
    for (query, expected) in [
        ("who=%E6%9D%8E%E5%8C%BB%E7%94%9F", 3),
        ("who=%E6%9D%8E%E5%8C%BB%E7%94%9F&study=1.2.3", 2),
        ("who=%E6%9D%8E%E5%8C%BB%E7%94%9F&study=1.2.3&days=6", 1),
        ("who=dimse%3ACT1", 1),
        ("who=nobody%20of%20this%20name", 0),
        // Where a list goes on is no part of it.
        ("who=%E6%9D%8E%E5%8C%BB%E7%94%9F&after=1", 3),
    ] {
        let page = auditor.get(&format!("/platform/audit/fhir?{query}")).await;
        page.is(200);
        assert_eq!(page.text.lines().count(), expected, "{query}");
    }
    let exported = site.entries("audit.exported").await;
    assert_eq!(exported.len(), 6);
    let (last, first) = (&exported[0], &exported[4]);
    assert_eq!(last.subject, Some(format!("person:{account}")));
    assert_eq!(first.study_uid.as_deref(), Some("1.2.3"));
    let detail: Value = serde_json::from_str(last.detail.as_deref().unwrap()).unwrap();
    assert_eq!(detail["form"], "fhir");
    // What was typed for a person and names none is not kept.
    assert!(
        exported
            .iter()
            .all(|entry| !format!("{entry:?}").contains("nobody"))
    );
    let days: Value = serde_json::from_str(exported[3].detail.as_deref().unwrap()).unwrap();
    assert_eq!(days["from_ns"], now_ns - 6 * DAY_NS);
}

#[tokio::test]
async fn patients_are_not_named_to_other_systems() {
    let site = Site::new().await;
    let (doctor, _) = site.account("赵医生").await;
    let (patient, _) = site.account("钱患者").await;
    let change = site.platform.writer().begin().await.unwrap();
    let mut sql = database::Sql::new("UPDATE people SET kind = 'patient' WHERE id = ");
    sql.bind(patient).run(&*change).await.unwrap();
    change.commit().await.unwrap();
    let entries = [doctor, patient].map(|id| Entry::new("session.began", format!("person:{id}"), 1));
    write(&site, &entries).await;
    let auditor = site.officer("audit").await;
    for form in ["csv", "dicom", "fhir"] {
        let page = auditor.get(&format!("/platform/audit/{form}")).await;
        assert!(
            page.text.contains("赵医生") && !page.text.contains("钱患者"),
            "{form}"
        );
    }
}

#[tokio::test]
async fn all_of_a_long_journal_comes_in_pieces_that_are_small() {
    let site = Site::new().await;
    let (account, _) = site.account("孙医生").await;
    let pages = 5;
    let times = (PAGE as usize * pages).div_ceil(KINDS.len());
    for _ in 0..times {
        write(&site, &of_every_kind(account, site.now_ns())).await;
    }
    let auditor = site.officer("audit").await;
    for form in [Form::Csv, Form::Dicom, Form::Fhir] {
        let visit = site.visit(&auditor).await;
        let response = export::take(visit, None, form).await.unwrap();
        let mut pieces = response.into_body().into_data_stream();
        let (mut sizes, mut whole) = (Vec::new(), Vec::new());
        while let Some(piece) = pieces.next().await {
            let piece = piece.unwrap();
            sizes.push(piece.len());
            whole.extend_from_slice(&piece);
        }
        assert!(sizes.len() > pages, "{form:?} {sizes:?}");
        assert!(sizes.iter().all(|size| *size < 2_500_000), "{form:?} {sizes:?}");
        let text = String::from_utf8(whole).unwrap();
        let ids: Vec<i64> = match form {
            Form::Csv => cells(&text)
                .iter()
                .skip(1)
                .map(|row| row[0].parse().unwrap())
                .collect(),
            Form::Dicom => text.lines().filter_map(id_of_message).collect(),
            Form::Fhir => text.lines().map(id_of_resource).collect(),
        };
        let all = site.count("SELECT COUNT(*) FROM journal").await;
        assert_eq!(ids.len() as i64, all, "{form:?}");
        assert!(ids.is_sorted_by(|a, b| a > b), "{form:?}");
    }
}

/// The number of the entry that a message tells of.
pub(super) fn id_of_message(line: &str) -> Option<i64> {
    let last = line.rsplit_once("<ParticipantObjectIdentification ParticipantObjectID=\"")?;
    last.1.split('"').next()?.parse().ok()
}

fn id_of_resource(line: &str) -> i64 {
    let resource: Value = serde_json::from_str(line).unwrap();
    resource["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_answer_that_fails_in_the_middle_has_no_end() {
    let site = Site::new().await;
    let (account, _) = site.account("周医生").await;
    for _ in 0..5 {
        write(&site, &of_every_kind(account, site.now_ns())).await;
    }
    let auditor = site.officer("audit").await;
    let visit = site.visit(&auditor).await;
    let response = export::take(visit, None, Form::Dicom).await.unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let change = site.platform.writer().begin().await.unwrap();
    let gone = database::Sql::new("ALTER TABLE journal RENAME TO journal_gone");
    gone.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    assert!(body.frame().await.unwrap().is_err());
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_page_of_the_search_leads_to_the_exports_of_the_same_search() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let auditor = site.officer("audit").await;
    let page = auditor.get("/platform/audit?q=&days=6&who=a%26b&study=1.2").await;
    for form in ["csv", "dicom", "fhir"] {
        let link =
            format!("/platform/audit/{form}?q=&amp;days=6&amp;from=&amp;until=&amp;who=a%26b&amp;study=1.2");
        assert!(page.text.contains(&link), "{form}: {}", page.text);
    }
    // Whoever is none of them takes nothing, and that is recorded.
    let member = site.administrator(here).await;
    member.get("/platform/audit/csv").await.is(403);
    assert_eq!(site.entries("audit.exported").await.len(), 0);
    assert_eq!(site.entries("access.refused").await.len(), 1);
}
