//! Sessions: a random token in a cookie, and what is known of whoever holds it, read anew at each request, so that closing
//! an account, changing a role or displacing a session holds with the next request.
//!
//! What is kept of a token is its hash. When a session was last seen is remembered here and written now and then: a request
//! that only looks writes no row.

pub mod store;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use pacs::access::Principal;

use crate::clock::{DAY_NS, MINUTE_NS};
use crate::organisations::Policy;
use crate::permissions::{Action, Kind, Person};
use crate::{Platform, Result, secrets};

/// The cookie of a session.
const COOKIE: &str = "uptake_session";
/// The cookie that signs in again.
const REMEMBER_COOKIE: &str = "uptake_remember";
/// How long a browser is remembered.
pub const REMEMBERED_NS: i64 = 30 * DAY_NS;
/// How long a session lasts whatever is done in it.
const LONGEST_NS: i64 = DAY_NS;
/// Idle sign-out (ACC-16).
pub const IDLE_NS: i64 = 30 * MINUTE_NS;

/// Whoever is signed in, and the organisation that is active.
#[derive(Debug, Clone)]
pub struct Signed {
    pub(crate) session: String,
    pub(crate) person: Person,
    pub(crate) name: String,
    pub(crate) has_totp: bool,
    pub(crate) has_avatar: bool,
    pub(crate) organisations: Vec<Belonging>,
    pub(crate) policy: Policy,
    pub(crate) idle_sign_out: bool,
    pub(crate) must_set_up_second_factor: bool,
}

/// An organisation that a person is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// The organisation.
    pub organisation: i64,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The name of the role there.
    pub role: String,
}

impl Signed {
    /// The account's number.
    #[must_use]
    pub fn account(&self) -> i64 {
        self.person.account
    }

    /// The person's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The active organisation.
    #[must_use]
    pub fn organisation(&self) -> Option<i64> {
        self.person.organisation
    }

    /// The active organisation with its kind and name.
    #[must_use]
    pub fn belonging(&self) -> Option<&Belonging> {
        let active = self.organisation()?;
        self.organisations.iter().find(|one| one.organisation == active)
    }

    /// The person as far as permissions are concerned.
    #[must_use]
    pub fn permitted(&self) -> &Person {
        &self.person
    }

    /// The principal that the archive asks about; none while something has to be done first: the archive sees no sessions.
    #[must_use]
    pub fn principal(&self, is_inside: bool) -> Option<Principal> {
        let needs = self.must_set_up_second_factor || !is_inside;
        let is_blocked = self.person.must_change_password || needs && !self.person.has_second_factor;
        let organisation = self.organisation().filter(|_| !is_blocked)?;
        Some(Principal::Person {
            person: self.account(),
            organisation,
        })
    }

    /// Where something has to be done before an action: the password, or the second factor.
    pub(crate) fn first(&self, action: Action, is_inside: bool) -> Option<&'static str> {
        if self.person.must_change_password && action != Action::PasswordChange {
            return Some("/password");
        }
        let is_own = [
            Action::Use,
            Action::ProfileEdit,
            Action::SecurityEdit,
            Action::PasswordChange,
        ]
        .contains(&action);
        let needs = self.must_set_up_second_factor || !is_inside;
        (!is_own && needs && !self.person.has_second_factor).then_some("/second-factor")
    }
}

/// What became of the session that a request names.
#[derive(Debug)]
pub enum Found {
    /// It is one.
    Signed(Box<Signed>),
    /// It has ended, for this reason: a word.
    Ended(String),
    /// There is none.
    None,
}

/// When sessions were last seen, as far as that was not written yet.
#[derive(Debug, Default, Clone)]
pub struct Seen(Arc<Mutex<HashMap<String, i64>>>);

impl Seen {
    fn note(&self, session: &str, at_ns: i64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = seen.entry(session.to_owned()).or_insert(at_ns);
        *last = (*last).max(at_ns);
    }

    fn last(&self, session: &str) -> Option<i64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(session)
            .copied()
    }

    fn take(&self) -> Vec<(String, i64)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
            .collect()
    }
}

/// Finds the session that the cookies of a request name.
///
/// # Errors
///
/// The database's.
pub async fn find(platform: &Platform, headers: &HeaderMap) -> Result<Found> {
    let is_secure = platform.settings().is_secure;
    let Some(token) = cookie(headers, &cookie_name(COOKIE, is_secure)) else {
        return Ok(Found::None);
    };
    let session = secrets::kept(token);
    let now_ns = platform.clock().now_ns();
    let Some(found) = store::load(platform.readers(), &session).await? else {
        return Ok(Found::None);
    };
    if let Some(why) = found.ended {
        return Ok(Found::Ended(why));
    }
    let seen_ns = platform
        .seen()
        .last(&session)
        .map_or(found.seen_ns, |last| last.max(found.seen_ns));
    let idle = found.signed.policy.idle_ns(found.signed.idle_sign_out);
    let is_idle = idle.is_some_and(|idle_ns| now_ns - seen_ns >= idle_ns);
    if is_idle || now_ns - found.created_ns >= LONGEST_NS {
        store::end(platform, &session, "idle").await?;
        return Ok(Found::Ended("idle".to_owned()));
    }
    // What a page asks for by itself keeps no session awake.
    let is_poll = headers
        .get("hx-trigger")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|element| element.starts_with("poll-"));
    if !is_poll {
        platform.seen().note(&session, now_ns);
    }
    Ok(Found::Signed(Box::new(found.signed)))
}

/// Writes when sessions were last seen.
///
/// # Errors
///
/// The database's.
pub async fn write_seen(platform: &Platform) -> Result<()> {
    let seen = platform.seen().take();
    if seen.is_empty() {
        return Ok(());
    }
    store::write_seen(platform, &seen).await
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn cookie_name(name: &str, is_secure: bool) -> String {
    // A browser takes cookies with this prefix from the site itself and over HTTPS only.
    if is_secure {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

fn set_cookie(name: &str, value: &str, seconds: Option<i64>, is_secure: bool) -> String {
    let name = cookie_name(name, is_secure);
    let age = seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")
}

/// The cookie of a new session; it ends with the browser.
#[must_use]
pub fn session_cookie(token: &str, is_secure: bool) -> String {
    set_cookie(COOKIE, token, None, is_secure)
}

/// The cookie that signs in again.
#[must_use]
pub fn remember_cookie(token: &str, is_secure: bool) -> String {
    set_cookie(
        REMEMBER_COOKIE,
        token,
        Some(REMEMBERED_NS / 1_000_000_000),
        is_secure,
    )
}

/// The token that signs in again.
#[must_use]
pub fn remembered(headers: &HeaderMap, is_secure: bool) -> Option<&str> {
    cookie(headers, &cookie_name(REMEMBER_COOKIE, is_secure)).filter(|token| !token.is_empty())
}

/// Cookies that take both away.
#[must_use]
pub fn no_cookies(is_secure: bool) -> [String; 2] {
    [COOKIE, REMEMBER_COOKIE].map(|name| set_cookie(name, "", Some(0), is_secure))
}
