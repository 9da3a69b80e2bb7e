//! Pages of other origins: none may read answers unless it is named (Fetch, CORS).

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Lets pages of these origins (`https://viewer.example`) use the interfaces with a token; without any nothing changes.
///
/// Cookies are never sent along: who asks is told by the token alone.
pub fn allow(router: Router, origins: &[HeaderValue]) -> Router {
    if origins.is_empty() {
        return router;
    }
    router.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods(METHODS)
            .allow_headers(asked())
            .expose_headers(shown())
            .max_age(Duration::from_secs(600)),
    )
}

/// Methods that are allowed.
pub(crate) const METHODS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PATCH,
    Method::DELETE,
];

/// Headers that requests may have.
pub(crate) fn asked() -> [HeaderName; 10] {
    let own = HeaderName::from_static;
    [
        header::AUTHORIZATION,
        header::ACCEPT,
        header::CONTENT_TYPE,
        header::RANGE,
        header::IF_NONE_MATCH,
        header::IF_RANGE,
        own("tus-resumable"),
        own("upload-length"),
        own("upload-metadata"),
        own("upload-offset"),
    ]
}

/// Headers that pages may read of answers.
pub(crate) fn shown() -> [HeaderName; 10] {
    let own = HeaderName::from_static;
    [
        header::CONTENT_LOCATION,
        header::CONTENT_RANGE,
        header::ETAG,
        header::LINK,
        header::LOCATION,
        header::RETRY_AFTER,
        header::WARNING,
        own("tus-resumable"),
        own("upload-length"),
        own("upload-offset"),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::access::Open;
    use crate::http::tests::{app, send, start};
    use crate::http::{Limits, router};
    use crate::test_folder::TestFolder;

    #[tokio::test]
    async fn only_named_origins_may_read() {
        let folder = TestFolder::new("cors");
        let app = app(&folder, Arc::new(Open)).await;
        let named = ["https://viewer.example".parse().unwrap()];
        for (origins, origin, expected) in [
            (
                &named[..],
                "https://viewer.example",
                Some("https://viewer.example"),
            ),
            (&named[..], "https://evil.example", None),
            (&[], "https://viewer.example", None),
        ] {
            let service = super::allow(router(app.clone()), origins);
            let (port, _stop) = start(service, Limits::default()).await;
            let header = format!("origin: {origin}\r\n");
            let answer = send(port, "GET", "/dicom-web/studies", &header, b"").await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }
}
