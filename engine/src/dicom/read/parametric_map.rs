//! Parametric maps (PS3.3 A.75) to volumes of real values.

use codec::Warning;
use dicom_dictionary_std::tags;

use super::attributes::Attributes as _;
use super::collection::collect;
use super::instance::Instance;
use super::load::load;
use super::real_world_value::values_of;
use super::source::Source;
use crate::dicom::real_world_value::{Mapping, RealWorldValue};
use crate::dicom::{Error, Result, concepts};
use crate::suv::SuvKind;
use crate::volume::{Rescale, Unit, Volume};

/// A parametric map: its voxels and what they mean.
#[derive(Debug, Clone)]
pub struct ParametricMap {
    /// The voxels; real values by the first of `real_world_values`.
    pub volume: Volume,
    /// What the voxels of the first frame mean.
    pub real_world_values: Vec<RealWorldValue>,
    /// Content Label (0070,0080).
    pub label: String,
    /// Series Instance UIDs of the images that it was made of.
    pub referenced_series_uids: Vec<String>,
}

/// Loads a parametric map, its pixels from `source`; double precision becomes single.
///
/// Each frame's Real World Value Mapping takes the place of its rescale.
///
/// # Errors
///
/// [`Error::Missing`] for a frame without a mapping, [`Error::Invalid`] for one by table or frames in several units,
/// [`Error::NoVolume`] for frames that make no stack, and what loading their pixels meets.
pub fn load_parametric_map(
    mut instance: Instance,
    source: &dyn Source,
) -> Result<(ParametricMap, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let values = map_frames(&mut instance, &mut warnings)?;
    let label = instance.data_set.text(tags::CONTENT_LABEL).unwrap_or_default();
    let referenced = instance.data_set.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
    let referenced_series_uids = referenced
        .filter_map(|series| series.text(tags::SERIES_INSTANCE_UID))
        .collect();
    let mut studies = collect(vec![instance]);
    let series = studies.pop().and_then(|mut study| study.series.pop());
    let series = series.ok_or_else(|| Error::NoVolume("no frame has a place".to_owned()))?;
    let [stack, rest @ ..] = series.sorted.stacks.as_slice() else {
        return Err(Error::NoVolume("no frame has a place".to_owned()));
    };
    if !rest.is_empty() {
        let text = format!(
            "expected one stack of frames, found {}; the largest is read",
            rest.len() + 1
        );
        warnings.push(Warning::new("several-stacks", text));
    }
    let (volume, more) = load(&series, stack, source, &|_, _| {})?;
    warnings.extend(more);
    let unit = unit_of(&values[0]);
    let rescale = volume.rescale();
    let map = ParametricMap {
        volume: volume.with_rescale(rescale, unit)?,
        real_world_values: values,
        label,
        referenced_series_uids,
    };
    Ok((map, warnings))
}

/// Puts the mapping of every frame in the place of its rescale; gives those of the first frame.
fn map_frames(instance: &mut Instance, warnings: &mut Vec<Warning>) -> Result<Vec<RealWorldValue>> {
    let missing = Error::Missing {
        attribute: "Real World Value Mapping Sequence",
        purpose: "know what a parametric map holds",
    };
    let object = &instance.data_set;
    let shared = object.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = shared
        .map(|groups| values_of(groups, warnings))
        .unwrap_or_default();
    let per_frame = object.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let mut first: Vec<RealWorldValue> = Vec::new();
    for (n, frame) in instance.frames.iter_mut().enumerate() {
        let own = per_frame
            .get(n)
            .map(|groups| values_of(groups, warnings))
            .unwrap_or_default();
        let values = if own.is_empty() { &shared } else { &own };
        let Some(value) = values.first() else {
            return Err(missing);
        };
        frame.rescale = linear(value)?;
        match first.first() {
            None => first = values.clone(),
            Some(known) if known.unit.is(&value.unit) => {}
            Some(known) => {
                return Err(Error::Invalid {
                    attribute: "Measurement Units Code Sequence",
                    expected: "one unit for all frames",
                    found: format!("{} and {}", known.unit.value, value.unit.value),
                });
            }
        }
    }
    if first.is_empty() { Err(missing) } else { Ok(first) }
}

fn linear(value: &RealWorldValue) -> Result<Rescale> {
    match value.mapping {
        Mapping::Linear { slope, intercept } if slope != 0.0 => Ok(Rescale { slope, intercept }),
        _ => Err(Error::Invalid {
            attribute: "Real World Value Mapping Sequence",
            expected: "a slope other than 0",
            found: value.label.clone(),
        }),
    }
}

fn unit_of(value: &RealWorldValue) -> Unit {
    let unit = &value.unit;
    match value.suv_kind() {
        Some(SuvKind::Bw) => Unit::SuvBw,
        _ if unit.is(&concepts::HOUNSFIELD) => Unit::Hounsfield,
        _ if unit.is(&concepts::BECQUEREL_PER_ML) => Unit::BecquerelPerMl,
        _ => Unit::Other(unit.value.clone().into_owned()),
    }
}
