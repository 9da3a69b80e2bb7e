//! Dictionaries taken away and brought in as tables of Excel.

use std::collections::{HashMap, HashSet};

use axum::Router;
use axum::extract::{RawQuery, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::model::{self, Entry, Field, Kind};
use super::pages::{Scope, kind_of, kind_words};
use super::sheet::{self, MAX_ROWS, Refused};
use super::store;
use crate::language::Language;
use crate::permissions::Action;
use crate::ui::{self, Column, Tone};
use crate::web::{Done, Fields, Form, Upload, Visit, Wrong};
use crate::{Error, Platform, Result};

/// Wrong rows that are shown.
const SHOWN: usize = 100;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/dictionary/export", get(export_own))
        .route("/dictionary/import", get(ask_own).post(import_own))
        .route("/platform/dictionary/export", get(export_shared))
        .route("/platform/dictionary/import", get(ask_shared).post(import_shared))
}

async fn export_own(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    let scope = Scope::own(&visit, Action::DictionaryView).await?;
    export(&visit, scope, query).await
}

async fn export_shared(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    let scope = Scope::shared(&visit).await?;
    export(&visit, scope, query).await
}

async fn export(visit: &Visit, scope: Scope, query: Option<String>) -> Result<Response> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let kind = kind_of(query.get("kind"));
    let asked = store::Asked {
        kind,
        words: "",
        is_retired: None,
        after: 0,
        limit: u32::try_from(MAX_ROWS).unwrap_or(u32::MAX),
    };
    let entries = store::list(visit.platform().readers(), scope.organisation(), &asked).await?;
    let language = visit.view().language;
    let written = tokio::task::spawn_blocking(move || sheet::write(kind, &entries, language)).await;
    let written = written.map_err(Error::internal)?.map_err(Error::internal)?;
    let mut entry = visit.entry("dictionary.exported");
    entry.detail = Some(serde_json::json!({ "kind": kind.word() }).to_string());
    visit.platform().recorder().record(entry).await?;
    let name = format!("attachment; filename=\"dictionary-{}.xlsx\"", kind.word());
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
        ),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, written).into_response())
}

async fn ask_own(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let scope = Scope::own(&visit, Action::DictionaryEdit).await?;
    ask(&visit, scope, query)
}

async fn ask_shared(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let scope = Scope::shared(&visit).await?;
    ask(&visit, scope, query)
}

fn ask(visit: &Visit, scope: Scope, query: Option<String>) -> Result<Markup> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    Ok(page(visit, scope, kind_of(query.get("kind")), None, &[]))
}

/// What is wrong with a row: its number, the column, why.
type WrongRow = (usize, String, Wrong);

fn page(visit: &Visit, scope: Scope, kind: Kind, wrong: Option<&Wrong>, rows: &[WrongRow]) -> Markup {
    let view = visit.view();
    let columns = [
        Column::new("row", view.say("dictionary-row")),
        Column::new("column", view.say("dictionary-column")),
        Column::new("why", view.say("dictionary-why")),
    ];
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .take(SHOWN)
        .map(|(row, label, why)| {
            vec![
                html! { (row) },
                html! { (label) },
                html! { (why.say(view.language)) },
            ]
        })
        .collect();
    let path = scope.path();
    let word = kind.word();
    let limits = [("rows", i64::try_from(MAX_ROWS).unwrap_or(0).into())];
    ui::page(
        visit,
        &view.say("dictionary-import"),
        html! {
            h1 { (view.say("dictionary-import")) " · " (kind_words(view, kind)) }
            section.card {
                @if let Some(wrong) = wrong { (ui::message(Tone::Bad, &wrong.say(view.language))) }
                @if !cells.is_empty() {
                    (ui::message(Tone::Bad, &view.say("dictionary-import-wrong")))
                    (ui::table(view, "dictionary-import", &columns, &cells))
                }
                p.quiet { (view.say_with("dictionary-import-about", &limits)) }
                p { a href=(format!("{path}/export?kind={word}")) { (view.say("dictionary-import-pattern")) } }
                (ui::file(view, &format!("{path}/import?kind={word}"), "file", &view.say("dictionary-file"), ".xlsx", &view.say("dictionary-import-do")))
            }
        },
    )
}

async fn import_own(visit: Visit, RawQuery(query): RawQuery, sent: Request) -> Result<Done> {
    let scope = Scope::own(&visit, Action::DictionaryEdit).await?;
    import(&visit, scope, query, sent).await
}

async fn import_shared(visit: Visit, RawQuery(query): RawQuery, sent: Request) -> Result<Done> {
    let scope = Scope::shared(&visit).await?;
    import(&visit, scope, query, sent).await
}

/// Brings in a table: all of it, or, where one row is wrong, nothing. The file is read only now that it may come.
async fn import(visit: &Visit, scope: Scope, query: Option<String>, sent: Request) -> Result<Done> {
    let upload = Upload::read(sent, "file").await?;
    let is_over = upload
        .form
        .wrong("file")
        .is_some_and(|wrong| *wrong != Wrong::new("wrong-file-missing"));
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let kind = kind_of(query.get("kind"));
    let file = upload.file;
    let rows = match is_over {
        true => Err(Refused::TooLarge),
        // A table that the crate stumbles over is none.
        false => tokio::task::spawn_blocking(move || sheet::read(kind, &file))
            .await
            .unwrap_or(Err(Refused::NotASheet)),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(refused) => {
            let wrong = said(refused);
            return Err(Error::Wrong(Box::new(page(
                visit,
                scope,
                kind,
                Some(&wrong),
                &[],
            ))));
        }
    };
    let change = visit.begin(&upload.form).await?;
    let (entries, wrong) = read(&*change, scope, kind, rows, visit.now_ns()).await?;
    if !wrong.is_empty() {
        return Err(Error::Wrong(Box::new(page(
            visit,
            scope,
            kind,
            None,
            &labelled(visit, wrong),
        ))));
    }
    for entry in &entries {
        store::put(&*change, entry).await?;
    }
    let mut entry = visit.entry("dictionary.imported");
    entry.detail = Some(serde_json::json!({ "kind": kind.word(), "entries": entries.len() }).to_string());
    change.record(entry).await?;
    change
        .lead_to(format!("{}?kind={}", scope.path(), kind.word()))
        .await
}

fn said(refused: Refused) -> Wrong {
    match refused {
        Refused::NotASheet => Wrong::new("wrong-sheet"),
        Refused::TooLarge => Wrong::new("wrong-sheet-large"),
        Refused::TooManyRows => Wrong::new("wrong-sheet-rows").with("rows", MAX_ROWS),
        Refused::OtherColumns => Wrong::new("wrong-sheet-columns"),
    }
}

fn labelled(visit: &Visit, wrong: Vec<(usize, String, Wrong)>) -> Vec<WrongRow> {
    let say = |key: String| visit.view().say(&key).into_owned();
    wrong
        .into_iter()
        .map(|(row, label, why)| (row, say(label), why))
        .collect()
}

/// Reads rows as entries; gives what is wrong with each row that is, with the key of its column.
async fn read(
    connection: &impl database::Connection,
    scope: Scope,
    kind: Kind,
    rows: Vec<sheet::Row>,
    now_ns: i64,
) -> Result<(Vec<Entry>, Vec<(usize, String, Wrong)>)> {
    let mut known: HashMap<&'static str, HashSet<String>> = HashMap::new();
    for field in kind.fields() {
        if let Field::Reference(other) = field {
            known.insert(
                other.word(),
                store::codes(connection, scope.organisation(), *other).await?,
            );
        }
    }
    let (mut entries, mut wrong, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (number, fields) in rows {
        let mut form = Form::new(fields);
        let mut entry = model::read(&mut form, scope.organisation(), kind);
        entry.retired_ns = is_retired(&mut form).then_some(now_ns);
        if !seen.insert(entry.code.clone()) {
            form.refuse("code", Wrong::new("wrong-code-twice"));
        }
        for (name, codes) in &known {
            let other = Kind::from_word(name).and_then(|other| entry.detail.reference(other));
            if other.is_some_and(|code| !codes.contains(code)) {
                form.refuse(name, Wrong::new("wrong-code-unknown"));
            }
        }
        for (name, key) in labels(kind) {
            if let Some(why) = form.wrong(name) {
                wrong.push((number, key, why.clone()));
            }
        }
        entries.push(entry);
    }
    Ok((entries, wrong))
}

/// Names of fields with the keys of what their columns are called.
fn labels(kind: Kind) -> Vec<(&'static str, String)> {
    let fixed = [
        ("code", "dictionary-code"),
        ("name_zh", "dictionary-name-zh"),
        ("name_en", "dictionary-name-en"),
        ("retired", "dictionary-is-retired"),
    ];
    let fixed = fixed.into_iter().map(|(name, key)| (name, key.to_owned()));
    fixed
        .chain(kind.fields().iter().map(|field| (field.name(), field.label())))
        .collect()
}

fn is_retired(form: &mut Form) -> bool {
    let typed = form.typed("retired").to_owned();
    let is = |key: &str| {
        Language::ALL
            .iter()
            .any(|language| language.say(key) == typed.as_str())
    };
    if typed.is_empty() || is("no") {
        return false;
    }
    if !is("yes") {
        form.refuse("retired", Wrong::new("wrong-choice"));
    }
    true
}
