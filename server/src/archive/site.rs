//! The platform over the archive's database: opened, reached over HTTP beside the archive, looked after.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use journal::heads::Key;
use pacs::access::{Authorize, TokenFile};
use pacs::index::Index;
use pacs::services::Archive;
use pacs::services::applications::Applications;
use platform::Platform;
use platform::clock::{Clock, Zone};
use platform::guard::Guard;
use platform::organisations::devices::ArchiveHoldings;
use platform::settings::{self, LEAST_JOURNAL_DAYS, Settings};
use platform::setup::{self, Office};

use super::backup::Daily;
use super::{audit_repository, messages};
use crate::config::{Config, WeChat};

/// Opens the platform.
///
/// # Errors
///
/// A database of a later version, keys that cannot be read.
pub async fn open(config: &Config, archive: &Archive) -> anyhow::Result<Platform> {
    let platform = open_rows(config, archive.index()).await?;
    platform.tell_configuration(config.to_toml()?);
    if let Some(daily) = Daily::of(config)? {
        platform.back_up_by(daily);
    }
    platform.ask_of_holdings(ArchiveHoldings {
        index: archive.index().clone(),
        policy: archive.retention(),
        clock: Clock::System,
    });
    Ok(platform)
}

/// Opens the platform's rows alone, which several processes may do: no device is removed so.
///
/// # Errors
///
/// As [`open`].
pub async fn open_rows(config: &Config, index: &Index) -> anyhow::Result<Platform> {
    let (readers, writer) = (index.readers().clone(), index.turns().clone());
    Platform::open(readers, writer, &config.keys(), chosen(config)?, Clock::System).await
}

/// The site's choices, with what its files hold.
///
/// # Errors
///
/// The first setting that cannot be meant.
pub fn chosen(config: &Config) -> anyhow::Result<Settings> {
    let site = &config.site;
    let networks = |name: &str, texts: &[String]| {
        let network = |text: &String| text.parse().with_context(|| format!("{name}: {text:?}"));
        texts.iter().map(network).collect::<anyhow::Result<Vec<_>>>()
    };
    let zone = Zone::from_text(&site.time_zone);
    let is_public_secure = site
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    let default = Settings::default();
    let journal_days = i64::from(site.journal_days);
    ensure!(
        journal_days >= LEAST_JOURNAL_DAYS,
        "site.journal_days: expected at least {LEAST_JOURNAL_DAYS}, found {journal_days}"
    );
    Ok(Settings {
        public_url: site.public_url.clone(),
        is_secure: config.http.tls.is_some() || is_public_secure,
        zone: zone.with_context(|| {
            format!(
                "site.time_zone: expected an offset as +08:00, found {:?}",
                site.time_zone
            )
        })?,
        inside: match &site.inside {
            Some(texts) => networks("site.inside", texts)?,
            None => default.inside,
        },
        proxies: networks("site.proxies", &site.proxies)?,
        has_registration: site.registration,
        stranger_requests: site.stranger_requests,
        wechat: site.wechat.as_ref().map(wechat).transpose()?,
        sms: site.sms.as_ref().map(messages::sms).transpose()?,
        mail: site.mail.as_ref().map(messages::mail).transpose()?,
        journal_days,
        audit_repository: site
            .audit_repository
            .as_ref()
            .map(audit_repository::opened)
            .transpose()?,
        push: messages::push(&site.push, site.public_url.as_deref())?,
    })
}

/// The official account, with its secret from its file.
fn wechat(account: &WeChat) -> anyhow::Result<settings::WeChat> {
    let secret = messages::secret("site.wechat.secret_file", &account.secret_file)?;
    let template = account.template.as_ref().map(|text| {
        let (template, field) = text
            .split_once(':')
            .with_context(|| format!("site.wechat.template: expected TEMPLATE_ID:field, found {text:?}"))?;
        anyhow::Ok((template.to_owned(), field.to_owned()))
    });
    let address = |text: &str| text.trim_end_matches('/').to_owned();
    Ok(settings::WeChat {
        app_id: account.app_id.clone(),
        secret,
        pages_url: address(&account.pages_url),
        api_url: address(&account.api_url),
        template: template.transpose()?,
    })
}

/// Checks what cannot be meant.
///
/// # Errors
///
/// The first such setting.
pub fn check(config: &Config) -> anyhow::Result<()> {
    chosen(config).map(|_| ())
}

/// Who answers the archive's questions: the platform.
///
/// # Errors
///
/// A file of tokens that cannot be read.
pub fn guard(
    config: &Config,
    platform: &Platform,
    applications: &Applications,
) -> anyhow::Result<Arc<dyn Authorize>> {
    let tokens = TokenFile::open(&config.tokens())?;
    Ok(Arc::new(Guard::new(
        platform.clone(),
        tokens,
        applications.clone(),
    )))
}

/// The key that signs the end of the journal.
///
/// # Errors
///
/// A file that cannot be read or written.
pub fn journal_key(config: &Config) -> anyhow::Result<Key> {
    Ok(Key::open(&config.keys().join("journal"))?)
}

/// The file of the journal's signed ends.
#[must_use]
pub fn heads(config: &Config) -> PathBuf {
    let given = config.site.journal_heads.clone();
    given.unwrap_or_else(|| config.data.join("journal-heads.jsonl"))
}

/// The folder of entries of the journal that were removed.
#[must_use]
pub fn removed(config: &Config) -> PathBuf {
    let given = config.site.journal_removed.clone();
    given.unwrap_or_else(|| config.data.join("journal-removed"))
}

/// Prints the link of the first administrator, while nobody is.
///
/// # Errors
///
/// The database's.
pub async fn first_link(
    config: &Config,
    platform: &Platform,
    address: &str,
) -> anyhow::Result<Option<String>> {
    let path = setup::link(platform, Office::System)
        .await
        .context("the first administrator's link")?;
    let base = config
        .site
        .public_url
        .as_deref()
        .unwrap_or(address)
        .trim_end_matches('/')
        .to_owned();
    Ok(path.map(|path| format!("{base}{path}")))
}
