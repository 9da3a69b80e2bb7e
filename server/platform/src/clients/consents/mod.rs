//! What a person let programs do, on the page of security, and the way to take it back.

pub mod store;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use maud::{Markup, html};

use super::grants::store as grants;
use super::store as clients;
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new().route("/security/clients/{id}/end", post(end))
}

/// The programs that act in the name of whoever is signed in.
pub(crate) async fn card(visit: &Visit) -> Result<Markup> {
    let view = visit.view();
    let consents = store::list(visit.platform().readers(), visit.person()?.account()).await?;
    let columns = [
        Column::new("name", view.say("thing-name")),
        Column::new("organisation", view.say("client-organisation")),
        Column::new("scopes", view.say("client-scopes")),
        Column::new("since", view.say("since")),
        Column::new("end", ""),
    ];
    let rows: Vec<Vec<Markup>> = consents
        .iter()
        .map(|one| {
            let names: Vec<_> = one.scopes.iter().map(|scope| view.say(scope.key)).collect();
            let end = format!("/security/clients/{}/end", one.client);
            vec![
                html! { (one.name) },
                html! { (one.organisation) },
                html! { @if names.is_empty() { "—" } @else { (names.join(view.say("between").as_ref())) } },
                view.time(one.at_ns),
                ui::small_form(
                    view,
                    &end,
                    &view.say("consent-end"),
                    "",
                    Some(&view.say("consent-end-confirm")),
                ),
            ]
        })
        .collect();
    Ok(ui::card(
        &view.say("consents"),
        html! {
            p.hint { (view.say("consents-about")) }
            @if rows.is_empty() { p.quiet { (view.say("consents-none")) } } @else { (ui::table(view, "consents", &columns, &rows)) }
        },
    ))
}

async fn end(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit
        .may(Action::SecurityEdit, Resource::Account(account))
        .await?;
    let client = clients::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)?
        .client;
    let change = visit.begin(&Form::new(sent)).await?;
    if !store::forget(&*change, account, id).await? {
        return Err(Error::NotFound);
    }
    grants::end_all(&*change, account, id, visit.now_ns()).await?;
    let mut entry = visit.entry("client.taken-back");
    entry.subject = Some(format!("client:{}", client.client_id));
    change.record(entry).await?;
    change.lead_to("/security").await
}
