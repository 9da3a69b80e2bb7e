//! An entry in the terms that DICOM's audit messages (PS3.15 A.5) and FHIR's AuditEvent share: what happened, who took part,
//! what it happened to. Both are written from this.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, SecondsFormat};
use journal::Stored;

use super::codes::{
    APPLICATION, AUDIT_LOG_USED, Code, DESTINATION, EXPORT, IMPORT, INSTANCES_TRANSFERRED, Meaning, SOURCE,
    STUDY_INSTANCE_UID, meaning,
};
use crate::Platform;
use crate::monitoring::host_name;

/// The scheme of our own codes, as DICOM names private ones.
pub(super) const OWN_SCHEME: &str = "99UPTAKE";

/// Who reports.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The site, by the host of its public address; where it has none, the machine.
    pub(super) site: String,
    /// The machine.
    pub(super) host: String,
}

impl Source {
    pub(super) fn of(platform: &Platform) -> Self {
        let host = host_name();
        let address = platform.settings().public_url.as_deref();
        let address = address.and_then(|text| url::Url::parse(text).ok());
        let site = address.and_then(|address| address.host_str().map(str::to_owned));
        Self {
            site: site.unwrap_or_else(|| host.clone()),
            host,
        }
    }
}

/// What happened.
#[derive(Debug)]
pub(super) struct Event<'a> {
    /// The number of the entry.
    pub(super) id: i64,
    /// The entry's own kind.
    pub(super) kind: &'a str,
    /// What that is in the standard's words.
    pub(super) meaning: Meaning,
    /// When (RFC 3339).
    pub(super) at: String,
    /// Whose matter it is.
    pub(super) organisation: Option<String>,
    /// Who reports.
    pub(super) source: &'a Source,
    /// Who took part, whoever asked first.
    pub(super) participants: Vec<Participant<'a>>,
    /// What it happened to.
    pub(super) objects: Vec<Object<'a>>,
}

/// Somebody, or something, that took part.
#[derive(Debug)]
pub(super) struct Participant<'a> {
    /// What the journal calls it by.
    pub(super) user: &'a str,
    /// What others call it by.
    pub(super) alternative: Option<String>,
    /// The name of a person of the staff, or of a program.
    pub(super) name: Option<&'a str>,
    /// Whether it asked.
    pub(super) is_requestor: bool,
    /// In which part.
    pub(super) role: Option<Code>,
    /// From where.
    pub(super) access: Option<Access<'a>>,
}

/// A place of the network, with its type: `1` a name, `2` an address.
#[derive(Debug)]
pub(super) struct Access<'a> {
    pub(super) point: &'a str,
    pub(super) kind: &'static str,
}

/// Something that it happened to.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// What it is.
    pub(super) what: What<'a>,
    /// Its name for people.
    pub(super) name: String,
    /// More of it, by words.
    pub(super) details: Vec<(&'static str, String)>,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// A study, and the instance of it that it was.
    Study {
        study_uid: &'a str,
        sop_uid: Option<&'a str>,
    },
    /// An account.
    Person { number: &'a str },
    /// An organisation.
    Organisation { number: &'a str },
    /// Another row, by the journal's word for such.
    Row { word: &'a str, number: &'a str },
    /// The journal.
    Journal,
    /// The entry itself: what nothing else has a place for.
    Entry { id: i64 },
}

/// A time as RFC 3339 writes it, with what RFC 5424 takes of a second.
pub(super) fn at(at_ns: i64) -> String {
    DateTime::from_timestamp_nanos(at_ns).to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl<'a> Event<'a> {
    /// What an entry tells. Names are those of whom entries name by a number.
    pub(super) fn of(stored: &'a Stored, names: &'a HashMap<String, String>, source: &'a Source) -> Self {
        let meaning = meaning(&stored.entry.kind);
        Self {
            id: stored.id,
            kind: &stored.entry.kind,
            meaning,
            at: at(stored.entry.at_ns),
            organisation: stored.entry.organisation.map(|id| format!("organisation:{id}")),
            source,
            participants: participants(stored, meaning, names, source),
            objects: objects(stored, meaning),
        }
    }
}

/// Whoever asked, the program that asked in a person's name, and Uptake.
fn participants<'a>(
    stored: &'a Stored,
    meaning: Meaning,
    names: &'a HashMap<String, String>,
    source: &'a Source,
) -> Vec<Participant<'a>> {
    let comes_in = meaning.event == IMPORT || meaning.event == INSTANCES_TRANSFERRED && meaning.action == 'C';
    let goes_out = meaning.event == EXPORT || meaning.event == INSTANCES_TRANSFERRED && meaning.action != 'C';
    let (theirs, ours) = match (comes_in, goes_out) {
        (true, _) => (Some(SOURCE), DESTINATION),
        (_, true) => (Some(DESTINATION), SOURCE),
        _ => (None, APPLICATION),
    };
    let address = stored.entry.address.as_deref();
    let parts = stored.entry.actor.split(' ').enumerate();
    let parts = parts.map(|(place, user)| Participant {
        user,
        alternative: user
            .strip_prefix("dimse:")
            .map(|title| format!("AETITLES={title}")),
        name: names.get(user).map(String::as_str),
        is_requestor: place == 0,
        role: if place == 0 { theirs } else { Some(APPLICATION) },
        access: address.filter(|_| place == 0).map(|point| Access {
            point,
            kind: if point.parse::<IpAddr>().is_ok() { "2" } else { "1" },
        }),
    });
    let own = Participant {
        user: "uptake",
        alternative: None,
        name: None,
        is_requestor: false,
        role: Some(ours),
        access: Some(Access {
            point: &source.host,
            kind: "1",
        }),
    };
    parts.chain([own]).collect()
}

fn objects<'a>(stored: &'a Stored, meaning: Meaning) -> Vec<Object<'a>> {
    let entry = &stored.entry;
    let mut objects = Vec::new();
    let mut add = |what, name: &str, details| {
        objects.push(Object {
            what,
            name: name.to_owned(),
            details,
        });
    };
    if meaning.event == AUDIT_LOG_USED {
        add(What::Journal, "Security Audit Log", Vec::new());
    }
    if let Some(study_uid) = entry.study_uid.as_deref() {
        let sop_uid = entry.sop_uid.as_deref();
        let series = entry
            .series_uid
            .iter()
            .map(|uid| ("SeriesInstanceUID", uid.clone()));
        let what = What::Study { study_uid, sop_uid };
        add(what, STUDY_INSTANCE_UID.meaning, series.collect());
    }
    if let Some(subject) = entry.subject.as_deref() {
        let (word, number) = subject.split_once(':').unwrap_or(("subject", subject));
        let what = match word {
            "person" => What::Person { number },
            "organisation" => What::Organisation { number },
            _ => What::Row { word, number },
        };
        add(what, subject, Vec::new());
    }
    let mut details = vec![("chain", stored.chain.to_hex())];
    for (word, value) in [
        ("request", &entry.request),
        ("sha256", &entry.hash),
        ("detail", &entry.detail),
    ] {
        let value = value.iter().filter(|value| !value.is_empty());
        details.extend(value.map(|value| (word, value.clone())));
    }
    add(What::Entry { id: stored.id }, "journal entry", details);
    objects
}
