//! Who asks.

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, Error, Peer, Result};
use crate::access::{self, Action, Context, Principal, Question, Refusal, Restriction};
use crate::index::Sender;

/// The caller of a request: who a layer in front found it to be and put into its extensions, else known by a bearer token.
#[derive(Debug, Clone)]
pub struct Caller {
    app: App,
    /// Who it is.
    pub principal: Principal,
    /// Where it asks from.
    pub context: Context,
}

impl Caller {
    /// The one permission check of a handler; looks are recorded with it. Gives the studies that there are for the caller: an
    /// answer is about no others.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`]; [`Error::NotFound`] for a study that is not there, or not for the caller; [`Error::Internal`]
    /// where it cannot be told, or the look not recorded.
    pub async fn may(&self, action: Action, study_uid: Option<&str>) -> Result<Restriction> {
        let question = Question::new(&self.principal, action, study_uid, &self.context);
        self.check(question).await
    }

    /// As [`Caller::may`] for what is another's right, and lets patients be seen all the same: it is recorded as this look.
    pub(crate) async fn may_and_look(
        &self,
        action: Action,
        look: Action,
        study_uid: Option<&str>,
    ) -> Result<Restriction> {
        let question = Question::new(&self.principal, action, study_uid, &self.context);
        let look = Some(look);
        self.check(Question { look, ..question }).await
    }

    async fn check(&self, question: Question<'_>) -> Result<Restriction> {
        let index = self.app.archive().index();
        match access::check(self.app.authorize(), index, question).await {
            // A program is told that another token would do (RFC 6750 3.1).
            Err(Refusal::NotAllowed) if matches!(self.principal, Principal::Client { .. }) => {
                Err(Error::InsufficientScope)
            }
            checked => Ok(checked?),
        }
    }

    /// As [`Caller::may`] for a search, which finds nothing in a study that is not there for the caller.
    pub(crate) async fn may_find(&self, study_uid: Option<&str>) -> Result<Restriction> {
        match self.may(Action::Find, study_uid).await {
            Err(Error::NotFound) => Ok(Restriction::nothing()),
            judged => judged,
        }
    }

    /// Whose the studies become that the caller sends, and whose patients it decides about.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`].
    pub async fn custodian(&self) -> Result<Option<i64>> {
        let custodian = self.app.authorize().custodian(&self.principal).await;
        Ok(custodian.map_err(Refusal::from)?)
    }

    /// The caller as who sends objects.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`].
    pub(crate) async fn sender(&self) -> Result<Sender> {
        Ok(Sender {
            actor: self.principal.actor(),
            custodian: self.custodian().await?,
        })
    }

    /// Refuses what is about a row of a table whose study is not there for the caller; where everything is, whoever reads
    /// the row says that it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub(crate) async fn sees_row(
        &self,
        restriction: &Restriction,
        table: &'static str,
        id: i64,
    ) -> Result<()> {
        let index = self.app.archive().index();
        if restriction.is_none() || index.is_row_within(restriction, table, id).await? {
            return Ok(());
        }
        Err(Error::NotFound)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAllowed => Self::Forbidden,
            Refusal::NoSuchStudy => Self::NotFound,
            Refusal::Index(error) => error.into(),
            Refusal::Failed(error) => {
                tracing::error!(%error, "a request is refused");
                Self::Internal
            }
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let context = context(parts);
        let known = parts.extensions.get::<Principal>().cloned();
        let principal = match (known, parts.headers.get(header::AUTHORIZATION)) {
            (Some(known), _) => known,
            (None, Some(value)) => holder(app, value, &context).await?,
            (None, None) => app.authorize().anonymous().ok_or(Error::Unauthenticated)?,
        };
        Ok(Self {
            app: app.clone(),
            principal,
            context,
        })
    }
}

/// Who holds the token of an Authorization header.
async fn holder(app: &App, value: &HeaderValue, context: &Context) -> Result<Principal> {
    let token = value.to_str().ok().and_then(bearer);
    let token = token.ok_or(Error::Unauthenticated)?;
    let holder = app.authorize().bearer(token, context).await;
    holder.map_err(Refusal::from)?.ok_or(Error::UnknownToken)
}

/// Where a request comes from, as a layer in front or the connection said, and which it is.
fn context(parts: &Parts) -> Context {
    let route = parts.extensions.get::<MatchedPath>();
    let way = route.map_or("none", MatchedPath::as_str);
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
    let said = parts.extensions.get::<Context>().cloned();
    let context = said.unwrap_or_else(|| Context::from(peer));
    context.by(format!("{} {way}", parts.method))
}

/// The token of an Authorization header; schemes are compared without case (RFC 9110 11.1).
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

pub(super) async fn only_this_machine(request: Request, next: Next) -> Response {
    match foreign(request.uri(), request.headers()) {
        Some(why) => Error::NotThisMachine(why).into_response(),
        None => next.run(request).await,
    }
}

/// Why a request is not one of this machine's own.
fn foreign(uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "via",
    ];
    if forwarded.iter().any(|name| headers.contains_key(*name)) {
        return Some("the request was sent on by a proxy");
    }
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    // HTTP/1.1 always has a Host; without one there is no browser behind it.
    let hosts = [
        text(header::HOST),
        uri.authority().map(|authority| authority.as_str()),
    ];
    if hosts.into_iter().flatten().any(|host| !is_loopback(host)) {
        return Some("the request is for another host");
    }
    let origin = text(header::ORIGIN);
    let host_of = |origin: &str| {
        origin
            .split_once("://")
            .is_some_and(|(_, host)| is_loopback(host))
    };
    if origin.is_some_and(|origin| !host_of(origin)) {
        return Some("the request is from another origin");
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
