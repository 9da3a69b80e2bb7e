//! The pages of cooperations, alike for both sides.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::doctors;
use super::model::{Event, Side, State, next};
use super::store::{self, Docking};
use crate::filters;
use crate::messages::{Notice, settle, tell};
use crate::organisations::membership;
use crate::organisations::store::{self as organisations, Organisation};
use crate::permissions::{Action, Permission, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

/// Cooperations of a page.
const PAGE: u32 = 50;
/// Whose signature reports bear.
const MODES: [&str; 2] = ["personal", "fixed"];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/dockings", get(list).post(ask))
        .route("/dockings/new", get(new))
        .route("/dockings/{id}", get(show).post(change))
        .route("/dockings/{id}/do/{event}", post(carry_out))
}

/// The active organisation and the side that it can be.
async fn own(visit: &Visit, action: Action) -> Result<(Organisation, Side)> {
    let id = visit.organisation()?;
    visit.may(action, Resource::Organisation(id)).await?;
    let own = organisations::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let side = Side::of(own.kind).ok_or(Error::NotFound)?;
    Ok((own, side))
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let (own, side) = own(&visit, Action::DockingsView).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let words = query.get("q");
    let wanted = State::LISTED
        .into_iter()
        .find(|state| state.word() == query.get("state"));
    let before: Option<i64> = query.get("after").parse().ok();
    let dockings = store::list(
        visit.platform().readers(),
        (own.id, side),
        words,
        wanted,
        before,
        PAGE,
    )
    .await?;
    let rows: Vec<Vec<Markup>> = dockings.iter().map(|docking| row(view, docking, side)).collect();
    let quoted: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let pager = Pager {
        base: format!("/dockings?q={quoted}&state={}", wanted.map_or("", State::word)),
        next: dockings
            .last()
            .filter(|_| dockings.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: before.is_some(),
    };
    let may_edit = visit.can(Action::DockingsEdit, &Resource::Organisation(own.id));
    Ok(ui::page(
        &visit,
        &view.say("dockings"),
        html! {
            div.head {
                h1 { (view.say("dockings")) }
                @if may_edit { (ui::button_link("/dockings/new", &view.say("docking-new"), true)) }
            }
            p.quiet { (view.say("docking-own-number")) " " code { (own.number) } }
            (filters::form(&visit, "/dockings", html! {
                label { span { (view.say("state")) }
                    select name="state" {
                        option value="" { (view.say("all")) }
                        @for one in State::LISTED {
                            option value=(one.word()) selected[wanted == Some(one)] { (view.say(&format!("docking-state-{}", one.word()))) }
                        }
                    }
                }
                (ui::search(view, "q", words, &view.say("docking-search")))
            }).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "dockings", &columns(view), &rows)) }
            (ui::pager(view, &pager))
        },
    ))
}

fn columns(view: &View) -> [Column; 7] {
    [
        Column::new("partner", view.say("docking-partner")),
        Column::new("number", view.say("docking-number")),
        Column::new("asked-by", view.say("docking-asked-by")),
        Column::new("asked", view.say("docking-asked-at")),
        Column::new("answered", view.say("docking-answered-at")),
        Column::new("signature", view.say("docking-signature")),
        Column::new("state", view.say("state")),
    ]
}

fn row(view: &View, docking: &Docking, side: Side) -> Vec<Markup> {
    let (number, name) = docking.called(side.other());
    vec![
        html! { a href=(format!("/dockings/{}", docking.id)) { (name) } },
        html! { code { (number) } },
        html! { (asked_by(view, docking, side)) },
        view.time(docking.asked_ns),
        view.time_if(docking.answered_ns),
        html! { (view.say(&format!("docking-mode-{}", docking.signature_mode))) },
        state(view, docking.state),
    ]
}

fn asked_by(view: &View, docking: &Docking, side: Side) -> String {
    let key = if docking.asked_by == side {
        "docking-asked-by-us"
    } else {
        "docking-asked-by-partner"
    };
    view.say(key).into_owned()
}

fn state(view: &View, state: State) -> Markup {
    let tone = match state {
        State::Asked => Tone::Attention,
        State::Accepted => Tone::Good,
        State::Declined => Tone::Bad,
        State::Ended | State::Withdrawn => Tone::Quiet,
    };
    ui::badge(tone, &view.say(&format!("docking-state-{}", state.word())))
}

fn modes(view: &View) -> Vec<(String, String)> {
    MODES
        .map(|mode| {
            (
                mode.to_owned(),
                view.say(&format!("docking-mode-{mode}")).into_owned(),
            )
        })
        .to_vec()
}

async fn new(visit: Visit) -> Result<Markup> {
    let (_, side) = own(&visit, Action::DockingsEdit).await?;
    Ok(new_page(&visit, &Form::default(), side))
}

fn new_page(visit: &Visit, form: &Form, side: Side) -> Markup {
    let view = visit.view();
    let about = match side {
        Side::Hospital => "docking-new-about-hospital",
        Side::Team => "docking-new-about-team",
    };
    ui::page(
        visit,
        &view.say("docking-new"),
        html! {
            h1 { (view.say("docking-new")) }
            section.card.narrow {
                p.quiet { (view.say(about)) }
                (ui::form(view, "/dockings", html! {
                    (ui::line(view, form, "number", &view.say("docking-number"), "text", "off"))
                    (ui::choice(view, form, "signature_mode", &view.say("docking-signature"), &modes(view)))
                    (ui::submit(&view.say("docking-send")))
                }))
            }
        },
    )
}

async fn ask(visit: Visit, sent: Fields) -> Result<Done> {
    let (own, side) = own(&visit, Action::DockingsEdit).await?;
    let mut form = Form::new(sent);
    let number = form.name("number", 20).to_uppercase();
    let mode = form.choice("signature_mode", &MODES);
    let readers = visit.platform().readers();
    let partner = match form.wrong("number") {
        Some(_) => None,
        None => organisations::by_number(readers, &number).await?,
    };
    let partner = partner.filter(|partner| partner.is_active && Side::of(partner.kind) == Some(side.other()));
    let (hospital, team) = pair(side, own.id, partner.as_ref().map_or(0, |partner| partner.id));
    if partner.is_none() {
        form.refuse("number", Wrong::new("wrong-docking-number"));
    } else if store::is_open(readers, hospital, team).await? {
        form.refuse("number", Wrong::new("wrong-docking-open"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(new_page(&visit, &form, side))));
    }
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    if store::is_open(&*change, hospital, team).await? {
        return Err(Error::Conflict("wrong-docking-open"));
    }
    let id = store::ask(&*change, hospital, team, side, mode, now_ns).await?;
    let docking = store::one(&*change, id).await?.ok_or(Error::Internal)?;
    tell_partner(&change, &docking, side, "docking-asked", now_ns).await?;
    record(&visit, &change, "docking.asked", &docking, side).await?;
    change.lead_to("/dockings").await
}

fn pair(side: Side, own: i64, partner: i64) -> (i64, i64) {
    match side {
        Side::Hospital => (own, partner),
        Side::Team => (partner, own),
    }
}

/// Tells the administrators of the other side; what asks for an answer is a to-do.
async fn tell_partner(
    change: &Change,
    docking: &Docking,
    side: Side,
    kind: &'static str,
    now_ns: i64,
) -> Result<()> {
    let partner = docking.on(side.other());
    let (_, name) = docking.called(side);
    let is_todo = kind == "docking-asked";
    for (person, _) in membership::holding(&**change, partner, Permission::Dockings).await? {
        let notice = Notice {
            person,
            organisation: Some(partner),
            kind,
            arguments: &[("organisation", name)],
            link: if kind == "docking-withdrawn" {
                "/dockings".to_owned()
            } else {
                format!("/dockings/{}", docking.id)
            },
            is_todo,
            subject: is_todo.then(|| format!("docking:{}", docking.id)),
        };
        tell(&**change, &notice, now_ns).await?;
    }
    Ok(())
}

/// Records it for both sides: each sees it in its own log.
pub(super) async fn record(
    visit: &Visit,
    change: &Change,
    kind: &'static str,
    docking: &Docking,
    side: Side,
) -> Result<()> {
    for one in [side, side.other()] {
        let mut entry = visit.entry(kind);
        entry.organisation = Some(docking.on(one));
        entry.subject = Some(format!("docking:{}", docking.id));
        change.record(entry).await?;
    }
    Ok(())
}

/// A cooperation of the active organisation, with the side that it is on. Others' are refused, and that is recorded.
pub(super) async fn docking_for(visit: &Visit, id: i64, action: Action) -> Result<(Docking, Side)> {
    let docking = store::one(visit.platform().readers(), id).await?;
    let own = visit.organisation()?;
    let side = docking.as_ref().and_then(|docking| docking.side_of(own));
    let organisation = match (&docking, side) {
        (Some(docking), None) => docking.hospital,
        _ => own,
    };
    visit.may(action, Resource::Organisation(organisation)).await?;
    docking.zip(side).ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let (docking, side) = docking_for(&visit, id, Action::DockingsView).await?;
    let form = Form::filled([("signature_mode", docking.signature_mode.clone())]);
    page(&visit, &form, &docking, side).await
}

async fn page(visit: &Visit, form: &Form, docking: &Docking, side: Side) -> Result<Markup> {
    let view = visit.view();
    let (number, name) = docking.called(side.other());
    let may_edit = visit.can(Action::DockingsEdit, &Resource::Organisation(docking.on(side)));
    let is_asker = docking.asked_by == side;
    let events = Event::ALL
        .into_iter()
        .filter(|event| next(docking.state, *event, is_asker).is_ok());
    let sets_mode = may_edit && side == Side::Team && docking.state == State::Accepted;
    let doctors = doctors::part(visit, docking, side, may_edit).await?;
    Ok(ui::page(
        visit,
        name,
        html! {
            p { a href="/dockings" { (view.say("dockings")) } }
            h1 { (name) " " (state(view, docking.state)) }
            (ui::card(&view.say("docking"), html! {
                (ui::pairs(&[
                    (&view.say("docking-number"), html! { code { (number) } }),
                    (&view.say("docking-asked-by"), html! { (asked_by(view, docking, side)) }),
                    (&view.say("docking-asked-at"), view.time(docking.asked_ns)),
                    (&view.say("docking-answered-at"), view.time_if(docking.answered_ns)),
                    (&view.say("docking-ended-at"), view.time_if(docking.ended_ns)),
                    (&view.say("docking-signature"), html! { (view.say(&format!("docking-mode-{}", docking.signature_mode))) }),
                ]))
                @if sets_mode {
                    (ui::form(view, &format!("/dockings/{}", docking.id), html! {
                        (ui::choice(view, form, "signature_mode", &view.say("docking-signature"), &modes(view)))
                        (ui::submit(&view.say("save")))
                    }))
                }
                @if may_edit {
                    div.row {
                        @for event in events { (button(view, docking, event)) }
                    }
                }
            }))
            (doctors)
        },
    ))
}

fn button(view: &View, docking: &Docking, event: Event) -> Markup {
    let (class, confirm) = match event {
        Event::Accept => ("main", None),
        Event::Resend => ("", None),
        Event::Decline => ("danger", None),
        Event::Withdraw => ("danger", Some(view.say("docking-withdraw-confirm"))),
        Event::End => ("danger", Some(view.say("docking-end-confirm"))),
    };
    let word = event.word();
    let action = format!("/dockings/{}/do/{word}", docking.id);
    ui::small_form(
        view,
        &action,
        &view.say(&format!("docking-do-{word}")),
        class,
        confirm.as_deref(),
    )
}

/// The team says whose signature its reports bear.
async fn change(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let (docking, side) = docking_for(&visit, id, Action::DockingsEdit).await?;
    let mut form = Form::new(sent);
    let mode = form.choice("signature_mode", &MODES);
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form, &docking, side).await?)));
    }
    let change = visit.begin(&form).await?;
    team_of_accepted(&change, id, side).await?;
    store::set_signature_mode(&*change, id, mode).await?;
    record(&visit, &change, "docking.changed", &docking, side).await?;
    change.lead_to(format!("/dockings/{id}")).await
}

/// What a team sets it sets while the cooperation is accepted.
pub(super) async fn team_of_accepted(change: &Change, id: i64, side: Side) -> Result<()> {
    let docking = store::one(&**change, id).await?.ok_or(Error::NotFound)?;
    match (side, docking.state) {
        (Side::Team, State::Accepted) => Ok(()),
        (Side::Hospital, _) => Err(Error::Conflict("conflict-docking-team")),
        (Side::Team, _) => Err(Error::Conflict("conflict-docking-state")),
    }
}

/// Answers, asks again, takes back, ends.
async fn carry_out(visit: Visit, Path((id, word)): Path<(i64, String)>, sent: Fields) -> Result<Done> {
    let (_, side) = docking_for(&visit, id, Action::DockingsEdit).await?;
    let event = Event::from_word(&word).ok_or(Error::NotFound)?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(sent)).await?;
    let docking = store::one(&*change, id)
        .await?
        .ok_or(Error::Conflict("conflict-docking-state"))?;
    let state = next(docking.state, event, docking.asked_by == side);
    let state = state.map_err(|_| Error::Conflict("conflict-docking-state"))?;
    if docking.state == State::Declined
        && state == State::Asked
        && store::is_open(&*change, docking.hospital, docking.team).await?
    {
        return Err(Error::Conflict("wrong-docking-open"));
    }
    store::set_state(&*change, id, state, now_ns).await?;
    settle(&*change, "docking-asked", &format!("docking:{id}"), now_ns).await?;
    let told = match event {
        Event::Accept => "docking-accepted",
        Event::Decline => "docking-declined",
        Event::Resend => "docking-asked",
        Event::Withdraw => "docking-withdrawn",
        Event::End => "docking-ended",
    };
    tell_partner(&change, &docking, side, told, now_ns).await?;
    record(&visit, &change, event.entry(), &docking, side).await?;
    let to = if state == State::Withdrawn {
        "/dockings".to_owned()
    } else {
        format!("/dockings/{id}")
    };
    change.lead_to(to).await
}
