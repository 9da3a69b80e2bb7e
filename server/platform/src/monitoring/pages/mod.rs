//! The pages of monitoring: what is wrong, the servers, who is on call. For the system administrator.

mod calls;
mod overview;
mod server;

use axum::Router;
use axum::routing::{get, post};
use database::Connection;
use maud::Markup;

use super::limits::{Level, metric};
use super::{Alarm, Severity, servers};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Tone, View};
use crate::web::Visit;
use crate::{Platform, Result};

pub(super) fn router() -> Router<Platform> {
    let at = |path: &str| format!("/platform/monitoring{path}");
    Router::new()
        .route(&at(""), get(overview::show))
        .route(&at("/alarms"), get(overview::alarms))
        .route(&at("/alarms/{id}/acknowledge"), post(overview::acknowledge))
        .route(&at("/servers"), post(server::add))
        .route(&at("/servers/new"), get(server::new))
        .route(&at("/servers/{id}"), get(server::show).post(server::change))
        .route(&at("/servers/{id}/remove"), post(server::remove))
        .route(
            &at("/servers/{id}/thresholds/{metric}"),
            get(server::thresholds).post(server::set_thresholds),
        )
        .route(
            &at("/servers/{id}/thresholds/{metric}/reset"),
            post(server::reset),
        )
        .route(&at("/on-call"), get(calls::show).post(calls::put))
        .route(&at("/on-call/{person}/remove"), post(calls::remove))
}

async fn may(visit: &Visit) -> Result<()> {
    visit.may(Action::MonitoringView, Resource::Platform).await
}

/// What an alarm is about, as people call it: the name of a server, and of what of it.
pub(crate) async fn about(connection: &impl Connection, subject: &str) -> Result<String> {
    let (server, part) = subject.split_once('/').unwrap_or((subject, ""));
    let id = server.strip_prefix("server:").and_then(|id| id.parse().ok());
    let name = match id {
        Some(id) => servers::one(connection, id).await?.map(|server| server.name),
        None => None,
    };
    let name = name.unwrap_or_else(|| server.to_owned());
    let part = part.split_once(':').map_or("", |(_, part)| part);
    Ok(if part.is_empty() {
        name
    } else {
        format!("{name} · {part}")
    })
}

/// The name of a metric.
fn metric_name(view: &View, name: &str) -> String {
    let (word, part) = name.split_once(':').unwrap_or((name, ""));
    let words = match metric(word) {
        Some(metric) => view.say(&format!("alarm-metric-{}", metric.word)).into_owned(),
        None => word.to_owned(),
    };
    if part.is_empty() {
        words
    } else {
        format!("{words} · {part}")
    }
}

fn level(view: &View, level: Level) -> Markup {
    let (tone, words) = match level {
        Level::Normal => (Tone::Good, "alarm-level-normal"),
        Level::Warning => (Tone::Attention, "alarm-level-warning"),
        Level::Critical => (Tone::Bad, "alarm-level-critical"),
    };
    ui::badge(tone, &view.say(words))
}

fn severity(view: &View, alarm: &Alarm) -> Markup {
    match alarm.severity {
        _ if alarm.cleared_ns.is_some() => ui::badge(Tone::Quiet, &view.say("alarm-level-over")),
        Severity::Warning => level(view, Level::Warning),
        Severity::Critical => level(view, Level::Critical),
    }
}
