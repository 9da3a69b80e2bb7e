//! Keys are replaced while tokens are checked.

use super::*;
use crate::clients::tidy;
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::guard::tests::JSON;
use crate::permissions::Kind;

/// The keys that are published, the one that signs first.
async fn published(site: &Site) -> Vec<String> {
    let page = site.browser().get("/oauth/jwks").await;
    page.is(200);
    assert_eq!(page.headers["cache-control"], "public, max-age=300");
    let keys = json(&page)["keys"].as_array().unwrap().clone();
    for key in &keys {
        assert_eq!(
            (key["kty"].as_str(), key["crv"].as_str(), key["alg"].as_str()),
            (Some("EC"), Some("P-256"), Some("ES256"))
        );
        assert!(key.get("d").is_none());
    }
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn kid(token: &str) -> String {
    use base64::Engine as _;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(
        (header["alg"].as_str(), header["typ"].as_str()),
        (Some("ES256"), Some("at+jwt"))
    );
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_until_its_tokens_are_over() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let holds = async |token: &str| shown(&site, "/dicom-web/studies", token, JSON).await.0 == 200;
    let first = published(&site).await;
    assert_eq!(first.len(), 1);
    let old = program.own("studies.find").await.access;
    assert_eq!(kid(&old), first[0]);
    let officer = site.officer("clients").await;
    officer
        .post("/platform/clients/keys", &[])
        .await
        .leads_to("/platform/clients");
    officer.post("/platform/clients/keys", &[]).await.is(409);
    // Published, and not signing yet: whoever keeps what is published for five minutes knows it in time.
    let both = published(&site).await;
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
    assert_eq!(kid(&program.own("studies.find").await.access), first[0]);
    site.pass(10 * MINUTE_NS - 1);
    let last = program.own("studies.find").await.access;
    assert_eq!(kid(&last), first[0]);
    site.pass(1);
    let new = program.own("studies.find").await.access;
    assert_eq!(kid(&new), both[1]);
    assert_eq!(published(&site).await, [both[1].clone(), both[0].clone()]);
    assert!(holds(&last).await && holds(&new).await && !holds(&old).await);
    site.pass(9 * MINUTE_NS);
    assert!(holds(&last).await && holds(&new).await);
    site.pass(11 * MINUTE_NS);
    assert_eq!(published(&site).await, [both[1].clone()]);
    assert_eq!(site.entries("client.key-made").await.len(), 2);
}

#[tokio::test]
async fn the_next_key_comes_by_itself_after_ninety_days() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let program = program(&site, here, true, "studies.find").await;
    let first = published(&site).await;
    site.pass(89 * DAY_NS - 1);
    tidy(&site.platform).await.unwrap();
    assert_eq!(published(&site).await.len(), 1);
    site.pass(1);
    for _ in 0..3 {
        tidy(&site.platform).await.unwrap();
    }
    let both = published(&site).await;
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
    site.pass(DAY_NS);
    let token = program.own("studies.find").await.access;
    assert_eq!(kid(&token), both[1]);
    site.pass(2 * DAY_NS);
    tidy(&site.platform).await.unwrap();
    assert_eq!(site.count("SELECT COUNT(*) FROM signing_keys").await, 1);
    assert_eq!(published(&site).await, [both[1].clone()]);
}

#[tokio::test]
async fn keys_are_not_read_from_the_database_alone() {
    let site = Site::new().await;
    published(&site).await;
    // PKCS#8 of a key on P-256 holds the number of the curve; what is kept does not.
    let row = database::Sql::new("SELECT secret FROM signing_keys")
        .one(site.platform.readers())
        .await;
    let secret: Vec<u8> = row.unwrap().unwrap().get(0).unwrap();
    let curve = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    assert!(secret.len() > 100 && !secret.windows(8).any(|window| window == curve));
}
