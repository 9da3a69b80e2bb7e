//! Signing in without typing: the browser that waits shows a QR code, and whoever is signed in on a phone reads it, sees
//! which browser asks and from where, and confirms (ACC-07; with WeChat: [`super::wechat`]).
//!
//! ```text
//! browser: begun ──────────────────────────────> waiting ... enters (once, with its own secret)
//!                 QR code: link, 3 minutes          ^
//! phone, signed in:                     reads it, confirms or declines (once)
//! ```
//!
//! Who confirms is known already, so that no captcha is asked for; nothing is guessed here. The link alone signs nobody in: entering needs the secret of the browser that showed it, kept in its cookie. The new
//! session has the second factor that the phone's session has shown, and a person who has a second factor confirms only from
//! a session that did.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::begin::{self, Way};
use super::one_time::{self, Purpose};
use super::second_factor::{self, qr_code};
use super::wechat;
use crate::people::store as people;
use crate::permissions::{Action, Resource};
use crate::sessions;
use crate::ui::{self, Tone};
use crate::web::{Change, Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, secrets};

/// The cookie of the browser that waits: the link's token and the browser's own secret.
const COOKIE: &str = "uptake_phone";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/sign-in/phone", get(wait))
        .route("/sign-in/phone/enter", post(enter))
        .route("/sign-in/phone/over", get(over))
        .route("/sign-in/phone/{token}", get(ask))
        .route("/sign-in/phone/{token}/confirm", post(confirm))
        .route("/sign-in/phone/{token}/decline", post(decline))
        .route("/sign-in/phone/done", get(done))
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Waiting,
    Confirmed,
    Declined,
    Entered,
}

/// What is kept of a browser that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    state: State,
    /// What is kept of the browser's secret.
    browser: String,
    pub(super) address: String,
    pub(super) agent: String,
    to: String,
    /// Who confirmed, and whether that session had shown a second factor.
    person: Option<i64>,
    has_second_factor: bool,
}

impl Asked {
    fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::internal("a sign-in by phone cannot be written"))
    }

    fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|_| Error::Gone)
    }
}

/// The page of the browser that waits, with a new code.
async fn wait(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let to = super::local_path(query.get("to")).to_owned();
    if visit.signed().is_some() {
        return Ok(Done::to(to).into_response());
    }
    let secret = secrets::token()?;
    let asked = Asked {
        state: State::Waiting,
        browser: secrets::kept(&secret),
        address: visit.address().to_string(),
        agent: visit.agent().to_owned(),
        to,
        person: None,
        has_second_factor: false,
    };
    let change = visit.begin(&Form::default()).await?;
    let token = one_time::make(
        &*change,
        Purpose::PhoneSignIn,
        None,
        &asked.to_json()?,
        visit.now_ns(),
    )
    .await?;
    change.commit().await?;
    let view = visit.view();
    let address = visit.address_of_page(&format!("/sign-in/phone/{token}"));
    let picture = qr_code(&address)?;
    let wechat = match wechat::is_connected(&visit) {
        true => Some(qr_code(
            &visit.address_of_page(&format!("/wechat/sign-in/{token}")),
        )?),
        false => None,
    };
    let page = ui::bare(
        &visit,
        &view.say("phone-sign-in"),
        html! {
            section.card.narrow.sign-in {
                h1 { (view.say("phone-sign-in")) }
                p.quiet { (view.say("phone-scan")) }
                (ui::drawn(picture))
                p.quiet { code.long { (address) } }
                @if let Some(wechat) = wechat {
                    h2 { (view.say("wechat-sign-in")) }
                    p.quiet { (view.say("wechat-scan")) }
                    (ui::drawn(wechat))
                }
                form.fields method="post" action="/sign-in/phone/enter" hx-post="/sign-in/phone/enter" hx-trigger="every 2s, submit" hx-swap="none" {
                    (ui::submit(&view.say("phone-enter")))
                }
                p.links { a href="/sign-in" { (view.say("back-to-sign-in")) } }
            }
        },
    );
    let cookie = visit.cookie(COOKIE, &format!("{token}.{secret}"), "/sign-in", 180);
    Ok(([(axum::http::header::SET_COOKIE, cookie)], page).into_response())
}

/// The browser that waits asks whether it is in.
async fn enter(visit: Visit, headers: HeaderMap) -> Result<Response> {
    // A page that asks by itself is told where to go; a form is sent there.
    let asks_itself = headers.contains_key("hx-request");
    let Some((token, asked)) = own(&visit, &headers).await? else {
        return Ok(lead("/sign-in/phone/over", asks_itself));
    };
    match asked.state {
        State::Waiting if asks_itself => Ok(StatusCode::NO_CONTENT.into_response()),
        State::Waiting => {
            let words = visit.view().say("phone-not-yet").into_owned();
            let again = ui::small_form(
                visit.view(),
                "/sign-in/phone/enter",
                &visit.view().say("phone-enter"),
                "main",
                None,
            );
            Ok(message(&visit, &words, again).into_response())
        }
        State::Declined | State::Entered => Ok(lead("/sign-in/phone/over", asks_itself)),
        State::Confirmed => {
            let entered = begin_session(&visit, &headers, &token).await?;
            if !asks_itself {
                return Ok(entered);
            }
            let location = entered.headers().get(axum::http::header::LOCATION).cloned();
            let mut response = StatusCode::NO_CONTENT.into_response();
            for (name, value) in entered
                .headers()
                .iter()
                .filter(|(name, _)| *name == axum::http::header::SET_COOKIE)
            {
                response.headers_mut().append(name, value.clone());
            }
            if let Some(location) = location {
                response.headers_mut().insert("hx-redirect", location);
            }
            Ok(response)
        }
    }
}

fn lead(to: &'static str, asks_itself: bool) -> Response {
    match asks_itself {
        true => (StatusCode::NO_CONTENT, [("hx-redirect", to)]).into_response(),
        false => Done::to(to).into_response(),
    }
}

/// What the browser that sends its cookie waits for; `None` where that is not its own, or too old.
async fn own(visit: &Visit, headers: &HeaderMap) -> Result<Option<(String, Asked)>> {
    let cookie = sessions::cookie(headers, COOKIE).and_then(|cookie| cookie.split_once('.'));
    let Some((token, secret)) = cookie else {
        return Ok(None);
    };
    let found = one_time::look(
        visit.platform().readers(),
        Purpose::PhoneSignIn,
        token,
        visit.now_ns(),
    )
    .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let asked = Asked::from_json(&found.content)?;
    Ok((asked.browser == secrets::kept(secret)).then(|| (token.to_owned(), asked)))
}

/// Begins the session that was confirmed, once.
async fn begin_session(visit: &Visit, headers: &HeaderMap, token: &str) -> Result<Response> {
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::default()).await?;
    let found = one_time::look(&*change, Purpose::PhoneSignIn, token, now_ns)
        .await?
        .ok_or(Error::Gone)?;
    let mut asked = Asked::from_json(&found.content)?;
    let person = asked
        .person
        .filter(|_| asked.state == State::Confirmed)
        .ok_or(Error::Gone)?;
    asked.state = State::Entered;
    one_time::set_content(&*change, token, &asked.to_json()?).await?;
    let account = people::one(&*change, person)
        .await?
        .filter(|account| account.state == "active")
        .ok_or(Error::Gone)?;
    let way = Way {
        has_second_factor: asked.has_second_factor,
        to: asked.to,
        ..Way::default()
    };
    if !way.has_second_factor && second_factor::is_due(&*change, &account).await? {
        return Ok(second_factor::ask_for(change, visit, &account, &way)
            .await?
            .into_response());
    }
    Ok(begin::session(change, visit, headers, &account, &way)
        .await?
        .into_response())
}

/// What a link asks that nobody has answered yet.
pub(super) async fn open(visit: &Visit, token: &str) -> Result<Asked> {
    let found = one_time::look(
        visit.platform().readers(),
        Purpose::PhoneSignIn,
        token,
        visit.now_ns(),
    )
    .await?;
    let found = found.filter(|found| !found.is_used).ok_or(Error::Gone)?;
    Asked::from_json(&found.content)
}

async fn ask(visit: Visit, Path(token): Path<String>) -> Result<Markup> {
    let account = visit.person()?.account();
    visit
        .may(Action::SecurityEdit, Resource::Account(account))
        .await?;
    let asked = open(&visit, &token).await?;
    let view = visit.view();
    Ok(ui::page(
        &visit,
        &view.say("phone-sign-in"),
        html! {
            section.card.narrow {
                h1 { (view.say("phone-confirm-title")) }
                (ui::message(Tone::Attention, &view.say("phone-confirm-about")))
                (ui::pairs(&[
                    (&view.say("account"), html! { (visit.person()?.name()) }),
                    (&view.say("browser"), html! { (asked.agent) }),
                    (&view.say("address"), html! { (asked.address) }),
                ]))
                div.row {
                    (ui::small_form(view, &format!("/sign-in/phone/{token}/confirm"), &view.say("phone-confirm"), "main", None))
                    (ui::small_form(view, &format!("/sign-in/phone/{token}/decline"), &view.say("phone-decline"), "", None))
                }
            }
        },
    ))
}

async fn confirm(visit: Visit, Path(token): Path<String>, fields: Fields) -> Result<Done> {
    let id = visit.person()?.account();
    visit.may(Action::SecurityEdit, Resource::Account(id)).await?;
    let has_second_factor = visit.person()?.permitted().has_second_factor;
    let account = people::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::SignIn)?;
    if !has_second_factor && second_factor::is_due(visit.platform().readers(), &account).await? {
        return Err(Error::Conflict("conflict-show-second-factor"));
    }
    let answer = Answer {
        state: State::Confirmed,
        person: Some(id),
        has_second_factor,
        kind: "session.confirmed",
    };
    answered(&visit, &token, fields, &answer).await
}

async fn decline(visit: Visit, Path(token): Path<String>, fields: Fields) -> Result<Done> {
    let id = visit.person()?.account();
    visit.may(Action::SecurityEdit, Resource::Account(id)).await?;
    let answer = Answer {
        state: State::Declined,
        person: None,
        has_second_factor: false,
        kind: "session.declined",
    };
    answered(&visit, &token, fields, &answer).await
}

/// What the phone says.
struct Answer {
    state: State,
    person: Option<i64>,
    has_second_factor: bool,
    kind: &'static str,
}

/// Confirms in the name of a person whom somebody else knows, without a second factor: it is asked for afterwards.
pub(super) async fn confirm_for(change: &Change, visit: &Visit, token: &str, person: i64) -> Result<()> {
    let found = one_time::take(&**change, Purpose::PhoneSignIn, token, visit.now_ns()).await?;
    let asked = Asked {
        state: State::Confirmed,
        person: Some(person),
        has_second_factor: false,
        ..Asked::from_json(&found.content)?
    };
    one_time::set_content(&**change, token, &asked.to_json()?).await
}

/// A link is answered once, by whoever is first.
async fn answered(visit: &Visit, token: &str, fields: Fields, answer: &Answer) -> Result<Done> {
    let change = visit.begin(&Form::new(fields)).await?;
    let found = one_time::take(&*change, Purpose::PhoneSignIn, token, visit.now_ns()).await?;
    let asked = Asked {
        state: answer.state,
        person: answer.person,
        has_second_factor: answer.has_second_factor,
        ..Asked::from_json(&found.content)?
    };
    one_time::set_content(&*change, token, &asked.to_json()?).await?;
    let mut entry = visit.entry(answer.kind);
    entry.detail = Some(serde_json::json!({ "from": asked.address }).to_string());
    change.record(entry).await?;
    change.lead_to("/sign-in/phone/done").await
}

fn message(visit: &Visit, words: &str, more: Markup) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("phone-sign-in"),
        html! {
            section.card.narrow {
                h1 { (view.say("phone-sign-in")) }
                (ui::message(Tone::Attention, words))
                (more)
                p.links {
                    a href="/sign-in/phone" { (view.say("phone-again")) } " · "
                    a href="/sign-in" { (view.say("back-to-sign-in")) }
                }
            }
        },
    )
}

/// The page of a code that was declined, used, or is too old.
async fn over(visit: Visit) -> Markup {
    let words = visit.view().say("phone-over").into_owned();
    message(&visit, &words, html! {})
}

async fn done(visit: Visit) -> Result<Markup> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let view = visit.view();
    Ok(ui::page(
        &visit,
        &view.say("phone-sign-in"),
        html! {
            section.card.narrow {
                h1 { (view.say("phone-sign-in")) }
                (ui::message(Tone::Good, &view.say("phone-answered")))
                p { (ui::button_link("/", &view.say("to-home"), true)) }
            }
        },
    ))
}
