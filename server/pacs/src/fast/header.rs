//! What a stream says before its chunks: every frame's geometry and the meaning of its values, as stored.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::coding::{Kind, OVERVIEW_STEP};
use super::order::{Stand, order};
use super::{MAGIC, MEDIA_TYPE};
use crate::dicomweb::wado::answer;
use crate::dicomweb::wado::find::Target;
use crate::http::{Error, Result};
use crate::index::DeflatedMetadata;

/// Instances whose metadata one thread reads at least.
const SHARE: usize = 50;

/// Frames of a stream at most.
const MAX_FRAMES: usize = 100_000;

/// Attributes of an instance or a frame that a viewer needs to place frames, to show them, and to make SUV of them.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("00080016", "SOPClassUID"),
    ("00080008", "ImageType"),
    ("00080021", "SeriesDate"),
    ("00080022", "AcquisitionDate"),
    ("0008002A", "AcquisitionDateTime"),
    ("00080031", "SeriesTime"),
    ("00080032", "AcquisitionTime"),
    ("00080060", "Modality"),
    ("00101010", "PatientAge"),
    ("00100040", "PatientSex"),
    ("00101020", "PatientSize"),
    ("00101030", "PatientWeight"),
    ("00180050", "SliceThickness"),
    ("00180088", "SpacingBetweenSlices"),
    ("00181242", "ActualFrameDuration"),
    ("00185100", "PatientPosition"),
    ("00200013", "InstanceNumber"),
    ("00200032", "ImagePositionPatient"),
    ("00200037", "ImageOrientationPatient"),
    ("00200052", "FrameOfReferenceUID"),
    ("00280002", "SamplesPerPixel"),
    ("00280004", "PhotometricInterpretation"),
    ("00280006", "PlanarConfiguration"),
    ("00280010", "Rows"),
    ("00280011", "Columns"),
    ("00280030", "PixelSpacing"),
    ("00280034", "PixelAspectRatio"),
    ("00280100", "BitsAllocated"),
    ("00280101", "BitsStored"),
    ("00280102", "HighBit"),
    ("00280103", "PixelRepresentation"),
    ("00280120", "PixelPaddingValue"),
    ("00281050", "WindowCenter"),
    ("00281051", "WindowWidth"),
    ("00281052", "RescaleIntercept"),
    ("00281053", "RescaleSlope"),
    ("00281054", "RescaleType"),
    ("00281056", "VOILUTFunction"),
    ("00282110", "LossyImageCompression"),
    ("00540016", "RadiopharmaceuticalInformationSequence"),
    ("00541000", "SeriesType"),
    ("00541001", "Units"),
    ("00541006", "SUVType"),
    ("00541102", "DecayCorrection"),
    ("00541300", "FrameReferenceTime"),
    ("00541321", "DecayFactor"),
    ("00280051", "CorrectedImage"),
    // Makers' own, without which their counts are not SUV.
    ("0009100D", "0009100D"),
    ("70531000", "70531000"),
    ("70531009", "70531009"),
];

/// Functional groups (PS3.3 C.7.6.16) and the attributes in them that are of a frame.
const GROUPS: &[(&str, &[&str])] = &[
    ("00209113", &["00200032"]),
    ("00209116", &["00200037"]),
    ("00289110", &["00280030", "00180050", "00180088"]),
    ("00289132", &["00281050", "00281051", "00281056"]),
    ("00289145", &["00281052", "00281053", "00281054"]),
];

const SHARED_GROUPS: &str = "52009229";
const FRAME_GROUPS: &str = "52009230";

/// A frame of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) target: Target,
    /// Counted from 1.
    pub(super) frame: u32,
}

/// The header and what it is made for.
#[derive(Debug)]
pub(super) struct Header {
    /// Frames in viewing order.
    pub(super) places: Vec<Place>,
    pub(super) etag: String,
    has_overview: bool,
    /// Magic, length, JSON.
    pub(super) bytes: Bytes,
}

/// The entity tag of a stream; another when an object came or went, or was corrected, or lies otherwise.
pub(super) fn etag(metadata: &[DeflatedMetadata], has_overview: bool) -> String {
    let mut what = vec![MEDIA_TYPE.to_owned(), has_overview.to_string()];
    what.extend(metadata.iter().map(DeflatedMetadata::version));
    let what: Vec<&str> = what.iter().map(String::as_str).collect();
    answer::etag(&what)
}

impl Header {
    /// Makes it from the metadata of a series' instances.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a series without images, [`Error::BadRequest`] for one of too many frames.
    pub(super) fn of(targets: &[Target], metadata: &[DeflatedMetadata], has_overview: bool) -> Result<Self> {
        let (places, stands, mut frames) = frames(targets, metadata)?;
        let (order, how) = order(&stands);
        let places: Vec<Place> = order.iter().map(|at| places[*at].clone()).collect();
        let mut frames: Vec<_> = order.iter().map(|at| std::mem::take(&mut frames[*at])).collect();
        let common = common(&mut frames);
        for (frame, place) in frames.iter_mut().zip(&places) {
            frame.insert(
                "sop_instance_uid".to_owned(),
                place.target.instance.clone().into(),
            );
            frame.insert("frame".to_owned(), place.frame.into());
            let syntax = place.target.stored_syntax().to_owned();
            frame.insert("transfer_syntax_uid".to_owned(), syntax.into());
        }
        let etag = etag(metadata, has_overview);
        let count = places.len();
        let json = json!({
            "version": 1,
            "etag": etag.trim_matches('"'),
            "study_instance_uid": places[0].target.study,
            "series_instance_uid": places[0].target.series,
            "order": how.word(),
            "overview_step": has_overview.then_some(OVERVIEW_STEP),
            "first_frame_chunk": if has_overview { count } else { 0 },
            "chunks": if has_overview { 2 * count } else { count } + 1,
            "common": common,
            "frames": frames,
        });
        let text = json.to_string();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
        Ok(Self {
            places,
            etag,
            has_overview,
            bytes: bytes.into(),
        })
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn kept_bytes(&self) -> usize {
        self.bytes.len() + self.places.len() * 512
    }

    /// How many chunks a stream has, its end among them.
    pub(super) fn chunks(&self) -> u32 {
        let frames = self.places.len() as u32;
        if self.has_overview {
            2 * frames + 1
        } else {
            frames + 1
        }
    }

    /// What a chunk holds: of which frame.
    pub(super) fn chunk(&self, number: u32) -> (Kind, Option<u32>) {
        let frames = self.places.len() as u32;
        if self.has_overview && number < frames {
            return (Kind::Overview, Some(number));
        }
        let place = if self.has_overview {
            number - frames
        } else {
            number
        };
        if place < frames {
            (Kind::Frame, Some(place))
        } else {
            (Kind::End, None)
        }
    }
}

/// Every frame of the images: which it is, where it stands, and its attributes.
type Frames = (Vec<Place>, Vec<Stand>, Vec<Map<String, Value>>);

fn frames(targets: &[Target], metadata: &[DeflatedMetadata]) -> Result<Frames> {
    let by_hash: HashMap<_, _> = targets.iter().map(|target| (target.hash, target)).collect();
    let (mut places, mut stands, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for (instance, parsed) in metadata.iter().zip(parsed(metadata)) {
        let Some(target) = by_hash.get(&instance.hash) else {
            continue;
        };
        let parsed = parsed?;
        let is_image = ["7FE00010", "7FE00008", "7FE00009"]
            .iter()
            .any(|tag| parsed.get(tag).is_some());
        if !is_image {
            continue;
        }
        let count = first(&parsed, "00280008")
            .and_then(number)
            .unwrap_or(1.0)
            .max(1.0);
        if places.len() as f64 + count > MAX_FRAMES as f64 {
            let words = format!("at most {MAX_FRAMES} frames are given as one stream");
            return Err(Error::BadRequest(words));
        }
        for frame in 1..=count as u32 {
            let attributes = attributes(&parsed, frame);
            stands.push(stand(&attributes, frame));
            frames.push(attributes);
            places.push(Place {
                target: (*target).clone(),
                frame,
            });
        }
    }
    if places.is_empty() {
        return Err(Error::NotFound);
    }
    Ok((places, stands, frames))
}

/// The metadata of each instance, read on all processors.
fn parsed(metadata: &[DeflatedMetadata]) -> Vec<Result<Value>> {
    let read = |instance: &DeflatedMetadata| {
        let text = instance.json()?;
        serde_json::from_str(&text).map_err(|_| Error::Internal)
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = metadata.len().div_ceil(processors).max(SHARE);
    std::thread::scope(|scope| {
        let shares = metadata.chunks(share);
        let threads: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(read).collect::<Vec<_>>()))
            .collect();
        let read = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default());
        read.collect()
    })
}

fn first<'a>(object: &'a Value, tag: &str) -> Option<&'a Value> {
    object.get(tag)?.get("Value")?.get(0)
}

/// A number, which makers also write as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The attributes of a frame by their names, each as the values of DICOM JSON.
fn attributes(instance: &Value, frame: u32) -> Map<String, Value> {
    let mut found = Map::new();
    let mut put = |tag: &str, object: &Value| {
        let name = ATTRIBUTES
            .iter()
            .find(|(known, _)| *known == tag)
            .map(|(_, name)| *name);
        let value = object
            .get(tag)
            .and_then(|element| element.get("Value").or(element.get("InlineBinary")));
        if let (Some(name), Some(value)) = (name, value) {
            found.insert(name.to_owned(), value.clone());
        }
    };
    for (tag, _) in ATTRIBUTES {
        put(tag, instance);
    }
    let own = instance
        .get(FRAME_GROUPS)
        .and_then(|groups| groups.get("Value")?.get(frame as usize - 1));
    for groups in [first(instance, SHARED_GROUPS), own].into_iter().flatten() {
        for (group, tags) in GROUPS {
            if let Some(item) = first(groups, group) {
                tags.iter().for_each(|tag| put(tag, item));
            }
        }
    }
    found
}

fn stand(attributes: &Map<String, Value>, frame: u32) -> Stand {
    fn numbers<const N: usize>(value: Option<&Value>) -> Option<[f64; N]> {
        let values: Vec<f64> = value?.as_array()?.iter().map_while(number).collect();
        let values: [f64; N] = values.try_into().ok()?;
        values.iter().all(|value| value.is_finite()).then_some(values)
    }
    let instance = attributes
        .get("InstanceNumber")
        .and_then(|value| number(value.get(0)?));
    Stand {
        position_mm: numbers(attributes.get("ImagePositionPatient")),
        orientation: numbers(attributes.get("ImageOrientationPatient")),
        number: instance.unwrap_or_default() as i64,
        frame,
    }
}

/// Takes out what all frames have alike.
fn common(frames: &mut [Map<String, Value>]) -> Map<String, Value> {
    let Some((first, others)) = frames.split_first() else {
        return Map::new();
    };
    let alike = |(name, value): &(&String, &Value)| {
        others
            .iter()
            .all(|other| other.get(name.as_str()) == Some(*value))
    };
    let common: Map<String, Value> = first
        .iter()
        .filter(alike)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for frame in frames.iter_mut() {
        frame.retain(|name, _| !common.contains_key(name));
    }
    common
}
