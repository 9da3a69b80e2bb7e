//! One page that brings in an organisation with its first administrator.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store;
use crate::messages::{Notice, tell};
use crate::organisations::membership;
use crate::organisations::store::{self as organisations, Organisation};
use crate::people::store::{self as people, Account, NewAccount};
use crate::permissions::{Action, Kind, Resource};
use crate::ui::{self, Tone};
use crate::web::{Change, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

/// The kinds that are brought in.
const KINDS: [&str; 3] = ["hospital", "team", "department"];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/organisations/new", get(ask))
        .route("/platform/organisations", post(add))
}

async fn ask(visit: Visit) -> Result<Markup> {
    visit.may(Action::OrganisationsEdit, Resource::Platform).await?;
    Ok(page(&visit, &Form::default()))
}

fn page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    let kinds = KINDS.map(|kind| {
        (
            kind.to_owned(),
            view.say(&format!("organisation-kind-{kind}")).into_owned(),
        )
    });
    let line = |name: &str, key: &str| ui::line(view, form, name, &view.say(key), "text", "off");
    ui::page(
        visit,
        &view.say("onboarding-new"),
        html! {
            h1 { (view.say("onboarding-new")) }
            section.card {
                (ui::form(view, "/platform/organisations", html! {
                    h2 { (view.say("onboarding-step-kind")) }
                    div.grid {
                        (ui::choice(view, form, "kind", &view.say("kind"), &kinds))
                        (line("name", "thing-name"))
                        (line("parent", "onboarding-parent-number"))
                    }
                    h2 { (view.say("onboarding-step-record")) }
                    p.hint { (view.say("onboarding-record-about")) }
                    div.grid {
                        (line("grade", "grade"))
                        (line("type", "organisation-type"))
                        (line("province", "province"))
                        (line("city", "city"))
                        (line("street", "street"))
                    }
                    (ui::area(view, form, "introduction", &view.say("introduction")))
                    h2 { (view.say("onboarding-step-administrator")) }
                    p.hint { (view.say("onboarding-administrator-about")) }
                    div.grid {
                        (line("administrator", "onboarding-administrator-name"))
                        (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "off"))
                    }
                    (ui::submit(&view.say("onboarding-do")))
                }))
            }
        },
    )
}

/// What the page asked for.
struct Asked {
    kind: Kind,
    parent: Option<i64>,
    record: Organisation,
    administrator: String,
    mobile: String,
}

async fn read(visit: &Visit, form: &mut Form) -> Result<Asked> {
    let kind = Kind::from_word(form.choice("kind", &KINDS)).unwrap_or(Kind::Hospital);
    let record = Organisation {
        id: 0,
        kind,
        number: String::new(),
        name: form.name("name", 100),
        grade: form.optional_name("grade", 20),
        r#type: form.optional_name("type", 40),
        province: form.optional_name("province", 40),
        city: form.optional_name("city", 40),
        street: form.optional_name("street", 100),
        introduction: form.text("introduction", 4000),
        policy: crate::organisations::Policy::default(),
        is_active: true,
        created_ns: visit.now_ns(),
    };
    let administrator = form.name("administrator", 60);
    let mobile = form.mobile("mobile");
    let readers = visit.platform().readers();
    if form.wrong("name").is_none() && store::is_name_taken(readers, kind.word(), &record.name).await? {
        form.refuse("name", Wrong::new("wrong-organisation-name-taken"));
    }
    let parent = parent(visit, form, kind).await?;
    Ok(Asked {
        kind,
        parent,
        record,
        administrator,
        mobile,
    })
}

/// The hospital that a department belongs to; other kinds belong to none.
async fn parent(visit: &Visit, form: &mut Form, kind: Kind) -> Result<Option<i64>> {
    let Some(number) = form.optional_name("parent", 20) else {
        return Ok(None);
    };
    let found = organisations::by_number(visit.platform().readers(), &number.to_uppercase()).await?;
    let hospital =
        found.filter(|one| one.kind == Kind::Hospital && one.is_active && kind == Kind::Department);
    if hospital.is_none() {
        form.refuse("parent", Wrong::new("wrong-parent-number"));
    }
    Ok(hospital.map(|one| one.id))
}

async fn add(visit: Visit, sent: Fields) -> Result<Response> {
    visit.may(Action::OrganisationsEdit, Resource::Platform).await?;
    let mut form = Form::new(sent);
    let asked = read(&visit, &mut form).await?;
    let known = match form.is_wrong() {
        true => None,
        false => people::by_mobile(visit.platform().readers(), &asked.mobile).await?,
    };
    if known
        .as_ref()
        .is_some_and(|account| account.state != "active" || account.kind != "staff")
    {
        form.refuse("mobile", Wrong::new("wrong-account-state"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form))));
    }
    let password = secrets::first_password()?;
    let kept = secrets::hash_password(password.clone()).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    if store::is_name_taken(&*change, asked.kind.word(), &asked.record.name).await? {
        return Err(Error::Conflict("wrong-organisation-name-taken"));
    }
    let (id, role) = organisations::add(&*change, asked.kind, &asked.record.name, now_ns).await?;
    organisations::change(
        &*change,
        &Organisation {
            id,
            ..asked.record.clone()
        },
    )
    .await?;
    if let Some(parent) = asked.parent {
        store::set_parent(&*change, id, parent).await?;
    }
    let first = match &known {
        Some(account) => invite(&visit, &change, account, &asked, id, role).await?,
        None => create(&visit, &change, &asked, id, role, &kept).await?,
    };
    let mut entry = visit.entry("organisation.added");
    entry.subject = Some(format!("organisation:{id}"));
    entry.detail = Some(serde_json::json!({ "kind": asked.kind.word(), "administrator": first }).to_string());
    change.record(entry).await?;
    let added = organisations::one(&*change, id).await?.ok_or(Error::Internal)?;
    change
        .commit_once(format!("/platform/organisations/{id}"))
        .await?;
    let shown = known.is_none().then_some(password.as_str());
    Ok(done_page(&visit, &added, &asked, shown).into_response())
}

/// Invites somebody who has an account; the membership begins when the person accepts.
async fn invite(
    visit: &Visit,
    change: &Change,
    account: &Account,
    asked: &Asked,
    id: i64,
    role: i64,
) -> Result<i64> {
    let now_ns = visit.now_ns();
    let by = visit.person()?.account();
    let membership = membership::add(&**change, account.id, id, role, "invited", Some(by), now_ns).await?;
    let notice = Notice {
        person: account.id,
        organisation: Some(id),
        kind: "invited",
        arguments: &[("organisation", &asked.record.name)],
        link: "/workbench".to_owned(),
        is_todo: true,
        subject: Some(format!("membership:{membership}")),
    };
    tell(&**change, &notice, now_ns).await?;
    Ok(account.id)
}

/// Makes an account with a first password.
async fn create(
    visit: &Visit,
    change: &Change,
    asked: &Asked,
    id: i64,
    role: i64,
    kept: &str,
) -> Result<i64> {
    let now_ns = visit.now_ns();
    let new = NewAccount {
        kind: "staff",
        state: "active",
        mobile: &asked.mobile,
        name: &asked.administrator,
        hospital: Some(&asked.record.name),
        password: kept,
        must_change_password: true,
        ..NewAccount::default()
    };
    let account = people::add(&**change, &new, now_ns)
        .await?
        .ok_or(Error::Conflict("wrong-mobile-taken"))?;
    let by = visit.person()?.account();
    membership::add(&**change, account, id, role, "active", Some(by), now_ns).await?;
    Ok(account)
}

fn done_page(visit: &Visit, added: &Organisation, asked: &Asked, password: Option<&str>) -> Markup {
    let view = visit.view();
    ui::page(
        visit,
        &added.name,
        html! {
            h1 { (added.name) }
            section.card.narrow {
                (ui::message(Tone::Good, &view.say("onboarding-done")))
                (ui::pairs(&[
                    (&view.say("organisation-number"), html! { code { (added.number) } }),
                    (&view.say("mobile"), html! { (asked.mobile) }),
                ]))
                @match password {
                    Some(password) => {
                        (ui::message(Tone::Attention, &view.say("first-password-once")))
                        (ui::pairs(&[(&view.say("first-password"), html! { code.long { (password) } })]))
                    },
                    None => p { (view.say("onboarding-invited")) },
                }
                p { (ui::button_link(&format!("/platform/organisations/{}", added.id), &view.say("organisation"), true)) }
            }
        },
    )
}
