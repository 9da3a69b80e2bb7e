//! Asking a provider over HTTP: what is known when no answer comes.

use std::time::Duration;

use serde_json::Value;

use crate::jobs::Failure;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of an answer at most.
const MAX_BYTES: usize = 64 * 1024;

/// A client that follows nothing and waits for a while.
pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    // The first to come decides for the process; ring is the only provider that is linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent("uptake")
        .build()?)
}

/// Asks; an answer is JSON, whatever its status. Where no connection was made nothing was sent; all else that goes wrong
/// leaves it open. What the client says of errors names addresses and is not passed on.
pub(super) async fn ask(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
    let lost = || Failure::NoAnswer("no answer".to_owned());
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(Failure::Later("no connection".to_owned()));
        }
        Err(_) => return Err(lost()),
    };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| lost())? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(lost());
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| lost())
}

/// The host of an address with its port, as the Host header has it.
pub(super) fn host(url: &str) -> anyhow::Result<String> {
    let url = url::Url::parse(url)?;
    let host = url.host_str().unwrap_or_default();
    Ok(url
        .port()
        .map_or(host.to_owned(), |port| format!("{host}:{port}")))
}

/// Lower-case hexadecimal digits of the SHA-256 of bytes.
pub(super) fn hash(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    crate::secrets::hex(&sha2::Sha256::digest(bytes))
}
