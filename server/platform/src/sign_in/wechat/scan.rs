//! What a scan leads to: WeChat is asked who it is, and that person confirms.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::{Client, store};
use crate::people::store as people;
use crate::sessions;
use crate::sign_in::one_time::{self, Purpose};
use crate::sign_in::phone;
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, secrets};

/// The cookie of the browser that WeChat shows pages in.
const COOKIE: &str = "uptake_wechat";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/wechat/sign-in/{token}", get(sign_in))
        .route("/wechat/bind/{token}", get(bind))
        .route("/wechat/back", get(back))
        .route("/wechat/confirm/{ticket}", post(confirm))
        .route("/wechat/done", get(done))
}

/// Whether the site has an official account.
pub(in crate::sign_in) fn is_connected(visit: &Visit) -> bool {
    visit.platform().wechat().is_some()
}

fn client(visit: &Visit) -> Result<&Client> {
    visit.platform().wechat().ok_or(Error::NotFound)
}

/// What is to be confirmed, by the token of the code that was scanned.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum About {
    SignIn(String),
    Bind(String),
}

/// What is kept between the pages.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Round {
    /// What is kept of the browser's secret.
    browser: String,
    about: About,
    /// Who it is, once WeChat has said.
    openid: Option<String>,
}

impl Round {
    fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::internal("a scan cannot be written"))
    }

    /// Reads one, for the browser that it was made for.
    fn read(text: &str, headers: &HeaderMap) -> Result<Self> {
        let round: Self = serde_json::from_str(text).map_err(|_| Error::Gone)?;
        let secret = sessions::cookie(headers, COOKIE).unwrap_or_default();
        (round.browser == secrets::kept(secret))
            .then_some(round)
            .ok_or(Error::Gone)
    }
}

async fn sign_in(visit: Visit, Path(token): Path<String>) -> Result<Response> {
    client(&visit)?;
    phone::open(&visit, &token).await?;
    ask(&visit, About::SignIn(token)).await
}

async fn bind(visit: Visit, Path(token): Path<String>) -> Result<Response> {
    client(&visit)?;
    whose(&visit, &token).await?;
    ask(&visit, About::Bind(token)).await
}

/// Whose code for binding it is.
async fn whose(visit: &Visit, token: &str) -> Result<i64> {
    let found = one_time::look(
        visit.platform().readers(),
        Purpose::WeChatBind,
        token,
        visit.now_ns(),
    )
    .await?;
    found
        .filter(|found| !found.is_used)
        .and_then(|found| found.person)
        .ok_or(Error::Gone)
}

/// Sends the browser to WeChat, which says who it is.
async fn ask(visit: &Visit, about: About) -> Result<Response> {
    let secret = secrets::token()?;
    let round = Round {
        browser: secrets::kept(&secret),
        about,
        openid: None,
    };
    let change = visit.begin(&Form::default()).await?;
    let state = one_time::make(&*change, Purpose::WeChat, None, &round.to_json()?, visit.now_ns()).await?;
    change.commit().await?;
    let address = client(visit)?.authorize(&visit.address_of_page("/wechat/back"), &state);
    let cookie = visit.cookie(COOKIE, &secret, "/wechat", 600);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
}

/// WeChat leads back with a code that tells who it is.
async fn back(visit: Visit, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Markup> {
    let client = client(&visit)?;
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let now_ns = visit.now_ns();
    // A state is used up by whoever brings it, before anything else is done.
    let change = visit.begin(&Form::default()).await?;
    let taken = one_time::take(&*change, Purpose::WeChat, query.get("state"), now_ns).await?;
    change.commit().await?;
    let round = Round::read(&taken.content, &headers)?;
    let openid = match client.identify(query.get("code")).await {
        Ok(openid) => openid,
        Err(error) => {
            tracing::warn!(%error, "a scan with WeChat failed");
            return Ok(message(&visit, Tone::Bad, "wechat-failed"));
        }
    };
    let readers = visit.platform().readers();
    let known = store::whose(readers, &openid).await?;
    let person = match (&round.about, known) {
        (About::SignIn(_), None) => return Ok(message(&visit, Tone::Attention, "wechat-unbound")),
        (About::SignIn(_), Some(person)) => person,
        (About::Bind(_), Some(_)) => return Ok(message(&visit, Tone::Attention, "wechat-taken")),
        (About::Bind(token), None) => whose(&visit, token).await?,
    };
    let name = people::one(readers, person).await?.ok_or(Error::Gone)?.name;
    let asks = match &round.about {
        About::SignIn(token) => Some(phone::open(&visit, token).await?),
        About::Bind(_) => None,
    };
    let round = Round {
        openid: Some(openid),
        ..round
    };
    let change = visit.begin(&Form::default()).await?;
    let ticket = one_time::make(
        &*change,
        Purpose::WeChatConfirm,
        Some(person),
        &round.to_json()?,
        now_ns,
    )
    .await?;
    change.commit().await?;
    let view = visit.view();
    let (words, address, agent) = match &asks {
        Some(asked) => (
            "phone-confirm-about",
            asked.address.as_str(),
            asked.agent.as_str(),
        ),
        None => ("wechat-bind-about", "", ""),
    };
    let title = view.say(if asks.is_some() {
        "phone-confirm-title"
    } else {
        "wechat-bind"
    });
    Ok(ui::bare(
        &visit,
        &title,
        html! {
            section.card.narrow {
                h1 { (title) }
                (ui::message(Tone::Attention, &view.say(words)))
                (ui::pairs(&[(&view.say("account"), html! { (name) })]))
                @if asks.is_some() {
                    (ui::pairs(&[(&view.say("browser"), html! { (agent) }), (&view.say("address"), html! { (address) })]))
                }
                (ui::small_form(view, &format!("/wechat/confirm/{ticket}"), &view.say("wechat-confirm"), "main", None))
            }
        },
    ))
}

async fn confirm(
    visit: Visit,
    headers: HeaderMap,
    Path(ticket): Path<String>,
    fields: Fields,
) -> Result<Done> {
    client(&visit)?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(fields)).await?;
    let taken = one_time::take(&*change, Purpose::WeChatConfirm, &ticket, now_ns).await?;
    let round = Round::read(&taken.content, &headers)?;
    let person = taken.person.ok_or(Error::Gone)?;
    let openid = round.openid.ok_or(Error::Gone)?;
    let kind = match round.about {
        About::SignIn(token) => {
            // What was bound when it was asked may have been taken away since.
            let still = store::whose(&*change, &openid).await?;
            still.filter(|still| *still == person).ok_or(Error::Gone)?;
            phone::confirm_for(&change, &visit, &token, person).await?;
            "session.confirmed"
        }
        About::Bind(token) => {
            let taken = one_time::take(&*change, Purpose::WeChatBind, &token, now_ns).await?;
            taken.person.filter(|of| *of == person).ok_or(Error::Gone)?;
            if !store::bind(&*change, person, &openid, now_ns).await? {
                return Err(Error::Conflict("wechat-taken"));
            }
            "account.wechat-bound"
        }
    };
    let mut entry = visit.entry(kind);
    entry.actor = format!("person:{person}");
    entry.detail = Some(serde_json::json!({ "by": "wechat" }).to_string());
    change.record(entry).await?;
    change.lead_to("/wechat/done").await
}

fn message(visit: &Visit, tone: Tone, key: &str) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("wechat"),
        html! {
            section.card.narrow {
                h1 { (view.say("wechat")) }
                (ui::message(tone, &view.say(key)))
            }
        },
    )
}

async fn done(visit: Visit) -> Markup {
    message(&visit, Tone::Good, "phone-answered")
}
