//! The index's twin in memory: the plain definition of what is added and what matches, which the tests hold the
//! databases to. It looks at everything for every query and keeps nothing on a disk.

use std::collections::{BTreeMap, BTreeSet};

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::{self, Level};
use super::facts::patient_key;
use super::filter::{ITEM_TEXT, level_of, test_of};
use super::matching::{self, Match};
use super::sequences::sequence;
use super::{Added, Error, Facts, Identifier, Item, Key, Query, Result};

/// All objects, as a list.
#[derive(Debug, Clone, Default)]
pub struct MemoryIndex {
    facts: Vec<Facts>,
    merged: BTreeMap<String, String>,
}

/// An instance with the objects whose values its patient, study and series show.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// By level: the object received first.
    leaders: [&'a Facts; 4],
    root: &'a str,
}

impl MemoryIndex {
    /// Adds an object, as [`super::Index::add`].
    pub fn add(&mut self, facts: Facts) -> Added {
        if self
            .facts
            .iter()
            .any(|other| other.object.hash == facts.object.hash)
        {
            return Added::Identical;
        }
        let uid = facts.value(tags::SOP_INSTANCE_UID);
        let is_other = self
            .facts
            .iter()
            .any(|other| other.value(tags::SOP_INSTANCE_UID) == uid);
        self.facts.push(facts);
        if is_other { Added::Different } else { Added::New }
    }

    /// Merges patients, as [`super::Index::merge`], without asking whether they can be.
    pub fn merge(&mut self, from: &Identifier, into: &Identifier) {
        self.merged
            .insert(patient_key(from, None), patient_key(into, None));
    }

    /// Gives what identifies the rows that match, in no order: at the level of patients what the index calls them by,
    /// of series the study's UID before the series', else the UID.
    ///
    /// # Errors
    ///
    /// As [`super::Index::query`].
    pub fn query(&self, query: &Query) -> Result<BTreeSet<String>> {
        let keys: Vec<&Key> = query
            .keys
            .iter()
            .filter(|key| key.matching != Match::Universal)
            .collect();
        let (mut own, mut below, mut identifiers) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            if [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID].contains(&key.tag) {
                identifiers.push(key);
            } else if level_of(key)? <= query.level {
                own.push(key);
            } else {
                below.push(key);
            }
        }
        let keys = self.keys();
        let lines = self.lines(&keys);
        let mut found = BTreeSet::new();
        for line in &lines {
            let matches = self.all_match(&own, line, &lines)?
                && self.all_match(&below, line, &lines)?
                && self.has_identifier(&identifiers, line.root, &keys)?;
            if matches {
                found.insert(identity(line, query.level));
            }
        }
        Ok(found)
    }

    fn keys(&self) -> Vec<String> {
        self.facts.iter().map(Facts::patient_key).collect()
    }

    fn root<'a>(&'a self, key: &'a str) -> &'a str {
        self.merged.get(key).map_or(key, |into| self.root(into))
    }

    /// Every visible instance.
    fn lines<'a>(&'a self, keys: &'a [String]) -> Vec<Line<'a>> {
        let first = |same: &dyn Fn(&Facts) -> bool| {
            self.facts
                .iter()
                .enumerate()
                .filter(|(_, other)| same(other))
                .min_by_key(|(_, other)| other.leader())
        };
        let mut lines = Vec::new();
        for facts in &self.facts {
            let value = |tag| facts.value(tag).to_owned();
            let (study, series) = (value(tags::STUDY_INSTANCE_UID), value(tags::SERIES_INSTANCE_UID));
            let uid = value(tags::SOP_INSTANCE_UID);
            let visible = first(&|other| other.value(tags::SOP_INSTANCE_UID) == uid);
            if visible.is_none_or(|(_, visible)| visible.object.hash != facts.object.hash) {
                continue;
            }
            let in_study = |other: &Facts| other.value(tags::STUDY_INSTANCE_UID) == study;
            let (Some((study_at, study)), Some((_, series))) = (
                first(&in_study),
                first(&|other| in_study(other) && other.value(tags::SERIES_INSTANCE_UID) == series),
            ) else {
                continue;
            };
            let root = self.root(&keys[study_at]);
            let Some((_, patient)) = first(&|other| other.patient_key() == root) else {
                continue;
            };
            lines.push(Line {
                leaders: [patient, study, series, facts],
                root,
            });
        }
        lines
    }

    fn all_match(&self, keys: &[&Key], line: &Line<'_>, lines: &[Line<'_>]) -> Result<bool> {
        for key in keys {
            if !matches(key, line, lines)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_identifier(&self, asked: &[&Key], root: &str, keys: &[String]) -> Result<bool> {
        if asked.is_empty() {
            return Ok(true);
        }
        for (facts, key) in self.facts.iter().zip(keys) {
            if self.root(key) != root {
                continue;
            }
            for Identifier { id, issuer } in facts.identifiers() {
                let mut all = true;
                for key in asked {
                    let value = if key.tag == tags::PATIENT_ID { &id } else { &issuer };
                    all &= test_of(&ITEM_TEXT, key)?.passes(&[Some(value.clone())]);
                }
                if all {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn identity(line: &Line<'_>, level: Level) -> String {
    match level {
        Level::Patient => line.root.to_owned(),
        Level::Series => format!(
            "{} {}",
            line.leaders[1].value(tags::STUDY_INSTANCE_UID),
            line.leaders[2].value(tags::SERIES_INSTANCE_UID)
        ),
        level => line.leaders[level as usize].value(level.uid()).to_owned(),
    }
}

fn matches(key: &Key, line: &Line<'_>, lines: &[Line<'_>]) -> Result<bool> {
    if key.tag == tags::MODALITIES_IN_STUDY {
        let test = test_of(&ITEM_TEXT, key)?;
        let study = identity(line, Level::Study);
        let mut in_study = lines
            .iter()
            .filter(|other| identity(other, Level::Study) == study);
        return Ok(in_study.any(|other| test.passes(&form(other.leaders[2], tags::MODALITY))));
    }
    if let Some(sequence) = sequence(key.tag) {
        let Match::Sequence(keys) = &key.matching else {
            return Err(Error::WrongMatching(key.tag));
        };
        let asked = sequence.asked(keys)?;
        let mut some = false;
        for item in items(line.leaders[2], key.tag) {
            let mut all = true;
            for (attribute, key) in &asked {
                let value = item.get(attribute.path).cloned();
                all &= test_of(&attribute.compared(), key)?.passes(&[value]);
            }
            some |= all;
        }
        return Ok(some);
    }
    let attribute = attributes::attribute(key.tag).ok_or(Error::NotMatched(key.tag))?;
    let facts = line.leaders[attribute.level as usize];
    let test = test_of(attribute, key)?;
    Ok(match facts.values.get(&key.tag) {
        Some(name) if key.tag == tags::PATIENT_NAME => test.passes_name(attribute, name),
        Some(value) => test.passes(&matching::forms(attribute, value)),
        None => test.passes(&[]),
    })
}

fn form(facts: &Facts, tag: Tag) -> Vec<Option<String>> {
    vec![facts.values.get(&tag).cloned()]
}

fn items(series: &Facts, tag: Tag) -> Vec<Item> {
    let item = |values: Vec<(&[Tag], Option<String>)>| {
        let some = values
            .into_iter()
            .filter_map(|(path, value)| Some((path.to_vec(), value?)));
        some.collect::<Item>()
    };
    if tag == tags::REQUEST_ATTRIBUTES_SEQUENCE {
        let requests = series.requests.iter();
        return requests
            .map(|request| {
                item(vec![
                    (&[tags::SCHEDULED_PROCEDURE_STEP_ID], request.step_id.clone()),
                    (&[tags::REQUESTED_PROCEDURE_ID], request.procedure_id.clone()),
                ])
            })
            .collect();
    }
    let nuclide = tags::RADIONUCLIDE_CODE_SEQUENCE;
    let pharmaceutical = tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE;
    let tracers = series.tracers.iter();
    tracers
        .map(|tracer| {
            let (isotope, substance) = (&tracer.radionuclide, &tracer.radiopharmaceutical_code);
            item(vec![
                (&[tags::RADIOPHARMACEUTICAL], tracer.radiopharmaceutical.clone()),
                (
                    &[tags::RADIONUCLIDE_TOTAL_DOSE],
                    tracer.activity_bq.map(|activity| activity.to_string()),
                ),
                (&[nuclide, tags::CODE_VALUE], isotope.value.clone()),
                (&[nuclide, tags::CODING_SCHEME_DESIGNATOR], isotope.scheme.clone()),
                (&[nuclide, tags::CODE_MEANING], isotope.meaning.clone()),
                (&[pharmaceutical, tags::CODE_VALUE], substance.value.clone()),
                (
                    &[pharmaceutical, tags::CODING_SCHEME_DESIGNATOR],
                    substance.scheme.clone(),
                ),
                (&[pharmaceutical, tags::CODE_MEANING], substance.meaning.clone()),
            ])
        })
        .collect()
}
