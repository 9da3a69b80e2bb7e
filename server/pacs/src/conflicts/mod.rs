//! What a person has to decide: two identities under one identifier, two objects under one UID.
//!
//! The index finds and keeps them ([`crate::index::Conflict`]); here they are listed and decided over HTTP.
//!
//! ```text
//! GET  /archive/conflicts?open=true&after=&limit=     oldest first
//! POST /archive/conflicts/{id}                 "keep-first" | "show-second" | {"split": {"issuer": "..."}}
//! ```
//!
//! Two identifiers of one person are no conflict: they are merged.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::access::Action;
use crate::clock::now_ns;
use crate::http::list::{Asked, Listed};
use crate::http::{App, Caller, Path, Result, Said};
use crate::index::{Conflict, Decision};

/// Conflicts, and their decisions.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/conflicts", get(list))
        .route("/archive/conflicts/{id}", post(decide))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    open: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DecisionJson {
    KeepFirst,
    ShowSecond,
    Split { issuer: String },
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    asked: Asked<Wanted>,
) -> Result<Listed<serde_json::Value>> {
    let within = caller.may(Action::Correct, None).await?;
    let index = app.archive().index();
    let found = index.conflicts(asked.of.open, &within, asked.page.rows()).await?;
    Ok(asked.page.answer(found, |one| one.id, |one| json(&one)))
}

async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
    Said(asked): Said<DecisionJson>,
) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    caller.sees_row(&within, "conflicts", id).await?;
    let decision = match asked {
        DecisionJson::KeepFirst => Decision::KeepFirst,
        DecisionJson::ShowSecond => Decision::ShowSecond,
        DecisionJson::Split { issuer } => Decision::Split { issuer },
    };
    let actor = caller.principal.actor();
    app.archive()
        .index()
        .decide(id, &decision, &actor, now_ns())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// No values of patients: tags that differ, and where to look.
fn json(conflict: &Conflict) -> serde_json::Value {
    let mut json = serde_json::json!({
        "id": conflict.id,
        "kind": conflict.kind.as_str(),
        "study": conflict.study_uid,
        "instance": conflict.sop_uid,
        "hash": conflict.hash.to_string(),
        "attributes": conflict.attributes,
        "found_ns": conflict.found_ns,
    });
    if let Some((decision, at_ns, actor)) = &conflict.decided {
        json["decision"] = decision.as_str().into();
        json["decided_ns"] = (*at_ns).into();
        json["decided_by"] = actor.as_str().into();
    }
    json
}
