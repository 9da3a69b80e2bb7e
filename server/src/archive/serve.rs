//! Serving: listeners open, the archive behind them, until the program is told to end.

use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use dimse::{Config as DimseConfig, Provider};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pacs::access::{Action, Authorize, Open};
use pacs::dicomweb;
use pacs::http::{self, App};
use pacs::services::applications::{ALL_ACTIONS, Application, Applications};
use pacs::services::{self, Archive};
use platform::Platform;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use super::health::Drain;
use super::jobs::{self, Working};
use super::{description, health, marks, open, site, watched};
use crate::config::{Config, Role, has};
use crate::streaming::{self, Renderers, Sessions, Store};

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
    let has = |role| has(&config.roles, role);
    let tls = config.http.tls.as_ref();
    let tls = tls
        .map(|tls| acceptor("http.tls", &tls.certificate, &tls.key, None))
        .transpose()?;
    let http = listen("http.listen", config.http.listen).await?;
    let dicom = match has(Role::Pacs) {
        false => None,
        true => Some(listen("dicom.listen", config.dicom.listen).await?),
    };
    let secure = match &config.dicom.tls {
        Some(tls) if has(Role::Pacs) => {
            let acceptor = acceptor("dicom.tls", &tls.certificate, &tls.key, tls.clients.as_deref())?;
            Some((listen("dicom.tls.listen", tls.listen).await?, acceptor))
        }
        _ => None,
    };
    let archive = open(config).await?;
    let applications = applications(config, is_open, &archive).await?;
    let archive = archive.with_applications(applications.clone());
    let platform = match is_open {
        true => None,
        false => Some(site::open(config, &archive).await?),
    };
    let authorize: Arc<dyn Authorize> = match &platform {
        None => Arc::new(Open),
        Some(platform) => site::guard(config, platform, &applications)?,
    };
    // One guard for HTTP and for DICOM's network; an open archive keeps asking the list of applications there.
    let archive = match &platform {
        None => archive,
        Some(_) => archive.with_authorize(Arc::clone(&authorize)),
    };
    let uploads = jobs::open_uploads(config, archive.index().clone()).await?;
    let app = App::new(archive.clone(), authorize)
        .with_uploads(uploads.clone())
        .with_renderer(Arc::new(streaming::Frames))
        .with_queue(jobs::open_queue(archive.index().clone()).await?);
    let work = match has(Role::Worker) {
        false => None,
        true => Some(Working::prepare(config, &app).await?),
    };
    let address = http.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let link = match &platform {
        Some(platform) if has(Role::Web) => {
            site::first_link(config, platform, &format!("{scheme}://{address}")).await?
        }
        _ => None,
    };
    let associated = dicom.as_ref().map(TcpListener::local_addr).transpose()?;
    announce(config, is_open, address, associated, link.as_deref());

    let (stop, stopped) = watch::channel(());
    let until = move || {
        let mut stopped = stopped.clone();
        async move {
            let _ = stopped.changed().await;
        }
    };
    let provider = Provider::new(dimse(config, applications), Arc::new(archive.clone()));
    let provider = Arc::new(provider);
    let drain = Drain::default();
    let sessions = match has(Role::Render) {
        false => None,
        true => Some(sessions(config, &archive, platform.as_ref()).await?),
    };
    let router = router(config, app.clone(), sessions.clone(), platform.as_ref(), &drain)?;
    let answering = http::serve(http, router, tls, limits(config), until());
    let associating = {
        let (provider, until) = (Arc::clone(&provider), until());
        async move {
            if let Some(dicom) = dicom {
                provider.serve(dicom, until).await;
            }
        }
    };
    let until_secure = until();
    let securely = async move {
        if let Some((listener, acceptor)) = secure {
            provider
                .serve_over(listener, move |stream| acceptor.accept(stream), until_secure)
                .await;
        }
    };
    let leads = work
        .as_ref()
        .map_or(watch::Sender::new(false), |work| work.leads.clone());
    let working = {
        let (config, until) = (config.clone(), until.clone());
        async move {
            if let Some(work) = work {
                work.run(&config, &app, until).await;
            }
        }
    };
    let sweeping = {
        let until = until();
        async move {
            tokio::select! {
                () = jobs::sweep(uploads) => {}
                () = until => {}
            }
        }
    };
    let doing = {
        let (platform, until) = (platform.clone().filter(|_| has(Role::Worker)), until());
        async move {
            if let Some(platform) = platform {
                platform::jobs::run(platform, until).await;
            }
        }
    };
    let watching = {
        let (platform, leads, until) = (platform.clone(), leads.subscribe(), until());
        let (node, machine) = (
            watched::node(config, address),
            watched::machine(config, &archive, associated),
        );
        let heads = watched::heads(config)?;
        async move {
            if let Some(platform) = platform {
                platform::monitoring::run(platform, node, machine, Some(heads), leads, until).await;
            }
        }
    };
    let hearing = {
        let (platform, place, until) = (platform.clone(), super::place(config)?, until());
        async move {
            if let Some(platform) = platform {
                platform::news::run(platform, place, until).await;
            }
        }
    };
    let open_to_pages = platform.clone();
    let until_kept = until();
    let keeping = {
        let (platform, leads) = (platform.clone(), leads.subscribe());
        let key = site::journal_key(config)?;
        let places = platform::upkeep::Places {
            heads: site::heads(config),
            removed: site::removed(config),
        };
        async move {
            if let Some(platform) = platform {
                platform::upkeep::run(platform, key, places, leads, until_kept).await;
            }
        }
    };
    let until_reported = until();
    let reporting = async move {
        if let Some(platform) = platform {
            platform::trail::repository::run(platform, leads.subscribe(), until_reported).await;
        }
    };
    let ending = async {
        shutdown.await;
        tracing::info!("ending");
        drain.begin();
        if let Some(platform) = &open_to_pages {
            platform.end_streams();
        }
        if let Some(sessions) = &sessions {
            sessions.end().await;
        }
        tokio::time::sleep(Duration::from_secs(config.http.drain_s)).await;
        let _ = stop.send(());
        Ok(())
    };
    tokio::try_join!(
        part(answering),
        part(associating),
        part(securely),
        part(working),
        part(sweeping),
        part(keeping),
        part(reporting),
        part(doing),
        part(hearing),
        part(watching),
        ending
    )?;
    tracing::info!("ended");
    Ok(())
}

/// Runs a part of the archive beside the others; one that fails ends them all.
async fn part(work: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
    tokio::spawn(work).await.context("a part of the archive failed")
}

/// Who may associate: those of the configuration, which the archive's list follows, and those that were added to it.
async fn applications(config: &Config, is_open: bool, archive: &Archive) -> anyhow::Result<Applications> {
    let applications = Applications::open(archive.index().clone()).await?;
    let configured = config.dicom.peers.iter();
    let configured = configured.map(|(title, peer)| peer.application(title));
    applications
        .configure(&configured.collect::<anyhow::Result<Vec<_>>>()?)
        .await?;
    if !is_open {
        return Ok(applications.called_as(std::slice::from_ref(&config.dicom.ae_title)));
    }
    let others = Application {
        associations: u32::try_from(config.dicom.associations).unwrap_or(u32::MAX),
        may: [&ALL_ACTIONS[..], &[Action::Correct]].concat(),
        ..Application::new("")
    };
    Ok(applications.admitting_others(others))
}

/// Those who are drawn for.
async fn sessions(
    config: &Config,
    archive: &Archive,
    platform: Option<&Platform>,
) -> anyhow::Result<Arc<Sessions>> {
    let limits = streaming::Limits {
        memory_bytes: usize::try_from(config.viewer.memory_bytes).unwrap_or(usize::MAX),
        sessions: config.viewer.sessions,
    };
    let renderers = Renderers::open(config.viewer.renderer).context("viewer.renderer")?;
    let (readers, writer) = (archive.index().readers().clone(), archive.index().turns().clone());
    let store = Store::open(readers, writer)
        .await
        .context("the tables of viewers")?;
    Ok(Sessions::new(limits, renderers, store, platform.cloned()))
}

async fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{setting}: cannot listen on {address}"))
}

/// What a process with its roles answers.
pub(super) fn router(
    config: &Config,
    app: App,
    viewers: Option<Arc<Sessions>>,
    platform: Option<&Platform>,
    drain: &Drain,
) -> anyhow::Result<axum::Router> {
    let has = |role| has(&config.roles, role);
    let origins = config.http.origins.iter().map(|origin| origin.parse());
    let origins = origins.collect::<Result<Vec<_>, _>>().context("http.origins")?;
    let destinations = config.routing.destination.iter();
    let destinations = destinations.map(|destination| destination.name.clone()).collect();
    let viewers_app = app.clone();
    let router = health::router(app.clone(), figures()?, destinations, drain.clone());
    let router = router.merge(description::router());
    let router = match (has(Role::Pacs), has(Role::Gateway)) {
        (true, _) => router.merge(http::router(app.clone())),
        (false, true) => router.merge(http::router_of_gateways(app.clone())),
        (false, false) => router,
    };
    let router = match viewers {
        None => router,
        Some(sessions) => router.merge(streaming::router(viewers_app, sessions)),
    };
    let router = dicomweb::cors::allow(router, &origins).layer(axum::middleware::from_fn(health::measured));
    Ok(match platform {
        None => http::only_this_machine(router),
        Some(platform) => {
            let router = match has(Role::Web) {
                true => router.merge(platform::router(platform, &app)),
                false => router,
            };
            let router = router.fallback(platform::web::layers::nowhere);
            platform::web::layers::around(router, platform)
        }
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
    health::describe();
    pacs::figures::describe();
    platform::monitoring::describe();
    streaming::figures::describe();
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

fn dimse(config: &Config, applications: Applications) -> DimseConfig {
    let observer = Arc::new(pacs::figures::Associations::of(applications.clone()));
    let mut dimse = DimseConfig::new(&config.dicom.ae_title, applications, services::supported());
    dimse.observer = observer;
    dimse.associations = config.dicom.associations;
    dimse.limits.store_bytes = config.limits.object_bytes;
    dimse.timeouts.idle = Duration::from_secs(config.limits.silence_s);
    dimse
}

fn acceptor(
    setting: &str,
    certificate: &Path,
    key: &Path,
    clients: Option<&Path>,
) -> anyhow::Result<TlsAcceptor> {
    let certificates = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{setting}.certificate: cannot read {}", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("{setting}.key: cannot read {}", key.display()))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let verifier = match clients {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(path) => {
            let authorities = pacs::tls::authorities(path).with_context(|| format!("{setting}.clients"))?;
            WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider))
                .build()
                .with_context(|| format!("{setting}.clients"))?
        }
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .with_context(|| setting.to_owned())?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates, key)
        .with_context(|| format!("{setting}: the certificate and the key do not fit"))?;
    // Of the ciphers that both sides have the strongest, whatever the other side likes best.
    config.ignore_client_order = true;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Says where it listens; the first lines that scripts wait for.
fn announce(config: &Config, is_open: bool, http: SocketAddr, dicom: Option<SocketAddr>, link: Option<&str>) {
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
    // Good once, for a week; the next start makes another while nobody has used it.
    let link = link.map_or(String::new(), |link| format!("first administrator  {link}\n"));
    let title = &config.dicom.ae_title;
    let associated = dicom.map_or(String::new(), |dicom| format!("dicom  {title}@{dicom}\n"));
    let lines = format!(
        "{warning}http   {scheme}://{http}\n{associated}data   {}\n{link}",
        config.data.display()
    );
    let mut out = std::io::stdout().lock();
    // An archive goes on where nobody listens to what it prints.
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    let roles: Vec<&str> = config.roles.iter().map(|role| role.word()).collect();
    let dicom = dicom.map(tracing::field::display);
    tracing::info!(%http, dicom, ?roles, ae_title = config.dicom.ae_title, is_open, "serving");
}
