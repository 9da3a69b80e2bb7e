//! The pages of dictionaries: an organisation's, and what all share.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::model::{self, Behaviour, Entry, Field, Kind, Rights};
use super::{sheet, store};
use crate::filters;
use crate::organisations::CATEGORIES;
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result};

/// Entries of a page.
const PAGE: u32 = 50;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/dictionary", get(list_own).post(add_own))
        .route("/dictionary/new", get(new_own))
        .route("/platform/dictionary", get(list_shared).post(add_shared))
        .route("/platform/dictionary/new", get(new_shared))
        .route("/dictionary/{id}", get(show).post(change))
        .route("/dictionary/{id}/retire", post(retire))
        .route("/dictionary/{id}/restore", post(restore))
        .route("/dictionary/{id}/remove", post(remove))
}

/// Whose entries a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// An organisation's.
    Own(i64),
    /// Everybody's.
    Shared,
}

impl Scope {
    /// The active organisation's, where it may.
    pub(super) async fn own(visit: &Visit, action: Action) -> Result<Self> {
        let organisation = visit.organisation()?;
        visit.may(action, Resource::Organisation(organisation)).await?;
        Ok(Self::Own(organisation))
    }

    /// What all share, where it may.
    pub(super) async fn shared(visit: &Visit) -> Result<Self> {
        visit
            .may(Action::SharedDictionaryEdit, Resource::Platform)
            .await?;
        Ok(Self::Shared)
    }

    pub(super) fn organisation(self) -> Option<i64> {
        match self {
            Self::Own(organisation) => Some(organisation),
            Self::Shared => None,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Own(_) => "/dictionary",
            Self::Shared => "/platform/dictionary",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Own(_) => "dictionary",
            Self::Shared => "shared-dictionary",
        }
    }

    fn list(self, kind: Kind) -> String {
        format!("{}?kind={}", self.path(), kind.word())
    }
}

/// The kind that a query or a form names, else the first.
pub(super) fn kind_of(word: &str) -> Kind {
    Kind::from_word(word).unwrap_or(Kind::Category)
}

async fn list_own(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let scope = Scope::own(&visit, Action::DictionaryView).await?;
    list(&visit, scope, query).await
}

async fn list_shared(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let scope = Scope::shared(&visit).await?;
    list(&visit, scope, query).await
}

async fn list(visit: &Visit, scope: Scope, query: Option<String>) -> Result<Markup> {
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let kind = kind_of(query.get("kind"));
    let states = ["offered", "retired"];
    let wanted = states.into_iter().find(|state| *state == query.get("state"));
    let asked = store::Asked {
        kind,
        words: query.get("q"),
        is_retired: wanted.map(|state| state == "retired"),
        after: query.get("after").parse().unwrap_or(0),
        limit: PAGE,
    };
    let entries = store::list(visit.platform().readers(), scope.organisation(), &asked).await?;
    let quoted: String = form_urlencoded::byte_serialize(asked.words.as_bytes()).collect();
    let pager = Pager {
        base: format!("{}&q={quoted}&state={}", scope.list(kind), wanted.unwrap_or("")),
        next: entries
            .last()
            .filter(|_| entries.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: asked.after > 0,
    };
    let path = scope.path();
    let word = kind.word();
    Ok(ui::page(
        visit,
        &view.say(scope.title()),
        html! {
            div.head {
                h1 { (view.say(scope.title())) }
                div.row {
                    (ui::button_link(&format!("{path}/export?kind={word}"), &view.say("dictionary-export"), false))
                    (ui::button_link(&format!("{path}/import?kind={word}"), &view.say("dictionary-import"), false))
                    (ui::button_link(&format!("{path}/new?kind={word}"), &view.say("dictionary-new"), true))
                }
            }
            nav.tabs aria-label=(view.say("dictionary-kinds")) {
                @for one in Kind::ALL {
                    a href=(scope.list(one)) aria-current=[(one == kind).then_some("page")] { (kind_words(view, one)) }
                }
            }
            (filters::form(visit, path, html! {
                (ui::hidden("kind", word))
                label { span { (view.say("state")) }
                    select name="state" {
                        option value="" { (view.say("all")) }
                        @for one in states { option value=(one) selected[wanted == Some(one)] { (view.say(&format!("dictionary-state-{one}"))) } }
                    }
                }
                (ui::search(view, "q", asked.words, &view.say("dictionary-search")))
            }).await?)
            @if entries.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (table(view, scope, kind, &entries)) }
            (ui::pager(view, &pager))
        },
    ))
}

pub(super) fn kind_words(view: &View, kind: Kind) -> String {
    view.say(&format!("dictionary-kind-{}", kind.word())).into_owned()
}

fn table(view: &View, scope: Scope, kind: Kind, entries: &[Entry]) -> Markup {
    let mut columns = vec![
        Column::new("code", view.say("dictionary-code")),
        Column::new("name-zh", view.say("dictionary-name-zh")),
        Column::new("name-en", view.say("dictionary-name-en")),
    ];
    columns.extend(
        kind.fields()
            .iter()
            .map(|field| Column::new(field.name(), view.say(&field.label()))),
    );
    columns.push(Column::new("origin", view.say("dictionary-origin")));
    columns.push(Column::new("state", view.say("state")));
    let rows: Vec<Vec<Markup>> = entries.iter().map(|entry| row(view, scope, entry)).collect();
    ui::table(view, &format!("dictionary-{}", kind.word()), &columns, &rows)
}

fn row(view: &View, scope: Scope, entry: &Entry) -> Vec<Markup> {
    let is_own = entry.organisation == scope.organisation();
    let href = match is_own {
        true => format!("/dictionary/{}", entry.id),
        // What is shared is not changed here: an own entry of the same code stands in its place.
        false => format!("/dictionary/new?kind={}&from={}", entry.kind.word(), entry.id),
    };
    let mut cells = vec![
        html! { a href=(href) { code { (entry.code) } } },
        html! { (entry.name_zh) },
        html! { (entry.name_en) },
    ];
    for field in entry.kind.fields() {
        let values = entry.detail.values(*field).into_iter();
        let words: Vec<String> = values
            .map(|value| sheet::value_words(*field, value, view.language))
            .collect();
        cells.push(
            html! { @if words.is_empty() { "—" } @else { (words.join(view.say("between").as_ref())) } },
        );
    }
    let origin = if entry.organisation.is_some() {
        "dictionary-origin-own"
    } else {
        "dictionary-origin-shared"
    };
    cells.push(html! { (view.say(origin)) });
    cells.push(state(view, entry));
    cells
}

fn state(view: &View, entry: &Entry) -> Markup {
    match entry.retired_ns {
        None => ui::badge(Tone::Good, &view.say("dictionary-state-offered")),
        Some(_) => ui::badge(Tone::Quiet, &view.say("dictionary-state-retired")),
    }
}

async fn new_own(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let scope = Scope::own(&visit, Action::DictionaryEdit).await?;
    new(&visit, scope, query).await
}

async fn new_shared(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let scope = Scope::shared(&visit).await?;
    new(&visit, scope, query).await
}

async fn new(visit: &Visit, scope: Scope, query: Option<String>) -> Result<Markup> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let mut kind = kind_of(query.get("kind"));
    let mut form = Form::default();
    if let Ok(from) = query.get("from").parse() {
        // Only what is shared is copied: it is everybody's to see.
        let shared = store::one(visit.platform().readers(), from).await?;
        let shared = shared
            .filter(|entry| entry.organisation.is_none())
            .ok_or(Error::NotFound)?;
        kind = shared.kind;
        form = filled(&shared);
    }
    page(visit, &form, scope, kind, None).await
}

fn filled(entry: &Entry) -> Form {
    let mut pairs = vec![
        ("code", entry.code.clone()),
        ("name_zh", entry.name_zh.clone()),
        ("name_en", entry.name_en.clone()),
    ];
    for field in entry.kind.fields() {
        pairs.extend(
            entry
                .detail
                .values(*field)
                .into_iter()
                .map(|value| (field.name(), value.to_owned())),
        );
    }
    Form::filled(pairs)
}

async fn page(visit: &Visit, form: &Form, scope: Scope, kind: Kind, entry: Option<&Entry>) -> Result<Markup> {
    let view = visit.view();
    let title = entry.map_or_else(
        || view.say("dictionary-new").into_owned(),
        |entry| entry.code.clone(),
    );
    let action = entry.map_or(scope.path().to_owned(), |entry| {
        format!("/dictionary/{}", entry.id)
    });
    let mut more = Vec::new();
    for field in kind.fields() {
        more.push(field_of(visit, form, scope, *field, entry).await?);
    }
    Ok(ui::page(
        visit,
        &title,
        html! {
            p { a href=(scope.list(kind)) { (view.say(scope.title())) " · " (kind_words(view, kind)) } }
            h1 { (title) @if let Some(entry) = entry { " " (state(view, entry)) } }
            section.card.narrow {
                (ui::form(view, &action, html! {
                    (ui::hidden("kind", kind.word()))
                    @match entry {
                        Some(entry) => (ui::pairs(&[(&view.say("dictionary-code"), html! { code { (entry.code) } })])),
                        None => (ui::line(view, form, "code", &view.say("dictionary-code"), "text", "off")),
                    }
                    (ui::line(view, form, "name_zh", &view.say("dictionary-name-zh"), "text", "off"))
                    (ui::line(view, form, "name_en", &view.say("dictionary-name-en"), "text", "off"))
                    @for field in &more { (field) }
                    (ui::submit(&view.say("save")))
                }))
            }
            @if let Some(entry) = entry {
                div.row {
                    @if entry.retired_ns.is_none() {
                        (ui::small_form(view, &format!("/dictionary/{}/retire", entry.id), &view.say("dictionary-retire"), "", None))
                    } @else {
                        (ui::small_form(view, &format!("/dictionary/{}/restore", entry.id), &view.say("dictionary-restore"), "", None))
                    }
                    (ui::small_form(view, &format!("/dictionary/{}/remove", entry.id), &view.say("dictionary-remove"), "danger", Some(&view.say("dictionary-remove-confirm"))))
                }
            }
        },
    ))
}

async fn field_of(
    visit: &Visit,
    form: &Form,
    scope: Scope,
    field: Field,
    entry: Option<&Entry>,
) -> Result<Markup> {
    let view = visit.view();
    let label = view.say(&field.label());
    let words = |value: &str| sheet::value_words(field, value, view.language);
    let mut options: Vec<(String, String)> = vec![(String::new(), view.say("dictionary-none").into_owned())];
    match field {
        Field::Modality => options.extend(
            CATEGORIES
                .iter()
                .map(|one| ((*one).to_owned(), (*one).to_owned())),
        ),
        Field::Rights => options.extend(
            Rights::ALL
                .iter()
                .map(|one| (one.word().to_owned(), words(one.word()))),
        ),
        Field::Reference(kind) => {
            let readers = visit.platform().readers();
            options.extend(store::offered(readers, scope.organisation(), kind, view.language).await?);
            // What was retired since stays chosen.
            let chosen = entry.and_then(|entry| entry.detail.reference(kind));
            if let Some(code) = chosen.filter(|code| !options.iter().any(|(known, _)| known == code)) {
                options.push((code.to_owned(), code.to_owned()));
            }
        }
        Field::Behaviour => {
            let option = |one: &Behaviour| (one.word().to_owned(), words(one.word()), String::new());
            let options: Vec<_> = Behaviour::ALL.iter().map(option).collect();
            return Ok(ui::checks(view, form, field.name(), &label, &options));
        }
    }
    Ok(ui::choice(view, form, field.name(), &label, &options))
}

/// Says which codes that an entry names are not there.
async fn must_refer(visit: &Visit, form: &mut Form, entry: &Entry) -> Result<()> {
    for field in entry.kind.fields() {
        let Field::Reference(kind) = field else { continue };
        let Some(code) = entry.detail.reference(*kind) else {
            continue;
        };
        if !store::codes(visit.platform().readers(), entry.organisation, *kind)
            .await?
            .contains(code)
        {
            form.refuse(kind.word(), Wrong::new("wrong-code-unknown"));
        }
    }
    Ok(())
}

async fn add_own(visit: Visit, sent: Fields) -> Result<Done> {
    let scope = Scope::own(&visit, Action::DictionaryEdit).await?;
    add(&visit, scope, sent).await
}

async fn add_shared(visit: Visit, sent: Fields) -> Result<Done> {
    let scope = Scope::shared(&visit).await?;
    add(&visit, scope, sent).await
}

async fn add(visit: &Visit, scope: Scope, sent: Fields) -> Result<Done> {
    let kind = Kind::from_word(sent.get("kind"));
    let kind = kind.ok_or_else(|| Error::BadRequest("expected a kind of the dictionary".to_owned()))?;
    let mut form = Form::new(sent);
    let entry = model::read(&mut form, scope.organisation(), kind);
    must_refer(visit, &mut form, &entry).await?;
    let readers = visit.platform().readers();
    if store::by_code(readers, entry.organisation, kind, &entry.code)
        .await?
        .is_some()
    {
        form.refuse("code", Wrong::new("wrong-code-taken"));
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            page(visit, &form, scope, kind, None).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    if store::by_code(&*change, entry.organisation, kind, &entry.code)
        .await?
        .is_some()
    {
        return Err(Error::Conflict("wrong-code-taken"));
    }
    let id = store::put(&*change, &entry).await?;
    record(visit, &change, "dictionary.added", id, &entry).await?;
    change.lead_to(scope.list(kind)).await
}

async fn record(visit: &Visit, change: &Change, event: &'static str, id: i64, entry: &Entry) -> Result<()> {
    let mut written = visit.entry(event);
    written.subject = Some(format!("dictionary:{id}"));
    written.detail = Some(serde_json::json!({ "kind": entry.kind.word(), "code": entry.code }).to_string());
    change.record(written).await
}

/// An entry that may be changed, and whose page it is on. Another organisation's is refused, and that is recorded.
async fn entry_for(visit: &Visit, id: i64) -> Result<(Entry, Scope)> {
    let entry = store::one(visit.platform().readers(), id).await?;
    let organisation = match &entry {
        Some(entry) => entry.organisation,
        None => Some(visit.organisation()?),
    };
    let scope = match organisation {
        Some(organisation) => {
            visit
                .may(Action::DictionaryEdit, Resource::Organisation(organisation))
                .await?;
            Scope::Own(organisation)
        }
        None => Scope::shared(visit).await?,
    };
    Ok((entry.ok_or(Error::NotFound)?, scope))
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    let (entry, scope) = entry_for(&visit, id).await?;
    page(&visit, &filled(&entry), scope, entry.kind, Some(&entry)).await
}

/// Changes names and what is beyond; the code stays, since others name it.
async fn change(visit: Visit, Path(id): Path<i64>, mut sent: Fields) -> Result<Done> {
    let (before, scope) = entry_for(&visit, id).await?;
    sent.put("code", before.code.clone());
    let mut form = Form::new(sent);
    let entry = Entry {
        id,
        retired_ns: before.retired_ns,
        ..model::read(&mut form, scope.organisation(), before.kind)
    };
    must_refer(&visit, &mut form, &entry).await?;
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(
            page(&visit, &form, scope, before.kind, Some(&before)).await?,
        )));
    }
    let change = visit.begin(&form).await?;
    store::put(&*change, &entry).await?;
    record(&visit, &change, "dictionary.changed", id, &entry).await?;
    change.lead_to(scope.list(before.kind)).await
}

async fn retire(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let (entry, _) = entry_for(&visit, id).await?;
    let now_ns = visit.now_ns();
    set_retired(
        &visit,
        &entry,
        &Form::new(sent),
        "dictionary.retired",
        Some(now_ns),
    )
    .await
}

async fn restore(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let (entry, _) = entry_for(&visit, id).await?;
    set_retired(&visit, &entry, &Form::new(sent), "dictionary.restored", None).await
}

async fn set_retired(
    visit: &Visit,
    entry: &Entry,
    form: &Form,
    event: &'static str,
    retired_ns: Option<i64>,
) -> Result<Done> {
    let change = visit.begin(form).await?;
    store::retire(&*change, entry.id, retired_ns).await?;
    record(visit, &change, event, entry.id, entry).await?;
    change.lead_to(format!("/dictionary/{}", entry.id)).await
}

async fn remove(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    let (entry, scope) = entry_for(&visit, id).await?;
    let change = visit.begin(&Form::new(sent)).await?;
    if store::is_used(&*change, &entry).await? {
        return Err(Error::Conflict("conflict-dictionary-used"));
    }
    store::remove(&*change, id).await?;
    record(&visit, &change, "dictionary.removed", id, &entry).await?;
    change.lead_to(scope.list(entry.kind)).await
}
