//! Which record stands for an object, and which attributes it has (PS3.3 F.3, F.5).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};

/// An attribute of a record, and how it must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A value; where the object has none it stays empty, because it is never guessed.
    One(Tag, VR),
    /// A number that only tells objects apart: counted up where the object has none.
    Number(Tag, VR),
    /// A value or none.
    Two(Tag, VR),
    /// There when the object has it.
    Three(Tag, VR),
}

use Key::{Number, One, Three, Two};

pub(super) const PATIENT: &[Key] = &[
    Two(tags::PATIENT_NAME, VR::PN),
    One(tags::PATIENT_ID, VR::LO),
    Three(tags::ISSUER_OF_PATIENT_ID, VR::LO),
    Three(tags::PATIENT_BIRTH_DATE, VR::DA),
    Three(tags::PATIENT_SEX, VR::CS),
];

pub(super) const STUDY: &[Key] = &[
    One(tags::STUDY_DATE, VR::DA),
    One(tags::STUDY_TIME, VR::TM),
    Two(tags::ACCESSION_NUMBER, VR::SH),
    Two(tags::STUDY_DESCRIPTION, VR::LO),
    One(tags::STUDY_INSTANCE_UID, VR::UI),
    Number(tags::STUDY_ID, VR::SH),
];

pub(super) const SERIES: &[Key] = &[
    One(tags::MODALITY, VR::CS),
    Three(tags::SERIES_DESCRIPTION, VR::LO),
    One(tags::SERIES_INSTANCE_UID, VR::UI),
    Number(tags::SERIES_NUMBER, VR::IS),
];

const NUMBER: Key = Number(tags::INSTANCE_NUMBER, VR::IS);
const DATE: Key = One(tags::CONTENT_DATE, VR::DA);
const TIME: Key = One(tags::CONTENT_TIME, VR::TM);
const CREATED: [Key; 2] = [
    One(tags::PRESENTATION_CREATION_DATE, VR::DA),
    One(tags::PRESENTATION_CREATION_TIME, VR::TM),
];
/// Content Identification (PS3.3 Table 10-12).
const IDENTIFICATION: [Key; 3] = [
    One(tags::CONTENT_LABEL, VR::CS),
    Two(tags::CONTENT_DESCRIPTION, VR::LO),
    Two(tags::CONTENT_CREATOR_NAME, VR::PN),
];

/// A kind of record below a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
}

const IMAGE: Kind = Kind {
    name: "IMAGE",
    keys: &[
        Three(tags::IMAGE_TYPE, VR::CS),
        NUMBER,
        Three(tags::NUMBER_OF_FRAMES, VR::IS),
        Three(tags::ROWS, VR::US),
        Three(tags::COLUMNS, VR::US),
    ],
};
const SR_DOCUMENT: Kind = Kind {
    name: "SR DOCUMENT",
    keys: &[
        DATE,
        TIME,
        NUMBER,
        One(tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ),
        One(tags::COMPLETION_FLAG, VR::CS),
        One(tags::VERIFICATION_FLAG, VR::CS),
    ],
};
const KEY_OBJECT: Kind = Kind {
    name: "KEY OBJECT DOC",
    keys: &[DATE, TIME, NUMBER, One(tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ)],
};
const PRESENTATION: Kind = Kind {
    name: "PRESENTATION",
    keys: &[
        NUMBER,
        Three(tags::REFERENCED_SERIES_SEQUENCE, VR::SQ),
        CREATED[0],
        CREATED[1],
        IDENTIFICATION[0],
        IDENTIFICATION[1],
        IDENTIFICATION[2],
    ],
};
const WAVEFORM: Kind = Kind {
    name: "WAVEFORM",
    keys: &[DATE, TIME, NUMBER],
};
const RAW_DATA: Kind = Kind {
    name: "RAW DATA",
    keys: &[DATE, TIME, NUMBER],
};
const SPECTROSCOPY: Kind = Kind {
    name: "SPECTROSCOPY",
    keys: &[
        One(tags::IMAGE_TYPE, VR::CS),
        DATE,
        TIME,
        NUMBER,
        One(tags::NUMBER_OF_FRAMES, VR::IS),
        One(tags::ROWS, VR::US),
        One(tags::COLUMNS, VR::US),
        One(tags::DATA_POINT_ROWS, VR::UL),
        One(tags::DATA_POINT_COLUMNS, VR::UL),
    ],
};
const REGISTRATION: Kind = Kind {
    name: "REGISTRATION",
    keys: &[
        DATE,
        TIME,
        NUMBER,
        IDENTIFICATION[0],
        IDENTIFICATION[1],
        IDENTIFICATION[2],
    ],
};
const FIDUCIAL: Kind = Kind {
    name: "FIDUCIAL",
    ..REGISTRATION
};
const VALUE_MAP: Kind = Kind {
    name: "VALUE MAP",
    ..REGISTRATION
};
const ENCAPSULATED: Kind = Kind {
    name: "ENCAP DOC",
    keys: &[
        Two(tags::CONTENT_DATE, VR::DA),
        Two(tags::CONTENT_TIME, VR::TM),
        NUMBER,
        Two(tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ),
        Two(tags::DOCUMENT_TITLE, VR::ST),
        One(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO),
        Three(tags::HL7_INSTANCE_IDENTIFIER, VR::ST),
    ],
};
const RT_DOSE: Kind = Kind {
    name: "RT DOSE",
    keys: &[
        NUMBER,
        One(tags::DOSE_SUMMATION_TYPE, VR::CS),
        Three(tags::DOSE_COMMENT, VR::LO),
    ],
};
const RT_STRUCTURE_SET: Kind = Kind {
    name: "RT STRUCTURE SET",
    keys: &[
        NUMBER,
        One(tags::STRUCTURE_SET_LABEL, VR::SH),
        Two(tags::STRUCTURE_SET_DATE, VR::DA),
        Two(tags::STRUCTURE_SET_TIME, VR::TM),
    ],
};
const RT_PLAN: Kind = Kind {
    name: "RT PLAN",
    keys: &[
        NUMBER,
        One(tags::RT_PLAN_LABEL, VR::SH),
        Two(tags::RT_PLAN_DATE, VR::DA),
        Two(tags::RT_PLAN_TIME, VR::TM),
    ],
};
const RT_TREATMENT: Kind = Kind {
    name: "RT TREAT RECORD",
    keys: &[
        NUMBER,
        Two(tags::TREATMENT_DATE, VR::DA),
        Two(tags::TREATMENT_TIME, VR::TM),
    ],
};
/// What the standard has no record for.
pub(crate) const PRIVATE: &str = "PRIVATE";

/// Roots of families: the waveforms, reports and presentation states, now and to come.
const FAMILIES: &[(&str, Kind)] = &[
    ("1.2.840.10008.5.1.4.1.1.9.", WAVEFORM),
    ("1.2.840.10008.5.1.4.1.1.88.", SR_DOCUMENT),
    ("1.2.840.10008.5.1.4.1.1.11.", PRESENTATION),
    ("1.2.840.10008.5.1.4.1.1.104.", ENCAPSULATED),
];

const CLASSES: &[(&str, Kind)] = &[
    (uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, KEY_OBJECT),
    (uids::RAW_DATA_STORAGE, RAW_DATA),
    (uids::MR_SPECTROSCOPY_STORAGE, SPECTROSCOPY),
    (uids::SPATIAL_REGISTRATION_STORAGE, REGISTRATION),
    (uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE, REGISTRATION),
    (uids::SPATIAL_FIDUCIALS_STORAGE, FIDUCIAL),
    (uids::REAL_WORLD_VALUE_MAPPING_STORAGE, VALUE_MAP),
    (uids::RT_DOSE_STORAGE, RT_DOSE),
    (uids::RT_STRUCTURE_SET_STORAGE, RT_STRUCTURE_SET),
    (uids::RT_PLAN_STORAGE, RT_PLAN),
    (uids::RT_ION_PLAN_STORAGE, RT_PLAN),
    (uids::RT_BEAMS_TREATMENT_RECORD_STORAGE, RT_TREATMENT),
    (uids::RT_BRACHY_TREATMENT_RECORD_STORAGE, RT_TREATMENT),
    (uids::RT_TREATMENT_SUMMARY_RECORD_STORAGE, RT_TREATMENT),
    (uids::RT_ION_BEAMS_TREATMENT_RECORD_STORAGE, RT_TREATMENT),
];

/// Gives the SOP classes, or what those of a family begin with, that have another record than an image.
pub(crate) fn classes() -> impl Iterator<Item = (&'static str, &'static str)> {
    CLASSES
        .iter()
        .chain(FAMILIES)
        .map(|(uid, kind)| (*uid, kind.name))
}

/// Root of the standard's own classes; others are private.
const STANDARD: &str = "1.2.840.10008.";

/// Gives the kind of record of a storage class; `None` for a private class and for one that has no record.
///
/// What is left when all else is known and has rows of pixels is an image, of a class known today or later.
pub(super) fn kind(sop_class_uid: &str, has_rows: bool) -> Option<Kind> {
    let named = CLASSES.iter().find(|(class, _)| *class == sop_class_uid);
    let family = || FAMILIES.iter().find(|(root, _)| sop_class_uid.starts_with(root));
    if let Some((_, kind)) = named.or_else(family) {
        return Some(*kind);
    }
    (has_rows && sop_class_uid.starts_with(STANDARD)).then_some(IMAGE)
}

/// Whether a record can say all that it must without more than the index's own columns.
pub(crate) fn is_image(sop_class_uid: &str, has_rows: bool) -> bool {
    kind(sop_class_uid, has_rows) == Some(IMAGE)
}
