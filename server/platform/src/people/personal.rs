//! A patient, or whoever keeps the own cases here, registers with a mobile number and the code that is sent to it, and signs
//! in without review (ACC-02). Who asks with a number that has an account learns nothing; its owner is told.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::json;

use super::store::{self, NewAccount};
use crate::sign_in::code::{self, For, Says};
use crate::sign_in::{about_code, code_field, number_page};
use crate::ui;
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets, sign_in};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/register/personal", get(ask).post(asked))
        .route("/register/personal/code", get(details).post(register))
}

async fn ask(visit: Visit) -> Result<Markup> {
    super::register::is_offered(&visit)?;
    page(&visit, &Form::default()).await
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let (title, about) = (view.say("register-personal"), view.say("register-personal-about"));
    number_page(visit, form, &title, &about, "/register/personal").await
}

async fn asked(visit: Visit, fields: Fields) -> Result<Done> {
    super::register::is_offered(&visit)?;
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    code::check_captcha(&visit, &mut form).await?;
    code::check_limits(&visit, &mut form, &mobile).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    let owner = store::by_mobile(&*change, &mobile).await?;
    let (person, says) = match owner {
        Some(owner) => (Some(owner.id), Says::Taken),
        None => (None, Says::Code),
    };
    let cookie = code::ask(&change, &visit, For::Register, &mobile, person, says).await?;
    change.record(visit.entry("account.code-asked")).await?;
    Ok(change
        .lead_to("/register/personal/code")
        .await?
        .with_cookie(cookie))
}

fn details_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("register-personal"),
        html! {
            section.card.narrow {
                h1 { (view.say("register-personal")) }
                (about_code(visit))
                (ui::form(view, "/register/personal/code", html! {
                    (code_field(visit, form))
                    (ui::line(view, form, "name", &view.say("name"), "text", "name"))
                    (sign_in::new_password_fields(visit, form))
                    (ui::submit(&view.say("register-personal-send")))
                }))
                p.links { a href="/register/personal" { (view.say("code-another")) } }
            }
        },
    )
}

async fn details(visit: Visit, headers: HeaderMap) -> Result<Response> {
    match code::is_asked(&visit, &headers).await? {
        true => Ok(details_page(&visit, &Form::default()).into_response()),
        false => Ok(Done::to("/register/personal").into_response()),
    }
}

async fn register(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Done> {
    super::register::is_offered(&visit)?;
    let mut form = Form::new(fields);
    let name = form.name("name", 60);
    let password = sign_in::read_new_password(&mut form);
    let shown = code::check(&visit, &headers, &mut form, For::Register).await?;
    let Some(shown) = shown else {
        return Err(Error::Wrong(Box::new(details_page(&visit, &form))));
    };
    let kept = secrets::hash_password(password).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    shown.take(&change, &visit).await?;
    let new = NewAccount {
        kind: "patient",
        state: "active",
        mobile: &shown.mobile,
        name: &name,
        password: &kept,
        ..NewAccount::default()
    };
    let Some(id) = store::add(&*change, &new, now_ns).await? else {
        // Somebody has taken the number since: as a code that is too old.
        form.refuse("code", Wrong::new("wrong-code"));
        return Err(Error::Wrong(Box::new(details_page(&visit, &form))));
    };
    let mut entry = visit.entry("account.registered");
    entry.subject = Some(format!("person:{id}"));
    entry.detail = Some(json!({ "kind": "patient" }).to_string());
    change.record(entry).await?;
    let account = store::one(&*change, id).await?.ok_or(Error::Internal)?;
    let done = sign_in::enter(change, &visit, &headers, &account).await?;
    Ok(done.with_cookie(code::no_cookie(&visit)))
}
