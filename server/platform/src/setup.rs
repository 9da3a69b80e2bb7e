//! The platform's own organisation, and how its first administrators come to be: by links that are good once.
//!
//! The first link is printed when the server starts and nobody is the system administrator. Whoever follows it becomes that,
//! and gets the links of the security and the audit administrator to hand on: three people, none of whom can do the others'
//! work.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use database::{Connection, Sql};
use maud::{Markup, html};

use crate::organisations::{dictionary, membership, role_store, store as organisations};
use crate::people::store::{self as people, NewAccount};
use crate::permissions::Kind;
use crate::publishing;
use crate::sign_in::one_time::{self, Purpose};
use crate::ui::{self, Tone};
use crate::web::{Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets, sign_in};

pub(crate) fn router() -> Router<Platform> {
    Router::new().route("/set-up/{token}", get(ask).post(set_up))
}

/// Gives roles that were there before what later permissions ask for, and makes the platform's organisation where there is none.
pub(crate) async fn prepare(platform: &Platform) -> Result<()> {
    publishing::give_permissions(platform).await?;
    if organisations::platform(platform.readers()).await?.is_some() {
        return Ok(());
    }
    let change = platform.writer().begin().await?;
    // Another node may have made it meanwhile.
    if organisations::platform(&*change).await?.is_none() {
        organisations::add(&*change, Kind::Platform, "Uptake", platform.clock().now_ns()).await?;
        dictionary::add_shared(&*change).await?;
    }
    Ok(change.commit().await?)
}

/// An office of the platform, by the permission that tells it from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    /// System administrator.
    System,
    /// Security administrator.
    Security,
    /// Audit administrator.
    Audit,
}

impl Office {
    /// All, in the order that they are filled.
    pub const ALL: [Self; 3] = [Self::System, Self::Security, Self::Audit];

    /// The word of links and of the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }

    /// Reads [`Office::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|office| office.word() == word)
    }

    /// The permission that tells it from the others, by the word.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::System => "organisations",
            Self::Security => "accounts",
            Self::Audit => "audit",
        }
    }
}

/// Whether somebody holds an office.
///
/// # Errors
///
/// The database's.
pub async fn is_held(connection: &impl Connection, office: Office) -> Result<bool> {
    Ok(!people::holding(connection, office.permission()).await?.is_empty())
}

/// A path that makes the first holder of an office; `None` where somebody holds it. An earlier one ends.
///
/// # Errors
///
/// The database's.
pub async fn link(platform: &Platform, office: Office) -> Result<Option<String>> {
    let change = platform.writer().begin().await?;
    if is_held(&*change, office).await? {
        return Ok(None);
    }
    let path = new_link(&*change, office, platform.clock().now_ns()).await?;
    change.commit().await?;
    Ok(Some(path))
}

async fn new_link(connection: &impl Connection, office: Office, now_ns: i64) -> Result<String> {
    let mut end = Sql::new("UPDATE one_time SET used_ns = ");
    end.bind(now_ns)
        .push(" WHERE used_ns IS NULL AND purpose = 'set-up' AND content = ")
        .bind(office.word());
    end.run(connection).await?;
    let token = one_time::make(connection, Purpose::SetUp, None, office.word(), now_ns).await?;
    Ok(format!("/set-up/{token}"))
}

async fn office_of(visit: &Visit, token: &str) -> Result<Office> {
    let found = one_time::look(visit.platform().readers(), Purpose::SetUp, token, visit.now_ns()).await?;
    let found = found.filter(|found| !found.is_used).ok_or(Error::Gone)?;
    Office::from_word(&found.content).ok_or(Error::Gone)
}

async fn ask(visit: Visit, Path(token): Path<String>) -> Result<Markup> {
    let office = office_of(&visit, &token).await?;
    Ok(page(&visit, &Form::default(), &token, office))
}

fn page(visit: &Visit, form: &Form, token: &str, office: Office) -> Markup {
    let view = visit.view();
    let office_name = match office {
        Office::System => view.say("office-system"),
        Office::Security => view.say("office-security"),
        Office::Audit => view.say("office-audit"),
    };
    ui::bare(
        visit,
        &view.say("set-up"),
        html! {
            section.card.narrow {
                h1 { (office_name) }
                p.quiet { (view.say("set-up-about")) }
                (ui::form(view, &format!("/set-up/{token}"), html! {
                    (ui::line(view, form, "name", &view.say("name"), "text", "name"))
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "username"))
                    (sign_in::new_password_fields(visit, form))
                    (ui::submit(&view.say("set-up-do")))
                }))
            }
        },
    )
}

async fn set_up(visit: Visit, Path(token): Path<String>, fields: Fields) -> Result<Response> {
    let office = office_of(&visit, &token).await?;
    let mut form = Form::new(fields);
    let name = form.name("name", 60);
    let mobile = form.mobile("mobile");
    let password = sign_in::read_new_password(&mut form);
    if !form.is_wrong()
        && people::by_mobile(visit.platform().readers(), &mobile)
            .await?
            .is_some()
    {
        form.refuse("mobile", Wrong::new("wrong-mobile-taken"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form, &token, office))));
    }
    let kept = secrets::hash_password(password).await?;
    let now_ns = visit.now_ns();
    let change = visit.begin(&form).await?;
    one_time::take(&*change, Purpose::SetUp, &token, now_ns).await?;
    if is_held(&*change, office).await? {
        return Err(Error::Gone);
    }
    let new = NewAccount {
        kind: "staff",
        state: "active",
        mobile: &mobile,
        name: &name,
        password: &kept,
        ..NewAccount::default()
    };
    let account = people::add(&*change, &new, now_ns)
        .await?
        .ok_or(Error::Conflict("wrong-mobile-taken"))?;
    let own = organisations::platform(&*change).await?.ok_or(Error::Internal)?;
    let role = role_store::holding(&*change, own.id, office.permission())
        .await?
        .ok_or(Error::Internal)?;
    membership::add(&*change, account, own.id, role, "active", None, now_ns).await?;
    let mut entry = visit.entry("office.filled");
    entry.subject = Some(format!("person:{account}"));
    entry.detail = Some(serde_json::json!({ "office": office.word() }).to_string());
    change.record(entry).await?;
    let mut links = Vec::new();
    for other in Office::ALL {
        if office == Office::System && !is_held(&*change, other).await? {
            links.push((other, new_link(&*change, other, now_ns).await?));
        }
    }
    if links.is_empty() {
        return Ok(change.lead_to("/sign-in").await?.into_response());
    }
    change.commit().await?;
    Ok(links_page(&visit, &links).into_response())
}

fn links_page(visit: &Visit, links: &[(Office, String)]) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("set-up"),
        html! {
            section.card.narrow {
                h1 { (view.say("set-up-done")) }
                (ui::message(Tone::Attention, &view.say("set-up-links")))
                dl.pairs {
                    @for (office, path) in links {
                        div {
                            dt { (match office {
                                Office::System => view.say("office-system"),
                                Office::Security => view.say("office-security"),
                                Office::Audit => view.say("office-audit"),
                            }) }
                            dd { a href=(path) { code.long { (visit.address_of_page(path)) } } }
                        }
                    }
                }
                p { (ui::button_link("/sign-in", &view.say("sign-in"), true)) }
            }
        },
    )
}
