//! What is wrong now, what was, and the list of servers.

use std::collections::BTreeMap;

use axum::extract::{Path, RawQuery};
use maud::{Markup, html};

use super::{about, level, may, severity};
use crate::monitoring::figures::{self, Current};
use crate::monitoring::limits::{Level, metric};
use crate::monitoring::{Alarm, Kind, Server, alarms as store, chart, servers};
use crate::people::store as people;
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Done, Fields, Form, Visit};
use crate::{Error, Result};

/// Alarms of a page.
const PAGE: u32 = 50;

pub(super) async fn show(visit: Visit) -> Result<Markup> {
    may(&visit).await?;
    let view = visit.view();
    let readers = visit.platform().readers();
    let open = store::open(readers).await?;
    let alarms = table(&visit, &open).await?;
    let servers = servers::list(readers).await?;
    let current = figures::current(readers).await?;
    Ok(ui::page(
        &visit,
        &view.say("monitoring"),
        html! {
            div.head {
                h1 { (view.say("monitoring")) }
                div.row {
                    (ui::button_link("/platform/monitoring/on-call", &view.say("on-call"), false))
                    (ui::button_link("/platform/monitoring/servers/new", &view.say("server-new"), true))
                }
            }
            // A request of this element is none of the person's: it keeps no session awake.
            div #poll-monitoring hx-get="/platform/monitoring" hx-select="#poll-monitoring" hx-swap="outerHTML" hx-trigger="every 10s" {
                (ui::card(&view.say("alarms-open"), html! {
                    @if open.is_empty() { (ui::message(Tone::Good, &view.say("alarms-none"))) } @else { (alarms) }
                    p.links { a href="/platform/monitoring/alarms" { (view.say("alarms-all")) } }
                }))
                (ui::card(&view.say("servers"), list(&visit, &servers, &current)))
                p.hint { (view.say("monitoring-refreshed")) " " time { (view.zone.second(visit.now_ns())) } }
            }
        },
    ))
}

/// How a server is.
pub(super) fn state(view: &View, server: &Server, current: &[Current], now_ns: i64) -> Markup {
    let worst = current
        .iter()
        .filter(|one| one.server == server.id)
        .map(|one| one.standing.level)
        .max()
        .unwrap_or(Level::Normal);
    match server.kind.as_str() {
        "node" if server.ended_ns.is_some() => ui::badge(Tone::Quiet, &view.say("server-ended")),
        "node" if !server.is_alive(now_ns) => ui::badge(Tone::Bad, &view.say("server-missing")),
        _ => level(view, worst),
    }
}

fn list(visit: &Visit, servers: &[Server], current: &[Current]) -> Markup {
    let view = visit.view();
    let columns = [
        Column::new("name", view.say("thing-name")),
        Column::new("state", view.say("state")),
        Column::new("cpu", view.say("alarm-metric-cpu")),
        Column::new("memory", view.say("alarm-metric-memory")),
        Column::new("disk", view.say("alarm-metric-disk")),
        Column::new("answer", view.say("alarm-metric-answer")),
        Column::new("heartbeat", view.say("server-heartbeat")),
        Column::new("version", view.say("server-version")),
    ];
    let figure = |server: &Server, word: &str| {
        let of = |one: &&Current| one.server == server.id && one.metric.split(':').next() == Some(word);
        let values = current
            .iter()
            .filter(of)
            .map(|one| one.value.unwrap_or(f64::INFINITY));
        let worst = values.fold(f64::NEG_INFINITY, f64::max);
        let unit = metric(word).map_or("", |metric| metric.unit);
        html! { @if worst.is_finite() { (chart::value(worst, unit)) } @else { "—" } }
    };
    let rows: Vec<Vec<Markup>> = servers
        .iter()
        .map(|server| {
            vec![
                html! { div {
                    a href=(format!("/platform/monitoring/servers/{}", server.id)) { (server.name) }
                    br; small { (view.say(&format!("alarm-server-{}", server.kind))) }
                } },
                state(view, server, current, visit.now_ns()),
                figure(server, "cpu"),
                figure(server, "memory"),
                figure(server, "disk"),
                figure(server, "answer"),
                html! { @if server.heartbeat_ns > 0 { time { (view.zone.second(server.heartbeat_ns)) } } @else { "—" } },
                html! { @if server.version.is_empty() { "—" } @else { (server.version) } },
            ]
        })
        .collect();
    ui::table(view, "servers", &columns, &rows)
}

/// Alarms as a table; those that nobody acknowledged can be.
async fn table(visit: &Visit, alarms: &[Alarm]) -> Result<Markup> {
    let view = visit.view();
    let readers = visit.platform().readers();
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    let mut rows = Vec::with_capacity(alarms.len());
    for alarm in alarms {
        if let Some(by) = alarm.acknowledged_by
            && !names.contains_key(&by)
        {
            let account = people::one(readers, by).await?;
            names.insert(by, account.map_or("—".to_owned(), |account| account.name));
        }
        let about = about(readers, &alarm.subject).await?;
        rows.push(row(view, alarm, &about, &names));
    }
    let columns = [
        Column::new("severity", view.say("alarm-severity")),
        Column::new("what", view.say("alarm-what")),
        Column::new("about", view.say("about")),
        Column::new("since", view.say("since")),
        Column::new("last", view.say("alarm-last")),
        Column::new("seen", view.say("alarm-acknowledged")),
    ];
    Ok(ui::table(view, "alarms", &columns, &rows))
}

fn row(view: &View, alarm: &Alarm, about: &str, names: &BTreeMap<i64, String>) -> Vec<Markup> {
    let page = alarm
        .subject
        .split('/')
        .next()
        .and_then(|server| server.strip_prefix("server:"));
    vec![
        html! { div { (severity(view, alarm)) @if alarm.is_flapping { " " (ui::badge(Tone::Attention, &view.say("alarm-flapping"))) } } },
        html! { div { (sentence(view, alarm.kind)) @if !alarm.detail.is_empty() { br; small { (alarm.detail) } } } },
        html! { @match page {
            Some(id) => a href=(format!("/platform/monitoring/servers/{id}")) { (about) },
            None => (about),
        } },
        view.time(alarm.first_ns),
        html! { div { @match alarm.cleared_ns {
            Some(cleared_ns) => { (view.say("alarm-level-over")) " " (view.time(cleared_ns)) },
            None => { (view.time(alarm.last_ns)) " × " (alarm.count) },
        } } },
        html! { div { @match (alarm.acknowledged_ns, alarm.cleared_ns) {
            (Some(at_ns), _) => {
                (alarm.acknowledged_by.and_then(|by| names.get(&by)).map_or("—", String::as_str)) " " (view.time(at_ns))
            },
            (None, Some(_)) => "—",
            (None, None) => (ui::small_form(view, &format!("/platform/monitoring/alarms/{}/acknowledge", alarm.id), &view.say("alarm-acknowledge"), "", None)),
        } } },
    ]
}

/// What is wrong.
pub(crate) fn sentence(view: &View, kind: Kind) -> String {
    view.say(&format!("alarm-{}", kind.word())).into_owned()
}

pub(super) async fn alarms(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    may(&visit).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let before: Option<i64> = query.get("after").parse().ok();
    let found = store::list(visit.platform().readers(), before, PAGE).await?;
    let pager = Pager {
        base: "/platform/monitoring/alarms".to_owned(),
        next: found
            .last()
            .filter(|_| found.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: before.is_some(),
    };
    let table = table(&visit, &found).await?;
    Ok(ui::page(
        &visit,
        &view.say("alarms-all"),
        html! {
            h1 { (view.say("alarms-all")) }
            @if found.is_empty() { (ui::empty(&view.say("alarms-none"), None)) } @else { (table) }
            (ui::pager(view, &pager))
        },
    ))
}

pub(super) async fn acknowledge(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    may(&visit).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    let alarm = store::one(&*change, id).await?.ok_or(Error::NotFound)?;
    if alarm.acknowledged_ns.is_none() {
        store::acknowledge(&*change, id, visit.person()?.account(), visit.now_ns()).await?;
        let mut entry = visit.entry("alarm.acknowledged");
        entry.subject = Some(format!("alarm:{id}"));
        change.record(entry).await?;
    }
    change.lead_to("/platform/monitoring").await
}
