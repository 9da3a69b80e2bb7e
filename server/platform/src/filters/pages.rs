//! The form that a list is asked with, the filters that are kept beside it, and the way to keep another.

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use maud::{Markup, html};

use super::store::{self, Filter};
use super::{LISTS, LONGEST_NAME, MOST, plain};
use crate::permissions::{Action, Resource};
use crate::ui;
use crate::web::{Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/filters", post(keep))
        .route("/filters/{id}/remove", post(remove))
}

/// The form that a list is asked with, and under it the filters that the person keeps of the list.
///
/// # Errors
///
/// The database's.
pub(crate) async fn form(visit: &Visit, list: &str, body: Markup) -> Result<Markup> {
    let view = visit.view();
    let kept = store::of(visit.platform().readers(), visit.person()?.account(), list).await?;
    let asked = plain(&view.query);
    let is_new = asked
        .as_ref()
        .is_some_and(|asked| kept.iter().all(|filter| filter.query != *asked));
    Ok(html! {
        (ui::plain_form(list, body))
        @if is_new || !kept.is_empty() {
            div.filters {
                @if !kept.is_empty() { span.quiet { (view.say("filters")) } }
                @for filter in &kept {
                    span.chip {
                        a href=(format!("{list}?{}", filter.query)) aria-current=[(asked.as_ref() == Some(&filter.query)).then_some("true")] { (filter.name) }
                        form.small method="post" action=(format!("/filters/{}/remove", filter.id)) {
                            input type="hidden" name="once" value=(view.once);
                            button.plain type="submit" aria-label=(view.say_with("filter-remove", &[("name", filter.name.as_str().into())])) { "×" }
                        }
                    }
                }
                @if let Some(asked) = asked.filter(|_| is_new) {
                    details {
                        summary { (view.say("filter-keep")) }
                        (name_form(visit, &Form::default(), list, &asked))
                    }
                }
            }
        }
    })
}

fn name_form(visit: &Visit, form: &Form, list: &str, query: &str) -> Markup {
    let view = visit.view();
    ui::form(
        view,
        "/filters",
        html! {
            (ui::hidden("list", list))
            (ui::hidden("query", query))
            (ui::line(view, form, "filter", &view.say("filter-name"), "text", "off"))
            (ui::submit(&view.say("save")))
        },
    )
}

async fn keep(visit: Visit, fields: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let mut form = Form::new(fields);
    let list = LISTS.iter().find(|list| **list == form.typed("list"));
    let (Some(list), Some(query)) = (list, plain(form.typed("query"))) else {
        return Err(Error::BadRequest(
            "expected a list and what it is asked for".to_owned(),
        ));
    };
    let name = form.name("filter", LONGEST_NAME);
    let change = visit.begin(&form).await?;
    let kept = store::of(&*change, account, list).await?;
    if kept.len() >= MOST && kept.iter().all(|filter| filter.name != name) {
        form.refuse("filter", Wrong::new("wrong-filters").with("most", MOST));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(ui::page(
            &visit,
            &visit.view().say("filter-keep"),
            html! {
                h1 { (visit.view().say("filter-keep")) }
                section.card.narrow { (name_form(&visit, &form, list, &query)) }
            },
        ))));
    }
    let location = format!("{list}?{query}");
    let filter = Filter {
        id: 0,
        list: (*list).to_owned(),
        name,
        query,
    };
    store::keep(&*change, account, &filter).await?;
    change.lead_to(location).await
}

async fn remove(visit: Visit, Path(id): Path<i64>, fields: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    let list = store::remove(&*change, account, id)
        .await?
        .ok_or(Error::NotFound)?;
    change.lead_to(list).await
}
