//! The outbox: every message to a person by SMS, mail, WeChat or in a browser is a row, made in the transaction of what it tells of, and
//! sent by a job.
//!
//! Nothing is ever simulated. Where no provider of a channel is connected, or the provider has no template for what is to be
//! said, the message stays as `not-connected`: the system administrator reads it and passes it on. Addresses and what
//! messages say are encrypted with the site's key; both are removed after 30 days, the row after 180.

mod deliver;
mod pages;
pub mod providers;
mod store;
mod templates;

#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use database::Connection;
use serde_json::{Value, json};

pub(crate) use deliver::{act, end};
pub use providers::Providers;
pub use templates::{TEMPLATES, Template};

use crate::jobs::{self, Job};
use crate::language::Language;
use crate::people::{reach, store as people};
use crate::{Error, Platform, Result};

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// A text to a mobile number.
    Sms,
    /// E-mail.
    Mail,
    /// A template message of the site's official account.
    WeChat,
    /// A notification in a browser.
    Push,
}

impl Channel {
    /// All.
    pub const ALL: [Self; 4] = [Self::Sms, Self::Mail, Self::WeChat, Self::Push];

    /// The word of the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Mail => "mail",
            Self::WeChat => "wechat",
            Self::Push => "push",
        }
    }

    /// Reads [`Channel::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.word() == word)
    }

    fn job(self) -> &'static str {
        match self {
            Self::Sms => "send-sms",
            Self::Mail => "send-mail",
            Self::WeChat => "send-wechat",
            Self::Push => "send-push",
        }
    }
}

/// A message to a person.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// The way.
    pub channel: Channel,
    /// Whose account it is about, where there is one.
    pub person: Option<i64>,
    /// The mobile number, the address, the number of a WeChat or of a browser.
    pub to: String,
    /// What is said: a word of [`TEMPLATES`].
    pub template: &'static str,
    /// What stands in it.
    pub arguments: &'a [(&'static str, &'a str)],
    /// In which organisation it matters.
    pub organisation: Option<i64>,
    /// It is sent once under this key.
    pub key: String,
    /// Not before this time.
    pub at_ns: Option<i64>,
    /// The language of what is said.
    pub language: Language,
}

/// Sends a message, in the transaction of what it tells of: a row of the outbox, and a job where a provider is connected
/// that can say it. One that is there already under its key is not sent again.
///
/// # Errors
///
/// The database's; [`Error::Internal`] for a template that is not known.
pub async fn send(platform: &Platform, change: &impl Connection, message: &Message<'_>) -> Result<()> {
    let template = templates::of(message.template).ok_or_else(|| Error::internal("no such template"))?;
    let now_ns = platform.clock().now_ns();
    let provider = platform.providers().of(message.channel);
    let why_not = match provider {
        None => Some("no-provider"),
        Some(provider) if !provider.takes(message.template) => Some("no-template"),
        Some(_) => None,
    };
    let Some(id) = store::add(platform, change, message, template, why_not, now_ns).await? else {
        return Ok(());
    };
    if why_not.is_some() {
        return Ok(());
    }
    let job = Job {
        kind: message.channel.job(),
        arguments: json!({ "message": id }),
        organisation: message.organisation,
        person: message.person,
        key: format!("message {}", message.key),
        at_ns: message.at_ns.unwrap_or(0),
    };
    if let Some(job) = jobs::add_numbered(change, &job, now_ns).await? {
        store::set_job(change, id, job).await?;
    }
    Ok(())
}

/// Whether a provider of a channel is connected.
#[must_use]
pub fn is_connected(platform: &Platform, channel: Channel) -> bool {
    platform.providers().of(channel).is_some()
}

/// Whether a provider is connected that can say what a template says.
#[must_use]
pub fn can_say(platform: &Platform, channel: Channel, template: &str) -> bool {
    let provider = platform.providers().of(channel);
    provider.is_some_and(|provider| provider.takes(template))
}

/// Where links in mail lead, where mail is connected. Never where a request says that the site is: a link would go
/// wherever somebody wants.
pub(crate) fn link_base(platform: &Platform) -> Option<&str> {
    let base = platform.settings().public_url.as_deref()?;
    is_connected(platform, Channel::Mail).then(|| base.trim_end_matches('/'))
}

/// Tells a person by SMS what was decided about the account, in the person's language, where there is a number.
///
/// # Errors
///
/// As [`send`].
pub(crate) async fn tell_by_sms(
    platform: &Platform,
    change: &impl Connection,
    person: i64,
    template: &'static str,
    arguments: &[(&'static str, &str)],
    key: String,
) -> Result<()> {
    let Some(mobile) = people::one(change, person)
        .await?
        .and_then(|account| account.mobile)
    else {
        return Ok(());
    };
    let message = Message {
        channel: Channel::Sms,
        person: Some(person),
        to: mobile,
        template,
        arguments,
        organisation: None,
        key,
        at_ns: None,
        language: reach::language(change, person).await?,
    };
    send(platform, change, &message).await
}

/// What a message says.
pub(crate) fn text(language: Language, template: &str, arguments: &Value) -> String {
    let key = format!("outbox-text-{template}");
    let texts: Vec<(&str, &str)> = arguments
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    let given: Vec<_> = texts
        .iter()
        .map(|(name, value)| (*name, (*value).into()))
        .collect();
    language.say_with(&key, &given).into_owned()
}

/// Removes what is kept no longer: contents after 30 days, rows after 180.
pub(crate) async fn tidy(change: &impl Connection, now_ns: i64) -> Result<()> {
    store::tidy(change, now_ns).await
}
