//! The list of organisations, and the page of one.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store;
use crate::filters;
use crate::messages::{Notice, tell};
use crate::organisations::membership;
use crate::organisations::store::{self as organisations, Organisation};
use crate::permissions::{Action, Kind, Permission, Resource};
use crate::ui::{self, Column, Pager, Tone};
use crate::web::{Change, Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

/// Organisations of a page.
const PAGE: u32 = 50;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/organisations", get(list))
        .route("/platform/organisations/{id}", get(show))
        .route("/platform/organisations/{id}/close", post(close))
        .route("/platform/organisations/{id}/open", post(open))
}

fn state(visit: &Visit, organisation: &Organisation) -> Markup {
    let view = visit.view();
    match organisation.is_active {
        true => ui::badge(Tone::Good, &view.say("onboarding-open")),
        false => ui::badge(Tone::Bad, &view.say("onboarding-closed")),
    }
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::OrganisationsEdit, Resource::Platform).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let words = query.get("q");
    let after: i64 = query.get("after").parse().unwrap_or(0);
    let readers = visit.platform().readers();
    let found = organisations::find(readers, words, after, PAGE).await?;
    let columns = [
        Column::new("number", view.say("organisation-number")),
        Column::new("name", view.say("thing-name")),
        Column::new("kind", view.say("kind")),
        Column::new("city", view.say("city")),
        Column::new("state", view.say("state")),
        Column::new("created", view.say("onboarding-since")),
    ];
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|one| {
            vec![
                html! { code { (one.number) } },
                html! { a href=(format!("/platform/organisations/{}", one.id)) { (one.name) } },
                html! { (view.say(&format!("organisation-kind-{}", one.kind.word()))) },
                html! { (one.city.as_deref().unwrap_or("—")) },
                state(&visit, one),
                view.time(one.created_ns),
            ]
        })
        .collect();
    let quoted: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let pager = Pager {
        base: format!("/platform/organisations?q={quoted}"),
        next: found
            .last()
            .filter(|_| found.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: after > 0,
    };
    Ok(ui::page(
        &visit,
        &view.say("organisations"),
        html! {
            div.head {
                h1 { (view.say("organisations")) }
                (ui::button_link("/platform/organisations/new", &view.say("onboarding-new"), true))
            }
            (filters::form(&visit, "/platform/organisations", ui::search(view, "q", words, &view.say("onboarding-search"))).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "organisations", &columns, &rows)) }
            (ui::pager(view, &pager))
        },
    ))
}

/// An organisation that is not the platform itself.
async fn one(visit: &Visit, id: i64) -> Result<Organisation> {
    let found = organisations::one(visit.platform().readers(), id).await?;
    found
        .filter(|one| one.kind != Kind::Platform)
        .ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    visit.may(Action::OrganisationsEdit, Resource::Platform).await?;
    let one = one(&visit, id).await?;
    page(&visit, &one, &Form::default()).await
}

async fn page(visit: &Visit, one: &Organisation, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let readers = visit.platform().readers();
    let members = store::members(readers, one.id).await?;
    let administrators = membership::holding(readers, one.id, Permission::Members).await?;
    let parent = match store::parent_of(readers, one.id).await? {
        Some(parent) => organisations::one(readers, parent).await?,
        None => None,
    };
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let names: Vec<&str> = administrators.iter().map(|(_, name)| name.as_str()).collect();
    Ok(ui::page(
        visit,
        &one.name,
        html! {
            p { a href="/platform/organisations" { (view.say("organisations")) } }
            h1 { (one.name) " " (state(visit, one)) }
            div.columns {
                (ui::card(&view.say("organisation-record"), ui::pairs(&[
                    (&view.say("organisation-number"), html! { code { (one.number) } }),
                    (&view.say("kind"), html! { (view.say(&format!("organisation-kind-{}", one.kind.word()))) }),
                    (&view.say("onboarding-parent"), html! { @match &parent { Some(parent) => (parent.name), None => "—" } }),
                    (&view.say("grade"), text(&one.grade)),
                    (&view.say("organisation-type"), text(&one.r#type)),
                    (&view.say("province"), text(&one.province)),
                    (&view.say("city"), text(&one.city)),
                    (&view.say("street"), text(&one.street)),
                    (&view.say("onboarding-since"), view.time(one.created_ns)),
                    (&view.say("onboarding-members"), html! { (members) }),
                    (&view.say("onboarding-administrators"), html! { @if names.is_empty() { "—" } @else { (names.join(view.say("between").as_ref())) } }),
                ])))
                (ui::card(&view.say("onboarding-care"), html! {
                    @if one.is_active {
                        p.quiet { (view.say("onboarding-close-about")) }
                        (ui::form(view, &format!("/platform/organisations/{}/close", one.id), html! {
                            (ui::line(view, form, "reason", &view.say("reason"), "text", "off"))
                            (ui::submit(&view.say("onboarding-close")))
                        }))
                    } @else {
                        (ui::small_form(view, &format!("/platform/organisations/{}/open", one.id), &view.say("onboarding-reopen"), "main", None))
                    }
                }))
            }
        },
    ))
}

async fn close(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    visit.may(Action::OrganisationsEdit, Resource::Platform).await?;
    let found = one(&visit, id).await?;
    let mut form = Form::new(sent);
    let reason = form.line("reason", 200);
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &found, &form).await?)));
    }
    set_state(&visit, &form, id, false, &reason).await
}

async fn open(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    visit.may(Action::OrganisationsEdit, Resource::Platform).await?;
    one(&visit, id).await?;
    set_state(&visit, &Form::new(sent), id, true, "").await
}

async fn set_state(visit: &Visit, form: &Form, id: i64, opens: bool, reason: &str) -> Result<Done> {
    let (state, event) = match opens {
        true => ("active", "organisation.opened"),
        false => ("closed", "organisation.closed"),
    };
    let change = visit.begin(form).await?;
    let now = organisations::one(&*change, id).await?.ok_or(Error::NotFound)?;
    if now.is_active == opens {
        return Err(Error::Conflict("conflict-decided"));
    }
    store::set_state(&*change, id, state).await?;
    tell_administrators(visit, &change, &now, opens).await?;
    let mut entry = visit.entry(event);
    entry.subject = Some(format!("organisation:{id}"));
    if !opens {
        entry.detail = Some(serde_json::json!({ "reason": reason }).to_string());
    }
    change.record(entry).await?;
    change.lead_to(format!("/platform/organisations/{id}")).await
}

async fn tell_administrators(
    visit: &Visit,
    change: &Change,
    organisation: &Organisation,
    opens: bool,
) -> Result<()> {
    for (person, _) in membership::holding(&**change, organisation.id, Permission::Members).await? {
        let notice = Notice {
            person,
            organisation: None,
            kind: if opens {
                "organisation-opened"
            } else {
                "organisation-closed"
            },
            arguments: &[("organisation", &organisation.name)],
            link: "/workbench".to_owned(),
            is_todo: false,
            subject: None,
        };
        tell(&**change, &notice, visit.now_ns()).await?;
    }
    Ok(())
}
