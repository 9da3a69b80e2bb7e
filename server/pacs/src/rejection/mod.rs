//! Images that must not be used: rejected with a reason, by a person or by a note that a device sends (IHE IOCM).
//!
//! Rejected instances are not found, counted or given any more; the objects stay, are readable by right as they were received,
//! and come back when a person undoes it. Whatever the reason, an instance that is sent again under its UID is acknowledged and
//! stays hidden: for quality, safety and a wrong worklist entry the corrected images have UIDs of their own, and what was
//! rejected because its time is over is new again only once it was removed for good ([`crate::retention`]).
//!
//! ```text
//! GET    /archive/rejections?study=&after=&limit=
//! POST   /archive/rejections        {"study": UID, "series": UID?, "instances": [UID]?, "reason": "113001", "comment": ""}
//! DELETE /archive/rejections/{id}   undoes one
//! ```

mod note;

#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde::Deserialize;

use crate::access::Action;
use crate::clock::now_ns;
use crate::http::list::{Asked, Listed, OfStudy};
use crate::http::{App, Caller, Error, Path, Result, Said};
use crate::index::{NewRejection, Rejection, RejectionReason};

pub use note::{Note, note};

/// Rejections over HTTP.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/rejections", get(list).post(reject))
        .route("/archive/rejections/{id}", delete(undo))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RejectJson {
    study: String,
    series: Option<String>,
    #[serde(default)]
    instances: Vec<String>,
    reason: String,
    #[serde(default)]
    comment: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    asked: Asked<OfStudy>,
) -> Result<Listed<serde_json::Value>> {
    let study = asked.of.study.as_deref();
    let within = caller.may(Action::Correct, study).await?;
    let index = app.archive().index();
    let found = index.rejections(study, &within, asked.page.rows()).await?;
    Ok(asked.page.answer(found, |one| one.id, |one| json(&one)))
}

async fn reject(
    State(app): State<App>,
    caller: Caller,
    Said(asked): Said<RejectJson>,
) -> Result<(StatusCode, Json<serde_json::Value>)> {
    caller.may(Action::Correct, Some(&asked.study)).await?;
    let reason = RejectionReason::from_code(&asked.reason)
        .ok_or_else(|| Error::BadRequest("expected 113001, 113037, 113038 or 113039 as reason".to_owned()))?;
    let new = NewRejection {
        study_uid: asked.study,
        series_uid: asked.series,
        sop_uids: asked.instances,
        reason,
        comment: asked.comment,
        note_uid: None,
        actor: caller.principal.actor(),
        at_ns: now_ns(),
    };
    let id = app.archive().index().reject(&new).await?;
    Ok((StatusCode::CREATED, Json(serde_json::json!({ "id": id }))))
}

async fn undo(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    caller.sees_row(&within, "rejections", id).await?;
    let actor = caller.principal.actor();
    app.archive().index().undo_rejection(id, &actor, now_ns()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn json(rejection: &Rejection) -> serde_json::Value {
    let mut json = serde_json::json!({
        "id": rejection.id,
        "study": rejection.study_uid,
        "reason": rejection.reason.code(),
        "meaning": rejection.reason.meaning(),
        "comment": rejection.comment,
        "note": rejection.note_uid,
        "instances": rejection.instances,
        "actor": rejection.actor,
        "at_ns": rejection.at_ns,
    });
    if let Some((at_ns, actor)) = &rejection.undone {
        json["undone_ns"] = (*at_ns).into();
        json["undone_by"] = actor.as_str().into();
    }
    json
}
