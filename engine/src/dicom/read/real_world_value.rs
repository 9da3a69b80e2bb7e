//! Real World Value Mapping objects, and the maps within images (PS3.3 A.67, C.7.6.16.2.11).

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes as _;
use super::references::{image_reference, series_of_instances};
use crate::dicom::real_world_value::{MappedImages, MappedRange, Mapping, RealWorldValue, RealWorldValueMap};
use crate::dicom::{Code, Error, Result, concepts};

/// PixelMed's Quantity Definition Sequence, from before the standard had one, and its creator.
const PIXELMED: &str = "PixelMed Publishing";
const PIXELMED_QUANTITY: u16 = 0x01;

/// Reads the map in the bytes of an object.
///
/// # Errors
///
/// As [`read_real_world_value_map`], and [`Error::Codec`] for bytes that are no object.
pub fn real_world_value_map(bytes: &[u8]) -> Result<(RealWorldValueMap, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (map, mut warnings) = read_real_world_value_map(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((map, warnings))
}

/// Reads the map of an object.
///
/// # Errors
///
/// [`Error::Missing`] for an object that maps nothing.
pub fn read_real_world_value_map(object: &InMemDicomObject) -> Result<(RealWorldValueMap, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let series_of = series_of_instances(object);
    let image = |item: &InMemDicomObject| image_reference(item, &series_of);
    let items = object
        .items(tags::REFERENCED_IMAGE_REAL_WORLD_VALUE_MAPPING_SEQUENCE)
        .iter();
    let mapped: Vec<MappedImages> = items
        .map(|item| MappedImages {
            images: item
                .items(tags::REFERENCED_IMAGE_SEQUENCE)
                .iter()
                .filter_map(image)
                .collect(),
            values: values_of(item, &mut warnings),
        })
        .filter(|mapped| !mapped.values.is_empty())
        .collect();
    if mapped.is_empty() {
        return Err(Error::Missing {
            attribute: "Real World Value Mapping Sequence",
            purpose: "map stored values",
        });
    }
    let map = RealWorldValueMap {
        label: object.text(tags::CONTENT_LABEL).unwrap_or_default(),
        description: object.text(tags::CONTENT_DESCRIPTION).unwrap_or_default(),
        mapped,
    };
    Ok((map, warnings))
}

/// The maps of Real World Value Mapping Sequence; one that maps nothing is left out with a warning.
pub(super) fn values_of(holder: &InMemDicomObject, warnings: &mut Vec<Warning>) -> Vec<RealWorldValue> {
    let items = holder.items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE).iter();
    items
        .filter_map(|item| {
            let value = value_of(item);
            if let Err(missing) = &value {
                let text = format!("expected {missing} of a real world value mapping, found none; left out");
                warnings.push(Warning::new("real-world-value", text));
            }
            value.ok()
        })
        .collect()
}

fn value_of(item: &InMemDicomObject) -> Result<RealWorldValue, &'static str> {
    let unit = Code::of(item, tags::MEASUREMENT_UNITS_CODE_SEQUENCE).ok_or("the unit")?;
    let mapped = range_of(item).ok_or("the range of stored values")?;
    let slope = item.number(tags::REAL_WORLD_VALUE_SLOPE);
    let table = item.numbers(tags::REAL_WORLD_VALUE_LUT_DATA);
    let mapping = match slope {
        Some(slope) => Mapping::Linear {
            slope,
            intercept: item.number(tags::REAL_WORLD_VALUE_INTERCEPT).unwrap_or(0.0),
        },
        None if !table.is_empty() => Mapping::Table(table),
        None => return Err("a slope or a table"),
    };
    let definitions = definitions(item);
    let defined = |name: &Code| {
        definitions
            .iter()
            .find(|(own, _)| own.is(name))
            .map(|(_, code)| code.clone())
    };
    Ok(RealWorldValue {
        label: item.text(tags::LUT_LABEL).unwrap_or_default(),
        explanation: item.text(tags::LUT_EXPLANATION).unwrap_or_default(),
        unit,
        quantity: defined(&concepts::QUANTITY),
        method: defined(&concepts::MEASUREMENT_METHOD),
        mapped,
        mapping,
    })
}

/// Names and codes of Quantity Definition Sequence, or of what PixelMed wrote in its place.
fn definitions(item: &InMemDicomObject) -> Vec<(Code, Code)> {
    let mut items = item.items(tags::QUANTITY_DEFINITION_SEQUENCE);
    if items.is_empty() {
        let block =
            (0x10..=0xFFu16).find(|block| item.text(Tag(0x0041, *block)).as_deref() == Some(PIXELMED));
        items = block.map_or(&[], |block| {
            item.items(Tag(0x0041, block << 8 | PIXELMED_QUANTITY))
        });
    }
    let pair = |item: &InMemDicomObject| {
        let name = Code::of(item, tags::CONCEPT_NAME_CODE_SEQUENCE)?;
        let code = Code::of(item, tags::CONCEPT_CODE_SEQUENCE)?;
        Some((concepts::current(name), concepts::current(code)))
    };
    items.iter().filter_map(pair).collect()
}

fn range_of(item: &InMemDicomObject) -> Option<MappedRange> {
    let float = [
        tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED,
        tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED,
    ];
    if let [Some(first), Some(last)] = float.map(|tag| item.number(tag)) {
        return Some(MappedRange::Float { first, last });
    }
    let integer = [
        tags::REAL_WORLD_VALUE_FIRST_VALUE_MAPPED,
        tags::REAL_WORLD_VALUE_LAST_VALUE_MAPPED,
    ];
    let [first, last] = integer.map(|tag| item.integer(tag).and_then(|n| i32::try_from(n).ok()));
    let (first, last) = (first?, last?);
    // Implicit encoding does not tell signed from unsigned: a first value above the last is a negative one.
    let first = if first > last && first > i32::from(i16::MAX) {
        first - (1 << 16)
    } else {
        first
    };
    Some(MappedRange::Integer { first, last })
}
