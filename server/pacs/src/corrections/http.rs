//! Corrections over HTTP, and the objects as they were received.
//!
//! ```text
//! GET    /archive/corrections?study=&after=&limit=   the latest state of each, oldest first
//! POST   /archive/corrections                 {"scope": {"study": UID}, "changes": {"00100010": "..."}, "reason": "..."}
//! DELETE /archive/corrections/{id}            undoes one
//!                                             a patient's has "custodian": NUMBER beside it, where it is not that of who asks
//! GET    /archive/originals/{sop_uid}         the objects of a SOP Instance UID, which of them is shown
//! GET    /archive/originals/{sop_uid}/{hash}  one of them as received, also a rejected one
//! ```

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use dicom_core::Tag;
use serde::{Deserialize, Serialize};

use crate::access::Action;
use crate::clock::now_ns;
use crate::http::list::{Asked, Listed, OfStudy};
use crate::http::{App, Caller, Error, Path, Result, Said};
use crate::index::{Correction, Identifier, NewCorrection, Restriction, Scope};
use crate::storage::Hash;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/archive/corrections", get(list).post(make))
        .route("/archive/corrections/{id}", delete(undo))
        .route("/archive/originals/{sop_uid}", get(candidates))
        .route("/archive/originals/{sop_uid}/{hash}", get(original))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum ScopeJson {
    Patient {
        id: String,
        #[serde(default)]
        issuer: String,
    },
    Study(String),
    Series {
        study: String,
        series: String,
    },
    Instance(String),
}

impl From<ScopeJson> for Scope {
    fn from(scope: ScopeJson) -> Self {
        match scope {
            ScopeJson::Patient { id, issuer } => Self::Patient(Identifier { id, issuer }),
            ScopeJson::Study(uid) => Self::Study(uid),
            ScopeJson::Series { study, series } => Self::Series {
                study_uid: study,
                series_uid: series,
            },
            ScopeJson::Instance(uid) => Self::Instance(uid),
        }
    }
}

impl From<Scope> for ScopeJson {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Patient(Identifier { id, issuer }) => Self::Patient { id, issuer },
            Scope::Study(uid) => Self::Study(uid),
            Scope::Series {
                study_uid,
                series_uid,
            } => Self::Series {
                study: study_uid,
                series: series_uid,
            },
            Scope::Instance(uid) => Self::Instance(uid),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeJson {
    scope: ScopeJson,
    custodian: Option<i64>,
    changes: BTreeMap<String, String>,
    reason: String,
}

#[derive(Debug, Serialize)]
struct CorrectionJson {
    id: i64,
    scope: ScopeJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    custodian: Option<i64>,
    changes: BTreeMap<String, String>,
    before: BTreeMap<String, String>,
    actor: String,
    at_ns: i64,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_ns: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<String>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    asked: Asked<OfStudy>,
) -> Result<Listed<CorrectionJson>> {
    let within = caller.may(Action::Correct, asked.of.study.as_deref()).await?;
    let scope = asked.of.study.map(Scope::Study);
    let index = app.archive().index();
    let found = index
        .corrections(scope.as_ref(), &within, asked.page.rows())
        .await?;
    Ok(asked.page.answer(found, |correction| correction.id, json))
}

async fn make(
    State(app): State<App>,
    caller: Caller,
    Said(asked): Said<MakeJson>,
) -> Result<(StatusCode, Json<serde_json::Value>)> {
    let study = match &asked.scope {
        ScopeJson::Study(study) | ScopeJson::Series { study, .. } => Some(study.as_str()),
        _ => None,
    };
    let within = caller.may(Action::Correct, study).await?;
    if let ScopeJson::Instance(sop_uid) = &asked.scope {
        sees_instance(&app, &within, sop_uid).await?;
    }
    let custodian = match &asked.scope {
        ScopeJson::Patient { .. } => asked.custodian.or(caller.custodian().await?),
        _ => None,
    };
    if matches!(asked.scope, ScopeJson::Patient { .. }) && !within.keeps(custodian) {
        return Err(Error::NotFound);
    }
    let changes = asked.changes.into_iter().map(|(name, value)| {
        let tag = tag(&name)
            .ok_or_else(|| Error::BadRequest("expected tags of eight hexadecimal digits".to_owned()))?;
        Ok((tag, value))
    });
    let new = NewCorrection {
        scope: asked.scope.into(),
        custodian,
        changes: changes.collect::<Result<_>>()?,
        actor: caller.principal.actor(),
        at_ns: now_ns(),
        reason: asked.reason,
    };
    let id = app.archive().correct(&new).await?;
    Ok((StatusCode::CREATED, Json(serde_json::json!({ "id": id }))))
}

async fn undo(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<StatusCode> {
    let within = caller.may(Action::Correct, None).await?;
    let actor = caller.principal.actor();
    app.archive()
        .index()
        .undo_correction(id, &within, &actor, now_ns())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn candidates(
    State(app): State<App>,
    caller: Caller,
    Path(sop_uid): Path<String>,
) -> Result<impl IntoResponse> {
    let within = caller.may(Action::Correct, None).await?;
    sees_instance(&app, &within, &sop_uid).await?;
    let found = app.archive().index().candidates(&sop_uid).await?;
    let found: Vec<_> = found
        .into_iter()
        .map(|one| {
            serde_json::json!({
                "hash": one.hash.to_string(), "received_ns": one.received_ns, "visible": one.is_visible,
            })
        })
        .collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(found)))
}

async fn original(
    State(app): State<App>,
    caller: Caller,
    Path((sop_uid, hash)): Path<(String, String)>,
) -> Result<impl IntoResponse> {
    let study_uid = app.archive().index().study_of(&sop_uid).await?;
    let within = caller
        .may_and_look(Action::Correct, Action::Export, study_uid.as_deref())
        .await?;
    sees_instance(&app, &within, &sop_uid).await?;
    let hash = Hash::from_hex(&hash).ok_or(Error::NotFound)?;
    let candidates = app.archive().index().candidates(&sop_uid).await?;
    if !candidates.iter().any(|candidate| candidate.hash == hash) {
        return Err(Error::NotFound);
    }
    let bytes = app.archive().read_for_delivery(hash, true).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/dicom"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes))
}

/// Refuses what is about an instance that is not there for the caller.
async fn sees_instance(app: &App, within: &Restriction, sop_uid: &str) -> Result<()> {
    if within.is_none() {
        return Ok(());
    }
    let index = app.archive().index();
    let study_uid = index.study_of(sop_uid).await?.ok_or(Error::NotFound)?;
    let is_within = index.is_within(within, &study_uid).await?;
    is_within.then_some(()).ok_or(Error::NotFound)
}

fn tag(name: &str) -> Option<Tag> {
    let number = u32::from_str_radix(name, 16).ok().filter(|_| name.len() == 8)?;
    Some(Tag((number >> 16) as u16, (number & 0xFFFF) as u16))
}

fn json(correction: Correction) -> CorrectionJson {
    let named = |changes: BTreeMap<Tag, String>| {
        let changes = changes.into_iter();
        changes
            .map(|(tag, value)| (format!("{:04X}{:04X}", tag.0, tag.1), value))
            .collect()
    };
    let (undone_ns, undone_by) = correction.undone.unzip();
    CorrectionJson {
        id: correction.id,
        scope: correction.made.scope.into(),
        custodian: correction.made.custodian,
        changes: named(correction.made.changes),
        before: named(correction.before),
        actor: correction.made.actor,
        at_ns: correction.made.at_ns,
        reason: correction.made.reason,
        undone_ns,
        undone_by,
    }
}
