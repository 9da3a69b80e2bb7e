//! The pages of jobs: what waits, runs, failed; tried again, cancelled, decided by a person.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::json;

use super::kinds::{Ended, KINDS};
use super::store::{self, Shown};
use crate::filters;
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Change, Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

/// Jobs of a page.
const PAGE: u32 = 50;
/// Failed jobs that are tried again at once.
const MANY: u32 = 500;
/// In the order that people look for them.
const STATES: [&str; 6] = ["unknown", "failed", "running", "waiting", "done", "cancelled"];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/jobs", get(list))
        .route("/platform/jobs/retry", post(retry_many))
        .route("/platform/jobs/{id}", get(show))
        .route("/platform/jobs/{id}/retry", post(retry))
        .route("/platform/jobs/{id}/cancel", post(cancel))
        .route("/platform/jobs/{id}/send-again", post(send_again))
        .route("/platform/jobs/{id}/leave", post(leave))
}

/// How a state looks.
fn state(view: &View, state: &str) -> Markup {
    let tone = match state {
        "done" => Tone::Good,
        "unknown" => Tone::Attention,
        "failed" => Tone::Bad,
        _ => Tone::Quiet,
    };
    ui::badge(tone, &view.say(&format!("job-state-{state}")))
}

/// The words of a kind, also of one that only a later version knows.
fn kind(view: &View, kind: &str) -> String {
    match KINDS.iter().any(|known| known.word == kind) {
        true => view.say(&format!("job-kind-{kind}")).into_owned(),
        false => format!("{kind} ({})", view.say("job-kind-other")),
    }
}

/// Why something did not get done: a sentence where there is one, else the word as it is.
pub(crate) fn why(view: &View, word: &str) -> Markup {
    let key = format!("why-{}", word.replace([' ', '.'], "-"));
    let is_key = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    html! {
        @if is_key && view.language.has(&key) { (view.say(&key)) } @else { code { (word) } }
    }
}

fn progress(view: &View, job: &Shown) -> Markup {
    html! {
        @if job.all_parts > 0 {
            span {
                progress value=(job.done_parts) max=(job.all_parts) aria-label=(view.say("job-progress")) {}
                " " (job.done_parts) "/" (job.all_parts)
            }
        } @else { "—" }
    }
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let wanted = STATES.into_iter().find(|state| *state == query.get("state"));
    let wanted_kind = KINDS
        .iter()
        .map(|kind| kind.word)
        .find(|word| *word == query.get("kind"));
    let before: Option<i64> = query.get("after").parse().ok();
    let readers = visit.platform().readers();
    let jobs = store::list(readers, wanted, wanted_kind, before, PAGE).await?;
    let counts = store::counts(readers).await?;
    let base = format!(
        "/platform/jobs?state={}&kind={}",
        wanted.unwrap_or(""),
        wanted_kind.unwrap_or("")
    );
    let pager = Pager {
        next: jobs
            .last()
            .filter(|_| jobs.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: before.is_some(),
        base: base.clone(),
    };
    // Asked again for as long as something moves, so that a page that is left open does not keep a session.
    let moves = jobs
        .iter()
        .any(|job| job.state == "running" || is_due(&visit, job));
    let kinds: Vec<(&str, String)> = KINDS
        .iter()
        .map(|known| (known.word, kind(view, known.word)))
        .collect();
    let failed = counts
        .iter()
        .any(|(state, count)| state == "failed" && *count > 0);
    Ok(ui::page(
        &visit,
        &view.say("jobs"),
        html! {
            h1 { (view.say("jobs")) }
            (filters::form(&visit, "/platform/jobs", html! {
                (ui::hidden("state", wanted.unwrap_or("")))
                (chooser(view, "kind", &view.say("job-kind"), &kinds, wanted_kind))
                button type="submit" { (view.say("search")) }
            }).await?)
            div #jobs hx-get=[moves.then_some(base.as_str())] hx-trigger=[moves.then_some("every 3s")] hx-select="#jobs" hx-swap="outerHTML" {
                (tabs(view, &counts, wanted, wanted_kind))
                @if jobs.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (table(view, &jobs)) }
            }
            @if failed {
                (ui::form(view, "/platform/jobs/retry", html! {
                    (ui::hidden("kind", wanted_kind.unwrap_or("")))
                    (ui::submit(&view.say("job-retry-many")))
                }))
            }
            (ui::pager(view, &pager))
        },
    ))
}

/// The states, with how many jobs are in each.
fn tabs(view: &View, counts: &[(String, i64)], wanted: Option<&str>, wanted_kind: Option<&str>) -> Markup {
    let kind = wanted_kind.unwrap_or("");
    let count = |word: &str| {
        counts
            .iter()
            .find(|(state, _)| state == word)
            .map_or(0, |(_, count)| *count)
    };
    html! {
        nav.tabs aria-label=(view.say("state")) {
            a href=(format!("/platform/jobs?kind={kind}")) aria-current=[wanted.is_none().then_some("page")] { (view.say("all")) }
            @for word in STATES {
                a href=(format!("/platform/jobs?state={word}&kind={kind}")) aria-current=[(wanted == Some(word)).then_some("page")] {
                    (view.say(&format!("job-state-{word}"))) @if count(word) > 0 { " " (count(word)) }
                }
            }
        }
    }
}

/// One of several, for a list.
pub(crate) fn chooser(
    view: &View,
    name: &str,
    label: &str,
    options: &[(&'static str, String)],
    chosen: Option<&str>,
) -> Markup {
    html! {
        label { span { (label) }
            select name=(name) {
                option value="" { (view.say("all")) }
                @for (value, words) in options {
                    option value=(value) selected[chosen == Some(*value)] { (words) }
                }
            }
        }
    }
}

fn is_due(visit: &Visit, job: &Shown) -> bool {
    job.state == "waiting" && job.at_ns <= visit.now_ns() && KINDS.iter().any(|kind| kind.word == job.kind)
}

fn table(view: &View, jobs: &[Shown]) -> Markup {
    let columns = [
        Column::new("id", view.say("job-number")),
        Column::new("kind", view.say("job-kind")),
        Column::new("state", view.say("state")),
        Column::new("progress", view.say("job-progress")),
        Column::new("tries", view.say("job-tries")),
        Column::new("error", view.say("job-error")),
        Column::new("created", view.say("job-created")),
    ];
    let rows: Vec<Vec<Markup>> = jobs
        .iter()
        .map(|job| {
            vec![
                html! { a href=(format!("/platform/jobs/{}", job.id)) { (job.id) } },
                html! { (kind(view, &job.kind)) },
                state(view, &job.state),
                progress(view, job),
                html! { (job.tries) },
                html! { @match &job.error { Some(error) => (why(view, error)), None => "—" } },
                view.time(job.created_ns),
            ]
        })
        .collect();
    ui::table(view, "jobs", &columns, &rows)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let job = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let view = visit.view();
    let path = format!("/platform/jobs/{id}");
    let moves = job.state == "running" || is_due(&visit, &job);
    let message = serde_json::from_str(&job.arguments)
        .ok()
        .and_then(|arguments: serde_json::Value| arguments["message"].as_i64());
    let number = |number: Option<i64>| html! { (number.map_or("—".to_owned(), |number| number.to_string())) };
    Ok(ui::page(
        &visit,
        &kind(view, &job.kind),
        html! {
            h1 { (kind(view, &job.kind)) }
            div #job hx-get=[moves.then_some(path.as_str())] hx-trigger=[moves.then_some("every 3s")] hx-select="#job" hx-swap="outerHTML" {
                (ui::card(&view.say("job"), ui::pairs(&[
                    (&view.say("job-number"), html! { (job.id) }),
                    (&view.say("state"), html! { (state(view, &job.state)) @if job.cancel_ns.is_some() { " " (view.say("job-is-to-end")) } }),
                    (&view.say("job-progress"), progress(view, &job)),
                    (&view.say("job-tries"), html! { (job.tries) }),
                    (&view.say("job-error"), html! { @match &job.error { Some(error) => (why(view, error)), None => "—" } }),
                    (&view.say("job-created"), view.time(job.created_ns)),
                    (&view.say("job-at"), view.time(job.at_ns)),
                    (&view.say("job-started"), view.time_if(job.started_ns)),
                    (&view.say("job-ended"), view.time_if(job.ended_ns)),
                    (&view.say("job-organisation"), number(job.organisation)),
                    (&view.say("job-person"), number(job.person)),
                    (&view.say("job-arguments"), html! { code { (job.arguments) } }),
                ])))
                @if let Some(message) = message {
                    p { a href=(format!("/platform/outbox/{message}")) { (view.say("outbox-message")) } }
                }
                (deeds(view, &job, &path))
            }
            p.links { a href="/platform/jobs" { (view.say("jobs")) } }
        },
    ))
}

/// What a person can do with a job.
fn deeds(view: &View, job: &Shown, path: &str) -> Markup {
    html! {
        @match job.state.as_str() {
            "failed" => div.row { (ui::small_form(view, &format!("{path}/retry"), &view.say("job-retry"), "main", None)) },
            "waiting" => div.row {
                @if job.tries > 0 { (ui::small_form(view, &format!("{path}/retry"), &view.say("job-retry"), "main", None)) }
                (ui::small_form(view, &format!("{path}/cancel"), &view.say("job-cancel"), "danger", None))
            },
            "running" if job.cancel_ns.is_none() => div.row {
                (ui::small_form(view, &format!("{path}/cancel"), &view.say("job-cancel"), "danger", None))
            },
            "unknown" => {
                (ui::message(Tone::Attention, &view.say("job-unknown-about")))
                div.row {
                    (ui::small_form(view, &format!("{path}/send-again"), &view.say("job-send-again"), "main", Some(&view.say("job-send-again-confirm"))))
                    (ui::small_form(view, &format!("{path}/leave"), &view.say("job-leave"), "", None))
                }
            },
            _ => {},
        }
    }
}

/// Lets a job that nobody works on begin anew, and its kind know of it.
async fn again(visit: &Visit, change: &Change, id: i64, states: &[&str]) -> Result<bool> {
    let Some(task) = store::decided(&**change, KINDS, id, states).await? else {
        return Ok(false);
    };
    store::set(&**change, id, "waiting", visit.now_ns()).await?;
    (task.kind.end)(visit.platform(), change, &task, &Ended::Again).await?;
    Ok(true)
}

async fn record(visit: &Visit, change: &Change, kind: &'static str, id: i64) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("job:{id}"));
    change.record(entry).await
}

async fn retry(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    if !again(&visit, &change, id, &["failed", "waiting"]).await? {
        return Err(Error::Conflict("conflict-decided"));
    }
    record(&visit, &change, "job.retried", id).await?;
    change.lead_to(format!("/platform/jobs/{id}")).await
}

async fn retry_many(visit: Visit, fields: Fields) -> Result<Done> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let form = Form::new(fields);
    let kind = KINDS
        .iter()
        .map(|kind| kind.word)
        .find(|word| *word == form.typed("kind"));
    let change = visit.begin(&form).await?;
    let mut count = 0;
    for id in store::failed(&*change, kind, MANY).await? {
        count += i64::from(again(&visit, &change, id, &["failed"]).await?);
    }
    let mut entry = visit.entry("job.retried");
    entry.detail = Some(json!({ "jobs": count }).to_string());
    change.record(entry).await?;
    change.lead_to("/platform/jobs").await
}

async fn cancel(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    let task = store::decided(&*change, KINDS, id, &["waiting", "running"]).await?;
    let task = task.ok_or(Error::Conflict("conflict-decided"))?;
    let job = store::one(&*change, id).await?.ok_or(Error::NotFound)?;
    if job.state == "running" {
        store::ask_to_end(&*change, id, visit.now_ns()).await?;
    } else {
        store::set(&*change, id, "cancelled", visit.now_ns()).await?;
        (task.kind.end)(visit.platform(), &change, &task, &Ended::Cancelled).await?;
    }
    record(&visit, &change, "job.cancelled", id).await?;
    change.lead_to(format!("/platform/jobs/{id}")).await
}

/// A person decides that what may have been sent is sent again.
async fn send_again(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    if !again(&visit, &change, id, &["unknown"]).await? {
        return Err(Error::Conflict("conflict-decided"));
    }
    record(&visit, &change, "job.sent-again", id).await?;
    change.lead_to(format!("/platform/jobs/{id}")).await
}

/// A person decides that what may have been sent is left as it is.
async fn leave(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    store::decided(&*change, KINDS, id, &["unknown"])
        .await?
        .ok_or(Error::Conflict("conflict-decided"))?;
    store::set(&*change, id, "cancelled", visit.now_ns()).await?;
    record(&visit, &change, "job.left", id).await?;
    change.lead_to(format!("/platform/jobs/{id}")).await
}
