//! What a correction is for: a patient, a study, a series, an instance.

use dicom_dictionary_std::tags;

use super::attributes::Level;
use super::facts::{from_patient_key, patient_key};
use super::{Facts, Identifier};

/// What a correction is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All that shows under an identifier, also what is still to come.
    Patient(Identifier),
    /// A study, by its UID.
    Study(String),
    /// A series.
    Series {
        /// Study Instance UID.
        study_uid: String,
        /// Series Instance UID.
        series_uid: String,
    },
    /// An instance, by its UID.
    Instance(String),
}

impl Scope {
    /// The level of what it names.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Patient(_) => Level::Patient,
            Self::Study(_) => Level::Study,
            Self::Series { .. } => Level::Series,
            Self::Instance(_) => Level::Instance,
        }
    }

    /// Names it in a row; a patient is a custodian's.
    pub(super) fn target(&self, custodian: Option<i64>) -> String {
        match self {
            Self::Patient(identifier) => format!("patient {}", patient_key(identifier, custodian)),
            Self::Study(uid) => format!("study {uid}"),
            Self::Series {
                study_uid,
                series_uid,
            } => format!("series {study_uid} {series_uid}"),
            Self::Instance(uid) => format!("instance {uid}"),
        }
    }

    /// Reads [`Scope::target`].
    pub(super) fn from_target(target: &str) -> Option<(Self, Option<i64>)> {
        let (word, rest) = target.split_once(' ')?;
        let scope = match word {
            "patient" => {
                let (identifier, custodian) = from_patient_key(rest)?;
                return Some((Self::Patient(identifier), custodian));
            }
            "study" => Self::Study(rest.to_owned()),
            "series" => {
                let (study_uid, series_uid) = rest.split_once(' ')?;
                Self::Series {
                    study_uid: study_uid.to_owned(),
                    series_uid: series_uid.to_owned(),
                }
            }
            "instance" => Self::Instance(rest.to_owned()),
            _ => return None,
        };
        Some((scope, None))
    }

    /// What could be a target for an object that shows these facts.
    pub(super) fn targets_of(facts: &Facts) -> [String; 4] {
        let value = |tag| facts.value(tag);
        let study_uid = value(tags::STUDY_INSTANCE_UID);
        [
            format!("patient {}", facts.patient_key()),
            format!("study {study_uid}"),
            format!("series {study_uid} {}", value(tags::SERIES_INSTANCE_UID)),
            format!("instance {}", value(tags::SOP_INSTANCE_UID)),
        ]
    }
}
