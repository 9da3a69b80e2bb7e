//! The list of studies, and what every list of studies is put together of.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use maud::{Markup, html};
use pacs::access;
use pacs::http::App;
use pacs::index::StudyRow;

use super::{Asked, Asking, TOGETHER, is_uid, may};
use crate::organisations::CATEGORIES;
use crate::permissions::{Action, Resource, Study};
use crate::publishing::{self, State as Standing};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Done, Fields, Visit};
use crate::{Error, Result, filters};

/// Studies of a page.
pub(crate) const PAGE: usize = 50;

/// [`TOGETHER`], as it stands in sentences.
const MOST: i64 = TOGETHER as i64;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/studies", get(list))
        .route("/studies/open", get(open))
}

async fn list(
    visit: Visit,
    asking: Asking,
    State(archive): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Markup> {
    let within = may(&visit, &asking, access::Action::Find, None).await?;
    let asked = Asked::read(&Fields::parse(query.unwrap_or_default().as_bytes())?)?;
    let index = archive.archive().index();
    let limit = PAGE as u64 + 1;
    let mut studies = index
        .studies(&asked.search, within, asked.after.clone(), limit)
        .await?;
    let pager = pager(&mut studies, &asked, asked.address("/studies", &[]));
    let anything = Study::default();
    let can = |action| visit.can(action, &Resource::Study(&anything));
    let standings = match can(Action::StudyUnpublished) {
        true => Some(publishing::states_of(&visit, index, &studies).await?),
        false => None,
    };
    let view = visit.view();
    let rows: Vec<Vec<Markup>> = studies
        .iter()
        .map(|study| {
            let standing = standings.as_ref().map(|all| all.get(&study.study_uid).copied());
            row(view, study, standing)
        })
        .collect();
    let back = asked.address("/studies", &[]);
    let search = filters::form(&visit, "/studies", search_form(view, &asked, html! {})).await?;
    Ok(ui::page(
        &visit,
        &view.say("studies"),
        html! {
            div.head {
                h1 { (view.say("studies")) }
                @if can(Action::StudyPublish) { (ui::button_link("/publishing", &view.say("publishing"), false)) }
            }
            (search)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else {
                form.picks method="get" action="/studies/open" {
                    (ui::table(view, "studies", &columns(view, standings.is_some()), &rows))
                    div.row {
                        button.main type="submit" { (view.say("study-open-together")) }
                        @if can(Action::StudyPublish) { (publishing::decisions(view, &back)) }
                        span.quiet { (view.say_with("study-together-about", &[("most", MOST.into())])) }
                    }
                }
            }
            (ui::pager(view, &pager))
        },
    ))
}

/// Cuts a list to its page; gives the way to the next.
pub(crate) fn pager(studies: &mut Vec<StudyRow>, asked: &Asked, base: String) -> Pager {
    let has_more = studies.len() > PAGE;
    studies.truncate(PAGE);
    let last = studies.last().filter(|_| has_more);
    Pager {
        base,
        next: last.map(|last| last.cursor.to_text()),
        is_later: asked.after.is_some(),
    }
}

/// The fields that a list of studies is asked with, and those of its own.
pub(crate) fn search_form(view: &View, asked: &Asked, own: Markup) -> Markup {
    let line = |name: &str, key: &str, kind: &str| {
        html! { label.paired { span { (view.say(key)) } input type=(kind) name=(name) value=(asked.get(name)) maxlength="64"; } }
    };
    let modality = asked.get("modality").to_ascii_uppercase();
    html! {
        (ui::search(view, "q", asked.get("q"), &view.say("study-search")))
        (line("from", "study-from", "date"))
        (line("to", "study-to", "date"))
        label.paired { span { (view.say("study-modality")) }
            select name="modality" {
                option value="" { (view.say("all")) }
                @for word in CATEGORIES { option value=(word) selected[word == modality] { (word) } }
            }
        }
        (own)
        details.more open[asked.has(&["id", "accession", "body"])] {
            summary { (view.say("study-more")) }
            div.row {
                (line("id", "patient-id", "text"))
                (line("accession", "accession", "text"))
                (line("body", "body-part", "text"))
            }
        }
    }
}

/// The columns of a list of studies.
pub(crate) fn columns(view: &View, has_standing: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("pick", ""),
        Column::new("patient", view.say("patient")),
        Column::new("sex", view.say("patient-sex-age")),
        Column::new("date", view.say("study-date")),
        Column::new("modality", view.say("study-modality")),
        Column::new("description", view.say("study-description")),
        Column::new("accession", view.say("accession")),
        Column::new("images", view.say("study-images")),
    ];
    if has_standing {
        columns.push(Column::new("standing", view.say("publishing-state")));
    }
    columns
}

/// A row of a list of studies; with how it stands with its publication where the list shows that.
pub(crate) fn row(view: &View, study: &StudyRow, standing: Option<Option<Standing>>) -> Vec<Markup> {
    let nameless = view.say("patient-nameless");
    let name = if study.name.is_empty() {
        nameless.as_ref()
    } else {
        &study.name
    };
    let pick = view.say_with("study-pick", &[("name", name.into())]);
    let mut cells = vec![
        html! { label.pick { input type="checkbox" name="study" value=(study.study_uid) aria-label=(pick); } },
        html! { span { a href=(format!("/view/{}", study.study_uid)) { (name) } " " small.whole { (study.patient_id) } } },
        html! { span.whole { (sex_and_age(view, study)) } },
        html! { span { @for part in moment(&study.date, &study.time).split(' ') { span.whole { (part) } " " } } },
        html! { span.whole { (study.modalities.join(" ")) } },
        html! { (or_dash(&study.description)) },
        html! { (or_dash(&study.accession)) },
        html! { (study.series) " / " (study.instances) },
    ];
    if let Some(standing) = standing {
        cells.push(
            html! { @match standing { Some(standing) => (standing_badge(view, standing)), None => "—" } },
        );
    }
    cells
}

fn standing_badge(view: &View, standing: Standing) -> Markup {
    let tone = match standing {
        Standing::Published => Tone::Good,
        Standing::Scheduled { .. } | Standing::Waiting => Tone::Attention,
        Standing::Unpublished | Standing::Withdrawn => Tone::Quiet,
    };
    let words = view.say(&format!("publishing-state-{}", standing.word()));
    html! {
        span {
            (ui::badge(tone, &words))
            @if let Standing::Scheduled { at_ns } = standing { " " (view.time(at_ns)) }
        }
    }
}

/// Sex and age of a patient, as far as they are known.
pub(crate) fn sex_and_age(view: &View, study: &StudyRow) -> String {
    let sex = match study.sex.as_str() {
        "F" => view.say("sex-female"),
        "M" => view.say("sex-male"),
        _ => "".into(),
    };
    // Age String (PS3.5 6.2): three digits and a letter.
    let age = study.age.split_at_checked(3).and_then(|(digits, unit)| {
        let number: i64 = digits.parse().ok()?;
        let key = match unit {
            "Y" => "age-years",
            "M" => "age-months",
            "W" => "age-weeks",
            "D" => "age-days",
            _ => return None,
        };
        Some(view.say_with(key, &[("number", number.into())]))
    });
    let parts = [sex, age.unwrap_or_default()];
    let parts: Vec<&str> = parts
        .iter()
        .map(AsRef::as_ref)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        "—".to_owned()
    } else {
        parts.join(" ")
    }
}

/// A date and a time as people read them; what is no date is shown as it is.
pub(crate) fn moment(date: &str, time: &str) -> String {
    let digits = |text: &str, from: usize, until: usize| {
        let part = text.get(from..until)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.to_owned())
    };
    let day = || {
        Some(format!(
            "{}-{}-{}",
            digits(date, 0, 4)?,
            digits(date, 4, 6)?,
            digits(date, 6, 8)?
        ))
    };
    let minute = || Some(format!("{}:{}", digits(time, 0, 2)?, digits(time, 2, 4)?));
    match (day(), minute()) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        (Some(day), None) => day,
        (None, _) => or_dash(date).to_owned(),
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "—" } else { text }
}

/// The page that refuses to open none, or too many.
pub(crate) fn too_many(visit: &Visit, found: usize) -> Error {
    let view = visit.view();
    let key = if found == 0 {
        "study-together-none"
    } else {
        "study-together-many"
    };
    let numbers = [
        ("most", MOST.into()),
        ("found", i64::try_from(found).unwrap_or(i64::MAX).into()),
    ];
    Error::Wrong(Box::new(ui::page(
        visit,
        &view.say("studies"),
        html! {
            section.card.narrow {
                h1 { (view.say("study-open-together")) }
                (ui::message(Tone::Bad, &view.say_with(key, &numbers)))
                p { (ui::button_link("/studies", &view.say("studies"), true)) }
            }
        },
    )))
}

async fn open(visit: Visit, asking: Asking, RawQuery(query): RawQuery) -> Result<Done> {
    may(&visit, &asking, access::Action::Find, None).await?;
    let fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let mut chosen: Vec<&str> = Vec::new();
    for study_uid in fields.all("study") {
        if !is_uid(study_uid) {
            return Err(Error::BadRequest("study: expected a UID".to_owned()));
        }
        if !chosen.contains(&study_uid) {
            chosen.push(study_uid);
        }
    }
    match chosen.split_first() {
        Some((first, others)) if others.len() < TOGETHER => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(others.iter().map(|study_uid| ("with", *study_uid)));
            let query = query.finish();
            let joined = if query.is_empty() { "" } else { "?" };
            Ok(Done::to(format!("/view/{first}{joined}{query}")))
        }
        _ => Err(too_many(&visit, chosen.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn dates_and_times_are_read_as_far_as_they_are_some() {
        for (date, time, read) in [
            ("20261130", "093015.25", "2026-11-30 09:30"),
            ("20261130", "0930", "2026-11-30 09:30"),
            ("20261130", "09", "2026-11-30"),
            ("20261130", "", "2026-11-30"),
            ("2026", "0930", "2026"),
            ("十一月三十日", "", "十一月三十日"),
            ("", "0930", "—"),
        ] {
            assert_eq!(moment(date, time), read, "{date} {time}");
        }
    }
}
