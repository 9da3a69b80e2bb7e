//! The fixed signature of a docking, kept by either side that may change dockings.

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Docking};
use crate::files::{self, Kind, Owner, Shape};
use crate::permissions::Action;
use crate::ui;
use crate::web::{Change, Done, Fields, Form, Upload, Visit};
use crate::{Error, Platform, Result};

/// How reports are signed, and the words for it.
const MODES: [(&str, &str); 2] = [
    ("personal", "signature-mode-personal"),
    ("fixed", "signature-mode-fixed"),
];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/dockings/{id}/signature", get(show).post(send))
        .route("/dockings/{id}/signature/picture", get(picture))
        .route("/dockings/{id}/signature/mode", post(set_mode))
        .route("/dockings/{id}/signature/remove", post(remove))
}

async fn own(visit: &Visit, id: i64) -> Result<Docking> {
    let organisation = files::own_organisation(visit, Action::DockingsEdit).await?;
    let docking = store::docking(visit.platform().readers(), id, organisation).await?;
    docking.ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let docking = own(&visit, id).await?;
    Ok(page(&visit, id, &docking, &Form::default()))
}

fn page(visit: &Visit, id: i64, docking: &Docking, uploads: &Form) -> Markup {
    let view = visit.view();
    let address = format!("/dockings/{id}/signature");
    let filled = Form::filled([("mode", docking.mode.clone())]);
    let mode = if uploads.wrong("mode").is_some() {
        uploads
    } else {
        &filled
    };
    let modes = MODES.map(|(mode, words)| (mode.to_owned(), view.say(words).into_owned()));

    ui::page(
        visit,
        &view.say("fixed-signature"),
        html! {
            h1 { (view.say("fixed-signature")) }
            p.quiet { (docking.hospital_name) " · " (docking.team_name) }
            div.columns {
                (ui::card(&view.say("signature-mode"), ui::form(view, &format!("{address}/mode"), html! {
                    (ui::choice(view, mode, "mode", &view.say("signature-mode"), &modes))
                    (ui::submit(&view.say("save")))
                })))
                (ui::card(&view.say("fixed-signature"), html! {
                    @if let Some(file) = docking.file {
                        img.picture src=(format!("{address}/picture?{file}")) alt=(view.say("fixed-signature"));
                    }
                    (ui::upload(view, uploads, &address, "signature", &view.say("picture-file"), Some(&view.say("fixed-signature-hint")), files::ACCEPT, &view.say("upload")))
                    @if docking.file.is_some() {
                        (ui::small_form(view, &format!("{address}/remove"), &view.say("picture-remove"), "", None))
                    }
                }))
            }
        },
    )
}

async fn picture(visit: Visit, headers: HeaderMap, Path(id): Path<i64>) -> Result<Response> {
    let file = own(&visit, id).await?.file.ok_or(Error::NotFound)?;
    Ok(files::answer(
        &headers,
        files::store::plain(visit.platform().readers(), file).await?,
    ))
}

async fn send(visit: Visit, Path(id): Path<i64>, request: Request) -> Result<Done> {
    let docking = own(&visit, id).await?;
    let mut upload = Upload::read(request, "signature").await?;
    let Some(made) = files::made(&visit, &mut upload, "signature", Shape::Signature).await? else {
        return Err(Error::Wrong(Box::new(page(&visit, id, &docking, &upload.form))));
    };
    let platform = visit.platform();
    let change = visit.begin(&upload.form).await?;
    let owner = Owner::Organisation(docking.hospital);
    let file = files::store::add(
        &*change,
        platform.key(),
        owner,
        Kind::DockingSignature,
        made,
        visit.now_ns(),
    )
    .await?;
    replace(&change, &visit, id, Some(file)).await?;
    done(change, &visit, id, "signature.changed").await
}

/// Puts a signature in the place of the one that is there now.
async fn replace(change: &Change, visit: &Visit, id: i64, file: Option<i64>) -> Result<()> {
    let organisation = visit.organisation()?;
    let before = store::docking(&**change, id, organisation)
        .await?
        .ok_or(Error::NotFound)?;
    store::set_docking_signature(&**change, id, file).await?;
    match before.file {
        Some(before) => files::store::remove_one(&**change, before).await,
        None => Ok(()),
    }
}

async fn done(change: Change, visit: &Visit, id: i64, kind: &'static str) -> Result<Done> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("docking:{id}"));
    change.record(entry).await?;
    change.lead_to(format!("/dockings/{id}/signature")).await
}

async fn set_mode(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let docking = own(&visit, id).await?;
    let mut form = Form::new(fields);
    let mode = form.choice("mode", &MODES.map(|(mode, _)| mode));
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, id, &docking, &form))));
    }
    let change = visit.begin(&form).await?;
    store::set_docking_mode(&*change, id, mode).await?;
    done(change, &visit, id, "signature.mode-changed").await
}

async fn remove(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    own(&visit, id).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    replace(&change, &visit, id, None).await?;
    done(change, &visit, id, "signature.removed").await
}
