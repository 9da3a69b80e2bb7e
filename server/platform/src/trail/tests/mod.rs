//! The journal as others read it, and what becomes of its old entries.

mod exports;
mod meanings;
mod peers;
mod removal;
mod repository;

use std::path::PathBuf;

use journal::Entry;

use super::pages::KINDS;
use crate::test_site::Site;

/// Text that would be markup, a formula or no XML.
const HOSTILE: &str = "=1+1 <a b=\"c\">&amp;'\u{1}\n张医生 🩺";

/// Writes entries.
async fn write(site: &Site, entries: &[Entry]) {
    let change = site.platform.writer().begin().await.unwrap();
    journal::append(&change, entries).await.unwrap();
    change.commit().await.unwrap();
}

/// An entry of each kind, with all that an entry can hold.
fn of_every_kind(account: i64, at_ns: i64) -> Vec<Entry> {
    let actors = [
        format!("person:{account}"),
        format!("person:{account} client:viewer"),
        "dimse:CT1".to_owned(),
        "gateway:north".to_owned(),
        "cli".to_owned(),
        "web:anyone".to_owned(),
    ];
    let subjects = ["person:7", "organisation:3", "role:3", "job:9"];
    let entry = |(number, kind): (usize, &&'static str)| {
        let has = |every: usize| number.is_multiple_of(every);
        let text = |text: &str| Some(text.to_owned());
        Entry {
            organisation: Some(3).filter(|_| has(2)),
            subject: text(subjects[number % subjects.len()]).filter(|_| !has(5)),
            study_uid: text("1.2.840.1.1").filter(|_| has(2)),
            series_uid: text("1.2.840.1.1.2").filter(|_| has(2)),
            sop_uid: text("1.2.840.1.1.2.3").filter(|_| has(4)),
            hash: Some("ab".repeat(32)).filter(|_| has(4)),
            address: text(if has(3) { "10.0.0.5" } else { "ct1.example" }).filter(|_| !has(7)),
            request: text("0123456789abcdef"),
            detail: text(HOSTILE).filter(|_| !has(6)),
            ..Entry::new(
                *kind,
                actors[number % actors.len()].clone(),
                at_ns + number as i64,
            )
        }
    };
    KINDS.iter().enumerate().map(entry).collect()
}

/// Whether a peer that is absent fails the tests.
fn must_have_peers() -> bool {
    std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() == Ok("1")
}

/// A program that is a peer, where it is installed.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    assert!(found.is_some() || !must_have_peers(), "{name} is absent");
    if found.is_none() {
        eprintln!("skipped: {name} is not installed");
    }
    found
}
