//! Help: a page for each screen and guides for administrators, doctors and directors, in both languages (NFR-03).
//!
//! A page is a file of Markdown, `zh-CN/ID.md` and `en/ID.md`; it is listed in [`TOPICS`]. A screen's ID is made of its route:
//! `/devices/{id}/remove` is `devices-one-remove`, so that every page of the site knows its help. A test fails for a screen
//! without one.

mod pages;
mod text;
mod topics;

#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use pages::link;
pub(crate) use topics::{TOPICS, Topic};

use crate::Platform;

pub(crate) fn router() -> Router<Platform> {
    pages::router()
}

/// The help of a route, as `/devices/{id}`; none where there is none.
pub(crate) fn topic_of(route: &str) -> Option<&'static Topic> {
    let id = screen(route);
    TOPICS.iter().find(|topic| topic.id == id)
}

/// The ID of a route's screen.
pub(crate) fn screen(route: &str) -> String {
    let parts = route.split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts
        .map(|part| if part.starts_with('{') { "one" } else { part })
        .collect();
    if parts.is_empty() {
        "home".to_owned()
    } else {
        parts.join("-")
    }
}
