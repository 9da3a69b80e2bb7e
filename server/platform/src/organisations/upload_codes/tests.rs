//! A gateway delivers with a code until it is revoked.

use axum::http::Method;
use sha2::{Digest as _, Sha256};

use crate::guard::tests::object;
use crate::permissions::{Kind, Permission};
use crate::secrets;
use crate::test_site::{Browser, Site};

const HERE: &str = "/organisation/upload-codes";

/// Makes a code as its page does; gives its name and the code, which is shown this once.
async fn made(browser: &Browser<'_>, number: usize) -> (String, String) {
    let page = browser.post(HERE, &[]).await;
    page.is(200);
    let shown = page.text.split("<p class=\"once\"><code>").nth(1).unwrap();
    let code = shown.split('<').next().unwrap().to_owned();
    assert_eq!(code.len(), 14, "{code}");
    let names = page.text.split("/organisation/upload-codes/").skip(1);
    let names: Vec<&str> = names
        .filter_map(|rest| rest.split_once("/revoke").map(|(name, _)| name))
        .collect();
    let name = names
        .into_iter()
        .find(|name| name.ends_with(&format!("-{number}")));
    (name.unwrap().to_owned(), code)
}

/// What a gateway with a code is told: when it asks who it is, and when it delivers an object.
async fn deliver(site: &Site, code: &str, instance: &str) -> (u16, u16) {
    let gateway = site.browser();
    let shown = format!("Bearer {code}");
    let headers = [("authorization", shown.as_str()), ("accept", "application/json")];
    let hello = gateway
        .send(Method::GET, "/gateway/v1/hello", None, &headers)
        .await;
    let bytes = object("1.2.3", instance, "PT");
    let hash = secrets::hex(&Sha256::digest(&bytes));
    let size = bytes.len();
    let body = Some((bytes, "application/octet-stream".to_owned()));
    let path = format!("/gateway/v1/objects/{hash}/0");
    let piece = gateway.send_body(Method::PUT, &path, body, &headers).await;
    let path = format!("/gateway/v1/objects/{hash}?size={size}");
    let whole = gateway.send(Method::POST, &path, None, &headers).await;
    assert_eq!(piece.status, whole.status, "{} {}", piece.text, whole.text);
    (hello.status.as_u16(), whole.status.as_u16())
}

#[tokio::test]
async fn a_gateway_delivers_with_a_code_until_it_is_revoked() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let (name, code) = made(&browser, 1).await;
    assert_eq!(deliver(&site, &code, "1.2.3.1").await, (200, 200));
    // What it brought is the hospital's.
    let custodian = site.count("SELECT custodian FROM studies").await;
    assert_eq!(custodian, hospital);
    // Another code beside it, for a change without a gap.
    let (_, second) = made(&browser, 2).await;
    assert_ne!(code, second);
    let list = browser.get(HERE).await.text;
    assert!(list.contains(&code[..4]) && !list.contains(&code), "{list}");
    let revoke = format!("{HERE}/{name}/revoke");
    let asked = browser.get(&revoke).await;
    asked.is(200);
    assert!(asked.text.contains(&code[..4]));
    browser.post(&revoke, &[]).await.leads_to(HERE);
    assert_eq!(deliver(&site, &code, "1.2.3.2").await, (401, 401));
    assert_eq!(deliver(&site, &second, "1.2.3.2").await, (200, 200));
    browser.get(&revoke).await.is(404);
    browser.post(&revoke, &[]).await.is(404);
    for kind in ["upload-code.made", "upload-code.revoked"] {
        let entries = site.entries(kind).await;
        let last = entries.last().unwrap();
        assert_eq!(last.subject, Some(format!("organisation:{hospital}")), "{kind}");
        assert!(
            entries.iter().all(|one| !format!("{one:?}").contains(&code)),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_code_is_its_organisations_and_a_form_that_is_sent_twice_makes_one() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let other = site.organisation(Kind::Hospital, "第二医院").await;
    let team = site.organisation(Kind::Team, "诊断团队").await;
    let browser = site.administrator(hospital).await;
    let (name, code) = made(&browser, 1).await;
    let foreign = site.administrator(other).await;
    assert!(!foreign.get(HERE).await.text.contains(&name));
    foreign.get(&format!("{HERE}/{name}/revoke")).await.is(404);
    foreign.post(&format!("{HERE}/{name}/revoke"), &[]).await.is(404);
    assert_eq!(deliver(&site, &code, "1.2.3.1").await, (200, 200));
    let member = site.member(hospital, &[Permission::Devices]).await;
    member.post(HERE, &[]).await.is(403);
    site.administrator(team).await.get(HERE).await.is(409);
    let once = [("once", "0123456789abcdef")];
    browser.post(HERE, &once).await.is(200);
    browser.post(HERE, &once).await.leads_to(HERE);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM devices WHERE kind = 'code'")
            .await,
        2
    );
    // Text of a gateway's code is nowhere as it is.
    let plain = code.replace('-', "");
    let mut sql = database::Sql::new("SELECT COUNT(*) FROM devices WHERE secret = ");
    let row = sql
        .bind(plain)
        .one(site.platform.readers())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 0);
}
