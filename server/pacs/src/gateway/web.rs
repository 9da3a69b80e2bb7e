//! What our HTTP clients share: which addresses they accept, whom they trust, and what an answer means for a delivery.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Certificate, Client, ClientBuilder, RequestBuilder, Response, Url, redirect};
use tokio::sync::Notify;

use crate::delivery::Fate;

/// Bytes of a file of certificates or of a secret at most.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Why a node cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is none.
    #[error("expected an address that begins with https://, found {0:?}")]
    Address(String),
    /// Patients' data would leave this machine in the clear.
    #[error("plain http is for this machine only; use https to {0}")]
    Plain(String),
    /// Patients' data would leave the local network in the clear.
    #[error("plain http is for this machine and private addresses only; use https to {0}")]
    PlainOutside(String),
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of certificates cannot be used.
    #[error("cannot use the certificates in {path}: {words}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        words: String,
    },
    /// No client can be made, as where the system has no certificates.
    #[error("cannot make an HTTPS client: {0}")]
    Client(String),
}

/// Reads the address of a node: HTTPS, or plain HTTP to this machine.
///
/// # Errors
///
/// [`Error::Address`], [`Error::Plain`].
pub(crate) fn address(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| Error::Address(text.to_owned()))?;
    let Some(host) = url.host_str() else {
        return Err(Error::Address(text.to_owned()));
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        "http" => Err(Error::Plain(host.to_owned())),
        _ => Err(Error::Address(text.to_owned())),
    }
}

/// Reads the address of a node that may stand in the local network: HTTPS, or plain HTTP to a private address.
///
/// A name is taken too: [`local_client`] connects to it only where it has a private address.
///
/// # Errors
///
/// [`Error::Address`], [`Error::PlainOutside`].
pub(crate) fn local_address(text: &str) -> Result<Url, Error> {
    match address(text) {
        Err(Error::Plain(host)) => match host_address(&host) {
            Some(address) if !is_local(address) => Err(Error::PlainOutside(host)),
            _ => Url::parse(text).map_err(|_| Error::Address(text.to_owned())),
        },
        other => other,
    }
}

/// Whether an address is of this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    host == "localhost" || host_address(host).is_some_and(|address| address.is_loopback())
}

fn host_address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Whether an address is of this machine or of a private network (RFC 1918, RFC 4193, link-local).
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// Names that have private addresses; others are refused before anything is sent.
struct LocalNames;

impl Resolve for LocalNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            if found.iter().any(|address| !is_local(address.ip())) {
                return Err(Error::PlainOutside(host.to_owned()).into());
            }
            Ok(Box::new(found.into_iter()) as _)
        })
    }
}

/// An address below a node's.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let above = base.path().trim_end_matches('/');
    url.set_path(&format!("{above}/{path}"));
    url
}

/// How long a peer may take no more of a body, or owe an answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// Sends a request without a body, and waits `within` for the head of its answer.
///
/// # Errors
///
/// What went wrong, in words.
pub(crate) async fn answer(request: RequestBuilder, within: Duration) -> Result<Response, String> {
    let answer = tokio::time::timeout(within, request.send()).await;
    let answer = answer.map_err(|_| "no answer in time".to_owned())?;
    answer.map_err(|error| words(&error))
}

/// Sends a request with a body of `length` bytes, which may take as long as it goes on: a slow link is not a broken one. A
/// timeout of the client's own would count from the request's first byte.
///
/// # Errors
///
/// What went wrong, in words; no byte that was taken and no answer for `silence` too.
pub(crate) async fn answer_to(
    request: RequestBuilder,
    body: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    length: u64,
    silence: Duration,
) -> Result<Response, String> {
    let taken = Arc::new(Notify::new());
    let beat = Arc::clone(&taken);
    let body = body.inspect(move |_| beat.notify_one());
    let request = request
        .header(CONTENT_LENGTH, length)
        .body(Body::wrap_stream(body));
    let mut sending = std::pin::pin!(request.send());
    loop {
        tokio::select! {
            answer = &mut sending => return answer.map_err(|error| words(&error)),
            went_on = tokio::time::timeout(silence, taken.notified()) => {
                went_on.map_err(|_| "no answer in time".to_owned())?;
            }
        }
    }
}

/// A client that trusts the certificates of a PEM file, or the system's, and follows no redirects. It waits for ever:
/// [`answer`] and [`answer_to`] do not.
///
/// # Errors
///
/// [`Error::File`], [`Error::Certificates`], [`Error::Client`].
pub(crate) fn client(url: &Url, authority: Option<&Path>) -> Result<Client, Error> {
    let builder = builder(authority)?;
    let builder = if is_this_machine(url) {
        builder.no_proxy()
    } else {
        builder
    };
    builder.build().map_err(|error| Error::Client(words(&error)))
}

/// As [`client`], for an address of [`local_address`], and with a time in which an answer must come and go on.
///
/// # Errors
///
/// As [`client`].
pub(crate) fn local_client(url: &Url, authority: Option<&Path>, silence: Duration) -> Result<Client, Error> {
    let builder = builder(authority)?.read_timeout(silence);
    let builder = if url.scheme() == "http" {
        builder.no_proxy().dns_resolver(Arc::new(LocalNames))
    } else if is_this_machine(url) {
        builder.no_proxy()
    } else {
        builder.https_only(true)
    };
    builder.build().map_err(|error| Error::Client(words(&error)))
}

fn builder(authority: Option<&Path>) -> Result<ClientBuilder, Error> {
    // The first to come decides for the process; ring is the only provider that is linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .tcp_nodelay(true)
        // Pieces leave side by side: connections of their own do not wait for each other.
        .http1_only()
        .user_agent("uptake");
    let Some(path) = authority else {
        return Ok(builder);
    };
    let bad = |words: String| Error::Certificates {
        path: path.to_owned(),
        words,
    };
    let certificates = Certificate::from_pem_bundle(&read(path)?).map_err(|error| bad(error.to_string()))?;
    if certificates.is_empty() {
        return Err(bad("no certificate in it".to_owned()));
    }
    Ok(builder.tls_certs_only(certificates))
}

/// Reads a file that is small.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let io = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > MAX_FILE_BYTES {
        return Err(io(std::io::Error::other(format!(
            "expected at most {MAX_FILE_BYTES} bytes, found {size}"
        ))));
    }
    std::fs::read(path).map_err(io)
}

/// Reads a secret from its file.
pub(crate) fn secret(path: &Path) -> Result<String, Error> {
    let bytes = read(path)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// An error in one sentence: the innermost cause says most.
pub(crate) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The failed TLS handshake behind an error, where there was one.
pub(crate) fn tls_failure(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        // An I/O error that wraps another gives it only when asked.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// What a status means for the delivery that was sent.
///
/// Who is not let in now may be later, and another object would fare no better: the queue waits. What is wrong with the
/// object will be wrong the next time.
pub(crate) fn fate(status: u16) -> Fate {
    let words = match status {
        401 => "the key was refused (status 401)".to_owned(),
        403 => "the key may not deliver (status 403)".to_owned(),
        507 => "the destination is full (status 507)".to_owned(),
        status => format!("status {status}"),
    };
    match status {
        200..=299 => Fate::Delivered(None),
        401 | 403 | 404 | 405 | 407 | 408 | 409 | 425 | 429 => Fate::Later(words),
        400..=499 => Fate::Refused(words),
        _ => Fate::Later(words),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Sends 16 MB to a peer that reads a megabyte at a time, and stops reading after so many.
    async fn sent_slowly(stops_after: usize) -> Result<u16, String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 1 << 20];
            for _ in 0..stops_after {
                tokio::time::sleep(Duration::from_millis(200)).await;
                if stream.read_exact(&mut bytes).await.is_err() {
                    break;
                }
            }
            if stops_after < 16 {
                std::future::pending::<()>().await;
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
            let _ = stream.read_to_end(&mut bytes).await;
        });
        let url = address(&url).unwrap();
        let client = client(&url, None).unwrap();
        let parts = futures_util::stream::iter((0..256).map(|_| Ok(Bytes::from(vec![7; 64 << 10]))));
        let answer = answer_to(client.post(url), parts, 16 << 20, Duration::from_secs(2)).await;
        answer.map(|answer| answer.status().as_u16())
    }

    #[tokio::test]
    async fn a_slow_peer_is_waited_for_and_a_silent_one_is_not() {
        assert_eq!(sent_slowly(16).await, Ok(200));
        assert_eq!(sent_slowly(3).await, Err("no answer in time".to_owned()));
    }

    #[test]
    fn patients_data_leave_this_machine_only_over_tls() {
        for (text, expected) in [
            ("https://cloud.example/archive", ""),
            ("http://127.0.0.1:8080", ""),
            ("http://localhost/x", ""),
            ("http://[::1]:80", ""),
            (
                "http://cloud.example",
                "plain http is for this machine only; use https to cloud.example",
            ),
            (
                "http://localhost.example",
                "plain http is for this machine only; use https to localhost.example",
            ),
            (
                "ftp://cloud.example",
                "expected an address that begins with https://, found \"ftp://cloud.example\"",
            ),
            (
                "cloud.example",
                "expected an address that begins with https://, found \"cloud.example\"",
            ),
        ] {
            let found = address(text)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn plain_http_stays_in_the_local_network() {
        for (text, is_taken) in [
            ("http://10.1.2.3:9000", true),
            ("http://192.168.1.2", true),
            ("http://172.16.0.1", true),
            ("http://[fd00::1]:9000", true),
            ("http://store.hospital.example", true),
            ("https://8.8.8.8", true),
            ("http://8.8.8.8", false),
            ("http://172.32.0.1", false),
            ("http://[2001:db8::1]", false),
            ("http://[::ffff:8.8.8.8]", false),
            ("s3://10.1.2.3", false),
        ] {
            assert_eq!(local_address(text).is_ok(), is_taken, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_in_the_local_network_is_asked_again_when_it_is_looked_up() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        assert!(LocalNames.resolve(name("localhost")).await.is_ok());
        let outside = LocalNames.resolve(name("8.8.8.8")).await.err().unwrap();
        assert!(outside.to_string().contains("use https to 8.8.8.8"));
    }

    #[test]
    fn a_path_stands_below_a_path() {
        for base in ["https://cloud.example/a", "https://cloud.example/a/"] {
            let url = below(&Url::parse(base).unwrap(), "b/c");
            assert_eq!(url.as_str(), "https://cloud.example/a/b/c");
        }
    }
}
