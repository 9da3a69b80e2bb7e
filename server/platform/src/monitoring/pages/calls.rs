//! Who is on call.

use axum::extract::Path;
use maud::{Markup, html};

use super::may;
use crate::monitoring::on_call::{self, OnCall};
use crate::people::store as people;
use crate::ui::{self, Column};
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Result};

const HERE: &str = "/platform/monitoring/on-call";

pub(super) async fn show(visit: Visit) -> Result<Markup> {
    may(&visit).await?;
    let form = Form::filled([
        ("position", "1".to_owned()),
        ("quiet_from", "22:00".to_owned()),
        ("quiet_until", "07:00".to_owned()),
        ("wait_minutes", "15".to_owned()),
    ]);
    page(&visit, &form).await
}

/// Minutes of the day as `08:30`.
fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn minute(form: &mut Form, name: &str) -> i64 {
    let typed = form.line(name, 5);
    let parsed = typed.split_once(':').and_then(|(hour, minute)| {
        let is_two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute) = (
            Some(hour).filter(|text| is_two(text))?,
            Some(minute).filter(|text| is_two(text))?,
        );
        let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    });
    if parsed.is_none() {
        form.refuse(name, Wrong::new("wrong-time"));
    }
    parsed.unwrap_or(0)
}

/// Whoever can be on call: the system administrators.
async fn candidates(visit: &Visit) -> Result<Vec<(String, String)>> {
    let readers = visit.platform().readers();
    let mut found = Vec::new();
    for id in people::holding(readers, "monitoring").await? {
        if let Some(account) = people::one(readers, id).await? {
            found.push((id.to_string(), account.name));
        }
    }
    Ok(found)
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let listed = on_call::list(visit.platform().readers()).await?;
    let candidates = candidates(visit).await?;
    let columns = [
        Column::new("position", view.say("on-call-position")),
        Column::new("name", view.say("name")),
        Column::new("quiet", view.say("on-call-quiet")),
        Column::new("wait", view.say("on-call-wait")),
        Column::new("remove", ""),
    ];
    let rows: Vec<Vec<Markup>> = listed
        .iter()
        .map(|one| {
            vec![
                html! { (one.position) },
                html! { (one.name) },
                html! { @if one.quiet_from == one.quiet_until { "—" } @else { (clock(one.quiet_from)) "–" (clock(one.quiet_until)) } },
                html! { (one.wait_minutes) },
                ui::small_form(view, &format!("{HERE}/{}/remove", one.person), &view.say("on-call-remove"), "danger", None),
            ]
        })
        .collect();
    Ok(ui::page(
        visit,
        &view.say("on-call"),
        html! {
            h1 { (view.say("on-call")) }
            p.quiet { (view.say("on-call-about")) }
            @if rows.is_empty() { (ui::empty(&view.say("on-call-none"), None)) } @else { (ui::table(view, "on-call", &columns, &rows)) }
            section.card.narrow {
                h2 { (view.say("on-call-put")) }
                (ui::form(view, HERE, html! {
                    (ui::choice(view, form, "person", &view.say("name"), &candidates))
                    (ui::line(view, form, "position", &view.say("on-call-position"), "number", "off"))
                    (ui::line(view, form, "quiet_from", &view.say("on-call-quiet-from"), "time", "off"))
                    (ui::line(view, form, "quiet_until", &view.say("on-call-quiet-until"), "time", "off"))
                    (ui::line(view, form, "wait_minutes", &view.say("on-call-wait"), "number", "off"))
                    (ui::submit(&view.say("save")))
                }))
            }
        },
    ))
}

pub(super) async fn put(visit: Visit, fields: Fields) -> Result<Done> {
    may(&visit).await?;
    let mut form = Form::new(fields);
    let person = form.id("person");
    let is_known = candidates(&visit)
        .await?
        .iter()
        .any(|(id, _)| *id == person.to_string());
    if !is_known {
        form.refuse("person", Wrong::new("wrong-choice"));
    }
    let one = OnCall {
        person,
        name: String::new(),
        mobile: String::new(),
        position: form.number("position", 1, 99),
        quiet_from: minute(&mut form, "quiet_from"),
        quiet_until: minute(&mut form, "quiet_until"),
        wait_minutes: form.number("wait_minutes", 1, 720),
    };
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    on_call::put(&*change, &one).await?;
    let mut entry = visit.entry("on-call.changed");
    entry.subject = Some(format!("person:{person}"));
    change.record(entry).await?;
    change.lead_to(HERE).await
}

pub(super) async fn remove(visit: Visit, Path(person): Path<i64>, fields: Fields) -> Result<Done> {
    may(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    if !on_call::remove(&*change, person).await? {
        return Err(Error::NotFound);
    }
    let mut entry = visit.entry("on-call.removed");
    entry.subject = Some(format!("person:{person}"));
    change.record(entry).await?;
    change.lead_to(HERE).await
}
