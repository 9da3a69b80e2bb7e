//! The queue over HTTP: what waits, what is held, and what people decide of it.
//!
//! ```text
//! GET  /archive/deliveries?state=&destination=&study=&after=&limit=   oldest first
//! GET  /archive/deliveries/summary                                    how many stand how, and which destinations fail
//! POST /archive/deliveries/{id}/retry                                 sends it again, or now
//! POST /archive/deliveries/{id}/drop                                  {"reason": "..."}: it is not sent any more
//! ```

use axum::extract::State as From;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Delivery, DropError, Filter, State};
use crate::access::Action;
use crate::http::list::{Asked, Listed};
use crate::http::{App, Caller, Error, Path, Result, Said};

/// The routes of this module.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/deliveries", get(list))
        .route("/archive/deliveries/summary", get(summary))
        .route("/archive/deliveries/{id}/retry", post(retry))
        .route("/archive/deliveries/{id}/drop", post(dropped))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<String>,
    destination: Option<String>,
    study: Option<String>,
}

async fn list(From(app): From<App>, caller: Caller, asked: Asked<Wanted>) -> Result<Listed<Value>> {
    let within = caller.may(Action::Watch, asked.of.study.as_deref()).await?;
    let known = |word: &String| State::from_text(word).ok_or_else(unknown_state);
    let filter = Filter {
        state: asked.of.state.as_ref().map(known).transpose()?,
        destination: asked.of.destination,
        study_uid: asked.of.study,
        within,
    };
    let found = app.queue()?.page(&filter, asked.page.rows()).await?;
    Ok(asked
        .page
        .answer(found, |delivery| delivery.id, |delivery| shown(&delivery)))
}

fn unknown_state() -> Error {
    let words = State::ALL.map(State::as_str).join(", ");
    Error::BadRequest(format!("state: expected one of {words}"))
}

/// UIDs and words of our own: nothing of a patient.
fn shown(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "destination": delivery.destination,
        "state": delivery.state.as_str(),
        "study": delivery.study_uid,
        "instance": delivery.sop_uid,
        "sop_class": delivery.sop_class_uid,
        "hash": delivery.hash.to_string(),
        "attempts": delivery.attempts,
        "created_ns": delivery.created_ns,
        "changed_ns": delivery.changed_ns,
        "not_before_ns": delivery.not_before_ns,
        "reason": delivery.reason,
    })
}

async fn summary(From(app): From<App>, caller: Caller) -> Result<impl IntoResponse> {
    let within = caller.may(Action::Watch, None).await?;
    let queue = app.queue()?;
    let counts = queue.counts(&within).await?;
    let counts: Vec<Value> = counts
        .iter()
        .map(|one| {
            json!({ "destination": one.destination, "state": one.state.as_str(), "number": one.number })
        })
        .collect();
    let troubles = queue.troubles();
    let troubles: Vec<Value> = troubles
        .iter()
        .map(|(destination, trouble)| {
            json!({
                "destination": destination, "failures": trouble.failures, "words": trouble.words,
                "at_ns": trouble.at_ns,
            })
        })
        .collect();
    let body = json!({ "counts": counts, "troubles": troubles });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)))
}

async fn retry(From(app): From<App>, caller: Caller, Path(id): Path<i64>) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    caller.sees_row(&within, "deliveries", id).await?;
    if !app.queue()?.retry(id).await? {
        return Err(Error::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DropJson {
    reason: String,
}

async fn dropped(
    From(app): From<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Said(asked): Said<DropJson>,
) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    caller.sees_row(&within, "deliveries", id).await?;
    let actor = caller.principal.actor();
    app.queue()?.drop_one(id, &actor, &asked.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl std::convert::From<DropError> for Error {
    fn from(error: DropError) -> Self {
        match error {
            DropError::NoSuch => Self::NotFound,
            DropError::NoReason(_) => Self::BadRequest(error.to_string()),
            DropError::State(_) => Self::Conflict(error.to_string()),
            DropError::Index(error) => error.into(),
        }
    }
}
