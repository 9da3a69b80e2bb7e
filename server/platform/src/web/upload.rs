//! A form that sends a file.

use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;

use super::Fields;
use crate::{Error, Result};

/// Bytes of a field that is not a file at most.
const MAX_FIELD: usize = 64 * 1024;
/// Parts at most.
const MAX_PARTS: usize = 20;

/// Bytes of a request at most: a file of five megabytes, and the fields beside it.
const MAX_BYTES: usize = 5 * 1024 * 1024 + MAX_FIELD;

/// The fields of a form and the one file that it sends. Its route has the layer [`Upload::limit`].
#[derive(Debug, Default)]
pub struct Upload {
    /// What was typed.
    pub fields: Fields,
    /// The file's bytes; empty where none was chosen.
    pub file: Vec<u8>,
}

impl Upload {
    /// The layer of routes that take files.
    pub fn limit() -> DefaultBodyLimit {
        DefaultBodyLimit::max(MAX_BYTES)
    }
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let parts = Multipart::from_request(request, state).await;
        let mut parts = parts
            .map_err(|_| Error::BadRequest("expected multipart/form-data as Content-Type".to_owned()))?;
        let mut upload = Self::default();
        let mut count = 0;
        while let Some(part) = parts.next_field().await.map_err(wrong)? {
            count += 1;
            if count > MAX_PARTS {
                return Err(Error::BadRequest(format!("expected at most {MAX_PARTS} parts")));
            }
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.map_err(wrong)?;
            if is_file {
                upload.file = bytes.to_vec();
            } else if bytes.len() > MAX_FIELD {
                return Err(Error::TooLarge(MAX_FIELD));
            } else {
                upload.fields.set(&name, String::from_utf8_lossy(&bytes));
            }
        }
        Ok(upload)
    }
}

fn wrong(error: MultipartError) -> Error {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(MAX_BYTES),
        _ => Error::BadRequest("expected parts of a form".to_owned()),
    }
}
