//! The pages of the outbox: which ways are connected, what was sent, what waits to be passed on by a person.
//!
//! Looking at what a message says is an entry of the journal. Codes and links are shown only while no provider of their
//! channel is connected: that is how a small site passes them on.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::Value;

use super::store::{self, Kept};
use super::{Channel, TEMPLATES, can_say, is_connected, templates, text};
use crate::filters;
use crate::jobs::{chooser, why};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Fields, Visit};
use crate::{Error, Platform, Result};

/// Messages of a page.
const PAGE: u32 = 50;
const STATES: [&str; 6] = [
    "not-connected",
    "unknown",
    "failed",
    "waiting",
    "sent",
    "cancelled",
];
/// What stands in the place of a code or a link.
const HIDDEN: &str = "••••••";

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/outbox", get(list))
        .route("/platform/outbox/{id}", get(show))
        .route("/platform/outbox/{id}/content", get(content))
}

fn state(view: &View, state: &str) -> Markup {
    let tone = match state {
        "sent" => Tone::Good,
        "not-connected" | "unknown" => Tone::Attention,
        "failed" => Tone::Bad,
        _ => Tone::Quiet,
    };
    ui::badge(tone, &view.say(&format!("outbox-state-{state}")))
}

fn template(view: &View, word: &str) -> String {
    let key = format!("outbox-template-{word}");
    match view.language.has(&key) {
        true => view.say(&key).into_owned(),
        false => word.to_owned(),
    }
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let wanted = STATES.into_iter().find(|state| *state == query.get("state"));
    let channel = Channel::from_word(query.get("channel")).map(Channel::word);
    let before: Option<i64> = query.get("after").parse().ok();
    let messages = store::list(visit.platform().readers(), channel, wanted, before, PAGE).await?;
    let pager = Pager {
        base: format!(
            "/platform/outbox?state={}&channel={}",
            wanted.unwrap_or(""),
            channel.unwrap_or("")
        ),
        next: messages
            .last()
            .filter(|_| messages.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: before.is_some(),
    };
    let states = STATES.map(|word| (word, view.say(&format!("outbox-state-{word}")).into_owned()));
    let channels = Channel::ALL.map(|one| (one.word(), channel_name(view, one.word())));
    Ok(ui::page(
        &visit,
        &view.say("outbox"),
        html! {
            h1 { (view.say("outbox")) }
            (connections(&visit))
            (filters::form(&visit, "/platform/outbox", html! {
                (chooser(view, "state", &view.say("state"), &states, wanted))
                (chooser(view, "channel", &view.say("outbox-channel"), &channels, channel))
                button type="submit" { (view.say("search")) }
            }).await?)
            @if messages.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (table(view, &messages)) }
            (ui::pager(view, &pager))
        },
    ))
}

fn channel_name(view: &View, channel: &str) -> String {
    view.say(&format!("outbox-channel-{channel}")).into_owned()
}

/// Which ways are connected, and what cannot be said by them.
fn connections(visit: &Visit) -> Markup {
    let (view, platform) = (visit.view(), visit.platform());
    let of = |channel: Channel| {
        let missing: Vec<String> = TEMPLATES
            .iter()
            .filter(|template| {
                template.channels.contains(&channel) && !can_say(platform, channel, template.word)
            })
            .map(|one| template(view, one.word))
            .collect();
        html! {
            @match platform.providers().of(channel) {
                None => (ui::badge(Tone::Attention, &view.say("outbox-not-connected"))),
                Some(provider) => {
                    (ui::badge(Tone::Good, &view.say("outbox-connected"))) " " (view.say(&format!("outbox-provider-{}", provider.name())))
                    @if !missing.is_empty() {
                        br; small { (view.say("outbox-no-template")) " " (missing.join("、")) }
                    }
                },
            }
        }
    };
    let pairs: Vec<(String, Markup)> = Channel::ALL
        .iter()
        .map(|channel| (channel_name(view, channel.word()), of(*channel)))
        .collect();
    let pairs: Vec<(&str, Markup)> = pairs
        .iter()
        .map(|(name, markup)| (name.as_str(), markup.clone()))
        .collect();
    ui::card(
        &view.say("outbox-ways"),
        html! { (ui::pairs(&pairs)) p.hint { (view.say("outbox-about")) } },
    )
}

fn table(view: &View, messages: &[Kept]) -> Markup {
    let columns = [
        Column::new("id", view.say("outbox-number")),
        Column::new("template", view.say("outbox-template")),
        Column::new("channel", view.say("outbox-channel")),
        Column::new("state", view.say("state")),
        Column::new("error", view.say("job-error")),
        Column::new("created", view.say("time")),
    ];
    let rows: Vec<Vec<Markup>> = messages
        .iter()
        .map(|kept| {
            vec![
                html! { a href=(format!("/platform/outbox/{}", kept.id)) { (kept.id) } },
                html! { (template(view, &kept.template)) },
                html! { (channel_name(view, &kept.channel)) },
                state(view, &kept.state),
                html! { @match &kept.error { Some(error) => (why(view, error)), None => "—" } },
                view.time(kept.created_ns),
            ]
        })
        .collect();
    ui::table(view, "outbox", &columns, &rows)
}

async fn one(visit: &Visit, id: i64) -> Result<Kept> {
    visit.may(Action::JobsEdit, Resource::Platform).await?;
    store::one(visit.platform().readers(), id)
        .await?
        .ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let kept = one(&visit, id).await?;
    Ok(page(&visit, &kept, None))
}

/// What a message says and whom it goes to: looked at, and that it was.
async fn content(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let kept = one(&visit, id).await?;
    let mut entry = visit.entry("message.opened");
    entry.subject = Some(format!("message:{id}"));
    visit.platform().recorder().record(entry).await?;
    let view = visit.view();
    let Some(opened) = kept.open(visit.platform())? else {
        return Ok(page(
            &visit,
            &kept,
            Some(html! { p.quiet { (view.say("outbox-removed")) } }),
        ));
    };
    let channel = Channel::from_word(&kept.channel).ok_or(Error::NotFound)?;
    let is_secret = templates::of(&kept.template).is_none_or(|template| template.is_secret);
    let is_hidden = is_secret && is_connected(visit.platform(), channel);
    let arguments = match is_hidden {
        true => hidden(&opened.arguments),
        false => opened.arguments,
    };
    let words = text(kept.language, &kept.template, &arguments);
    let body = html! {
        @if is_hidden { p.quiet { (view.say("outbox-hidden")) } }
        (ui::pairs(&[
            (&view.say("outbox-recipient"), html! { (opened.to) }),
            (&view.say("outbox-text"), html! { (ui::lines(&words)) }),
        ]))
    };
    Ok(page(&visit, &kept, Some(body)))
}

/// Codes and links taken out.
fn hidden(arguments: &Value) -> Value {
    let names = arguments.as_object().into_iter().flatten();
    let one = |(name, value): (&String, &Value)| match name.as_str() {
        "code" | "link" => (name.clone(), Value::from(HIDDEN)),
        _ => (name.clone(), value.clone()),
    };
    Value::Object(names.map(one).collect())
}

fn page(visit: &Visit, kept: &Kept, content: Option<Markup>) -> Markup {
    let view = visit.view();
    let text = |text: &Option<String>| html! { (text.as_deref().unwrap_or("—")) };
    let title = template(view, &kept.template);
    ui::page(
        visit,
        &title,
        html! {
            h1 { (title) }
            (ui::card(&view.say("outbox-message"), ui::pairs(&[
                (&view.say("outbox-number"), html! { (kept.id) }),
                (&view.say("outbox-channel"), html! { (channel_name(view, &kept.channel)) }),
                (&view.say("state"), state(view, &kept.state)),
                (&view.say("job-error"), html! { @match &kept.error { Some(error) => (why(view, error)), None => "—" } }),
                (&view.say("time"), view.time(kept.created_ns)),
                (&view.say("outbox-until"), view.time_if(kept.until_ns)),
                (&view.say("job-ended"), view.time_if(kept.ended_ns)),
                (&view.say("outbox-provider"), text(&kept.provider)),
                (&view.say("outbox-provider-number"), text(&kept.provider_number)),
                (&view.say("job-person"), html! { (kept.person.map_or("—".to_owned(), |person| person.to_string())) }),
                (&view.say("job"), html! { @match kept.job { Some(job) => a href=(format!("/platform/jobs/{job}")) { (job) }, None => "—" } }),
            ])))
            (ui::card(&view.say("outbox-content"), html! {
                @match content {
                    Some(content) => (content),
                    None => {
                        p.quiet { (view.say("outbox-content-about")) }
                        p { (ui::button_link(&format!("/platform/outbox/{}/content", kept.id), &view.say("outbox-open"), false)) }
                    },
                }
            }))
            p.links { a href="/platform/outbox" { (view.say("outbox")) } }
        },
    )
}
