//! Which rule fits which object.

use std::collections::HashMap;

use super::config::{Config, Destination, Node, Rule, Source};
use super::{Error, store};
use crate::clock::now_ns;
use crate::delivery::{Chooser, NewDelivery};
use crate::events::{Boxed, Event, Kind};
use crate::index::{Index, Result, is_like};
use crate::storage::Hash;

/// What rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Routed {
    pub(super) hash: Hash,
    pub(super) sop_uid: String,
    pub(super) study_uid: String,
    pub(super) sop_class_uid: String,
    pub(super) transfer_syntax_uid: String,
    pub(super) modality: String,
    pub(super) body_part: String,
    pub(super) study_description: String,
    pub(super) series_description: String,
    pub(super) station: String,
}

impl Routed {
    pub(super) fn delivery(&self, destination: &str, not_before_ns: i64) -> NewDelivery {
        NewDelivery {
            destination: destination.to_owned(),
            hash: self.hash,
            sop_uid: self.sop_uid.clone(),
            study_uid: self.study_uid.clone(),
            sop_class_uid: self.sop_class_uid.clone(),
            transfer_syntax_uid: self.transfer_syntax_uid.clone(),
            not_before_ns,
            held: None,
        }
    }
}

/// The rules, at work on events.
#[derive(Debug, Clone)]
pub struct Routes {
    config: Config,
}

impl Routes {
    /// Rules that were checked.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`].
    pub fn new(config: Config) -> std::result::Result<Self, Error> {
        config.check()?;
        Ok(Self { config })
    }

    /// Destinations of an object, each with the seconds of quiet that it waits for.
    fn destinations<'a>(&'a self, actor: &str, object: &Routed) -> Vec<(&'a Destination, u32)> {
        let goes = |destination: &&Destination| !came_from(destination, actor);
        let wait = |destination: &'a Destination| {
            let rules = self.config.rule.iter();
            let fits = rules.filter(|rule| rule.to.contains(&destination.name) && fits(rule, actor, object));
            // Where several rules send there, the most impatient decides.
            Some((destination, fits.map(|rule| rule.quiet_s).min()?))
        };
        self.config
            .destination
            .iter()
            .filter(goes)
            .filter_map(wait)
            .collect()
    }
}

impl Chooser for Routes {
    fn choose<'a>(&'a self, index: &'a Index, events: &'a [Event]) -> Boxed<'a, Result<Vec<NewDelivery>>> {
        Box::pin(async move {
            let received = |event: &&Event| matches!(event.kind, Kind::Stored | Kind::StoredBeside);
            let received: Vec<&Event> = events.iter().filter(received).collect();
            let hashes: Vec<Hash> = received.iter().filter_map(|event| event.hash).collect();
            let objects = store::described(index, &hashes).await?;
            let objects: HashMap<Hash, Routed> =
                objects.into_iter().map(|object| (object.hash, object)).collect();
            let now = now_ns();
            let mut new = Vec::new();
            for event in received {
                // What was removed since has no row, and goes nowhere.
                let Some(object) = event.hash.and_then(|hash| objects.get(&hash)) else {
                    continue;
                };
                for (destination, quiet_s) in self.destinations(&event.actor, object) {
                    let not_before = now.saturating_add(i64::from(quiet_s) * 1_000_000_000);
                    new.push(object.delivery(&destination.name, not_before));
                }
            }
            Ok(new)
        })
    }
}

/// Whether an actor is the destination itself.
fn came_from(destination: &Destination, actor: &str) -> bool {
    let by_title = match &destination.node {
        Node::Dimse(node) => actor.strip_prefix("dimse:") == Some(node.ae_title.as_str()),
        _ => false,
    };
    by_title || destination.sends_as.iter().any(|name| name == actor)
}

fn fits(rule: &Rule, actor: &str, object: &Routed) -> bool {
    let (way, name) = actor.split_once(':').unwrap_or((actor, ""));
    let source = |source: &Source| match source {
        Source::Dimse => way == "dimse",
        Source::Web => way == "web",
        Source::Gateway => way == "gateway",
    };
    let title = if way == "dimse" { name } else { "" };
    let patterns = [
        (&rule.ae_title, title),
        (&rule.modality, object.modality.as_str()),
        (&rule.body_part, &object.body_part),
        (&rule.study_description, &object.study_description),
        (&rule.series_description, &object.series_description),
        (&rule.station, &object.station),
    ];
    (rule.source.is_empty() || rule.source.iter().any(source))
        && patterns.iter().all(|(patterns, value)| {
            patterns.is_empty() || patterns.iter().any(|pattern| is_like(pattern, value))
        })
}
