//! Bodies of several parts (multipart/related, RFC 2046 section 5.1 and RFC 2387; PS3.18 8.6).
//!
//! [`Reader`] takes a body piece by piece as it arrives and keeps no more of it than a part's headers and a delimiter's
//! length; [`Writer`] makes one. Whole bodies are limited by whoever receives them.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{Event, Limits, Reader};
pub use write::Writer;

/// Why a body cannot be read or written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The body or its Content-Type is not what the RFCs have.
    #[error("multipart: expected {expected}")]
    Invalid {
        /// What the RFCs have there.
        expected: &'static str,
    },
    /// The body ends before its last delimiter.
    #[error("multipart: expected the closing delimiter, found the end of the body")]
    Truncated,
    /// The body asks for more than the limits allow.
    #[error("multipart {what}: at most {limit} is accepted")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
    },
}

fn invalid(expected: &'static str) -> Error {
    Error::Invalid { expected }
}

/// What a Content-Type says of a body of several parts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Related {
    /// What separates the parts.
    pub boundary: String,
    /// The media type of the root part, in lower case; `None` when unsaid.
    pub media_type: Option<String>,
}

/// Reads the value of a Content-Type header.
///
/// # Errors
///
/// [`Error::Invalid`] for anything but multipart/related with a boundary of RFC 2046.
pub fn related(content_type: &str) -> Result<Related, Error> {
    let expected = "Content-Type multipart/related";
    let boundary = boundary(content_type, "multipart/related", expected)?;
    let media_type = parameter(content_type, "type").map(|media_type| media_type.to_ascii_lowercase());
    Ok(Related { boundary, media_type })
}

/// Reads the boundary of a form that a browser sends with files (RFC 7578).
///
/// # Errors
///
/// As [`related`], of multipart/form-data.
pub(crate) fn form(content_type: &str) -> Result<String, Error> {
    boundary(
        content_type,
        "multipart/form-data",
        "Content-Type multipart/form-data",
    )
}

fn boundary(content_type: &str, media_type: &str, expected: &'static str) -> Result<String, Error> {
    if !essence(content_type).eq_ignore_ascii_case(media_type) {
        return Err(invalid(expected));
    }
    parameter(content_type, "boundary")
        .filter(|boundary| is_boundary(boundary, READ))
        .ok_or_else(|| invalid("a boundary of 1 to 200 characters"))
}

/// The media type of a Content-Type, without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// A parameter of a header's value, by its name in lower case; the last where it is given twice.
pub(crate) fn parameter(value: &str, wanted: &str) -> Option<String> {
    let parameters = parameters(value).into_iter().skip(1).rev();
    let mut named = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| unquoted(value.trim()))
    });
    named.next()
}

/// Characters of a boundary that are read. RFC 2046 5.1.1 allows 70; Orthanc writes 73.
const READ: usize = 200;
/// Characters of a boundary that are written.
const WRITTEN: usize = 70;

/// Whether RFC 2046 allows its characters.
fn is_boundary(text: &str, most: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=most).contains(&text.len()) && text.bytes().all(allowed) && !text.ends_with(' ')
}

/// Splits at semicolons outside quotation marks.
fn parameters(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in text.chars() {
        if character == ';' && !is_quoted {
            parts.push(String::new());
            continue;
        }
        is_quoted ^= character == '"' && !is_escaped;
        is_escaped = is_quoted && character == '\\' && !is_escaped;
        parts.last_mut().expect("there is always one").push(character);
    }
    parts
}

fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut characters = inner.chars();
    let mut plain = String::new();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' {
            characters.next()
        } else {
            Some(character)
        });
    }
    plain
}
