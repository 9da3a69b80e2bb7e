//! The query of a search, understood (PS3.18 8.3.4, 10.6.1).

use std::collections::BTreeSet;

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use super::Resource;
use super::attributes;
use crate::dicomweb::parameters::parameters;
use crate::http::{Error, Result};
use crate::index::{Cursor, Key, Level, Match, Query};
use crate::orders::vr_of;

/// Sequences deep an attribute can lie.
const MAX_DEPTH: usize = 8;

/// A search, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// What is asked of the index; its limit is the caller's.
    pub(super) query: Query,
    /// Attributes of each answer.
    pub(super) returned: BTreeSet<Tag>,
    /// The caller wants rows found by an attribute that is empty, which is not done.
    pub(super) wants_empty: bool,
    /// The query parameter `accept`.
    pub(super) accept: Option<String>,
    /// All parameters but those that say which page, for the address of the next one.
    pub(super) others: Vec<(String, String)>,
}

impl Search {
    /// Reads the query of a request for these resources.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for an attribute that is not known or not matched on, and for what is no number or date where
    /// one is expected.
    pub(super) fn read(resource: &Resource, query: &str) -> Result<Self> {
        let mut search = Self {
            query: Query::all(resource.level()),
            returned: attributes::required(resource).collect(),
            wants_empty: false,
            accept: None,
            others: Vec::new(),
        };
        search.query.keys.extend(resource.keys());
        let mut asked = BTreeSet::new();
        let mut is_fuzzy = false;
        for (name, value) in parameters(query)? {
            match name.as_str() {
                "limit" => search.query.limit = Some(number("limit", &value)?),
                "offset" => search.query.offset = number("offset", &value)?,
                "after" => search.query.after = Some(cursor(&value)?),
                "includefield" => search.include(resource, &value)?,
                "fuzzymatching" => is_fuzzy = truth("fuzzymatching", &value)?,
                "emptyvaluematching" => search.wants_empty = truth("emptyvaluematching", &value)?,
                // Lists are read as lists, asked for or not: no single value has a backslash.
                "multiplevaluematching" => drop(truth("multiplevaluematching", &value)?),
                "accept" => search.accept = Some(value.clone()),
                // Answers are in UTF-8 whatever was asked for (PS3.18 8.3.3.2 lets a server choose).
                "charset" => {}
                _ => {
                    let path = path(&name)?;
                    if !asked.insert(path.clone()) {
                        return Err(bad(format!("attribute {name} is given more than once")));
                    }
                    search.key(&path, &value)?;
                }
            }
            if !matches!(name.as_str(), "limit" | "offset" | "after") {
                search.others.push((name, value));
            }
        }
        if is_fuzzy {
            search.query.keys = search.query.keys.into_iter().map(Key::into_fuzzy).collect();
        }
        let level = resource.level();
        let asked = search.returned.iter().filter(|tag| {
            let counted_up = [
                tags::REQUEST_ATTRIBUTES_SEQUENCE,
                tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
                tags::SOP_CLASSES_IN_STUDY,
            ];
            counted_up.contains(tag) || (level == Level::Instance && !attributes::is_held(**tag, level))
        });
        search.query.include.extend(asked.copied());
        Ok(search)
    }

    fn include(&mut self, resource: &Resource, value: &str) -> Result<()> {
        for name in value.split(',').filter(|name| !name.trim().is_empty()) {
            if name.trim() == "all" {
                self.returned.extend(attributes::all(resource));
            } else if let [first, ..] = path(name.trim())?[..] {
                self.returned.insert(first);
            }
        }
        Ok(())
    }

    /// Adds what an attribute must match; what is asked of one sequence is asked of one item.
    fn key(&mut self, path: &[Tag], value: &str) -> Result<()> {
        let (first, last) = (path[0], path[path.len() - 1]);
        self.returned.insert(first);
        if path.len() == 1 {
            let key = match vr_of(first, VR::UN) {
                VR::SQ => return Err(bad(format!("expected an attribute within sequence {first}"))),
                VR::UI => uid_list(first, value),
                // No code has a comma, unlike names and descriptions.
                VR::CS => Key::from_text(first, &value.replace(',', "\\")),
                vr => {
                    well_formed(vr, first, value)?;
                    Key::from_text(first, value)
                }
            };
            self.query.keys.push(key);
            return Ok(());
        }
        let not_matched = || bad(format!("attribute {last} cannot be matched in sequence {first}"));
        let mut key = Key::in_items(path, value).ok_or_else(not_matched)?;
        let same = |known: &&mut Key| known.tag == first;
        match (self.query.keys.iter_mut().find(same), &mut key.matching) {
            (Some(known), Match::Sequence(inner)) => {
                if let Match::Sequence(all) = &mut known.matching {
                    all.append(inner);
                }
            }
            _ => self.query.keys.push(key),
        }
        Ok(())
    }
}

/// An empty list names nothing, and so nothing is found: the UIDs that a caller may see can be none.
fn uid_list(tag: Tag, value: &str) -> Key {
    let uids = value.split([',', '\\']).map(str::trim);
    let uids: Vec<String> = uids.filter(|uid| !uid.is_empty()).map(str::to_owned).collect();
    let matching = if value.trim() == "*" {
        Match::Universal
    } else {
        Match::UidList(uids)
    };
    Key { tag, matching }
}

/// Refuses what is no date or time, lest it match by accident.
fn well_formed(vr: VR, tag: Tag, value: &str) -> Result<()> {
    let is_good: fn(&str) -> bool = match vr {
        VR::DA => |end| matches!(end.len(), 8 | 10) && digits_but(end, '.'),
        VR::TM => |end| (2..=15).contains(&end.len()) && digits_but(&end.replace(':', ""), '.'),
        _ => return Ok(()),
    };
    let value = value.trim();
    let (from, to) = value.split_once('-').unwrap_or((value, ""));
    let ends = [from.trim(), to.trim()];
    let is_good = |end: &&str| end.is_empty() || is_good(end);
    if value == "*" || (ends.iter().all(is_good) && value != "-") {
        return Ok(());
    }
    let what = if vr == VR::DA { "dates" } else { "times" };
    Err(bad(format!(
        "attribute {tag}: expected {what}, alone or with a hyphen between them"
    )))
}

fn digits_but(text: &str, allowed: char) -> bool {
    text.chars()
        .all(|character| character.is_ascii_digit() || character == allowed)
}

/// Tags of an attribute: keywords or eight digits, with dots between sequences and what is in them.
fn path(name: &str) -> Result<Vec<Tag>> {
    let parts: Vec<&str> = name.split('.').take(MAX_DEPTH + 1).collect();
    let path: Option<Vec<Tag>> = parts.iter().map(|part| tag(part)).collect();
    match path {
        Some(path) if path.len() <= MAX_DEPTH => Ok(path),
        // The name is the caller's own word; it may hold anything, so it is not repeated.
        _ => Err(bad(
            "expected keywords or tags of attributes as parameters".to_owned()
        )),
    }
}

fn tag(text: &str) -> Option<Tag> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let number = u32::from_str_radix(text, 16).ok()?;
        let tag = Tag((number >> 16) as u16, number as u16);
        return StandardDataDictionary.by_tag(tag).map(|_| tag);
    }
    StandardDataDictionary.by_name(text).map(|entry| entry.tag())
}

fn number(name: &'static str, value: &str) -> Result<u64> {
    let value = value.trim();
    let is_digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let read = value.parse::<u64>().ok().filter(|_| is_digits);
    read.ok_or_else(|| bad(format!("expected a whole number of 0 or more as {name}")))
}

fn truth(name: &'static str, value: &str) -> Result<bool> {
    match value.trim() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(bad(format!("expected true or false as {name}"))),
    }
}

fn cursor(value: &str) -> Result<Cursor> {
    Cursor::from_text(value).ok_or_else(|| bad("expected after as the archive gave it".to_owned()))
}

fn bad(words: String) -> Error {
    Error::BadRequest(words)
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags;

    use super::Search;
    use crate::dicomweb::qido::Resource;
    use crate::index::{Key, Match};

    fn keys(query: &str) -> Vec<Key> {
        Search::read(&Resource::Studies, query).unwrap().query.keys
    }

    #[test]
    fn attributes_by_keyword_tag_and_path() {
        let name = vec![Key::from_text(tags::PATIENT_NAME, "王*")];
        for query in [
            "PatientName=王*",
            "PatientName=%E7%8E%8B%2A",
            "00100010=王*",
            "PatientName=%E7%8E%8B*&limit=3",
        ] {
            assert_eq!(keys(query), name, "{query}");
        }
        let both = "RadiopharmaceuticalInformationSequence.RadionuclideTotalDose=3e8-4e8\
                    &00540016.00540300.CodeMeaning=x*";
        let [key] = &keys(both)[..] else {
            panic!("one item is asked for");
        };
        let Match::Sequence(inner) = &key.matching else {
            panic!("not a sequence");
        };
        assert_eq!(inner.len(), 2);
    }

    #[test]
    fn lists_of_uids() {
        for (query, expected) in [
            ("StudyInstanceUID=1.2,1.3", vec!["1.2", "1.3"]),
            ("StudyInstanceUID=1.2%5C1.3", vec!["1.2", "1.3"]),
            ("StudyInstanceUID=", vec![]),
            ("StudyInstanceUID=,", vec![]),
        ] {
            let expected = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(keys(query)[0].matching, Match::UidList(expected), "{query}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in [
            "limit=-1",
            "limit=",
            "limit=1e3",
            "limit=99999999999999999999",
            "offset=-1",
            "offset=%2B1",
            "NoSuchAttribute=1",
            "0010=1",
            "FFFFFFFF=1",
            "PatientName=a&PatientName=b",
            "PatientName=a&00100010=b",
            "fuzzymatching=yes",
            "includefield=Nonsense",
            "RequestAttributesSequence=1",
            "RequestAttributesSequence.Nonsense=1",
            "RequestAttributesSequence.PatientName=1",
            "StudyDate=yesterday",
            "StudyDate=2020-01-01",
            "StudyDate=-",
            "StudyTime=noon",
            "after=x",
            "a.b.c.d.e.f.g.h.i.j=1",
            "%=1",
            "=",
        ] {
            assert!(Search::read(&Resource::Studies, query).is_err(), "{query}");
        }
    }

    proptest::proptest! {
        /// What is understood is within what the caller wrote: no key is lost, none is made up.
        #[test]
        fn no_query_is_half_understood(
            pairs in proptest::collection::vec(
                (
                    proptest::sample::select(vec![
                        "PatientName", "00100010", "StudyDate", "StudyInstanceUID", "limit", "includefield", "accept",
                        "RequestAttributesSequence.RequestedProcedureID", "00400275.00400009", "Rows", "%20", "a.b",
                    ]),
                    proptest::sample::select(vec!["", "1", "*", "20200101-", "%2A", "%", "1.2,1.3", "\u{FFFF}", "-1", "=", "%00"]),
                ),
                0..6,
            ),
        ) {
            let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if let Ok(search) = Search::read(&Resource::Studies, &query.join("&")) {
                let is_key = |name: &&str| !["limit", "includefield", "accept"].contains(name);
                let asked = pairs.iter().map(|(name, _)| *name).filter(is_key);
                let asked: Vec<&str> = asked.collect();
                let items = |key: &Key| match &key.matching {
                    Match::Sequence(keys) => keys.len(),
                    _ => 1,
                };
                proptest::prop_assert_eq!(search.query.keys.iter().map(items).sum::<usize>(), asked.len());
            }
        }
    }

    proptest::proptest! {
        /// What the fuzz target `qido` does, on less.
        #[test]
        fn the_next_page_of_any_query_asks_the_same(
            query in "(((PatientName|00100010|includefield|accept|charset)=(\\*|all|StudyTime|(%2[0-9a-f]|[a+=]){0,4}|\\PC{0,12})|(limit|offset)=[0-9]{1,3}|fuzzymatching=true|.{0,6})&){0,4}",
        ) {
            proptest::prop_assert!(crate::dicomweb::qido::next_page_asks_the_same(&query), "{}", query);
        }
    }

    #[test]
    fn dates_and_times_are_read() {
        for query in [
            "StudyDate=",
            "StudyDate=20200101",
            "StudyDate=2020.01.01",
            "StudyDate=20200101-",
            "StudyDate=-20200101",
            "StudyTime=1030-1100",
            "StudyTime=10:30:00.5",
        ] {
            assert_eq!(keys(query).len(), 1, "{query}");
        }
    }
}
