//! Refusals: a status, and words in the language of whoever asked.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::Markup;

/// Why a request was not answered as asked. Sentences hold numbers of rows, never values of people or patients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody is signed in: pages send to the sign-in, everything else gets 401.
    #[error("expected somebody who is signed in")]
    SignIn,
    /// The person has to do something first, on this page.
    #[error("something else has to be done first, at {0}")]
    First(&'static str),
    /// 403.
    #[error("not allowed")]
    Forbidden,
    /// A change that comes from another site's page: 403.
    #[error("a change must come from a page of this site")]
    ForeignOrigin,
    /// 404.
    #[error("not found")]
    NotFound,
    /// 405: an address that is asked otherwise, as one that takes forms only.
    #[error("this address does not take this method")]
    Method,
    /// 400; a form whose fields are wrong is [`Error::Wrong`].
    #[error("{0}")]
    BadRequest(String),
    /// 409: what the page showed is not so any more, or may not be done now. The key of a sentence.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// 410: a link or a code that was used, or is too old.
    #[error("the link is not valid any more")]
    Gone,
    /// 413.
    #[error("at most {0} bytes are accepted")]
    TooLarge(usize),
    /// 422: the form again, with what was typed and what is wrong with it.
    #[error("fields are wrong")]
    Wrong(Box<Markup>),
    /// 429, with the seconds after which it may be tried again.
    #[error("too often; try again in {0} s")]
    TooMany(u64),
    /// The same form came before: where it led to.
    #[error("done before")]
    Done(String),
    /// 507.
    #[error("the disk is full")]
    Full,
    /// 500; why is in the log.
    #[error("internal")]
    Internal,
}

impl Error {
    /// An internal error, after it was logged.
    #[must_use]
    pub fn internal(words: impl std::fmt::Display) -> Self {
        tracing::error!("{words}");
        Self::Internal
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::First(_) | Self::Forbidden | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Done(_) => StatusCode::SEE_OTHER,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The key of the sentence that people read.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::SignIn => "error-sign-in",
            Self::First(_) => "error-first",
            Self::Forbidden => "error-forbidden",
            Self::ForeignOrigin => "error-origin",
            Self::NotFound => "error-not-found",
            Self::Method => "error-method",
            Self::BadRequest(_) | Self::Wrong(_) | Self::Done(_) => "error-bad-request",
            Self::Conflict(key) => key,
            Self::Gone => "error-gone",
            Self::TooLarge(_) => "error-too-large",
            Self::TooMany(_) => "error-too-many",
            Self::Full => "error-full",
            Self::Internal => "error-internal",
        }
    }
}

/// What the page of an error says; the outermost layer puts it in the language of whoever asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) key: &'static str,
    pub(crate) first: Option<&'static str>,
    pub(crate) wants_sign_in: bool,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let said = Said {
            key: self.key(),
            first: match self {
                Self::First(page) => Some(page),
                _ => None,
            },
            wants_sign_in: matches!(self, Self::SignIn),
        };
        match self {
            Self::Wrong(page) => (status, *page).into_response(),
            Self::Done(location) => {
                let location = HeaderValue::from_str(&location).unwrap_or(HeaderValue::from_static("/"));
                (status, [(header::LOCATION, location)]).into_response()
            }
            error => {
                let body = axum::Json(serde_json::json!({ "error": error.to_string() }));
                let mut response = (status, body).into_response();
                if let Self::TooMany(seconds) = error {
                    response
                        .headers_mut()
                        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response.extensions_mut().insert(said);
                response
            }
        }
    }
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        match error {
            database::Error::Full => Self::Full,
            other => Self::internal(format_args!("the database failed: {other}")),
        }
    }
}

impl From<pacs::http::Error> for Error {
    fn from(error: pacs::http::Error) -> Self {
        match error {
            pacs::http::Error::Forbidden => Self::Forbidden,
            pacs::http::Error::NotFound => Self::NotFound,
            other => Self::internal(format_args!("the archive failed: {other}")),
        }
    }
}

impl From<pacs::index::Error> for Error {
    fn from(error: pacs::index::Error) -> Self {
        match error {
            pacs::index::Error::Full => Self::Full,
            error @ (pacs::index::Error::NotMatched(_)
            | pacs::index::Error::WrongMatching(_)
            | pacs::index::Error::TooMany { .. }) => Self::BadRequest(error.to_string()),
            other => Self::internal(format_args!("the archive failed: {other}")),
        }
    }
}

impl From<journal::Error> for Error {
    fn from(error: journal::Error) -> Self {
        match error {
            journal::Error::Database(error) => error.into(),
            other => Self::internal(other),
        }
    }
}
