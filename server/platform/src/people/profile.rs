//! The own profile, preferences, sessions and permissions (ACC-12, ACC-13, ACC-16, ACC-17, ACC-20, ACC-21).

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Account, Profile};
use crate::permissions::{Action, Hours, Permission, Resource};
use crate::sessions::store as session_store;
use crate::sign_in::second_factor;
use crate::ui::{self, Column, Tone, View};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/profile", get(show).post(change))
        .route("/security", get(security))
        .route("/security/sessions/{session}/end", post(end_session))
        .route("/permissions", get(permissions))
}

async fn show(visit: Visit) -> Result<Markup> {
    let id = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(id)).await?;
    let account = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::SignIn)?;
    page(&visit, &filled(&account), &account, &Form::default()).await
}

/// The page of the own profile, with what is wrong with what was sent from one of its other forms.
pub(crate) async fn shown(visit: &Visit, uploads: &Form) -> Result<Markup> {
    let id = visit.person()?.account();
    let account = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::SignIn)?;
    page(visit, &filled(&account), &account, uploads).await
}

fn filled(account: &Account) -> Form {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let tick = |is: bool| if is { "1".to_owned() } else { String::new() };
    Form::filled([
        ("name", account.name.clone()),
        ("sex", text(&account.sex)),
        ("email", text(&account.email)),
        ("title", text(&account.title)),
        ("hospital", text(&account.hospital)),
        ("department", text(&account.department)),
        ("biography", text(&account.biography)),
        ("idle_sign_out", tick(account.idle_sign_out)),
        ("reading_tool", account.reading_tool.clone()),
        (
            "default_organisation",
            account
                .default_organisation
                .map_or(String::new(), |id| id.to_string()),
        ),
    ])
}

async fn page(visit: &Visit, form: &Form, account: &Account, uploads: &Form) -> Result<Markup> {
    let documents = super::verification::card(visit, account, uploads).await?;
    let signature = super::signature::card(visit, uploads).await?;
    let wechat = crate::sign_in::wechat::card(visit).await?;
    let push = crate::push::card(visit, account, uploads).await?;
    let verified = super::reach::verified_email(visit.platform().readers(), account.id).await?;
    let email = super::email::shown(visit, account, verified.is_some());
    let has_second_factor = second_factor::is_due(visit.platform().readers(), account).await?;
    let view = visit.view();
    let signed = visit.person()?;
    let pair = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    let sexes = [
        pair("", &view.say("sex-unsaid")),
        pair("female", &view.say("sex-female")),
        pair("male", &view.say("sex-male")),
    ];
    let mut landing = vec![pair("", &view.say("workbench"))];
    landing.extend(
        signed
            .organisations
            .iter()
            .map(|one| pair(&one.organisation.to_string(), &one.name)),
    );
    let tools = [
        pair("v3", &view.say("reading-tool-v3")),
        pair("v2", &view.say("reading-tool-v2")),
    ];
    Ok(ui::page(
        visit,
        &view.say("profile"),
        html! {
            h1 { (view.say("profile")) }
            div.columns {
                section.card {
                    h2 { (view.say("basic-data")) }
                    (ui::form(view, "/profile", html! {
                        (ui::line(view, form, "name", &view.say("name"), "text", "name"))
                        (ui::choice(view, form, "sex", &view.say("sex"), &sexes))
                        (ui::line(view, form, "email", &view.say("email"), "email", "email"))
                        (ui::line(view, form, "hospital", &view.say("hospital"), "text", "organization"))
                        (ui::line(view, form, "department", &view.say("department"), "text", "off"))
                        (ui::line(view, form, "title", &view.say("title"), "text", "organization-title"))
                        (ui::area(view, form, "biography", &view.say("biography")))
                        h3 { (view.say("preferences")) }
                        (ui::choice(view, form, "default_organisation", &view.say("landing"), &landing))
                        (ui::choice(view, form, "reading_tool", &view.say("reading-tool"), &tools))
                        (ui::check(form, "idle_sign_out", &view.say("idle-sign-out")))
                        @if let Some(minutes) = signed.policy.idle_minutes {
                            p.hint { (view.say_with("idle-forced", &[("minutes", i64::from(minutes).into())])) }
                        }
                        (ui::submit(&view.say("save")))
                    }))
                }
                div {
                    (ui::card(&view.say("account"), ui::pairs(&[
                        (&view.say("mobile"), html! { (account.mobile.as_deref().unwrap_or("—")) " " a href="/profile/mobile" { (view.say("mobile-change")) } }),
                        (&view.say("email"), email),
                        (&view.say("verification"), html! { (view.say(&format!("verification-{}", account.verification))) }),
                        (&view.say("registered-at"), view.time(account.created_ns)),
                        (&view.say("password"), html! { a href="/password" { (view.say("password-change")) } }),
                        (&view.say("second-factor"), html! { a href="/second-factor" {
                            (view.say(if has_second_factor { "second-factor-on" } else { "second-factor-off" }))
                        } }),
                    ])))
                    (crate::files::avatar_card(visit, uploads)?)
                    (wechat)
                    (push)
                    (signature)
                    (documents)
                }
            }
        },
    ))
}

async fn change(visit: Visit, fields: Fields) -> Result<Done> {
    let id = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(id)).await?;
    let mut form = Form::new(fields);
    let organisations = &visit.person()?.organisations;
    let known: Vec<String> = organisations
        .iter()
        .map(|one| one.organisation.to_string())
        .collect();
    let mut landing: Vec<&str> = known.iter().map(String::as_str).collect();
    landing.push("");
    let profile = Profile {
        name: form.name("name", 60),
        sex: Some(form.choice("sex", &["", "female", "male"]).to_owned()).filter(|sex| !sex.is_empty()),
        email: form.email("email"),
        title: form.optional_name("title", 40),
        hospital: form.optional_name("hospital", 100),
        department: form.optional_name("department", 60),
        biography: form.text("biography", 2000),
        idle_sign_out: form.is_ticked("idle_sign_out"),
        reading_tool: form.choice("reading_tool", &["v3", "v2"]).to_owned(),
        default_organisation: form.choice("default_organisation", &landing).parse().ok(),
    };
    if form.is_wrong() {
        let account = store::one(visit.platform().readers(), id)
            .await?
            .ok_or(Error::SignIn)?;
        return Err(Error::Wrong(Box::new(
            page(&visit, &form, &account, &Form::default()).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    store::change(&*change, id, &profile).await?;
    let mut entry = visit.entry("profile.changed");
    entry.subject = Some(format!("person:{id}"));
    change.record(entry).await?;
    change.lead_to("/profile").await
}

async fn security(visit: Visit) -> Result<Markup> {
    let id = visit.person()?.account();
    visit.may(Action::SecurityEdit, Resource::Account(id)).await?;
    let view = visit.view();
    let signed = visit.person()?;
    let listed = session_store::list(visit.platform().readers(), id).await?;
    let passkeys = crate::sign_in::passkeys::card(&visit).await?;
    let programs = crate::clients::card(&visit).await?;
    let account = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::SignIn)?;
    let has_second_factor = second_factor::is_due(visit.platform().readers(), &account).await?;
    let columns = [
        Column::new("agent", view.say("browser")),
        Column::new("address", view.say("address")),
        Column::new("began", view.say("session-began")),
        Column::new("seen", view.say("session-seen")),
        Column::new("end", ""),
    ];
    let rows: Vec<Vec<Markup>> = listed
        .iter()
        .map(|one| {
            let is_this = one.session == signed.session;
            vec![
                html! { (one.agent) @if is_this { " " (ui::badge(Tone::Good, &view.say("session-this"))) } },
                html! { (one.address) },
                view.time(one.created_ns),
                view.time(one.seen_ns),
                html! { @if !is_this {
                    (ui::small_form(view, &format!("/security/sessions/{}/end", one.session), &view.say("session-end"), "", None))
                } },
            ]
        })
        .collect();
    Ok(ui::page(
        &visit,
        &view.say("security"),
        html! {
            h1 { (view.say("security")) }
            section.card {
                h2 { (view.say("security-ways")) }
                p { a href="/password" { (view.say("password-change")) } }
                p { a href="/second-factor" { (view.say(if has_second_factor { "second-factor-on" } else { "second-factor-off" })) } }
            }
            (passkeys)
            (ui::card(&view.say("sessions"), ui::table(view, "sessions", &columns, &rows)))
            (programs)
        },
    ))
}

async fn end_session(visit: Visit, Path(session): Path<String>, fields: Fields) -> Result<Done> {
    let id = visit.person()?.account();
    visit.may(Action::SecurityEdit, Resource::Account(id)).await?;
    let listed = session_store::list(visit.platform().readers(), id).await?;
    if !listed.iter().any(|one| one.session == session) {
        return Err(Error::NotFound);
    }
    let change = visit.begin(&Form::new(fields)).await?;
    session_store::sign_out(&*change, &session, visit.now_ns()).await?;
    change.record(visit.entry("session.ended")).await?;
    change.lead_to("/security").await
}

/// What the policies say of whoever is signed in, read-only (ACC-20).
async fn permissions(visit: Visit) -> Result<Markup> {
    let id = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(id)).await?;
    let view = visit.view();
    let signed = visit.person()?;
    let person = signed.permitted();
    let organisation = signed.organisation();
    Ok(ui::page(
        &visit,
        &view.say("own-permissions"),
        html! {
            h1 { (view.say("own-permissions")) }
            @match signed.belonging() {
                None => { (ui::empty(&view.say("no-organisation"), None)) },
                Some(one) => {
                    (ui::card(&one.name, html! {
                        (ui::pairs(&[
                            (&view.say("role"), html! { (one.role) }),
                            (&view.say("categories"), html! { (list_or_all(view, &person.categories)) }),
                            (&view.say("hours"), html! { (hours(view, &person.hours)) }),
                        ]))
                        ul.permissions {
                            @for permission in Permission::of(one.kind) {
                                @let held = person.permissions.contains(&permission);
                                li.held[held] {
                                    (ui::badge(if held { Tone::Good } else { Tone::Quiet }, &view.say(if held { "held" } else { "not-held" })))
                                    " " (view.say(&format!("permission-{}", permission.word())))
                                }
                            }
                        }
                        @if organisation.is_some() && !person.has_second_factor {
                            p.hint { (view.say("second-factor-why")) }
                        }
                    }))
                },
            }
        },
    ))
}

fn list_or_all(view: &View, words: &[String]) -> String {
    if words.is_empty() {
        view.say("all").into_owned()
    } else {
        words.join(", ")
    }
}

/// Working hours, in words.
pub(crate) fn hours(view: &View, hours: &Hours) -> String {
    match hours.as_days() {
        None => view.say("hours-always").into_owned(),
        Some((days, from, until)) => {
            let names: Vec<_> = days
                .iter()
                .map(|day| view.say(DAYS[(*day as usize).min(6)]))
                .collect();
            let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
            format!("{} {}–{}", names.join(" "), clock(from), clock(until))
        }
    }
}

/// The keys of the days of a week.
pub(crate) const DAYS: [&str; 7] = ["day-1", "day-2", "day-3", "day-4", "day-5", "day-6", "day-7"];
