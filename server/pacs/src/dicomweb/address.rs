//! Under which address the caller reached this service: what links in answers begin with.

use axum::http::{HeaderMap, Uri, header};

/// Where DICOMweb is.
pub const BASE: &str = "/dicom-web";

/// Gives the address of the DICOMweb service as the caller sees it, without a slash at its end.
///
/// The host is the one that was asked for. Where TLS ends here, the address says so; a proxy that ended it says so in
/// X-Forwarded-Proto. Whoever forges that gets links that do not work in their own answer.
pub(crate) fn service(headers: &HeaderMap, uri: &Uri) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let asked = text(header::HOST).or_else(|| uri.authority().map(|authority| authority.as_str()));
    let host = asked.filter(|host| is_host(host)).unwrap_or("localhost");
    let forwarded = text(header::HeaderName::from_static("x-forwarded-proto"));
    let is_secure = uri.scheme_str() == Some("https") || forwarded == Some("https");
    let scheme = if is_secure { "https" } else { "http" };
    format!("{scheme}://{host}{BASE}")
}

/// Nothing that could end the host of an address.
fn is_host(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Uri};

    use super::service;

    #[test]
    fn the_host_that_was_asked_for() {
        for (host, proto, expected) in [
            ("pacs.example:8042", None, "http://pacs.example:8042/dicom-web"),
            ("[::1]:80", Some("https"), "https://[::1]:80/dicom-web"),
            ("a/b", Some("javascript"), "http://localhost/dicom-web"),
            ("a\"b", None, "http://localhost/dicom-web"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            if let Some(proto) = proto {
                headers.insert("x-forwarded-proto", proto.parse().unwrap());
            }
            assert_eq!(service(&headers, &Uri::from_static("/studies")), expected);
        }
        let mut headers = HeaderMap::new();
        headers.insert("host", "pacs.example".parse().unwrap());
        let secure = Uri::from_static("https://pacs.example/studies");
        assert_eq!(service(&headers, &secure), "https://pacs.example/dicom-web");
    }
}
