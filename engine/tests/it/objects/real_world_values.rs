//! Real world value maps and parametric maps, ours and those of other producers.

use codec::TransferSyntax;
use codec::dataset::{Limits, read};
use engine::dicom::concepts;
use engine::dicom::read::{
    InMemory, Instance, ParametricMap as Loaded, load_parametric_map, real_world_value_map as read_map,
    suv_conversion,
};
use engine::dicom::real_world_value::{MappedRange, Mapping, RealWorldValue, RealWorldValueMap};
use engine::dicom::write::{
    Code, FloatValues, ParametricMap, RealWorldValueMapDocument, derived_uid, parametric_map,
    real_world_value_map, suv_real_world_values,
};
use engine::suv::SuvKind;
use engine::volume::Unit;
use serde_json::{Value, json};

use super::peers;
use super::study::{CREATED, Pet, SIZE, pet, series};

const NATIVE: TransferSyntax = TransferSyntax::ExplicitLittleEndian;

fn map_of(pet: &Pet) -> RealWorldValueMap {
    let stack = &pet.series.sorted.stacks[0];
    let conversion = suv_conversion(&pet.series, stack).unwrap();
    let kinds = [SuvKind::Bw, SuvKind::LbmJanmahasatian, SuvKind::Bsa, SuvKind::Ibw];
    let (mapped, refused) = suv_real_world_values(&pet.series, stack, &conversion, &kinds);
    assert_eq!(refused, []);
    RealWorldValueMap {
        label: "SUV".to_owned(),
        description: "SUV factors".to_owned(),
        mapped,
    }
}

/// What a peer should find in a map.
fn told(map: &RealWorldValueMap) -> Value {
    let value = |value: &RealWorldValue| {
        let (Mapping::Linear { slope, intercept }, MappedRange::Integer { first, last }) =
            (&value.mapping, value.mapped)
        else {
            panic!("{value:?}");
        };
        json!({"unit": value.unit.value, "slope": slope, "intercept": intercept, "first": first, "last": last})
    };
    let mapped = map.mapped.iter().map(|mapped| {
        json!({
            "images": mapped.images.iter().map(|image| &image.reference.sop_instance_uid).collect::<Vec<_>>(),
            "values": mapped.values.iter().map(value).collect::<Vec<_>>(),
        })
    });
    json!({"mapped": mapped.collect::<Vec<_>>()})
}

/// One slope: one item. A slope a slice: as many items, and in each the slice's own slope.
#[test]
fn suv_factors_are_read_by_peers() {
    let folder = peers::folder("rwvm");
    for (name, slope, items) in [
        ("uniform", (|_| 2.5) as fn(usize) -> f64, 1),
        ("per-slice", |k| 1.5 + 0.125 * k as f64, SIZE[2]),
    ] {
        let pet = pet(slope);
        let map = map_of(&pet);
        assert_eq!(map.mapped.len(), items, "{name}");
        let document = RealWorldValueMapDocument {
            sop_instance_uid: derived_uid(&["objects", "rwvm", "1"]),
            created: CREATED,
            map: map.clone(),
        };
        let written = real_world_value_map(&pet.study, &series("rwvm", 30), document).unwrap();
        let file = folder.join(format!("{name}.dcm"));
        std::fs::write(&file, written.encode(NATIVE).unwrap()).unwrap();
        for syntax in [NATIVE, TransferSyntax::ImplicitLittleEndian] {
            let (found, warnings) = read_map(&written.encode(syntax).unwrap()).unwrap();
            assert_eq!((found, warnings), (map.clone(), vec![]), "{name}");
        }
        peers::assert_conformant(&file);
        if let Some(found) = peers::read("real-world-values", &file) {
            peers::assert_same(&found, &told(&map), name);
        }
        assert_suv(&pet, &map);
    }
}

/// A stored value through the map is the SUV of the volume.
fn assert_suv(pet: &Pet, map: &RealWorldValueMap) {
    let stack = &pet.series.sorted.stacks[0];
    let conversion = suv_conversion(&pet.series, stack).unwrap();
    for (k, at) in stack.frames.iter().enumerate() {
        let instance = &pet.series.instances[at.instance];
        let bw = map
            .of(&instance.sop_instance_uid, 1, |value| {
                value.suv_kind() == Some(SuvKind::Bw)
            })
            .unwrap();
        let slope = instance.frames[0].rescale.slope;
        let real = pet.volume.value([4, 5, k]).unwrap();
        let expected = real * conversion.factors_bw.of(k).unwrap();
        let found = bw.real((real / slope).round()).unwrap();
        assert!(
            (found - expected).abs() < 1e-6 * expected,
            "slice {k}: {found} and {expected}"
        );
    }
}

/// The factor of each sample, as pydicom shows it.
#[test]
fn maps_of_other_producers_are_read() {
    for (set, name, slope, images, method) in [
        (
            "pet/qin-headneck-0062-derived",
            "Testing/RWVM/1.2.276.0.7230010.3.1.4.0.45114.1422568329.837230.dcm",
            0.000371997,
            299,
            "126410",
        ),
        (
            "objects/seg-sr-pm",
            "dcmqi/sr-example/rwvm.dcm",
            0.000375125,
            191,
            "126410",
        ),
    ] {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let file = folder.join(name);
        let (map, _) = read_map(&std::fs::read(&file).unwrap()).unwrap();
        let [mapped] = map.mapped.as_slice() else {
            panic!("{map:?}");
        };
        assert_eq!((mapped.images.len(), mapped.values.len()), (images, 1), "{name}");
        let value = &mapped.values[0];
        assert_eq!(value.suv_kind(), Some(SuvKind::Bw));
        assert!(value.quantity.as_ref().unwrap().is(&concepts::SUV));
        assert_eq!(value.method.as_ref().unwrap().value, method);
        assert_eq!(
            value.mapping,
            Mapping::Linear {
                slope,
                intercept: 0.0
            }
        );
        if let Some(found) = peers::read("real-world-values", &file) {
            assert_eq!(found["mapped"][0]["values"][0]["slope"], slope);
            assert_eq!(found["mapped"][0]["images"].as_array().unwrap().len(), images);
        }
    }
}

fn loaded(bytes: Vec<u8>) -> Loaded {
    let files = [bytes];
    let instance = Instance::new(0, read(&files[0], Limits::default()).unwrap());
    let (map, warnings) = load_parametric_map(instance, &InMemory(&files)).unwrap();
    assert_eq!(warnings, []);
    map
}

fn patlak(mapped: MappedRange) -> RealWorldValue {
    RealWorldValue {
        label: "Ki".to_owned(),
        explanation: "Net influx rate by Patlak".to_owned(),
        unit: Code::new("ml/min/g", "UCUM", "Milliliter/minute/gram"),
        quantity: Some(Code::new("126392", "DCM", "Ki")),
        method: None,
        mapped,
        mapping: Mapping::Linear {
            slope: 1.0,
            intercept: 0.0,
        },
    }
}

#[test]
fn parametric_maps_are_read_by_peers_with_the_same_values() {
    let folder = peers::folder("parametric-map");
    let pet = pet(|_| 2.5);
    let count = pet.images.grid.voxels();
    let single: Vec<f32> = (0..count)
        .map(|n| {
            if n == 40 {
                f32::NAN
            } else {
                (n as f32 * 0.37).sin() * 0.08
            }
        })
        .collect();
    let double = single.iter().map(|value| f64::from(*value)).collect();
    let range = MappedRange::Float {
        first: -0.08,
        last: 0.08,
    };
    for (name, values) in [
        ("float", FloatValues::F32(single.clone())),
        ("double", FloatValues::F64(double)),
    ] {
        let map = ParametricMap {
            sop_instance_uid: derived_uid(&["objects", "pm", name]),
            dimension_organization_uid: derived_uid(&["objects", "pm dimensions"]),
            created: CREATED,
            modality: "PT",
            label: "KI".to_owned(),
            description: "Ki by Patlak".to_owned(),
            images: &pet.images,
            derivation: Code::new("113066", "DCM", "Time Course of Signal"),
            values,
            real_world_value: patlak(range),
            window: [0.04, 0.08],
        };
        let written = parametric_map(&pet.study, &series("pm", 40), map).unwrap();
        let file = folder.join(format!("{name}.dcm"));
        std::fs::write(&file, written.encode(NATIVE).unwrap()).unwrap();
        assert!(
            written.encode(TransferSyntax::RleLossless).is_err(),
            "float pixels are never encapsulated"
        );
        let found = loaded(std::fs::read(&file).unwrap());
        assert!(found.volume.grid().matches(&pet.images.grid));
        assert_eq!(found.volume.unit(), &Unit::Other("ml/min/g".to_owned()));
        assert_eq!(found.real_world_values, [patlak(range)]);
        assert_eq!(
            found.referenced_series_uids,
            std::slice::from_ref(&pet.images.series_instance_uid)
        );
        for (n, expected) in single.iter().enumerate() {
            let value = found.volume.rescale().real(found.volume.voxels().get(n).unwrap());
            assert!(
                value == f64::from(*expected) || (value.is_nan() && expected.is_nan()),
                "{name} voxel {n}"
            );
        }
        peers::assert_conformant(&file);
        if let Some(peer) = peers::read("parametric-map", &file) {
            let sum: f64 = single.iter().map(|v| f64::from(*v)).filter(|v| !v.is_nan()).sum();
            assert!(
                (peer["sum"].as_f64().unwrap() - sum).abs() < 1e-9,
                "{name}: {peer} and {sum}"
            );
            assert_eq!(peer["shape"], json!([SIZE[2], SIZE[1], SIZE[0]]));
            assert_eq!((&peer["nan"], &peer["unit"][0]), (&json!(1), &json!("ml/min/g")));
        }
    }
}

#[test]
fn parametric_maps_of_other_producers_are_read() {
    let Some(folder) = shared_data::set("objects/seg-sr-pm") else {
        return;
    };
    for name in ["parametric_map_float.dcm", "parametric_map_double_float.dcm"] {
        let file = folder.join(name);
        let found = loaded(std::fs::read(&file).unwrap());
        assert_eq!(found.volume.grid().size(), [128, 128, 1], "{name}");
        assert_eq!(found.real_world_values[0].unit.value, "1");
        let values = (0..found.volume.voxels().len()).map(|n| found.volume.voxels().get(n).unwrap());
        let sum: f64 = values.sum();
        if let Some(peer) = peers::read("parametric-map", &file) {
            let expected = peer["sum"].as_f64().unwrap();
            // Doubles are kept as single precision.
            assert!(
                (sum - expected).abs() < 1e-6 * expected.abs().max(1.0),
                "{name}: {sum} and {expected}"
            );
        }
    }
}
