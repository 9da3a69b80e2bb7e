//! The words of pages, in Chinese and in English: catalogues of Fluent messages (projectfluent.org), both complete.
//!
//! A test holds the catalogues against one another and against the keys in the sources.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

macro_rules! catalogue {
    ($folder:literal) => {
        &[
            include_str!(concat!($folder, "/common.ftl")),
            include_str!(concat!($folder, "/sign_in.ftl")),
            include_str!(concat!($folder, "/people.ftl")),
            include_str!(concat!($folder, "/organisations.ftl")),
            include_str!(concat!($folder, "/administration.ftl")),
            include_str!(concat!($folder, "/events.ftl")),
            include_str!(concat!($folder, "/devices.ftl")),
            include_str!(concat!($folder, "/studies.ftl")),
            include_str!(concat!($folder, "/dockings.ftl")),
            include_str!(concat!($folder, "/dictionary.ftl")),
            include_str!(concat!($folder, "/onboarding.ftl")),
            include_str!(concat!($folder, "/files.ftl")),
            include_str!(concat!($folder, "/verification.ftl")),
            include_str!(concat!($folder, "/signature.ftl")),
            include_str!(concat!($folder, "/passkeys.ftl")),
            include_str!(concat!($folder, "/phone.ftl")),
            include_str!(concat!($folder, "/wechat.ftl")),
            include_str!(concat!($folder, "/push.ftl")),
            include_str!(concat!($folder, "/jobs.ftl")),
            include_str!(concat!($folder, "/outbox.ftl")),
            include_str!(concat!($folder, "/codes.ftl")),
            include_str!(concat!($folder, "/monitoring.ftl")),
            include_str!(concat!($folder, "/support.ftl")),
            include_str!(concat!($folder, "/clients.ftl")),
            include_str!(concat!($folder, "/trail.ftl")),
        ]
    };
}

const CHINESE: &[&str] = catalogue!("zh-CN");
const ENGLISH: &[&str] = catalogue!("en");

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle("zh-CN", CHINESE), bundle("en", ENGLISH)]);

fn bundle(tag: &str, catalogue: &[&str]) -> FluentBundle<FluentResource> {
    let language = tag.parse().expect("the tag is one of the two above");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    for text in catalogue {
        // A message that is wrong is left out here and found by the test.
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

impl Language {
    /// Both, the first first.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// Its name in itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chinese => "中文",
            Self::English => "English",
        }
    }

    /// Reads [`Language::tag`].
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The language that a browser names first of those that are here, else Chinese.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let named = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        let known = |text: &str| match text.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        };
        named.filter_map(known).next().unwrap_or(Self::Chinese)
    }

    /// The words of a message.
    #[must_use]
    pub fn say(self, key: &str) -> Cow<'static, str> {
        self.say_with(key, &[])
    }

    /// The words of a message with what stands in it.
    #[must_use]
    pub fn say_with(self, key: &str, arguments: &[(&str, Argument<'_>)]) -> Cow<'static, str> {
        let bundle = &BUNDLES[self as usize];
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        debug_assert!(pattern.is_some(), "no message {key} in {}", self.tag());
        let Some(pattern) = pattern else {
            return Cow::Owned(key.to_owned());
        };
        if arguments.is_empty() {
            return bundle.format_pattern(pattern, None, &mut Vec::new());
        }
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, argument) in arguments {
            given.set(*name, argument.value());
        }
        Cow::Owned(
            bundle
                .format_pattern(pattern, Some(&given), &mut Vec::new())
                .into_owned(),
        )
    }

    /// Whether there is such a message.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        BUNDLES[self as usize].has_message(key)
    }
}

/// What stands in a message.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    /// Words.
    Text(&'a str),
    /// A number, which chooses the plural.
    Number(i64),
}

impl<'a> Argument<'a> {
    fn value(&self) -> FluentValue<'a> {
        match *self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
        }
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Argument<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Argument<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
