//! A session begins.

use axum::http::HeaderMap;
use serde_json::json;

use crate::organisations::role_store;
use crate::people::store::{self as people, Account};
use crate::permissions::Hours;
use crate::sessions::store::{Beginning, begin, belongings, remember};
use crate::sessions::{self, Belonging};
use crate::web::{Change, Done, Visit};
use crate::{Error, Result};

/// What was shown on the way, and where it leads.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Whether a second factor was shown.
    pub(super) has_second_factor: bool,
    /// Whether this browser is to be remembered.
    pub(super) is_remembered: bool,
    /// The family of the token that signed in again.
    pub(super) family: Option<String>,
    /// The page that was asked for.
    pub(super) to: String,
}

/// Organisations of a person in which the role is within its hours (ACC-35). None, where the person belongs to some and
/// none is.
pub(super) async fn on_duty(visit: &Visit, account: i64) -> Result<Option<Vec<Belonging>>> {
    let readers = visit.platform().readers();
    let all = belongings(readers, account).await?;
    if all.is_empty() {
        return Ok(Some(all));
    }
    let minute = visit.circumstances().minute_of_week;
    let mut now = Vec::new();
    for one in all {
        let hours: Hours = role_store::hours_of(readers, account, one.organisation).await?;
        if hours.contain(minute) {
            now.push(one);
        }
    }
    Ok((!now.is_empty()).then_some(now))
}

/// Begins the session of an account that has shown all it has to.
pub(super) async fn session(
    change: Change,
    visit: &Visit,
    headers: &HeaderMap,
    account: &Account,
    way: &Way,
) -> Result<Done> {
    let platform = visit.platform();
    let belongings = on_duty(visit, account.id).await?.ok_or(Error::Forbidden)?;
    let chosen = account
        .default_organisation
        .filter(|id| belongings.iter().any(|one| one.organisation == *id));
    let organisation = match (chosen, belongings.as_slice()) {
        (Some(id), _) => Some(id),
        (None, [only]) => Some(only.organisation),
        (None, _) => None,
    };
    let mut is_single = false;
    let mut password_days = None;
    for one in &belongings {
        if let Some(found) = crate::organisations::store::one(platform.readers(), one.organisation).await? {
            is_single |= found.policy.single_session;
            password_days = [password_days, found.policy.password_days]
                .into_iter()
                .flatten()
                .min();
        }
    }
    let now_ns = visit.now_ns();
    let age_ns = now_ns - account.password_at_ns.unwrap_or(now_ns);
    if password_days.is_some_and(|days| age_ns >= i64::from(days) * crate::clock::DAY_NS) {
        people::must_change_password(&*change, account.id).await?;
    }
    let is_secure = platform.settings().is_secure;
    let (mut family, mut remembered) = (way.family.clone(), None);
    if way.is_remembered || family.is_some() {
        let (token, of) = remember(&*change, account.id, family.as_deref(), now_ns).await?;
        (family, remembered) = (Some(of), Some(token));
    }
    let beginning = Beginning {
        account: account.id,
        organisation,
        has_second_factor: way.has_second_factor,
        family,
        is_single,
    };
    let token = begin(&change, visit, &beginning).await?;
    people::know_address(&*change, account.id, &visit.address().to_string(), now_ns).await?;
    let mut entry = visit.entry("session.began");
    entry.actor = format!("person:{}", account.id);
    entry.organisation = organisation;
    entry.detail = Some(
        json!({ "second_factor": way.has_second_factor, "remembered": way.family.is_some() }).to_string(),
    );
    change.record(entry).await?;
    let to = match (way.to.as_str(), organisation) {
        ("" | "/", None) if !belongings.is_empty() => "/workbench",
        ("", _) => "/",
        (to, _) => super::local_path(to),
    };
    let mut done = change
        .lead_to(to)
        .await?
        .with_cookie(sessions::session_cookie(&token, is_secure));
    if let Some(token) = remembered {
        done = done.with_cookie(sessions::remember_cookie(&token, is_secure));
    } else if sessions::remembered(headers, is_secure).is_some() {
        let [_, forget] = sessions::no_cookies(is_secure);
        done = done.with_cookie(forget);
    }
    Ok(done)
}
