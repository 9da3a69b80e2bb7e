//! What an object says of its segments (PS3.3 C.8.20.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use codec::Warning;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dicom::Code;
use crate::dicom::presentation_state::CieLab;
use crate::dicom::read::attributes::Attributes;
use crate::dicom::read::presentation_state::colour;
use crate::geometry::Grid;
use crate::voi::Mask;

/// One segment and its voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Segment Number (0062,0004).
    pub number: u16,
    /// Segment Label (0062,0005); empty when the object has none.
    pub label: String,
    /// Segmented Property Category: tissue, morphologically abnormal structure.
    pub category: Option<Code>,
    /// Segmented Property Type: liver, neoplasm.
    pub property_type: Option<Code>,
    /// Anatomic Region (0008,2218) and its modifier: lung, right.
    pub anatomic_region: Option<(Code, Option<Code>)>,
    /// Segment Algorithm Type (0062,0008): AUTOMATIC, SEMIAUTOMATIC, MANUAL.
    pub algorithm_type: Option<String>,
    /// Segment Algorithm Name (0062,0009).
    pub algorithm_name: Option<String>,
    /// Recommended Display CIELab Value (0062,000D), as sRGB levels: red, green, blue.
    pub colour: Option<[u8; 3]>,
    /// Tracking ID (0062,0020), the lesion's name over time.
    pub tracking_id: Option<String>,
    /// Tracking UID (0062,0021).
    pub tracking_uid: Option<String>,
    /// Its voxels; all segments of an object share one grid.
    pub mask: Mask,
}

/// A segment whose voxels are not known yet.
#[derive(Default)]
pub(super) struct Described {
    pub number: u16,
    pub mask: Option<Mask>,
    label: String,
    category: Option<Code>,
    property_type: Option<Code>,
    anatomic_region: Option<(Code, Option<Code>)>,
    algorithm_type: Option<String>,
    algorithm_name: Option<String>,
    colour: Option<[u8; 3]>,
    tracking_id: Option<String>,
    tracking_uid: Option<String>,
}

impl Described {
    /// A segment that frames show but the object does not describe.
    pub(super) fn unknown(number: u16) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    fn of(item: &InMemDicomObject, number: u16) -> Self {
        Self {
            number,
            mask: None,
            label: item.text(tags::SEGMENT_LABEL).unwrap_or_default(),
            category: Code::of(item, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE),
            property_type: Code::of(item, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE),
            anatomic_region: region(item),
            algorithm_type: item.text(tags::SEGMENT_ALGORITHM_TYPE),
            algorithm_name: item.text(tags::SEGMENT_ALGORITHM_NAME),
            colour: colour(item, tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE).map(CieLab::to_srgb),
            tracking_id: item.text(tags::TRACKING_ID),
            tracking_uid: item.text(tags::TRACKING_UID),
        }
    }

    /// The segment with its voxels, or none on `grid` when no frame showed it.
    pub(super) fn on(self, grid: &Arc<Grid>) -> Segment {
        Segment {
            number: self.number,
            label: self.label,
            category: self.category,
            property_type: self.property_type,
            anatomic_region: self.anatomic_region,
            algorithm_type: self.algorithm_type,
            algorithm_name: self.algorithm_name,
            colour: self.colour,
            tracking_id: self.tracking_id,
            tracking_uid: self.tracking_uid,
            mask: self.mask.unwrap_or_else(|| Mask::empty(grid.clone())),
        }
    }
}

fn region(item: &InMemDicomObject) -> Option<(Code, Option<Code>)> {
    let region = item.item(tags::ANATOMIC_REGION_SEQUENCE)?;
    let modifier = Code::of(region, tags::ANATOMIC_REGION_MODIFIER_SEQUENCE);
    Some((Code::of_item(region)?, modifier))
}

/// The segments of Segment Sequence (0062,0002) by their numbers; the first of each.
pub(super) fn described(object: &InMemDicomObject, warnings: &mut Vec<Warning>) -> BTreeMap<u16, Described> {
    let mut segments = BTreeMap::new();
    for item in object.items(tags::SEGMENT_SEQUENCE) {
        let number = item
            .integer(tags::SEGMENT_NUMBER)
            .and_then(|number| u16::try_from(number).ok());
        match number {
            Some(number) if !segments.contains_key(&number) => {
                segments.insert(number, Described::of(item, number));
            }
            number => {
                let text = format!(
                    "expected a Segment Number of its own for each segment, found {number:?}; left out"
                );
                warnings.push(Warning::new("segment-number", text));
            }
        }
    }
    segments
}
