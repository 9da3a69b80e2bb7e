//! The pages of roles.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Role};
use crate::organisations::store as organisations;
use crate::people::{DAYS, hours_in_words};
use crate::permissions::{Action, Hours, Kind, Permission, Resource};
use crate::ui::{self, Column, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

/// Modalities that a role can be for: those of nuclear medicine first.
pub(crate) const CATEGORIES: [&str; 14] = [
    "PT", "NM", "CT", "MR", "CR", "DX", "DR", "US", "XA", "RF", "MG", "BMD", "SC", "OT",
];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/roles", get(list).post(add))
        .route("/roles/new", get(new))
        .route("/roles/{id}", get(show).post(change))
        .route("/roles/{id}/remove", post(remove))
}

async fn list(visit: Visit) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::RolesView, Resource::Organisation(organisation))
        .await?;
    let view = visit.view();
    let roles = store::list(visit.platform().readers(), organisation).await?;
    let columns = [
        Column::new("name", view.say("thing-name")),
        Column::new("description", view.say("description")),
        Column::new("permissions", view.say("permissions")),
        Column::new("categories", view.say("categories")),
        Column::new("hours", view.say("hours")),
        Column::new("members", view.say("members")),
    ];
    let rows: Vec<Vec<Markup>> = roles
        .iter()
        .map(|role| {
            vec![
                html! {
                    a href=(format!("/roles/{}", role.id)) { (role.name) }
                    @if role.is_initial { " " (ui::badge(Tone::Quiet, &view.say("role-initial"))) }
                },
                html! { (role.description) },
                html! { (role.permissions.len()) },
                html! { @if role.categories.is_empty() { (view.say("all")) } @else { (role.categories.join(", ")) } },
                html! { (hours_in_words(view, &role.hours)) },
                html! { (role.members) },
            ]
        })
        .collect();
    Ok(ui::page(
        &visit,
        &view.say("roles"),
        html! {
            div.head { h1 { (view.say("roles")) } (ui::button_link("/roles/new", &view.say("role-new"), true)) }
            (ui::table(view, "roles", &columns, &rows))
        },
    ))
}

async fn kind_of(visit: &Visit, organisation: i64) -> Result<Kind> {
    let found = organisations::one(visit.platform().readers(), organisation).await?;
    Ok(found.ok_or(Error::NotFound)?.kind)
}

async fn new(visit: Visit) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::RolesEdit, Resource::Organisation(organisation))
        .await?;
    let kind = kind_of(&visit, organisation).await?;
    Ok(page(&visit, &Form::default(), kind, None))
}

fn page(visit: &Visit, form: &Form, kind: Kind, role: Option<&Role>) -> Markup {
    let view = visit.view();
    let action = role.map_or("/roles".to_owned(), |role| format!("/roles/{}", role.id));
    let title = role.map_or_else(|| view.say("role-new").into_owned(), |role| role.name.clone());
    let permissions: Vec<(String, String, String)> = Permission::of(kind)
        .map(|permission| {
            let word = permission.word();
            let about = view.say(&format!("permission-about-{word}"));
            (
                word.to_owned(),
                view.say(&format!("permission-{word}")).into_owned(),
                about.into_owned(),
            )
        })
        .collect();
    let plain = |words: &str, value: &str| (value.to_owned(), words.to_owned(), String::new());
    let categories: Vec<_> = CATEGORIES.iter().map(|one| plain(one, one)).collect();
    let days: Vec<_> = (0..7)
        .map(|day| plain(&view.say(DAYS[day]), &day.to_string()))
        .collect();
    let is_initial = role.is_some_and(|role| role.is_initial);
    ui::page(
        visit,
        &title,
        html! {
            h1 { (title) }
            section.card {
                @if is_initial { (ui::message(Tone::Quiet, &view.say("role-initial-about"))) }
                (ui::form(view, &action, html! {
                    (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
                    (ui::line(view, form, "description", &view.say("description"), "text", "off"))
                    @if !is_initial {
                        (ui::checks(view, form, "permission", &view.say("permissions"), &permissions))
                        (ui::checks(view, form, "category", &view.say("categories-none-is-all"), &categories))
                        (ui::checks(view, form, "day", &view.say("hours-none-is-always"), &days))
                        div.row {
                            (ui::line(view, form, "from", &view.say("hours-from"), "time", "off"))
                            (ui::line(view, form, "until", &view.say("hours-until"), "time", "off"))
                        }
                    }
                    (ui::submit(&view.say("save")))
                }))
            }
            @if let Some(role) = role.filter(|role| !role.is_initial) {
                (ui::small_form(view, &format!("/roles/{}/remove", role.id), &view.say("role-remove"), "danger", Some(&view.say("role-remove-confirm"))))
            }
        },
    )
}

/// Reads the form into a role.
fn read(form: &mut Form, organisation: i64, kind: Kind) -> Role {
    let name = form.name("name", 40);
    let description = form.optional_line("description", 200).unwrap_or_default();
    let mut permissions = Vec::new();
    for word in form.chosen("permission").map(str::to_owned).collect::<Vec<_>>() {
        match Permission::from_word(&word).filter(|one| one.kinds().contains(&kind)) {
            Some(permission) if !permissions.contains(&permission) => permissions.push(permission),
            Some(_) => {}
            None => form.refuse("permission", Wrong::new("wrong-choice")),
        }
    }
    let mut categories = Vec::new();
    for word in form.chosen("category").map(str::to_owned).collect::<Vec<_>>() {
        match CATEGORIES.contains(&word.as_str()) {
            true => categories.push(word),
            false => form.refuse("category", Wrong::new("wrong-choice")),
        }
    }
    let hours = read_hours(form);
    Role {
        organisation,
        name,
        description,
        permissions,
        categories,
        hours,
        ..Role::default()
    }
}

fn read_hours(form: &mut Form) -> Hours {
    let days: Vec<Option<u32>> = form
        .chosen("day")
        .map(|day| day.parse().ok().filter(|day| *day < 7))
        .collect();
    if days.is_empty() {
        return Hours::default();
    }
    if days.iter().any(Option::is_none) {
        form.refuse("day", Wrong::new("wrong-choice"));
    }
    let minute = |form: &mut Form, name: &str| {
        let read = form.typed(name).split_once(':').and_then(|(hour, minute)| {
            let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        });
        if read.is_none() {
            form.refuse(name, Wrong::new("wrong-time"));
        }
        read.unwrap_or(0)
    };
    let (from, until) = (minute(form, "from"), minute(form, "until"));
    let days: Vec<u32> = days.into_iter().flatten().collect();
    Hours::on_days(&days, from, until)
}

fn filled(role: &Role) -> Form {
    let mut pairs = vec![
        ("name", role.name.clone()),
        ("description", role.description.clone()),
    ];
    pairs.extend(
        role.permissions
            .iter()
            .map(|one| ("permission", one.word().to_owned())),
    );
    pairs.extend(role.categories.iter().map(|one| ("category", one.clone())));
    if let Some((days, from, until)) = role.hours.as_days() {
        pairs.extend(days.iter().map(|day| ("day", day.to_string())));
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        pairs.push(("from", clock(from)));
        pairs.push(("until", clock(until)));
    }
    Form::filled(pairs)
}

/// A role of an organisation that is allowed: another's is refused, and that is recorded.
async fn role_for(visit: &Visit, id: i64, action: Action) -> Result<Role> {
    let role = store::one(visit.platform().readers(), id).await?;
    let organisation = role
        .as_ref()
        .map_or(visit.organisation()?, |role| role.organisation);
    visit.may(action, Resource::Organisation(organisation)).await?;
    role.ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let role = role_for(&visit, id, Action::RolesView).await?;
    let kind = kind_of(&visit, role.organisation).await?;
    Ok(page(&visit, &filled(&role), kind, Some(&role)))
}

async fn add(visit: Visit, fields: Fields) -> Result<Done> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::RolesEdit, Resource::Organisation(organisation))
        .await?;
    let kind = kind_of(&visit, organisation).await?;
    let mut form = Form::new(fields);
    let role = read(&mut form, organisation, kind);
    must_be_own(&visit, &mut form, &role)?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form, kind, None))));
    }
    let change = visit.begin(&form).await?;
    let id = store::add(&*change, &role).await?;
    let mut entry = visit.entry("role.added");
    entry.subject = Some(format!("role:{id}"));
    change.record(entry).await?;
    change.lead_to("/roles").await
}

/// Nobody gives others what the own role does not hold.
fn must_be_own(visit: &Visit, form: &mut Form, role: &Role) -> Result<()> {
    let held = &visit.person()?.permitted().permissions;
    if role
        .permissions
        .iter()
        .any(|permission| !held.contains(permission))
    {
        form.refuse("permission", Wrong::new("wrong-not-held"));
    }
    Ok(())
}

async fn change(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let before = role_for(&visit, id, Action::RolesEdit).await?;
    let kind = kind_of(&visit, before.organisation).await?;
    let mut form = Form::new(fields);
    let mut role = read(&mut form, before.organisation, kind);
    role.id = id;
    if before.is_initial {
        // Its name may change; what it holds stays.
        role.permissions.clone_from(&before.permissions);
        role.categories.clone_from(&before.categories);
        role.hours.clone_from(&before.hours);
    } else {
        let is_added = |permission: &Permission| !before.permissions.contains(permission);
        let added = Role {
            permissions: role.permissions.iter().copied().filter(is_added).collect(),
            ..Role::default()
        };
        must_be_own(&visit, &mut form, &added)?;
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form, kind, Some(&before)))));
    }
    let change = visit.begin(&form).await?;
    store::change(&*change, &role).await?;
    let mut entry = visit.entry("role.changed");
    entry.subject = Some(format!("role:{id}"));
    let words = |role: &Role| -> Vec<&str> { role.permissions.iter().map(|one| one.word()).collect() };
    entry.detail = Some(serde_json::json!({ "before": words(&before), "after": words(&role) }).to_string());
    change.record(entry).await?;
    change.lead_to("/roles").await
}

async fn remove(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let role = role_for(&visit, id, Action::RolesEdit).await?;
    if role.is_initial {
        return Err(Error::Conflict("conflict-initial-role"));
    }
    if role.members > 0 {
        return Err(Error::Conflict("conflict-role-held"));
    }
    let change = visit.begin(&Form::new(fields)).await?;
    store::remove(&*change, id, visit.now_ns()).await?;
    let mut entry = visit.entry("role.removed");
    entry.subject = Some(format!("role:{id}"));
    change.record(entry).await?;
    change.lead_to("/roles").await
}
