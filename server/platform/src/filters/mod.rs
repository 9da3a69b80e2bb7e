//! Filters of lists that people keep under a name of their own: what a list was asked for, as its address says it. They are
//! the person's, in every browser, and seen by nobody else.

mod pages;
mod store;

#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use pages::form;

use crate::Platform;

/// The lists whose filters can be kept, by their paths.
const LISTS: &[&str] = &[
    "/devices",
    "/dictionary",
    "/dockings",
    "/log",
    "/members",
    "/platform/accounts",
    "/platform/audit",
    "/platform/clients",
    "/platform/dictionary",
    "/platform/jobs",
    "/platform/organisations",
    "/platform/outbox",
    "/platform/support",
    "/platform/verification",
    "/publishing",
    "/studies",
];
/// Filters of one list and person at most.
const MOST: usize = 20;
/// Characters of a name at most.
const LONGEST_NAME: usize = 30;
/// Bytes of what a list is asked for at most.
const LONGEST_QUERY: usize = 1000;

pub(crate) fn router() -> Router<Platform> {
    pages::router()
}

/// What a list is asked for, in one form: without fields that are empty, and without the page; `None` where that is nothing
/// or too long to be kept.
fn plain(query: &str) -> Option<String> {
    let fields = form_urlencoded::parse(query.as_bytes());
    let asked = fields.filter(|(name, value)| !value.is_empty() && name != "after");
    let plain = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked)
        .finish();
    (!plain.is_empty() && plain.len() <= LONGEST_QUERY).then_some(plain)
}
