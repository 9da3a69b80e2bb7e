//! The page on which a person says whether a program may act in their name (RFC 6749 4.1, OpenID Connect Core 3.1).
//!
//! Whoever is not signed in signs in first, whoever shall sign in again does, whoever agreed to the same before is not
//! asked again. Browsers are sent back to registered addresses only.

mod pages;
pub mod request;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use self::request::{Refused, Request};
use super::consents::store as consents;
use super::grants::store::{self as grants, Grant, Kept};
use super::model::{is_loopback, words_of};
use super::tokens::HOLDS_NS;
use super::{keys, store};
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::permissions::{Action, Resource};
use crate::sessions::{self, store as session_store};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, secrets};

/// How long a code is good.
const CODE_NS: i64 = MINUTE_NS;
/// How long somebody may take to sign in.
const SIGNING_IN_NS: i64 = 60 * MINUTE_NS;
/// The parameter that says that somebody was sent to sign in, and when; ours, and sealed.
const CAME: &str = "uptake_came";
/// What it is sealed for.
const CAME_FOR: &str = "sent to sign in for a program";

pub(super) fn router() -> Router<Platform> {
    Router::new().route("/oauth/authorize", get(ask).post(answer))
}

/// A request with what came with it.
struct Asked {
    request: Request,
    /// The request's parameters as they came, without ours.
    query: String,
    /// When the person was sent to sign in for it.
    came_ns: Option<i64>,
}

/// What is next.
enum Next {
    /// The person signs in first.
    SignIn,
    /// The person signs in again.
    Again,
    /// Something else first, on this page.
    First(&'static str),
    /// The person is asked.
    Ask,
    /// The person agreed before.
    Agreed,
    /// The program is told that it does not go: the code and a sentence.
    No(&'static str, &'static str),
}

/// Reads a request; gives the answer at once where it cannot be asked of a person.
async fn read(visit: &Visit, query: &str, came: &str) -> Result<std::result::Result<Asked, Response>> {
    let fields = Fields::parse(query.as_bytes())?;
    let client = match request::client_id(&fields) {
        Some(id) => store::active(visit.platform().readers(), id).await?,
        None => None,
    };
    let issuer = visit.address_of_page("");
    match request::read(&fields, client, &issuer) {
        Ok(request) => Ok(Ok(Asked {
            request,
            query: query.to_owned(),
            came_ns: opened(visit, came),
        })),
        Err(Refused::Here(key)) => Ok(Err(pages::refused(visit, key))),
        Err(Refused::Back(back, error, words)) => {
            let location = back.with(&[("error", error), ("error_description", words)]);
            Ok(Err(Done::to(location).into_response()))
        }
    }
}

/// The parameters without ours, and ours.
fn without_came(query: &str) -> (String, String) {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        form_urlencoded::parse(query.as_bytes()).partition(|(name, _)| name == CAME);
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(theirs);
    let came = ours
        .into_iter()
        .next()
        .map_or(String::new(), |(_, value)| value.into_owned());
    (text.finish(), came)
}

fn sealed(visit: &Visit) -> Result<String> {
    let now = visit.now_ns().to_be_bytes();
    Ok(URL_SAFE_NO_PAD.encode(visit.platform().key().encrypt(&now, CAME_FOR)?))
}

/// When somebody was sent to sign in; none where nobody was, or long ago.
fn opened(visit: &Visit, came: &str) -> Option<i64> {
    let sealed = URL_SAFE_NO_PAD
        .decode(came)
        .ok()
        .filter(|bytes| !bytes.is_empty())?;
    let bytes = visit.platform().key().decrypt(&sealed, CAME_FOR).ok()?;
    let came_ns = i64::from_be_bytes(bytes.try_into().ok()?);
    (visit.now_ns() - came_ns < SIGNING_IN_NS).then_some(came_ns)
}

async fn next(visit: &Visit, asked: &Asked) -> Result<Next> {
    let request = &asked.request;
    let prompt = request.prompt;
    let Some(signed) = visit.signed() else {
        return Ok(match prompt.none {
            true => Next::No("login_required", "nobody is signed in"),
            false => Next::SignIn,
        });
    };
    let readers = visit.platform().readers();
    let authenticated_ns = grants::authenticated_ns(readers, &signed.session)
        .await?
        .unwrap_or(0);
    let is_fresh = asked.came_ns.is_some_and(|came_ns| authenticated_ns >= came_ns);
    let is_old = request
        .max_age_s
        .is_some_and(|most_s| visit.now_ns() - authenticated_ns > most_s.saturating_mul(SECOND_NS));
    if (prompt.login || is_old) && !is_fresh {
        return Ok(match prompt.none {
            true => Next::No("login_required", "the person signed in too long ago"),
            false => Next::Again,
        });
    }
    // The archive's actions want what they want in a session: the password changed, the second factor shown.
    if let Some(first) = signed.first(Action::StudyView, visit.is_inside()) {
        return Ok(match prompt.none {
            true => Next::No("interaction_required", "the person has to do something first"),
            false => Next::First(first),
        });
    }
    visit
        .may(Action::Use, Resource::Account(signed.account()))
        .await?;
    let client = &request.client.client;
    if !signed.permitted().organisations.contains(&client.organisation) {
        return Ok(Next::No(
            "access_denied",
            "the person is no member of the program's organisation",
        ));
    }
    let before = consents::of(readers, signed.account(), client.id).await?;
    let agreed = request.scopes.iter().all(|scope| before.contains(scope)) && !before.is_empty();
    // Whoever listens on the person's own machine may be another program under the same name (RFC 8252 8.6).
    let is_known = client.is_confidential || !is_loopback(&request.back.redirect_uri);
    if agreed && is_known && !prompt.consent {
        return Ok(Next::Agreed);
    }
    Ok(match prompt.none {
        true => Next::No("consent_required", "the person has not agreed"),
        false => Next::Ask,
    })
}

async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    let (query, came) = without_came(&query.unwrap_or_default());
    let asked = match read(&visit, &query, &came).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    match next(&visit, &asked).await? {
        Next::SignIn => Ok(to_sign_in(&visit, &asked)?.into_response()),
        Next::Again => Ok(pages::again(&visit, &asked.request, &asked.query)),
        Next::First(page) => Err(Error::First(page)),
        Next::Ask => pages::consent(&visit, &asked.request, &asked.query, &came),
        Next::Agreed => {
            let location = agreed(&visit, &asked.request).await?;
            Ok(sent_back(&visit, &asked, location))
        }
        Next::No(error, words) => {
            let location = asked
                .request
                .back
                .with(&[("error", error), ("error_description", words)]);
            Ok(sent_back(&visit, &asked, location))
        }
    }
}

/// Sends the browser back. One that comes from the form of signing in is shown a page that goes on by itself: browsers hold
/// what a form leads to against the policy of the page that it stood on.
fn sent_back(visit: &Visit, asked: &Asked, location: String) -> Response {
    match asked.came_ns {
        None => Done::to(location).into_response(),
        Some(_) => pages::going_on(visit, &asked.request, &location),
    }
}

fn to_sign_in(visit: &Visit, asked: &Asked) -> Result<Done> {
    let path = format!("/oauth/authorize?{}&{CAME}={}", asked.query, sealed(visit)?);
    let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    Ok(Done::to(format!("/sign-in?to={to}")))
}

/// What a person answered on the page.
async fn answer(visit: Visit, fields: Fields) -> Result<Response> {
    let form = Form::new(fields);
    let came = form.typed(CAME).to_owned();
    let asked = match read(&visit, form.typed("request"), &came).await? {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    let signed = visit.person()?;
    if form.typed("answer") == "again" {
        return sign_in_again(&visit, &asked).await;
    }
    match next(&visit, &asked).await? {
        Next::Ask | Next::Agreed => {}
        Next::SignIn => return Ok(to_sign_in(&visit, &asked)?.into_response()),
        Next::Again => return Ok(pages::again(&visit, &asked.request, &asked.query)),
        Next::First(page) => return Err(Error::First(page)),
        Next::No(error, words) => {
            let location = asked
                .request
                .back
                .with(&[("error", error), ("error_description", words)]);
            return Ok(Done::to(location).into_response());
        }
    }
    // What was shown to one person is not answered by another.
    if form.typed("person") != signed.account().to_string() {
        return pages::consent(&visit, &asked.request, &asked.query, &came);
    }
    let location = match form.typed("answer") {
        "allow" => {
            let change = visit.platform().writer().begin().await?;
            let client = asked.request.client.client.id;
            consents::add(
                &*change,
                signed.account(),
                client,
                &asked.request.scopes,
                visit.now_ns(),
            )
            .await?;
            change.commit().await?;
            agreed(&visit, &asked.request).await?
        }
        "deny" => {
            record(&visit, &asked.request, "client.declined").await?;
            let words = "the person declined";
            asked
                .request
                .back
                .with(&[("error", "access_denied"), ("error_description", words)])
        }
        _ => return pages::consent(&visit, &asked.request, &asked.query, &came),
    };
    Ok(Done::to(location).into_response())
}

/// Ends the session, so that the person signs in again.
async fn sign_in_again(visit: &Visit, asked: &Asked) -> Result<Response> {
    let signed = visit.person()?;
    let change = visit.begin(&Form::default()).await?;
    session_store::sign_out(&*change, &signed.session, visit.now_ns()).await?;
    change.record(visit.entry("session.ended")).await?;
    change.commit().await?;
    let mut done = to_sign_in(visit, asked)?;
    for cookie in sessions::no_cookies(visit.platform().settings().is_secure) {
        done = done.with_cookie(cookie);
    }
    Ok(done.into_response())
}

fn entry(visit: &Visit, request: &Request, kind: &'static str) -> journal::Entry {
    let mut entry = visit.entry(kind);
    entry.organisation = Some(request.client.client.organisation);
    entry.subject = Some(format!("client:{}", request.client.client.client_id));
    entry.detail = Some(json!({ "scope": words_of(&request.scopes) }).to_string());
    entry
}

async fn record(visit: &Visit, request: &Request, kind: &'static str) -> Result<()> {
    let entry = entry(visit, request, kind);
    Ok(visit.platform().recorder().record(entry).await?)
}

/// Gives the program a code; gives where the browser goes with it.
async fn agreed(visit: &Visit, request: &Request) -> Result<String> {
    let signed = visit.person()?;
    let platform = visit.platform();
    keys::prepare(platform).await?;
    let now_ns = visit.now_ns();
    let code = secrets::token()?;
    let change = platform.writer().begin().await?;
    let grant = Grant {
        id: secrets::token()?,
        client: Some(request.client.client.id),
        person: Some(signed.account()),
        organisation: request.client.client.organisation,
        issuer: request.back.issuer.clone(),
        scope: words_of(&request.scopes),
        audience: request.audience.clone(),
        session: None,
        has_second_factor: signed.permitted().has_second_factor,
        authenticated_ns: grants::authenticated_ns(&*change, &signed.session).await?,
        created_ns: now_ns,
        // Long enough for the code, and the token that it gives.
        expires_ns: now_ns + CODE_NS + HOLDS_NS + MINUTE_NS,
        ended_ns: None,
    };
    grants::add(&*change, &grant).await?;
    let kept = Kept {
        grant,
        expires_ns: now_ns + CODE_NS,
        used_ns: None,
        redirect_uri: request.back.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
    };
    grants::add_code(&*change, &code, &kept).await?;
    journal::append(&change, &[entry(visit, request, "client.allowed")]).await?;
    change.commit().await?;
    Ok(request.back.with(&[("code", code.as_str())]))
}
