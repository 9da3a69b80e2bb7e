//! What people touch stands on this: accounts, organisations, sessions, permissions, messages, jobs, and the pages of them.
//!
//! A feature is a folder: `mod.rs` says what it is and gives its `router()`, `model.rs` holds types and rules, `store.rs` its
//! tables, `pages.rs` its HTML. Tables stand beside the archive's in one database; a change and its entry of the journal are
//! one transaction ([`web::Change`]).

pub mod clients;
pub mod clock;
mod error;
pub mod files;
mod filters;
pub mod guard;
pub mod help;
pub mod jobs;
pub mod language;
pub mod messages;
pub mod monitoring;
pub mod news;
pub mod organisations;
pub mod outbox;
pub mod people;
pub mod permissions;
mod publishing;
pub mod push;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod sign_in;
mod site_key;
mod studies;
pub mod support;
pub mod trail;
pub mod ui;
pub mod upkeep;
mod viewing;
pub mod web;
mod workbench;

#[cfg(test)]
mod archive_matrix;
#[cfg(test)]
mod matrix;
#[cfg(test)]
#[path = "../../pacs/src/index/tests/former.rs"]
mod test_former;
#[cfg(test)]
#[path = "../../pacs/src/index/tests/postgres.rs"]
mod test_postgres;
#[cfg(test)]
mod test_site;
#[cfg(test)]
mod upgrade;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use axum::Router;
use database::schema::Schema;
use database::{Database, Writer};
use journal::Recorder;
use pacs::http::App;
use tokio::sync::watch;

use clock::Clock;
pub use error::Error;
use files::Pictures;
use organisations::devices::Holdings;
use permissions::Permissions;
use secrets::SiteKey;
use sessions::Seen;
use settings::Settings;

/// Result of handlers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The platform's tables.
pub const SCHEMA: Schema<Error> = Schema {
    table: "platform_migrations",
    migrations: &[
        include_str!("migrations/0001.sql"),
        include_str!("migrations/0002_devices_dictionary.sql"),
        include_str!("migrations/0003_passkeys.sql"),
        include_str!("migrations/0004_clients.sql"),
        include_str!("migrations/0005_jobs.sql"),
        include_str!("migrations/0006_monitoring.sql"),
        include_str!("migrations/0007_nodes.sql"),
        include_str!("migrations/0008_filters.sql"),
        include_str!("migrations/0009_audit.sql"),
        include_str!("migrations/0010_push.sql"),
        include_str!("migrations/0011_publishing.sql"),
    ],
    hooks: &[],
    compatible_from: 7,
};

/// What every handler has; clones share it.
#[derive(Debug, Clone)]
pub struct Platform(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    readers: Database,
    writer: Writer,
    recorder: Recorder,
    permissions: Permissions,
    key: SiteKey,
    seen: Seen,
    pictures: Pictures,
    wechat: Option<Arc<sign_in::wechat::Client>>,
    push: Option<Arc<push::Key>>,
    providers: outbox::Providers,
    limits: web::Limits,
    clock: Clock,
    settings: Settings,
    holdings: OnceLock<Box<dyn Holdings>>,
    configuration: OnceLock<String>,
    backups: OnceLock<Box<dyn jobs::Backups>>,
    is_ending: watch::Sender<bool>,
}

impl Platform {
    /// Over the database of an archive, whose schema has been brought to the latest; brings its own there too. Keys lie in
    /// a folder that only the server reads.
    ///
    /// # Errors
    ///
    /// A schema of a later version, a key that cannot be read, policies that do not fit.
    pub async fn open(
        readers: Database,
        writer: Writer,
        keys: &Path,
        settings: Settings,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        SCHEMA
            .migrate(&readers)
            .await
            .context("the tables of the platform")?;
        let wechat = settings.wechat.clone();
        let wechat = wechat.map(sign_in::wechat::Client::new).transpose()?;
        let wechat = wechat.map(Arc::new);
        let key = site_key::open(&readers, &writer, &keys.join("site")).await?;
        let (push, sender) = match &settings.push {
            None => (None, None),
            Some(chosen) => {
                let made = push::Key::open(&readers, &writer, &key, clock.now_ns()).await?;
                let made = Arc::new(made);
                let sender =
                    push::Sender::new(readers.clone(), key.clone(), Arc::clone(&made), chosen.clone())?;
                (Some(made), Some(sender))
            }
        };
        let platform = Self(Arc::new(Shared {
            recorder: Recorder::new(writer.clone()),
            permissions: Permissions::load()?,
            key,
            push,
            seen: Seen::default(),
            pictures: Pictures::default(),
            providers: outbox::Providers::new(&settings, wechat.clone(), sender)?,
            wechat,
            limits: web::Limits::new(&clock, settings.stranger_requests),
            readers,
            writer,
            clock,
            settings,
            holdings: OnceLock::new(),
            configuration: OnceLock::new(),
            backups: OnceLock::new(),
            is_ending: watch::Sender::new(false),
        }));
        setup::prepare(&platform)
            .await
            .context("the platform's own organisation")?;
        Ok(platform)
    }

    /// Connections that read.
    #[must_use]
    pub fn readers(&self) -> &Database {
        &self.0.readers
    }

    /// The one way to write.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// Writes what only looked.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// The permission core.
    #[must_use]
    pub fn permissions(&self) -> &Permissions {
        &self.0.permissions
    }

    /// The site's key.
    #[must_use]
    pub fn key(&self) -> &SiteKey {
        &self.0.key
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.0.seen
    }

    pub(crate) fn wechat(&self) -> Option<&sign_in::wechat::Client> {
        self.0.wechat.as_deref()
    }

    /// The key that browsers get notifications under; none where the site sends them none.
    pub(crate) fn push(&self) -> Option<&push::Key> {
        self.0.push.as_deref()
    }

    /// Who takes messages.
    pub(crate) fn providers(&self) -> &outbox::Providers {
        &self.0.providers
    }

    pub(crate) fn pictures(&self) -> &Pictures {
        &self.0.pictures
    }

    pub(crate) fn limits(&self) -> &web::Limits {
        &self.0.limits
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Tells whom to ask what is kept of a device; before it is told no device is removed. The first one told stays.
    pub fn ask_of_holdings(&self, holdings: impl Holdings + 'static) {
        let _ = self.0.holdings.set(Box::new(holdings));
    }

    pub(crate) fn holdings(&self) -> Option<&dyn Holdings> {
        self.0.holdings.get().map(Box::as_ref)
    }

    /// Ends the answers that would go on for as long as a page is open: the process is about to end. Browsers ask again, and
    /// find another node or the next process.
    pub fn end_streams(&self) {
        self.0.is_ending.send_replace(true);
    }

    pub(crate) fn is_ending(&self) -> watch::Receiver<bool> {
        self.0.is_ending.subscribe()
    }

    /// Tells how backups are made; before it is told this node makes none. The first one told stays.
    pub fn back_up_by(&self, backups: impl jobs::Backups + 'static) {
        let _ = self.0.backups.set(Box::new(backups));
    }

    pub(crate) fn backups(&self) -> Option<&dyn jobs::Backups> {
        self.0.backups.get().map(Box::as_ref)
    }

    /// Tells with which settings the server was started, for the diagnostics bundle. Those told first stay.
    pub fn tell_configuration(&self, toml: String) {
        let _ = self.0.configuration.set(toml);
    }

    pub(crate) fn configuration(&self) -> Option<&str> {
        self.0.configuration.get().map(String::as_str)
    }

    /// The site's choices.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}

/// Everything that the platform offers, over an archive whose questions it answers ([`guard::Guard`]), without the layers around
/// it ([`web::layers::around`]).
pub fn router(platform: &Platform, archive: &App) -> Router {
    Router::new()
        .merge(web::statics())
        .merge(workbench::router())
        .merge(setup::router())
        .merge(sign_in::router())
        .merge(files::router())
        .merge(people::router())
        .merge(organisations::router())
        .merge(filters::router())
        .merge(studies::router(archive))
        .merge(publishing::router(archive))
        .merge(viewing::router(archive))
        .merge(messages::router())
        .merge(trail::router())
        .merge(jobs::router())
        .merge(outbox::router())
        .merge(push::router())
        .merge(monitoring::router())
        .merge(help::router())
        .merge(support::router())
        .merge(clients::router())
        .method_not_allowed_fallback(web::layers::otherwise)
        .with_state(platform.clone())
}
