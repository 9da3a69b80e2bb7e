//! Servers that are not Uptake's own: asked over the network whether they answer.

use tokio::net::TcpStream;

use super::machine::{PATIENCE, timed_ms};

/// Characters of an address at most.
pub(super) const LONGEST: usize = 200;

/// Asks over HTTP without following where it leads.
pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    // The first to come decides for the process; ring is the only provider that is linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent("uptake")
        .build()?)
}

/// Whether an address can be asked: `https://host/path`, or `host:port`.
pub(super) fn is_address(text: &str) -> bool {
    if text.starts_with("http://") || text.starts_with("https://") {
        let url = url::Url::parse(text).ok();
        return url
            .is_some_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none());
    }
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
        !host.is_empty() && host.chars().all(is_host) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// Milliseconds until a server answers well; none where it does not.
pub(super) async fn ask(http: &reqwest::Client, address: &str) -> Option<f64> {
    if address.starts_with("http://") || address.starts_with("https://") {
        let answer = async { http.get(address).send().await?.error_for_status().map(|_| ()) };
        return timed_ms(answer).await;
    }
    timed_ms(TcpStream::connect(address)).await
}
