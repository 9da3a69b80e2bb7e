//! The pages of help, for everybody: what they say is no secret.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::get;
use maud::{Markup, html};

use super::topics::{GUIDES, TOPICS, Topic};
use super::{text, topic_of};
use crate::ui;
use crate::web::{Fields, Visit};
use crate::{Error, Platform, Result};

/// Words of a search at most.
const WORDS: usize = 8;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/help", get(contents))
        .route("/help/search", get(search))
        .route("/help/{screen}", get(show))
}

fn framed(visit: &Visit, title: &str, body: Markup) -> Markup {
    match visit.signed() {
        Some(_) => ui::page(visit, title, body),
        None => ui::bare(visit, title, body),
    }
}

fn searched(visit: &Visit, words: &str) -> Markup {
    let view = visit.view();
    ui::plain_form(
        "/help/search",
        ui::search(view, "q", words, &view.say("help-search")),
    )
}

fn list(visit: &Visit, topics: &[&Topic]) -> Markup {
    let language = visit.view().language;
    html! {
        ul.topics { @for topic in topics { li { a href=(format!("/help/{}", topic.id)) { (text::title(topic.text(language))) } } } }
    }
}

async fn contents(visit: Visit) -> Result<Markup> {
    let view = visit.view();
    let (guides, screens): (Vec<&Topic>, Vec<&Topic>) =
        TOPICS.iter().partition(|topic| GUIDES.contains(&topic.id));
    let is_of_platform = |topic: &&Topic| topic.id.starts_with("platform-");
    let (platform, others): (Vec<&Topic>, Vec<&Topic>) = screens.into_iter().partition(is_of_platform);
    Ok(framed(
        &visit,
        &view.say("help"),
        html! {
            div.help {
                h1 { (view.say("help")) }
                (searched(&visit, ""))
                (ui::card(&view.say("help-guides"), list(&visit, &guides)))
                (ui::card(&view.say("help-screens"), list(&visit, &others)))
                (ui::card(&view.say("help-platform"), list(&visit, &platform)))
                @if visit.signed().is_some() { p { a href="/support" { (view.say("help-ask")) } } }
            }
        },
    ))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Markup> {
    let topic = TOPICS.iter().find(|topic| topic.id == id);
    let text = topic.ok_or(Error::NotFound)?.text(visit.view().language);
    let view = visit.view();
    Ok(framed(
        &visit,
        text::title(text),
        html! {
            div.help {
                p { a href="/help" { (view.say("help")) } }
                article.card.prose { (text::rendered(text)) }
                @if visit.signed().is_some() { p { a href="/support" { (view.say("help-ask")) } } }
            }
        },
    ))
}

async fn search(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let typed: String = fields.get("q").chars().take(100).collect();
    let words = typed.split_whitespace().take(WORDS).map(str::to_lowercase);
    let words: Vec<String> = words.collect();
    let view = visit.view();
    let mut found: Vec<(usize, &Topic)> = TOPICS
        .iter()
        .filter(|_| !words.is_empty())
        .map(|topic| (text::rank(topic.text(view.language), &words), topic))
        .filter(|(rank, _)| *rank > 0)
        .collect();
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    Ok(framed(
        &visit,
        &view.say("help"),
        html! {
            div.help {
                h1 { (view.say("help")) }
                (searched(&visit, &typed))
                @if found.is_empty() { (ui::empty(&view.say("none-found"), None)) }
                @for (_, topic) in &found {
                    @let text = topic.text(view.language);
                    section.card {
                        h2 { a href=(format!("/help/{}", topic.id)) { (text::title(text)) } }
                        p.quiet { (text::excerpt(text, &words)) }
                    }
                }
                p { a href="/help" { (view.say("help-contents")) } }
            }
        },
    ))
}

/// The way from a page to its help.
pub(crate) fn link(visit: &Visit) -> Markup {
    let view = visit.view();
    let topic = topic_of(&view.route);
    let href = topic.map_or("/help".to_owned(), |topic| format!("/help/{}", topic.id));
    html! { a.tool href=(href) aria-label=(view.say("help")) title=(view.say("help")) { (ui::icon("help")) } }
}
