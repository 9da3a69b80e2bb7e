//! The first page, the workbench with all organisations of a person, and what every visitor chooses: language, theme, active
//! organisation (ACC-11, ACC-12).

use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};

use crate::messages::{store as message_store, todo_list};
use crate::organisations::{membership, store as organisations};
use crate::people::reach;
use crate::permissions::{Action, Resource, Study};
use crate::sessions::store as session_store;
use crate::ui::{self, LANGUAGE_COOKIE, THEME_COOKIE, Theme};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Platform, Result, language::Language, sign_in::local_path, trail};

/// A year, for choices that a browser keeps.
const KEPT_S: u32 = 365 * 24 * 3600;

pub(crate) fn router() -> Router<Platform> {
    Router::new()
        .route("/", get(home))
        .route("/workbench", get(workbench))
        .route("/switch", post(switch))
        .route("/language", post(language))
        .route("/theme", post(theme))
}

async fn home(visit: Visit) -> Result<Markup> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let view = visit.view();
    let signed = visit.person()?;
    let readers = visit.platform().readers();
    if reach::is_patient(readers, account).await? {
        return Ok(personal_space(&visit));
    }
    let todos = message_store::todos(readers, account, 20).await?;
    let latest = trail::latest_of(&visit, account, 12).await?;
    Ok(ui::page(
        &visit,
        &view.say("home"),
        html! {
            div.head {
                h1 { (view.say_with("hello", &[("name", signed.name().into())])) }
                @if let Some(one) = signed.belonging() { p.quiet { (one.name) " · " (one.role) } }
            }
            @if signed.must_set_up_second_factor && !signed.permitted().has_second_factor {
                (ui::message(ui::Tone::Attention, &view.say("second-factor-why")))
                p { (ui::button_link("/second-factor", &view.say("second-factor-set-up"), true)) }
            }
            @if visit.can(Action::StudyFind, &Resource::Study(&Study::default())) {
                (ui::card(&view.say("studies"), html! {
                    (ui::plain_form("/studies", ui::search(view, "q", "", &view.say("study-search"))))
                    p { a href="/studies" { (view.say("study-latest")) } }
                }))
            }
            div.columns {
                (ui::card(&view.say("todos"), todo_list(view, &todos)))
                (ui::card(&view.say("log-latest"), html! {
                    (latest)
                    p { a href="/log" { (view.say("log")) } }
                }))
            }
        },
    ))
}

/// The space of a patient, or of whoever keeps the own cases here (ACC-02).
fn personal_space(visit: &Visit) -> Markup {
    let view = visit.view();
    let name = visit.signed().map_or("", |signed| signed.name());
    ui::page(
        visit,
        &view.say("personal-space"),
        html! {
            h1 { (view.say_with("hello", &[("name", name.into())])) }
            (ui::card(&view.say("personal-space"), ui::empty(&view.say("personal-none"), Some(html! {
                p.quiet { (view.say("personal-about")) }
            }))))
        },
    )
}

async fn workbench(visit: Visit) -> Result<Markup> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    if reach::is_patient(visit.platform().readers(), account).await? {
        return Ok(personal_space(&visit));
    }
    let reminder = crate::sign_in::wechat::reminder(&visit).await?;
    let view = visit.view();
    let signed = visit.person()?;
    let invitations = membership::invitations(visit.platform().readers(), account).await?;
    Ok(ui::page(
        &visit,
        &view.say("workbench"),
        html! {
            h1 { (view.say("workbench")) }
            (reminder)
            @for invitation in &invitations {
                section.card.attention {
                    h2 { (view.say_with("invitation", &[("organisation", (&invitation.organisation_name).into()), ("role", (&invitation.role_name).into())])) }
                    div.row {
                        (ui::small_form(view, &format!("/invitations/{}/accept", invitation.id), &view.say("accept"), "main", None))
                        (ui::small_form(view, &format!("/invitations/{}/decline", invitation.id), &view.say("decline"), "", None))
                    }
                }
            }
            @if signed.organisations.is_empty() { (ui::empty(&view.say("workbench-none"), None)) }
            div.tiles {
                @for one in &signed.organisations {
                    form.card.tile method="post" action="/switch" {
                        (ui::hidden("once", &view.once))
                        p.eyebrow { (view.say(&format!("organisation-kind-{}", one.kind.word()))) }
                        h2 { (one.name) }
                        p.quiet { (one.role) }
                        @if Some(one.organisation) == signed.organisation() {
                            (ui::badge(ui::Tone::Good, &view.say("active-organisation")))
                        } @else {
                            button name="organisation" value=(one.organisation) { (view.say("enter")) }
                        }
                    }
                }
            }
        },
    ))
}

async fn switch(visit: Visit, fields: Fields) -> Result<Done> {
    visit.person()?;
    let mut form = Form::new(fields);
    let organisation = form.id("organisation");
    visit
        .may(Action::OrganisationSwitch, Resource::Organisation(organisation))
        .await?;
    organisations::one(visit.platform().readers(), organisation)
        .await?
        .ok_or(Error::NotFound)?;
    // Whoever switches back does it again: the form has no key.
    let change = visit.begin(&Form::default()).await?;
    session_store::switch(&*change, &visit.person()?.session, organisation).await?;
    let mut entry = visit.entry("organisation.switched");
    entry.organisation = Some(organisation);
    change.record(entry).await?;
    change.commit().await?;
    Ok(Done::to("/"))
}

fn choice_cookie(visit: &Visit, name: &str, value: &str) -> String {
    let secure = if visit.platform().settings().is_secure {
        "; Secure"
    } else {
        ""
    };
    format!("{name}={value}; Path=/; Max-Age={KEPT_S}; SameSite=Lax{secure}")
}

async fn language(visit: Visit, fields: Fields) -> Result<Done> {
    let chosen = Language::from_tag(fields.get("language"))
        .ok_or_else(|| Error::BadRequest("expected zh-CN or en".to_owned()))?;
    if let Some(signed) = visit.signed() {
        // What the person is sent is in the language of the pages.
        let change = visit.platform().writer().begin().await?;
        reach::set_language(&*change, signed.account(), chosen).await?;
        change.commit().await?;
    }
    let cookie = choice_cookie(&visit, LANGUAGE_COOKIE, chosen.tag());
    Ok(Done::to(local_path(fields.get("to"))).with_cookie(cookie))
}

async fn theme(visit: Visit, fields: Fields) -> Result<Done> {
    let chosen = Theme::from_word(fields.get("theme"));
    let chosen = chosen.ok_or_else(|| Error::BadRequest("expected system, light or dark".to_owned()))?;
    let cookie = choice_cookie(&visit, THEME_COOKIE, chosen.word());
    Ok(Done::to(local_path(fields.get("to"))).with_cookie(cookie))
}
