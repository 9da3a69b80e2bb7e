//! What a person sees of a program that asks.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use url::{Host, Url};

use super::CAME;
use super::request::Request;
use crate::Result;
use crate::ui::{self, View};
use crate::web::{Visit, layers};

/// The page of a request that nobody is sent back from.
pub fn refused(visit: &Visit, key: &'static str) -> Response {
    let view = visit.view();
    let body = html! {
        section.card.narrow {
            h1 { (view.say("authorize-refused")) }
            p { (view.say(key)) }
            p { (ui::button_link("/", &view.say("to-home"), true)) }
        }
    };
    let page = ui::bare(visit, &view.say("authorize-refused"), body);
    (StatusCode::BAD_REQUEST, page).into_response()
}

/// The host that a browser is sent back to, as people read it.
fn place(request: &Request) -> String {
    let url = Url::parse(&request.back.redirect_uri).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Where the form of a page may lead, in the words of a policy (CSP 3, 2.3.1): this site, and where the program is.
fn form_action(request: &Request) -> String {
    let url = Url::parse(&request.back.redirect_uri).ok();
    let place = url.map_or(String::new(), |url| match url.host() {
        // A policy has no words for an address of IPv6.
        Some(Host::Ipv6(_)) => format!(" {}:", url.scheme()),
        _ => format!(" {}", url.origin().ascii_serialization()),
    });
    format!("form-action 'self'{place}")
}

/// A page that may lead to the program, and stands in no other page.
fn leading(request: &Request, page: Markup) -> Response {
    let policy = layers::POLICY.replace("form-action 'self'", &form_action(request));
    let mut response = page.into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

fn scopes(view: &View, request: &Request) -> Markup {
    html! {
        ul.notices {
            @for scope in &request.scopes {
                li { div { strong { (view.say(scope.key)) } br; span.quiet { (view.say(scope.about)) } } }
            }
        }
    }
}

/// Asks whether the program may.
pub fn consent(visit: &Visit, request: &Request, query: &str, came: &str) -> Result<Response> {
    let view = visit.view();
    let signed = visit.person()?;
    let (name, organisation) = (&request.client.client.name, &request.client.organisation);
    let body = html! {
        section.card.narrow {
            p.eyebrow { (organisation) }
            h1 { (view.say_with("consent-title", &[("name", name.into())])) }
            p { (view.say_with("consent-about", &[("name", name.into()), ("organisation", organisation.into()), ("person", signed.name().into())])) }
            @if request.scopes.is_empty() { p.quiet { (view.say("consent-nothing")) } } @else { (scopes(view, request)) }
            p.hint { (view.say("consent-bounds")) }
            p.hint { (view.say_with("consent-back", &[("place", place(request).as_str().into())])) }
            form.fields method="post" action="/oauth/authorize" {
                (ui::hidden("request", query))
                (ui::hidden(CAME, came))
                (ui::hidden("person", &signed.account().to_string()))
                div.buttons {
                    button.main type="submit" name="answer" value="allow" { (view.say("consent-allow")) }
                    button type="submit" name="answer" value="deny" { (view.say("consent-deny")) }
                }
            }
        }
    };
    let title = view.say_with("consent-title", &[("name", name.into())]);
    Ok(leading(request, ui::bare(visit, &title, body)))
}

/// Asks whoever is signed in to sign in again.
pub fn again(visit: &Visit, request: &Request, query: &str) -> Response {
    let view = visit.view();
    let name = &request.client.client.name;
    let body = html! {
        section.card.narrow {
            p.eyebrow { (request.client.organisation) }
            h1 { (view.say("authorize-again")) }
            p { (view.say_with("authorize-again-about", &[("name", name.into())])) }
            form.fields method="post" action="/oauth/authorize" {
                (ui::hidden("request", query))
                div.buttons { button.main type="submit" name="answer" value="again" { (view.say("authorize-again")) } }
            }
        }
    };
    leading(request, ui::bare(visit, &view.say("authorize-again"), body))
}

/// Goes on to the program by itself.
pub fn going_on(visit: &Visit, request: &Request, location: &str) -> Response {
    let view = visit.view();
    let name = &request.client.client.name;
    let body = html! {
        section.card.narrow {
            h1 { (view.say_with("authorize-going-on", &[("name", name.into())])) }
            p { a.button.main href=(location) { (view.say("authorize-go-on")) } }
        }
    };
    let title = view.say_with("authorize-going-on", &[("name", name.into())]);
    let mut response = leading(request, ui::bare(visit, &title, body));
    // As `<meta http-equiv="refresh">`, which browsers do without a script.
    if let Ok(value) = HeaderValue::from_str(&format!("0;url={location}")) {
        response.headers_mut().insert(header::REFRESH, value);
    }
    response
}
