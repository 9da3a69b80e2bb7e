//! The gateway's own port: its page, and its state as JSON. For this machine only.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::language::{Chosen, Language};
use super::pages::{self, View};
use super::role::{Gateway, Standing};
use super::web;
use crate::delivery::State as Stands;
use crate::http::{Error, Result, only_this_machine};
use crate::routing::Node;

/// What the handlers of the page share.
#[derive(Debug, Clone)]
struct Local {
    gateway: Arc<Gateway>,
    /// Stands in each form: a page elsewhere cannot know it.
    form_token: Arc<str>,
}

/// The routes of a gateway's own port.
///
/// # Errors
///
/// When the system has no random numbers for the forms.
pub fn router(gateway: Arc<Gateway>) -> std::result::Result<Router, getrandom::Error> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random)?;
    let form_token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let local = Local {
        gateway,
        form_token: form_token.into(),
    };
    let router = Router::new()
        .route("/", get(page))
        .route("/gateway/status", get(status))
        .route("/receive/start", post(start))
        .route("/receive/stop", post(stop))
        .route("/nodes/{name}/test", post(test))
        .route("/deliveries/{id}/retry", post(retry))
        .with_state(local);
    Ok(only_this_machine(router))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Form {
    form_token: String,
    port: Option<u16>,
    ae_title: Option<String>,
}

impl Local {
    /// Reads a form that is ours. A form's body is written as a query is.
    fn form(&self, body: &str) -> Result<Form> {
        let uri: Uri = format!("/?{body}").parse().map_err(|_| not_a_form())?;
        let Query(form) = Query::<Form>::try_from_uri(&uri).map_err(|_| not_a_form())?;
        if *form.form_token != *self.form_token {
            return Err(Error::Forbidden);
        }
        Ok(form)
    }
}

fn not_a_form() -> Error {
    Error::BadRequest("expected a port from 1 to 65535 and an AE title".to_owned())
}

/// A page, with what keeps it from being framed, scripted or kept.
fn html(status: StatusCode, markup: maud::Markup) -> Response {
    let mut response = (status, markup.into_string()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn shown(
    local: &Local,
    language: Language,
    status: StatusCode,
    message: Option<&str>,
) -> Result<Response> {
    let standing = local.gateway.standing().await?;
    let view = View {
        language,
        form_token: &local.form_token,
    };
    Ok(html(status, pages::page(&standing, view, message)))
}

async fn page(State(local): State<Local>, chosen: Chosen) -> Result<Response> {
    let mut response = shown(&local, chosen.language, StatusCode::OK, None).await?;
    if chosen.is_new
        && let Ok(cookie) = HeaderValue::from_str(&chosen.language.cookie())
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn start(
    State(local): State<Local>,
    Chosen { language, .. }: Chosen,
    body: String,
) -> Result<Response> {
    let form = local.form(&body)?;
    let (Some(port), Some(ae_title)) = (form.port.filter(|port| *port > 0), form.ae_title) else {
        let words = language.say(
            "端口应为 1 至 65535，并填写 AE 标题。",
            "Expected a port from 1 to 65535 and an AE title.",
        );
        return shown(&local, language, StatusCode::BAD_REQUEST, Some(words)).await;
    };
    match local.gateway.start_receiving(port, &ae_title).await? {
        Ok(_) => Ok(Redirect::to("/").into_response()),
        Err(error) => {
            let (chinese, english) = (error.in_chinese(), error.to_string());
            let words = language.say(&chinese, &english);
            shown(&local, language, StatusCode::CONFLICT, Some(words)).await
        }
    }
}

async fn stop(State(local): State<Local>, body: String) -> Result<Redirect> {
    local.form(&body)?;
    local.gateway.stop_receiving().await?;
    Ok(Redirect::to("/"))
}

async fn test(State(local): State<Local>, Path(name): Path<String>, body: String) -> Result<Redirect> {
    local.form(&body)?;
    local.gateway.test(&name).await.ok_or(Error::NotFound)?;
    Ok(Redirect::to("/"))
}

async fn retry(State(local): State<Local>, Path(id): Path<i64>, body: String) -> Result<Redirect> {
    local.form(&body)?;
    if !local.gateway.queue().retry(id).await? {
        return Err(Error::NotFound);
    }
    Ok(Redirect::to("/"))
}

async fn status(State(local): State<Local>) -> Result<Response> {
    let standing = local.gateway.standing().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(as_json(&standing))).into_response())
}

fn as_json(standing: &Standing) -> Value {
    let destinations = standing.destinations.iter().map(|destination| {
        let name = &destination.name;
        let count = |state: Stands| {
            let own = standing.counts.iter().find(|one| one.destination == *name && one.state == state);
            own.map_or(0, |one| one.number)
        };
        let trouble = standing.troubles.get(name);
        let checked = standing.checked.get(name);
        json!({
            "name": name,
            "address": address(&destination.node),
            "waiting": count(Stands::Waiting),
            "sending": count(Stands::Sending),
            "delivered": count(Stands::Delivered),
            "quarantined": count(Stands::Quarantined),
            "trouble": trouble.map(|trouble| json!({ "failures": trouble.failures, "words": trouble.words })),
            "last_test": checked.map(|checked| json!({ "words": checked.finding.to_string(), "at_ns": checked.at_ns })),
        })
    });
    let running = standing.service.as_ref();
    let service = running.unwrap_or(&standing.wanted);
    json!({
        "receiving": running.is_some(),
        "port": service.address.port(),
        "ae_title": service.ae_title,
        "refused": standing.refused.len(),
        "destinations": destinations.collect::<Vec<_>>(),
    })
}

/// Where a node is, as people write it.
pub(super) fn address(node: &Node) -> String {
    match node {
        Node::Dimse(node) => format!("{} @ {}", node.ae_title, node.address),
        // What stands before the host, as a password, is not shown.
        Node::Dicomweb(node) => shown_url(&node.url),
        Node::Cloud(node) => shown_url(&node.url),
    }
}

fn shown_url(text: &str) -> String {
    match web::address(text) {
        Ok(mut url) => {
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string()
        }
        Err(error) => error.to_string(),
    }
}
