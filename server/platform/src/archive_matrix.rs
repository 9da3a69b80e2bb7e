//! Every route of the archive behind the platform, asked by everybody, as [`crate::matrix`] does for the pages. The answers
//! are written by hand from the rows of the requirements; a route without one fails.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::guard::tests::store;
use crate::matrix::routes;
use crate::permissions::{Kind, Permission as P};
use crate::test_site::{Browser, Page, Site};

/// Method, route with what it asks, body, the row of the requirements, the permissions that open it, and what is answered:
/// `s` sign in first (401), `.` not allowed (403), `0` not there (404), `+` anything else.
///
/// In order: anybody; somebody signed in without an organisation; a member without permissions; a member with the
/// permissions; a member of another organisation with it, about the first one's study; the system, the security and the audit
/// administrator of the platform.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [P],
    &'static str,
);

/// About a study of the first organisation.
const STUDY: &str = "ss.+0...";
/// Lists, and what is one's own: everybody's with the permission.
const OWN: &str = "ss.++...";
/// For machines alone.
const NOBODY: &str = "ss......";
/// What those see who keep the service running.
const WATCH: &str = "ss...+..";

/// Rows of an organisation, of which there are none here.
const NONE: &str = "ss.00...";

const VIEW: &[P] = &[P::StudiesView];
const EXPORT: &[P] = &[P::StudiesView, P::StudiesExport];
const SEND: &[P] = &[P::StudiesSend];
const CORRECT: &[P] = &[P::StudiesCorrect];
const SCHEDULE: &[P] = &[P::StudiesSchedule];
const ALL: &[P] = &[
    P::StudiesView,
    P::StudiesExport,
    P::StudiesSend,
    P::StudiesCorrect,
    P::StudiesSchedule,
];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GET", "/dicom-web/studies", "", "ACC-26", VIEW, OWN),
    ("GET", "/dicom-web/series", "", "ACC-26", VIEW, OWN),
    ("GET", "/dicom-web/instances", "", "ACC-26", VIEW, OWN),
    ("GET", "/dicom-web/studies/{study}/series", "", "ACC-26", VIEW, OWN),
    ("GET", "/dicom-web/studies/{study}/instances", "", "ACC-26", VIEW, OWN),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances", "", "ACC-26", VIEW, OWN),
    ("POST", "/dicom-web/studies", "x", "ACC-26", SEND, OWN),
    ("POST", "/dicom-web/studies/{study}", "x", "ACC-26", SEND, OWN),
    ("GET", "/dicom-web/studies/{study}", "", "ACC-35", EXPORT, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}", "", "ACC-35", EXPORT, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}", "", "ACC-35", EXPORT, STUDY),
    ("GET", "/dicom-web/studies/{study}/metadata", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/metadata", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/metadata", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/rendered", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/thumbnail", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/rendered", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/thumbnail", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/rendered", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/thumbnail", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered", "", "ACC-26", VIEW, STUDY),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail", "", "ACC-26", VIEW, STUDY),
    // The object here has no image.
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "", "ACC-26", VIEW, NONE),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances/{instance}/bulkdata/{*path}", "", "ACC-26", VIEW, NONE),
    ("GET", "/viewer/v1/series/{study}/{series}", "", "ACC-26", VIEW, NONE),
    ("GET", "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}&contentType=application/dicom", "", "ACC-35", EXPORT, STUDY),
    ("GET", "/archive/studies/{study}/zip", "", "ACC-35", EXPORT, STUDY),
    ("GET", "/archive/studies/{study}/iso", "", "ACC-35", EXPORT, STUDY),
    ("POST", "/upload", "", "ACC-26", SEND, OWN),
    ("PATCH", "/upload/{id}", "", "ACC-26", SEND, NONE),
    ("DELETE", "/upload/{id}", "", "ACC-26", SEND, NONE),
    ("POST", "/upload/{id}/finish", "", "ACC-26", SEND, NONE),
    ("POST", "/archive/convert", "x", "ACC-26", SEND, OWN),
    ("GET", "/archive/corrections", "", "ACC-26", CORRECT, OWN),
    ("GET", "/archive/merges", "", "ACC-26", CORRECT, OWN),
    ("GET", "/archive/conflicts", "", "ACC-26", CORRECT, OWN),
    ("GET", "/archive/rejections", "", "ACC-26", CORRECT, OWN),
    ("GET", "/archive/holds", "", "ACC-26", CORRECT, OWN),
    ("GET", "/archive/expired", "", "ACC-26", CORRECT, OWN),
    ("POST", "/archive/corrections", r#"{"scope":{"study":"{study}"},"changes":{"00081030":"x"},"reason":"r"}"#, "ACC-26", CORRECT, STUDY),
    ("POST", "/archive/merges", r#"{"from":{"id":"A"},"into":{"id":"B"},"reason":"r"}"#, "ACC-26", CORRECT, NONE),
    ("POST", "/archive/conflicts/{id}", r#""keep-first""#, "ACC-26", CORRECT, NONE),
    ("POST", "/archive/rejections", r#"{"study":"{study}","instances":["{instance}"],"reason":"113001"}"#, "ACC-26", CORRECT, STUDY),
    ("POST", "/archive/holds", r#"{"study":"{study}","reason":"r"}"#, "ACC-32", CORRECT, STUDY),
    ("POST", "/archive/removals", r#"{"study":"{study}"}"#, "ACC-32", CORRECT, STUDY),
    ("POST", "/archive/recalls", r#"{"study":"{study}"}"#, "ACC-26", CORRECT, STUDY),
    ("PUT", "/archive/visits/{study}", r#""out-patient""#, "ACC-26", CORRECT, STUDY),
    ("DELETE", "/archive/corrections/{id}", "", "ACC-26", CORRECT, NONE),
    ("DELETE", "/archive/merges/{id}", "", "ACC-26", CORRECT, NONE),
    ("DELETE", "/archive/rejections/{id}", "", "ACC-26", CORRECT, NONE),
    ("DELETE", "/archive/holds/{id}", "", "ACC-26", CORRECT, NONE),
    ("GET", "/archive/originals/{sop_uid}", "", "ACC-26", CORRECT, STUDY),
    ("GET", "/archive/originals/{sop_uid}/{hash}", "", "ACC-26", CORRECT, NONE),
    ("POST", "/archive/deliveries/{id}/retry", "", "ACC-26", CORRECT, NONE),
    ("POST", "/archive/deliveries/{id}/drop", r#"{"reason":"r"}"#, "ACC-26", CORRECT, NONE),
    ("GET", "/worklist", "", "ACC-26", SCHEDULE, OWN),
    ("POST", "/worklist", "x", "ACC-26", SCHEDULE, OWN),
    ("PUT", "/worklist/{step}/state", r#"{"state":"COMPLETED"}"#, "ACC-26", SCHEDULE, NONE),
    // Whatever of an organisation somebody holds: these are the system administrator's, and machines'.
    ("GET", "/archive/deliveries", "", "OPS-05", ALL, WATCH),
    ("GET", "/archive/deliveries/summary", "", "OPS-05", ALL, WATCH),
    ("GET", "/archive/damages", "", "OPS-05", ALL, WATCH),
    ("GET", "/archive/places/{study}", "", "OPS-05", ALL, "ss...0.."),
    ("GET", "/gateway/v1/hello", "", "ACC-31", ALL, NOBODY),
    ("GET", "/gateway/v1/objects/{hash}", "", "ACC-31", ALL, NOBODY),
    ("POST", "/gateway/v1/objects/{hash}", "", "ACC-31", ALL, NOBODY),
    ("PUT", "/gateway/v1/objects/{hash}/{offset}", "", "ACC-31", ALL, NOBODY),
];

fn answer(page: &Page) -> char {
    match page.status.as_u16() {
        401 => 's',
        403 => '.',
        404 => '0',
        500 => '!',
        _ => '+',
    }
}

async fn ask(browser: &Browser<'_>, (method, path, body): (&str, &str, &str)) -> char {
    let method: Method = method.parse().unwrap();
    let headers = [("sec-fetch-site", "same-origin"), ("accept", "*/*")];
    let body = (!body.is_empty()).then(|| (body.as_bytes().to_vec(), "application/json".to_owned()));
    answer(&browser.send_body(method, path, body, &headers).await)
}

fn filled(text: &str) -> String {
    text.replace("{study}", "2.25.11")
        .replace("{series}", "2.25.11.1")
        .replace("{instance}", "2.25.11.1.1")
        .replace("{sop_uid}", "2.25.11.1.1")
        .replace("{frames}", "1")
        .replace("{*path}", "7FE00010")
        .replace("{id}", "999")
        .replace("{step}", "none")
        .replace("{hash}", &"0".repeat(64))
        .replace("{offset}", "0")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_the_archive_answers_everybody_as_its_row_says() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let sender = site.member(here, &[P::StudiesSend]).await;
    store(&sender, "2.25.11", "2.25.11.1.1", "NM").await.is(200);
    let (newcomer, _) = site.account("新人").await;
    let anybody = site.browser();
    let newcomer = site.signed_in(newcomer, None).await;
    let plain = site.member(here, &[]).await;
    let officers = [
        site.officer("organisations").await,
        site.officer("accounts").await,
        site.officer("audit").await,
    ];
    let mut wrong = Vec::new();
    for (method, path, body, row, permissions, expected) in ROWS {
        let (holder, foreign) = (
            site.member(here, permissions).await,
            site.member(there, permissions).await,
        );
        let cast = [
            &anybody,
            &newcomer,
            &plain,
            &holder,
            &foreign,
            &officers[0],
            &officers[1],
            &officers[2],
        ];
        let (path, body) = (filled(path), filled(body));
        let mut found = ['?'; 8];
        // Whoever is refused asks first: what is allowed changes what is there.
        let mut order: Vec<usize> = (0..8).collect();
        order.sort_by_key(|place| expected.as_bytes()[*place] == b'+');
        for place in order {
            found[place] = ask(cast[place], (method, &path, &body)).await;
        }
        // Whoever holds everything else is not let in either.
        let others = ALL.iter().copied().filter(|one| Some(one) != permissions.last());
        if permissions.len() < ALL.len() {
            let other = site.member(here, &others.collect::<Vec<P>>()).await;
            let found = ask(&other, (method, &path, &body)).await;
            if found != '.' {
                wrong.push(format!(
                    "{row} {method} {path}: expected . without its permission, found {found}"
                ));
            }
        }
        let found: String = found.into_iter().collect();
        if found != *expected {
            wrong.push(format!(
                "{row} {method} {path}: expected {expected}, found {found}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_route_of_the_archive_has_a_row() {
    let site = Site::new().await;
    let routed = routes(site.archive_routes());
    let path = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
    let known: BTreeSet<(String, String)> = ROWS
        .iter()
        .map(|(method, address, ..)| ((*method).to_owned(), path(address)))
        .collect();
    let differing: Vec<_> = routed.symmetric_difference(&known).collect();
    assert!(
        differing.is_empty() && routed.len() > 40,
        "{differing:#?} of {}",
        routed.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_in_an_address_or_a_body_is_no_failure() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let cast = [
        site.member(here, ALL).await,
        site.officer("organisations").await,
        site.browser(),
    ];
    let with = |text: &str, nul: &str| {
        let names = [
            "study", "series", "instance", "sop_uid", "frames", "*path", "id", "step", "hash", "offset",
        ];
        names.iter().fold(text.to_owned(), |text, name| {
            text.replace(&format!("{{{name}}}"), nul)
        })
    };
    let headers = [("sec-fetch-site", "same-origin"), ("accept", "*/*")];
    let mut failed = Vec::new();
    for (method, path, body, ..) in ROWS {
        let query = if path.contains('?') { "&" } else { "?" };
        let addresses = [
            with(path, "%00"),
            format!(
                "{}{query}study=%00&PatientName=a%00b&state=%00&station=%00",
                filled(path)
            ),
        ];
        let body = with(body, "a\\u0000b").replace("\"r\"", "\"a\\u0000b\"");
        for (browser, path) in cast
            .iter()
            .flat_map(|browser| addresses.iter().map(move |path| (browser, path)))
        {
            let method: Method = method.parse().unwrap();
            let body = (!body.is_empty()).then(|| (body.as_bytes().to_vec(), "application/json".to_owned()));
            let page = browser.send_body(method.clone(), path, body, &headers).await;
            if page.status.is_server_error() && page.status.as_u16() != 501 {
                failed.push(format!("{method} {path}: {}", page.status));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
