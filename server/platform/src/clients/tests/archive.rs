//! What tokens open of the archive, over DICOMweb and its own interfaces.

use super::*;
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::guard::tests::{DICOM, JSON, store};
use crate::permissions::Kind;

const QIDO: &str = "/dicom-web/studies";
const METADATA: &str = "/dicom-web/studies/1.2.3/metadata";
const WADO: &str = "/dicom-web/studies/1.2.3";
const ZIP: &str = "/archive/studies/1.2.3/zip";

/// A site with a study of the first of two organisations.
async fn site_with_a_study() -> (Site, i64, i64) {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let there = site.organisation(Kind::Hospital, "第二医院").await;
    let technician = site.member(here, &[P::StudiesView, P::StudiesSend]).await;
    store(&technician, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    store(&technician, "1.2.4", "1.2.4.1.1", "CT").await.is(200);
    (site, here, there)
}

/// The statuses of a search, of seeing a study, of taking it away over DICOMweb and as a zip.
async fn statuses(site: &Site, token: &str) -> [u16; 4] {
    [
        shown(site, QIDO, token, JSON).await.0,
        shown(site, METADATA, token, JSON).await.0,
        shown(site, WADO, token, DICOM).await.0,
        shown(site, ZIP, token, "*/*").await.0,
    ]
}

async fn found(site: &Site, token: &str) -> usize {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("accept", JSON)];
    let page = site.browser().send(Method::GET, QIDO, None, &headers).await;
    json(&page).as_array().unwrap().len()
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_say() {
    let (site, here, there) = site_with_a_study().await;
    let all = "studies.find studies.view studies.export studies.send studies.correct studies.schedule";
    let program = program(&site, here, true, all).await;
    for (scope, expected) in [
        ("-", [403, 403, 403, 403]),
        ("studies.find", [200, 403, 403, 403]),
        ("studies.view", [403, 200, 403, 403]),
        ("studies.export", [403, 403, 200, 200]),
        (
            "studies.send studies.correct studies.schedule",
            [403, 403, 403, 403],
        ),
        ("studies.find studies.view studies.export", [200, 200, 200, 200]),
    ] {
        let token = program.own(scope).await.access;
        assert_eq!(statuses(&site, &token).await, expected, "{scope}");
    }
    let token = program.own("studies.find").await.access;
    assert_eq!(found(&site, &token).await, 2);
    assert_eq!(
        shown(&site, METADATA, &token, JSON).await,
        (403, INSUFFICIENT.to_owned())
    );
    // A program of another organisation finds nothing, and what it asks for is not there.
    let foreign = super::program(&site, there, true, all).await;
    let token = foreign
        .own("studies.find studies.view studies.export")
        .await
        .access;
    assert_eq!(statuses(&site, &token).await, [200, 404, 404, 404]);
    assert_eq!(found(&site, &token).await, 0);
}

#[tokio::test]
async fn a_program_may_no_more_than_the_person_in_whose_name_it_asks() {
    let (site, here, _) = site_with_a_study().await;
    let scope = "studies.find studies.view studies.export";
    let program = program(&site, here, true, scope).await;
    let (account, role) = doctor(&site, here, &[P::StudiesView]).await;
    let browser = site.signed_in(account, Some(here)).await;
    let token = program.tokens(&browser, scope).await.access;
    // ACC-35: without the right to take away there is none for the program either.
    assert_eq!(statuses(&site, &token).await, [200, 200, 403, 403]);
    let set = async |column: &str, value: &str| {
        run(
            &site,
            &format!("UPDATE roles SET {column} = '{value}' WHERE id = {role}"),
        )
        .await;
    };
    set("permissions", "[\"studies-view\", \"studies-export\"]").await;
    assert_eq!(statuses(&site, &token).await, [200, 200, 200, 200]);
    // And the program no more than its token is for.
    let less = program.tokens(&browser, "studies.find").await.access;
    assert_eq!(statuses(&site, &less).await, [200, 403, 403, 403]);
    set("categories", "[\"CT\"]").await;
    assert_eq!(statuses(&site, &token).await, [200, 404, 404, 404]);
    assert_eq!(found(&site, &token).await, 1);
    set("categories", "[]").await;
    set("permissions", "[]").await;
    assert_eq!(statuses(&site, &token).await, [403, 403, 403, 403]);
    set("permissions", "[\"studies-view\"]").await;
    // The clock stands at Monday, 10:00.
    set("hours", "[{\"from\": 600, \"until\": 605}]").await;
    assert_eq!(shown(&site, QIDO, &token, JSON).await.0, 200);
    site.pass(5 * MINUTE_NS);
    assert_eq!(shown(&site, QIDO, &token, JSON).await.0, 403);
}

#[tokio::test]
async fn a_token_may_be_for_a_part_of_the_site_alone() {
    let (site, here, _) = site_with_a_study().await;
    let program = program(
        &site,
        here,
        true,
        "openid studies.find studies.view studies.export",
    )
    .await;
    let scope = "studies.find studies.view studies.export";
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("resource", "http://uptake.example/dicom-web"),
    ];
    let token = Tokens::of(&program.send("/oauth/token", &fields).await).access;
    assert_eq!(statuses(&site, &token).await, [200, 200, 200, 401]);
    let browser = site.member(here, &[P::StudiesView, P::StudiesExport]).await;
    let resource = ("resource", "http://uptake.example/archive");
    let code = program
        .code(&browser, &[("scope", "openid studies.export"), resource])
        .await;
    let token = Tokens::of(&program.redeem(&code).await).access;
    assert_eq!(statuses(&site, &token).await, [401, 401, 401, 200]);
    assert_eq!(shown(&site, "/oauth/userinfo", &token, JSON).await.0, 200);
    // Of a part no other is made.
    let code = program
        .code(&browser, &[("scope", "studies.find"), resource])
        .await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
        ("resource", SITE),
    ];
    assert_eq!(
        json(&program.send("/oauth/token", &fields).await)["error"],
        "invalid_target"
    );
}

#[tokio::test]
async fn the_journal_names_the_program_and_the_person() {
    let (site, here, _) = site_with_a_study().await;
    let program = program(&site, here, true, "studies.find studies.view studies.send").await;
    let (account, _) = doctor(&site, here, &[P::StudiesView, P::StudiesSend]).await;
    let browser = site.signed_in(account, Some(here)).await;
    let token = program.tokens(&browser, "studies.view").await.access;
    shown(&site, METADATA, &token, JSON).await;
    shown(&site, QIDO, &token, JSON).await;
    let both = format!("person:{account} client:{}", program.client_id);
    let reads = site.entries("study.read").await;
    assert_eq!(
        (reads[0].actor.as_str(), reads[0].organisation),
        (both.as_str(), Some(here))
    );
    assert_eq!(site.entries("access.refused").await[0].actor, both);
    let own = program.own("studies.view").await.access;
    shown(&site, METADATA, &own, JSON).await;
    let reads = site.entries("study.read").await;
    assert_eq!(reads[0].actor, format!("client:{}", program.client_id));
    // The person sees what was done in their name, and by what.
    let log = browser.get("/log").await;
    assert!(log.text.contains("张医生 · 骨扫描助手"), "{}", log.text);
}

#[tokio::test]
async fn whoever_shows_a_token_is_known_by_it_and_not_by_the_session_beside_it() {
    let (site, here, _) = site_with_a_study().await;
    let program = program(&site, here, true, "studies.find").await;
    let browser = site.member(here, &[P::StudiesView]).await;
    let token = program.tokens(&browser, "studies.find").await.access;
    let status = async |authorization: &str| {
        let headers = [("authorization", authorization), ("accept", JSON)];
        let headers = if authorization.is_empty() {
            &headers[1..]
        } else {
            &headers[..]
        };
        browser
            .send(Method::GET, METADATA, None, headers)
            .await
            .status
            .as_u16()
    };
    assert_eq!(status("").await, 200);
    assert_eq!(status(&format!("Bearer {token}")).await, 403);
    assert_eq!(status(&format!("bearer {token}x")).await, 401);
    site.pass(SECOND_NS);
    // What a proxy in front asks for is no token of ours.
    assert_eq!(status("Basic eDp5").await, 200);
}

#[tokio::test]
async fn tokens_of_the_file_go_on_working() {
    let (site, here, _) = site_with_a_study().await;
    let program = program(&site, here, true, "studies.find").await;
    let (token, entry) = pacs::access::new_token("viewer", &[pacs::access::Action::Find]).unwrap();
    let path = site.folder().join("tokens.toml");
    std::fs::write(path, entry).unwrap();
    let guard = site.guard().await;
    let context = pacs::access::Context::default().by("GET /dicom-web/studies");
    let holder = pacs::access::Authorize::bearer(&guard, &token, &context)
        .await
        .unwrap();
    assert_eq!(holder, Some(pacs::access::Principal::Token("viewer".to_owned())));
    let own = program.own("studies.find").await.access;
    let holder = pacs::access::Authorize::bearer(&guard, &own, &context)
        .await
        .unwrap();
    assert!(matches!(
        holder,
        Some(pacs::access::Principal::Client { person: None, .. })
    ));
}
