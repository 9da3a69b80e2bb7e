//! Programs of third parties against the whole site.

mod archive;
mod authorize;
mod library;
mod misuse;
mod pages;
mod programs;
mod rotation;
mod viewer;

use axum::http::Method;
use serde_json::Value;

use super::model::{Client, GrantType, scopes_of};
use super::store;
use crate::permissions::Permission as P;
use crate::secrets;
use crate::test_site::{Browser, Page, Site};

/// Where browsers are sent back to.
const BACK: &str = "https://app.example/back";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The address of a site in tests.
const SITE: &str = "http://uptake.example";
const SECRET: &str = "the-secret-of-the-program";

/// A program that is let in.
struct Program<'a> {
    site: &'a Site,
    id: i64,
    client_id: String,
    is_confidential: bool,
}

/// Lets a program in that may go every way to a token.
async fn program<'a>(site: &'a Site, organisation: i64, is_confidential: bool, scopes: &str) -> Program<'a> {
    let mut grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    if is_confidential {
        grant_types.push(GrantType::ClientCredentials);
    }
    let client = Client {
        id: 0,
        client_id: format!("upt-{}", secrets::token().unwrap()),
        organisation,
        name: "骨扫描助手".to_owned(),
        is_confidential,
        secret: is_confidential.then(|| secrets::kept(SECRET)),
        secret_at_ns: None,
        redirect_uris: vec![BACK.to_owned(), "http://127.0.0.1/back".to_owned()],
        grant_types,
        scopes: scopes_of(scopes).unwrap(),
        created_ns: site.now_ns(),
        disabled_ns: None,
    };
    let change = site.platform.writer().begin().await.unwrap();
    let id = store::add(&*change, &client).await.unwrap();
    change.commit().await.unwrap();
    Program {
        site,
        id,
        client_id: client.client_id,
        is_confidential,
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs.iter().filter(|(_, value)| *value != "-"));
    text.finish()
}

/// The value of a parameter of an address.
fn parameter(location: &str, name: &str) -> Option<String> {
    let query = location.split_once('?')?.1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.text).unwrap_or_else(|_| panic!("{} {}", page.status, page.text))
}

/// Tokens that were given.
#[derive(Debug, Clone)]
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(page: &Page) -> Self {
        page.is(200);
        let given = json(page);
        let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("access_token").is_empty(), "{given}");
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

impl Program<'_> {
    /// The parameters of a request, with some in the place of others; `-` leaves one out.
    fn query(&self, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", BACK),
            ("scope", "studies.view"),
            ("state", "st&te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more);
        encoded(&pairs)
    }

    async fn ask(&self, browser: &Browser<'_>, more: &[(&str, &str)]) -> Page {
        browser
            .get(&format!("/oauth/authorize?{}", self.query(more)))
            .await
    }

    /// Answers a page of consent as its form does.
    async fn answer(&self, browser: &Browser<'_>, page: &Page, answer: &str) -> Page {
        page.is(200);
        let fields = ["request", "uptake_came", "person"].map(|name| (name, unescaped(&page.value(name))));
        let mut fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        fields.push(("answer", answer));
        browser.post("/oauth/authorize", &fields).await
    }

    /// A code that a person lets the program have.
    async fn code(&self, browser: &Browser<'_>, more: &[(&str, &str)]) -> String {
        let mut page = self.ask(browser, more).await;
        if page.status.as_u16() == 200 {
            page = self.answer(browser, &page, "allow").await;
        }
        page.is(303);
        parameter(&page.location, "code").unwrap_or_else(|| panic!("{}", page.location))
    }

    /// Sends a form as the program, without a browser's cookies or words about where it comes from.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut fields = fields.to_vec();
        if !fields.iter().any(|(name, _)| *name == "client_id") {
            fields.push(("client_id", self.client_id.as_str()));
            if self.is_confidential {
                fields.push(("client_secret", SECRET));
            }
        }
        fields.retain(|(_, value)| *value != "-");
        self.site.browser().post_with(path, &fields, &[]).await
    }

    async fn redeem(&self, code: &str) -> Page {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        self.send("/oauth/token", &fields).await
    }

    async fn refresh(&self, token: &str) -> Page {
        self.send(
            "/oauth/token",
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
        .await
    }

    /// Tokens that a person lets the program have.
    async fn tokens(&self, browser: &Browser<'_>, scope: &str) -> Tokens {
        let code = self.code(browser, &[("scope", scope)]).await;
        Tokens::of(&self.redeem(&code).await)
    }

    /// A token of its own.
    async fn own(&self, scope: &str) -> Tokens {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        Tokens::of(&self.send("/oauth/token", &fields).await)
    }

    /// Whether a token holds, as the program is told.
    async fn holds(&self, token: &str) -> bool {
        let page = self.send("/oauth/introspect", &[("token", token)]).await;
        page.is(200);
        json(&page)["active"].as_bool().unwrap()
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// What a program is told that shows a token: the status, and the challenge.
async fn shown(site: &Site, path: &str, token: &str, accept: &str) -> (u16, String) {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("accept", accept)];
    let page = site.browser().send(Method::GET, path, None, &headers).await;
    let challenge = page.headers.get("www-authenticate");
    let challenge = challenge.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    (page.status.as_u16(), challenge)
}

const INVALID: &str = "Bearer error=\"invalid_token\"";
const INSUFFICIENT: &str = "Bearer error=\"insufficient_scope\"";

/// A person who may see and take away, and a study of theirs.
async fn doctor(site: &Site, organisation: i64, permissions: &[P]) -> (i64, i64) {
    let role = site.role(organisation, permissions).await;
    let (account, _) = site.account("张医生").await;
    site.join(account, organisation, role).await;
    (account, role)
}

async fn run(site: &Site, statement: &str) {
    let change = site.platform.writer().begin().await.unwrap();
    database::Sql::new(statement).run(&*change).await.unwrap();
    change.commit().await.unwrap();
}
