//! A signature drawn on a phone. The page of the profile shows a QR code; the phone that reads it opens a page that needs no
//! sign-in, is good once and for ten minutes, and can do nothing but put a signature in the place of the person's own.

use axum::Router;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::pages;
use crate::files::{self, Kind, Owner, Shape};
use crate::permissions::{Action, Resource};
use crate::sign_in::one_time::{self, Purpose};
use crate::sign_in::second_factor::qr_code;
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Upload, Visit, asset};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/profile/signature/phone", post(begin))
        .route("/sign/{token}", get(draw).post(drawn))
        .route("/sign/done", get(done))
}

/// Makes the link; one that was made before ends.
async fn begin(visit: Visit, fields: Fields) -> Result<Response> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(fields)).await?;
    one_time::end_others(&*change, Purpose::PhoneSignature, account, now_ns).await?;
    let token = one_time::make(&*change, Purpose::PhoneSignature, Some(account), "", now_ns).await?;
    let known = files::store::since(&*change, Owner::Person(account), Kind::Signature).await?;
    change
        .record(pages::entry(&visit, "signature.link-made", account))
        .await?;
    change.commit_once("/profile".to_owned()).await?;
    let known = known.map_or(0, |(file, _)| file);
    Ok(waiting(&visit, &token, known)?.into_response())
}

fn waiting(visit: &Visit, token: &str, known: i64) -> Result<Markup> {
    let view = visit.view();
    let address = visit.address_of_page(&format!("/sign/{token}"));
    let picture = qr_code(&address)?;
    Ok(ui::page(
        visit,
        &view.say("signature-by-phone"),
        html! {
            section.card.narrow {
                h1 { (view.say("signature-by-phone")) }
                p { (view.say("signature-scan")) }
                (ui::drawn(picture))
                p.quiet { code.long { (address) } }
                div hx-get=(format!("/profile/signature/after/{known}")) hx-trigger="every 2s" hx-swap="outerHTML" {
                    p.quiet { (view.say("signature-wait")) }
                    p { a href="/profile" { (view.say("profile")) } }
                }
            }
        },
    ))
}

async fn whose(visit: &Visit, token: &str) -> Result<i64> {
    let found = one_time::look(
        visit.platform().readers(),
        Purpose::PhoneSignature,
        token,
        visit.now_ns(),
    )
    .await?;
    found
        .filter(|found| !found.is_used)
        .and_then(|found| found.person)
        .ok_or(Error::Gone)
}

async fn draw(visit: Visit, Path(token): Path<String>) -> Result<Markup> {
    whose(&visit, &token).await?;
    Ok(page(&visit, &token, &Form::default()))
}

fn page(visit: &Visit, token: &str, form: &Form) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("signature"),
        html! {
            section.card.narrow {
                h1 { (view.say("signature")) }
                p.quiet { (view.say("signature-draw")) }
                // Without script a picture is sent; with it, what is drawn.
                div data-signature data-clear=(view.say("signature-clear")) data-pad=(view.say("signature-pad")) data-send=(view.say("signature-send")) {
                    (ui::upload(view, form, &format!("/sign/{token}"), "signature", &view.say("picture-file"), None, files::ACCEPT, &view.say("upload")))
                }
                script type="module" src=(asset("signature.js")) {}
            }
        },
    )
}

async fn drawn(visit: Visit, Path(token): Path<String>, request: Request) -> Result<Done> {
    let account = whose(&visit, &token).await?;
    let mut upload = Upload::read(request, "signature").await?;
    let Some(made) = files::made(&visit, &mut upload, "signature", Shape::Signature).await? else {
        return Err(Error::Wrong(Box::new(page(&visit, &token, &upload.form))));
    };
    let platform = visit.platform();
    let now_ns = visit.now_ns();
    let change = visit.begin(&upload.form).await?;
    one_time::take(&*change, Purpose::PhoneSignature, &token, now_ns).await?;
    files::store::put(
        &*change,
        platform.key(),
        Owner::Person(account),
        Kind::Signature,
        made,
        now_ns,
    )
    .await?;
    let mut entry = pages::entry(&visit, "signature.changed", account);
    entry.actor = format!("person:{account}");
    entry.detail = Some(serde_json::json!({ "by": "phone" }).to_string());
    change.record(entry).await?;
    change.lead_to("/sign/done").await
}

async fn done(visit: Visit) -> Markup {
    let view = visit.view();
    ui::bare(
        &visit,
        &view.say("signature"),
        html! {
            section.card.narrow {
                h1 { (view.say("signature")) }
                (ui::message(Tone::Good, &view.say("signature-sent")))
            }
        },
    )
}
