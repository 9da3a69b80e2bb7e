//! Changing the own password (ACC-08, ACC-14).

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};

use super::password;
use crate::people::store as people;
use crate::permissions::{Action, Resource};
use crate::sessions::store as session_store;
use crate::ui::{self, Tone};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

pub(super) fn router() -> Router<Platform> {
    Router::new().route("/password", get(ask).post(change))
}

async fn ask(visit: Visit) -> Result<Markup> {
    let account = visit.person()?.account();
    visit
        .may(Action::PasswordChange, Resource::Account(account))
        .await?;
    page(&visit, &Form::default())
}

fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let must = visit.person()?.permitted().must_change_password;
    Ok(ui::page(
        visit,
        &view.say("password-change"),
        html! {
            section.card.narrow {
                h1 { (view.say("password-change")) }
                @if must { (ui::message(Tone::Attention, &view.say("password-must-change"))) }
                (ui::form(view, "/password", html! {
                    (ui::password(view, form, "current", &view.say("password-current"), "current-password", None))
                    (fields(visit, form))
                    (ui::submit(&view.say("password-change")))
                }))
            }
        },
    ))
}

/// The new password, twice.
pub(crate) fn fields(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    html! {
        (ui::password(view, form, "password", &view.say("password-new"), "new-password", Some(&view.say("password-rules"))))
        (ui::password(view, form, "again", &view.say("password-again"), "new-password", None))
    }
}

/// Reads the new password, typed twice.
pub(crate) fn read(form: &mut Form) -> String {
    let typed = form.typed("password").to_owned();
    if let Err(wrong) = password::check(&typed) {
        form.refuse("password", wrong);
    }
    if typed != form.typed("again") {
        form.refuse("again", Wrong::new("wrong-again"));
    }
    typed
}

/// Whether an account may take a password that it had.
pub(crate) async fn must_be_new(
    visit: &Visit,
    account: &people::Account,
    form: &mut Form,
    typed: &str,
) -> Result<()> {
    let readers = visit.platform().readers();
    let is_current = secrets::is_password(typed.to_owned(), account.password.clone()).await;
    if is_current || people::had_password(readers, account.id, typed, password::REMEMBERED - 1).await? {
        form.refuse(
            "password",
            Wrong::new("wrong-password-old").with("count", password::REMEMBERED),
        );
    }
    Ok(())
}

/// Gives an account another password and ends its other sessions.
pub(crate) async fn set(
    change: &Change,
    visit: &Visit,
    account: i64,
    kept: &str,
    session: &str,
) -> Result<()> {
    let now_ns = visit.now_ns();
    people::set_password(&**change, account, kept, false, now_ns).await?;
    session_store::end_others(&**change, account, session, "password", now_ns).await?;
    let mut entry = visit.entry("account.password-changed");
    entry.actor = format!("person:{account}");
    change.record(entry).await
}

async fn change(visit: Visit, fields: Fields) -> Result<Done> {
    let id = visit.person()?.account();
    visit.may(Action::PasswordChange, Resource::Account(id)).await?;
    let mut form = Form::new(fields);
    let account = people::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::SignIn)?;
    if !secrets::is_password(form.typed("current").to_owned(), account.password.clone()).await {
        form.refuse("current", Wrong::new("wrong-current"));
    }
    let typed = read(&mut form);
    if !form.is_wrong() {
        must_be_new(&visit, &account, &mut form, &typed).await?;
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form)?)));
    }
    let kept = secrets::hash_password(typed).await?;
    let session = visit.person()?.session.clone();
    let change = visit.begin(&form).await?;
    set(&change, &visit, id, &kept, &session).await?;
    change.lead_to("/").await
}
