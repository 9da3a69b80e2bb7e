//! The coded concepts of measurements (PS3.16), and today's codes for those that older objects use.
//!
//! Units of SUV are those of CID 85 as published since 2018, `g/ml{SUVbw}`: the annotation stands behind
//! the unit. Older objects have it in front (`{SUVbw}g/ml`); both are read.

use super::Code;
use crate::suv::SuvKind;

/// Mean.
pub const MEAN: Code = Code::new("373098007", "SCT", "Mean");
/// Maximum.
pub const MAXIMUM: Code = Code::new("56851009", "SCT", "Maximum");
/// Minimum.
pub const MINIMUM: Code = Code::new("255605001", "SCT", "Minimum");
/// Standard deviation.
pub const STANDARD_DEVIATION: Code = Code::new("386136009", "SCT", "Standard Deviation");
/// Median.
pub const MEDIAN: Code = Code::new("373099004", "SCT", "Median");
/// Root mean square.
pub const ROOT_MEAN_SQUARE: Code = Code::new("C2347976", "UMLS", "Root Mean Square");
/// Peak: the mean of a small sphere at the hottest place; [`PEAK_DEFINITION`] says which.
pub const PEAK: Code = Code::new("126031", "DCM", "Peak Value Within ROI");
/// Sum over all lesions.
pub const TOTAL: Code = Code::new("255619001", "SCT", "Total");

/// Volume.
pub const VOLUME: Code = Code::new("118565006", "SCT", "Volume");
/// Metabolic volume: MTV.
pub const METABOLIC_VOLUME: Code = Code::new("126032", "DCM", "Metabolic Volume");
/// Total lesion glycolysis: mean SUV times volume.
pub const TOTAL_LESION_GLYCOLYSIS: Code = Code::new("126033", "DCM", "Total Lesion Glycolysis");
/// SUV without a word on what it is normalised by.
pub const SUV: Code = Code::new("126400", "DCM", "Standardized Uptake Value");
/// Attenuation: HU.
pub const ATTENUATION_COEFFICIENT: Code = Code::new("112031", "DCM", "Attenuation Coefficient");
/// Longest diameter in a plane.
pub const LONG_AXIS: Code = Code::new("103339001", "SCT", "Long axis");
/// Longest diameter across the long axis.
pub const SHORT_AXIS: Code = Code::new("103340004", "SCT", "Short axis");
/// Length of a line.
pub const LENGTH: Code = Code::new("410668003", "SCT", "Length");
/// Angle of two lines.
pub const ANGLE: Code = Code::new("1483009", "SCT", "Angle");
/// Cobb angle: of the end plates of two vertebrae.
pub const COBB_ANGLE: Code = Code::new("285285000", "SCT", "Cobb angle");
/// Area.
pub const AREA: Code = Code::new("42798000", "SCT", "Area");
/// Width of the heart by width of the thorax; the standard has codes for ratios of areas and circumferences only.
pub const CARDIOTHORACIC_RATIO: Code = Code::new("cardiothoracic", "99UPTAKE", "Cardiothoracic ratio");
/// Number of lesions.
pub const LESION_COUNT: Code = Code::new("lesion-count", "99UPTAKE", "Number of lesions");

/// Volume as voxels times the volume of one.
pub const SUM_OF_VOXELS: Code = Code::new("126030", "DCM", "Sum of segmented voxel volumes");

/// Millilitre.
pub const MILLILITRE: Code = Code::new("ml", "UCUM", "milliliter");
/// Millimetre.
pub const MILLIMETRE: Code = Code::new("mm", "UCUM", "millimeter");
/// Square millimetre.
pub const SQUARE_MILLIMETRE: Code = Code::new("mm2", "UCUM", "square millimeter");
/// Degree of an angle.
pub const DEGREE: Code = Code::new("deg", "UCUM", "degree");
/// Gram: of SUV in g/mL times mL.
pub const GRAM: Code = Code::new("g", "UCUM", "gram");
/// Hounsfield unit.
pub const HOUNSFIELD: Code = Code::new("[hnsf'U]", "UCUM", "Hounsfield unit");
/// Becquerel per millilitre.
pub const BECQUEREL_PER_ML: Code = Code::new("Bq/ml", "UCUM", "Becquerels/milliliter");
/// No unit.
pub const NO_UNITS: Code = Code::new("1", "UCUM", "no units");

/// Which of the peak's definitions a number follows; its value is a name such as `global_pv`.
pub const PEAK_DEFINITION: Code = Code::new("peak-definition", "99UPTAKE", "Definition of the peak");
/// To what resolution an image was brought before it was measured.
pub const HARMONIZATION: Code = Code::new("harmonization", "99UPTAKE", "Resolution harmonization");
/// By what rule lesions were found.
pub const DETECTION_RULE: Code = Code::new("detection-rule", "99UPTAKE", "Rule of lesion detection");
/// By what rule the boundary of a metabolic volume was drawn.
pub const BOUNDARY_RULE: Code = Code::new("boundary-rule", "99UPTAKE", "Rule of the metabolic volume");
/// Why an uptake is taken for physiological.
pub const PHYSIOLOGICAL_UPTAKE: Code = Code::new("physiological", "99UPTAKE", "Physiological uptake, reason");
/// A remark.
pub const COMMENT: Code = Code::new("121106", "DCM", "Comment");

/// Morphologically abnormal structure: the category of a lesion.
pub const ABNORMAL_STRUCTURE: Code = Code::new("49755003", "SCT", "Morphologically Abnormal Structure");
/// Anatomical structure: the category of an organ.
pub const ANATOMICAL_STRUCTURE: Code = Code::new("91723000", "SCT", "Anatomical Structure");
/// Lesion.
pub const LESION: Code = Code::new("52988006", "SCT", "Lesion");
/// PET-CT of the whole body with FDG.
pub const PET_CT_FDG_WHOLE_BODY: Code = Code::new("443271005", "SCT", "PET/CT FDG imaging of whole body");
/// PET of the whole body.
pub const PET_WHOLE_BODY: Code = Code::new("44139-4", "LN", "PET whole body");
/// English, as a report's language.
pub const ENGLISH: Code = Code::new("en", "RFC5646", "English");

/// The scheme of the codes that no standard has, with a UID and a name for those who do not know it.
pub(crate) const OWN_SCHEME: (&str, &str, &str) = (
    "99UPTAKE",
    "2.25.190146791043182537444806132342625375408",
    "Uptake, nuclear medicine imaging",
);

/// The quantity of an SUV (PS3.16 CID 218).
#[must_use]
pub fn suv(kind: SuvKind) -> Code {
    let code = kind.code();
    Code::new(code.value, "DCM", code.meaning)
}

/// How an SUV is computed: 126410 to 126415.
#[must_use]
pub fn suv_method(kind: SuvKind) -> Code {
    let code = kind.method_code();
    Code::new(code.value, "DCM", code.meaning)
}

/// The unit of an SUV (PS3.16 CID 85).
#[must_use]
pub fn suv_unit(kind: SuvKind) -> Code {
    let meaning = match kind {
        SuvKind::Bw => "Standardized Uptake Value body weight",
        SuvKind::LbmMorgan120 => "Standardized Uptake Value lean body mass (James)",
        SuvKind::LbmJames128 => "Standardized Uptake Value lean body mass (James 128 multiplier)",
        SuvKind::LbmJanmahasatian => "Standardized Uptake Value lean body mass (Janma)",
        SuvKind::Bsa => "Standardized Uptake Value body surface area",
        SuvKind::Ibw => "Standardized Uptake Value ideal body weight",
    };
    Code::new(kind.ucum(), "UCUM", meaning)
}

/// The SUV that a unit of CID 85 is of, whether its annotation stands behind the unit or, as once, in front.
#[must_use]
pub fn suv_kind_of_unit(unit: &Code) -> Option<SuvKind> {
    SuvKind::ALL.into_iter().find(|kind| {
        let today = kind.ucum();
        let (plain, annotation) = today.split_at(today.find('{').unwrap_or(today.len()));
        unit.value == today || unit.value.strip_prefix(annotation) == Some(plain)
    })
}

/// A place in the body by its common name, with its side: `right lung`, `neck`, `skeleton`.
///
/// `None` for names that have no code here; the name itself then is all there is.
#[must_use]
pub fn site(name: &str) -> Option<(Code, Option<Code>)> {
    let name = name.trim().to_lowercase();
    let (side, name) = match name.split_once(' ') {
        Some(("right", rest)) => (Some(Code::new("24028007", "SCT", "Right")), rest.to_owned()),
        Some(("left", rest)) => (Some(Code::new("7771000", "SCT", "Left")), rest.to_owned()),
        _ => (None, name),
    };
    let singular = name.strip_suffix('s').unwrap_or(&name);
    let found = SITES
        .iter()
        .find(|(known, ..)| *known == name || *known == singular)?;
    Some((Code::new(found.1, "SCT", found.2), side))
}

/// Names, SNOMED CT identifiers and meanings of PS3.16 CID 4 and CID 4031.
const SITES: &[(&str, &str, &str)] = &[
    ("abdomen", "818981001", "Abdomen"),
    ("axillary lymph node", "68171009", "Axillary lymph node"),
    ("bladder", "89837001", "Bladder"),
    ("bone", "272673000", "Bone"),
    ("bone marrow", "14016003", "Bone marrow"),
    ("brain", "12738006", "Brain"),
    ("breast", "76752008", "Breast"),
    ("chest", "51185008", "Chest"),
    ("colon", "71854001", "Colon"),
    ("head", "69536005", "Head"),
    ("head and neck", "774007", "Head and Neck"),
    ("heart", "80891009", "Heart"),
    ("kidney", "64033007", "Kidney"),
    ("liver", "10200004", "Liver"),
    ("lower limb", "61685007", "Lower limb"),
    ("lung", "39607008", "Lung"),
    ("lymph node", "59441001", "Lymph node"),
    ("mediastinum", "72410000", "Mediastinum"),
    ("neck", "45048000", "Neck"),
    ("pancreas", "15776009", "Pancreas"),
    ("pelvis", "816092008", "Pelvis"),
    ("sacrum", "54735007", "Sacrum"),
    ("salivary gland", "385294005", "Salivary gland"),
    ("skeleton", "272673000", "Bone"),
    ("skull", "89546000", "Skull"),
    ("spine", "421060004", "Spine"),
    ("spleen", "78961009", "Spleen"),
    ("thorax", "51185008", "Chest"),
    ("upper limb", "53120007", "Upper limb"),
    ("ureter", "87953007", "Ureter"),
];

/// Retired codes (SRT, and those of PixelMed before the standard had any) and today's.
const RETIRED: &[(&str, &str, Code)] = &[
    ("R-00317", "SRT", MEAN),
    ("G-A437", "SRT", MAXIMUM),
    ("R-404FB", "SRT", MINIMUM),
    ("R-10047", "SRT", STANDARD_DEVIATION),
    ("R-00319", "SRT", MEDIAN),
    ("G-D705", "SRT", VOLUME),
    ("G-D7FE", "SRT", LENGTH),
    ("G-A160", "SRT", ANGLE),
    ("G-A166", "SRT", AREA),
    ("G-A185", "SRT", LONG_AXIS),
    ("G-A186", "SRT", SHORT_AXIS),
    ("F-00E5C", "SRT", COBB_ANGLE),
    ("G-C036", "SRT", MEASUREMENT_METHOD),
    ("G-C0E3", "SRT", FINDING_SITE),
    ("G-C171", "SRT", LATERALITY),
    ("G-C1C6", "SRT", QUANTITY),
    ("250121", "99PMP", SUV),
    ("250122", "99PMP", Code::new("126401", "DCM", "SUVbw")),
    (
        "250132",
        "99PMP",
        Code::new("126410", "DCM", "SUV body weight calculation method"),
    ),
    ("250144", "99PMP", TOTAL_LESION_GLYCOLYSIS),
    ("250200", "99PMP", IMAGING_MEASUREMENTS),
    ("250201", "99PMP", REAL_WORLD_VALUE_MAP),
];

/// Measurement Method, as the name of a content item.
pub(crate) const MEASUREMENT_METHOD: Code = Code::new("370129005", "SCT", "Measurement Method");
/// Finding Site.
pub(crate) const FINDING_SITE: Code = Code::new("363698007", "SCT", "Finding Site");
/// Laterality.
pub(crate) const LATERALITY: Code = Code::new("272741003", "SCT", "Laterality");
/// Quantity.
pub(crate) const QUANTITY: Code = Code::new("246205007", "SCT", "Quantity");
/// Image Region: the outline of a group.
pub(crate) const IMAGE_REGION: Code = Code::new("111030", "DCM", "Image Region");
/// Source: the image or coordinates that something was taken from.
pub(crate) const SOURCE: Code = Code::new("260753009", "SCT", "Source");
/// Source of Measurement: the image of a number.
pub(crate) const SOURCE_OF_MEASUREMENT: Code = Code::new("121112", "DCM", "Source of Measurement");
/// Imaging Measurements: the container of the groups.
pub(crate) const IMAGING_MEASUREMENTS: Code = Code::new("126010", "DCM", "Imaging Measurements");
/// Real World Value Map used for measurement.
pub(crate) const REAL_WORLD_VALUE_MAP: Code =
    Code::new("126100", "DCM", "Real World Value Map used for measurement");

/// Today's code of a concept, where the one given is retired and known here; else the code itself.
#[must_use]
pub fn current(code: Code) -> Code {
    let retired = |(value, scheme, _): &&(&str, &str, Code)| code.value == *value && code.scheme == *scheme;
    RETIRED
        .iter()
        .find(retired)
        .map_or(code.clone(), |known| known.2.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_suv_are_known_old_and_new() {
        for kind in SuvKind::ALL {
            let unit = suv_unit(kind);
            assert_eq!(suv_kind_of_unit(&unit), Some(kind), "{unit:?}");
            let (plain, annotation) = unit.value.split_at(unit.value.find('{').unwrap());
            let old = Code::owned(format!("{annotation}{plain}"), "UCUM", "");
            assert_eq!(suv_kind_of_unit(&old), Some(kind), "{old:?}");
        }
        assert_eq!(suv_unit(SuvKind::Bw).value, "g/ml{SUVbw}");
        assert_eq!(suv_unit(SuvKind::Bsa).value, "cm2/ml{SUVbsa}");
        assert_eq!(suv_kind_of_unit(&Code::new("g/ml", "UCUM", "")), None);
    }

    #[test]
    fn retired_codes_become_current_and_others_stay() {
        assert_eq!(current(Code::new("R-00317", "SRT", "mean")), MEAN);
        assert_eq!(current(Code::new("R-00317", "SCT", "mean")).scheme, "SCT");
        assert_eq!(current(LESION), LESION);
    }

    #[test]
    fn sites_have_sides() {
        let (lung, side) = site("Right lung").unwrap();
        assert_eq!(
            (lung.value.as_ref(), side.unwrap().meaning.as_ref()),
            ("39607008", "Right")
        );
        for (name, value) in [
            ("kidneys", "64033007"),
            ("pelvis", "816092008"),
            ("skeleton", "272673000"),
        ] {
            assert_eq!(site(name).unwrap().0.value, value, "{name}");
        }
        assert_eq!(site("left"), None);
        assert_eq!(site("injection site"), None);
    }
}
