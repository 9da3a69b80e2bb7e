//! A forgotten password (ACC-14): a link that is good once and for half an hour. Who asks learns nothing about accounts.
//!
//! Until a way to send messages is connected the link is shown to the security administrators, who pass it on: the page says
//! so.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use maud::{Markup, html};

use super::one_time::{self, Purpose};
use super::{attempts, pages, password_pages};
use crate::messages::{Notice, tell};
use crate::people::store as people;
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/forgotten", get(ask).post(asked))
        .route("/forgotten/sent", get(sent))
        .route("/reset/{token}", get(new_password).post(reset))
}

async fn ask(visit: Visit) -> Result<Markup> {
    page(&visit, &Form::default()).await
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let token = pages::new_captcha(visit).await?;
    Ok(ui::bare(
        visit,
        &view.say("forgotten"),
        html! {
            section.card.narrow {
                h1 { (view.say("forgotten")) }
                p.quiet { (view.say("forgotten-about")) }
                (ui::form(view, "/forgotten", html! {
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "username"))
                    (pages::captcha_field(visit, form, &token))
                    (ui::submit(&view.say("forgotten-ask")))
                }))
            }
        },
    ))
}

async fn asked(visit: Visit, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    if !form.is_wrong() && !pages::captcha_is_right(&visit, &form).await? {
        form.refuse("captcha", Wrong::new("wrong-captcha"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    if let Some(account) = people::by_mobile(&*change, &mobile)
        .await?
        .filter(|account| account.state == "active")
    {
        for administrator in people::holding(&*change, "accounts").await? {
            let notice = Notice {
                person: administrator,
                organisation: None,
                kind: "reset-asked",
                arguments: &[("name", &account.name)],
                link: format!("/platform/accounts/{}", account.id),
                is_todo: true,
                subject: Some(format!("person:{}", account.id)),
            };
            tell(&*change, &notice, visit.now_ns()).await?;
        }
        let mut entry = visit.entry("account.reset-asked");
        entry.subject = Some(format!("person:{}", account.id));
        change.record(entry).await?;
    }
    change.lead_to("/forgotten/sent").await
}

async fn sent(visit: Visit) -> Markup {
    let view = visit.view();
    ui::bare(
        &visit,
        &view.say("forgotten"),
        html! {
            section.card.narrow {
                h1 { (view.say("forgotten")) }
                (ui::message(Tone::Good, &view.say("forgotten-sent")))
                p { (ui::button_link("/sign-in", &view.say("back-to-sign-in"), false)) }
            }
        },
    )
}

fn reset_page(visit: &Visit, form: &Form, token: &str) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("password-new"),
        html! {
            section.card.narrow {
                h1 { (view.say("password-new")) }
                (ui::form(view, &format!("/reset/{token}"), html! {
                    (password_pages::fields(visit, form))
                    (ui::submit(&view.say("save")))
                }))
            }
        },
    )
}

async fn new_password(visit: Visit, Path(token): Path<String>) -> Result<Markup> {
    let readers = visit.platform().readers();
    let found = one_time::look(readers, Purpose::Reset, &token, visit.now_ns()).await?;
    found.filter(|found| !found.is_used).ok_or(Error::Gone)?;
    Ok(reset_page(&visit, &Form::default(), &token))
}

async fn reset(visit: Visit, Path(token): Path<String>, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let typed = password_pages::read(&mut form);
    let readers = visit.platform().readers();
    let found = one_time::look(readers, Purpose::Reset, &token, visit.now_ns()).await?;
    let id = found
        .filter(|found| !found.is_used)
        .and_then(|found| found.person)
        .ok_or(Error::Gone)?;
    let account = people::one(readers, id)
        .await?
        .filter(|account| account.state == "active")
        .ok_or(Error::Gone)?;
    if !form.is_wrong() {
        password_pages::must_be_new(&visit, &account, &mut form, &typed).await?;
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(reset_page(&visit, &form, &token))));
    }
    let kept = secrets::hash_password(typed).await?;
    let change = visit.begin(&form).await?;
    one_time::take(&*change, Purpose::Reset, &token, visit.now_ns()).await?;
    password_pages::set(&change, &visit, id, &kept, "").await?;
    if let Some(mobile) = account.mobile {
        attempts::forget(&*change, &attempts::Subject::Account(mobile)).await?;
    }
    change.lead_to("/sign-in").await
}
