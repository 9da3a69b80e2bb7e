//! Tables and their pages.

use maud::{Markup, html};

use super::View;

/// A column of a table: its key for the chooser, and its heading.
#[derive(Debug, Clone)]
pub struct Column {
    key: &'static str,
    heading: String,
}

impl Column {
    /// A column.
    #[must_use]
    pub fn new(key: &'static str, heading: impl Into<String>) -> Self {
        Self {
            key,
            heading: heading.into(),
        }
    }
}

/// A table. On a phone each row is a card that names its cells. `name` is what the columns that a person chose are kept
/// under.
#[must_use]
pub fn table(view: &View, name: &str, columns: &[Column], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.table data-table=(name) data-columns-label=(view.say("columns")) {
            table {
                thead { tr { @for column in columns { th scope="col" data-column=(column.key) { (column.heading) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (column, cell) in columns.iter().zip(row) {
                            td data-column=(column.key) data-label=(column.heading) { (cell) }
                        } }
                    }
                }
            }
        }
    }
}

/// What stands where a list is empty.
#[must_use]
pub fn empty(words: &str, about: Option<Markup>) -> Markup {
    html! {
        div.empty { p { (words) } @if let Some(about) = about { (about) } }
    }
}

/// Which page of a list is shown: lists go on after the last row seen, however long they are.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// The address of the list with what it is searched by, without a cursor.
    pub base: String,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Whether this is a later page.
    pub is_later: bool,
}

/// The way to the next page and back to the first.
#[must_use]
pub fn pager(view: &View, pager: &Pager) -> Markup {
    let joined = if pager.base.contains('?') { '&' } else { '?' };
    html! {
        @if pager.next.is_some() || pager.is_later {
            nav.pager aria-label=(view.say("pages")) {
                @if pager.is_later { a.button href=(pager.base) { (view.say("first-page")) } }
                @if let Some(next) = &pager.next {
                    a.button rel="next" href=(format!("{}{joined}after={next}", pager.base)) { (view.say("next-page")) }
                }
            }
        }
    }
}

/// Names and values.
#[must_use]
pub fn pairs(pairs: &[(&str, Markup)]) -> Markup {
    html! {
        dl.pairs { @for (name, value) in pairs { div { dt { (name) } dd { (value) } } } }
    }
}
