//! The sequences whose items the index holds: a table each, an item's attributes its columns.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::{Attribute, Kind, Level};
use super::matching::{Key, Match};
use super::{Error, Result};

/// A sequence of a series, and the table of its items.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) tag: Tag,
    pub(super) table: &'static str,
    pub(super) attributes: &'static [ItemAttribute],
}

/// An attribute of an item: directly in it, or in the first item of a sequence in it.
#[derive(Debug)]
pub(super) struct ItemAttribute {
    pub(super) path: &'static [Tag],
    pub(super) column: &'static str,
    /// Where what is shown is not what is compared.
    pub(super) shown: Option<&'static str>,
    kind: Kind,
}

const fn text(path: &'static [Tag], column: &'static str) -> ItemAttribute {
    ItemAttribute {
        path,
        column,
        shown: None,
        kind: Kind::Text,
    }
}

/// Every sequence that can be matched in.
pub(super) const SEQUENCES: &[Sequence] = &[
    Sequence {
        tag: tags::REQUEST_ATTRIBUTES_SEQUENCE,
        table: "requests",
        attributes: &[
            text(&[tags::SCHEDULED_PROCEDURE_STEP_ID], "step_id"),
            text(&[tags::REQUESTED_PROCEDURE_ID], "procedure_id"),
        ],
    },
    Sequence {
        tag: tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
        table: "tracers",
        attributes: &[
            text(&[tags::RADIOPHARMACEUTICAL], "radiopharmaceutical"),
            // Compared in Bq whatever the class states; shown as written.
            ItemAttribute {
                path: &[tags::RADIONUCLIDE_TOTAL_DOSE],
                column: "activity_bq",
                shown: Some("total_dose"),
                kind: Kind::Number,
            },
            text(
                &[tags::RADIONUCLIDE_CODE_SEQUENCE, tags::CODE_VALUE],
                "radionuclide_code",
            ),
            text(
                &[tags::RADIONUCLIDE_CODE_SEQUENCE, tags::CODING_SCHEME_DESIGNATOR],
                "radionuclide_scheme",
            ),
            text(
                &[tags::RADIONUCLIDE_CODE_SEQUENCE, tags::CODE_MEANING],
                "radionuclide",
            ),
            text(
                &[tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE, tags::CODE_VALUE],
                "radiopharmaceutical_code",
            ),
            text(
                &[
                    tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE,
                    tags::CODING_SCHEME_DESIGNATOR,
                ],
                "radiopharmaceutical_scheme",
            ),
            text(
                &[tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE, tags::CODE_MEANING],
                "radiopharmaceutical_meaning",
            ),
        ],
    },
];

/// Gives the sequence of a tag; `None` where its items are not held.
pub(super) fn sequence(tag: Tag) -> Option<&'static Sequence> {
    SEQUENCES.iter().find(|sequence| sequence.tag == tag)
}

impl ItemAttribute {
    /// What says how it is compared.
    pub(super) fn compared(&self) -> Attribute {
        Attribute {
            tag: self.path[self.path.len() - 1],
            level: Level::Series,
            column: self.column,
            kind: self.kind,
            matched: true,
        }
    }
}

impl Sequence {
    /// Gives the keys of an item with the attributes they ask, those in its sequences too.
    ///
    /// # Errors
    ///
    /// [`Error::NotMatched`] for one that is not held.
    pub(super) fn asked<'a>(&self, keys: &'a [Key]) -> Result<Vec<(&'static ItemAttribute, &'a Key)>> {
        let mut asked = Vec::new();
        for key in keys.iter().filter(|key| key.matching != Match::Universal) {
            match &key.matching {
                Match::Sequence(inner) => {
                    for inner in inner.iter().filter(|key| key.matching != Match::Universal) {
                        asked.push((self.attribute(&[key.tag, inner.tag])?, inner));
                    }
                }
                _ => asked.push((self.attribute(&[key.tag])?, key)),
            }
        }
        Ok(asked)
    }

    fn attribute(&self, path: &[Tag]) -> Result<&'static ItemAttribute> {
        let found = self.attributes.iter().find(|attribute| attribute.path == path);
        found.ok_or(Error::NotMatched(path[path.len() - 1]))
    }
}

/// Gives every attribute that can be matched within items: its path from the sequence down, and how it is compared.
pub(crate) fn keys_in_items() -> impl Iterator<Item = (Vec<Tag>, Kind)> {
    SEQUENCES.iter().flat_map(|sequence| {
        let path = |inner: &[Tag]| [&[sequence.tag], inner].concat();
        let attributes = sequence.attributes.iter();
        attributes.map(move |attribute| (path(attribute.path), attribute.kind))
    })
}

/// How the attribute at the end of a path is compared; `None` where it is not held.
pub(super) fn kind_at(path: &[Tag]) -> Option<Kind> {
    let [tag, inner @ ..] = path else { return None };
    let attributes = sequence(*tag)?.attributes.iter();
    let mut found = attributes.filter(|attribute| attribute.path == inner);
    found.next().map(|attribute| attribute.kind)
}
