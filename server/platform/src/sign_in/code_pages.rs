//! A patient signs in with a code that is sent to the mobile number (ACC-02), and what all pages of codes share.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::code::{self, For, Says};
use super::{begin, pages, second_factor};
use crate::outbox::{self, Channel};
use crate::people::store as people;
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/sign-in/sms", get(ask).post(asked))
        .route("/sign-in/sms/code", get(type_code).post(sign_in))
}

/// What a page says of a code that was asked for: that it is on its way, or who passes it on.
pub(crate) fn about_code(visit: &Visit) -> Markup {
    let view = visit.view();
    match outbox::can_say(visit.platform(), Channel::Sms, "code") {
        true => html! { p.quiet { (view.say("code-sent")) } },
        false => ui::message(Tone::Attention, &view.say("code-not-connected")),
    }
}

/// The field for a code.
pub(crate) fn code_field(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::line(view, form, "code", &view.say("code"), "text", "one-time-code")
}

/// A page that asks for a mobile number, and for a captcha where one is due.
pub(crate) async fn number_page(
    visit: &Visit,
    form: &Form,
    title: &str,
    about: &str,
    action: &str,
) -> Result<Markup> {
    let view = visit.view();
    let captcha = code::captcha_of(visit).await?;
    Ok(ui::bare(
        visit,
        title,
        html! {
            section.card.narrow {
                h1 { (title) }
                p.quiet { (about) }
                (ui::form(view, action, html! {
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "username"))
                    @if let Some(token) = &captcha { (pages::captcha_field(visit, form, token)) }
                    (ui::submit(&view.say("code-ask")))
                }))
                p.links { a href="/sign-in" { (view.say("back-to-sign-in")) } }
            }
        },
    ))
}

async fn ask(visit: Visit) -> Result<Markup> {
    page(&visit, &Form::default()).await
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let (title, about) = (view.say("code-sign-in"), view.say("code-sign-in-about"));
    number_page(visit, form, &title, &about, "/sign-in/sms").await
}

async fn asked(visit: Visit, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    code::check_captcha(&visit, &mut form).await?;
    code::check_limits(&visit, &mut form, &mobile).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    let account = people::by_mobile(&*change, &mobile).await?;
    let account = account.filter(|account| account.kind == "patient" && account.state == "active");
    let (person, says) = match account {
        Some(account) => (Some(account.id), Says::Code),
        None => (None, Says::Nothing),
    };
    let cookie = code::ask(&change, &visit, For::SignIn, &mobile, person, says).await?;
    change.record(visit.entry("account.code-asked")).await?;
    Ok(change.lead_to("/sign-in/sms/code").await?.with_cookie(cookie))
}

fn code_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("code-sign-in"),
        html! {
            section.card.narrow {
                h1 { (view.say("code-sign-in")) }
                (about_code(visit))
                (ui::form(view, "/sign-in/sms/code", html! {
                    (code_field(visit, form))
                    (ui::submit(&view.say("sign-in")))
                }))
                p.links { a href="/sign-in/sms" { (view.say("code-another")) } }
            }
        },
    )
}

async fn type_code(visit: Visit, headers: HeaderMap) -> Result<Response> {
    match code::is_asked(&visit, &headers).await? {
        true => Ok(code_page(&visit, &Form::default()).into_response()),
        false => Ok(Done::to("/sign-in/sms").into_response()),
    }
}

async fn sign_in(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let shown = code::check(&visit, &headers, &mut form, For::SignIn).await?;
    let wrong = |form: &Form| Error::Wrong(Box::new(code_page(&visit, form)));
    let Some(shown) = shown else {
        return Err(wrong(&form));
    };
    let change = visit.begin(&form).await?;
    shown.take(&change, &visit).await?;
    let account = match shown.person {
        Some(id) => people::one(&*change, id).await?,
        None => None,
    };
    // The number may be another's by now, the account closed.
    let is_still = |account: &people::Account| {
        account.state == "active" && account.mobile.as_deref() == Some(shown.mobile.as_str())
    };
    let Some(account) = account.filter(is_still) else {
        form.refuse("code", Wrong::new("wrong-code"));
        return Err(wrong(&form));
    };
    let way = begin::Way::default();
    if second_factor::is_due(visit.platform().readers(), &account).await? {
        return second_factor::ask_for(change, &visit, &account, &way).await;
    }
    let done = begin::session(change, &visit, &headers, &account, &way).await?;
    Ok(done.with_cookie(code::no_cookie(&visit)))
}
