//! The provider: accepts associations and hands their requests to a [`Handler`].

mod admission;
mod half_open;
mod handler;
mod network;
mod observer;
mod query;
mod report;
mod retrieve;
mod session;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use admission::{Admission, AllowList, Allowed, is_within};
pub use handler::{
    Answers, Cancelled, Destination, Handler, Incoming, Interrupted, NormalizedOutcome, NormalizedRequest,
    Operation, Planned, Query, Reports, StoreAnswer, StoreRequest, Unreported,
};
pub use network::Network;
pub use observer::Observer;

pub(crate) use session::store_one;

use crate::negotiation::{Implementation, Supported};
use crate::transport::{Transport, prepare};
use crate::{Limits, Timeouts};
use admission::Counts;
use half_open::HalfOpen;

/// How a provider behaves.
#[derive(Clone)]
pub struct Config {
    /// Our AE title as requestor of the sub-associations of C-MOVE.
    pub ae_title: String,
    /// Who may associate.
    pub admission: Arc<dyn Admission>,
    /// SOP classes and transfer syntaxes.
    pub supported: Supported,
    /// How we introduce ourselves.
    pub implementation: Implementation,
    /// Sizes.
    pub limits: Limits,
    /// Times.
    pub timeouts: Timeouts,
    /// Who hears what happens.
    pub observer: Arc<dyn Observer>,
    /// Associations at once, of all peers; one more is rejected.
    pub associations: usize,
    /// Connections at once from one address that have not associated yet; one more is closed unheard.
    pub half_open_per_address: usize,
    /// How long associations may go on after the shutdown began.
    pub shutdown_grace: Duration,
}

impl Config {
    /// The usual limits.
    pub fn new(ae_title: &str, admission: impl Admission + 'static, supported: Supported) -> Self {
        Self {
            ae_title: ae_title.to_owned(),
            admission: Arc::new(admission),
            supported,
            implementation: Implementation::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            observer: Arc::new(()),
            associations: 512,
            half_open_per_address: 64,
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// What the associations of one provider share.
struct Shared<H> {
    config: Config,
    handler: Arc<H>,
    counts: Counts,
    half_open: HalfOpen,
}

/// A provider: its limits count over all listeners and streams that it serves.
pub struct Provider<H> {
    shared: Arc<Shared<H>>,
}

impl<H: Handler> Provider<H> {
    /// A provider that hands its requests to `handler`.
    pub fn new(config: Config, handler: Arc<H>) -> Self {
        let counts = Counts::new(config.associations);
        let half_open = HalfOpen::new(config.half_open_per_address);
        Self {
            shared: Arc::new(Shared {
                config,
                handler,
                counts,
                half_open,
            }),
        }
    }

    /// Accepts associations until `shutdown` is ready, then waits [`Config::shutdown_grace`] for those that stand.
    ///
    /// From the shutdown on an association ends before its next message; what is not done after the grace is
    /// dropped.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let plain = |stream| std::future::ready(Ok(stream));
        self.serve_over(listener, plain, shutdown).await;
    }

    /// As [`Self::serve`], over what `secure` makes of each TCP stream: a TLS handshake, which has as long as an
    /// association request.
    pub async fn serve_over<T, F>(
        &self,
        listener: TcpListener,
        secure: impl Fn(TcpStream) -> F,
        shutdown: impl Future<Output = ()>,
    ) where
        T: Transport + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let shared = &self.shared;
        let (stop, stopped) = watch::channel(false);
        let mut associations = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
                // Ended tasks are taken out as they end, a panic of a handler with them.
                Some(ended) = associations.join_next(), if !associations.is_empty() => {
                    if ended.is_err() {
                        tracing::error!("an association's task panicked");
                    }
                    continue;
                }
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
            // Rejecting needs a task too; beyond twice the limit not even that is spent.
            if associations.len() >= shared.config.associations.saturating_mul(2) || prepare(&stream).is_err()
            {
                continue;
            }
            let Some(unheard) = shared.half_open.take(address.ip()) else {
                continue;
            };
            let (shared, stopped) = (Arc::clone(shared), stopped.clone());
            let secured = tokio::time::timeout(shared.config.timeouts.association, secure(stream));
            associations.spawn(async move {
                match secured.await {
                    Ok(Ok(stream)) => {
                        session::run(Box::new(stream), Some(address), Some(unheard), &shared, stopped).await;
                    }
                    Ok(Err(error)) => tracing::info!(?address, %error, "no secure stream"),
                    Err(_) => tracing::info!(?address, "no secure stream in time"),
                }
            });
        }
        drop(listener);
        // Nobody may be listening.
        let _ = stop.send(true);
        let all_end = async { while associations.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(shared.config.shutdown_grace, all_end).await;
        associations.shutdown().await;
    }

    /// Serves one association on a stream that is already there, as one that TLS protects, until it ends.
    pub async fn serve_stream(&self, stream: impl Transport + 'static, address: Option<SocketAddr>) {
        let (_stop, stopped) = watch::channel(false);
        session::run(Box::new(stream), address, None, &self.shared, stopped).await;
    }
}

/// Serves a listener until `shutdown` is ready: [`Provider::serve`] of a new provider.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    config: Config,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()>,
) {
    Provider::new(config, handler).serve(listener, shutdown).await;
}
