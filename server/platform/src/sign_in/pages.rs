//! The page of signing in, and signing out.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::json;

use super::attempts::{self, Subject};
use super::begin::{self, Way};
use super::one_time::{self, Purpose};
use super::{captcha, local_path, second_factor};
use crate::clock::MINUTE_NS;
use crate::people::store as people;
use crate::sessions::{self, store as session_store};
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/sign-in", get(ask).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/captcha/{token}", get(picture))
}

async fn ask(visit: Visit, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let to = local_path(query.get("to")).to_owned();
    if visit.signed().is_some() {
        return Ok(Done::to(to).into_response());
    }
    let is_secure = visit.platform().settings().is_secure;
    if let Some(token) = sessions::remembered(&headers, is_secure)
        && let Some(done) = again(&visit, &headers, token, &to).await?
    {
        return Ok(done.into_response());
    }
    let readers = visit.platform().readers();
    let is_new = !people::is_address_known(readers, &visit.address().to_string()).await?;
    let form = Form::filled([("to", to)]);
    Ok(page(&visit, &form, is_new, None).await?.into_response())
}

/// Signs in again with what the browser remembers; the second factor is asked for where there is one.
async fn again(visit: &Visit, headers: &HeaderMap, token: &str, to: &str) -> Result<Option<Done>> {
    let change = visit.begin(&Form::default()).await?;
    let Some(found) = session_store::take_remembered(&*change, token, visit.now_ns()).await? else {
        // The family of a stolen token has ended: that is kept.
        change.commit().await?;
        return Ok(None);
    };
    let Some(account) = people::one(&*change, found.account).await? else {
        return Ok(None);
    };
    let way = Way {
        family: Some(found.family),
        to: to.to_owned(),
        ..Way::default()
    };
    if second_factor::is_due(visit.platform().readers(), &account).await? {
        return Ok(Some(second_factor::ask_for(change, visit, &account, &way).await?));
    }
    match begin::on_duty(visit, account.id).await? {
        Some(_) => Ok(Some(
            begin::session(change, visit, headers, &account, &way).await?,
        )),
        None => Ok(None),
    }
}

async fn page(
    visit: &Visit,
    form: &Form,
    has_captcha: bool,
    message: Option<(Tone, String)>,
) -> Result<Markup> {
    let view = visit.view();
    let token = if has_captcha {
        Some(new_captcha(visit).await?)
    } else {
        None
    };
    let ended = visit
        .ended()
        .map(|why| (Tone::Attention, view.say(&format!("ended-{why}")).into_owned()));
    let body = html! {
        section.card.narrow.sign-in {
            h1 { (view.say("sign-in")) }
            @if let Some((tone, words)) = message.or(ended) { (ui::message(tone, &words)) }
            (ui::form(view, "/sign-in", html! {
                (ui::hidden("to", form.typed("to")))
                (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "username"))
                (ui::password(view, form, "password", &view.say("password"), "current-password", None))
                @if let Some(token) = &token { (captcha_field(visit, form, token)) }
                (ui::check(form, "remember", &view.say("remember-me")))
                (ui::submit(&view.say("sign-in")))
            }))
            p.links {
                @let to: String = form_urlencoded::byte_serialize(form.typed("to").as_bytes()).collect();
                a href=(format!("/sign-in/phone?to={to}")) { (view.say("phone-sign-in")) } " · "
                a href="/sign-in/sms" { (view.say("code-sign-in")) } " · "
                a href="/forgotten" { (view.say("forgotten")) }
                @if visit.platform().settings().has_registration {
                    " · " a href="/register" { (view.say("register")) }
                    " · " a href="/register/personal" { (view.say("register-personal")) }
                }
            }
        }
    };
    Ok(ui::bare(visit, &view.say("sign-in"), body))
}

/// The picture and what is read from it.
pub(crate) fn captcha_field(visit: &Visit, form: &Form, token: &str) -> Markup {
    let view = visit.view();
    html! {
        (ui::hidden("captcha_token", token))
        div.captcha {
            img src=(format!("/captcha/{token}")) alt=(view.say("captcha-picture")) width="180" height="60";
            (ui::line(view, form, "captcha", &view.say("captcha"), "text", "off"))
        }
    }
}

/// Makes a captcha; gives its token.
pub(crate) async fn new_captcha(visit: &Visit) -> Result<String> {
    let change = visit.begin(&Form::default()).await?;
    let token = one_time::make(
        &*change,
        Purpose::Captcha,
        None,
        &captcha::characters()?,
        visit.now_ns(),
    )
    .await?;
    change.commit().await?;
    Ok(token)
}

async fn picture(visit: Visit, Path(token): Path<String>) -> Result<Response> {
    let readers = visit.platform().readers();
    let found = one_time::look(readers, Purpose::Captcha, &token, visit.now_ns()).await?;
    let found = found.filter(|found| !found.is_used).ok_or(Error::NotFound)?;
    let seed = u64::from_str_radix(&secrets::kept(&token)[..15], 16).unwrap_or(1);
    let bytes = captcha::picture(&found.content, seed)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
}

/// Uses a captcha up; whether it was read right.
pub(crate) async fn captcha_is_right(visit: &Visit, form: &Form) -> Result<bool> {
    let change = visit.begin(&Form::default()).await?;
    let taken = one_time::take(
        &*change,
        Purpose::Captcha,
        form.typed("captcha_token"),
        visit.now_ns(),
    )
    .await;
    let is_right = match taken {
        Ok(found) => captcha::is_same(&found.content, form.typed("captcha")),
        Err(Error::Gone) => false,
        Err(error) => return Err(error),
    };
    change.commit().await?;
    Ok(is_right)
}

async fn sign_in(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Response> {
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    if form.typed("password").is_empty() {
        form.refuse("password", Wrong::new("wrong-missing"));
    }
    let platform = visit.platform();
    let readers = platform.readers();
    let address = visit.address().to_string();
    let account = match form.is_wrong() {
        true => None,
        false => people::by_mobile(readers, &mobile).await?,
    };
    let is_known = match &account {
        Some(account) => people::knows_address(readers, account.id, &address).await?,
        None => false,
    };
    if form.is_wrong() {
        return wrong(&visit, &form, !is_known, None).await;
    }
    let subjects = [Subject::Account(mobile), Subject::Address(address)];
    for subject in &subjects {
        if let Some(wait_ns) = attempts::wait_ns(readers, subject, visit.now_ns()).await? {
            return locked(&visit, &form, !is_known, wait_ns).await;
        }
    }
    if !is_known && !captcha_is_right(&visit, &form).await? {
        form.refuse("captcha", Wrong::new("wrong-captcha"));
        return wrong(&visit, &form, true, None).await;
    }
    let kept = account.as_ref().and_then(|account| account.password.clone());
    if !secrets::is_password(form.typed("password").to_owned(), kept).await {
        return failed(
            &visit,
            &form,
            &subjects,
            account.map(|account| account.id),
            !is_known,
        )
        .await;
    }
    let account = account.ok_or(Error::Internal)?;
    if let Some(response) = not_now(&visit, &form, &account).await? {
        return Ok(response);
    }
    let way = Way {
        is_remembered: form.is_ticked("remember"),
        to: form.typed("to").to_owned(),
        ..Way::default()
    };
    let is_due = second_factor::is_due(readers, &account).await?;
    let change = visit.begin(&form).await?;
    if is_due {
        return Ok(second_factor::ask_for(change, &visit, &account, &way)
            .await?
            .into_response());
    }
    attempts::forget(&*change, &subjects[0]).await?;
    Ok(begin::session(change, &visit, &headers, &account, &way)
        .await?
        .into_response())
}

async fn wrong(
    visit: &Visit,
    form: &Form,
    has_captcha: bool,
    message: Option<(Tone, String)>,
) -> Result<Response> {
    let page = page(visit, form, has_captcha, message).await?;
    Err(Error::Wrong(Box::new(page)))
}

/// The account or the address waits.
async fn locked(visit: &Visit, form: &Form, has_captcha: bool, wait_ns: i64) -> Result<Response> {
    let minutes = (wait_ns + MINUTE_NS - 1) / MINUTE_NS;
    let words = visit
        .view()
        .say_with("sign-in-locked", &[("minutes", minutes.into())])
        .into_owned();
    let page = page(visit, form, has_captcha, Some((Tone::Bad, words))).await?;
    let after = [(header::RETRY_AFTER, (minutes * 60).to_string())];
    Ok((StatusCode::TOO_MANY_REQUESTS, after, page).into_response())
}

/// A wrong password, or an account that is not there: the same words for both.
async fn failed(
    visit: &Visit,
    form: &Form,
    subjects: &[Subject; 2],
    account: Option<i64>,
    has_captcha: bool,
) -> Result<Response> {
    let change = visit.begin(&Form::default()).await?;
    let mut is_locked = false;
    for subject in subjects {
        is_locked |= attempts::failed(&*change, subject, visit.now_ns()).await?.1;
    }
    let mut entry = visit.entry("session.failed");
    entry.subject = account.map(|id| format!("person:{id}"));
    entry.detail = Some(json!({ "locked": is_locked }).to_string());
    change.record(entry).await?;
    change.commit().await?;
    let words = visit.view().say("sign-in-wrong").into_owned();
    wrong(visit, form, has_captcha, Some((Tone::Bad, words))).await
}

/// Why an account whose password was right does not sign in now.
async fn not_now(visit: &Visit, form: &Form, account: &people::Account) -> Result<Option<Response>> {
    let view = visit.view();
    let words = match account.state.as_str() {
        "active" => match begin::on_duty(visit, account.id).await? {
            Some(_) => return Ok(None),
            None => view.say("sign-in-hours").into_owned(),
        },
        "pending" => view.say("sign-in-pending").into_owned(),
        "rejected" => {
            let reason = account.reason.as_deref().unwrap_or("—");
            view.say_with("sign-in-rejected", &[("reason", reason.into())])
                .into_owned()
        }
        _ => view.say("sign-in-wrong").into_owned(),
    };
    let page = page(visit, form, false, Some((Tone::Attention, words))).await?;
    Ok(Some((StatusCode::FORBIDDEN, page).into_response()))
}

async fn sign_out(visit: Visit, fields: Fields) -> Result<Response> {
    let is_secure = visit.platform().settings().is_secure;
    if let Some(signed) = visit.signed() {
        let change = visit.begin(&Form::new(fields)).await?;
        session_store::sign_out(&*change, &signed.session, visit.now_ns()).await?;
        change.record(visit.entry("session.ended")).await?;
        change.commit().await?;
    }
    let mut done = Done::to("/sign-in");
    for cookie in sessions::no_cookies(is_secure) {
        done = done.with_cookie(cookie);
    }
    // What a browser kept of this site's pages goes.
    Ok(([("clear-site-data", "\"cache\", \"storage\"")], done).into_response())
}
