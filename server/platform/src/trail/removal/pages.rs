//! The page on which old entries are asked for and confirmed.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::json;

use super::model::{Decision, MOST_DAYS, Removal, State};
use super::store;
use crate::clock::DAY_NS;
use crate::messages::{self, Notice};
use crate::people::store as people;
use crate::permissions::{Action, Resource};
use crate::trail::repository;
use crate::ui::{self, Column, Tone, View};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

const PATH: &str = "/platform/audit/removal";
/// Removals that are shown.
const SHOWN: u32 = 100;
/// The kind of the notification.
const NOTICE: &str = "removal-asked";
/// The permission of audit administrators.
const AUDIT: &str = "audit";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/audit/removal", get(show).post(ask))
        .route("/platform/audit/removal/{id}/confirm", post(confirm))
        .route("/platform/audit/removal/{id}/withdraw", post(withdraw))
}

async fn show(visit: Visit) -> Result<Markup> {
    visit.may(Action::AuditRemove, Resource::Platform).await?;
    let days = visit.platform().settings().journal_days;
    page(&visit, &Form::filled([("days", days.to_string())])).await
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let now_ns = visit.now_ns();
    let removals = store::list(visit.platform().readers(), SHOWN).await?;
    let kept = visit.platform().settings().journal_days;
    let table = table(visit, &removals).await?;
    let is_open = removals.iter().any(|removal| removal.is_open(now_ns));
    Ok(ui::page(
        visit,
        &view.say("removal"),
        html! {
            h1 { (view.say("removal")) }
            p.quiet { (view.say_with("removal-about", &[("days", kept.into())])) }
            @if !is_open {
                (ui::card(&view.say("removal-ask"), ui::form(view, PATH, html! {
                    (ui::line(view, form, "days", &view.say("removal-days"), "number", "off"))
                    (ui::submit(&view.say("removal-ask")))
                })))
            }
            (table)
        },
    ))
}

fn state(view: &View, removal: &Removal, now_ns: i64) -> Markup {
    let (tone, key) = match removal.state {
        State::Asked if removal.is_over(now_ns) => (Tone::Quiet, "removal-over"),
        State::Asked => (Tone::Attention, "removal-asked"),
        State::Confirmed => (Tone::Attention, "removal-confirmed"),
        State::Withdrawn => (Tone::Quiet, "removal-withdrawn"),
        State::Done => (Tone::Good, "removal-done"),
    };
    ui::badge(tone, &view.say(key))
}

async fn table(visit: &Visit, removals: &[Removal]) -> Result<Markup> {
    let (view, now_ns) = (visit.view(), visit.now_ns());
    if removals.is_empty() {
        return Ok(ui::empty(&view.say("removal-none"), None));
    }
    let columns = [
        Column::new("time", view.say("time")),
        Column::new("who", view.say("removal-asked-by")),
        Column::new("days", view.say("removal-days")),
        Column::new("entries", view.say("removal-entries")),
        Column::new("state", view.say("state")),
        Column::new("decided", view.say("removal-decided-by")),
        Column::new("do", view.say("removal-do")),
    ];
    let name = async |id: Option<i64>| -> Result<String> {
        let Some(id) = id else {
            return Ok("—".to_owned());
        };
        let account = people::one(visit.platform().readers(), id).await?;
        Ok(account.map_or_else(|| "—".to_owned(), |account| account.name))
    };
    let mut rows = Vec::with_capacity(removals.len());
    for removal in removals {
        let is_waiting = removal.state == State::Asked && !removal.is_over(now_ns);
        let asked_by = removal.asked_by;
        let may_confirm = is_waiting && visit.can(Action::AuditConfirm, &Resource::Removal { asked_by });
        let action = |what: &str| format!("{PATH}/{}/{what}", removal.id);
        let sure = view.say("removal-confirm-sure");
        let (asker, decider) = (name(Some(asked_by)).await?, name(removal.decided_by).await?);
        rows.push(vec![
            view.time(removal.asked_ns),
            html! { (asker) },
            html! { (removal.days) },
            html! { (removal.entries) },
            html! { (state(view, removal, now_ns)) @if let Some(done_ns) = removal.done_ns { " " (view.time(done_ns)) } },
            html! { (decider) " " (view.time_if(removal.decided_ns)) },
            html! {
                @if may_confirm { (ui::small_form(view, &action("confirm"), &view.say("removal-confirm"), "danger", Some(&sure))) }
                @if is_waiting { (ui::small_form(view, &action("withdraw"), &view.say("removal-withdraw"), "", None)) }
            },
        ]);
    }
    Ok(ui::table(view, "removals", &columns, &rows))
}

async fn ask(visit: Visit, fields: Fields) -> Result<Done> {
    visit.may(Action::AuditRemove, Resource::Platform).await?;
    let person = visit.person()?.account();
    let now_ns = visit.now_ns();
    let mut form = Form::new(fields);
    let days = form.number("days", visit.platform().settings().journal_days, MOST_DAYS);
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    let others = store::list(&*change, SHOWN).await?;
    if others.iter().any(|removal| removal.is_open(now_ns)) {
        return Err(Error::Conflict("conflict-removal-open"));
    }
    let Some(oldest) = journal::before(&*change, now_ns - days * DAY_NS).await? else {
        drop(change);
        form.refuse("days", Wrong::new("wrong-removal-none"));
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    };
    let id = store::add(&*change, person, days, oldest, now_ns).await?;
    let subject = format!("removal:{id}");
    let mut entry = visit.entry("audit.removal-asked");
    entry.subject = Some(subject.clone());
    entry.detail = Some(json!({ "days": days, "last": oldest.last, "entries": oldest.entries }).to_string());
    change.record(entry).await?;
    let account = people::one(&*change, person).await?.ok_or(Error::Internal)?;
    for other in people::holding(&*change, AUDIT).await? {
        if other != person {
            let notice = Notice {
                person: other,
                organisation: None,
                kind: NOTICE,
                arguments: &[("name", &account.name)],
                link: PATH.to_owned(),
                is_todo: true,
                subject: Some(subject.clone()),
            };
            messages::tell(&*change, &notice, now_ns).await?;
        }
    }
    change.lead_to(PATH).await
}

async fn confirm(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let removal = store::one(visit.platform().readers(), id).await?;
    // Nobody asked for one that is not there: whoever may not confirm any hears no more.
    let asked_by = removal.map_or(0, |removal| removal.asked_by);
    visit
        .may(Action::AuditConfirm, Resource::Removal { asked_by })
        .await?;
    decide(&visit, id, fields, Decision::Confirm).await
}

async fn withdraw(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::AuditRemove, Resource::Platform).await?;
    decide(&visit, id, fields, Decision::Withdraw).await
}

async fn decide(visit: &Visit, id: i64, fields: Fields, decision: Decision) -> Result<Done> {
    let person = visit.person()?.account();
    let (settings, now_ns) = (visit.platform().settings(), visit.now_ns());
    let change = visit.begin(&Form::new(fields)).await?;
    let removal = store::one(&*change, id).await?.ok_or(Error::NotFound)?;
    let next = removal.next(decision, settings.journal_days, now_ns)?;
    if decision == Decision::Confirm {
        // Whoever asked and is no audit administrator any more has asked for nothing.
        if !people::holding(&*change, AUDIT)
            .await?
            .contains(&removal.asked_by)
        {
            return Err(Error::Conflict("conflict-removal-asker"));
        }
        let is_sent = repository::last(&*change).await? >= removal.last;
        if settings.audit_repository.is_some() && !is_sent {
            return Err(Error::Conflict("conflict-removal-unsent"));
        }
    }
    store::decide(&*change, id, next, person, now_ns).await?;
    let mut entry = visit.entry(match decision {
        Decision::Confirm => "audit.removal-confirmed",
        Decision::Withdraw => "audit.removal-withdrawn",
    });
    entry.subject = Some(removal.subject());
    change.record(entry).await?;
    messages::settle(&*change, NOTICE, &removal.subject(), now_ns).await?;
    change.lead_to(PATH).await
}
