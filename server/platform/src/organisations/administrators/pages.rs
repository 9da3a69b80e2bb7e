//! The page of the platform's administrators.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};

use crate::messages::{Notice, tell};
use crate::organisations::membership::{self, Member};
use crate::organisations::{role_store, store as organisations};
use crate::people::store as people;
use crate::permissions::{Action, Resource};
use crate::setup::Office;
use crate::ui::{self, Column};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

/// Holders of offices at most.
const HOLDERS: u32 = 500;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/administrators", get(list).post(appoint))
        .route("/platform/administrators/{id}/end", post(end))
}

/// The key of an office's name.
fn called(office: Office) -> &'static str {
    match office {
        Office::System => "office-system",
        Office::Security => "office-security",
        Office::Audit => "office-audit",
    }
}

/// The platform's own organisation.
async fn own(visit: &Visit) -> Result<i64> {
    let own = organisations::platform(visit.platform().readers()).await?;
    Ok(own.ok_or(Error::Internal)?.id)
}

/// The role of an office.
async fn role_of(visit: &Visit, own: i64, office: Office) -> Result<i64> {
    let role = role_store::holding(visit.platform().readers(), own, office.permission()).await?;
    role.ok_or(Error::Internal)
}

async fn list(visit: Visit) -> Result<Markup> {
    visit.may(Action::AppointmentsEdit, Resource::Platform).await?;
    page(&visit, &Form::default()).await
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let own = own(visit).await?;
    let holders = membership::list(visit.platform().readers(), own, "", Some("active"), 0, HOLDERS).await?;
    let columns = [
        Column::new("name", view.say("name")),
        Column::new("mobile", view.say("mobile")),
        Column::new("since", view.say("since")),
        Column::new("end", view.say("administrator-end")),
    ];
    let mut parts = Vec::new();
    for office in Office::ALL {
        let role = role_of(visit, own, office).await?;
        let rows: Vec<Vec<Markup>> = holders
            .iter()
            .filter(|one| one.role == role)
            .map(|one| row(visit, one))
            .collect();
        parts.push((called(office), rows));
    }
    let offices: Vec<(String, String)> = Office::ALL
        .iter()
        .map(|office| (office.word().to_owned(), view.say(called(*office)).into_owned()))
        .collect();
    Ok(ui::page(
        visit,
        &view.say("administrators"),
        html! {
            h1 { (view.say("administrators")) }
            p.quiet { (view.say("administrator-about")) }
            @for (key, rows) in &parts {
                (ui::card(&view.say(key), html! {
                    @if rows.is_empty() { (ui::empty(&view.say("administrator-none"), None)) } @else { (ui::table(view, key, &columns, rows)) }
                }))
            }
            (ui::card(&view.say("administrator-appoint"), ui::form(view, "/platform/administrators", html! {
                div.grid {
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "off"))
                    (ui::choice(view, form, "office", &view.say("administrator-office"), &offices))
                }
                (ui::submit(&view.say("administrator-appoint")))
            })))
        },
    ))
}

fn row(visit: &Visit, holder: &Member) -> Vec<Markup> {
    let view = visit.view();
    let action = format!("/platform/administrators/{}/end", holder.id);
    vec![
        html! { (holder.name) },
        html! { (holder.mobile.as_deref().unwrap_or("—")) },
        view.time(holder.since_ns),
        ui::small_form(
            view,
            &action,
            &view.say("administrator-end"),
            "danger",
            Some(&view.say("administrator-end-confirm")),
        ),
    ]
}

async fn appoint(visit: Visit, sent: Fields) -> Result<Done> {
    visit.may(Action::AppointmentsEdit, Resource::Platform).await?;
    let mut form = Form::new(sent);
    let mobile = form.mobile("mobile");
    let word = form.choice("office", &Office::ALL.map(Office::word));
    let office = Office::from_word(word).unwrap_or(Office::Audit);
    let own = own(&visit).await?;
    let readers = visit.platform().readers();
    let account = match form.is_wrong() {
        true => None,
        false => people::by_mobile(readers, &mobile).await?,
    };
    let account = account.filter(|account| account.state == "active" && account.kind == "staff");
    if account.is_none() {
        form.refuse("mobile", Wrong::new("wrong-nobody"));
    }
    let is_held = match &account {
        Some(account) => holds_office(readers, account.id, own).await?,
        None => false,
    };
    if is_held {
        form.refuse("mobile", Wrong::new("wrong-holds-office"));
    }
    let Some(account) = account.filter(|_| !form.is_wrong()) else {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    };
    let role = role_of(&visit, own, office).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    // Asked again while nobody else writes: two appointments at once would take the first away.
    if holds_office(&*change, account.id, own).await? {
        return Err(Error::Conflict("wrong-holds-office"));
    }
    let by = visit.person()?.account();
    membership::add(&*change, account.id, own, role, "active", Some(by), now_ns).await?;
    tell_of(&change, &visit, account.id, "appointed").await?;
    record(&visit, &change, "office.appointed", account.id, office).await?;
    change.lead_to("/platform/administrators").await
}

async fn holds_office(connection: &impl database::Connection, account: i64, own: i64) -> Result<bool> {
    let member = membership::of(connection, account, own).await?;
    Ok(member.is_some_and(|member| member.state == "active"))
}

async fn tell_of(change: &Change, visit: &Visit, person: i64, kind: &'static str) -> Result<()> {
    let notice = Notice {
        person,
        organisation: None,
        kind,
        arguments: &[],
        link: "/workbench".to_owned(),
        is_todo: false,
        subject: None,
    };
    tell(&**change, &notice, visit.now_ns()).await
}

async fn record(
    visit: &Visit,
    change: &Change,
    kind: &'static str,
    account: i64,
    office: Office,
) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("person:{account}"));
    entry.detail = Some(serde_json::json!({ "office": office.word() }).to_string());
    change.record(entry).await
}

/// Ends an appointment. A membership elsewhere is refused as its organisation's matter.
async fn end(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let own = own(&visit).await?;
    let member = membership::one(visit.platform().readers(), id).await?;
    let elsewhere = member.as_ref().filter(|member| member.organisation != own);
    match elsewhere {
        Some(member) => {
            visit
                .may(Action::MembersEdit, Resource::Organisation(member.organisation))
                .await?
        }
        None => visit.may(Action::AppointmentsEdit, Resource::Platform).await?,
    }
    let member = member
        .filter(|member| member.organisation == own && member.state == "active")
        .ok_or(Error::NotFound)?;
    let mut office = None;
    for one in Office::ALL {
        if role_of(&visit, own, one).await? == member.role {
            office = Some(one);
        }
    }
    let office = office.ok_or(Error::NotFound)?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(sent)).await?;
    membership::set_state(&*change, id, "ended", now_ns).await?;
    // Counted while nobody else writes: of two who are ended at once one stays.
    if people::holding(&*change, office.permission()).await?.is_empty() {
        return Err(Error::Conflict("conflict-last-office"));
    }
    tell_of(&change, &visit, member.account, "office-ended").await?;
    record(&visit, &change, "office.ended", member.account, office).await?;
    change.lead_to("/platform/administrators").await
}
