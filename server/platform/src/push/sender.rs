//! Posts messages to the push services of browsers (RFC 8030). A service knows no keys under which a message is sent once; one
//! that waits there is replaced by another of its topic.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use database::Database;
use database::schema::Boxed;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::json;

use super::services::{self, PublicOnly};
use super::{GONE, Key, store};
use crate::clock::{DAY_NS, SECOND_NS};
use crate::jobs::Failure;
use crate::outbox::providers::{Letter, Provider};
use crate::secrets::{self, SiteKey};
use crate::settings::Push;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a service keeps a message for a browser that is not there: as long as it says anything.
const KEPT_S: i64 = DAY_NS / SECOND_NS;
/// What becomes of a message that its person wants no more.
pub(crate) const NOT_WANTED: &str = "not wanted";

/// Sends to browsers.
pub(crate) struct Sender {
    readers: Database,
    site_key: SiteKey,
    key: Arc<Key>,
    settings: Push,
    http: reqwest::Client,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} with {:?}", self.settings, self.key)
    }
}

impl Sender {
    /// For a site.
    ///
    /// # Errors
    ///
    /// Where no client can be made; a proxy whose address is none.
    pub(crate) fn new(
        readers: Database,
        site_key: SiteKey,
        key: Arc<Key>,
        settings: Push,
    ) -> anyhow::Result<Self> {
        // The first to come decides for the process; ring is the only provider that is linked.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent("uptake");
        let client = match &settings.proxy {
            // The proxy looks names up, and stands in the hospital's network itself.
            Some(proxy) => client.proxy(reqwest::Proxy::all(proxy)?),
            None => client.no_proxy().dns_resolver(PublicOnly),
        };
        Ok(Self {
            readers,
            site_key,
            key,
            settings,
            http: client.build()?,
        })
    }

    async fn post(&self, letter: &Letter, now_ns: i64) -> Result<String, Failure> {
        let never = |why: &str| Failure::Never(why.to_owned());
        let number: i64 = letter.to.parse().map_err(|_| never(GONE))?;
        let reached = store::one(&self.readers, number).await?;
        let reached = reached.ok_or_else(|| never(GONE))?;
        if !reached.is_wanted {
            return Err(never(NOT_WANTED));
        }
        let recipient = reached.open(&self.site_key)?;
        let url = services::admitted(&recipient.endpoint, &self.settings.services);
        let url = url.ok_or_else(|| never("push service"))?;
        let origin = url.origin().ascii_serialization();
        let contact = self.settings.contact.as_deref();
        // The key may name rows; its hash does not, and is a topic (RFC 8030 5.4).
        let topic = &secrets::kept(&letter.key)[..32];
        let request = self
            .http
            .post(url)
            .header("ttl", KEPT_S)
            .header("urgency", "normal")
            .header("topic", topic)
            .header("content-encoding", "aes128gcm")
            .header("content-type", "application/octet-stream")
            .header("authorization", self.key.authorization(&origin, contact, now_ns)?)
            .body(recipient.encrypt(content(letter).as_bytes())?);
        // What the client says of errors names the address and is not passed on.
        match request.send().await {
            Ok(answer) => read(answer.status().as_u16(), answer.headers(), now_ns).map(|()| topic.to_owned()),
            Err(error) if error.is_connect() || error.is_builder() => {
                Err(Failure::Later("no connection".to_owned()))
            }
            Err(_) => Err(Failure::NoAnswer("no answer".to_owned())),
        }
    }
}

/// What the service worker is given.
fn content(letter: &Letter) -> String {
    let said = |name: &str| letter.arguments[name].as_str().unwrap_or_default();
    let notice = said("notice");
    let content = json!({
        "title": letter.subject, "body": said("words"), "tag": format!("notice-{notice}"),
        "link": format!("/notifications/{notice}"), "page": said("page"),
    });
    content.to_string()
}

/// What an answer says (RFC 8030 5, 7.3, 8.4).
fn read(status: u16, headers: &HeaderMap, now_ns: i64) -> Result<(), Failure> {
    let why = format!("http.{status}");
    match status {
        200..=299 => Ok(()),
        404 | 410 => Err(Failure::Never(GONE.to_owned())),
        429 | 503 => Err(Failure::After {
            why,
            for_ns: retry_after_ns(headers, now_ns),
        }),
        500..=599 => Err(Failure::NoAnswer(why)),
        _ => Err(Failure::Never(why)),
    }
}

/// How long a service asks to wait (RFC 9110 10.2.3): some seconds, or until a time; a day at most.
fn retry_after_ns(headers: &HeaderMap, now_ns: i64) -> i64 {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let text = text.unwrap_or_default().trim();
    let seconds = text.parse::<i64>().ok().or_else(|| {
        let at = DateTime::parse_from_rfc2822(text).ok()?;
        Some(at.timestamp() - now_ns / SECOND_NS)
    });
    seconds.unwrap_or(0).clamp(0, KEPT_S) * SECOND_NS
}

impl Provider for Sender {
    fn name(&self) -> &'static str {
        "push"
    }

    fn takes(&self, template: &str) -> bool {
        template == "push"
    }

    fn send<'a>(&'a self, letter: &'a Letter, _: &'a str, now_ns: i64) -> Boxed<'a, Result<String, Failure>> {
        Box::pin(self.post(letter, now_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_site::MONDAY_NS;

    #[test]
    fn what_a_service_says_decides_what_becomes_of_a_message() {
        let never = |why: &str| Err(Failure::Never(why.to_owned()));
        let after = |status: u16, seconds: i64| {
            Err(Failure::After {
                why: format!("http.{status}"),
                for_ns: seconds * SECOND_NS,
            })
        };
        for (status, retry_after, expected) in [
            (200, "", Ok(())),
            (201, "", Ok(())),
            (202, "", Ok(())),
            (302, "", never("http.302")),
            (400, "", never("http.400")),
            (403, "", never("http.403")),
            (404, "", never("gone")),
            (410, "", never("gone")),
            (413, "", never("http.413")),
            (429, "30", after(429, 30)),
            (503, "120", after(503, 120)),
            (503, "", after(503, 0)),
            (503, "soon", after(503, 0)),
            (503, "-5", after(503, 0)),
            (503, "99999999999", after(503, KEPT_S)),
            (503, "Mon, 30 Nov 2026 02:02:00 GMT", after(503, 120)),
            (503, "Mon, 30 Nov 2026 01:00:00 GMT", after(503, 0)),
            (500, "", Err(Failure::NoAnswer("http.500".to_owned()))),
            (502, "", Err(Failure::NoAnswer("http.502".to_owned()))),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
            assert_eq!(
                read(status, &headers, MONDAY_NS),
                expected,
                "{status} {retry_after}"
            );
        }
    }
}
