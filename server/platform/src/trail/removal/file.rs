//! Entries in a file: a line of JSON each, after one that says which chain they follow.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use journal::heads::write_secret;
use journal::{Chain, Stored};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::secrets;

/// A file that is on the disk.
pub(super) struct Written {
    /// Its name.
    pub(super) name: String,
    /// The SHA-256 of its bytes in hexadecimal digits.
    pub(super) sha256: String,
}

/// Writes entries into a file of the folder that is named by the first and the last of them. A file that is there already and
/// holds the same is taken as it is.
pub(super) fn write(folder: &Path, follows: Chain, entries: &[Stored]) -> Result<Written> {
    let text = text(follows, entries);
    let number = |stored: Option<&Stored>| stored.map_or(0, |stored| stored.id);
    let name = format!(
        "journal-{:012}-{:012}.jsonl",
        number(entries.first()),
        number(entries.last())
    );
    let sha256 = secrets::hex(&Sha256::digest(text.as_bytes()));
    let path = folder.join(&name);
    match std::fs::read(&path) {
        Ok(found) if found == text.as_bytes() => return Ok(Written { name, sha256 }),
        Ok(_) => {
            return Err(Error::other(format!(
                "expected no file with other entries at {}, found one",
                path.display()
            )));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let unfinished = folder.join(format!("{name}.unfinished"));
    // One that was not finished is begun again.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => write_secret(&unfinished, text.as_bytes())?,
    }
    std::fs::rename(&unfinished, &path)?;
    File::open(folder)?.sync_all()?;
    Ok(Written { name, sha256 })
}

fn text(follows: Chain, entries: &[Stored]) -> String {
    let mut text = json!({ "journal": 1, "follows": follows.to_hex() }).to_string();
    text.push('\n');
    for stored in entries {
        let entry = &stored.entry;
        let line = json!({
            "id": stored.id,
            "at_ns": entry.at_ns,
            "kind": entry.kind,
            "actor": entry.actor,
            "organisation": entry.organisation,
            "subject": entry.subject,
            "study_uid": entry.study_uid,
            "series_uid": entry.series_uid,
            "sop_uid": entry.sop_uid,
            "hash": entry.hash,
            "address": entry.address,
            "request": entry.request,
            "detail": entry.detail,
            "chain": stored.chain.to_hex(),
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}
