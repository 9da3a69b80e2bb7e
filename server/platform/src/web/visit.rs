//! One request: who, from where, in which language, in which session.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::permissions::{Action, Circumstances, Resource, Who};
use crate::sessions::Signed;
use crate::ui::View;
use crate::web::{Change, Form};
use crate::{Error, Platform, Result};

/// A request to the platform; clones share it. The outermost layers put it into the request's extensions.
#[derive(Debug, Clone)]
pub struct Visit(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) platform: Platform,
    pub(crate) view: View,
    pub(crate) signed: Option<Signed>,
    /// Why the session that the cookie names has ended.
    pub(crate) ended: Option<String>,
    pub(crate) address: IpAddr,
    pub(crate) agent: String,
    pub(crate) host: String,
    pub(crate) request: String,
    pub(crate) key: Option<String>,
    pub(crate) browser: Option<String>,
}

impl Visit {
    /// A cookie for what is asked for below a path, which pages' scripts do not see; it ends after some seconds, with 0 now.
    #[must_use]
    pub(crate) fn cookie(&self, name: &str, value: &str, path: &str, seconds: i64) -> String {
        let secure = if self.platform().settings().is_secure {
            "; Secure"
        } else {
            ""
        };
        format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
    }

    /// The platform.
    #[must_use]
    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// What pages are made for.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.0.view
    }

    /// Whoever is signed in.
    #[must_use]
    pub fn signed(&self) -> Option<&Signed> {
        self.0.signed.as_ref()
    }

    /// Whoever is signed in.
    ///
    /// # Errors
    ///
    /// [`Error::SignIn`].
    pub fn person(&self) -> Result<&Signed> {
        self.signed().ok_or(Error::SignIn)
    }

    /// The organisation that is active.
    ///
    /// # Errors
    ///
    /// [`Error::SignIn`]; [`Error::First`] where none is.
    pub fn organisation(&self) -> Result<i64> {
        self.person()?.organisation().ok_or(Error::First("/workbench"))
    }

    /// Why the session that was used has ended: a word.
    #[must_use]
    pub fn ended(&self) -> Option<&str> {
        self.0.ended.as_deref()
    }

    /// Where the request comes from.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0.address
    }

    /// What the browser calls itself, cut to what is kept.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.0.agent
    }

    /// The request, as in the log.
    #[must_use]
    pub fn request(&self) -> &str {
        &self.0.request
    }

    /// The time.
    #[must_use]
    pub fn now_ns(&self) -> i64 {
        self.0.platform.clock().now_ns()
    }

    /// Whether the request comes from inside the hospital.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.0.platform.settings().is_inside(self.0.address)
    }

    /// The one permission check of a handler; a refusal is an entry of the journal.
    ///
    /// # Errors
    ///
    /// [`Error::SignIn`] where nobody is signed in, [`Error::First`] where something has to be done first,
    /// [`Error::Forbidden`].
    pub async fn may(&self, action: Action, resource: Resource<'_>) -> Result<()> {
        let signed = self.person()?;
        if self.can(action, &resource) {
            return Ok(());
        }
        let first = signed.first(action, self.is_inside());
        let mut entry = self.entry("access.refused");
        entry.detail = Some(serde_json::json!({ "action": action.word() }).to_string());
        entry.subject = subject(&resource);
        self.0.platform.recorder().record(entry).await?;
        Err(first.map_or(Error::Forbidden, Error::First))
    }

    /// Whether something may be done, for pages that show what can be done on them.
    #[must_use]
    pub fn can(&self, action: Action, resource: &Resource<'_>) -> bool {
        let who = match self.signed() {
            Some(signed) => Who::Person(signed.permitted()),
            None => Who::Anyone,
        };
        self.0
            .platform
            .permissions()
            .may(&who, action, resource, self.circumstances())
    }

    pub(crate) fn circumstances(&self) -> Circumstances {
        let zone = self.0.platform.settings().zone;
        Circumstances {
            minute_of_week: zone.minute_of_week(self.now_ns()),
            is_inside: self.is_inside(),
        }
    }

    /// An entry of the journal of this request, by whoever is signed in.
    #[must_use]
    pub fn entry(&self, kind: &'static str) -> journal::Entry {
        let actor = match self.signed() {
            Some(signed) => format!("person:{}", signed.account()),
            None => "web:anyone".to_owned(),
        };
        journal::Entry {
            organisation: self.signed().and_then(Signed::organisation),
            address: Some(self.address().to_string()),
            request: Some(self.request().to_owned()),
            ..journal::Entry::new(kind, actor, self.now_ns())
        }
    }

    /// Begins a change. A form that was sent before with the same key is not carried out again.
    ///
    /// # Errors
    ///
    /// [`Error::Done`] with where it led; the database's.
    pub async fn begin(&self, form: &Form) -> Result<Change> {
        Change::begin(self, form).await
    }

    /// The whole address of a page of this site, for links that are handed on.
    #[must_use]
    pub fn address_of_page(&self, path: &str) -> String {
        let settings = self.0.platform.settings();
        let scheme = if settings.is_secure { "https" } else { "http" };
        match &settings.public_url {
            Some(url) => format!("{}{path}", url.trim_end_matches('/')),
            None => format!("{scheme}://{}{path}", self.0.host),
        }
    }

    pub(crate) fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// What is kept of the cookie of a browser that has notifications.
    pub(crate) fn browser(&self) -> Option<&str> {
        self.0.browser.as_deref()
    }
}

fn subject(resource: &Resource<'_>) -> Option<String> {
    match resource {
        Resource::Account(id) => Some(format!("person:{id}")),
        Resource::Organisation(id) => Some(format!("organisation:{id}")),
        Resource::Platform | Resource::Removal { .. } | Resource::Study(_) => None,
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| Error::internal("a handler stands outside the layers of the platform"))
    }
}

/// Where a request comes from: the peer's address, or what a trusted proxy says of it (the last address in
/// X-Forwarded-For that is not a trusted proxy's own).
#[must_use]
pub fn address_of(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    if !is_trusted(peer) {
        return peer;
    }
    let lines = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok());
    let named: Vec<IpAddr> = lines
        .flat_map(|line| line.split(','))
        .filter_map(|text| text.trim().parse().ok())
        .collect();
    let first_foreign = named.iter().rev().copied().find(|address| !is_trusted(*address));
    first_foreign.or(named.first().copied()).unwrap_or(peer)
}
