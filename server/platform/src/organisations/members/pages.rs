//! The pages of members, and of invitations.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Member};
use crate::filters;
use crate::messages::{Notice, settle, tell};
use crate::organisations::role_store;
use crate::organisations::store as organisations;
use crate::people::account_state as state;
use crate::people::store::{self as people, NewAccount};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, outbox, secrets};

/// Members of a page.
const PAGE: u32 = 50;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/members", get(list).post(add))
        .route("/members/new", get(new))
        .route("/members/invite", get(ask).post(invite))
        .route("/members/{id}", get(show).post(change))
        .route("/members/{id}/end", post(end))
        .route("/invitations/{id}/accept", post(accept))
        .route("/invitations/{id}/decline", post(decline))
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::MembersView, Resource::Organisation(organisation))
        .await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let words = query.get("q");
    let states = ["active", "invited", "declined", "ended"];
    let wanted = states.into_iter().find(|state| *state == query.get("state"));
    let after: i64 = query.get("after").parse().unwrap_or(0);
    let readers = visit.platform().readers();
    let members = store::list(readers, organisation, words, wanted, after, PAGE).await?;
    let columns = [
        Column::new("name", view.say("name")),
        Column::new("mobile", view.say("mobile")),
        Column::new("title", view.say("title")),
        Column::new("role", view.say("role")),
        Column::new("verification", view.say("verification")),
        Column::new("state", view.say("state")),
        Column::new("since", view.say("since")),
    ];
    let rows: Vec<Vec<Markup>> = members
        .iter()
        .map(|member| {
            vec![
                html! { a.person href=(format!("/members/{}", member.id)) { (ui::avatar(member.account, &member.name, member.has_avatar)) (member.name) } },
                html! { (member.mobile.as_deref().unwrap_or("—")) },
                html! { (member.title.as_deref().unwrap_or("—")) },
                html! { (member.role_name) },
                html! { (view.say(&format!("verification-{}", member.verification))) },
                state(&visit, &member.state),
                view.time(member.since_ns),
            ]
        })
        .collect();
    let quoted: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let pager = Pager {
        base: format!("/members?q={quoted}&state={}", wanted.unwrap_or("")),
        next: members
            .last()
            .filter(|_| members.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: after > 0,
    };
    Ok(ui::page(
        &visit,
        &view.say("members"),
        html! {
            div.head {
                h1 { (view.say("members")) }
                div.row {
                    (ui::button_link("/members/invite", &view.say("member-invite"), false))
                    (ui::button_link("/members/new", &view.say("member-new"), true))
                }
            }
            (filters::form(&visit, "/members", html! {
                label { span { (view.say("state")) }
                    select name="state" {
                        option value="" { (view.say("state-present")) }
                        @for one in states { option value=(one) selected[wanted == Some(one)] { (view.say(&format!("state-{one}"))) } }
                    }
                }
                (ui::search(view, "q", words, &view.say("search-people")))
            }).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "members", &columns, &rows)) }
            (ui::pager(view, &pager))
        },
    ))
}

/// Roles of an organisation, for a field.
async fn roles(visit: &Visit, organisation: i64) -> Result<Vec<(String, String)>> {
    let roles = role_store::list(visit.platform().readers(), organisation).await?;
    Ok(roles
        .into_iter()
        .map(|role| (role.id.to_string(), role.name))
        .collect())
}

async fn new(visit: Visit) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::MembersEdit, Resource::Organisation(organisation))
        .await?;
    new_page(&visit, &Form::default(), organisation, false).await
}

async fn new_page(visit: &Visit, form: &Form, organisation: i64, is_taken: bool) -> Result<Markup> {
    let view = visit.view();
    let roles = roles(visit, organisation).await?;
    let mobile: String = form_urlencoded::byte_serialize(form.typed("mobile").as_bytes()).collect();
    Ok(ui::page(
        visit,
        &view.say("member-new"),
        html! {
            h1 { (view.say("member-new")) }
            section.card.narrow {
                @if is_taken {
                    (ui::message(Tone::Attention, &view.say("member-exists")))
                    p { (ui::button_link(&format!("/members/invite?mobile={mobile}"), &view.say("member-invite"), true)) }
                }
                (ui::form(view, "/members", html! {
                    (ui::line(view, form, "name", &view.say("name"), "text", "off"))
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "off"))
                    (ui::line(view, form, "title", &view.say("title"), "text", "off"))
                    (ui::line(view, form, "department", &view.say("department"), "text", "off"))
                    (ui::choice(view, form, "role", &view.say("role"), &roles))
                    p.hint { (view.say("member-new-about")) }
                    (ui::submit(&view.say("member-new-do")))
                }))
            }
        },
    ))
}

/// A role of this organisation that a form names.
async fn role_of(visit: &Visit, form: &mut Form, organisation: i64) -> Result<i64> {
    let id = form.id("role");
    let role = role_store::one(visit.platform().readers(), id).await?;
    let Some(role) = role.filter(|role| role.organisation == organisation) else {
        form.refuse("role", Wrong::new("wrong-choice"));
        return Ok(0);
    };
    // Nobody makes others what the own role does not hold.
    let held = &visit.person()?.permitted().permissions;
    if role
        .permissions
        .iter()
        .any(|permission| !held.contains(permission))
    {
        form.refuse("role", Wrong::new("wrong-not-held"));
    }
    Ok(id)
}

/// Makes an account with a first password, which is shown once (ACC-03, ACC-28).
async fn add(visit: Visit, fields: Fields) -> Result<Response> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::MembersEdit, Resource::Organisation(organisation))
        .await?;
    let mut form = Form::new(fields);
    let name = form.name("name", 60);
    let mobile = form.mobile("mobile");
    let title = form.optional_name("title", 40);
    let department = form.optional_name("department", 60);
    let role = role_of(&visit, &mut form, organisation).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            new_page(&visit, &form, organisation, false).await?,
        )));
    }
    if people::by_mobile(visit.platform().readers(), &mobile)
        .await?
        .is_some()
    {
        form.refuse("mobile", Wrong::new("wrong-mobile-taken"));
        return Err(Error::Wrong(Box::new(
            new_page(&visit, &form, organisation, true).await?,
        )));
    }
    let password = secrets::first_password()?;
    let kept = secrets::hash_password(password.clone()).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    let new = NewAccount {
        kind: "staff",
        state: "active",
        mobile: &mobile,
        name: &name,
        title: title.as_deref(),
        department: department.as_deref(),
        password: &kept,
        must_change_password: true,
        ..NewAccount::default()
    };
    let account = people::add(&*change, &new, now_ns)
        .await?
        .ok_or(Error::Conflict("wrong-mobile-taken"))?;
    let by = visit.person()?.account();
    let id = store::add(&*change, account, organisation, role, "active", Some(by), now_ns).await?;
    tell_sms(&visit, &change, account, "member-added", organisation, id).await?;
    let mut entry = visit.entry("member.added");
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.commit_once(format!("/members/{id}")).await?;
    let view = visit.view();
    Ok(ui::page(
        &visit,
        &name,
        html! {
            h1 { (name) }
            section.card.narrow {
                (ui::message(Tone::Attention, &view.say("first-password-once")))
                (ui::pairs(&[
                    (&view.say("mobile"), html! { (mobile) }),
                    (&view.say("first-password"), html! { code.long { (password) } }),
                ]))
                p { (ui::button_link("/members", &view.say("members"), true)) }
            }
        },
    )
    .into_response())
}

async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::MembersEdit, Resource::Organisation(organisation))
        .await?;
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let form = Form::filled([("mobile", query.get("mobile").to_owned())]);
    invite_page(&visit, &form, organisation).await
}

async fn invite_page(visit: &Visit, form: &Form, organisation: i64) -> Result<Markup> {
    let view = visit.view();
    let roles = roles(visit, organisation).await?;
    Ok(ui::page(
        visit,
        &view.say("member-invite"),
        html! {
            h1 { (view.say("member-invite")) }
            section.card.narrow {
                p.quiet { (view.say("member-invite-about")) }
                (ui::form(view, "/members/invite", html! {
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "off"))
                    (ui::choice(view, form, "role", &view.say("role"), &roles))
                    (ui::submit(&view.say("member-invite")))
                }))
            }
        },
    ))
}

/// Invites somebody who has an account (ACC-29).
async fn invite(visit: Visit, fields: Fields) -> Result<Done> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::MembersEdit, Resource::Organisation(organisation))
        .await?;
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    let role = role_of(&visit, &mut form, organisation).await?;
    let readers = visit.platform().readers();
    let account = match form.is_wrong() {
        true => None,
        false => people::by_mobile(readers, &mobile)
            .await?
            .filter(|account| account.state == "active"),
    };
    if account.is_none() {
        form.refuse("mobile", Wrong::new("wrong-nobody"));
    }
    let before = match &account {
        Some(account) => store::of(readers, account.id, organisation).await?,
        None => None,
    };
    if before.is_some_and(|before| before.state == "active") {
        form.refuse("mobile", Wrong::new("wrong-is-member"));
    }
    let Some(account) = account.filter(|_| !form.is_wrong()) else {
        return Err(Error::Wrong(Box::new(
            invite_page(&visit, &form, organisation).await?,
        )));
    };
    let now_ns = visit.now_ns();
    let own = organisations::one(readers, organisation)
        .await?
        .ok_or(Error::NotFound)?;
    let change = visit.begin(&form).await?;
    let by = visit.person()?.account();
    let id = store::add(
        &*change,
        account.id,
        organisation,
        role,
        "invited",
        Some(by),
        now_ns,
    )
    .await?;
    let notice = Notice {
        person: account.id,
        organisation: Some(organisation),
        kind: "invited",
        arguments: &[("organisation", &own.name)],
        link: "/workbench".to_owned(),
        is_todo: true,
        subject: Some(format!("membership:{id}")),
    };
    tell(&*change, &notice, now_ns).await?;
    tell_sms(&visit, &change, account.id, "invited", organisation, id).await?;
    let mut entry = visit.entry("member.invited");
    entry.subject = Some(format!("person:{}", account.id));
    change.record(entry).await?;
    change.lead_to("/members").await
}

/// Tells a new member, or who is invited, by SMS.
async fn tell_sms(
    visit: &Visit,
    change: &crate::web::Change,
    person: i64,
    template: &'static str,
    organisation: i64,
    membership: i64,
) -> Result<()> {
    let own = organisations::one(&**change, organisation)
        .await?
        .ok_or(Error::NotFound)?;
    let arguments = [("organisation", own.name.as_str())];
    let key = format!("{template} {membership} {}", visit.request());
    outbox::tell_by_sms(visit.platform(), &**change, person, template, &arguments, key).await
}

async fn member_for(visit: &Visit, id: i64, action: Action) -> Result<Member> {
    let member = store::one(visit.platform().readers(), id).await?;
    let organisation = member
        .as_ref()
        .map_or(visit.organisation()?, |member| member.organisation);
    visit.may(action, Resource::Organisation(organisation)).await?;
    member.ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let member = member_for(&visit, id, Action::MembersView).await?;
    let film = if member.has_film { "1" } else { "" };
    let form = Form::filled([("role", member.role.to_string()), ("film", film.to_owned())]);
    page(&visit, &form, &member).await
}

async fn page(visit: &Visit, form: &Form, member: &Member) -> Result<Markup> {
    let view = visit.view();
    let account = people::one(visit.platform().readers(), member.account)
        .await?
        .ok_or(Error::NotFound)?;
    let roles = roles(visit, member.organisation).await?;
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    Ok(ui::page(
        visit,
        &member.name,
        html! {
            h1 { (member.name) " " (state(visit, &member.state)) }
            div.columns {
                (ui::card(&view.say("basic-data"), ui::pairs(&[
                    (&view.say("mobile"), text(&account.mobile)),
                    (&view.say("hospital"), text(&account.hospital)),
                    (&view.say("department"), text(&account.department)),
                    (&view.say("title"), text(&account.title)),
                    (&view.say("email"), text(&account.email)),
                    (&view.say("verification"), html! { (view.say(&format!("verification-{}", account.verification))) }),
                    (&view.say("biography"), html! { @match &account.biography { Some(text) => (ui::lines(text)), None => "—" } }),
                ])))
                (ui::card(&view.say("membership"), html! {
                    (ui::form(view, &format!("/members/{}", member.id), html! {
                        (ui::choice(view, form, "role", &view.say("role"), &roles))
                        (ui::check(form, "film", &view.say("member-film")))
                        (ui::submit(&view.say("save")))
                    }))
                    @if member.state == "active" || member.state == "invited" {
                        (ui::small_form(view, &format!("/members/{}/end", member.id), &view.say("member-end"), "danger", Some(&view.say("member-end-confirm"))))
                    }
                }))
            }
        },
    ))
}

async fn change(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let member = member_for(&visit, id, Action::MembersEdit).await?;
    let mut form = Form::new(fields);
    let role = match form.typed("role") == member.role.to_string() {
        true => member.role,
        false => role_of(&visit, &mut form, member.organisation).await?,
    };
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form, &member).await?)));
    }
    let change = visit.begin(&form).await?;
    store::change(&*change, id, role, form.is_ticked("film")).await?;
    must_keep_an_administrator(&change, member.organisation).await?;
    let mut entry = visit.entry("member.changed");
    entry.subject = Some(format!("person:{}", member.account));
    entry.detail = Some(
        serde_json::json!({ "role_before": member.role, "role": role, "film": form.is_ticked("film") })
            .to_string(),
    );
    change.record(entry).await?;
    change.lead_to(format!("/members/{id}")).await
}

/// An organisation without an administrator could not be helped by anybody in it.
async fn must_keep_an_administrator(change: &crate::web::Change, organisation: i64) -> Result<()> {
    match store::administrators(&**change, organisation).await? {
        0 => Err(Error::Conflict("conflict-last-administrator")),
        _ => Ok(()),
    }
}

async fn end(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let member = member_for(&visit, id, Action::MembersEdit).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&Form::new(fields)).await?;
    store::set_state(&*change, id, "ended", now_ns).await?;
    must_keep_an_administrator(&change, member.organisation).await?;
    settle(&*change, "invited", &format!("membership:{id}"), now_ns).await?;
    let mut entry = visit.entry("member.ended");
    entry.subject = Some(format!("person:{}", member.account));
    change.record(entry).await?;
    change.lead_to("/members").await
}

async fn accept(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    answer(&visit, id, &Form::new(fields), true).await
}

async fn decline(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    answer(&visit, id, &Form::new(fields), false).await
}

/// The person invited answers; the membership begins only then.
async fn answer(visit: &Visit, id: i64, form: &Form, is_accepted: bool) -> Result<Done> {
    let account = visit.person()?.account();
    let member = store::one(visit.platform().readers(), id).await?;
    let whose = member.as_ref().map_or(account, |member| member.account);
    visit
        .may(Action::InvitationAnswer, Resource::Account(whose))
        .await?;
    let member = member
        .filter(|member| member.state == "invited")
        .ok_or(Error::Gone)?;
    let now_ns = visit.now_ns();
    let change = visit.begin(form).await?;
    store::set_state(
        &*change,
        id,
        if is_accepted { "active" } else { "declined" },
        now_ns,
    )
    .await?;
    settle(&*change, "invited", &format!("membership:{id}"), now_ns).await?;
    let mut entry = visit.entry(if is_accepted {
        "invitation.accepted"
    } else {
        "invitation.declined"
    });
    entry.organisation = Some(member.organisation);
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.lead_to("/workbench").await
}
