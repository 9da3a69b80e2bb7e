//! The pages of tickets: one's own, and all of them for the system administrator, who also takes the bundle away.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Ticket};
use crate::filters;
use crate::messages::{Notice, settle, tell};
use crate::people::store as people;
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Change, Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

/// Tickets of a page.
const PAGE: u32 = 50;
const SEVERITIES: [&str; 3] = ["question", "hindrance", "outage"];
const STATES: [&str; 3] = ["open", "answered", "closed"];
const OWN: &str = "/support";
const ALL: &str = "/platform/support";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/support", get(own).post(open))
        .route("/support/new", get(new))
        .route("/support/{id}", get(show_own).post(answer_own))
        .route("/support/{id}/close", post(close_own))
        .route("/platform/support", get(all))
        .route("/platform/support/bundle", get(bundle))
        .route("/platform/support/{id}", get(show).post(answer))
        .route("/platform/support/{id}/close", post(close))
}

async fn may_ask(visit: &Visit) -> Result<i64> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    Ok(account)
}

async fn may_answer(visit: &Visit) -> Result<()> {
    visit.may(Action::MonitoringView, Resource::Platform).await
}

fn severity(view: &View, ticket: &Ticket) -> Markup {
    let tone = match ticket.severity.as_str() {
        "outage" => Tone::Bad,
        "hindrance" => Tone::Attention,
        _ => Tone::Quiet,
    };
    ui::badge(tone, &view.say(&format!("help-ticket-{}", ticket.severity)))
}

fn state(view: &View, ticket: &Ticket) -> Markup {
    let tone = match ticket.state.as_str() {
        "open" => Tone::Attention,
        "answered" => Tone::Good,
        _ => Tone::Quiet,
    };
    ui::badge(tone, &view.say(&format!("help-ticket-{}", ticket.state)))
}

fn table(view: &View, tickets: &[Ticket], base: &str) -> Markup {
    let columns = [
        Column::new("number", view.say("ticket-number")),
        Column::new("subject", view.say("ticket-subject")),
        Column::new("severity", view.say("ticket-severity")),
        Column::new("state", view.say("state")),
        Column::new("who", view.say("who")),
        Column::new("changed", view.say("ticket-changed")),
    ];
    let rows: Vec<Vec<Markup>> = tickets
        .iter()
        .map(|ticket| {
            vec![
                html! { (ticket.id) },
                html! { a href=(format!("{base}/{}", ticket.id)) { (ticket.subject) } },
                severity(view, ticket),
                state(view, ticket),
                html! { (ticket.name) },
                view.time(ticket.changed_ns),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { (ui::empty(&view.say("tickets-none"), None)) }
        @else { (ui::table(view, "tickets", &columns, &rows)) }
    }
}

fn pager(base: String, found: &[Ticket], before: Option<i64>) -> Pager {
    Pager {
        base,
        next: found
            .last()
            .filter(|_| found.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: before.is_some(),
    }
}

async fn own(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let account = may_ask(&visit).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let before: Option<i64> = query.get("after").parse().ok();
    let found = store::list(visit.platform().readers(), Some(account), None, before, PAGE).await?;
    Ok(ui::page(
        &visit,
        &view.say("tickets"),
        html! {
            div.head {
                h1 { (view.say("tickets")) }
                (ui::button_link("/support/new", &view.say("ticket-new"), true))
            }
            p.quiet { (view.say("tickets-about")) }
            (table(view, &found, OWN))
            (ui::pager(view, &pager(OWN.to_owned(), &found, before)))
        },
    ))
}

async fn new(visit: Visit) -> Result<Markup> {
    may_ask(&visit).await?;
    Ok(new_page(&visit, &Form::default()))
}

fn new_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    let severities = SEVERITIES.map(|word| {
        let words = view.say(&format!("help-ticket-{word}")).into_owned();
        (word.to_owned(), words)
    });
    ui::page(
        visit,
        &view.say("ticket-new"),
        html! {
            h1 { (view.say("ticket-new")) }
            section.card.narrow {
                (ui::message(Tone::Attention, &view.say("ticket-no-patients")))
                (ui::form(view, OWN, html! {
                    (ui::line(view, form, "subject", &view.say("ticket-subject"), "text", "off"))
                    (ui::choice(view, form, "severity", &view.say("ticket-severity"), &severities))
                    (ui::area(view, form, "body", &view.say("ticket-body")))
                    (ui::submit(&view.say("ticket-send")))
                }))
            }
        },
    )
}

fn required(form: &mut Form, name: &str) -> String {
    let text = form.text(name, 4000);
    if text.is_none() {
        form.refuse(name, crate::web::Wrong::new("wrong-missing"));
    }
    text.unwrap_or_default()
}

async fn open(visit: Visit, fields: Fields) -> Result<Done> {
    let account = may_ask(&visit).await?;
    let mut form = Form::new(fields);
    let subject = form.name("subject", 100);
    let severity = form.choice("severity", &SEVERITIES);
    let body = required(&mut form, "body");
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(new_page(&visit, &form))));
    }
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    let organisation = visit.person()?.organisation();
    let texts = [subject.as_str(), body.as_str(), severity];
    let id = store::add(&*change, account, organisation, texts, now_ns).await?;
    record(&visit, &change, "ticket.opened", id).await?;
    ask_operators(&visit, &change, id).await?;
    change.lead_to(format!("{OWN}/{id}")).await
}

/// Whoever answers has something to do.
async fn ask_operators(visit: &Visit, change: &Change, id: i64) -> Result<()> {
    let name = visit.person()?.name().to_owned();
    let subject = format!("ticket:{id}");
    settle(&**change, "ticket", &subject, visit.now_ns()).await?;
    for person in people::holding(&**change, "monitoring").await? {
        let notice = Notice {
            person,
            organisation: None,
            kind: "ticket",
            arguments: &[("name", &name)],
            link: format!("{ALL}/{id}"),
            is_todo: true,
            subject: Some(subject.clone()),
        };
        tell(&**change, &notice, visit.now_ns()).await?;
    }
    Ok(())
}

async fn record(visit: &Visit, change: &Change, kind: &'static str, id: i64) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("ticket:{id}"));
    change.record(entry).await
}

/// One's own ticket; another's is not there.
async fn own_ticket(visit: &Visit, id: i64) -> Result<Ticket> {
    let account = may_ask(visit).await?;
    let ticket = store::one(visit.platform().readers(), id).await?;
    ticket
        .filter(|ticket| ticket.person == account)
        .ok_or(Error::NotFound)
}

async fn ticket_of(visit: &Visit, id: i64) -> Result<Ticket> {
    may_answer(visit).await?;
    store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)
}

async fn page(visit: &Visit, form: &Form, ticket: &Ticket, base: &str) -> Result<Markup> {
    let view = visit.view();
    let answers = store::answers(visit.platform().readers(), ticket.id).await?;
    let here = format!("{base}/{}", ticket.id);
    Ok(ui::page(
        visit,
        &ticket.subject,
        html! {
            p { a href=(base) { (view.say(if base == ALL { "support" } else { "tickets" })) } }
            div.head { h1 { (ticket.subject) } div.row { (severity(view, ticket)) (state(view, ticket)) } }
            section.card {
                p.eyebrow { (ticket.name) " · " (view.time(ticket.created_ns)) }
                p { (ui::lines(&ticket.body)) }
            }
            @for answer in &answers {
                section.card {
                    p.eyebrow { (answer.name) " · " (view.time(answer.at_ns)) }
                    p { (ui::lines(&answer.body)) }
                }
            }
            @if ticket.state != "closed" {
                section.card {
                    (ui::form(view, &here, html! {
                        (ui::area(view, form, "body", &view.say("ticket-answer")))
                        (ui::submit(&view.say("ticket-send")))
                    }))
                    (ui::small_form(view, &format!("{here}/close"), &view.say("ticket-close"), "", None))
                }
            }
        },
    ))
}

async fn show_own(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let ticket = own_ticket(&visit, id).await?;
    page(&visit, &Form::default(), &ticket, OWN).await
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let ticket = ticket_of(&visit, id).await?;
    page(&visit, &Form::default(), &ticket, ALL).await
}

/// Writes what was typed to a ticket; gives the transaction in which the others are told.
async fn written(visit: &Visit, fields: Fields, ticket: &Ticket, base: &str, state: &str) -> Result<Change> {
    let mut form = Form::new(fields);
    let body = required(&mut form, "body");
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(visit, &form, ticket, base).await?)));
    }
    let change = visit.begin(&form).await?;
    let now = store::one(&*change, ticket.id).await?.ok_or(Error::NotFound)?;
    if now.state == "closed" {
        return Err(Error::Conflict("conflict-ticket-closed"));
    }
    let account = visit.person()?.account();
    store::answer(&*change, ticket.id, account, &body, state, visit.now_ns()).await?;
    record(visit, &change, "ticket.answered", ticket.id).await?;
    Ok(change)
}

async fn answer_own(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let ticket = own_ticket(&visit, id).await?;
    let change = written(&visit, fields, &ticket, OWN, "open").await?;
    ask_operators(&visit, &change, id).await?;
    change.lead_to(format!("{OWN}/{id}")).await
}

async fn answer(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let ticket = ticket_of(&visit, id).await?;
    let change = written(&visit, fields, &ticket, ALL, "answered").await?;
    settle(&*change, "ticket", &format!("ticket:{id}"), visit.now_ns()).await?;
    tell_asker(&visit, &change, &ticket, "ticket-answered").await?;
    change.lead_to(format!("{ALL}/{id}")).await
}

async fn tell_asker(visit: &Visit, change: &Change, ticket: &Ticket, kind: &'static str) -> Result<()> {
    let notice = Notice {
        person: ticket.person,
        organisation: None,
        kind,
        arguments: &[("subject", &ticket.subject)],
        link: format!("{OWN}/{}", ticket.id),
        is_todo: false,
        subject: None,
    };
    tell(&**change, &notice, visit.now_ns()).await
}

async fn closed(visit: &Visit, fields: Fields, ticket: &Ticket) -> Result<Change> {
    let change = visit.begin(&Form::new(fields)).await?;
    store::set_state(&*change, ticket.id, "closed", visit.now_ns()).await?;
    settle(
        &*change,
        "ticket",
        &format!("ticket:{}", ticket.id),
        visit.now_ns(),
    )
    .await?;
    record(visit, &change, "ticket.closed", ticket.id).await?;
    Ok(change)
}

async fn close_own(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let ticket = own_ticket(&visit, id).await?;
    closed(&visit, fields, &ticket).await?.lead_to(OWN).await
}

async fn close(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let ticket = ticket_of(&visit, id).await?;
    let change = closed(&visit, fields, &ticket).await?;
    tell_asker(&visit, &change, &ticket, "ticket-closed").await?;
    change.lead_to(ALL).await
}

async fn all(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    may_answer(&visit).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let before: Option<i64> = query.get("after").parse().ok();
    let asked = STATES.into_iter().find(|word| *word == query.get("state"));
    let found = store::list(visit.platform().readers(), None, asked, before, PAGE).await?;
    let base = format!("{ALL}?state={}", asked.unwrap_or(""));
    Ok(ui::page(
        &visit,
        &view.say("support"),
        html! {
            div.head {
                h1 { (view.say("support")) }
                (ui::button_link("/platform/support/bundle", &view.say("bundle-take"), true))
            }
            p.quiet { (view.say("bundle-about")) }
            (filters::form(&visit, ALL, html! {
                label { span { (view.say("state")) }
                    select name="state" {
                        option value="" { (view.say("all")) }
                        @for word in STATES { option value=(word) selected[Some(word) == asked] { (view.say(&format!("help-ticket-{word}"))) } }
                    }
                }
                button type="submit" { (view.say("search")) }
            }).await?)
            (table(view, &found, ALL))
            (ui::pager(view, &pager(base, &found, before)))
        },
    ))
}

async fn bundle(visit: Visit) -> Result<Response> {
    may_answer(&visit).await?;
    let made = super::bundle(visit.platform()).await?;
    // What leaves the site is an entry of the journal before it leaves.
    visit
        .platform()
        .recorder()
        .record(visit.entry("bundle.made"))
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"uptake-diagnostics.zip\"",
        ),
    ];
    Ok((headers, made).into_response())
}
