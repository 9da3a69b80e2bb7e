//! Refusals: a status, and one sentence as JSON.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::corrections::{self, Refusal};
use crate::{access, index, ingest, storage};

/// Why a request was not answered as asked. Sentences hold UIDs and tags, never values of patients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No token: 401.
    #[error("expected a bearer token")]
    Unauthenticated,
    /// A token that is not known, too old or taken back: 401.
    #[error("the bearer token is not valid")]
    UnknownToken,
    /// A program whose token, or the person it asks for, may not do this: 403.
    #[error("not allowed with this token")]
    InsufficientScope,
    /// The caller may not do this: 403.
    #[error("not allowed")]
    Forbidden,
    /// An open archive is for this machine: 403.
    #[error("an archive that is open answers this machine only: {0}")]
    NotThisMachine(&'static str),
    /// 404.
    #[error("not found")]
    NotFound,
    /// 405.
    #[error("this address does not take this method")]
    Method,
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// No accepted media type is available: 406.
    #[error("none of the accepted media types is available; available are {0}")]
    NotAcceptable(String),
    /// 409.
    #[error("{0}")]
    Conflict(String),
    /// 413.
    #[error("{what}: at most {limit} bytes are accepted")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
    },
    /// 415.
    #[error("expected {0} as Content-Type")]
    UnsupportedMediaType(&'static str),
    /// An object that will be refused however often it is sent: 422.
    #[error("{0}")]
    Refused(String),
    /// 429.
    #[error("too much at once, or too often in vain; try again later")]
    TooMany,
    /// 501.
    #[error("{0} is not offered")]
    NotOffered(&'static str),
    /// 503: as many do this at once as there is memory for.
    #[error("too many {0} at once; try again later")]
    Busy(&'static str),
    /// 503: the store of objects fails, or does not answer.
    #[error("the store of objects does not answer; try again later")]
    Unavailable,
    /// 507.
    #[error("the archive is full")]
    Full,
    /// 500; why is in the log.
    #[error("the archive cannot answer now")]
    Internal,
}

impl Error {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::UnknownToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::InsufficientScope | Self::NotThisMachine(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::NotOffered(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Busy(_) | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        // RFC 6750 3.
        let challenge = match self {
            Self::Unauthenticated => Some("Bearer"),
            Self::UnknownToken => Some("Bearer error=\"invalid_token\""),
            Self::InsufficientScope => Some("Bearer error=\"insufficient_scope\""),
            _ => None,
        };
        let body = Json(serde_json::json!({ "error": self.to_string() }));
        let mut response = (status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        if let Some(challenge) = challenge {
            let challenge = header::HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = header::HeaderValue::from_static("5");
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        match error {
            index::Error::NotMatched(_)
            | index::Error::WrongMatching(_)
            | index::Error::TooMany { .. }
            | index::Error::Rejection(_)
            | index::Error::Conflict(_) => Self::BadRequest(error.to_string()),
            index::Error::Merge(_) => Self::Conflict(error.to_string()),
            index::Error::NoSuchObject | index::Error::Correction(Refusal::NoSuch | Refusal::NotInForce) => {
                Self::NotFound
            }
            index::Error::Correction(Refusal::OtherPatient | Refusal::Merged) => {
                Self::Conflict(error.to_string())
            }
            index::Error::Correction(refusal) => Self::BadRequest(refusal.to_string()),
            index::Error::Full => Self::Full,
            _ => {
                tracing::error!(%error, "the index failed");
                Self::Internal
            }
        }
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Full => Self::Full,
            storage::Error::Store(_) => {
                tracing::error!(%error, "storage failed");
                Self::Unavailable
            }
            _ => {
                tracing::error!(%error, "storage failed");
                Self::Internal
            }
        }
    }
}

impl From<corrections::Error> for Error {
    fn from(error: corrections::Error) -> Self {
        match error {
            corrections::Error::Storage(storage::Error::NotFound(_)) => Self::NotFound,
            corrections::Error::Storage(error) => error.into(),
            corrections::Error::Index(error) => error.into(),
            corrections::Error::Overlay(error) => Self::Conflict(error.to_string()),
            corrections::Error::Interrupted => {
                tracing::error!(%error, "an object was not given");
                Self::Internal
            }
        }
    }
}

impl From<ingest::Error> for Error {
    fn from(error: ingest::Error) -> Self {
        match error {
            ingest::Error::Storage(error) => error.into(),
            ingest::Error::Index(error) => error.into(),
            ingest::Error::Permissions(error) => access::Refusal::Failed(error).into(),
            ingest::Error::Removed => Self::Unavailable,
            ingest::Error::Interrupted => {
                tracing::error!(%error, "ingest failed");
                Self::Internal
            }
        }
    }
}
