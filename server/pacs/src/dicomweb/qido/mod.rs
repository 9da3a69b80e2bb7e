//! QIDO-RS: searching for studies, series and instances (PS3.18 10.6).
//!
//! A search is read strictly: an attribute that is not known or not matched on is refused, because passing it over would
//! give more than was asked for. Answers of many rows are sent while they are found; a page that is full names the next one
//! in a Link header, which costs the same however far it is.

mod answer;
mod attributes;
mod request;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use axum::routing::get;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::accept::Accept;
use super::address;
use super::parameters::{encoded, uid};
use crate::http::{App, Caller, Error, Path, Result};
use crate::index::{Key, Level};

pub(crate) use answer::OFFERS;
use answer::{Form, Found, Next};
use request::Search;

/// What is searched for, and within what.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    Studies,
    Series {
        study: Option<String>,
    },
    Instances {
        study: Option<String>,
        series: Option<String>,
    },
}

impl Resource {
    fn level(&self) -> Level {
        match self {
            Self::Studies => Level::Study,
            Self::Series { .. } => Level::Series,
            Self::Instances { .. } => Level::Instance,
        }
    }

    fn study(&self) -> Option<&str> {
        match self {
            Self::Studies => None,
            Self::Series { study } | Self::Instances { study, .. } => study.as_deref(),
        }
    }

    /// What the address names.
    fn keys(&self) -> Vec<Key> {
        let study = self
            .study()
            .map(|uid| Key::from_text(tags::STUDY_INSTANCE_UID, uid));
        let series = match self {
            Self::Instances { series, .. } => series.as_deref(),
            _ => None,
        };
        let series = series.map(|uid| Key::from_text(tags::SERIES_INSTANCE_UID, uid));
        study.into_iter().chain(series).collect()
    }
}

/// Answers of fewer bytes are not compressed.
const COMPRESSED_BYTES: u64 = 4096;

/// Searching, under `/dicom-web`; compressed for who accepts it.
pub fn router() -> Router<App> {
    Router::new()
        .route("/dicom-web/studies", get(studies))
        .route("/dicom-web/series", get(all_series))
        .route("/dicom-web/instances", get(all_instances))
        .route("/dicom-web/studies/{study}/series", get(series_of_study))
        .route("/dicom-web/studies/{study}/instances", get(instances_of_study))
        .route(
            "/dicom-web/studies/{study}/series/{series}/instances",
            get(instances_of_series),
        )
        // The least effort already takes JSON to a tenth; a few rows fit into few packets without.
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(COMPRESSED_BYTES)),
        )
}

/// What every search has of its request.
type Asked = (State<App>, Caller, HeaderMap, Uri, RawQuery);

async fn studies(asked: Asked) -> Result<Response> {
    search(asked, Resource::Studies).await
}

async fn all_series(asked: Asked) -> Result<Response> {
    search(asked, Resource::Series { study: None }).await
}

async fn all_instances(asked: Asked) -> Result<Response> {
    let resource = Resource::Instances {
        study: None,
        series: None,
    };
    search(asked, resource).await
}

async fn series_of_study(Path(study): Path<String>, asked: Asked) -> Result<Response> {
    let study = Some(uid(&study)?.to_owned());
    search(asked, Resource::Series { study }).await
}

async fn instances_of_study(Path(study): Path<String>, asked: Asked) -> Result<Response> {
    let study = Some(uid(&study)?.to_owned());
    search(asked, Resource::Instances { study, series: None }).await
}

async fn instances_of_series(
    Path((study, series)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response> {
    let resource = Resource::Instances {
        study: Some(uid(&study)?.to_owned()),
        series: Some(uid(&series)?.to_owned()),
    };
    search(asked, resource).await
}

async fn search(asked: Asked, resource: Resource) -> Result<Response> {
    let (State(app), caller, headers, uri, RawQuery(query)) = asked;
    let within = caller.may_find(resource.study()).await?;
    let mut search = Search::read(&resource, query.as_deref().unwrap_or_default())?;
    search.query.within = within;
    let accept = Accept::of(&headers, search.accept.as_deref());
    let Some(offer) = accept.choose(&OFFERS) else {
        let offers = OFFERS.map(|offer| offer.to_string());
        return Err(Error::NotAcceptable(offers.join(", ")));
    };
    let service = address::service(&headers, &uri);
    let form = Form::new(offer, service.clone(), &resource, &search)?;
    let wants_empty = search.wants_empty;
    let asked = search.clone();
    let found = Found::first(app.archive().index(), search).await?;
    let next = found.next.as_ref().map(|next| link(&uri, &asked, next));
    let mut response = found.into_response(form)?;
    if wants_empty {
        let words =
            "The emptyvaluematching parameter is not supported. Empty Value Matching has not been performed.";
        warn(&mut response, &service, words);
    }
    if let Some(link) = next {
        warn(
            &mut response,
            &service,
            "There are additional results that can be requested",
        );
        if let Ok(link) = HeaderValue::try_from(link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// What every answer has that is not asked for more, by what is searched for everywhere.
pub(crate) fn answered() -> [(Level, Vec<Tag>); 3] {
    let (study, series) = (None, None);
    let instances = Resource::Instances { study: None, series };
    [Resource::Studies, Resource::Series { study }, instances]
        .map(|resource| (resource.level(), attributes::required(&resource).collect()))
}

/// Adds a warning in the words of PS3.18 8.3.4.
fn warn(response: &mut Response, service: &str, words: &str) {
    if let Ok(value) = HeaderValue::try_from(format!("299 {service} \"{words}\"")) {
        response.headers_mut().append(header::WARNING, value);
    }
}

/// The address of the next page (RFC 8288).
fn link(uri: &Uri, asked: &Search, next: &Next) -> String {
    let others = asked.others.iter();
    let mut parameters: Vec<String> = others
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let limit = asked.query.limit;
    parameters.extend(limit.map(|limit| format!("limit={limit}")));
    match next {
        Next::After(cursor) => parameters.push(format!("after={}", encoded(cursor))),
        Next::Offset(offset) => {
            let after = asked.query.after.as_ref();
            parameters.extend(after.map(|cursor| format!("after={}", encoded(&cursor.to_text()))));
            parameters.push(format!("offset={offset}"));
        }
    }
    format!("<{}?{}>; rel=\"next\"", uri.path(), parameters.join("&"))
}

/// Whether a query is refused, or the address of its next page asks for the same; of every kind of search. For fuzzing.
#[doc(hidden)]
#[must_use]
pub fn next_page_asks_the_same(query: &str) -> bool {
    let resources = [
        Resource::Studies,
        Resource::Series { study: None },
        Resource::Instances {
            study: Some("1.2".to_owned()),
            series: None,
        },
    ];
    resources.iter().all(|resource| {
        let Ok(search) = Search::read(resource, query) else {
            return true;
        };
        let next = link(&Uri::default(), &search, &Next::Offset(search.query.offset));
        let query = next.split_once('?').and_then(|(_, rest)| rest.split_once(">;"));
        query.is_some_and(|(query, _)| Search::read(resource, query).is_ok_and(|again| again == search))
    })
}
