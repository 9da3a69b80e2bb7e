//! The pages of the journal.

use std::collections::{HashMap, HashSet};

use axum::Router;
use axum::extract::RawQuery;
use axum::routing::get;
use database::Database;
use journal::{Query, Stored};
use maud::{Markup, html};

use crate::clients::store as clients;
use crate::clock::DAY_NS;
use crate::filters;
use crate::people::store::{self as people, Account};
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, View};
use crate::web::{Fields, Visit};
use crate::{Platform, Result};

/// Entries of a page.
const PAGE: u32 = 50;
/// The ranges of the log, in days.
const RANGES: [i64; 3] = [6, 15, 30];

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/log", get(log))
        .route("/platform/audit", get(audit))
}

/// The words for a kind of entry.
pub(super) fn kind(view: &View, kind: &str) -> String {
    let key = format!("event-{}", kind.replace('.', "-"));
    if view.language.has(&key) {
        view.say(&key).into_owned()
    } else {
        kind.to_owned()
    }
}

/// The page of what an entry is about, where there is one.
fn link(stored: &Stored) -> Option<String> {
    let subject = stored.entry.subject.as_deref()?;
    let (what, id) = subject.split_once(':')?;
    match what {
        "role" => Some(format!("/roles/{id}")),
        "organisation" => Some("/organisation".to_owned()),
        "device" => Some(format!("/devices/{id}")),
        "docking" => Some(format!("/dockings/{id}")),
        "job" => Some(format!("/platform/jobs/{id}")),
        "message" => Some(format!("/platform/outbox/{id}")),
        _ => None,
    }
}

/// Names of the people and the programs that entries name; of people those that are wanted, the others have none.
pub(super) async fn names(
    readers: &Database,
    entries: &[Stored],
    is_wanted: impl Fn(&Account) -> bool,
) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    let mut seen = HashSet::new();
    for stored in entries {
        let subjects = [Some(stored.entry.actor.as_str()), stored.entry.subject.as_deref()];
        // A program that did it in a person's name stands after the person.
        for subject in subjects.into_iter().flatten().flat_map(|text| text.split(' ')) {
            if !seen.insert(subject) {
                continue;
            }
            if let Some(id) = subject.strip_prefix("person:").and_then(|id| id.parse().ok()) {
                if let Some(account) = people::one(readers, id).await?.filter(&is_wanted) {
                    names.insert(subject.to_owned(), account.name);
                }
            } else if let Some(id) = subject.strip_prefix("client:")
                && let Some(client) = clients::by_client_id(readers, id).await?
            {
                names.insert(subject.to_owned(), client.name);
            }
        }
    }
    Ok(names)
}

pub(super) async fn latest_of(visit: &Visit, account: i64, limit: u32) -> Result<Markup> {
    let view = visit.view();
    let query = Query {
        actor: Some(format!("person:{account}")),
        limit,
        ..Query::default()
    };
    let found = journal::find(visit.platform().readers(), &query).await?;
    Ok(html! {
        @if found.is_empty() { p.quiet { (view.say("log-none")) } }
        ul.notices {
            @for stored in &found {
                li { (kind(view, &stored.entry.kind)) " " (view.time(stored.entry.at_ns)) }
            }
        }
    })
}

/// What a log is asked for.
struct Asked {
    words: String,
    days: Option<i64>,
    from: String,
    until: String,
    before: Option<i64>,
}

impl Asked {
    fn read(query: Option<String>) -> Result<Self> {
        let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
        Ok(Self {
            words: query.get("q").chars().take(100).collect(),
            days: query
                .get("days")
                .parse()
                .ok()
                .filter(|days| RANGES.contains(days)),
            from: query.get("from").to_owned(),
            until: query.get("until").to_owned(),
            before: query.get("after").parse().ok(),
        })
    }

    fn query(&self, visit: &Visit) -> Query {
        let zone = visit.platform().settings().zone;
        let from = match self.days {
            Some(days) => Some(visit.now_ns() - days * DAY_NS),
            None => zone.day_begins_ns(&self.from),
        };
        let until = zone.day_begins_ns(&self.until).map(|begins| begins + DAY_NS);
        Query {
            from_ns: from,
            until_ns: until.filter(|_| self.days.is_none()),
            before: self.before,
            limit: PAGE,
            ..Query::default()
        }
    }

    fn base(&self, path: &str, more: &str) -> String {
        let quote = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let days = self.days.map_or(String::new(), |days| days.to_string());
        format!(
            "{path}?q={}&days={days}&from={}&until={}{more}",
            quote(&self.words),
            quote(&self.from),
            quote(&self.until)
        )
    }

    fn fields(&self, view: &View) -> Markup {
        html! {
            label { span { (view.say("range")) }
                select name="days" {
                    option value="" { (view.say("range-own")) }
                    @for days in RANGES {
                        option value=(days) selected[self.days == Some(days)] { (view.say_with("range-days", &[("days", days.into())])) }
                    }
                }
            }
            label { span { (view.say("from-day")) } input type="date" name="from" value=(self.from); }
            label { span { (view.say("until-day")) } input type="date" name="until" value=(self.until); }
        }
    }
}

/// Kinds whose words have what was typed, in the language of the page; none for no words.
fn kinds(view: &View, words: &str) -> Option<Vec<String>> {
    let words = words.trim().to_lowercase();
    if words.is_empty() {
        return None;
    }
    let known = KINDS
        .iter()
        .filter(|one| one.contains(words.as_str()) || kind(view, one).to_lowercase().contains(&words));
    Some(known.map(|one| (*one).to_owned()).collect())
}

/// The kinds of entries that can be searched for by words.
pub(crate) const KINDS: &[&str] = &[
    "session.began",
    "session.ended",
    "session.failed",
    "access.refused",
    "backup.made",
    "backup.restored",
    "account.registered",
    "account.approved",
    "account.rejected",
    "account.closed",
    "account.reset",
    "account.reset-asked",
    "account.unlocked",
    "account.password-changed",
    "account.second-factor-set",
    "picture.changed",
    "picture.removed",
    "document.sent",
    "document.opened",
    "document.approved",
    "document.refused",
    "signature.changed",
    "signature.removed",
    "signature.link-made",
    "signature.mode-changed",
    "account.passkey-added",
    "account.passkey-removed",
    "account.wechat-bound",
    "account.wechat-unbound",
    "push.key-made",
    "push.browser-added",
    "push.browser-removed",
    "session.confirmed",
    "session.declined",
    "office.filled",
    "profile.changed",
    "member.added",
    "member.invited",
    "member.changed",
    "member.ended",
    "invitation.accepted",
    "invitation.declined",
    "role.added",
    "role.changed",
    "role.removed",
    "organisation.changed",
    "organisation.switched",
    "audit.searched",
    "audit.exported",
    "audit.removal-asked",
    "audit.removal-confirmed",
    "audit.removal-withdrawn",
    "audit.removed",
    "study.found",
    "study.read",
    "study.exported",
    "stored",
    "stored-beside",
    "order-added",
    "order-moved",
    "performed",
    "committed",
    "corrected",
    "correction-undone",
    "merged",
    "merge-undone",
    "chosen",
    "rejected",
    "rejection-undone",
    "conflict-found",
    "conflict-decided",
    "held",
    "hold-lifted",
    "removing",
    "moved-to-cold",
    "recalled-from-cold",
    "damaged",
    "delivery-dropped",
    "custodian-set",
    "study.published",
    "study.publication-scheduled",
    "study.withdrawn",
    "study.publication-by-rule",
    "publishing.rule-changed",
    "device.added",
    "device.changed",
    "device.bound",
    "device.unbound",
    "device.removed",
    "docking.asked",
    "docking.resent",
    "docking.withdrawn",
    "docking.accepted",
    "docking.declined",
    "docking.ended",
    "docking.changed",
    "docking.doctor-set",
    "docking.doctor-removed",
    "dictionary.added",
    "dictionary.changed",
    "dictionary.retired",
    "dictionary.restored",
    "dictionary.removed",
    "dictionary.imported",
    "dictionary.exported",
    "organisation.added",
    "organisation.closed",
    "organisation.opened",
    "office.appointed",
    "office.ended",
    "job.retried",
    "job.cancelled",
    "job.sent-again",
    "job.left",
    "message.opened",
    "account.code-asked",
    "account.mobile-changed",
    "account.email-verified",
    "alarm.raised",
    "alarm.cleared",
    "alarm.acknowledged",
    "server.added",
    "server.changed",
    "server.removed",
    "threshold.changed",
    "on-call.changed",
    "on-call.removed",
    "ticket.opened",
    "ticket.answered",
    "ticket.closed",
    "bundle.made",
    "upload-code.made",
    "upload-code.revoked",
    "client.added",
    "client.changed",
    "client.secret-made",
    "client.disabled",
    "client.enabled",
    "client.key-made",
    "client.allowed",
    "client.declined",
    "client.taken-back",
    "client.given",
    "client.viewing",
    "client.ended",
    "client.replayed",
];

async fn log(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    let account = visit.person()?.account();
    visit.may(Action::LogOwn, Resource::Account(account)).await?;
    let view = visit.view();
    let asked = Asked::read(query)?;
    let organisation = visit.organisation().ok();
    // Whoever may not see everybody's entries sees the own.
    let sees_all = organisation.filter(|id| visit.can(Action::LogAll, &Resource::Organisation(*id)));
    let mut wanted = asked.query(&visit);
    match sees_all {
        Some(id) => wanted.organisations = Some(vec![id]),
        None => wanted.actor = Some(format!("person:{account}")),
    }
    wanted.kinds = kinds(view, &asked.words);
    let found = journal::find(visit.platform().readers(), &wanted).await?;
    let table = entries(&visit, &found, false).await?;
    let pager = pager(&asked, "/log", "", &found);
    Ok(ui::page(
        &visit,
        &view.say("log"),
        html! {
            h1 { (view.say("log")) }
            (filters::form(&visit, "/log", html! { (asked.fields(view)) (ui::search(view, "q", &asked.words, &view.say("keyword"))) }).await?)
            (table)
            (ui::pager(view, &pager))
        },
    ))
}

fn pager(asked: &Asked, path: &str, more: &str, found: &[Stored]) -> Pager {
    Pager {
        base: asked.base(path, more),
        next: found
            .last()
            .filter(|_| found.len() == PAGE as usize)
            .map(|last| last.id.to_string()),
        is_later: asked.before.is_some(),
    }
}

async fn entries(visit: &Visit, found: &[Stored], is_whole: bool) -> Result<Markup> {
    let view = visit.view();
    if found.is_empty() {
        return Ok(ui::empty(&view.say("none-found"), None));
    }
    let names = names(visit.platform().readers(), found, |_| true).await?;
    let one = |part: &str| names.get(part).cloned().unwrap_or_else(|| part.to_owned());
    let name = |subject: &str| subject.split(' ').map(one).collect::<Vec<_>>().join(" · ");
    let mut columns = vec![
        Column::new("at", view.say("time")),
        Column::new("who", view.say("who")),
        Column::new("what", view.say("what")),
        Column::new("about", view.say("about")),
    ];
    if is_whole {
        columns.push(Column::new("address", view.say("address")));
        columns.push(Column::new("id", view.say("entry-number")));
    }
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|stored| {
            let entry = &stored.entry;
            let about = entry.subject.as_deref().map(name);
            let about = about.or_else(|| entry.study_uid.clone());
            let about = html! {
                @match (&about, link(stored)) {
                    (Some(about), Some(link)) => a href=(link) { (about) },
                    (Some(about), None) => (about),
                    (None, _) => "—",
                }
            };
            let mut row = vec![
                html! { time { (view.zone.second(entry.at_ns)) } },
                html! { (name(&entry.actor)) },
                html! { (kind(view, &entry.kind)) @if is_whole { @if let Some(detail) = &entry.detail { br; small { code { (detail) } } } } },
                about,
            ];
            if is_whole {
                row.push(html! { (entry.address.as_deref().unwrap_or("—")) });
                row.push(html! { code { (stored.id) } });
            }
            row
        })
        .collect();
    Ok(ui::table(
        view,
        if is_whole { "audit" } else { "log" },
        &columns,
        &rows,
    ))
}

/// What the audit administrator looks for.
pub(super) struct Search {
    asked: Asked,
    who: String,
    study: String,
    /// The same for the journal.
    pub(super) query: Query,
}

impl Search {
    pub(super) async fn read(visit: &Visit, query: Option<String>) -> Result<Self> {
        let fields = Fields::parse(query.clone().unwrap_or_default().as_bytes())?;
        let asked = Asked::read(query)?;
        let (who, study) = (
            fields.get("who").trim().to_owned(),
            fields.get("study").trim().to_owned(),
        );
        let mut query = asked.query(visit);
        query.kinds = kinds(visit.view(), &asked.words);
        query.study_uid = Some(study.clone()).filter(|study| !study.is_empty());
        if !who.is_empty() {
            // A name of an account, or the word of an actor as it is.
            let accounts = people::list(visit.platform().readers(), None, None, &who, 0, 2).await?;
            query.actor = Some(match accounts.as_slice() {
                [only] => format!("person:{}", only.id),
                _ => who.clone(),
            });
        }
        Ok(Self {
            asked,
            who,
            study,
            query,
        })
    }

    /// What `Asked` does not have, for addresses.
    fn more(&self) -> String {
        let quote = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        format!("&who={}&study={}", quote(&self.who), quote(&self.study))
    }
}

async fn audit(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::AuditSearch, Resource::Platform).await?;
    let view = visit.view();
    let search = Search::read(&visit, query).await?;
    let found = journal::find(visit.platform().readers(), &search.query).await?;
    // Looking into the journal is an entry of it.
    visit
        .platform()
        .recorder()
        .record(visit.entry("audit.searched"))
        .await?;
    let table = entries(&visit, &found, true).await?;
    let asked = &search.asked;
    let pager = pager(asked, "/platform/audit", &search.more(), &found);
    let export = |form: &str| asked.base(&format!("/platform/audit/{form}"), &search.more());
    Ok(ui::page(
        &visit,
        &view.say("audit"),
        html! {
            h1 { (view.say("audit")) }
            (filters::form(&visit, "/platform/audit", html! {
                (asked.fields(view))
                label { span { (view.say("who")) } input name="who" value=(search.who) maxlength="100"; }
                label { span { (view.say("study-uid")) } input name="study" value=(search.study) maxlength="64"; }
                (ui::search(view, "q", &asked.words, &view.say("keyword")))
            }).await?)
            div.row {
                (ui::button_link(&export("csv"), &view.say("audit-csv"), false))
                (ui::button_link(&export("dicom"), &view.say("audit-dicom"), false))
                (ui::button_link(&export("fhir"), &view.say("audit-fhir"), false))
                (ui::button_link("/platform/audit/removal", &view.say("removal"), false))
            }
            p.quiet { (view.say("audit-export-about")) }
            (table)
            (ui::pager(view, &pager))
        },
    ))
}
