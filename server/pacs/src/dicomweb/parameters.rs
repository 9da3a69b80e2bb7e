//! The query of a request, read strictly: what is not understood is refused, never passed over.

use crate::http::{Error, Result};

/// Parameters of one request at most.
pub(crate) const MAX_PARAMETERS: usize = 1024;

/// Reads names and values, in their order. `+` is a space, as forms and Python write it.
///
/// # Errors
///
/// [`Error::BadRequest`] for percent signs without two digits, for what is no UTF-8, and for too many parameters.
pub(crate) fn parameters(query: &str) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if all.len() == MAX_PARAMETERS {
            let words = format!("at most {MAX_PARAMETERS} parameters are accepted");
            return Err(Error::BadRequest(words));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.push((decoded(name)?, decoded(value)?));
    }
    Ok(all)
}

/// Refuses a path segment that is no UID: digits and dots, at most 64.
///
/// # Errors
///
/// [`Error::BadRequest`].
pub(crate) fn uid(text: &str) -> Result<&str> {
    let is_uid = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(is_uid) {
        let words = "expected a UID of at most 64 digits and dots in the address".to_owned();
        return Err(Error::BadRequest(words));
    }
    Ok(text)
}

/// Writes a value so that it is one parameter's again.
pub(crate) fn encoded(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (high, low) = (digit(rest.first()), digit(rest.get(1)));
                let (Some(high), Some(low)) = (high, low) else {
                    let words = "expected two hexadecimal digits after a percent sign".to_owned();
                    return Err(Error::BadRequest(words));
                };
                bytes.push(high << 4 | low);
                rest = &rest[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| Error::BadRequest("expected parameters in UTF-8".to_owned()))
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    let value = char::from(*byte?).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::{encoded, parameters};

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["", "王*", "a b+c&d=e%", "*?\\"] {
            let read = parameters(&format!("n={}", encoded(text))).unwrap();
            assert_eq!(read, [("n".to_owned(), text.to_owned())]);
        }
        let read = parameters("a=%2A&b=x+y&&c").unwrap();
        let pairs: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "*"), ("b", "x y"), ("c", "")]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in ["a=%", "a=%2", "a=%zz", "a=%FF", "%C3=1"] {
            assert!(parameters(query).is_err(), "{query}");
        }
        assert!(parameters(&"a&".repeat(5000)).is_err());
    }
}
