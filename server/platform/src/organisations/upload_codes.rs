//! Upload codes of a hospital: what its gateways prove with whose images they deliver (ACC-31). The archive keeps them; of a
//! code only its first four characters and a hash are known after it was shown.

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use maud::{Markup, html};
use pacs::gateway::{Device, Devices, Kind as Secret};

use super::store::{self, Organisation};
use crate::permissions::{Action, Kind, Resource};
use crate::ui::{self, Column, Tone};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

const HERE: &str = "/organisation/upload-codes";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/organisation/upload-codes", get(list).post(make))
        .route(
            "/organisation/upload-codes/{code}/revoke",
            get(ask_to_revoke).post(revoke),
        )
}

/// The active organisation, which must be one that sends images.
async fn own(visit: &Visit) -> Result<Organisation> {
    let id = visit.organisation()?;
    visit
        .may(Action::OrganisationEdit, Resource::Organisation(id))
        .await?;
    let own = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)?;
    match own.kind {
        Kind::Hospital | Kind::Department => Ok(own),
        Kind::Team | Kind::Platform => Err(Error::Conflict("conflict-upload-code-kind")),
    }
}

fn failed(error: &pacs::index::Error) -> Error {
    Error::internal(format_args!("the archive failed: {error}"))
}

async fn codes(connection: &impl database::Connection, organisation: i64) -> Result<Vec<Device>> {
    let devices = Devices::list_within(connection, organisation).await;
    let devices = devices.map_err(|error| failed(&error))?;
    Ok(devices
        .into_iter()
        .filter(|device| device.kind == Secret::Code)
        .collect())
}

async fn list(visit: Visit) -> Result<Markup> {
    let own = own(&visit).await?;
    page(&visit, &own, None).await
}

async fn page(visit: &Visit, own: &Organisation, shown: Option<&str>) -> Result<Markup> {
    let view = visit.view();
    let codes = codes(visit.platform().readers(), own.id).await?;
    let columns = [
        Column::new("name", view.say("upload-code-name")),
        Column::new("begins", view.say("upload-code-begins")),
        Column::new("made", view.say("upload-code-made")),
        Column::new("state", view.say("upload-code-state")),
        Column::new("revoke", ""),
    ];
    let rows: Vec<Vec<Markup>> = codes
        .iter()
        .map(|code| {
            vec![
                html! { code { (code.name) } },
                html! { code { (code.code_id.as_deref().unwrap_or("—")) } },
                view.time(code.created_ns),
                html! { div { @match code.revoked_ns {
                    None => (ui::badge(Tone::Good, &view.say("upload-code-valid"))),
                    Some(at_ns) => { (ui::badge(Tone::Quiet, &view.say("upload-code-revoked"))) " " (view.time(at_ns)) },
                } } },
                html! { @if code.revoked_ns.is_none() {
                    a.button.danger href=(format!("{HERE}/{}/revoke", code.name)) { (view.say("upload-code-revoke")) }
                } },
            ]
        })
        .collect();
    Ok(ui::page(
        visit,
        &view.say("upload-codes"),
        html! {
            p { a href="/organisation" { (own.name) } }
            div.head {
                h1 { (view.say("upload-codes")) }
                (ui::small_form(view, HERE, &view.say("upload-code-make"), "main", None))
            }
            p.quiet { (view.say("upload-codes-about")) }
            @if let Some(code) = shown {
                section.card.attention {
                    h2 { (view.say("upload-code")) }
                    p.once { code { (code) } }
                    p { (view.say("upload-code-once")) }
                }
            }
            @if rows.is_empty() { (ui::empty(&view.say("upload-codes-none"), None)) } @else { (ui::table(view, "upload-codes", &columns, &rows)) }
        },
    ))
}

async fn make(visit: Visit, fields: Fields) -> Result<Markup> {
    let own = own(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    // Names are never given twice, not of revoked ones either.
    let number = codes(&*change, own.id).await?.len() + 1;
    let name = format!("{}-{number}", own.number);
    let made = Devices::enroll_within(&*change, &name, Secret::Code, Some(own.id), visit.now_ns()).await;
    let code = made.map_err(|error| failed(&error))?;
    let code = code.ok_or(Error::Conflict("conflict-decided"))?;
    record(&visit, &change, "upload-code.made", &own, &name).await?;
    change.commit_once(HERE.to_owned()).await?;
    page(&visit, &own, Some(&code)).await
}

async fn record(
    visit: &Visit,
    change: &crate::web::Change,
    kind: &'static str,
    own: &Organisation,
    name: &str,
) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("organisation:{}", own.id));
    entry.detail = Some(serde_json::json!({ "name": name }).to_string());
    change.record(entry).await
}

/// A code of the active organisation that is valid, by its name.
async fn valid(visit: &Visit, own: &Organisation, name: &str) -> Result<Device> {
    let codes = codes(visit.platform().readers(), own.id).await?;
    let found = codes
        .into_iter()
        .find(|code| code.name == name && code.revoked_ns.is_none());
    found.ok_or(Error::NotFound)
}

async fn ask_to_revoke(visit: Visit, Path(name): Path<String>) -> Result<Markup> {
    let own = own(&visit).await?;
    let code = valid(&visit, &own, &name).await?;
    let view = visit.view();
    Ok(ui::page(
        &visit,
        &view.say("upload-code-revoke"),
        html! {
            h1 { (view.say("upload-code-revoke")) }
            section.card.narrow {
                (ui::pairs(&[
                    (&view.say("upload-code-name"), html! { code { (code.name) } }),
                    (&view.say("upload-code-begins"), html! { code { (code.code_id.as_deref().unwrap_or("—")) } }),
                    (&view.say("upload-code-made"), view.time(code.created_ns)),
                ]))
                (ui::message(Tone::Bad, &view.say("upload-code-revoke-sure")))
                div.row {
                    (ui::small_form(view, &format!("{HERE}/{}/revoke", code.name), &view.say("upload-code-revoke"), "danger", None))
                    (ui::button_link(HERE, &view.say("upload-codes"), false))
                }
            }
        },
    ))
}

async fn revoke(visit: Visit, Path(name): Path<String>, fields: Fields) -> Result<Done> {
    let own = own(&visit).await?;
    let code = valid(&visit, &own, &name).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    let revoked = Devices::revoke_within(&*change, own.id, &code.name, visit.now_ns()).await;
    if !revoked.map_err(|error| failed(&error))? {
        return Err(Error::Conflict("conflict-decided"));
    }
    record(&visit, &change, "upload-code.revoked", &own, &code.name).await?;
    change.lead_to(HERE).await
}
