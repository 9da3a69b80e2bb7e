//! A doctor registers (ACC-01): nothing can be done with the account before a reviewer has approved it. Accounts of
//! institutions and of follow-up are made by administrators only (ACC-03).

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};

use super::store::{self, Account, NewAccount};
use crate::messages::{Notice, tell};
use crate::ui::{self, Tone};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets, sign_in};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/register", get(ask).post(register))
        .route("/register/sent", get(sent))
}

async fn ask(visit: Visit) -> Result<Markup> {
    is_offered(&visit)?;
    page(&visit, &Form::default()).await
}

pub(super) fn is_offered(visit: &Visit) -> Result<()> {
    let is_offered = visit.platform().settings().has_registration;
    is_offered.then_some(()).ok_or(Error::NotFound)
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let token = sign_in::new_captcha(visit).await?;
    Ok(ui::bare(
        visit,
        &view.say("register"),
        html! {
            section.card.narrow {
                h1 { (view.say("register")) }
                p.quiet { (view.say("register-about")) }
                (ui::form(view, "/register", html! {
                    (ui::hidden("kind", "doctor"))
                    (ui::line(view, form, "name", &view.say("name"), "text", "name"))
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "username"))
                    (ui::line(view, form, "hospital", &view.say("hospital"), "text", "organization"))
                    (ui::line(view, form, "department", &view.say("department"), "text", "off"))
                    (ui::line(view, form, "title", &view.say("title"), "text", "organization-title"))
                    (sign_in::new_password_fields(visit, form))
                    (sign_in::captcha_field(visit, form, &token))
                    (ui::submit(&view.say("register-send")))
                }))
                p.links { a href="/sign-in" { (view.say("back-to-sign-in")) } }
            }
        },
    ))
}

async fn register(visit: Visit, fields: Fields) -> Result<Done> {
    is_offered(&visit)?;
    if fields.get("kind") != "doctor" {
        return Err(Error::Forbidden);
    }
    let mut form = Form::new(fields);
    let name = form.name("name", 60);
    let mobile = form.mobile("mobile");
    let hospital = form.name("hospital", 100);
    let department = form.name("department", 60);
    let title = form.name("title", 40);
    let password = sign_in::read_new_password(&mut form);
    if !form.is_wrong() && !sign_in::captcha_is_right(&visit, &form).await? {
        form.refuse("captcha", Wrong::new("wrong-captcha"));
    }
    let before = match form.is_wrong() {
        true => None,
        false => store::by_mobile(visit.platform().readers(), &mobile).await?,
    };
    let again = match before {
        None => None,
        Some(before) if is_own_again(&before, &password).await => Some(before.id),
        Some(_) => {
            form.refuse("mobile", Wrong::new("wrong-mobile-taken"));
            None
        }
    };
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let kept = secrets::hash_password(password).await?;
    let change = visit.begin(&form).await?;
    let new = NewAccount {
        kind: "staff",
        state: "pending",
        mobile: &mobile,
        name: &name,
        title: Some(&title),
        hospital: Some(&hospital),
        department: Some(&department),
        password: &kept,
        ..NewAccount::default()
    };
    let now_ns = visit.now_ns();
    let account = match again {
        Some(id) => {
            store::register_again(&*change, id, &new, now_ns).await?;
            id
        }
        None => store::add(&*change, &new, now_ns)
            .await?
            .ok_or(Error::Conflict("wrong-mobile-taken"))?,
    };
    tell_reviewers(&change, account, &name, now_ns).await?;
    let mut entry = visit.entry("account.registered");
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.lead_to("/register/sent").await
}

/// Whether somebody whose registration was refused sends it again: known by the password.
async fn is_own_again(before: &Account, password: &str) -> bool {
    before.state == "rejected" && secrets::is_password(password.to_owned(), before.password.clone()).await
}

async fn tell_reviewers(change: &Change, account: i64, name: &str, now_ns: i64) -> Result<()> {
    for reviewer in store::holding(&**change, "accounts").await? {
        let notice = Notice {
            person: reviewer,
            organisation: None,
            kind: "registered",
            arguments: &[("name", name)],
            link: format!("/platform/accounts/{account}"),
            is_todo: true,
            subject: Some(format!("person:{account}")),
        };
        tell(&**change, &notice, now_ns).await?;
    }
    Ok(())
}

async fn sent(visit: Visit) -> Markup {
    let view = visit.view();
    ui::bare(
        &visit,
        &view.say("register"),
        html! {
            section.card.narrow {
                h1 { (view.say("register")) }
                (ui::message(Tone::Good, &view.say("register-sent")))
                p { (ui::button_link("/sign-in", &view.say("back-to-sign-in"), false)) }
            }
        },
    )
}
