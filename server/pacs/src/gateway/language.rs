//! The language of the gateway's page: the one that was chosen on it, else the one that the browser names first, else Chinese.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::dicomweb::parameters::parameters;
use crate::http::{Error, Result};

/// Where a choice is kept, in the browser.
const COOKIE: &str = "gateway_language";
/// Seconds that it is kept: a year.
const KEPT_S: u32 = 365 * 24 * 3600;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Chinese,
    English,
}

impl Language {
    const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// Its tag (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// Of two sentences the one in this language.
    pub(super) fn say<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// The header that keeps it.
    pub(super) fn cookie(self) -> String {
        format!(
            "{COOKIE}={}; Path=/; Max-Age={KEPT_S}; SameSite=Strict; HttpOnly",
            self.tag()
        )
    }

    fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    fn of(headers: &HeaderMap) -> Self {
        let lines = |name| headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines(header::COOKIE).flat_map(|line| line.split(';'));
        let kept = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let named = lines(header::ACCEPT_LANGUAGE).flat_map(|line| line.split(','));
        let known = |text: &str| match text.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        };
        let mut chosen = kept.filter_map(Self::from_tag).chain(named.filter_map(known));
        chosen.next().unwrap_or(Self::Chinese)
    }
}

/// The language of a request, and whether it was chosen just now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen {
    pub(super) language: Language,
    pub(super) is_new: bool,
}

impl<S: Sync> FromRequestParts<S> for Chosen {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let query = parameters(parts.uri.query().unwrap_or_default())?;
        let asked = query.iter().find(|(name, _)| name == "lang");
        let asked = asked.and_then(|(_, tag)| Language::from_tag(tag));
        Ok(Self {
            language: asked.unwrap_or_else(|| Language::of(&parts.headers)),
            is_new: asked.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header};

    use super::Language;

    #[test]
    fn what_was_chosen_comes_before_what_the_browser_names() {
        for (cookie, accepted, expected) in [
            ("", "", Language::Chinese),
            ("", "en-GB,zh;q=0.5", Language::English),
            ("", "zh-TW, en", Language::Chinese),
            ("", "de, en;q=0.8", Language::English),
            ("", "fr", Language::Chinese),
            ("a=b; gateway_language=en", "zh-CN", Language::English),
            ("gateway_language=zh-CN", "en", Language::Chinese),
            ("gateway_language=nonsense", "en", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            assert_eq!(Language::of(&headers), expected, "{cookie} {accepted}");
        }
    }
}
