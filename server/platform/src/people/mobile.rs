//! The own mobile number is changed with the current password and a code that is sent to the new one (ACC-13). The old
//! number is told.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::{reach, store};
use crate::outbox::{self, Channel, Message};
use crate::permissions::{Action, Resource};
use crate::sign_in::code::{self, For, Says};
use crate::sign_in::{about_code, code_field};
use crate::ui;
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/profile/mobile", get(ask).post(asked))
        .route("/profile/mobile/code", get(type_code).post(change))
}

async fn own(visit: &Visit) -> Result<i64> {
    let id = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(id)).await?;
    Ok(id)
}

async fn ask(visit: Visit) -> Result<Markup> {
    own(&visit).await?;
    Ok(page(&visit, &Form::default()))
}

fn page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::page(
        visit,
        &view.say("mobile-change"),
        html! {
            section.card.narrow {
                h1 { (view.say("mobile-change")) }
                p.quiet { (view.say("mobile-change-about")) }
                (ui::form(view, "/profile/mobile", html! {
                    (ui::line(view, form, "mobile", &view.say("mobile-new"), "tel", "tel"))
                    (ui::password(view, form, "current", &view.say("password-current"), "current-password", None))
                    (ui::submit(&view.say("code-ask")))
                }))
            }
        },
    )
}

async fn asked(visit: Visit, fields: Fields) -> Result<Done> {
    let id = own(&visit).await?;
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    let account = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::SignIn)?;
    if !secrets::is_password(form.typed("current").to_owned(), account.password.clone()).await {
        form.refuse("current", Wrong::new("wrong-current"));
    }
    if account.mobile.as_deref() == Some(mobile.as_str()) {
        form.refuse("mobile", Wrong::new("wrong-mobile-same"));
    }
    code::check_limits(&visit, &mut form, &mobile).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form))));
    }
    let change = visit.begin(&form).await?;
    let says = match store::by_mobile(&*change, &mobile).await? {
        Some(_) => Says::Taken,
        None => Says::Code,
    };
    let cookie = code::ask(&change, &visit, For::Mobile, &mobile, Some(id), says).await?;
    change.record(visit.entry("account.code-asked")).await?;
    Ok(change.lead_to("/profile/mobile/code").await?.with_cookie(cookie))
}

fn code_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::page(
        visit,
        &view.say("mobile-change"),
        html! {
            section.card.narrow {
                h1 { (view.say("mobile-change")) }
                (about_code(visit))
                (ui::form(view, "/profile/mobile/code", html! {
                    (code_field(visit, form))
                    (ui::submit(&view.say("save")))
                }))
                p.links { a href="/profile/mobile" { (view.say("code-another")) } }
            }
        },
    )
}

async fn type_code(visit: Visit, headers: HeaderMap) -> Result<Response> {
    own(&visit).await?;
    match code::is_asked(&visit, &headers).await? {
        true => Ok(code_page(&visit, &Form::default()).into_response()),
        false => Ok(Done::to("/profile/mobile").into_response()),
    }
}

async fn change(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Done> {
    let id = own(&visit).await?;
    let mut form = Form::new(fields);
    let shown = code::check(&visit, &headers, &mut form, For::Mobile).await?;
    let Some(shown) = shown.filter(|shown| shown.person == Some(id)) else {
        form.refuse("code", Wrong::new("wrong-code"));
        return Err(Error::Wrong(Box::new(code_page(&visit, &form))));
    };
    let change = visit.begin(&form).await?;
    shown.take(&change, &visit).await?;
    let before = store::one(&*change, id).await?.ok_or(Error::SignIn)?;
    if !reach::set_mobile(&*change, id, &shown.mobile).await? {
        form.refuse("code", Wrong::new("wrong-code"));
        return Err(Error::Wrong(Box::new(code_page(&visit, &form))));
    }
    if let Some(old) = before.mobile {
        let message = Message {
            channel: Channel::Sms,
            person: Some(id),
            to: old,
            template: "mobile-changed",
            arguments: &[],
            organisation: None,
            key: format!("mobile-changed {id} {}", visit.request()),
            at_ns: None,
            language: visit.view().language,
        };
        outbox::send(visit.platform(), &*change, &message).await?;
    }
    let mut entry = visit.entry("account.mobile-changed");
    entry.subject = Some(format!("person:{id}"));
    change.record(entry).await?;
    let done = change.lead_to("/profile").await?;
    Ok(done.with_cookie(code::no_cookie(&visit)))
}
