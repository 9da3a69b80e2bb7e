//! Refusals as programs read them (RFC 6749 5.2, RFC 6750 3.1).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::Error;

/// Why a program is not given what it asks for. Sentences hold nothing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The request is not as it should be.
    Request(&'static str),
    /// The program is not known, shut out, or did not show that it is the one; whether it tried by HTTP Basic.
    Client {
        /// Whether it tried by HTTP Basic.
        is_basic: bool,
    },
    /// The code or the token is not known, too old, used up, or another's.
    Grant(&'static str),
    /// This program may not ask so.
    NotAllowed(&'static str),
    /// Nobody may ask so.
    GrantType,
    /// A scope is not known, or not for this program.
    Scope,
    /// A resource is not of this site.
    Target,
    /// The bearer token does not hold.
    Token,
    /// No bearer token was shown.
    NoToken,
    /// The bearer token is not for this.
    InsufficientScope,
    /// This program asks too often from there; seconds after which it may again.
    TooMany(u64),
    /// The server failed; why is in the log.
    Failed,
}

impl Refused {
    /// Status, code of the error, sentence.
    fn words(self) -> (StatusCode, &'static str, &'static str) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::Request(words) => (bad, "invalid_request", words),
            Self::Client { .. } => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "the program is not known, or did not show its secret",
            ),
            Self::Grant(words) => (bad, "invalid_grant", words),
            Self::NotAllowed(words) => (bad, "unauthorized_client", words),
            Self::GrantType => (bad, "unsupported_grant_type", "this grant_type is not offered"),
            Self::Scope => (
                bad,
                "invalid_scope",
                "a scope is not known, or not for this program",
            ),
            Self::Target => (bad, "invalid_target", "a resource is not one of this site"),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "the token does not hold",
            ),
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "invalid_request",
                "expected a bearer token",
            ),
            Self::InsufficientScope => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "the token is not for this",
            ),
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "too many requests of this program; try again later",
            ),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "the server cannot answer now",
            ),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error, words) = self.words();
        let body = Json(json!({ "error": error, "error_description": words }));
        let mut response = (status, NO_STORE, body).into_response();
        let challenge = match self {
            Self::Client { is_basic: true } => Some("Basic realm=\"uptake\""),
            Self::Token => Some("Bearer error=\"invalid_token\""),
            Self::NoToken => Some("Bearer"),
            Self::InsufficientScope => Some("Bearer error=\"insufficient_scope\""),
            _ => None,
        };
        if let Some(challenge) = challenge {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Self::TooMany(seconds) = self {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Answers with tokens are kept nowhere (RFC 6749 5.1).
pub const NO_STORE: [(header::HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            // It was logged where it failed.
            Error::Internal | Error::Full => Self::Failed,
            Error::TooMany(seconds) => Self::TooMany(seconds),
            other => {
                tracing::error!(%other, "a program is refused");
                Self::Failed
            }
        }
    }
}

impl From<database::Error> for Refused {
    fn from(error: database::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<journal::Error> for Refused {
    fn from(error: journal::Error) -> Self {
        Error::from(error).into()
    }
}
