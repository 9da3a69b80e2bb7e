//! WADO-RS and WADO-URI: giving objects, metadata, frames and bulk data (PS3.18 9 and 10.4).
//!
//! What is given was verified, and a study is given while it is read: a few objects are in memory at once. Every answer has
//! an entity tag of the object's hash, its corrections and its form; single parts are given in ranges. Drawing is another's
//! ([`super::rendered`]).
//!
//! Objects and metadata are given with their corrections ([`crate::corrections`]). With `original=true` in the query they are
//! given as they were received, to whoever may correct ([`Action::Correct`]).

pub(crate) mod answer;
mod bulk;
pub(crate) mod find;
pub(crate) mod frames;
pub(crate) mod instances;
pub(crate) mod layout;
pub(crate) mod metadata;
pub(crate) mod render;
pub(crate) mod uri;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use super::accept::Accept;
use super::address;
use super::parameters::parameters;
use crate::access::Action;
use crate::http::{App, Caller, Error, Path, Result};

use answer::Asking;
use find::{Address, target, targets};

/// Retrieving, under `/dicom-web` and `/wado`.
pub fn router() -> Router<App> {
    const STUDY: &str = "/dicom-web/studies/{study}";
    const SERIES: &str = "/dicom-web/studies/{study}/series/{series}";
    const INSTANCE: &str = "/dicom-web/studies/{study}/series/{series}/instances/{instance}";
    let below = |path: &str, name: &str| format!("{path}/{name}");
    // Only metadata are text: pixels do not get smaller so.
    let metadata = [STUDY, SERIES, INSTANCE]
        .into_iter()
        .fold(Router::new(), |router, path| {
            router.route(&below(path, "metadata"), get(metadata))
        })
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    let mut router = Router::new().route("/wado", get(by_parameters)).merge(metadata);
    for path in [STUDY, SERIES, INSTANCE] {
        router = router
            .route(path, get(objects))
            .route(&below(path, "rendered"), get(rendered))
            .route(&below(path, "thumbnail"), get(thumbnail));
    }
    router
        .route(&below(INSTANCE, "frames/{frames}"), get(frames))
        .route(&below(INSTANCE, "frames/{frames}/rendered"), get(rendered))
        .route(&below(INSTANCE, "frames/{frames}/thumbnail"), get(thumbnail))
        .route(&below(INSTANCE, "bulkdata/{*path}"), get(bulkdata))
}

/// The names in an address.
#[derive(Debug, serde::Deserialize)]
struct Names {
    study: String,
    series: Option<String>,
    instance: Option<String>,
    frames: Option<String>,
    path: Option<String>,
}

/// What every retrieval has of its request.
type Asked = (State<App>, Caller, Path<Names>, HeaderMap, Uri, RawQuery);

/// A request that may be answered.
struct Request {
    app: App,
    names: Names,
    address: Address,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    accept: Accept,
    /// Whether what was received is asked for, without corrections.
    is_original: bool,
    /// The address of the service.
    base: String,
}

impl Request {
    /// Reads it, and asks whether it may be answered: whether they may look, or take objects away.
    async fn of(asked: Asked, look: Action) -> Result<Self> {
        let (State(app), caller, Path(names), headers, uri, RawQuery(query)) = asked;
        let address = Address::of(&names.study, names.series.as_deref(), names.instance.as_deref())?;
        let query = parameters(query.as_deref().unwrap_or_default())?;
        let is_original = find::is_original(&query)?;
        let action = if is_original { Action::Correct } else { look };
        caller.may_and_look(action, look, Some(&address.study)).await?;
        let parameter = query.iter().find(|(name, _)| name == "accept");
        Ok(Self {
            accept: Accept::of(&headers, parameter.map(|(_, value)| value.as_str())),
            base: address::service(&headers, &uri),
            is_original,
            app,
            names,
            address,
            headers,
            query,
        })
    }

    fn asking(&self) -> Asking<'_> {
        Asking {
            app: &self.app,
            headers: &self.headers,
            accept: &self.accept,
            base: &self.base,
        }
    }
}

async fn objects(asked: Asked) -> Result<Response> {
    let request = Request::of(asked, Action::Export).await?;
    let mut targets = targets(&request.app, &request.address).await?;
    if request.is_original {
        // As it was received, however it lies.
        targets.iter_mut().for_each(|target| target.compressed = None);
    } else {
        find::correct(&request.app, &request.address, &mut targets).await?;
    }
    instances::retrieve(request.asking(), targets).await
}

async fn metadata(asked: Asked) -> Result<Response> {
    let request = Request::of(asked, Action::Retrieve).await?;
    metadata::retrieve(request.asking(), &request.address, request.is_original).await
}

async fn frames(asked: Asked) -> Result<Response> {
    let request = Request::of(asked, Action::Retrieve).await?;
    let wanted = frames::list(request.names.frames.as_deref().unwrap_or_default())?;
    let target = target(&request.app, &request.address).await?;
    frames::retrieve(request.asking(), target, wanted).await
}

async fn bulkdata(asked: Asked) -> Result<Response> {
    let request = Request::of(asked, Action::Retrieve).await?;
    let target = target(&request.app, &request.address).await?;
    let path = request.names.path.as_deref().unwrap_or_default();
    bulk::retrieve(request.asking(), target, path).await
}

async fn rendered(asked: Asked) -> Result<Response> {
    drawn(asked, false).await
}

async fn thumbnail(asked: Asked) -> Result<Response> {
    drawn(asked, true).await
}

/// Draws a frame: the one named, else the first of the instance in the middle.
async fn drawn(asked: Asked, is_thumbnail: bool) -> Result<Response> {
    let request = Request::of(asked, Action::Retrieve).await?;
    let frame = match &request.names.frames {
        Some(text) => match frames::list(text)?[..] {
            [frame] => frame,
            _ => return Err(Error::BadRequest("expected one frame".to_owned())),
        },
        None => 1,
    };
    request.app.renderer().ok_or(Error::NotOffered("rendering"))?;
    let mut targets = targets(&request.app, &request.address).await?;
    let target = targets.swap_remove(targets.len() / 2);
    render::retrieve(request.asking(), &request.query, target, frame, is_thumbnail).await
}

async fn by_parameters(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    uri::retrieve(&app, &caller, &headers, query.as_deref().unwrap_or_default()).await
}
