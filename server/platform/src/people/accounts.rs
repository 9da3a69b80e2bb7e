//! Accounts as the security administrators see them: reviewed, closed, reset, unlocked (ACC-01, ACC-04).

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Account};
use crate::filters;
use crate::messages::{Notice, settle, tell};
use crate::permissions::{Action, Resource};
use crate::sessions::store as session_store;
use crate::sign_in::attempts::{self, Subject};
use crate::ui::{self, Column, Pager, Tone};
use crate::web::{Change, Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, outbox, secrets};

/// Accounts of a page.
const PAGE: u32 = 50;
const STATES: [&str; 4] = ["pending", "active", "rejected", "closed"];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/accounts", get(list))
        .route("/platform/accounts/{id}", get(show))
        .route("/platform/accounts/{id}/approve", post(approve))
        .route("/platform/accounts/{id}/reject", post(reject))
        .route("/platform/accounts/{id}/close", post(close))
        .route("/platform/accounts/{id}/reset", post(reset))
        .route("/platform/accounts/{id}/unlock", post(unlock))
}

/// How a state looks.
pub(crate) fn state(visit: &Visit, state: &str) -> Markup {
    let tone = match state {
        "active" => Tone::Good,
        "pending" | "invited" => Tone::Attention,
        "rejected" | "closed" | "declined" | "ended" => Tone::Bad,
        _ => Tone::Quiet,
    };
    ui::badge(tone, &visit.view().say(&format!("state-{state}")))
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::AccountsView, Resource::Platform).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let words = query.get("q");
    let wanted = STATES.into_iter().find(|state| *state == query.get("state"));
    let after: i64 = query.get("after").parse().unwrap_or(0);
    let readers = visit.platform().readers();
    let accounts = store::list(readers, wanted, None, words, after, PAGE).await?;
    let columns = [
        Column::new("name", view.say("name")),
        Column::new("mobile", view.say("mobile")),
        Column::new("hospital", view.say("hospital")),
        Column::new("title", view.say("title")),
        Column::new("state", view.say("state")),
        Column::new("created", view.say("registered-at")),
    ];
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let rows: Vec<Vec<Markup>> = accounts
        .iter()
        .map(|account| {
            vec![
                html! { a href=(format!("/platform/accounts/{}", account.id)) { (account.name) } },
                text(&account.mobile),
                text(&account.hospital),
                text(&account.title),
                state(&visit, &account.state),
                view.time(account.created_ns),
            ]
        })
        .collect();
    let quoted: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let pager = Pager {
        base: format!("/platform/accounts?q={quoted}&state={}", wanted.unwrap_or("")),
        next: accounts
            .last()
            .filter(|_| accounts.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: after > 0,
    };
    Ok(ui::page(
        &visit,
        &view.say("accounts"),
        html! {
            h1 { (view.say("accounts")) }
            (filters::form(&visit, "/platform/accounts", html! {
                label { span { (view.say("state")) }
                    select name="state" {
                        option value="" { (view.say("all")) }
                        @for one in STATES {
                            option value=(one) selected[wanted == Some(one)] { (view.say(&format!("state-{one}"))) }
                        }
                    }
                }
                (ui::search(view, "q", words, &view.say("search-people")))
            }).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "accounts", &columns, &rows)) }
            (ui::pager(view, &pager))
        },
    ))
}

async fn one(visit: &Visit, id: i64) -> Result<Account> {
    store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    visit.may(Action::AccountsView, Resource::Platform).await?;
    let account = one(&visit, id).await?;
    page(&visit, &account, &Form::default(), None).await
}

async fn page(visit: &Visit, account: &Account, form: &Form, password: Option<&str>) -> Result<Markup> {
    let view = visit.view();
    let id = account.id;
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let belongings = session_store::belongings(visit.platform().readers(), id).await?;
    let wait = match &account.mobile {
        Some(mobile) => {
            attempts::wait_ns(
                visit.platform().readers(),
                &Subject::Account(mobile.clone()),
                visit.now_ns(),
            )
            .await?
        }
        None => None,
    };
    Ok(ui::page(
        visit,
        &account.name,
        html! {
            h1 { (account.name) " " (state(visit, &account.state)) }
            @if let Some(password) = password {
                (ui::message(Tone::Attention, &view.say("reset-password-once")))
                p.once { code { (password) } }
            }
            (ui::card(&view.say("basic-data"), ui::pairs(&[
                (&view.say("mobile"), text(&account.mobile)),
                (&view.say("hospital"), text(&account.hospital)),
                (&view.say("department"), text(&account.department)),
                (&view.say("title"), text(&account.title)),
                (&view.say("email"), text(&account.email)),
                (&view.say("registered-at"), view.time(account.created_ns)),
                (&view.say("verification"), html! { (view.say(&format!("verification-{}", account.verification))) }),
                (&view.say("reason"), text(&account.reason)),
                (&view.say("belongs-to"), html! {
                    @if belongings.is_empty() { "—" }
                    @for one in &belongings { (one.name) " · " (one.role) br; }
                }),
            ])))
            @if account.state == "pending" {
                (ui::card(&view.say("review"), html! {
                    (ui::small_form(view, &format!("/platform/accounts/{id}/approve"), &view.say("approve"), "main", None))
                    (ui::form(view, &format!("/platform/accounts/{id}/reject"), html! {
                        (ui::line(view, form, "reason", &view.say("reason"), "text", "off"))
                        (ui::submit(&view.say("reject")))
                    }))
                }))
            }
            @if account.state == "active" {
                (ui::card(&view.say("account-care"), html! {
                    div.row {
                        (ui::small_form(view, &format!("/platform/accounts/{id}/reset"), &view.say("reset-password"), "", Some(&view.say("reset-password-confirm"))))
                        @if wait.is_some() {
                            (ui::small_form(view, &format!("/platform/accounts/{id}/unlock"), &view.say("unlock"), "", None))
                        }
                    }
                    (ui::form(view, &format!("/platform/accounts/{id}/close"), html! {
                        (ui::line(view, form, "reason", &view.say("reason"), "text", "off"))
                        (ui::submit(&view.say("account-close")))
                    }))
                }))
            }
        },
    ))
}

async fn approve(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::AccountsEdit, Resource::Platform).await?;
    decide(&visit, id, &Form::new(fields), "active", None).await
}

async fn reject(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::AccountsEdit, Resource::Platform).await?;
    let mut form = Form::new(fields);
    let reason = form.line("reason", 200);
    if form.is_wrong() {
        let account = one(&visit, id).await?;
        return Err(Error::Wrong(Box::new(page(&visit, &account, &form, None).await?)));
    }
    decide(&visit, id, &form, "rejected", Some(&reason)).await
}

async fn decide(
    visit: &Visit,
    id: i64,
    form: &Form,
    state: &'static str,
    reason: Option<&str>,
) -> Result<Done> {
    let now_ns = visit.now_ns();
    let change = visit.begin(form).await?;
    let account = store::one(&*change, id).await?.ok_or(Error::NotFound)?;
    if account.state != "pending" {
        return Err(Error::Conflict("conflict-decided"));
    }
    store::set_state(&*change, id, state, reason, now_ns).await?;
    let subject = format!("person:{id}");
    settle(&*change, "registered", &subject, now_ns).await?;
    let is_approved = state == "active";
    if is_approved {
        let notice = Notice {
            person: id,
            organisation: None,
            kind: "approved",
            arguments: &[],
            link: "/profile".to_owned(),
            is_todo: false,
            subject: None,
        };
        tell(&*change, &notice, now_ns).await?;
    }
    let template = match is_approved {
        true => "registration-approved",
        false => "registration-rejected",
    };
    tell_sms(visit, &change, id, template).await?;
    let mut entry = visit.entry(if is_approved {
        "account.approved"
    } else {
        "account.rejected"
    });
    entry.subject = Some(subject);
    change.record(entry).await?;
    change.lead_to(format!("/platform/accounts/{id}")).await
}

/// Tells the person by SMS what was decided.
async fn tell_sms(visit: &Visit, change: &Change, id: i64, template: &'static str) -> Result<()> {
    let key = format!("{template} {id} {}", visit.request());
    outbox::tell_by_sms(visit.platform(), &**change, id, template, &[], key).await
}

async fn close(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::AccountsEdit, Resource::Platform).await?;
    let mut form = Form::new(fields);
    let reason = form.line("reason", 200);
    let account = one(&visit, id).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &account, &form, None).await?)));
    }
    if id == visit.person()?.account() {
        return Err(Error::Conflict("conflict-own-account"));
    }
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    if account.state != "active" {
        return Err(Error::Conflict("conflict-decided"));
    }
    // Before the number goes.
    tell_sms(&visit, &change, id, "account-closed").await?;
    store::set_state(&*change, id, "closed", Some(&reason), now_ns).await?;
    session_store::end_all(&*change, id, "closed", now_ns).await?;
    let mut entry = visit.entry("account.closed");
    entry.subject = Some(format!("person:{id}"));
    change.record(entry).await?;
    change.lead_to(format!("/platform/accounts/{id}")).await
}

/// Gives a password that is shown once and must be changed at the first sign-in; the second factor goes too.
async fn reset(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Response> {
    visit.may(Action::AccountsEdit, Resource::Platform).await?;
    let form = Form::new(fields);
    let account = one(&visit, id).await?;
    if account.state != "active" {
        return Err(Error::Conflict("conflict-decided"));
    }
    let password = secrets::first_password()?;
    let kept = secrets::hash_password(password.clone()).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    store::set_password(&*change, id, &kept, true, now_ns).await?;
    store::set_totp(&*change, id, None).await?;
    crate::sign_in::passkeys::remove_all(&*change, id).await?;
    session_store::end_all(&*change, id, "password", now_ns).await?;
    if let Some(mobile) = &account.mobile {
        attempts::forget(&*change, &Subject::Account(mobile.clone())).await?;
    }
    let subject = format!("person:{id}");
    settle(&*change, "reset-asked", &subject, now_ns).await?;
    tell_sms(&visit, &change, id, "account-reset").await?;
    let mut entry = visit.entry("account.reset");
    entry.subject = Some(subject);
    change.record(entry).await?;
    change.commit_once(format!("/platform/accounts/{id}")).await?;
    Ok(page(&visit, &account, &Form::default(), Some(&password))
        .await?
        .into_response())
}

async fn unlock(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::AccountsEdit, Resource::Platform).await?;
    let account = one(&visit, id).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    if let Some(mobile) = account.mobile {
        attempts::forget(&*change, &Subject::Account(mobile)).await?;
    }
    let mut entry = visit.entry("account.unlocked");
    entry.subject = Some(format!("person:{id}"));
    change.record(entry).await?;
    change.lead_to(format!("/platform/accounts/{id}")).await
}
