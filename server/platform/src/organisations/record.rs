//! The organisation's record (ACC-31), and what it asks of its people.

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};

use super::Policy;
use super::store::{self, Organisation};
use crate::permissions::{Action, Kind, Resource};
use crate::ui;
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/organisation", get(show))
        .route("/organisation/edit", get(edit).post(change))
}

async fn own(visit: &Visit, action: Action) -> Result<Organisation> {
    let id = visit.organisation()?;
    visit.may(action, Resource::Organisation(id)).await?;
    store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)
}

async fn show(visit: Visit) -> Result<Markup> {
    let own = own(&visit, Action::OrganisationView).await?;
    let view = visit.view();
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let may_edit = visit.can(Action::OrganisationEdit, &Resource::Organisation(own.id));
    let is_hospital = matches!(own.kind, Kind::Hospital | Kind::Department);
    Ok(ui::page(
        &visit,
        &view.say("organisation"),
        html! {
            div.head {
                h1 { (own.name) }
                @if may_edit {
                    div.row {
                        @if is_hospital { (ui::button_link("/organisation/upload-codes", &view.say("upload-codes"), false)) }
                        (ui::button_link("/organisation/edit", &view.say("edit"), true))
                    }
                }
            }
            div.columns {
                section.card {
                    h2 { (view.say("organisation-record")) }
                    (ui::pairs(&[
                        (&view.say("organisation-number"), html! { code { (own.number) } }),
                        (&view.say("kind"), html! { (view.say(&format!("organisation-kind-{}", own.kind.word()))) }),
                    ]))
                    @if is_hospital {
                        (ui::pairs(&[
                            (&view.say("grade"), text(&own.grade)),
                            (&view.say("organisation-type"), text(&own.r#type)),
                            (&view.say("province"), text(&own.province)),
                            (&view.say("city"), text(&own.city)),
                            (&view.say("street"), text(&own.street)),
                        ]))
                    }
                    h3 { (view.say("introduction")) }
                    p { @match &own.introduction { Some(text) => (ui::lines(text)), None => "—" } }
                }
                (ui::card(&view.say("policy"), ui::pairs(&[
                    (&view.say("policy-single"), html! { (view.say(if own.policy.single_session { "yes" } else { "no" })) }),
                    (&view.say("policy-idle"), minutes(own.policy.idle_minutes)),
                    (&view.say("policy-password"), minutes(own.policy.password_days)),
                ])))
            }
        },
    ))
}

fn minutes(number: Option<u32>) -> Markup {
    html! { @match number { Some(number) => (number), None => "—" } }
}

async fn edit(visit: Visit) -> Result<Markup> {
    let own = own(&visit, Action::OrganisationEdit).await?;
    page(&visit, &filled(&own), &own, &Form::default()).await
}

/// The page that changes an organisation, with what is wrong with a picture that was sent from it.
pub(crate) async fn edit_page(visit: &Visit, id: i64, uploads: &Form) -> Result<Markup> {
    let own = store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)?;
    page(visit, &filled(&own), &own, uploads).await
}

fn filled(own: &Organisation) -> Form {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<u32>| number.map_or(String::new(), |number| number.to_string());
    Form::filled([
        ("name", own.name.clone()),
        ("grade", text(&own.grade)),
        ("type", text(&own.r#type)),
        ("province", text(&own.province)),
        ("city", text(&own.city)),
        ("street", text(&own.street)),
        ("introduction", text(&own.introduction)),
        (
            "single_session",
            if own.policy.single_session {
                "1".to_owned()
            } else {
                String::new()
            },
        ),
        ("idle_minutes", number(own.policy.idle_minutes)),
        ("password_days", number(own.policy.password_days)),
    ])
}

async fn page(visit: &Visit, form: &Form, own: &Organisation, uploads: &Form) -> Result<Markup> {
    let pictures = crate::files::organisation_cards(visit, own.id, uploads).await?;
    let view = visit.view();
    let is_hospital = matches!(own.kind, Kind::Hospital | Kind::Department);
    Ok(ui::page(
        visit,
        &view.say("organisation"),
        html! {
            h1 { (own.name) }
            section.card {
                (ui::form(view, "/organisation/edit", html! {
                    (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
                    @if is_hospital {
                        div.grid {
                            (ui::line(view, form, "grade", &view.say("grade"), "text", "off"))
                            (ui::line(view, form, "type", &view.say("organisation-type"), "text", "off"))
                            (ui::line(view, form, "province", &view.say("province"), "text", "off"))
                            (ui::line(view, form, "city", &view.say("city"), "text", "off"))
                            (ui::line(view, form, "street", &view.say("street"), "text", "off"))
                        }
                    }
                    (ui::area(view, form, "introduction", &view.say("introduction")))
                    h3 { (view.say("policy")) }
                    (ui::check(form, "single_session", &view.say("policy-single")))
                    div.grid {
                        (ui::line(view, form, "idle_minutes", &view.say("policy-idle"), "number", "off"))
                        (ui::line(view, form, "password_days", &view.say("policy-password"), "number", "off"))
                    }
                    (ui::submit(&view.say("save")))
                }))
            }
            div.columns { (pictures) }
        },
    ))
}

async fn change(visit: Visit, fields: Fields) -> Result<Done> {
    let own = own(&visit, Action::OrganisationEdit).await?;
    let mut form = Form::new(fields);
    let changed = Organisation {
        name: form.name("name", 100),
        grade: form.optional_name("grade", 20),
        r#type: form.optional_name("type", 40),
        province: form.optional_name("province", 40),
        city: form.optional_name("city", 40),
        street: form.optional_name("street", 100),
        introduction: form.text("introduction", 4000),
        policy: Policy {
            single_session: form.is_ticked("single_session"),
            idle_minutes: optional_number(&mut form, "idle_minutes", 5, 480),
            password_days: optional_number(&mut form, "password_days", 30, 365),
        },
        ..own.clone()
    };
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            page(&visit, &form, &own, &Form::default()).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    store::change(&*change, &changed).await?;
    let mut entry = visit.entry("organisation.changed");
    entry.subject = Some(format!("organisation:{}", own.id));
    change.record(entry).await?;
    change.lead_to("/organisation").await
}

fn optional_number(form: &mut Form, name: &str, from: i64, until: i64) -> Option<u32> {
    if form.typed(name).trim().is_empty() {
        return None;
    }
    match u32::try_from(form.number(name, from, until)) {
        Ok(number) => Some(number),
        Err(_) => {
            form.refuse(name, Wrong::new("wrong-choice"));
            None
        }
    }
}
