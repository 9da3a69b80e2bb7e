//! A server: its figures over time, its limits, and what an administrator says of it.

use axum::extract::{Path, RawQuery};
use maud::{Markup, html};

use super::overview::state;
use super::{level, may, metric_name};
use crate::monitoring::figures::{self, SPANS, Span, limits_of};
use crate::monitoring::limits::{Limits, metric};
use crate::monitoring::{Server, alarms, chart, probe, servers};
use crate::ui;
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Result};

async fn server_of(visit: &Visit, id: i64) -> Result<Server> {
    may(visit).await?;
    servers::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)
}

fn path(id: i64) -> String {
    format!("/platform/monitoring/servers/{id}")
}

pub(super) async fn new(visit: Visit) -> Result<Markup> {
    may(&visit).await?;
    Ok(new_page(&visit, &Form::default()))
}

fn new_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::page(
        visit,
        &view.say("server-new"),
        html! {
            h1 { (view.say("server-new")) }
            section.card.narrow {
                p.hint { (view.say("server-new-about")) }
                (ui::form(view, "/platform/monitoring/servers", html! {
                    (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
                    (ui::line(view, form, "address", &view.say("server-address"), "text", "off"))
                    p.hint { (view.say("server-address-about")) }
                    (ui::area(view, form, "notes", &view.say("server-notes")))
                    (ui::submit(&view.say("save")))
                }))
            }
        },
    )
}

async fn read(visit: &Visit, form: &mut Form, id: i64) -> Result<(String, String, String)> {
    let name = form.name("name", 60);
    let address = form.line("address", probe::LONGEST);
    if form.wrong("address").is_none() && !probe::is_address(&address) {
        form.refuse("address", Wrong::new("wrong-server-address"));
    }
    let notes = form.text("notes", 1000).unwrap_or_default();
    if !form.is_wrong() && servers::is_name_taken(visit.platform().readers(), "probe", &name, id).await? {
        form.refuse("name", Wrong::new("wrong-server-name-taken"));
    }
    Ok((name, address, notes))
}

pub(super) async fn add(visit: Visit, fields: Fields) -> Result<Done> {
    may(&visit).await?;
    let mut form = Form::new(fields);
    let (name, address, notes) = read(&visit, &mut form, 0).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(new_page(&visit, &form))));
    }
    let change = visit.begin(&form).await?;
    if servers::is_name_taken(&*change, "probe", &name, 0).await? {
        return Err(Error::Conflict("wrong-server-name-taken"));
    }
    let id = servers::add(&*change, &name, &address, &notes, visit.now_ns()).await?;
    record(&visit, &change, "server.added", id, None).await?;
    change.lead_to(path(id)).await
}

async fn record(
    visit: &Visit,
    change: &crate::web::Change,
    kind: &'static str,
    id: i64,
    detail: Option<String>,
) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("server:{id}"));
    entry.detail = detail;
    change.record(entry).await
}

pub(super) async fn show(visit: Visit, Path(id): Path<i64>, RawQuery(query): RawQuery) -> Result<Markup> {
    let server = server_of(&visit, id).await?;
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let span = SPANS.into_iter().find(|span| span.word == query.get("span"));
    let form = filled(&server);
    page(&visit, &form, &server, span.unwrap_or(SPANS[0])).await
}

fn filled(server: &Server) -> Form {
    Form::filled([
        ("name", server.name.clone()),
        ("address", server.address.clone()),
        ("notes", server.notes.clone()),
    ])
}

async fn page(visit: &Visit, form: &Form, server: &Server, span: Span) -> Result<Markup> {
    let view = visit.view();
    let pictures = pictures(visit, server, span).await?;
    let current = figures::current(visit.platform().readers()).await?;
    let (id, now_ns) = (server.id, visit.now_ns());
    let text = |text: &str| html! { @if text.is_empty() { "—" } @else { (text) } };
    let can_remove = server.kind == "probe" || server.kind == "node" && !server.is_alive(now_ns);
    Ok(ui::page(
        visit,
        &server.name,
        html! {
            div.head { h1 { (server.name) } (state(view, server, &current, now_ns)) }
            nav.tabs aria-label=(view.say("monitoring-span")) {
                @for one in SPANS {
                    a href=(format!("{}?span={}", path(id), one.word)) aria-current=[(one == span).then_some("page")] {
                        (view.say(&format!("alarm-span-{}", one.word)))
                    }
                }
            }
            div #poll-figures hx-get=(format!("{}?span={}", path(id), span.word)) hx-select="#poll-figures" hx-swap="outerHTML" hx-trigger="every 30s" {
                (pictures)
            }
            div.columns {
                (ui::card(&view.say("server"), ui::pairs(&[
                    (&view.say("kind"), html! { (view.say(&format!("alarm-server-{}", server.kind))) }),
                    (&view.say("server-roles"), text(&server.roles)),
                    (&view.say("server-version"), text(&server.version)),
                    (&view.say("server-address"), text(&server.address)),
                    (&view.say("server-started"), view.time(server.started_ns)),
                    (&view.say("server-heartbeat"), view.time_if(Some(server.heartbeat_ns).filter(|at_ns| *at_ns > 0))),
                ])))
                (ui::card(&view.say("edit"), html! {
                    (ui::form(view, &path(id), html! {
                        @if server.kind == "probe" {
                            (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
                            (ui::line(view, form, "address", &view.say("server-address"), "text", "off"))
                        }
                        (ui::area(view, form, "notes", &view.say("server-notes")))
                        (ui::submit(&view.say("save")))
                    }))
                    @if can_remove {
                        p { (ui::small_form(view, &format!("{}/remove", path(id)), &view.say("server-remove"), "danger", Some(&view.say("server-remove-sure")))) }
                    }
                }))
            }
        },
    ))
}

/// Every metric of a server: its value now, its line, its limits.
async fn pictures(visit: &Visit, server: &Server, span: Span) -> Result<Markup> {
    let view = visit.view();
    let readers = visit.platform().readers();
    let now_ns = visit.now_ns();
    let lines = figures::lines(readers, server.id, span, now_ns).await?;
    let set = figures::thresholds(readers, server.id).await?;
    let current = figures::current(readers).await?;
    let own: Vec<_> = current.iter().filter(|one| one.server == server.id).collect();
    Ok(html! {
        @if own.is_empty() { (ui::empty(&view.say("monitoring-none"), None)) }
        div.columns {
            @for one in &own {
                @if let (Some(of), Some(limits)) = (metric(&one.metric), limits_of(&set, &one.metric)) {
                    @let name = metric_name(view, &one.metric);
                    @let points = lines.get(&one.metric).map_or(&[][..], Vec::as_slice);
                    section.card {
                        div.head {
                            h2 { (name) }
                            div.row {
                                strong { @match one.value { Some(value) => (chart::value(value, of.unit)), None => (view.say("monitoring-no-answer")) } }
                                (level(view, one.standing.level))
                            }
                        }
                        (chart::draw(view, &name, of, &limits, points, span, now_ns))
                        div.row {
                            (chart::table(view, of, points, span))
                            a href=(format!("{}/thresholds/{}", path(server.id), one.metric)) {
                                (view.say("threshold")) ": " (chart::value(limits.warning, of.unit)) " / " (chart::value(limits.critical, of.unit))
                            }
                        }
                    }
                }
            }
        }
    })
}

pub(super) async fn change(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let before = server_of(&visit, id).await?;
    let mut form = Form::new(fields);
    let (name, address, notes) = if before.kind == "probe" {
        read(&visit, &mut form, id).await?
    } else {
        // What a process says of itself is its own.
        let notes = form.text("notes", 1000).unwrap_or_default();
        (before.name.clone(), before.address.clone(), notes)
    };
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            page(&visit, &form, &before, SPANS[0]).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    if servers::is_name_taken(&*change, &before.kind, &name, id).await? {
        return Err(Error::Conflict("wrong-server-name-taken"));
    }
    servers::change(&*change, id, &name, &address, &notes).await?;
    record(&visit, &change, "server.changed", id, None).await?;
    change.lead_to(path(id)).await
}

pub(super) async fn remove(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let server = server_of(&visit, id).await?;
    let now_ns = visit.now_ns();
    if server.kind == "site" || server.kind == "node" && server.is_alive(now_ns) {
        return Err(Error::Conflict("conflict-server-runs"));
    }
    let change = visit.begin(&Form::new(fields)).await?;
    servers::remove(&*change, id, now_ns).await?;
    alarms::end_of(&change, &server.subject(), now_ns).await?;
    record(&visit, &change, "server.removed", id, None).await?;
    change.lead_to("/platform/monitoring").await
}

/// The limits of a metric of a server that is measured.
async fn limits(visit: &Visit, id: i64, name: &str) -> Result<(Server, Limits)> {
    let server = server_of(visit, id).await?;
    let readers = visit.platform().readers();
    let current = figures::current(readers).await?;
    let is_measured = current.iter().any(|one| one.server == id && one.metric == name);
    let set = figures::thresholds(readers, id).await?;
    let limits = limits_of(&set, name).filter(|_| is_measured);
    Ok((server, limits.ok_or(Error::NotFound)?))
}

pub(super) async fn thresholds(visit: Visit, Path((id, name)): Path<(i64, String)>) -> Result<Markup> {
    let (server, limits) = limits(&visit, id, &name).await?;
    let form = Form::filled([
        ("warning", limits.warning.to_string()),
        ("critical", limits.critical.to_string()),
        ("margin", limits.margin.to_string()),
        ("samples", limits.samples.to_string()),
    ]);
    Ok(thresholds_page(&visit, &form, &server, &name))
}

fn thresholds_page(visit: &Visit, form: &Form, server: &Server, name: &str) -> Markup {
    let view = visit.view();
    let unit = metric(name).map_or("", |metric| metric.unit);
    let here = format!("{}/thresholds/{name}", path(server.id));
    let labelled = |key: &str| {
        if unit.is_empty() {
            view.say(key).into_owned()
        } else {
            format!("{} ({unit})", view.say(key))
        }
    };
    ui::page(
        visit,
        &view.say("threshold"),
        html! {
            h1 { (metric_name(view, name)) }
            section.card.narrow {
                p { a href=(path(server.id)) { (server.name) } }
                (ui::form(view, &here, html! {
                    (ui::line(view, form, "warning", &labelled("threshold-warning"), "text", "off"))
                    (ui::line(view, form, "critical", &labelled("threshold-critical"), "text", "off"))
                    (ui::line(view, form, "margin", &labelled("threshold-margin"), "text", "off"))
                    (ui::line(view, form, "samples", &view.say("threshold-samples"), "number", "off"))
                    p.hint { (view.say("threshold-about")) }
                    (ui::submit(&view.say("save")))
                }))
                (ui::small_form(view, &format!("{here}/reset"), &view.say("threshold-reset"), "", None))
            }
        },
    )
}

/// A number that is not negative, with a point.
fn decimal(form: &mut Form, name: &str) -> f64 {
    let typed = form.line(name, 20);
    match typed.parse::<f64>() {
        Ok(number) if number.is_finite() && (0.0..=1e9).contains(&number) => number,
        _ => {
            form.refuse(name, Wrong::new("wrong-decimal"));
            0.0
        }
    }
}

pub(super) async fn set_thresholds(
    visit: Visit,
    Path((id, name)): Path<(i64, String)>,
    fields: Fields,
) -> Result<Done> {
    let (server, _) = limits(&visit, id, &name).await?;
    let mut form = Form::new(fields);
    let limits = Limits {
        warning: decimal(&mut form, "warning"),
        critical: decimal(&mut form, "critical"),
        margin: decimal(&mut form, "margin"),
        samples: form.number("samples", 1, 1000),
    };
    let is_low_bad = metric(&name).is_some_and(|metric| metric.is_low_bad);
    let is_ordered = if is_low_bad {
        limits.critical <= limits.warning
    } else {
        limits.critical >= limits.warning
    };
    if !is_ordered {
        form.refuse("critical", Wrong::new("wrong-threshold-order"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(thresholds_page(
            &visit, &form, &server, &name,
        ))));
    }
    let change = visit.begin(&form).await?;
    figures::set_threshold(&*change, id, &name, Some(limits)).await?;
    let detail = serde_json::json!({
        "metric": name, "warning": limits.warning, "critical": limits.critical, "margin": limits.margin, "samples": limits.samples,
    });
    record(&visit, &change, "threshold.changed", id, Some(detail.to_string())).await?;
    change.lead_to(path(id)).await
}

pub(super) async fn reset(
    visit: Visit,
    Path((id, name)): Path<(i64, String)>,
    fields: Fields,
) -> Result<Done> {
    limits(&visit, id, &name).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    figures::set_threshold(&*change, id, &name, None).await?;
    let detail = serde_json::json!({ "metric": name }).to_string();
    record(&visit, &change, "threshold.changed", id, Some(detail)).await?;
    change.lead_to(path(id)).await
}
