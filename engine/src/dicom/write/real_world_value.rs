//! Real World Value Mapping Storage (PS3.3 A.67): stored values of images to SUV and other real values.

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use super::source_images::{add_image, image_item, put_references};
use super::{Code, Dataset, DateTime, Error, Instance, Series, Study};
use crate::dicom::read;
use crate::dicom::read::attributes::Attributes as _;
use crate::dicom::real_world_value::{MappedImages, MappedRange, Mapping, RealWorldValue, RealWorldValueMap};
use crate::dicom::{ImageReference, ObjectReference, concepts};
use crate::suv::{Conversion, Refusal, SuvKind};

/// What is particular to one mapping object beside its content.
#[derive(Debug, Clone)]
pub struct RealWorldValueMapDocument {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// The content.
    pub map: RealWorldValueMap,
}

/// Makes a mapping object.
///
/// # Errors
///
/// [`Error::Invalid`] for images without a map, a map without images, no map at all, a slope that is 0 or not finite,
/// a range that falls or exceeds 16 bits, or a table without a value for each integer mapped.
pub fn real_world_value_map(
    study: &Study,
    series: &Series,
    document: RealWorldValueMapDocument,
) -> Result<Instance, Error> {
    let map = &document.map;
    let empty = |mapped: &&MappedImages| mapped.images.is_empty() || mapped.values.is_empty();
    if map.mapped.is_empty() || map.mapped.iter().any(|mapped| empty(&mapped)) {
        return Err(Error::invalid("mappings", "images and a map for them", "none"));
    }
    let mut dataset = series.begin(study, "RWV");
    // A mapping lies nowhere in the patient.
    dataset
        .remove(tags::FRAME_OF_REFERENCE_UID)
        .remove(tags::POSITION_REFERENCE_INDICATOR)
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, document.created.date())
        .text(tags::CONTENT_TIME, document.created.time())
        .text(tags::CONTENT_LABEL, &map.label)
        .text(tags::CONTENT_DESCRIPTION, &map.description)
        .empty(tags::CONTENT_CREATOR_NAME)
        .sequence(
            tags::REFERENCED_IMAGE_REAL_WORLD_VALUE_MAPPING_SEQUENCE,
            map.mapped.iter().map(mapped_item).collect::<Result<_, _>>()?,
        );
    let images = map.mapped.iter().flat_map(|mapped| &mapped.images);
    let named = images.map(|image| image.reference.clone()).collect();
    put_references(&mut dataset, &study.study_instance_uid, named);
    Ok(Instance::new(
        uids::REAL_WORLD_VALUE_MAPPING_STORAGE,
        &document.sop_instance_uid,
        dataset,
    ))
}

fn mapped_item(mapped: &MappedImages) -> Result<Dataset, Error> {
    let mut item = Dataset::new();
    put_values(&mut item, &mapped.values)?;
    item.sequence(
        tags::REFERENCED_IMAGE_SEQUENCE,
        mapped.images.iter().map(image_item).collect(),
    );
    Ok(item)
}

/// Sets Real World Value Mapping Sequence (PS3.3 C.7.6.16.2.11); errors are those of [`real_world_value_map`].
pub(super) fn put_values(dataset: &mut Dataset, values: &[RealWorldValue]) -> Result<(), Error> {
    let items = values.iter().map(value_item).collect::<Result<_, _>>()?;
    dataset.sequence(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, items);
    Ok(())
}

fn value_item(value: &RealWorldValue) -> Result<Dataset, Error> {
    let mut item = Dataset::new();
    item.text(tags::LUT_EXPLANATION, &value.explanation)
        .text(tags::LUT_LABEL, &value.label)
        .code(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, value.unit.clone());
    put_range(value.mapped, &mut item)?;
    match &value.mapping {
        Mapping::Linear { slope, intercept }
            if slope.is_finite() && *slope != 0.0 && intercept.is_finite() =>
        {
            item.doubles(tags::REAL_WORLD_VALUE_INTERCEPT, &[*intercept])
                .doubles(tags::REAL_WORLD_VALUE_SLOPE, &[*slope]);
        }
        Mapping::Linear { slope, .. } => {
            return Err(Error::invalid("slope", "a finite number other than 0", slope));
        }
        Mapping::Table(reals) => {
            let wanted = match value.mapped {
                MappedRange::Integer { first, last } => i64::from(last) - i64::from(first) + 1,
                MappedRange::Float { .. } => -1,
            };
            if reals.len() as i64 != wanted {
                return Err(Error::invalid(
                    "table of real values",
                    "one for each integer mapped",
                    reals.len(),
                ));
            }
            item.doubles(tags::REAL_WORLD_VALUE_LUT_DATA, reals);
        }
    }
    let definitions = [
        (concepts::QUANTITY, &value.quantity),
        (concepts::MEASUREMENT_METHOD, &value.method),
    ];
    let definitions = definitions
        .into_iter()
        .filter_map(|(name, code)| Some(definition(name, code.as_ref()?)));
    item.sequence(tags::QUANTITY_DEFINITION_SEQUENCE, definitions.collect());
    if value.quantity.is_none() && value.method.is_none() {
        item.remove(tags::QUANTITY_DEFINITION_SEQUENCE);
    }
    Ok(item)
}

fn definition(name: Code, code: &Code) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::VALUE_TYPE, "CODE")
        .code(tags::CONCEPT_NAME_CODE_SEQUENCE, name)
        .code(tags::CONCEPT_CODE_SEQUENCE, code.clone());
    item
}

fn put_range(range: MappedRange, item: &mut Dataset) -> Result<(), Error> {
    const FIRST: Tag = tags::REAL_WORLD_VALUE_FIRST_VALUE_MAPPED;
    const LAST: Tag = tags::REAL_WORLD_VALUE_LAST_VALUE_MAPPED;
    let refused = || {
        Error::invalid(
            "range of stored values",
            "rising, within 16 bits",
            format!("{range:?}"),
        )
    };
    match range {
        MappedRange::Float { first, last } if first <= last => {
            item.doubles(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED, &[first])
                .doubles(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED, &[last]);
        }
        MappedRange::Integer { first, last } if first <= last => {
            match ([first, last].map(u16::try_from), [first, last].map(i16::try_from)) {
                ([Ok(first), Ok(last)], _) => item.unsigned(FIRST, &[first]).unsigned(LAST, &[last]),
                (_, [Ok(first), Ok(last)]) => item.signed(FIRST, &[first]).signed(LAST, &[last]),
                _ => return Err(refused()),
            };
        }
        _ => return Err(refused()),
    }
    Ok(())
}

/// The maps of a PET stack's stored values to SUVs: one item where all images agree, else one for each slope.
///
/// Slopes hold the rescale of each image and the SUV factor in one, as a mapping goes from stored values. Kinds whose
/// multiplier is refused (no height, no sex) are left out, and given with the reason.
#[must_use]
pub fn suv_real_world_values(
    series: &read::Series,
    stack: &read::Stack,
    conversion: &Conversion,
    kinds: &[SuvKind],
) -> (Vec<MappedImages>, Vec<(SuvKind, Refusal)>) {
    let mut refused = Vec::new();
    let mut multipliers = Vec::new();
    for kind in kinds {
        match conversion.multiplier(*kind) {
            Ok(multiplier) => multipliers.push((*kind, multiplier)),
            Err(refusal) => refused.push((*kind, refusal)),
        }
    }
    let mut mapped: Vec<MappedImages> = Vec::new();
    for (slice, at) in stack.frames.iter().enumerate() {
        let instance = &series.instances[at.instance];
        let Some(factor) = conversion.factors_bw.of(slice) else {
            continue;
        };
        let rescale = instance.frames[at.frame].rescale;
        let range = stored_range(instance);
        let value = |(kind, multiplier): &(SuvKind, f64)| {
            let factor = factor * multiplier;
            RealWorldValue::suv(*kind, rescale.slope * factor, rescale.intercept * factor, range)
        };
        let values: Vec<RealWorldValue> = multipliers.iter().map(value).collect();
        let image = mapped_image(series, instance, at.frame);
        match mapped.iter_mut().find(|mapped| mapped.values == values) {
            Some(mapped) => add_image(&mut mapped.images, image),
            None if !values.is_empty() => mapped.push(MappedImages {
                images: vec![image],
                values,
            }),
            None => {}
        }
    }
    (mapped, refused)
}

fn mapped_image(series: &read::Series, instance: &read::Instance, frame: usize) -> ImageReference {
    ImageReference {
        reference: ObjectReference {
            study_instance_uid: instance.study_instance_uid.clone(),
            series_instance_uid: series.series_instance_uid.clone(),
            sop_class_uid: instance.sop_class_uid.clone(),
            sop_instance_uid: instance.sop_instance_uid.clone(),
        },
        frames: if instance.frames.len() > 1 {
            vec![frame as u32 + 1]
        } else {
            Vec::new()
        },
    }
}

/// The stored values that pixels of an object can have.
fn stored_range(instance: &read::Instance) -> MappedRange {
    let object = &instance.data_set;
    let bits = object.integer(tags::BITS_STORED).unwrap_or(16).clamp(1, 16) as u32;
    let signed = object.integer(tags::PIXEL_REPRESENTATION) == Some(1);
    if signed {
        let half = 1i32 << (bits - 1);
        MappedRange::Integer {
            first: -half,
            last: half - 1,
        }
    } else {
        MappedRange::Integer {
            first: 0,
            last: ((1i64 << bits) - 1) as i32,
        }
    }
}
