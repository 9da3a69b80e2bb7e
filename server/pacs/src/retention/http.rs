//! Retention over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Class, Error, Hold, Kept, Policy};
use crate::access::Action;
use crate::clock::now_ns;
use crate::http::list::{Asked, Listed, Nothing, OfStudy};
use crate::http::{self, App, Caller, Path, Result, Said};

/// Retention over HTTP.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/expired", get(expired))
        .route("/archive/holds", get(holds).post(hold))
        .route("/archive/holds/{id}", delete(lift))
        .route("/archive/visits/{study}", put(visit))
        .route("/archive/removals", post(remove))
}

impl From<Error> for http::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuch => Self::NotFound,
            Error::NoReason | Error::TooShort { .. } => Self::BadRequest(error.to_string()),
            Error::NotExpired | Error::OnHold | Error::NotRejected => Self::Conflict(error.to_string()),
            Error::Index(error) => error.into(),
            Error::Storage(error) => error.into(),
        }
    }
}

async fn expired(State(app): State<App>, caller: Caller, asked: Asked<Nothing>) -> Result<Listed<Value>> {
    let within = caller.may(Action::Correct, None).await?;
    let (index, policy) = (app.archive().index(), app.archive().retention());
    let found = super::expired(index, policy, &within, now_ns(), asked.page.rows()).await?;
    Ok(asked
        .page
        .answer(found, |(number, _)| *number, |(_, one)| kept(&one)))
}

fn kept(kept: &Kept) -> Value {
    json!({ "study": kept.study_uid, "until": kept.until, "class": kept.class.as_str(), "held": kept.is_held })
}

async fn holds(State(app): State<App>, caller: Caller, asked: Asked<OfStudy>) -> Result<Listed<Value>> {
    let study = asked.of.study.as_deref();
    let within = caller.may(Action::Correct, study).await?;
    let found = super::holds(app.archive().index(), study, &within, asked.page.rows()).await?;
    Ok(asked.page.answer(found, |hold| hold.id, |hold| held(&hold)))
}

fn held(hold: &Hold) -> Value {
    let (lifted_ns, lifted_by) = hold.lifted.clone().unzip();
    json!({
        "id": hold.id, "study": hold.study_uid, "reason": hold.reason, "actor": hold.actor, "at_ns": hold.at_ns,
        "lifted_ns": lifted_ns, "lifted_by": lifted_by,
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldJson {
    study: String,
    reason: String,
}

async fn hold(
    State(app): State<App>,
    caller: Caller,
    Said(asked): Said<HoldJson>,
) -> Result<(StatusCode, Json<Value>)> {
    caller.may(Action::Correct, Some(&asked.study)).await?;
    let (index, actor) = (app.archive().index(), caller.principal.actor());
    let id = super::hold(index, &asked.study, &asked.reason, &actor, now_ns()).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

async fn lift(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    caller.sees_row(&within, "holds", id).await?;
    super::lift(app.archive().index(), id, &caller.principal.actor(), now_ns()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn visit(
    State(app): State<App>,
    caller: Caller,
    Path(study): Path<String>,
    Said(class): Said<String>,
) -> Result<StatusCode> {
    caller.may(Action::Correct, Some(&study)).await?;
    let class = Class::from_text(&class)
        .ok_or_else(|| http::Error::BadRequest("expected out-patient or in-patient".to_owned()))?;
    let (index, actor) = (app.archive().index(), caller.principal.actor());
    super::tell_visit(index, &study, class, &actor, now_ns()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveJson {
    study: String,
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Said(asked): Said<RemoveJson>,
) -> Result<Json<Value>> {
    caller.may(Action::Correct, Some(&asked.study)).await?;
    let policy: Policy = app.archive().retention();
    let actor = caller.principal.actor();
    let gone = super::remove(app.archive(), policy, &asked.study, &actor, now_ns()).await?;
    Ok(Json(json!({ "removed": gone.len() })))
}
