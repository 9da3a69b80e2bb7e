//! The page around a viewer.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use pacs::access;
use pacs::http::App;
use pacs::index::{StudyRow, StudySearch};

use super::model::{Asked, Tools};
use crate::studies::{self, Asking, TOGETHER, is_uid};
use crate::ui;
use crate::web::{Fields, Visit, asset, layers};
use crate::{Error, Result};

/// Where the element's script is.
const ELEMENT: &str = "/viewer/element/nm-viewer.js";

pub(super) fn router() -> Router<App> {
    Router::new().route("/view/{study}", get(view))
}

async fn view(
    visit: Visit,
    asking: Asking,
    State(archive): State<App>,
    Path(study_uid): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let look = access::Action::Retrieve;
    visit.person()?;
    if !is_uid(&study_uid) {
        return Err(Error::NotFound);
    }
    let within = studies::may(&visit, &asking, look, Some(&study_uid)).await?;
    let asked = Asked::read(study_uid, &Fields::parse(query.unwrap_or_default().as_bytes())?)?;
    if asked.with.len() >= TOGETHER {
        return Err(studies::too_many(&visit, asked.with.len() + 1));
    }
    // Each is looked at, and each is there or nothing is shown.
    for other in &asked.with {
        studies::may(&visit, &asking, look, Some(other)).await?;
    }
    let search = StudySearch::of(asked.study_uids());
    let found = archive
        .archive()
        .index()
        .studies(&search, within, None, TOGETHER as u64)
        .await?;
    let current = found.iter().find(|study| study.study_uid == asked.study_uid);
    let page = page(&visit, &asked, current.ok_or(Error::NotFound)?)?;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, layers::viewer_policy()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, page).into_response())
}

fn page(visit: &Visit, asked: &Asked, current: &StudyRow) -> Result<Markup> {
    let view = visit.view();
    let held = &visit.person()?.permitted().permissions;
    let tools = asked.tools(Tools::of(held));
    let studies: Vec<&str> = asked.study_uids().collect();
    let of_patient = |hides_patient| Asked {
        hides_patient,
        ..asked.clone()
    };
    let second = Asked {
        is_second: true,
        ..asked.clone()
    };
    let screen = if asked.is_second { "2" } else { "1" };
    // Neither the title nor the tab says whose images these are.
    Ok(ui::full(
        visit,
        &view.say("viewing"),
        html! {
            header.slim {
                @if !asked.is_second { a href="/studies" { "‹ " (view.say("studies")) } }
                @if asked.hides_patient {
                    span.who { (view.say("viewing-hidden")) }
                } @else {
                    span.who {
                        strong { (current.name) } " " (current.patient_id) " "
                        span.more { (studies::sex_and_age(view, current)) " · " (studies::moment(&current.date, &current.time)) " · " (current.description) }
                    }
                }
                @if studies.len() > 1 {
                    span.more { (view.say_with("viewing-with", &[("count", (studies.len() as i64 - 1).into())])) }
                }
                (crate::help::link(visit))
                nav aria-label=(view.say("viewing-page")) {
                    a href=(of_patient(!asked.hides_patient).address()) {
                        (view.say(if asked.hides_patient { "viewing-show" } else { "viewing-hide" }))
                    }
                    @if !asked.is_second {
                        a.more href=(second.address()) target="uptake-viewer-2" rel="opener" { (view.say("viewing-second")) }
                    }
                }
            }
            nm-viewer
                study=(studies.join(" "))
                series=[&asked.series_uid]
                lang=(view.language.tag())
                tools=(tools.word())
                screen=(screen)
                session=[&asked.session]
                patient=[asked.hides_patient.then_some("hidden")] {
                p.quiet { (view.say("viewing-begins")) }
                noscript { p { (view.say("viewing-script")) } }
            }
            script type="module" src=(ELEMENT) {}
            script type="module" src=(asset("viewing.js")) {}
        },
    ))
}
