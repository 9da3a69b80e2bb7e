//! The WeChat of whoever is signed in: bound, taken away, reminded of, used for messages or not.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::{SILENT_NS, scan::is_connected, store};
use crate::permissions::{Action, Resource};
use crate::sign_in::one_time::{self, Purpose};
use crate::sign_in::second_factor::qr_code;
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/wechat/bind", post(begin))
        .route("/wechat/bound", get(bound))
        .route("/wechat/unbind", post(unbind))
        .route("/wechat/push", post(push))
        .route("/wechat/later", post(later))
}

async fn own(visit: &Visit) -> Result<i64> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    Ok(account)
}

/// WeChat on the page of the profile. Nothing can be switched where none is bound.
pub(crate) async fn card(visit: &Visit) -> Result<Markup> {
    let view = visit.view();
    let binding = store::of(visit.platform().readers(), visit.person()?.account()).await?;
    let body = match (&binding, is_connected(visit)) {
        (_, false) => html! { p.quiet { (view.say("wechat-not-connected")) } },
        (None, true) => html! {
            p.hint { (view.say("wechat-why")) }
            (ui::small_form(view, "/wechat/bind", &view.say("wechat-bind"), "main", None))
        },
        (Some(binding), true) => {
            let tick = if binding.wants_push { "1" } else { "" };
            let form = Form::filled([("push", tick.to_owned())]);
            html! {
                p { (ui::badge(Tone::Good, &view.say("wechat-is-bound"))) " " (view.time(binding.bound_ns)) }
                (ui::form(view, "/wechat/push", html! {
                    (ui::check(&form, "push", &view.say("wechat-push")))
                    (ui::submit(&view.say("save")))
                }))
                (ui::small_form(view, "/wechat/unbind", &view.say("wechat-unbind"), "", Some(&view.say("wechat-unbind-confirm"))))
            }
        }
    };
    Ok(ui::card(&view.say("wechat"), body))
}

/// The reminder on the workbench, until a WeChat is bound or the reminder is silenced (ACC-09).
pub(crate) async fn reminder(visit: &Visit) -> Result<Markup> {
    let account = visit.person()?.account();
    let readers = visit.platform().readers();
    if !is_connected(visit) || !store::is_reminded(readers, account, visit.now_ns()).await? {
        return Ok(html! {});
    }
    let view = visit.view();
    Ok(html! {
        section.card.attention {
            h2 { (view.say("wechat-bind")) }
            p { (view.say("wechat-why")) }
            div.row {
                (ui::small_form(view, "/wechat/bind", &view.say("wechat-bind"), "main", None))
                (ui::small_form(view, "/wechat/later", &view.say("wechat-later"), "", None))
            }
        }
    })
}

/// Shows the code that binds; one that was made before ends.
async fn begin(visit: Visit, fields: Fields) -> Result<Response> {
    let account = own(&visit).await?;
    if !is_connected(&visit) {
        return Err(Error::Conflict("wechat-not-connected"));
    }
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(fields)).await?;
    one_time::end_others(&*change, Purpose::WeChatBind, account, now_ns).await?;
    let token = one_time::make(&*change, Purpose::WeChatBind, Some(account), "", now_ns).await?;
    change.commit_once("/profile".to_owned()).await?;
    let view = visit.view();
    let address = visit.address_of_page(&format!("/wechat/bind/{token}"));
    let picture = qr_code(&address)?;
    let page = ui::page(
        &visit,
        &view.say("wechat-bind"),
        html! {
            section.card.narrow {
                h1 { (view.say("wechat-bind")) }
                p { (view.say("wechat-scan-bind")) }
                (ui::drawn(picture))
                p.quiet { code.long { (address) } }
                div hx-get="/wechat/bound" hx-trigger="every 2s" hx-swap="outerHTML" {
                    p { a href="/profile" { (view.say("profile")) } }
                }
            }
        },
    );
    Ok(page.into_response())
}

/// What a page that waits shows once a WeChat is bound; nothing until then.
async fn bound(visit: Visit) -> Result<Response> {
    let account = own(&visit).await?;
    let view = visit.view();
    if store::of(visit.platform().readers(), account).await?.is_none() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(html! {
        div role="status" {
            (ui::message(Tone::Good, &view.say("wechat-is-bound")))
            p { (ui::button_link("/profile", &view.say("profile"), true)) }
        }
    }
    .into_response())
}

async fn unbind(visit: Visit, fields: Fields) -> Result<Done> {
    let account = own(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    if store::unbind(&*change, account).await? {
        change.record(visit.entry("account.wechat-unbound")).await?;
    }
    change.lead_to("/profile").await
}

async fn push(visit: Visit, fields: Fields) -> Result<Done> {
    let account = own(&visit).await?;
    let form = Form::new(fields);
    let change = visit.begin(&form).await?;
    store::of(&*change, account)
        .await?
        .ok_or(Error::Conflict("wechat-not-bound"))?;
    store::set_push(&*change, account, form.is_ticked("push")).await?;
    let mut entry = visit.entry("profile.changed");
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.lead_to("/profile").await
}

async fn later(visit: Visit, fields: Fields) -> Result<Done> {
    let account = own(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    store::silence(&*change, account, visit.now_ns() + SILENT_NS).await?;
    change.lead_to("/workbench").await
}
