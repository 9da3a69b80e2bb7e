//! Orders over HTTP: `/worklist`.
//!
//! `GET` lists with `date=YYYYMMDD[-YYYYMMDD]`, `modality`, `station`, `state`, `limit` and `after`; `POST` adds one item or a
//! list, as DICOM JSON or as one DICOM file; `PUT /worklist/ID/state` takes `{"state": "DISCONTINUED"}`.

use axum::Json;
use axum::Router;
use axum::extract::State as From;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, put};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Error, Filter, OrderSource as _, OrderTable, State, Step};
use crate::access::Action;
use crate::dicomweb::compact;
use crate::http::list::{Asked, Listed};
use crate::http::{self, App, Bounded, Caller, Path, Said};
use crate::index::{Page, Restriction};

/// Bytes of a list of items.
const MAX_BYTES: usize = 16 << 20;

/// The routes of orders.
pub fn router() -> Router<App> {
    Router::new()
        .route("/worklist", get(list).post(add))
        .route("/worklist/{step}/state", put(set_state))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    date: Option<String>,
    modality: Option<String>,
    station: Option<String>,
    state: Option<String>,
}

#[derive(Debug, Serialize)]
struct Item {
    step: String,
    state: &'static str,
    item: Box<RawValue>,
}

#[derive(Debug, Serialize)]
struct Added {
    steps: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Change {
    state: String,
}

async fn list(From(app): From<App>, caller: Caller, asked: Asked<Wanted>) -> http::Result<Listed<Item>> {
    let within = caller.may_and_look(Action::Schedule, Action::Find, None).await?;
    let filter = Filter {
        within,
        ..filter(asked.of, asked.page.rows())?
    };
    let orders = OrderTable::new(app.archive().index().clone());
    let found = orders.find(&filter).await?;
    let item = |(_, step): (i64, Step)| Item {
        step: step.id,
        state: step.state.as_str(),
        item: RawValue::from_string(compact::write(&step.item)).expect("what was written is JSON"),
    };
    Ok(asked.page.answer(found, |(id, _)| *id, item))
}

fn filter(asked: Wanted, page: Page) -> http::Result<Filter> {
    let dates = asked.date.unwrap_or_default();
    let (from, to) = dates.split_once('-').unwrap_or((&dates, &dates));
    let is_date = |text: &str| text.is_empty() || text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    if !is_date(from) || !is_date(to) {
        return Err(bad("date: expected YYYYMMDD or YYYYMMDD-YYYYMMDD"));
    }
    let states = match asked.state {
        Some(word) => vec![state(&word)?],
        None => Vec::new(),
    };
    Ok(Filter {
        dates: (from.to_owned(), to.to_owned()),
        modality: asked.modality,
        station: asked.station,
        step_id: None,
        states,
        within: Restriction::NONE,
        after: Some(page.after),
        limit: page.limit,
    })
}

fn bad(words: &str) -> http::Error {
    http::Error::BadRequest(words.to_owned())
}

fn state(word: &str) -> http::Result<State> {
    State::from_text(word)
        .ok_or_else(|| bad("state: expected SCHEDULED, IN PROGRESS, DISCONTINUED or COMPLETED"))
}

async fn add(
    From(app): From<App>,
    caller: Caller,
    Bounded(body): Bounded<MAX_BYTES>,
) -> http::Result<impl IntoResponse> {
    caller.may(Action::Schedule, None).await?;
    let steps = tokio::task::spawn_blocking(move || super::import(&body)).await;
    let steps = steps.map_err(|_| http::Error::Internal)??;
    let orders = OrderTable::new(app.archive().index().clone());
    let custodian = caller.custodian().await?;
    orders.add(&steps, &caller.principal.actor(), custodian).await?;
    let steps = steps.into_iter().map(|step| step.id).collect();
    Ok((StatusCode::CREATED, Json(Added { steps })))
}

async fn set_state(
    From(app): From<App>,
    caller: Caller,
    Path(step): Path<String>,
    Said(wanted): Said<Change>,
) -> http::Result<StatusCode> {
    let within = caller.may(Action::Schedule, None).await?;
    let orders = OrderTable::new(app.archive().index().clone());
    let wanted = state(&wanted.state)?;
    let actor = caller.principal.actor();
    orders.set_state(&step, wanted, &within, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl std::convert::From<Error> for http::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Index(error) => error.into(),
            Error::Unknown(_) => Self::NotFound,
            Error::Duplicate(_) | Error::Refused(_) => Self::Conflict(error.to_string()),
            Error::Invalid(_) | Error::Unreadable(_) => Self::BadRequest(error.to_string()),
            Error::Source(_) => {
                tracing::error!(%error, "orders failed");
                Self::Internal
            }
        }
    }
}
