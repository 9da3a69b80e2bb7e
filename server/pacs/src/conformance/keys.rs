//! What is said of keys.

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use super::table;
use crate::index::{AttributeKind, Level, of_level};

pub(super) fn name_of(tag: Tag) -> String {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.map_or_else(String::new, |entry| entry.alias().to_owned())
}

pub(super) fn matching(kind: AttributeKind) -> &'static str {
    match kind {
        AttributeKind::Text => "single value, wildcard, list",
        AttributeKind::Name => "single value, wildcard, list, any of three groups, case does not matter",
        AttributeKind::Date | AttributeKind::Time => "single value, range",
        AttributeKind::Uid => "single value, list of UIDs",
        AttributeKind::Integer => "single value, list",
        AttributeKind::Number => "single value, range",
        AttributeKind::Codes => "any of its values, wildcard, list",
    }
}

pub(super) fn queries() -> String {
    let rows = Level::ALL.into_iter().flat_map(|level| {
        of_level(level).map(move |attribute| {
            let matched = if attribute.matched {
                matching(attribute.kind)
            } else {
                "returned only"
            };
            vec![
                format!("{level:?}"),
                name_of(attribute.tag),
                format!("`{}`", attribute.tag),
                matched.to_owned(),
            ]
        })
    });
    let rows: Vec<_> = rows.collect();
    "Universal matching is for every key. Keys of any level match at any level (relational queries), negotiated or not. \
     ModalitiesInStudy is matched too: single value, wildcard, list. A list has its values with backslashes between them, each \
     of which may have wildcards; any of them matches (Multiple Value Matching), negotiated or not.\n\n\
     Fuzzy semantic matching, where it is negotiated or asked for, is of Patient's Name; other names are matched as ever. The \
     value is taken into words: what is not a letter or digit ends one, and so does a change between ideographs and letters. \
     All of the words must be found, each in any of the name's component groups, in any order:\n\n\
     - Case, width, accents, and hiragana or katakana do not matter, nor whether characters are traditional or simplified.\n\
     - A word matches what begins so: the name, a component, a word of a component, any ideograph, any syllable of pinyin \
     that is written as one word, and on from there (`xiaoming`, `小明` and `明` in `Wang^Xiaoming=王^小明`).\n\
     - Ideographs are also read in pinyin, in each of their usual readings (`单` as `shan`, `dan` and `chan`; ü as `u`, `v` \
     or `yu`), with or without spaces.\n\
     - Words and syllables are also found by their first letters, two or more (`wxm`).\n\
     - `*` and `?` end a word; the word after one is found within words too, as they are written. Whatever single value and wildcard matching \
     find is found.\n\
     - A word is compared by its first 16 letters.\n\n"
        .to_owned()
        + &table(&["Level", "Attribute", "Tag", "Matching"], rows)
}

pub(super) fn worklist() -> String {
    let required = [
        (tags::SCHEDULED_STATION_AE_TITLE, "single value, wildcard"),
        (
            tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
            "single value, range; with a range of times one range of both",
        ),
        (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, "single value, range"),
        (tags::MODALITY, "single value, wildcard"),
        (
            tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME,
            "single value, wildcard",
        ),
        (tags::PATIENT_NAME, "single value, wildcard"),
        (tags::PATIENT_ID, "single value, wildcard"),
        (tags::ACCESSION_NUMBER, "single value, wildcard"),
        (tags::REQUESTED_PROCEDURE_ID, "single value, wildcard"),
    ];
    let rows = required.map(|(tag, how)| vec![name_of(tag), format!("`{tag}`"), how.to_owned()]);
    "Steps that are `SCHEDULED` or `IN PROGRESS` are offered. Every attribute of an item is matched by its representation and \
     returned when asked for, within sequences too; a sequence without keys is returned whole. The keys that the standard \
     requires, and those asked for most:\n\n"
        .to_owned()
        + &table(&["Attribute", "Tag", "Matching"], rows)
}
