//! Notifications in browsers on the page of the profile: the person's switch, and this browser's. What a browser has to be
//! asked for is asked by a script; without one nothing can be switched on in it.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};

use super::{COOKIE, Key, Recipient, services, store};
use crate::people::{profile_page, store::Account};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Tone};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong, asset};
use crate::{Error, Platform, Result, secrets};

/// How long a browser keeps the cookie that it is known by: as long as browsers do at most.
const COOKIE_S: i64 = 400 * 24 * 3600;
/// The program that a browser runs for the site while no page of it is open.
const WORKER: &str = include_str!("../../assets/service-worker.js");
/// Where it is: it works for the paths below.
const WORKER_PATH: &str = "/service-worker.js";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route(WORKER_PATH, get(worker))
        .route("/profile/push", post(switch))
        .route("/profile/push/browser", post(add))
        .route("/profile/push/browser/remove", post(remove))
}

/// Asked for anew each time, so that a browser never keeps an old one.
async fn worker() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, WORKER).into_response()
}

async fn own(visit: &Visit) -> Result<i64> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    Ok(account)
}

/// Notifications in browsers on the page of the profile, with what was wrong with what this browser gave.
pub(crate) async fn card(visit: &Visit, account: &Account, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let tick = if account.browser_push { "1" } else { "" };
    let switch = Form::filled([("push", tick.to_owned())]);
    let body = match visit.platform().push() {
        None => html! { p.quiet { (view.say("push-none")) } },
        Some(_) if !account.browser_push => html! {},
        Some(key) => browser(visit, key, account.id, form).await?,
    };
    Ok(ui::card(
        &view.say("push"),
        html! {
            p.hint { (view.say("push-why")) }
            (ui::form(view, "/profile/push", html! {
                (ui::check(&switch, "push", &view.say("browser-push")))
                (ui::submit(&view.say("save")))
            }))
            (body)
        },
    ))
}

/// This browser: shown by a script where it can be told of anything.
async fn browser(visit: &Visit, key: &Key, account: i64, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let since_ns = match visit.browser() {
        Some(browser) => store::since(visit.platform().readers(), account, browser).await?,
        None => None,
    };
    Ok(html! {
        h3 { (view.say("push-browser")) }
        @if let Some(wrong) = form.wrong("endpoint") { (ui::message(Tone::Bad, &wrong.say(view.language))) }
        p.quiet data-push-missing { (view.say("push-missing")) }
        div data-push=(key.public()) data-push-worker=(WORKER_PATH) data-push-on[since_ns.is_some()]
            data-denied=(view.say("push-denied")) data-failed=(view.say("push-failed")) data-lost=(view.say("push-lost")) hidden {
            @match since_ns {
                Some(since_ns) => {
                    p { (ui::badge(Tone::Good, &view.say("push-browser-on"))) " " (view.time(since_ns)) }
                    (ui::small_form(view, "/profile/push/browser/remove", &view.say("push-browser-end"), "", None))
                },
                None => (ui::form(view, "/profile/push/browser", html! {
                    @for name in ["endpoint", "p256dh", "auth"] { (ui::hidden(name, "")) }
                    (ui::submit(&view.say("push-browser-begin")))
                })),
            }
        }
        script type="module" src=(asset("push.js")) {}
    })
}

/// The person's switch.
async fn switch(visit: Visit, fields: Fields) -> Result<Done> {
    let account = own(&visit).await?;
    let form = Form::new(fields);
    let change = visit.begin(&form).await?;
    store::set_wanted(&*change, account, form.is_ticked("push")).await?;
    let mut entry = visit.entry("profile.changed");
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.lead_to("/profile").await
}

/// What a browser gives of itself; wrong where it is nothing that can be sent to.
fn recipient(form: &mut Form, named: &[services::Service]) -> Recipient {
    let bytes = |name: &str, longest: usize| {
        let text = form.typed(name).trim_end_matches('=');
        let text = Some(text).filter(|text| text.len() <= longest);
        text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .unwrap_or_default()
    };
    let (public, auth) = (bytes("p256dh", 100), bytes("auth", 40));
    let endpoint = services::admitted(form.typed("endpoint"), named);
    let recipient = Recipient {
        endpoint: endpoint.map(String::from).unwrap_or_default(),
        public,
        auth,
    };
    if recipient.endpoint.is_empty() {
        form.refuse("endpoint", Wrong::new("wrong-push-service"));
    } else if !recipient.is_whole() {
        form.refuse("endpoint", Wrong::new("wrong-push-keys"));
    }
    recipient
}

/// Switches notifications on in this browser; what it had, whoever's it was, ends.
async fn add(visit: Visit, fields: Fields) -> Result<Done> {
    let account = own(&visit).await?;
    let platform = visit.platform();
    let Some(chosen) = platform.settings().push.as_ref() else {
        return Err(Error::Conflict("push-none"));
    };
    let mut form = Form::new(fields);
    let recipient = recipient(&mut form, &chosen.services);
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(profile_page(&visit, &form).await?)));
    }
    let cookie = secrets::token()?;
    let new = store::New {
        person: account,
        browser: secrets::kept(&cookie),
        recipient: &recipient,
        session: &visit.person()?.session,
    };
    let change = visit.begin(&form).await?;
    store::add(&*change, platform.key(), &new, visit.browser(), visit.now_ns()).await?;
    record(&visit, &change, "push.browser-added", account).await?;
    let done = change.lead_to("/profile").await?;
    Ok(done.with_cookie(visit.cookie(COOKIE, &cookie, "/", COOKIE_S)))
}

async fn remove(visit: Visit, fields: Fields) -> Result<Done> {
    let account = own(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    let is_removed = match visit.browser() {
        Some(browser) => store::remove(&*change, account, browser).await?,
        None => false,
    };
    if is_removed {
        record(&visit, &change, "push.browser-removed", account).await?;
    }
    let done = change.lead_to("/profile").await?;
    Ok(done.with_cookie(visit.cookie(COOKIE, "", "/", 0)))
}

async fn record(visit: &Visit, change: &Change, kind: &'static str, account: i64) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await
}
