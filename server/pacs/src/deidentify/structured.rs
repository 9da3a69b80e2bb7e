//! Codes within content that is replaced: those of public schemes say what was measured, not of whom.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::text;

/// Designators of schemes whose codes anybody can look up (PS3.16 section 8).
const PUBLIC: &[&str] = &[
    "DCM",
    "SCT",
    "SRT",
    "SNM3",
    "99SDM",
    "UCUM",
    "LN",
    "FMA",
    "RADLEX",
    "NCIt",
    "UMLS",
    "BI",
    "I9",
    "I10",
    "ISO3166_1",
    "RFC5646",
    "MA",
    "RXNORM",
    "NDC",
    "UNS",
];

/// Whether an item is a code of a public scheme (PS3.3 8.8).
pub(super) fn is_public_code(item: &InMemDicomObject) -> bool {
    let scheme = text(item, tags::CODING_SCHEME_DESIGNATOR);
    PUBLIC.contains(&scheme.as_str())
}
