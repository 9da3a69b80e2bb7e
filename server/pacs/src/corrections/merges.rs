//! Patients that are one person, over HTTP.
//!
//! ```text
//! GET    /archive/merges?after=&limit=   those undone too, oldest first
//! POST   /archive/merges                 {"from": {"id": "...", "issuer": ""}, "into": {...}, "reason": "..."}
//! DELETE /archive/merges/{id}            undoes one
//! ```
//!
//! `custodian` beside them is the number of the organisation whose patients they are; without it, that of who asks, if any.
//! From then on every way out shows the studies of the one under the identity of the other, and both identifiers find them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::access::Action;
use crate::clock::now_ns;
use crate::http::list::{Asked, Listed, Nothing};
use crate::http::{App, Caller, Error, Path, Result, Said};
use crate::index::{Identifier, Merge, NewMerge};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/archive/merges", get(list).post(make))
        .route("/archive/merges/{id}", delete(undo))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatientJson {
    id: String,
    #[serde(default)]
    issuer: String,
}

impl From<PatientJson> for Identifier {
    fn from(PatientJson { id, issuer }: PatientJson) -> Self {
        Self { id, issuer }
    }
}

impl From<Identifier> for PatientJson {
    fn from(Identifier { id, issuer }: Identifier) -> Self {
        Self { id, issuer }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeJson {
    from: PatientJson,
    into: PatientJson,
    custodian: Option<i64>,
    reason: String,
}

#[derive(Debug, Serialize)]
struct MergeJson {
    id: i64,
    from: PatientJson,
    into: PatientJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    custodian: Option<i64>,
    actor: String,
    at_ns: i64,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_ns: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<String>,
}

async fn list(State(app): State<App>, caller: Caller, asked: Asked<Nothing>) -> Result<Listed<MergeJson>> {
    let within = caller.may(Action::Correct, None).await?;
    let found = app.archive().index().merges(&within, asked.page.rows()).await?;
    Ok(asked.page.answer(found, |merge| merge.id, json))
}

async fn make(
    State(app): State<App>,
    caller: Caller,
    Said(asked): Said<MakeJson>,
) -> Result<(StatusCode, Json<serde_json::Value>)> {
    let within = caller.may(Action::Correct, None).await?;
    let custodian = asked.custodian.or(caller.custodian().await?);
    if !within.keeps(custodian) {
        return Err(Error::NotFound);
    }
    let new = NewMerge {
        from: asked.from.into(),
        into: asked.into.into(),
        custodian,
        actor: caller.principal.actor(),
        at_ns: now_ns(),
        reason: asked.reason,
    };
    let id = app.archive().merge(&new).await?;
    Ok((StatusCode::CREATED, Json(serde_json::json!({ "id": id }))))
}

async fn undo(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    let actor = caller.principal.actor();
    app.archive()
        .index()
        .unmerge(id, &within, &actor, now_ns())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn json(merge: Merge) -> MergeJson {
    let (undone_ns, undone_by) = merge.undone.unzip();
    MergeJson {
        id: merge.id,
        from: merge.made.from.into(),
        into: merge.made.into.into(),
        custodian: merge.made.custodian,
        actor: merge.made.actor,
        at_ns: merge.made.at_ns,
        reason: merge.made.reason,
        undone_ns,
        undone_by,
    }
}
