//! An address of e-mail is shown to be the person's by a link that is sent to it; before, no link for a new password goes
//! there (ACC-14).

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::reach;
use super::store::{self, Account};
use crate::outbox::{self, Channel, Message};
use crate::permissions::{Action, Resource};
use crate::sign_in::one_time::{self, Purpose};
use crate::ui::{self, Tone};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, secrets};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/profile/email", post(ask))
        .route("/email/{token}", get(show).post(confirm))
}

/// The part of the profile that says whether the address was shown to be the person's.
pub(super) fn shown(visit: &Visit, account: &Account, is_verified: bool) -> Markup {
    let view = visit.view();
    let is_connected = outbox::link_base(visit.platform()).is_some();
    html! {
        @match &account.email {
            None => "—",
            Some(_) if is_verified => (ui::badge(Tone::Good, &view.say("email-verified"))),
            Some(_) if is_connected => {
                (ui::badge(Tone::Attention, &view.say("email-unverified"))) " "
                (ui::small_form(view, "/profile/email", &view.say("email-verify"), "", None))
            },
            Some(_) => { (ui::badge(Tone::Quiet, &view.say("email-unverified"))) " " small { (view.say("email-not-connected")) } },
        }
    }
}

async fn ask(visit: Visit, fields: Fields) -> Result<Done> {
    let id = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(id)).await?;
    let base = outbox::link_base(visit.platform()).ok_or(Error::Conflict("email-not-connected"))?;
    let change = visit.begin(&Form::new(fields)).await?;
    let account = store::one(&*change, id).await?.ok_or(Error::SignIn)?;
    let email = account.email.ok_or(Error::Conflict("email-none"))?;
    let now_ns = visit.now_ns();
    one_time::end_others(&*change, Purpose::Email, id, now_ns).await?;
    let token = one_time::make(&*change, Purpose::Email, Some(id), &secrets::kept(&email), now_ns).await?;
    let message = Message {
        channel: Channel::Mail,
        person: Some(id),
        to: email,
        template: "email-link",
        arguments: &[("link", &format!("{base}/email/{token}"))],
        organisation: None,
        // One in a minute, however often the button is pressed.
        key: format!("email {id} {}", now_ns / crate::clock::MINUTE_NS),
        at_ns: None,
        language: visit.view().language,
    };
    outbox::send(visit.platform(), &*change, &message).await?;
    change.lead_to("/profile").await
}

/// The link shows a button: programs that open links in mail confirm nothing.
async fn show(visit: Visit, Path(token): Path<String>) -> Result<Markup> {
    let readers = visit.platform().readers();
    let found = one_time::look(readers, Purpose::Email, &token, visit.now_ns()).await?;
    found.filter(|found| !found.is_used).ok_or(Error::Gone)?;
    let view = visit.view();
    Ok(ui::bare(
        &visit,
        &view.say("email-verify"),
        html! {
            section.card.narrow {
                h1 { (view.say("email-verify")) }
                p.quiet { (view.say("email-verify-about")) }
                (ui::form(view, &format!("/email/{token}"), ui::submit(&view.say("email-confirm"))))
            }
        },
    ))
}

async fn confirm(visit: Visit, Path(token): Path<String>, fields: Fields) -> Result<Done> {
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(fields)).await?;
    let found = one_time::take(&*change, Purpose::Email, &token, now_ns).await?;
    let id = found.person.ok_or(Error::Gone)?;
    let account = store::one(&*change, id).await?.ok_or(Error::Gone)?;
    // An address that was changed since is another one.
    let is_same = account
        .email
        .as_deref()
        .is_some_and(|email| secrets::kept(email) == found.content);
    if !is_same || account.state != "active" {
        return Err(Error::Gone);
    }
    reach::set_email_verified(&*change, id, now_ns).await?;
    let mut entry = visit.entry("account.email-verified");
    entry.subject = Some(format!("person:{id}"));
    change.record(entry).await?;
    change.lead_to("/profile").await
}
