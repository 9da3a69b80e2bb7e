//! The doctors that a team sets for a hospital: whom, for which examinations, for which fee.

use std::borrow::Cow;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::model::{Side, State, fen_from_yuan, yuan_from_fen};
use super::pages::{docking_for, record, team_of_accepted};
use super::store::{self, Docking, Doctor};
use crate::organisations::dictionary::{self, Kind};
use crate::organisations::membership;
use crate::permissions::{Action, Permission};
use crate::ui::{self, Column, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/dockings/{id}/doctors", post(set))
        .route("/dockings/{id}/doctors/new", get(new))
        .route("/dockings/{id}/doctors/{person}", get(show))
        .route("/dockings/{id}/doctors/{person}/remove", post(remove))
}

/// Examination categories by code, as the team calls them.
async fn categories(visit: &Visit, team: i64) -> Result<Vec<(String, String)>> {
    dictionary::choices(
        visit.platform().readers(),
        team,
        Kind::Category,
        visit.view().language,
    )
    .await
}

/// The doctors on the page of a cooperation: the hospital sees them with their fees.
pub(super) async fn part(visit: &Visit, docking: &Docking, side: Side, may_edit: bool) -> Result<Markup> {
    let view = visit.view();
    let doctors = store::doctors(visit.platform().readers(), docking.id).await?;
    let categories = categories(visit, docking.team).await?;
    let sets = may_edit && side == Side::Team && docking.state == State::Accepted;
    let mut columns = vec![
        Column::new("name", view.say("name")),
        Column::new("title", view.say("title")),
        Column::new("categories", view.say("docking-categories")),
        Column::new("fee", view.say("docking-fee")),
    ];
    if sets {
        columns.push(Column::new("do", view.say("docking-doctor-do")));
    }
    let rows: Vec<Vec<Markup>> = doctors
        .iter()
        .map(|doctor| row(visit, docking, doctor, &categories, sets))
        .collect();
    Ok(ui::card(
        &view.say("docking-doctors"),
        html! {
            @if sets { p { (ui::button_link(&format!("/dockings/{}/doctors/new", docking.id), &view.say("docking-doctor-new"), true)) } }
            @if rows.is_empty() { (ui::empty(&view.say("docking-doctors-none"), None)) } @else { (ui::table(view, "docking-doctors", &columns, &rows)) }
        },
    ))
}

fn row(
    visit: &Visit,
    docking: &Docking,
    doctor: &Doctor,
    categories: &[(String, String)],
    sets: bool,
) -> Vec<Markup> {
    let view = visit.view();
    let path = format!("/dockings/{}/doctors/{}", docking.id, doctor.person);
    let called = |code: &String| {
        let known = categories.iter().find(|(known, _)| known == code);
        known
            .map_or(code.as_str(), |(_, words)| words.as_str())
            .to_owned()
    };
    let preferred: Vec<String> = doctor.categories.iter().map(called).collect();
    let mut cells = vec![
        html! {
            @if sets { a href=(path) { (doctor.name) } } @else { (doctor.name) }
            @if !doctor.is_active { " " (ui::badge(Tone::Quiet, &view.say("docking-doctor-left"))) }
        },
        html! { (doctor.title.as_deref().unwrap_or("—")) },
        html! { @if preferred.is_empty() { (view.say("all")) } @else { (preferred.join(view.say("between").as_ref())) } },
        html! { (yuan_from_fen(doctor.fee_fen)) },
    ];
    if sets {
        cells.push(ui::small_form(
            view,
            &format!("{path}/remove"),
            &view.say("docking-doctor-remove"),
            "danger",
            None,
        ));
    }
    cells
}

async fn new(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let (docking, side) = docking_for(&visit, id, Action::DockingsEdit).await?;
    must_be_team(side)?;
    page(&visit, &Form::default(), &docking).await
}

fn must_be_team(side: Side) -> Result<()> {
    match side {
        Side::Team => Ok(()),
        Side::Hospital => Err(Error::Conflict("conflict-docking-team")),
    }
}

async fn show(visit: Visit, Path((id, person)): Path<(i64, i64)>) -> Result<Markup> {
    let (docking, side) = docking_for(&visit, id, Action::DockingsEdit).await?;
    must_be_team(side)?;
    let doctors = store::doctors(visit.platform().readers(), id).await?;
    let doctor = doctors
        .into_iter()
        .find(|doctor| doctor.person == person)
        .ok_or(Error::NotFound)?;
    let mut pairs = vec![
        ("person", person.to_string()),
        ("fee", yuan_from_fen(doctor.fee_fen)),
    ];
    pairs.extend(doctor.categories.into_iter().map(|code| ("category", code)));
    page(&visit, &Form::filled(pairs), &docking).await
}

/// Members of the team who write reports.
async fn candidates(visit: &Visit, team: i64) -> Result<Vec<(i64, String)>> {
    membership::holding(visit.platform().readers(), team, Permission::ReportsWrite).await
}

async fn page(visit: &Visit, form: &Form, docking: &Docking) -> Result<Markup> {
    let view = visit.view();
    let people: Vec<(String, String)> = candidates(visit, docking.team)
        .await?
        .into_iter()
        .map(|(person, name)| (person.to_string(), name))
        .collect();
    let option = |(code, words): (String, String)| (code, words, String::new());
    let options: Vec<_> = categories(visit, docking.team)
        .await?
        .into_iter()
        .map(option)
        .collect();
    let (_, hospital) = docking.called(Side::Hospital);
    let title: Cow<'_, str> = view.say("docking-doctor");
    Ok(ui::page(
        visit,
        &title,
        html! {
            p { a href=(format!("/dockings/{}", docking.id)) { (hospital) } }
            h1 { (title) }
            section.card.narrow {
                (ui::form(view, &format!("/dockings/{}/doctors", docking.id), html! {
                    (ui::choice(view, form, "person", &view.say("docking-doctor"), &people))
                    (ui::checks(view, form, "category", &view.say("docking-categories-none-is-all"), &options))
                    (ui::line(view, form, "fee", &view.say("docking-fee"), "text", "off"))
                    p.hint { (view.say("docking-fee-about")) }
                    (ui::submit(&view.say("save")))
                }))
            }
        },
    ))
}

async fn set(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let (docking, side) = docking_for(&visit, id, Action::DockingsEdit).await?;
    must_be_team(side)?;
    let mut form = Form::new(sent);
    let person = form.id("person");
    if !candidates(&visit, docking.team)
        .await?
        .iter()
        .any(|(candidate, _)| *candidate == person)
    {
        form.refuse("person", Wrong::new("wrong-choice"));
    }
    let before = store::doctors(visit.platform().readers(), id).await?;
    let kept = before
        .into_iter()
        .find(|doctor| doctor.person == person)
        .map(|doctor| doctor.categories);
    let known = categories(&visit, docking.team).await?;
    let mut chosen: Vec<String> = Vec::new();
    for code in form.chosen("category").map(str::to_owned).collect::<Vec<_>>() {
        let is_known =
            known.iter().any(|(known, _)| *known == code) || kept.iter().flatten().any(|kept| *kept == code);
        match is_known {
            true if chosen.contains(&code) => {}
            true => chosen.push(code),
            false => form.refuse("category", Wrong::new("wrong-choice")),
        }
    }
    let fee = form.line("fee", 20);
    let fee_fen = fen_from_yuan(&fee);
    if fee_fen.is_none() {
        form.refuse("fee", Wrong::new("wrong-fee"));
    }
    let Some(fee_fen) = fee_fen.filter(|_| !form.is_wrong()) else {
        return Err(Error::Wrong(Box::new(page(&visit, &form, &docking).await?)));
    };
    let change = visit.begin(&form).await?;
    team_of_accepted(&change, id, side).await?;
    store::set_doctor(&*change, id, person, &chosen, fee_fen).await?;
    record(&visit, &change, "docking.doctor-set", &docking, side).await?;
    change.lead_to(format!("/dockings/{id}")).await
}

async fn remove(visit: Visit, Path((id, person)): Path<(i64, i64)>, sent: Fields) -> Result<Done> {
    let (docking, side) = docking_for(&visit, id, Action::DockingsEdit).await?;
    must_be_team(side)?;
    let change = visit.begin(&Form::new(sent)).await?;
    if !store::remove_doctor(&*change, id, person).await? {
        return Err(Error::NotFound);
    }
    record(&visit, &change, "docking.doctor-removed", &docking, side).await?;
    change.lead_to(format!("/dockings/{id}")).await
}
