//! The page of notifications; their live count and what is new, for open pages.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use futures_util::Stream;
use maud::{Markup, html};
use serde_json::json;
use tokio::sync::watch;

use super::store::{self, Shown};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Pager, Tone, View};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, push as browsers};

/// Notifications of a page.
const PAGE: u32 = 50;
/// Notifications that an open page is told of at a time.
const MOST_NEW: u32 = 10;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/notifications", get(list))
        .route("/notifications/read", post(read_all))
        .route("/notifications/{id}", get(open))
        .route("/live", get(live))
}

/// The sentence of a notification.
pub(crate) fn sentence(view: &View, shown: &Shown) -> String {
    let key = format!("notice-{}", shown.kind);
    let arguments: Vec<_> = shown
        .arguments
        .iter()
        .map(|(name, value)| (name.as_str(), value.into()))
        .collect();
    view.say_with(&key, &arguments).into_owned()
}

/// Things to do, as a list of links.
pub(crate) fn todo_list(view: &View, todos: &[Shown]) -> Markup {
    html! {
        @if todos.is_empty() { p.quiet { (view.say("todos-none")) } }
        ul.notices {
            @for todo in todos {
                li { a href=(todo.link) { (sentence(view, todo)) } " " (view.time(todo.at_ns)) }
            }
        }
    }
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let before: Option<i64> = query.get("after").parse().ok();
    let readers = visit.platform().readers();
    let todos = store::todos(readers, account, 200).await?;
    let shown = store::notifications(readers, account, before, PAGE).await?;
    let pager = Pager {
        base: "/notifications".to_owned(),
        next: shown
            .last()
            .filter(|_| shown.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: before.is_some(),
    };
    Ok(ui::page(
        &visit,
        &view.say("notifications"),
        html! {
            h1 { (view.say("notifications")) }
            (ui::card(&view.say("todos"), todo_list(view, &todos)))
            section.card {
                div.head {
                    h2 { (view.say("news")) }
                    @if view.unread > 0 { (ui::small_form(view, "/notifications/read", &view.say("read-all"), "", None)) }
                }
                @if shown.is_empty() { (ui::empty(&view.say("news-none"), None)) }
                ul.notices {
                    @for one in &shown {
                        li.unread[one.done_ns.is_none()] {
                            a href=(format!("/notifications/{}", one.id)) { (sentence(view, one)) }
                            " " (view.time(one.at_ns))
                            @if one.done_ns.is_none() { " " (ui::badge(Tone::Attention, &view.say("unread"))) }
                        }
                    }
                }
                (ui::pager(view, &pager))
            }
        },
    ))
}

/// Opening one marks it read and leads to its page.
async fn open(visit: Visit, Path(id): Path<i64>) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let shown = store::one(visit.platform().readers(), account, id)
        .await?
        .ok_or(Error::NotFound)?;
    let change = visit.begin(&Form::default()).await?;
    store::read(&*change, account, Some(id), visit.now_ns()).await?;
    change.lead_to(shown.link).await
}

async fn read_all(visit: Visit, fields: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    store::read(&*change, account, None, visit.now_ns()).await?;
    change.lead_to("/notifications").await
}

/// The number of what waits, whenever it changes; what is new, where the person wants to be told in browsers (ACC-21); and
/// that the session has ended.
async fn live(visit: Visit) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let live = Live {
        account,
        session: visit.person()?.session.clone(),
        committed: visit.platform().writer().committed(),
        is_ending: visit.platform().is_ending(),
        count: None,
        last: store::last(visit.platform().readers(), account).await?,
        waiting: VecDeque::new(),
        has_ended: false,
        visit,
    };
    let events = futures_util::stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok(event), live))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// What an open page was told.
struct Live {
    visit: Visit,
    account: i64,
    session: String,
    committed: watch::Receiver<()>,
    is_ending: watch::Receiver<bool>,
    /// The number of what waits.
    count: Option<i64>,
    /// The last notification.
    last: i64,
    /// Events that are to be sent.
    waiting: VecDeque<Event>,
    has_ended: bool,
}

impl Live {
    /// The next event; none after the end of the session, nor when the process ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.is_ending.borrow() {
                return None;
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.has_ended {
                return None;
            }
            // What cannot be read now is read later.
            let _ = self.look().await;
            if self.waiting.is_empty() {
                // Of other nodes only what is new is heard; the rest is looked for now and then. Many commits a second are
                // looked at once.
                let news = async {
                    let _ = tokio::time::timeout(Duration::from_secs(5), self.committed.changed()).await;
                    tokio::time::sleep(Duration::from_millis(300)).await;
                };
                tokio::select! {
                    () = news => {}
                    _ = self.is_ending.changed() => return None,
                }
            }
        }
    }

    async fn look(&mut self) -> Result<()> {
        let readers = self.visit.platform().readers();
        let stored = crate::sessions::store::load(readers, &self.session).await?;
        if stored.is_none_or(|stored| stored.ended.is_some()) {
            self.has_ended = true;
            self.waiting
                .push_back(Event::default().event("ended").data("ended"));
            return Ok(());
        }
        let (unread, todos) = store::counts(readers, self.account).await?;
        let count = unread + todos;
        if self.count != Some(count) {
            self.count = Some(count);
            self.waiting
                .push_back(Event::default().event("count").data(count.to_string()));
        }
        let new = store::after(readers, self.account, self.last, MOST_NEW).await?;
        let Some(last) = new.last() else {
            return Ok(());
        };
        self.last = last.id;
        if browsers::is_wanted(readers, self.account).await? {
            let view = self.visit.view();
            let notice = |one: &Shown| {
                let link = format!("/notifications/{}", one.id);
                json!({ "words": sentence(view, one), "link": link }).to_string()
            };
            let events = new
                .iter()
                .map(|one| Event::default().event("notice").data(notice(one)));
            self.waiting.extend(events);
        }
        Ok(())
    }
}
