//! Connections within bounds: how many, and how long each may wait.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderValue, Request, Uri, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceBuilder;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// What connections may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address; of this machine and of a proxy on it, as many as there are.
    pub connections_of_address: usize,
    /// For the head of a request, from its first byte to its last, and for a TLS handshake.
    pub head: Duration,
    /// For more of a request's body, and for the peer to take more of an answer. How long an answer takes to make, and all of it
    /// to leave, is not limited.
    pub silence: Duration,
    /// After the shutdown began, for requests under way.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2048,
            connections_of_address: 256,
            head: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(20),
        }
    }
}

/// Where a request comes from, among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Answers requests until `shutdown` is ready, then lets those under way end.
///
/// With `tls` only HTTPS is spoken.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let (ending, end) = watch::channel(());
    let open = Arc::new(Open::new(&limits));
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors: others have to end first.
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // One too many is closed at once: it costs nobody else anything.
        let Some(place) = open.take(address.ip()) else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.silence));
        let (router, tls, limits) = (router.clone(), tls.clone(), limits.clone());
        let end = end.clone();
        tokio::spawn(async move {
            let _place = place;
            let stream = Box::pin(stream);
            match tls {
                None => connection(stream, address, router, (&limits, false), end).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(limits.head, tls.accept(stream)).await {
                        connection(stream, address, router, (&limits, true), end).await;
                    }
                }
            }
        });
    }
    drop((listener, end));
    let _ = ending.send(());
    // Until every connection has let go of its end.
    let _ = tokio::time::timeout(limits.shutdown_grace, ending.closed()).await;
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    router: Router,
    (limits, is_secure): (&Limits, bool),
    mut end: watch::Receiver<()>,
) {
    // Around the router, not on it: a layer on a router is made anew for each of its routes.
    let service = ServiceBuilder::new()
        .map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(address));
            if is_secure && let Some(uri) = whole(request.uri(), request.headers().get(header::HOST)) {
                *request.uri_mut() = uri;
            }
            request
        })
        .layer(RequestBodyTimeoutLayer::new(limits.silence))
        .service(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(100)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        // Viewers' conversations go on over WebSocket.
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = end.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // What fails here is the peer's own connection.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection failed");
    }
}

/// The address of a request over TLS with its scheme and host, which the request says apart from it (RFC 9110 7.1).
fn whole(uri: &Uri, host: Option<&HeaderValue>) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = Some(Authority::try_from(host?.as_bytes()).ok()?);
    Uri::from_parts(parts).ok()
}

/// The connections that are open.
struct Open {
    most: usize,
    most_of_address: usize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

struct Place {
    open: Arc<Open>,
    address: IpAddr,
}

impl Open {
    fn new(limits: &Limits) -> Self {
        Self {
            most: limits.connections,
            most_of_address: limits.connections_of_address,
            addresses: Mutex::default(),
        }
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.values().sum::<usize>() >= self.most {
            return None;
        }
        let own = addresses.entry(address).or_default();
        if *own >= self.most_of_address && !address.is_loopback() {
            return None;
        }
        *own += 1;
        Some(Place {
            open: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = self.open.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = addresses.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::whole;

    #[test]
    fn a_request_over_tls_is_for_an_address_of_https() {
        for (uri, host, expected) in [
            (
                "/a?b=%20",
                "pacs.example:8443",
                Some("https://pacs.example:8443/a?b=%20"),
            ),
            ("http://other.example/a", "[::1]", Some("https://[::1]/a")),
            ("/a", "a/b", None),
            ("/a", "", None),
        ] {
            let found = whole(&uri.parse().unwrap(), Some(&HeaderValue::from_static(host)));
            assert_eq!(
                found.map(|uri| uri.to_string()).as_deref(),
                expected,
                "{uri} {host}"
            );
        }
        assert_eq!(whole(&"/a".parse().unwrap(), None), None);
    }
}
