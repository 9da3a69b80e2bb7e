//! Serving: listeners open, the archive behind them, until the program is told to end.

use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use dimse::server::AllowList;
use dimse::{Config as DimseConfig, Provider};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pacs::http::{self, App};
use pacs::services::{self, Archive};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{authorize, health, marks, open};
use crate::config::{Config, Tls};

/// Serves until `shutdown` is ready, then lets what is under way end.
///
/// # Errors
///
/// What keeps it from starting: a port that is taken, a data folder that cannot be used, a certificate that is none.
pub async fn serve(config: &Config, is_open: bool, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    config.check()?;
    if is_open {
        marks::allow_open(config)?;
    } else {
        marks::close(config)?;
    }
    let tls = config.http.tls.as_ref().map(acceptor).transpose()?;
    let http = listen("http.listen", config.http.listen).await?;
    let dicom = listen("dicom.listen", config.dicom.listen).await?;
    let archive = open(config).await?;
    let app = App::new(archive.clone(), authorize(config, is_open)?);
    announce(config, is_open, http.local_addr()?, dicom.local_addr()?);

    let (stop, stopped) = watch::channel(());
    let until = |mut stopped: watch::Receiver<()>| async move {
        let _ = stopped.changed().await;
    };
    let provider = provider(config, is_open, archive);
    let answering = http::serve(
        http,
        router(app, is_open)?,
        tls,
        limits(config),
        until(stopped.clone()),
    );
    let associating = provider.serve(dicom, until(stopped));
    let ending = async {
        shutdown.await;
        tracing::info!("ending");
        let _ = stop.send(());
    };
    tokio::join!(answering, associating, ending);
    tracing::info!("ended");
    Ok(())
}

async fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{setting}: cannot listen on {address}"))
}

fn router(app: App, is_open: bool) -> anyhow::Result<axum::Router> {
    let router = health::router(app.clone(), figures()?)
        .merge(http::router(app))
        .layer(axum::middleware::from_fn(health::measured));
    Ok(if is_open {
        http::only_this_machine(router)
    } else {
        router
    })
}

/// One recorder a process.
fn figures() -> anyhow::Result<PrometheusHandle> {
    static FIGURES: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    if let Some(figures) = FIGURES.get() {
        return Ok(figures.clone());
    }
    const SECONDS: &[f64] = &[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
    let figures = PrometheusBuilder::new()
        .set_buckets(SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics cannot be recorded")?;
    Ok(FIGURES.get_or_init(|| figures).clone())
}

fn limits(config: &Config) -> http::Limits {
    http::Limits {
        connections: config.http.connections,
        connections_of_address: config.http.connections_of_address,
        silence: Duration::from_secs(config.limits.silence_s),
        ..http::Limits::default()
    }
}

fn provider(config: &Config, is_open: bool, archive: Archive) -> Provider<Archive> {
    let calling = config.dicom.peers.iter();
    let admission = AllowList {
        called: if is_open {
            Vec::new()
        } else {
            vec![config.dicom.ae_title.clone()]
        },
        calling: calling
            .map(|(title, peer)| (title.clone(), peer.associations))
            .collect(),
        others: is_open.then_some(config.dicom.associations),
    };
    let mut dimse = DimseConfig::new(&config.dicom.ae_title, admission, services::supported());
    dimse.associations = config.dicom.associations;
    dimse.limits.store_bytes = config.limits.object_bytes;
    dimse.timeouts.idle = Duration::from_secs(config.limits.silence_s);
    Provider::new(dimse, Arc::new(archive))
}

fn acceptor(tls: &Tls) -> anyhow::Result<TlsAcceptor> {
    let certificates = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("http.tls.certificate: cannot read {}", tls.certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .with_context(|| format!("http.tls.key: cannot read {}", tls.key.display()))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("http.tls")?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .context("http.tls: the certificate and the key do not fit")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Says where it listens; the first lines that scripts wait for.
fn announce(config: &Config, is_open: bool, http: SocketAddr, dicom: SocketAddr) {
    let scheme = if config.http.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let warning = if is_open {
        "OPEN: this archive asks nobody who they are, and answers this machine only\n"
    } else {
        ""
    };
    let lines = format!(
        "{warning}http   {scheme}://{http}\ndicom  {}@{dicom}\ndata   {}\n",
        config.dicom.ae_title,
        config.data.display()
    );
    let mut out = std::io::stdout().lock();
    // An archive goes on where nobody listens to what it prints.
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    tracing::info!(%http, %dicom, ae_title = config.dicom.ae_title, is_open, "serving");
}
