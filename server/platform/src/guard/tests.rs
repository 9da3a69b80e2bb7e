//! The archive behind the platform, asked over DICOMweb by people who are signed in.

use axum::http::Method;

use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::permissions::{Kind, Permission as P};
use crate::test_site::{Browser, Page, Site};

/// A data set of Explicit VR Little Endian, as a Part 10 file.
pub(crate) fn object(study: &str, instance: &str, modality: &str) -> Vec<u8> {
    let element = |group: u16, number: u16, vr: &str, value: &str| {
        let mut value = value.as_bytes().to_vec();
        if !value.len().is_multiple_of(2) {
            value.push(if vr == "UI" { 0 } else { b' ' });
        }
        let length = u16::try_from(value.len()).unwrap();
        [
            &group.to_le_bytes()[..],
            &number.to_le_bytes(),
            vr.as_bytes(),
            &length.to_le_bytes(),
            &value,
        ]
        .concat()
    };
    const CLASS: &str = "1.2.840.10008.5.1.4.1.1.7";
    let meta = [
        element(2, 2, "UI", CLASS),
        element(2, 3, "UI", instance),
        element(2, 0x10, "UI", "1.2.840.10008.1.2.1"),
        element(2, 0x12, "UI", "2.25.1"),
    ]
    .concat();
    let length = u32::try_from(meta.len()).unwrap();
    let group = [
        &[2, 0, 0, 0][..],
        b"UL",
        &4_u16.to_le_bytes(),
        &length.to_le_bytes(),
    ]
    .concat();
    let data = [
        element(8, 0x16, "UI", CLASS),
        element(8, 0x18, "UI", instance),
        element(8, 0x20, "DA", "20261130"),
        element(8, 0x60, "CS", modality),
        element(0x10, 0x10, "PN", "TEST^PATIENT"),
        element(0x10, 0x20, "LO", "P-1"),
        element(0x20, 0xD, "UI", study),
        element(0x20, 0xE, "UI", &format!("{study}.1")),
        element(0x20, 0x13, "IS", "1"),
    ]
    .concat();
    [&[0; 128][..], b"DICM", &group, &meta, &data].concat()
}

pub(crate) async fn store(browser: &Browser<'_>, study: &str, instance: &str, modality: &str) -> Page {
    let body = [
        b"--b\r\nContent-Type: application/dicom\r\n\r\n".as_slice(),
        &object(study, instance, modality),
        b"\r\n--b--\r\n",
    ]
    .concat();
    let media_type = "multipart/related; type=\"application/dicom\"; boundary=b".to_owned();
    let headers = [("sec-fetch-site", "same-origin"), ("accept", JSON)];
    browser
        .send_body(
            Method::POST,
            "/dicom-web/studies",
            Some((body, media_type)),
            &headers,
        )
        .await
}

async fn get(browser: &Browser<'_>, path: &str, accept: &str) -> u16 {
    browser
        .send(Method::GET, path, None, &[("accept", accept)])
        .await
        .status
        .as_u16()
}

async fn found(browser: &Browser<'_>) -> usize {
    let page = browser
        .send(
            Method::GET,
            "/dicom-web/studies",
            None,
            &[("accept", "application/dicom+json")],
        )
        .await;
    page.is(200);
    serde_json::from_str::<Vec<serde_json::Value>>(&page.text)
        .unwrap()
        .len()
}

pub(crate) const DICOM: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
pub(crate) const JSON: &str = "application/dicom+json";

#[tokio::test]
async fn people_work_with_studies_of_the_active_organisation_within_what_their_role_holds() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let technician = site.member(here, &[P::StudiesView, P::StudiesSend]).await;
    let viewer = site.member(here, &[P::StudiesView]).await;
    let exporter = site.member(here, &[P::StudiesView, P::StudiesExport]).await;
    let nobody = site.member(here, &[]).await;
    let others = site
        .member(there, &[P::StudiesView, P::StudiesExport, P::StudiesSend])
        .await;

    store(&viewer, "1.2.3", "1.2.3.1.1", "PT").await.is(403);
    store(&technician, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    // The study is the first sender's: another organisation adds nothing to it.
    assert_eq!(
        store(&others, "1.2.3", "1.2.3.1.2", "PT").await.status.as_u16(),
        409
    );
    for (browser, studies) in [(&technician, 1), (&viewer, 1), (&exporter, 1), (&others, 0)] {
        assert_eq!(found(browser).await, studies);
    }
    assert_eq!(get(&nobody, "/dicom-web/studies", JSON).await, 403);
    assert_eq!(get(&site.browser(), "/dicom-web/studies", JSON).await, 401);

    let metadata = "/dicom-web/studies/1.2.3/metadata";
    let zip = "/archive/studies/1.2.3/zip";
    for (browser, look, take) in [
        (&viewer, 200, 403),
        (&exporter, 200, 200),
        (&nobody, 403, 403),
        (&others, 404, 404),
    ] {
        assert_eq!(get(browser, metadata, JSON).await, look);
        // ACC-35: the right to take away holds on DICOMweb and on downloads alike.
        assert_eq!(get(browser, "/dicom-web/studies/1.2.3", DICOM).await, take);
        assert_eq!(get(browser, zip, "*/*").await, take);
    }
}

#[tokio::test]
async fn a_role_of_some_categories_sees_studies_of_these_and_its_hours_hold_here_too() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let technician = site.member(here, &[P::StudiesView, P::StudiesSend]).await;
    store(&technician, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    store(&technician, "1.2.4", "1.2.4.1.1", "CT").await.is(200);
    let viewer = site.member(here, &[P::StudiesView]).await;
    assert_eq!(found(&viewer).await, 2);
    let role = site.count("SELECT MAX(role) FROM memberships").await;
    let set = async |column: &str, value: &str| {
        let change = site.platform.writer().begin().await.unwrap();
        let mut sql = database::Sql::new(format!("UPDATE roles SET {column} = "));
        sql.bind(value).push(" WHERE id = ").bind(role);
        sql.run(&*change).await.unwrap();
        change.commit().await.unwrap();
    };
    set("categories", "[\"CT\", \"NM\"]").await;
    assert_eq!(found(&viewer).await, 1);
    assert_eq!(get(&viewer, "/dicom-web/studies/1.2.3/metadata", JSON).await, 404);
    assert_eq!(get(&viewer, "/dicom-web/studies/1.2.4/metadata", JSON).await, 200);
    // The clock stands at Monday, 10:00.
    set("hours", "[{\"from\": 600, \"until\": 660}]").await;
    assert_eq!(found(&viewer).await, 1);
    site.pass(60 * MINUTE_NS);
    assert_eq!(get(&viewer, "/dicom-web/studies", JSON).await, 403);
}

#[tokio::test]
async fn every_look_is_in_the_journal_before_its_answer_and_many_at_one_study_are_one() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let technician = site.member(here, &[P::StudiesView, P::StudiesSend]).await;
    store(&technician, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    let viewer = site.member(here, &[P::StudiesView]).await;
    let account = site.count("SELECT MAX(person) FROM memberships").await;
    for _ in 0..5 {
        get(&viewer, "/dicom-web/studies/1.2.3/metadata", JSON).await;
    }
    let reads = site.entries("study.read").await;
    assert_eq!(reads.len(), 1);
    assert_eq!(reads[0].actor, format!("person:{account}"));
    assert_eq!(reads[0].study_uid.as_deref(), Some("1.2.3"));
    assert_eq!(reads[0].organisation, Some(here));
    assert_eq!(reads[0].address.as_deref(), Some("10.0.0.5"));
    assert!(
        reads[0]
            .request
            .as_ref()
            .is_some_and(|request| request.len() == 16)
    );
    site.pass(15 * MINUTE_NS + SECOND_NS);
    get(&viewer, "/dicom-web/studies/1.2.3/metadata", JSON).await;
    assert_eq!(site.entries("study.read").await.len(), 2);
    // A search is one each; what is refused is recorded too.
    found(&viewer).await;
    found(&viewer).await;
    assert_eq!(site.entries("study.found").await.len(), 2);
    get(&viewer, "/archive/studies/1.2.3/zip", "*/*").await;
    assert_eq!(site.entries("access.refused").await.len(), 1);
    // What arrived is an entry of the organisation's.
    let stored = site.entries("stored").await;
    assert_eq!((stored.len(), stored[0].organisation), (1, Some(here)));
    let report = journal::verify::verify(site.platform.readers(), &[])
        .await
        .unwrap();
    assert_eq!(report.findings, []);
    // No patient's name or number stands in it.
    let named = "SELECT COUNT(*) FROM journal WHERE detail LIKE '%PATIENT%' OR detail LIKE '%P-1%' OR subject LIKE '%P-1%'";
    assert_eq!(site.count(named).await, 0);
}

#[tokio::test]
async fn a_session_that_lacks_a_second_factor_is_nobody_to_the_archive_from_outside() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let viewer = site.member(here, &[P::StudiesView]).await;
    assert_eq!(found(&viewer).await, 0);
    let change = site.platform.writer().begin().await.unwrap();
    database::Sql::new("UPDATE sessions SET second_factor_ns = NULL")
        .run(&*change)
        .await
        .unwrap();
    change.commit().await.unwrap();
    assert_eq!(found(&viewer).await, 0);
    let outside = site.browser_at("8.8.8.8");
    *outside.cookies.lock().unwrap() = viewer.cookies.lock().unwrap().clone();
    assert_eq!(get(&outside, "/dicom-web/studies", JSON).await, 401);
}
