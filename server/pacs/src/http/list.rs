//! Lists over HTTP, page by page: `?after=&limit=` beside what a list has of its own, and `{"items": [...], "next": NUMBER}`.
//!
//! `next` is what `after` asks for to get the page behind; null on the last.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::said::has_nul;
use super::{Error, Result};
use crate::dicomweb::parameters::{encoded, parameters};
use crate::index::Page;

/// Items of a page where nobody says how many.
const USUAL: u32 = 100;
/// Items of a page at most.
const MOST: u32 = 1000;

/// What is asked of a list: its own parameters, and which page.
#[derive(Debug)]
pub(crate) struct Asked<F> {
    pub(crate) of: F,
    pub(crate) page: Asking,
}

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking(Page);

impl Asking {
    /// What the index is asked for: an item more, which tells whether there is a page behind.
    pub(crate) fn rows(self) -> Page {
        Page {
            after: self.0.after,
            limit: self.0.limit + 1,
        }
    }

    /// The answer, of rows in the order of their numbers.
    pub(crate) fn answer<R, T>(
        self,
        mut rows: Vec<R>,
        number: impl Fn(&R) -> i64,
        shown: impl FnMut(R) -> T,
    ) -> Listed<T> {
        let has_more = rows.len() > self.0.limit as usize;
        rows.truncate(self.0.limit as usize);
        let next = rows.last().filter(|_| has_more).map(number);
        Listed {
            items: rows.into_iter().map(shown).collect(),
            next,
        }
    }
}

impl<F: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<F> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let (mut page, mut own) = (
            Page {
                after: 0,
                limit: USUAL,
            },
            Vec::new(),
        );
        if has_nul(parts.uri.query().unwrap_or_default()) {
            return Err(bad("the query: expected no NUL"));
        }
        for (name, value) in parameters(parts.uri.query().unwrap_or_default())? {
            match name.as_str() {
                "after" => {
                    page.after =
                        number(&value, 0..=i64::MAX).ok_or_else(|| bad("after: expected a number"))?
                }
                "limit" => {
                    let limit =
                        number(&value, 1..=i64::from(MOST)).and_then(|limit| u32::try_from(limit).ok());
                    page.limit = limit.ok_or_else(|| bad("limit: expected 1 to 1000"))?;
                }
                _ => own.push(format!("{}={}", encoded(&name), encoded(&value))),
            }
        }
        let uri: Uri = format!("/?{}", own.join("&"))
            .parse()
            .map_err(|_| bad("the query: expected parameters"))?;
        let of = Query::try_from_uri(&uri).map_err(|error| bad(&error.body_text()))?;
        Ok(Self {
            of: of.0,
            page: Asking(page),
        })
    }
}

fn number(text: &str, within: std::ops::RangeInclusive<i64>) -> Option<i64> {
    text.parse().ok().filter(|number| within.contains(number))
}

fn bad(words: &str) -> Error {
    Error::BadRequest(words.to_owned())
}

/// One page.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    items: Vec<T>,
    next: Option<i64>,
}

impl<T> Listed<T> {
    /// A list that is never long.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// A list without parameters of its own.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A list of one study's, or of all.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfStudy {
    pub(crate) study: Option<String>,
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::{Asked, OfStudy};

    async fn list(asked: Asked<OfStudy>) -> impl axum::response::IntoResponse {
        let page = asked.page.rows();
        let rows = (page.after + 1..=250).take(page.limit as usize).collect();
        let study = asked.of.study.unwrap_or_default();
        asked.page.answer(rows, |row| *row, |row| format!("{study}{row}"))
    }

    async fn ask(query: &str) -> (u16, String) {
        let request = Request::get(format!("/list?{query}"))
            .body(Body::empty())
            .unwrap();
        let response = Router::new()
            .route("/list", get(list))
            .oneshot(request)
            .await
            .unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn pages_follow_each_other_to_the_end() {
        let mut after = 0;
        let mut seen = Vec::new();
        loop {
            let (status, body) = ask(&format!("after={after}&limit=125&study=%E5%BC%A0")).await;
            assert_eq!(status, 200);
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let items = body["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item.as_str().unwrap().to_owned()));
            match body["next"].as_i64() {
                Some(next) => after = next,
                None => break,
            }
        }
        let all: Vec<String> = (1..=250).map(|row| format!("张{row}")).collect();
        assert_eq!(seen, all);
    }

    #[tokio::test]
    async fn what_is_not_understood_is_refused() {
        let (_, usual) = ask("").await;
        assert!(usual.ends_with("\"100\"],\"next\":100}"), "{usual}");
        for (query, words) in [
            ("limit=0", "limit: expected 1 to 1000"),
            ("limit=1001", "limit: expected 1 to 1000"),
            ("after=-1", "after: expected a number"),
            ("after=x", "after: expected a number"),
            ("patient=7", "unknown field"),
            ("study=%f", "percent"),
        ] {
            let (status, body) = ask(query).await;
            assert_eq!(status, 400, "{query}");
            assert!(body.contains(words), "{query}: {body}");
        }
    }
}
