//! Studies as people look for them and read them in lists: plain words in, plain words out. The search itself is the index's
//! own ([`Index::query`]), within what there is for whoever asks.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{Cursor, Index, Key, Level, Match, Query, Restriction, Result, Row};

/// What a list of studies is asked for; what is empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StudySearch {
    /// Words of the patient's name, however it is written: characters, pinyin, initials.
    pub name: String,
    /// What an identifier of the patient begins with; `*` and `?` stand for what is not known.
    pub patient_id: String,
    /// What the accession number begins with, likewise.
    pub accession: String,
    /// A modality that the study has.
    pub modality: String,
    /// A body part of one of its series, begun likewise.
    pub body_part: String,
    /// The first day, as `20261130`.
    pub from: String,
    /// The last day.
    pub to: String,
    /// These studies and no others, where any are named.
    pub study_uids: Vec<String>,
}

/// A study as a row of a list. Dates and times are as DICOM writes them; empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyRow {
    /// Study Instance UID.
    pub study_uid: String,
    /// The patient's name for reading: in characters where it is written so.
    pub name: String,
    /// The patient's identifier.
    pub patient_id: String,
    /// `F`, `M`, `O`.
    pub sex: String,
    /// Date of birth.
    pub birth_date: String,
    /// Age at the study, as `045Y`.
    pub age: String,
    /// Date.
    pub date: String,
    /// Time.
    pub time: String,
    /// Modalities.
    pub modalities: Vec<String>,
    /// Description.
    pub description: String,
    /// Accession number.
    pub accession: String,
    /// How many series show.
    pub series: String,
    /// How many instances show.
    pub instances: String,
    /// Where the row stands.
    pub cursor: Cursor,
}

impl StudySearch {
    /// Asks for these studies.
    #[must_use]
    pub fn of(study_uids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            study_uids: study_uids.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut ask = |tag: Tag, matching: Match| keys.push(Key { tag, matching });
        if !self.name.is_empty() {
            ask(tags::PATIENT_NAME, Match::Fuzzy(self.name.clone()));
        }
        if !self.modality.is_empty() {
            ask(tags::MODALITIES_IN_STUDY, Match::Single(self.modality.clone()));
        }
        for (tag, begin) in [
            (tags::PATIENT_ID, &self.patient_id),
            (tags::ACCESSION_NUMBER, &self.accession),
            (tags::BODY_PART_EXAMINED, &self.body_part),
        ] {
            if !begin.is_empty() {
                ask(tag, Match::Wildcard(format!("{begin}*")));
            }
        }
        let end = |text: &String| (!text.is_empty()).then(|| text.clone());
        let (from, to) = (end(&self.from), end(&self.to));
        if from.is_some() || to.is_some() {
            ask(tags::STUDY_DATE, Match::Range { from, to });
        }
        if !self.study_uids.is_empty() {
            ask(tags::STUDY_INSTANCE_UID, Match::UidList(self.study_uids.clone()));
        }
        keys
    }
}

impl Index {
    /// Gives studies, latest first, after the row with a cursor.
    ///
    /// # Errors
    ///
    /// As [`Index::query`].
    pub async fn studies(
        &self,
        search: &StudySearch,
        within: Restriction,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<StudyRow>> {
        let query = Query {
            keys: search.keys(),
            after,
            limit: Some(limit),
            ..Query::all(Level::Study).within(within)
        };
        let rows = self.query(&query).await?;
        Ok(rows.into_iter().map(StudyRow::from).collect())
    }
}

impl From<Row> for StudyRow {
    fn from(row: Row) -> Self {
        let value = |tag| row.value(tag).to_owned();
        let modalities = row.value(tags::MODALITIES_IN_STUDY).split('\\');
        Self {
            study_uid: value(tags::STUDY_INSTANCE_UID),
            name: read_name(row.value(tags::PATIENT_NAME)),
            patient_id: value(tags::PATIENT_ID),
            sex: value(tags::PATIENT_SEX),
            birth_date: value(tags::PATIENT_BIRTH_DATE),
            age: value(tags::PATIENT_AGE),
            date: value(tags::STUDY_DATE),
            time: value(tags::STUDY_TIME),
            modalities: modalities
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
            description: value(tags::STUDY_DESCRIPTION),
            accession: value(tags::ACCESSION_NUMBER),
            series: value(tags::NUMBER_OF_STUDY_RELATED_SERIES),
            instances: value(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
            cursor: row.cursor,
        }
    }
}

/// A name for reading (PS3.5 6.2.1.1): the group in characters where there is one, its components with spaces between
/// letters and none between characters.
fn read_name(name: &str) -> String {
    let groups: Vec<String> = name.split('=').map(read_group).collect();
    let has_words = |group: &&String| !group.is_empty();
    let written = groups.get(1).filter(has_words);
    let first = || groups.iter().find(has_words);
    written.or_else(first).cloned().unwrap_or_default()
}

fn read_group(group: &str) -> String {
    let is_letter = |c: char| c.is_ascii() || !c.is_alphabetic() || c < '\u{2E80}';
    let mut read = String::new();
    for part in group.split('^').map(str::trim).filter(|part| !part.is_empty()) {
        let is_spaced =
            read.chars().next_back().is_some_and(is_letter) || part.chars().next().is_some_and(is_letter);
        if !read.is_empty() && is_spaced {
            read.push(' ');
        }
        read.push_str(part);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_characters_where_they_are_written_so() {
        for (name, read) in [
            ("Wang^XiaoDong=王^小东", "王小东"),
            ("Wang^XiaoDong=王^小东=", "王小东"),
            ("王^小东", "王小东"),
            (
                "Adams^John Robert Quincy^^Rev.^B.A. M.Div.",
                "Adams John Robert Quincy Rev. B.A. M.Div.",
            ),
            ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎"),
            ("Müller^Änne", "Müller Änne"),
            ("=王^小东", "王小东"),
            ("==wang", "wang"),
            ("^^", ""),
            ("", ""),
        ] {
            assert_eq!(read_name(name), read, "{name}");
        }
    }

    #[test]
    fn what_is_empty_is_not_asked_for() {
        assert!(StudySearch::default().keys().is_empty());
        let search = StudySearch {
            accession: "A1".to_owned(),
            to: "20261130".to_owned(),
            ..StudySearch::default()
        };
        let expected = [
            (tags::ACCESSION_NUMBER, Match::Wildcard("A1*".to_owned())),
            (
                tags::STUDY_DATE,
                Match::Range {
                    from: None,
                    to: Some("20261130".to_owned()),
                },
            ),
        ];
        let expected = expected.map(|(tag, matching)| Key { tag, matching });
        assert_eq!(search.keys(), expected);
    }
}
