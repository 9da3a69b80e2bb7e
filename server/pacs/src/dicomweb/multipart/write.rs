//! A body made part by part.

use std::io::Write;

use super::{Error, WRITTEN, invalid, is_boundary};

/// Makes a body with one boundary, which must not occur in any part: take a random one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    boundary: String,
}

impl Writer {
    /// Begins a body.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a boundary that RFC 2046 does not allow.
    pub fn new(boundary: &str) -> Result<Self, Error> {
        if !is_boundary(boundary, WRITTEN) {
            return Err(invalid("a boundary of 1 to 70 characters"));
        }
        Ok(Self {
            boundary: boundary.to_owned(),
        })
    }

    /// Gives the body's Content-Type with the media type of its parts.
    #[must_use]
    pub fn content_type(&self, media_type: &str) -> String {
        format!(
            "multipart/related; type=\"{media_type}\"; boundary=\"{}\"",
            self.boundary
        )
    }

    /// Gives the delimiter and headers that come before a part's content.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a header with a line break within.
    pub fn part(&self, headers: &[(&str, &str)]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = write!(bytes, "\r\n--{}\r\n", self.boundary);
        for (name, value) in headers {
            let is_line = |text: &str| !text.contains(['\r', '\n']);
            if !is_line(name) || !is_line(value) || name.contains(':') {
                return Err(invalid("a header on one line"));
            }
            let _ = write!(bytes, "{name}: {value}\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Ok(bytes)
    }

    /// Gives what ends the body.
    #[must_use]
    pub fn end(&self) -> Vec<u8> {
        format!("\r\n--{}--\r\n", self.boundary).into_bytes()
    }
}
