//! The pages of devices.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Asked, Bound, Device};
use crate::filters;
use crate::organisations::dictionary::{self, Kind};
use crate::organisations::membership;
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

/// Devices of a page.
const PAGE: u32 = 50;
/// Members that a device can be given to, in one list.
const MEMBERS: u32 = 1000;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/devices", get(list).post(add))
        .route("/devices/new", get(new))
        .route("/devices/{id}", get(show).post(change))
        .route("/devices/{id}/members", post(bind))
        .route("/devices/{id}/members/{person}/end", post(unbind))
        .route("/devices/{id}/remove", get(ask_to_remove).post(remove))
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::DevicesView, Resource::Organisation(organisation))
        .await?;
    let view = visit.view();
    let readers = visit.platform().readers();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let kinds = dictionary::choices(readers, organisation, Kind::DeviceKind, view.language).await?;
    let asked = Asked {
        words: query.get("q"),
        r#type: query.get("type"),
        after: query.get("after").parse().unwrap_or(0),
        limit: PAGE,
    };
    let devices = store::list(readers, organisation, &asked).await?;
    let bound = store::bound(
        readers,
        &devices.iter().map(|device| device.id).collect::<Vec<_>>(),
    )
    .await?;
    let rows: Vec<Vec<Markup>> = devices
        .iter()
        .map(|device| row(&visit, device, &bound, &kinds))
        .collect();
    let quote = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pager = Pager {
        base: format!("/devices?q={}&type={}", quote(asked.words), quote(asked.r#type)),
        next: devices
            .last()
            .filter(|_| devices.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: asked.after > 0,
    };
    let may_edit = visit.can(Action::DevicesEdit, &Resource::Organisation(organisation));
    Ok(ui::page(
        &visit,
        &view.say("devices"),
        html! {
            div.head {
                h1 { (view.say("devices")) }
                @if may_edit { (ui::button_link("/devices/new", &view.say("device-new"), true)) }
            }
            (filters::form(&visit, "/devices", html! {
                label { span { (view.say("device-type")) }
                    select name="type" {
                        option value="" { (view.say("all")) }
                        @for (code, words) in &kinds { option value=(code) selected[code == asked.r#type] { (words) } }
                    }
                }
                (ui::search(view, "q", asked.words, &view.say("device-search")))
            }).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "devices", &columns(view), &rows)) }
            (ui::pager(view, &pager))
        },
    ))
}

fn columns(view: &View) -> [Column; 6] {
    [
        Column::new("number", view.say("device-number")),
        Column::new("name", view.say("thing-name")),
        Column::new("type", view.say("device-type")),
        Column::new("members", view.say("device-members")),
        Column::new("bound", view.say("device-bound-at")),
        Column::new("ae-title", view.say("device-ae-title")),
    ]
}

fn row(visit: &Visit, device: &Device, bound: &[Bound], kinds: &[(String, String)]) -> Vec<Markup> {
    let own: Vec<&Bound> = bound.iter().filter(|one| one.device == device.id).collect();
    let names: Vec<&str> = own.iter().map(|one| one.name.as_str()).collect();
    vec![
        html! { a href=(format!("/devices/{}", device.id)) { (device.number) } },
        html! { (device.name) },
        html! { (kind_name(kinds, &device.r#type)) },
        html! { @if names.is_empty() { "—" } @else { (names.join(visit.view().say("between").as_ref())) } },
        visit.view().time_if(own.last().map(|one| one.at_ns)),
        html! { @match &device.ae_title { Some(title) => code { (title) }, None => "—" } },
    ]
}

/// The name of a kind; a kind that is no longer in the dictionary is called by its code.
fn kind_name<'a>(kinds: &'a [(String, String)], code: &'a str) -> &'a str {
    kinds
        .iter()
        .find(|(known, _)| known == code)
        .map_or(code, |(_, words)| words)
}

/// A device of an organisation that is allowed: another's is refused, and that is recorded.
async fn device_for(visit: &Visit, id: i64, action: Action) -> Result<Device> {
    let device = store::one(visit.platform().readers(), id).await?;
    let organisation = device
        .as_ref()
        .map_or(visit.organisation()?, |device| device.organisation);
    visit.may(action, Resource::Organisation(organisation)).await?;
    device.ok_or(Error::NotFound)
}

async fn new(visit: Visit) -> Result<Markup> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::DevicesEdit, Resource::Organisation(organisation))
        .await?;
    let fields = fields(&visit, &Form::default(), organisation, "").await?;
    Ok(new_page(&visit, fields))
}

fn new_page(visit: &Visit, fields: Markup) -> Markup {
    let view = visit.view();
    ui::page(
        visit,
        &view.say("device-new"),
        html! {
            h1 { (view.say("device-new")) }
            section.card.narrow { (ui::form(view, "/devices", fields)) }
        },
    )
}

async fn fields(visit: &Visit, form: &Form, organisation: i64, now: &str) -> Result<Markup> {
    let view = visit.view();
    let mut kinds = dictionary::choices(
        visit.platform().readers(),
        organisation,
        Kind::DeviceKind,
        view.language,
    )
    .await?;
    // A device keeps a kind that was retired since.
    if !now.is_empty() && !kinds.iter().any(|(code, _)| code == now) {
        kinds.push((now.to_owned(), now.to_owned()));
    }
    Ok(html! {
        (ui::line(view, form, "number", &view.say("device-number"), "text", "off"))
        (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
        (ui::choice(view, form, "type", &view.say("device-type"), &kinds))
        (ui::line(view, form, "ae_title", &view.say("device-ae-title"), "text", "off"))
        (ui::line(view, form, "station_name", &view.say("device-station-name"), "text", "off"))
        p.hint { (view.say("device-station-about")) }
        (ui::submit(&view.say("save")))
    })
}

async fn read(visit: &Visit, form: &mut Form, before: &Device) -> Result<Device> {
    let number = form.name("number", 32);
    let name = form.name("name", 60);
    let typed = form.typed("type").to_owned();
    let readers = visit.platform().readers();
    let is_known = dictionary::is_active(readers, before.organisation, Kind::DeviceKind, &typed).await?;
    if typed.is_empty() || !is_known && typed != before.r#type {
        form.refuse("type", Wrong::new("wrong-choice"));
    }
    Ok(Device {
        number,
        name,
        r#type: typed,
        ae_title: printable(form, "ae_title", "wrong-ae-title"),
        station_name: printable(form, "station_name", "wrong-station-name"),
        ..before.clone()
    })
}

/// A value of AE or SH (PS3.5 6.2): 16 characters at most, no backslash; of ASCII, as devices write them.
fn printable(form: &mut Form, name: &str, key: &'static str) -> Option<String> {
    let text = form.optional_line(name, 16)?;
    if !text
        .bytes()
        .all(|byte| (0x20..0x7F).contains(&byte) && byte != b'\\')
        || text.starts_with(['=', '+', '-', '@'])
    {
        form.refuse(name, Wrong::new(key));
    }
    Some(text)
}

async fn add(visit: Visit, sent: Fields) -> Result<Done> {
    let organisation = visit.organisation()?;
    visit
        .may(Action::DevicesEdit, Resource::Organisation(organisation))
        .await?;
    let mut form = Form::new(sent);
    let none = Device {
        organisation,
        created_ns: visit.now_ns(),
        ..Device::default()
    };
    let device = read(&visit, &mut form, &none).await?;
    if !form.is_wrong() && store::is_number_taken(visit.platform().readers(), &device).await? {
        form.refuse("number", Wrong::new("wrong-device-number-taken"));
    }
    if form.is_wrong() {
        let fields = fields(&visit, &form, organisation, "").await?;
        return Err(Error::Wrong(Box::new(new_page(&visit, fields))));
    }
    let change = visit.begin(&form).await?;
    must_be_free(&change, &device).await?;
    let id = store::add(&*change, &device).await?;
    let mut entry = visit.entry("device.added");
    entry.subject = Some(format!("device:{id}"));
    change.record(entry).await?;
    change.lead_to(format!("/devices/{id}")).await
}

/// Somebody else may have taken the number since the form was looked at.
async fn must_be_free(change: &crate::web::Change, device: &Device) -> Result<()> {
    match store::is_number_taken(&**change, device).await? {
        true => Err(Error::Conflict("wrong-device-number-taken")),
        false => Ok(()),
    }
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let device = device_for(&visit, id, Action::DevicesView).await?;
    page(&visit, &filled(&device), &Form::default(), &device).await
}

fn filled(device: &Device) -> Form {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Form::filled([
        ("number", device.number.clone()),
        ("name", device.name.clone()),
        ("type", device.r#type.clone()),
        ("ae_title", text(&device.ae_title)),
        ("station_name", text(&device.station_name)),
    ])
}

async fn page(visit: &Visit, form: &Form, binding: &Form, device: &Device) -> Result<Markup> {
    let view = visit.view();
    let readers = visit.platform().readers();
    let (id, organisation) = (device.id, device.organisation);
    let may_edit = visit.can(Action::DevicesEdit, &Resource::Organisation(organisation));
    let bound = store::bound(readers, &[id]).await?;
    let members = membership::list(readers, organisation, "", Some("active"), 0, MEMBERS).await?;
    let is_free = |account: i64| !bound.iter().any(|one| one.person == account);
    let free: Vec<(String, String)> = members
        .iter()
        .filter(|member| is_free(member.account))
        .map(|member| (member.account.to_string(), member.name.clone()))
        .collect();
    let fields = fields(visit, form, organisation, &device.r#type).await?;
    Ok(ui::page(
        visit,
        &device.name,
        html! {
            h1 { (device.name) }
            div.columns {
                (ui::card(&view.say("device"), html! {
                    (ui::pairs(&[(&view.say("device-since"), view.time(device.created_ns))]))
                    @if may_edit { (ui::form(view, &format!("/devices/{id}"), fields)) }
                }))
                (ui::card(&view.say("device-members"), html! {
                    @if bound.is_empty() { p.quiet { (view.say("device-members-none")) } }
                    ul.notices {
                        @for one in &bound {
                            li {
                                (one.name) " " (view.time(one.at_ns))
                                @if may_edit {
                                    (ui::small_form(view, &format!("/devices/{id}/members/{}/end", one.person), &view.say("device-unbind"), "", None))
                                }
                            }
                        }
                    }
                    @if may_edit && !free.is_empty() {
                        (ui::form(view, &format!("/devices/{id}/members"), html! {
                            (ui::choice(view, binding, "person", &view.say("device-member"), &free))
                            (ui::submit(&view.say("device-bind")))
                        }))
                    }
                }))
            }
            @if may_edit { p { a.button.danger href=(format!("/devices/{id}/remove")) { (view.say("device-remove")) } } }
        },
    ))
}

async fn change(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let before = device_for(&visit, id, Action::DevicesEdit).await?;
    let mut form = Form::new(sent);
    let device = read(&visit, &mut form, &before).await?;
    if !form.is_wrong() && store::is_number_taken(visit.platform().readers(), &device).await? {
        form.refuse("number", Wrong::new("wrong-device-number-taken"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            page(&visit, &form, &Form::default(), &before).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    must_be_free(&change, &device).await?;
    store::change(&*change, &device).await?;
    let mut entry = visit.entry("device.changed");
    entry.subject = Some(format!("device:{id}"));
    change.record(entry).await?;
    change.lead_to(format!("/devices/{id}")).await
}

async fn bind(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let device = device_for(&visit, id, Action::DevicesEdit).await?;
    let mut form = Form::new(sent);
    let person = form.id("person");
    let member = membership::of(visit.platform().readers(), person, device.organisation).await?;
    if member.is_none_or(|member| member.state != "active") {
        form.refuse("person", Wrong::new("wrong-choice"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            page(&visit, &filled(&device), &form, &device).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    store::bind(&*change, id, person, visit.now_ns()).await?;
    record_member(&visit, &change, "device.bound", id, person).await?;
    change.lead_to(format!("/devices/{id}")).await
}

async fn unbind(visit: Visit, Path((id, person)): Path<(i64, i64)>, sent: Fields) -> Result<Done> {
    device_for(&visit, id, Action::DevicesEdit).await?;
    let change = visit.begin(&Form::new(sent)).await?;
    if !store::unbind(&*change, id, person).await? {
        return Err(Error::NotFound);
    }
    record_member(&visit, &change, "device.unbound", id, person).await?;
    change.lead_to(format!("/devices/{id}")).await
}

async fn record_member(
    visit: &Visit,
    change: &crate::web::Change,
    kind: &'static str,
    id: i64,
    person: i64,
) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("device:{id}"));
    entry.detail = Some(serde_json::json!({ "person": person }).to_string());
    change.record(entry).await
}

async fn ask_to_remove(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let device = device_for(&visit, id, Action::DevicesEdit).await?;
    let retained = retained(&visit, &device).await?;
    Ok(remove_page(&visit, &Form::default(), &device, retained))
}

/// How many studies of a device are kept; without an answer nothing is removed.
async fn retained(visit: &Visit, device: &Device) -> Result<u64> {
    let holdings = visit
        .platform()
        .holdings()
        .ok_or(Error::Conflict("conflict-holdings"))?;
    holdings.retained_studies(&device.images()).await
}

fn remove_page(visit: &Visit, form: &Form, device: &Device, retained: u64) -> Markup {
    let view = visit.view();
    let count = i64::try_from(retained).unwrap_or(i64::MAX);
    ui::page(
        visit,
        &view.say("device-remove"),
        html! {
            h1 { (view.say("device-remove")) }
            section.card.narrow {
                (ui::pairs(&[
                    (&view.say("device-number"), html! { code { (device.number) } }),
                    (&view.say("thing-name"), html! { (device.name) }),
                ]))
                @if retained > 0 {
                    (ui::message(Tone::Bad, &view.say_with("device-retained", &[("count", count.into())])))
                    p { (ui::button_link(&format!("/devices/{}", device.id), &view.say("device-back"), true)) }
                } @else {
                    (ui::message(Tone::Bad, &view.say("device-remove-warning")))
                    (ui::form(view, &format!("/devices/{}/remove", device.id), html! {
                        (ui::line(view, form, "typed", &view.say("device-type-number"), "text", "off"))
                        div.buttons { button.danger type="submit" { (view.say("device-remove-do")) } }
                    }))
                }
            }
        },
    )
}

async fn remove(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let device = device_for(&visit, id, Action::DevicesEdit).await?;
    let mut form = Form::new(sent);
    if form.typed("typed").trim() != device.number {
        form.refuse("typed", Wrong::new("wrong-device-typed"));
        let retained = retained(&visit, &device).await?;
        return Err(Error::Wrong(Box::new(remove_page(
            &visit, &form, &device, retained,
        ))));
    }
    let change = visit.begin(&form).await?;
    // Asked while nobody else writes: nothing arrives of it meanwhile.
    if retained(&visit, &device).await? > 0 {
        return Err(Error::Conflict("conflict-device-retained"));
    }
    store::remove(&*change, id, visit.now_ns()).await?;
    let mut entry = visit.entry("device.removed");
    entry.subject = Some(format!("device:{id}"));
    entry.detail = Some(serde_json::json!({ "number": device.number }).to_string());
    change.record(entry).await?;
    change.lead_to("/devices").await
}
