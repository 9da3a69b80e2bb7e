//! The attributes that the index holds: one table from which statements, conditions and rows are made.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// A level of the information model (PS3.4 C.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Patients.
    Patient,
    /// Studies.
    Study,
    /// Series.
    Series,
    /// Instances.
    Instance,
}

impl Level {
    /// All levels, from the patient down.
    pub const ALL: [Self; 4] = [Self::Patient, Self::Study, Self::Series, Self::Instance];

    /// Its table, and the name it has in statements.
    pub(super) fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Patient => ("patients", "p"),
            Self::Study => ("studies", "st"),
            Self::Series => ("series", "se"),
            Self::Instance => ("instances", "i"),
        }
    }

    /// Its unique key among its neighbours.
    pub(super) fn uid(self) -> Tag {
        match self {
            Self::Patient => tags::PATIENT_ID,
            Self::Study => tags::STUDY_INSTANCE_UID,
            Self::Series => tags::SERIES_INSTANCE_UID,
            Self::Instance => tags::SOP_INSTANCE_UID,
        }
    }
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Case matters, wildcards work.
    Text,
    /// Person names: three groups, case does not matter, wildcards work.
    Name,
    /// Eight digits.
    Date,
    /// Compared in the column `<name>_key` in full precision.
    Time,
    /// Compared whole, alone or in a list.
    Uid,
    /// Written in one way only.
    Integer,
    /// Several values, of which any may match; compared in the column `<name>_key`, each between `\`.
    Codes,
    /// Compared as a number, alone or in a range. Only in items.
    Number,
}

/// One attribute of one level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute {
    pub(crate) tag: Tag,
    pub(crate) level: Level,
    pub(crate) column: &'static str,
    pub(crate) kind: Kind,
    /// Whether it may be a key; its column then begins an index.
    pub(crate) matched: bool,
}

const fn key(tag: Tag, level: Level, column: &'static str, kind: Kind) -> Attribute {
    Attribute {
        tag,
        level,
        column,
        kind,
        matched: true,
    }
}

const fn shown(tag: Tag, level: Level, column: &'static str, kind: Kind) -> Attribute {
    Attribute {
        tag,
        level,
        column,
        kind,
        matched: false,
    }
}

use Kind::{Codes, Date, Integer, Name, Text, Time, Uid};
use Level::{Instance, Patient, Series, Study};

/// Every attribute with a column of its own.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    key(tags::PATIENT_NAME, Patient, "patient_name", Name),
    // Matched in `patient_ids`, where every identifier of the patient is.
    key(tags::PATIENT_ID, Patient, "patient_id", Text),
    key(tags::ISSUER_OF_PATIENT_ID, Patient, "issuer", Text),
    key(tags::PATIENT_BIRTH_DATE, Patient, "birth_date", Date),
    key(tags::PATIENT_SEX, Patient, "sex", Text),
    key(tags::STUDY_INSTANCE_UID, Study, "study_uid", Uid),
    key(tags::STUDY_DATE, Study, "study_date", Date),
    key(tags::STUDY_TIME, Study, "study_time", Time),
    key(tags::ACCESSION_NUMBER, Study, "accession_number", Text),
    key(tags::STUDY_ID, Study, "study_id", Text),
    key(tags::STUDY_DESCRIPTION, Study, "study_description", Text),
    key(
        tags::REFERRING_PHYSICIAN_NAME,
        Study,
        "referring_physician_name",
        Name,
    ),
    shown(tags::PATIENT_AGE, Study, "patient_age", Text),
    shown(tags::PATIENT_SIZE, Study, "patient_size", Text),
    shown(tags::PATIENT_WEIGHT, Study, "patient_weight", Text),
    key(tags::SERIES_INSTANCE_UID, Series, "series_uid", Uid),
    key(tags::MODALITY, Series, "modality", Text),
    key(tags::SERIES_NUMBER, Series, "series_number", Integer),
    key(tags::SERIES_DESCRIPTION, Series, "series_description", Text),
    key(tags::BODY_PART_EXAMINED, Series, "body_part_examined", Text),
    key(tags::STATION_NAME, Series, "station_name", Text),
    key(tags::INSTITUTION_NAME, Series, "institution_name", Text),
    key(
        tags::PERFORMED_PROCEDURE_STEP_START_DATE,
        Series,
        "performed_date",
        Date,
    ),
    key(
        tags::PERFORMED_PROCEDURE_STEP_START_TIME,
        Series,
        "performed_time",
        Time,
    ),
    shown(tags::SERIES_DATE, Series, "series_date", Date),
    shown(tags::SERIES_TIME, Series, "series_time", Time),
    shown(tags::PROTOCOL_NAME, Series, "protocol_name", Text),
    shown(tags::MANUFACTURER, Series, "manufacturer", Text),
    shown(tags::MANUFACTURER_MODEL_NAME, Series, "model_name", Text),
    shown(
        tags::FRAME_OF_REFERENCE_UID,
        Series,
        "frame_of_reference_uid",
        Uid,
    ),
    key(tags::UNITS, Series, "units", Text),
    key(tags::DECAY_CORRECTION, Series, "decay_correction", Text),
    key(tags::CORRECTED_IMAGE, Series, "corrected_image", Codes),
    key(
        tags::ATTENUATION_CORRECTION_METHOD,
        Series,
        "attenuation_method",
        Text,
    ),
    key(tags::SOP_INSTANCE_UID, Instance, "sop_uid", Uid),
    key(tags::SOP_CLASS_UID, Instance, "sop_class_uid", Uid),
    key(tags::INSTANCE_NUMBER, Instance, "instance_number", Integer),
    key(tags::CONTENT_DATE, Instance, "content_date", Date),
    shown(tags::CONTENT_TIME, Instance, "content_time", Time),
    shown(tags::IMAGE_TYPE, Instance, "image_type", Text),
    shown(tags::NUMBER_OF_FRAMES, Instance, "number_of_frames", Integer),
    shown(tags::ROWS, Instance, "pixel_rows", Integer),
    shown(tags::COLUMNS, Instance, "pixel_columns", Integer),
    shown(tags::BITS_ALLOCATED, Instance, "bits_allocated", Integer),
];

/// Gives the attribute of a tag; `None` for one without a column.
pub(crate) fn attribute(tag: Tag) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.tag == tag)
}

/// The attributes of one level.
pub(crate) fn of_level(level: Level) -> impl Iterator<Item = &'static Attribute> {
    ATTRIBUTES
        .iter()
        .filter(move |attribute| attribute.level == level)
}

/// Columns written for an attribute beside its own: what it is compared by.
pub(super) fn key_columns(attribute: &Attribute) -> Vec<String> {
    match attribute.kind {
        Name => ["alphabetic", "ideographic", "phonetic"]
            .map(|group| format!("{}_{group}", attribute.column))
            .into(),
        Time | Codes if attribute.matched => vec![format!("{}_key", attribute.column)],
        _ => Vec::new(),
    }
}
