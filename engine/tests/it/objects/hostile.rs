//! Bytes of good objects with some of them changed, cut or doubled: an answer or an error, never a panic.

use codec::TransferSyntax;
use codec::dataset::{Limits, read};
use engine::dicom::concepts;
use engine::dicom::key_objects::KeyObjects;
use engine::dicom::measurement_report::{Measurement, MeasurementGroup, MeasurementReport};
use engine::dicom::read::{
    InMemory, Instance, blending_state, colour_state, key_objects as read_key_objects, load_parametric_map,
    measurement_report as read_report, presentation_state, read_regions, real_world_value_map as read_map,
    registration as read_registration, suv_conversion,
};
use engine::dicom::real_world_value::{MappedRange, RealWorldValue, RealWorldValueMap};
use engine::dicom::registration::RegistrationMethod;
use engine::dicom::write::{
    Code, FloatValues, ParametricMap, RealWorldValueMapDocument, ReportDocument, SegmentationType,
    derived_uid, measurement_report, parametric_map, real_world_value_map, suv_real_world_values,
};
use engine::geometry::Affine;
use engine::suv::SuvKind;

use super::key_objects;
use super::planar_reports;
use super::presentation_states;
use super::registrations;
use super::segmentations::written;
use super::study::{CREATED, Pet, masks, pet, series};

/// Changed copies of each object; the fuzz targets `reports`, `registrations` and `masks` go on for hours.
const COPIES: u64 = 300;

/// A plain generator (splitmix64): the same copies in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

fn changed(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut copy = bytes.to_vec();
    for _ in 0..1 + random.below(8) {
        let at = 132 + random.below(copy.len().max(134) - 133);
        match random.below(4) {
            0 => copy.truncate(at),
            1 => copy.extend_from_within(at.min(copy.len())..),
            2 => (at..copy.len().min(at + 4)).for_each(|n| copy[n] = 0xFF),
            _ => (at..copy.len().min(at + 1)).for_each(|n| copy[n] ^= 1 << random.below(8)),
        }
        copy.truncate(1 << 20);
    }
    copy
}

fn report(pet: &Pet) -> Vec<u8> {
    let report = MeasurementReport {
        title: MeasurementReport::IMAGING_MEASUREMENT_REPORT,
        language: Some(concepts::ENGLISH),
        observers: Vec::new(),
        procedures: vec![concepts::PET_WHOLE_BODY],
        image_library: Vec::new(),
        groups: vec![MeasurementGroup {
            tracking_id: Some("1".to_owned()),
            tracking_uid: Some("1.2.3".to_owned()),
            measurements: vec![
                Measurement::suv_peak(SuvKind::Bw, "local", 10.0466),
                Measurement::volume_ml(1.0 / 3.0),
            ],
            ..MeasurementGroup::default()
        }],
    };
    let document = ReportDocument {
        sop_instance_uid: derived_uid(&["hostile", "sr"]),
        created: CREATED,
        complete: true,
        report,
    };
    let written = measurement_report(&pet.study, &series("sr", 20), document).unwrap();
    written.encode(TransferSyntax::ExplicitLittleEndian).unwrap()
}

fn value_map(pet: &Pet) -> Vec<u8> {
    let stack = &pet.series.sorted.stacks[0];
    let conversion = suv_conversion(&pet.series, stack).unwrap();
    let (mapped, _) = suv_real_world_values(&pet.series, stack, &conversion, &[SuvKind::Bw]);
    let document = RealWorldValueMapDocument {
        sop_instance_uid: derived_uid(&["hostile", "rwvm"]),
        created: CREATED,
        map: RealWorldValueMap {
            label: "SUV".to_owned(),
            description: String::new(),
            mapped,
        },
    };
    let written = real_world_value_map(&pet.study, &series("rwvm", 30), document).unwrap();
    written.encode(TransferSyntax::ImplicitLittleEndian).unwrap()
}

fn float_map(pet: &Pet) -> Vec<u8> {
    let mapped = MappedRange::Float {
        first: 0.0,
        last: 1.0,
    };
    let map = ParametricMap {
        sop_instance_uid: derived_uid(&["hostile", "pm"]),
        dimension_organization_uid: derived_uid(&["hostile", "pm dimensions"]),
        created: CREATED,
        modality: "PT",
        label: "SUV".to_owned(),
        description: String::new(),
        images: &pet.images,
        derivation: Code::new("113066", "DCM", "Time Course of Signal"),
        values: FloatValues::F32(vec![0.5; pet.images.grid.voxels()]),
        real_world_value: RealWorldValue::suv(SuvKind::Bw, 1.0, 0.0, mapped),
        window: [0.5, 1.0],
    };
    let written = parametric_map(&pet.study, &series("pm", 40), map).unwrap();
    written.encode(TransferSyntax::ExplicitLittleEndian).unwrap()
}

#[test]
fn changed_bytes_never_panic() {
    let pet = pet(|k| 1.0 + k as f64);
    let masks = masks(&pet);
    let segmentation = |kind, masks: &[_]| {
        let written = written(&pet, kind, masks).unwrap();
        written.encode(TransferSyntax::ExplicitLittleEndian).unwrap()
    };
    let mut fixed = pet.images.clone();
    fixed.slices.truncate(2);
    let method = RegistrationMethod::Fiducials;
    let objects = [
        report(&pet),
        value_map(&pet),
        float_map(&pet),
        segmentation(SegmentationType::Binary, &[&masks[0], &masks[2]]),
        segmentation(SegmentationType::Labelmap, &[&masks[0], &masks[1]]),
        registrations::written(&pet, &fixed, Affine::identity().into(), method),
        registrations::written(&pet, &fixed, registrations::bent(1.0), method),
        presentation_states::written(&pet),
        presentation_states::written_blended(&pet),
        planar_reports::written(&pet),
        key_objects::written(&pet, KeyObjects::OF_INTEREST),
    ];
    let copies = std::env::var("UPTAKE_HOSTILE_COPIES")
        .ok()
        .and_then(|text| text.parse().ok());
    for (n, object) in objects.iter().enumerate() {
        for seed in 0..copies.unwrap_or(COPIES) {
            let bytes = changed(object, seed * 8 + n as u64);
            let _ = read_report(&bytes);
            let _ = read_map(&bytes);
            let _ = read_regions(&bytes);
            let _ = presentation_state(&bytes);
            let _ = blending_state(&bytes);
            let _ = colour_state(&bytes);
            let _ = read_key_objects(&bytes);
            if let Ok((registration, _)) = read_registration(&bytes) {
                let _ = registration.between(&pet.images, &fixed);
                let _ = registration.between(&fixed, &pet.images);
            }
            if let Ok(object) = read(&bytes, Limits::default()) {
                let files = [&bytes];
                let _ = load_parametric_map(Instance::new(0, object), &InMemory(&files));
            }
        }
    }
}
