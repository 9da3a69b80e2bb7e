//! Documents: sent from the profile, looked at and decided on by reviewers.

use axum::Router;
use axum::extract::{Path, RawQuery, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Sent};
use super::watermark;
use crate::files::{self, Kind, Owner, Shape};
use crate::filters;
use crate::messages::{Notice, settle, tell};
use crate::people::store::{self as people, Account};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Change, Done, Fields, Form, Upload, Visit};
use crate::{Error, Platform, Result};

/// Accounts of a page.
const PAGE: u32 = 50;
const STATES: [&str; 3] = ["submitted", "verified", "refused"];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/profile/documents/{kind}", get(own_document).post(send))
        .route("/platform/verification", get(list))
        .route("/platform/verification/{id}", get(show))
        .route("/platform/verification/{id}/documents/{kind}", get(document))
        .route("/platform/verification/{id}/approve", post(approve))
        .route("/platform/verification/{id}/refuse", post(refuse))
}

fn state(view: &View, state: &str) -> Markup {
    let tone = match state {
        "verified" => Tone::Good,
        "submitted" => Tone::Attention,
        "refused" => Tone::Bad,
        _ => Tone::Quiet,
    };
    ui::badge(tone, &view.say(&format!("verification-{state}")))
}

fn kind_words(view: &View, kind: Kind) -> String {
    view.say(&format!("file-kind-{}", kind.word())).into_owned()
}

/// The documents on the page of the own profile.
pub(crate) async fn card(visit: &Visit, account: &Account, uploads: &Form) -> Result<Markup> {
    if account.kind != "staff" {
        return Ok(html! {});
    }
    let view = visit.view();
    let readers = visit.platform().readers();
    let sent = store::sent(readers, account.id).await?;
    let reason = store::reason(readers, account.id).await?;
    Ok(ui::card(
        &view.say("documents"),
        html! {
            p { (state(view, &account.verification)) }
            @match account.verification.as_str() {
                "verified" => p.hint { (view.say("documents-again")) },
                "refused" => { @if let Some(reason) = &reason { (ui::message(Tone::Bad, reason)) } },
                "submitted" => p.hint { (view.say("documents-wait")) },
                _ => p.hint { (view.say("documents-why")) },
            }
            @for Sent { kind, file } in &sent {
                @let address = format!("/profile/documents/{}", kind.word());
                (ui::upload(view, uploads, &address, kind.word(), &kind_words(view, *kind), Some(&view.say("documents-hint")), files::ACCEPT, &view.say("upload")))
                @if let Some((_, at_ns)) = file {
                    p.hint { a href=(address) { (view.say("document-open")) } " " (view.time(*at_ns)) }
                }
            }
        },
    ))
}

async fn send(visit: Visit, Path(word): Path<String>, request: Request) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let kind = Kind::document(&word).ok_or(Error::NotFound)?;
    let mut upload = Upload::read(request, &word).await?;
    let Some(made) = files::made(&visit, &mut upload, &word, Shape::Document).await? else {
        return Err(Error::Wrong(Box::new(
            crate::people::profile_page(&visit, &upload.form).await?,
        )));
    };
    let now_ns = visit.now_ns();
    let platform = visit.platform();
    let change = visit.begin(&upload.form).await?;
    files::store::put(
        &*change,
        platform.key(),
        Owner::Person(account),
        kind,
        made,
        now_ns,
    )
    .await?;
    let mut entry = visit.entry("document.sent");
    entry.subject = Some(format!("person:{account}"));
    entry.detail = Some(serde_json::json!({ "document": kind.word() }).to_string());
    change.record(entry).await?;
    let is_whole = store::sent(&*change, account)
        .await?
        .iter()
        .all(|one| one.file.is_some());
    if is_whole {
        submit(&change, &visit, account, now_ns).await?;
    }
    change.lead_to("/profile").await
}

/// All documents are there: reviewers are asked, once.
async fn submit(change: &Change, visit: &Visit, account: i64, now_ns: i64) -> Result<()> {
    people::set_verification(&**change, account, "submitted").await?;
    store::set_reason(&**change, account, None).await?;
    let subject = format!("person:{account}");
    settle(&**change, "documents", &subject, now_ns).await?;
    let name = visit.person()?.name().to_owned();
    for reviewer in people::holding(&**change, "verification").await? {
        let notice = Notice {
            person: reviewer,
            organisation: None,
            kind: "documents",
            arguments: &[("name", &name)],
            link: format!("/platform/verification/{account}"),
            is_todo: true,
            subject: Some(subject.clone()),
        };
        tell(&**change, &notice, now_ns).await?;
    }
    Ok(())
}

async fn own_document(visit: Visit, Path(word): Path<String>) -> Result<Response> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    opened(&visit, account, &word, "watermark-own").await
}

async fn document(visit: Visit, Path((id, word)): Path<(i64, String)>) -> Result<Response> {
    visit.may(Action::VerificationDecide, Resource::Platform).await?;
    opened(&visit, id, &word, "watermark-review").await
}

/// A document with the watermark of whoever looks. That it was opened is written before it leaves.
async fn opened(visit: &Visit, person: i64, word: &str, purpose: &str) -> Result<Response> {
    let kind = Kind::document(word).ok_or(Error::NotFound)?;
    let platform = visit.platform();
    let stored = files::store::get(platform.readers(), platform.key(), Owner::Person(person), kind).await?;
    let stored = stored.ok_or(Error::NotFound)?;
    let view = visit.view();
    let time = view.zone.minute(visit.now_ns());
    let words = format!("{} {time} {}", visit.person()?.name(), view.say(purpose));
    let made = platform
        .pictures()
        .work(move || watermark::over(&stored.content, &words))
        .await??;
    let mut entry = visit.entry("document.opened");
    entry.subject = Some(format!("person:{person}"));
    entry.detail = Some(serde_json::json!({ "document": kind.word() }).to_string());
    platform.recorder().record(entry).await?;
    Ok(([(header::CONTENT_TYPE, made.media_type)], made.content).into_response())
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::VerificationDecide, Resource::Platform).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let words = query.get("q");
    let wanted = STATES
        .into_iter()
        .find(|state| *state == query.get("state"))
        .unwrap_or("submitted");
    let after: i64 = query.get("after").parse().unwrap_or(0);
    let accounts = people::list(visit.platform().readers(), None, Some(wanted), words, after, PAGE).await?;
    let columns = [
        Column::new("name", view.say("name")),
        Column::new("hospital", view.say("hospital")),
        Column::new("department", view.say("department")),
        Column::new("title", view.say("title")),
        Column::new("state", view.say("verification")),
    ];
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let row = |account: &Account| {
        vec![
            html! { a href=(format!("/platform/verification/{}", account.id)) { (account.name) } },
            text(&account.hospital),
            text(&account.department),
            text(&account.title),
            state(view, &account.verification),
        ]
    };
    let rows: Vec<Vec<Markup>> = accounts.iter().map(row).collect();
    let quoted: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let pager = Pager {
        base: format!("/platform/verification?q={quoted}&state={wanted}"),
        next: accounts
            .last()
            .filter(|_| accounts.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: after > 0,
    };
    Ok(ui::page(
        &visit,
        &view.say("verification"),
        html! {
            h1 { (view.say("verification")) }
            (filters::form(&visit, "/platform/verification", html! {
                label { span { (view.say("state")) }
                    select name="state" {
                        @for one in STATES {
                            option value=(one) selected[wanted == one] { (view.say(&format!("verification-{one}"))) }
                        }
                    }
                }
                (ui::search(view, "q", words, &view.say("search-people")))
            }).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "verification", &columns, &rows)) }
            (ui::pager(view, &pager))
        },
    ))
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    visit.may(Action::VerificationDecide, Resource::Platform).await?;
    page(&visit, id, &Form::default()).await
}

async fn page(visit: &Visit, id: i64, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let readers = visit.platform().readers();
    let account = people::one(readers, id).await?.ok_or(Error::NotFound)?;
    let sent = store::sent(readers, id).await?;
    let reason = store::reason(readers, id).await?;
    let mark = store::mark(&sent);
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let decides = account.verification == "submitted" && id != visit.person()?.account();
    Ok(ui::page(
        visit,
        &account.name,
        html! {
            h1 { (account.name) " " (state(view, &account.verification)) }
            (ui::card(&view.say("basic-data"), ui::pairs(&[
                (&view.say("hospital"), text(&account.hospital)),
                (&view.say("department"), text(&account.department)),
                (&view.say("title"), text(&account.title)),
                (&view.say("reason"), text(&reason)),
            ])))
            div.documents {
                @for Sent { kind, file } in &sent {
                    @let words = kind_words(view, *kind);
                    (ui::card(&words, html! {
                        @match file {
                            Some((_, at_ns)) => {
                                img.document src=(format!("/platform/verification/{id}/documents/{}", kind.word())) alt=(words) loading="lazy";
                                p.hint { (view.time(*at_ns)) }
                            },
                            None => p.quiet { (view.say("document-none")) },
                        }
                    }))
                }
            }
            @if decides {
                (ui::card(&view.say("review"), html! {
                    (ui::form(view, &format!("/platform/verification/{id}/approve"), html! {
                        (ui::hidden("documents", &mark))
                        (ui::submit(&view.say("approve")))
                    }))
                    (ui::form(view, &format!("/platform/verification/{id}/refuse"), html! {
                        (ui::hidden("documents", &mark))
                        (ui::line(view, form, "reason", &view.say("reason"), "text", "off"))
                        (ui::submit(&view.say("reject")))
                    }))
                }))
            }
        },
    ))
}

async fn approve(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::VerificationDecide, Resource::Platform).await?;
    decide(&visit, id, &Form::new(fields), None).await
}

async fn refuse(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    visit.may(Action::VerificationDecide, Resource::Platform).await?;
    let mut form = Form::new(fields);
    let reason = form.line("reason", 200);
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, id, &form).await?)));
    }
    decide(&visit, id, &form, Some(&reason)).await
}

/// Approves, or refuses with a reason: the documents that the page showed, as long as they are the ones.
async fn decide(visit: &Visit, id: i64, form: &Form, reason: Option<&str>) -> Result<Done> {
    if id == visit.person()?.account() {
        return Err(Error::Conflict("conflict-own-account"));
    }
    let now_ns = visit.now_ns();
    let change = visit.begin(form).await?;
    let account = people::one(&*change, id).await?.ok_or(Error::NotFound)?;
    if account.verification != "submitted" {
        return Err(Error::Conflict("conflict-decided"));
    }
    if store::mark(&store::sent(&*change, id).await?) != form.typed("documents") {
        return Err(Error::Conflict("conflict-documents"));
    }
    let is_approved = reason.is_none();
    people::set_verification(&*change, id, if is_approved { "verified" } else { "refused" }).await?;
    store::set_reason(&*change, id, reason).await?;
    let subject = format!("person:{id}");
    settle(&*change, "documents", &subject, now_ns).await?;
    let reason = reason.unwrap_or_default();
    let notice = Notice {
        person: id,
        organisation: None,
        kind: if is_approved {
            "verified"
        } else {
            "documents-refused"
        },
        arguments: &[("reason", reason)],
        link: "/profile".to_owned(),
        is_todo: false,
        subject: None,
    };
    tell(&*change, &notice, now_ns).await?;
    let mut entry = visit.entry(if is_approved {
        "document.approved"
    } else {
        "document.refused"
    });
    entry.subject = Some(subject);
    change.record(entry).await?;
    change.lead_to("/platform/verification").await
}
