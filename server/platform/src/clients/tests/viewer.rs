//! Tokens for looking at one study.

use super::*;
use crate::clients::viewer_token;
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::guard::tests::{DICOM, JSON, store};
use crate::permissions::Kind;
use crate::web::Visit;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const STUDY: &str = "http://uptake.example/dicom-web/studies/1.2.3";

async fn site_with_studies() -> (Site, i64) {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let technician = site.member(here, &[P::StudiesView, P::StudiesSend]).await;
    store(&technician, "1.2.3", "1.2.3.1.1", "PT").await.is(200);
    store(&technician, "1.2.4", "1.2.4.1.1", "CT").await.is(200);
    (site, here)
}

/// It sees one study, lists its series, and nothing else.
async fn sees_one_study(site: &Site, token: &str) {
    for (path, accept, status) in [
        ("/dicom-web/studies/1.2.3/metadata", JSON, 200),
        ("/dicom-web/studies/1.2.3/series", JSON, 200),
        ("/dicom-web/studies/1.2.4/metadata", JSON, 404),
        ("/dicom-web/studies/1.2.4", DICOM, 404),
        ("/archive/studies/1.2.4/zip", "*/*", 404),
        ("/dicom-web/studies/1.2.3.4/metadata", JSON, 404),
        // It does not search, and takes nothing away.
        ("/dicom-web/studies", JSON, 403),
        ("/dicom-web/series", JSON, 403),
        ("/dicom-web/studies/1.2.3", DICOM, 403),
        ("/archive/studies/1.2.3/zip", "*/*", 403),
        ("/archive/studies/1.2.3/iso", "*/*", 403),
        ("/worklist", JSON, 403),
        ("/oauth/userinfo", JSON, 403),
    ] {
        assert_eq!(shown(site, path, token, accept).await.0, status, "{path}");
    }
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("accept", JSON)];
    let series = site
        .browser()
        .send(Method::GET, "/dicom-web/studies/1.2.4/series", None, &headers)
        .await;
    assert_eq!(series.text, "[]");
}

impl Program<'_> {
    async fn exchange(&self, token: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", ACCESS_TOKEN),
            ("resource", STUDY),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        self.send("/oauth/token", &fields).await
    }
}

#[tokio::test]
async fn a_program_changes_its_token_for_one_of_a_single_study() {
    let (site, here) = site_with_studies().await;
    let program = program(
        &site,
        here,
        true,
        "studies.find studies.view studies.export offline_access",
    )
    .await;
    let (account, _) = doctor(&site, here, &[P::StudiesView, P::StudiesExport]).await;
    let browser = site.signed_in(account, Some(here)).await;
    let tokens = program
        .tokens(
            &browser,
            "studies.find studies.view studies.export offline_access",
        )
        .await;
    for token in [
        &tokens.access,
        &program
            .own("studies.find studies.view studies.export")
            .await
            .access,
    ] {
        let page = program.exchange(token, &[]).await;
        let given = json(&page);
        assert_eq!(given["scope"], "studies.find studies.view", "{given}");
        assert_eq!(
            (given["issued_token_type"].as_str(), given["expires_in"].as_i64()),
            (Some(ACCESS_TOKEN), Some(300))
        );
        assert!(given.get("refresh_token").is_none());
        sees_one_study(&site, &Tokens::of(&page).access).await;
    }
    let viewing = site.entries("client.viewing").await;
    assert_eq!(
        (viewing.len(), viewing[0].study_uid.as_deref()),
        (2, Some("1.2.3"))
    );
    // It ends with what it came of, and with its minutes.
    let seconds = Tokens::of(&program.exchange(&tokens.access, &[("expires_in", "60")]).await).access;
    let viewer = Tokens::of(&program.exchange(&tokens.access, &[("expires_in", "900")]).await).access;
    let path = "/dicom-web/studies/1.2.3/metadata";
    site.pass(60 * SECOND_NS);
    assert_eq!(shown(&site, path, &seconds, JSON).await.0, 401);
    assert_eq!(shown(&site, path, &viewer, JSON).await.0, 200);
    program
        .send("/oauth/revoke", &[("token", &tokens.refresh)])
        .await
        .is(200);
    assert_eq!(shown(&site, path, &viewer, JSON).await.0, 401);
}

#[tokio::test]
async fn a_viewers_token_is_not_widened() {
    let (site, here) = site_with_studies().await;
    let program = program(&site, here, true, "studies.find studies.view studies.export").await;
    let other = super::program(&site, here, true, "studies.view").await;
    let own = program
        .own("studies.find studies.view studies.export")
        .await
        .access;
    let viewer = Tokens::of(&program.exchange(&own, &[]).await).access;
    let refused = async |page: Page| {
        page.is(400);
        json(&page)["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refused(program.exchange(&viewer, &[]).await).await,
        "invalid_request"
    );
    assert_eq!(refused(other.exchange(&own, &[]).await).await, "invalid_request");
    let blind = program.own("studies.find studies.export").await.access;
    assert_eq!(
        refused(program.exchange(&blind, &[]).await).await,
        "invalid_scope"
    );
    for (more, error) in [
        (("scope", "studies.export"), "invalid_scope"),
        (("scope", "studies.view studies.send"), "invalid_scope"),
        (("resource", "http://uptake.example/dicom-web"), "invalid_target"),
        (
            ("resource", "http://uptake.example/dicom-web/studies/"),
            "invalid_target",
        ),
        (
            (
                "resource",
                "http://uptake.example/dicom-web/studies/1.2.3/series/1.2",
            ),
            "invalid_target",
        ),
        (
            ("resource", "http://uptake.example/dicom-web/studies/../1.2"),
            "invalid_target",
        ),
        (
            ("resource", "https://other.example/dicom-web/studies/1.2.3"),
            "invalid_target",
        ),
        (("resource", "-"), "invalid_request"),
        (("expires_in", "901"), "invalid_request"),
        (("expires_in", "0"), "invalid_request"),
        (("expires_in", "-60"), "invalid_request"),
        (
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            "invalid_request",
        ),
        (
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:refresh_token",
            ),
            "invalid_request",
        ),
        (("actor_token", "x"), "invalid_request"),
        (("subject_token", "made-up"), "invalid_request"),
    ] {
        assert_eq!(
            refused(program.exchange(&own, &[more]).await).await,
            error,
            "{more:?}"
        );
    }
    let narrow = program.exchange(&own, &[("scope", "studies.view")]).await;
    assert_eq!(json(&narrow)["scope"], "studies.view");
}

#[tokio::test]
async fn a_page_of_this_site_gets_a_token_that_ends_with_the_session() {
    let (site, here) = site_with_studies().await;
    let (account, role) = doctor(&site, here, &[P::StudiesView, P::StudiesExport]).await;
    let browser = site.signed_in(account, Some(here)).await;
    let visit: Visit = site.visit(&browser).await;
    let viewing = viewer_token(&visit, "1.2.3", 15).await.unwrap();
    assert_eq!(viewing.expires_ns, site.now_ns() + 15 * MINUTE_NS);
    sees_one_study(&site, &viewing.token).await;
    for (uid, minutes) in [
        ("1.2.3", 16),
        ("1.2.3", 0),
        ("1.2.3", i64::MAX),
        ("", 5),
        ("1.2.x", 5),
        ("1.02", 5),
        ("%", 5),
    ] {
        assert!(
            viewer_token(&visit, uid, minutes).await.is_err(),
            "{uid} {minutes}"
        );
    }
    let path = "/dicom-web/studies/1.2.3/metadata";
    let status = async || shown(&site, path, &viewing.token, JSON).await.0;
    run(
        &site,
        &format!("UPDATE roles SET permissions = '[]' WHERE id = {role}"),
    )
    .await;
    assert_eq!(status().await, 403);
    run(
        &site,
        &format!("UPDATE roles SET permissions = '[\"studies-view\"]' WHERE id = {role}"),
    )
    .await;
    assert_eq!(status().await, 200);
    // ACC-18: signing out ends it.
    let second = viewer_token(&visit, "1.2.3", 5).await.unwrap();
    assert_eq!(site.count("SELECT COUNT(*) FROM client_grants").await, 1);
    browser.post("/sign-out", &[]).await;
    assert_eq!(status().await, 401);
    assert_eq!(shown(&site, path, &second.token, JSON).await.0, 401);
    let entries = site.entries("client.viewing").await;
    assert_eq!(entries[0].actor, format!("person:{account}"));
}
