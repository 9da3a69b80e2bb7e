//! Passkeys are made, listed and taken away.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

use super::{site, store};
use crate::permissions::{Action, Resource};
use crate::sessions::store as session_store;
use crate::sign_in::one_time::{self, Purpose};
use crate::ui::{self, Column, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong, asset};
use crate::{Error, Platform, Result, secrets};

/// Passkeys of a person at most.
const MOST: usize = 20;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/passkeys/new", get(new))
        .route("/passkeys", post(add))
        .route("/passkeys/{id}/remove", post(remove))
}

/// A link to the page that makes one, where browsers have them.
pub(crate) fn link(visit: &Visit) -> Result<Markup> {
    let is_offered = site(visit)?.is_some();
    let view = visit.view();
    Ok(html! {
        @if is_offered { p { a href="/passkeys/new" { (view.say("passkey-new")) } } }
    })
}

/// The passkeys of whoever is signed in, on the page of security.
pub(crate) async fn card(visit: &Visit) -> Result<Markup> {
    let view = visit.view();
    let kept = store::of(visit.platform().readers(), visit.person()?.account()).await?;
    let is_offered = site(visit)?.is_some();
    let columns = [
        Column::new("name", view.say("thing-name")),
        Column::new("since", view.say("since")),
        Column::new("used", view.say("passkey-used")),
        Column::new("remove", ""),
    ];
    let row = |one: &store::Kept| {
        let remove = format!("/passkeys/{}/remove", one.id);
        vec![
            html! { (one.name) },
            view.time(one.created_ns),
            view.time_if(one.used_ns),
            ui::small_form(
                view,
                &remove,
                &view.say("passkey-remove"),
                "",
                Some(&view.say("passkey-remove-confirm")),
            ),
        ]
    };
    let rows: Vec<Vec<Markup>> = kept.iter().map(row).collect();
    Ok(ui::card(
        &view.say("passkeys"),
        html! {
            p.hint { (view.say("passkeys-about")) }
            @if !rows.is_empty() { (ui::table(view, "passkeys", &columns, &rows)) }
            @if is_offered { (ui::button_link("/passkeys/new", &view.say("passkey-new"), false)) }
            @else { p.quiet { (view.say("passkey-insecure")) } }
        },
    ))
}

/// Whoever has a second factor shows it before another one is added: a password alone adds none.
async fn may_add(visit: &Visit) -> Result<i64> {
    let account = visit.person()?.account();
    visit
        .may(Action::SecurityEdit, Resource::Account(account))
        .await?;
    let signed = visit.person()?;
    let has_one = signed.has_totp || store_has_any(visit, account).await?;
    if has_one && !signed.permitted().has_second_factor {
        return Err(Error::Conflict("conflict-show-second-factor"));
    }
    Ok(account)
}

async fn store_has_any(visit: &Visit, account: i64) -> Result<bool> {
    store::has_any(visit.platform().readers(), account).await
}

async fn new(visit: Visit) -> Result<Markup> {
    may_add(&visit).await?;
    page(&visit, &Form::default()).await
}

/// A number for a person that authenticators keep: always the same, and no account's.
fn handle(account: i64) -> Uuid {
    let digits = secrets::kept(&format!("passkeys of {account}"));
    Uuid::from_u128(u128::from_str_radix(&digits[..32], 16).unwrap_or(0))
}

/// The page, with a challenge of its own.
async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let signed = visit.person()?;
    let account = signed.account();
    let site = site(visit)?.ok_or(Error::Conflict("passkey-insecure"))?;
    let kept = store::of(visit.platform().readers(), account).await?;
    if kept.len() >= MOST {
        return Err(Error::Conflict("conflict-passkeys"));
    }
    let known = kept.iter().map(|one| one.passkey.cred_id().clone()).collect();
    let begun = site.start_passkey_registration(handle(account), signed.name(), signed.name(), Some(known));
    let (options, state) =
        begun.map_err(|error| Error::internal(format_args!("no passkey can be made: {error}")))?;
    let written = |_| Error::internal("a challenge cannot be written");
    let options = serde_json::to_string(&options).map_err(written)?;
    let state = serde_json::to_string(&state).map_err(written)?;
    let change = visit.platform().writer().begin().await?;
    let token = one_time::make(&*change, Purpose::Passkey, Some(account), &state, visit.now_ns()).await?;
    change.commit().await?;
    Ok(ui::page(
        visit,
        &view.say("passkey-new"),
        html! {
            section.card.narrow {
                h1 { (view.say("passkey-new")) }
                p { (view.say("passkeys-about")) }
                noscript { (ui::message(Tone::Attention, &view.say("passkey-script"))) }
                @if let Some(wrong) = form.wrong("credential") { (ui::message(Tone::Bad, &wrong.say(view.language))) }
                div data-passkey-create=(options) data-failed=(view.say("passkey-failed")) {
                    (ui::form(view, "/passkeys", html! {
                        (ui::hidden("challenge", &token))
                        (ui::hidden("credential", ""))
                        (ui::line(view, form, "name", &view.say("passkey-name"), "text", "off"))
                        (ui::submit(&view.say("passkey-make")))
                    }))
                }
                script type="module" src=(asset("passkeys.js")) {}
            }
        },
    ))
}

async fn add(visit: Visit, fields: Fields) -> Result<Done> {
    let account = may_add(&visit).await?;
    let mut form = Form::new(fields);
    let name = form.name("name", 40);
    let site = site(&visit)?.ok_or(Error::Conflict("passkey-insecure"))?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    // A challenge is used up by its answer, right or wrong.
    let taken = one_time::take(&*change, Purpose::Passkey, form.typed("challenge"), now_ns).await?;
    if taken.person != Some(account) {
        return Err(Error::Gone);
    }
    let state: PasskeyRegistration = serde_json::from_str(&taken.content).map_err(|_| Error::Gone)?;
    let answer = serde_json::from_str::<RegisterPublicKeyCredential>(form.typed("credential")).ok();
    let passkey = answer.and_then(|answer| site.finish_passkey_registration(&answer, &state).ok());
    let is_kept = match &passkey {
        Some(passkey) if !form.is_wrong() => store::add(&*change, account, &name, passkey, now_ns).await?,
        _ => false,
    };
    if !is_kept {
        if !form.is_wrong() || passkey.is_none() {
            form.refuse("credential", Wrong::new("wrong-passkey"));
        }
        change.commit().await?;
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    session_store::shown_second_factor(&*change, &visit.person()?.session, now_ns).await?;
    change.record(visit.entry("account.passkey-added")).await?;
    change.lead_to("/security").await
}

async fn remove(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let account = may_add(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    if !store::remove(&*change, account, id).await? {
        return Err(Error::NotFound);
    }
    change.record(visit.entry("account.passkey-removed")).await?;
    change.lead_to("/security").await
}
