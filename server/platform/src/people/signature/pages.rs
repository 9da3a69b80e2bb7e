//! The own signature, on the page of the profile.

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::why_not_sign;
use crate::files::{self, Kind, Owner, Shape};
use crate::permissions::{Action, Permission, Resource};
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Upload, Visit};
use crate::{Error, Platform, Result, people};

/// The address of the own signature's picture.
const PICTURE: &str = "/profile/signature/picture";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/profile/signature", post(send))
        .route("/profile/signature/remove", post(remove))
        .route("/profile/signature/picture", get(picture))
        .route("/profile/signature/after/{file}", get(after))
}

/// The signature, and what is missing before a report can be signed.
pub(crate) async fn card(visit: &Visit, uploads: &Form) -> Result<Markup> {
    let view = visit.view();
    let signed = visit.person()?;
    let readers = visit.platform().readers();
    let file = files::store::since(readers, Owner::Person(signed.account()), Kind::Signature).await?;
    let writes = signed.permitted().permissions.contains(&Permission::ReportsWrite);
    let why_not = why_not_sign(signed.permitted()).filter(|_| writes);
    Ok(ui::card(
        &view.say("signature"),
        html! {
            @if let Some(why_not) = why_not { (ui::message(Tone::Attention, &view.say(why_not))) }
            @if let Some((_, at_ns)) = file {
                img.picture src=(PICTURE) alt=(view.say("signature"));
                p.hint { (view.time(at_ns)) }
            }
            (ui::small_form(view, "/profile/signature/phone", &view.say("signature-by-phone"), "main", None))
            (ui::upload(view, uploads, "/profile/signature", "signature", &view.say("picture-file"), Some(&view.say("signature-hint")), files::ACCEPT, &view.say("upload")))
            @if file.is_some() {
                (ui::small_form(view, "/profile/signature/remove", &view.say("picture-remove"), "", None))
            }
        },
    ))
}

async fn send(visit: Visit, request: Request) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let mut upload = Upload::read(request, "signature").await?;
    let Some(made) = files::made(&visit, &mut upload, "signature", Shape::Signature).await? else {
        return Err(Error::Wrong(Box::new(
            people::profile_page(&visit, &upload.form).await?,
        )));
    };
    let platform = visit.platform();
    let change = visit.begin(&upload.form).await?;
    files::store::put(
        &*change,
        platform.key(),
        Owner::Person(account),
        Kind::Signature,
        made,
        visit.now_ns(),
    )
    .await?;
    change.record(entry(&visit, "signature.changed", account)).await?;
    change.lead_to("/profile").await
}

/// An entry about a person's signature.
pub(super) fn entry(visit: &Visit, kind: &'static str, account: i64) -> journal::Entry {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("person:{account}"));
    entry
}

async fn remove(visit: Visit, fields: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    files::store::remove(&*change, Owner::Person(account), Kind::Signature).await?;
    change.record(entry(&visit, "signature.removed", account)).await?;
    change.lead_to("/profile").await
}

async fn picture(visit: Visit, headers: HeaderMap) -> Result<Response> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let platform = visit.platform();
    let stored = files::store::get(
        platform.readers(),
        platform.key(),
        Owner::Person(account),
        Kind::Signature,
    )
    .await?;
    Ok(files::answer(&headers, stored.ok_or(Error::NotFound)?))
}

/// What a page that waits for a phone shows once there is another signature than the one it knows; nothing until then.
async fn after(visit: Visit, Path(known): Path<i64>) -> Result<Response> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let view = visit.view();
    let found = files::store::since(
        visit.platform().readers(),
        Owner::Person(account),
        Kind::Signature,
    )
    .await?;
    let Some((file, _)) = found.filter(|(file, _)| *file != known) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    // Another address than that of the picture before, which the page may still show.
    let address = format!("{PICTURE}?{file}");
    Ok(html! {
        div role="status" {
            (ui::message(Tone::Good, &view.say("signature-came")))
            img.picture src=(address) alt=(view.say("signature"));
            p { (ui::button_link("/profile", &view.say("profile"), true)) }
        }
    }
    .into_response())
}
