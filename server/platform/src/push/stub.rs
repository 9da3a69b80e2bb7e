//! A push service as browsers have one, for tests: it holds the site to what the standards say of its requests (RFC 8030, 8188,
//! 8291, 8292), and reads messages as the browsers would.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use super::encryption::decrypt;
use crate::clock::SECOND_NS;
use crate::secrets::random;

/// What a message meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Meets {
    /// It is taken.
    #[default]
    Taken,
    /// The service is busy for so many seconds.
    Busy(u32),
    /// It is taken, and the answer gets lost.
    Lost,
    /// It is answered with this status.
    Refused(u16),
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    pub(super) browser: usize,
    pub(super) content: Value,
    pub(super) topic: String,
    pub(super) ttl: String,
}

#[derive(Default)]
struct Kept {
    origin: String,
    now_s: i64,
    /// The key that browsers gave their addresses for.
    key: String,
    meets: Meets,
    asked: usize,
    browsers: Vec<(SecretKey, [u8; 16])>,
    taken: Vec<Taken>,
    wrong: Vec<String>,
}

#[derive(Clone, Default)]
pub(super) struct Stub(Arc<Mutex<Kept>>);

impl Stub {
    /// Starts it; gives its origin.
    pub(super) async fn start() -> (Self, String) {
        let stub = Self::default();
        let router = Router::new()
            .route("/send/{browser}", post(send))
            .with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        stub.0.lock().unwrap().origin.clone_from(&origin);
        (stub, origin)
    }

    /// Browsers give addresses for this key from now on.
    pub(super) fn is_given(&self, key: String) {
        self.0.lock().unwrap().key = key;
    }

    /// Its clock.
    pub(super) fn at(&self, now_ns: i64) {
        self.0.lock().unwrap().now_s = now_ns / SECOND_NS;
    }

    pub(super) fn meets(&self, meets: Meets) {
        self.0.lock().unwrap().meets = meets;
    }

    /// A new browser: what it gives a site.
    pub(super) fn browser(&self) -> [(&'static str, String); 3] {
        let secret = SecretKey::from_slice(&random::<32>().unwrap()).unwrap();
        let auth = random::<16>().unwrap();
        let public = URL_SAFE_NO_PAD.encode(secret.public_key().to_sec1_bytes());
        let mut kept = self.0.lock().unwrap();
        kept.browsers.push((secret, auth));
        let endpoint = format!("{}/send/{}", kept.origin, kept.browsers.len() - 1);
        [
            ("endpoint", endpoint),
            ("p256dh", public),
            ("auth", URL_SAFE_NO_PAD.encode(auth)),
        ]
    }

    pub(super) fn taken(&self) -> Vec<Taken> {
        self.0.lock().unwrap().taken.clone()
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }

    /// What was wrong with what it was asked.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.0.lock().unwrap().wrong.clone()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

/// What a site shows of itself (RFC 8292 2, 3).
fn check_token(kept: &Kept, authorization: &str) -> Option<()> {
    let (token, key) = authorization.strip_prefix("vapid t=")?.split_once(", k=")?;
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let json =
        |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    let (header, claims) = (json(header)?, json(claims)?);
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).ok()?);
    public
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?)
        .ok()?;
    let expires_s = claims["exp"].as_i64()?;
    let contact = claims["sub"].as_str()?;
    let is_right = key == kept.key
        && header["alg"] == "ES256"
        && header["typ"] == "JWT"
        && claims["aud"] == kept.origin.as_str()
        && (kept.now_s + 1..=kept.now_s + 24 * 3600).contains(&expires_s)
        && (contact.starts_with("mailto:") || contact.starts_with("https://"));
    is_right.then_some(())
}

/// Reads a message: what is wrong with it, else what it holds.
fn read(kept: &Kept, browser: usize, headers: &HeaderMap, body: &[u8]) -> Result<Taken, &'static str> {
    check_token(kept, text(headers, "authorization")).ok_or("authorization")?;
    let (ttl, topic) = (text(headers, "ttl"), text(headers, "topic"));
    if ttl.is_empty() || !ttl.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("ttl");
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if topic.len() > 32 || !topic.bytes().all(is_base64) {
        return Err("topic");
    }
    if !["very-low", "low", "normal", "high"].contains(&text(headers, "urgency")) {
        return Err("urgency");
    }
    if text(headers, "content-encoding") != "aes128gcm" || body.len() > 4096 {
        return Err("content");
    }
    let (secret, auth) = kept.browsers.get(browser).ok_or("browser")?;
    let content = decrypt(body, secret, auth).ok_or("encryption")?;
    Ok(Taken {
        browser,
        content: serde_json::from_slice(&content).map_err(|_| "json")?,
        topic: topic.to_owned(),
        ttl: ttl.to_owned(),
    })
}

async fn send(
    State(stub): State<Stub>,
    Path(browser): Path<usize>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut kept = stub.0.lock().unwrap();
    kept.asked += 1;
    let taken = match read(&kept, browser, &headers, &body) {
        Ok(taken) => taken,
        Err(wrong) => {
            kept.wrong.push(wrong.to_owned());
            return StatusCode::FORBIDDEN.into_response();
        }
    };
    match kept.meets {
        Meets::Busy(seconds) => {
            let headers = [("retry-after", seconds.to_string())];
            return (StatusCode::SERVICE_UNAVAILABLE, headers).into_response();
        }
        Meets::Refused(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Meets::Taken | Meets::Lost => {}
    }
    kept.taken.push(taken);
    match kept.meets {
        Meets::Lost => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::CREATED.into_response(),
    }
}
