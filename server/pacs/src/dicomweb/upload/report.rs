//! What became of a request's files, for whoever brought them.

use serde_json::{Value as Json, json};

use crate::dicomweb::stow::{FULL, Taken};
use crate::http::{Error, Result};
use crate::ingest::Outcome;

/// Names listed of what was left out.
const MAX_LISTED: usize = 100;

/// Characters of a name that is listed.
const MAX_NAME: usize = 200;

/// What became of a request's objects.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What is acknowledged.
    stored: Vec<Json>,
    /// Objects, and why they were not taken.
    refused: Vec<Json>,
    left_out: usize,
    /// The first of what is no object.
    left_out_names: Vec<String>,
}

impl Report {
    /// The status of the answer: as STOW-RS has it.
    pub(crate) fn status(&self) -> u16 {
        match (self.stored.is_empty(), self.refused.is_empty()) {
            (false, true) => 200,
            (false, false) => 202,
            (true, _) => 409,
        }
    }

    /// Whether nothing was brought.
    pub(crate) fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.refused.is_empty() && self.left_out == 0
    }

    pub(crate) fn to_json(&self) -> String {
        json!({
            "stored": self.stored,
            "refused": self.refused,
            "left_out": self.left_out,
            "left_out_names": self.left_out_names,
        })
        .to_string()
    }

    pub(super) fn leave_out(&mut self, name: &str) {
        self.left_out += 1;
        if self.left_out_names.len() < MAX_LISTED {
            self.left_out_names.push(shown(name));
        }
    }

    pub(crate) fn refuse(&mut self, name: &str, reason: &str) {
        self.refused
            .push(json!({ "name": shown(name), "reason": reason }));
    }

    /// Adds what became of an object.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Internal`]: then the whole is to be tried again; what is stored is taken as identical.
    pub(crate) fn add(&mut self, name: &str, taken: Taken) -> Result<()> {
        let (word, receipt) = match taken {
            Taken::Judged(Outcome::Stored(receipt)) => ("stored", receipt),
            Taken::Judged(Outcome::IdenticalDuplicate(receipt)) => ("identical", receipt),
            Taken::Judged(Outcome::DifferentDuplicate(receipt)) => ("beside", receipt),
            Taken::Judged(Outcome::Refused(reason)) => {
                self.refuse(name, &reason.to_string());
                return Ok(());
            }
            Taken::Failed(FULL) => return Err(Error::Full),
            Taken::Failed(_) => return Err(Error::Internal),
        };
        self.stored.push(json!({
            "outcome": word,
            "study_instance_uid": receipt.study_uid,
            "series_instance_uid": receipt.series_uid,
            "sop_instance_uid": receipt.sop_uid,
            "sha256": receipt.object.hash.to_string(),
        }));
        Ok(())
    }
}

/// A name as it is told: of one line.
fn shown(name: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    name.chars().map(plain).take(MAX_NAME).collect()
}
