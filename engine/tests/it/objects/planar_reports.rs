//! Lengths, angles, areas and probes in reports: `dciodvfy` finds no error, highdicom reads the same numbers and points.

use codec::TransferSyntax;
use engine::dicom::measurement_report::{
    Measurement, MeasurementGroup, MeasurementReport, Observer, Region, RegionShape,
};
use engine::dicom::read::measurement_report as read_report;
use engine::dicom::write::{ReportDocument, derived_uid, measurement_report};
use engine::dicom::{ImageReference, ObjectReference, concepts};
use engine::suv::SuvKind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::peers;
use super::study::{CREATED, Pet, pet, series};

fn line(image: &ImageReference, points: &[[f32; 2]]) -> Region {
    region(image, RegionShape::Polyline, points)
}

fn region(image: &ImageReference, shape: RegionShape, points: &[[f32; 2]]) -> Region {
    Region::Image {
        image: image.clone(),
        shape,
        points: points.to_vec(),
    }
}

fn in_space(pet: &Pet, shape: RegionShape, points_mm: &[[f32; 3]]) -> Region {
    Region::Patient {
        frame_of_reference_uid: pet.images.frame_of_reference_uid.clone().unwrap(),
        shape,
        points_mm: points_mm.to_vec(),
    }
}

fn group(name: &str, measurements: Vec<Measurement>) -> MeasurementGroup {
    let uid = derived_uid(&["objects", "planar", name]);
    MeasurementGroup::tracked(name, uid, measurements)
}

/// A frame of a radiograph.
fn radiograph(pet: &Pet) -> ImageReference {
    ImageReference {
        reference: ObjectReference {
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.7.2".to_owned(),
            sop_instance_uid: derived_uid(&["objects", "radiograph"]),
            series_instance_uid: derived_uid(&["objects", "radiographs"]),
            study_instance_uid: pet.study.study_instance_uid.clone(),
        },
        frames: vec![3],
    }
}

/// Lengths, angles and a ratio along lines of a slice and a radiograph.
fn along_lines(slice: &ImageReference, radiograph: &ImageReference) -> Vec<MeasurementGroup> {
    let length = Measurement::length_mm(12.6).at(line(slice, &[[3.5, 4.25], [9.0, 4.25]]));
    let axes = [
        Measurement::long_axis_mm(31.0 / 3.0).at(line(slice, &[[1.0, 2.0], [9.0, 8.0]])),
        Measurement::short_axis_mm(7.25).at(line(slice, &[[7.0, 2.0], [3.0, 7.0]])),
    ];
    let angle = Measurement::angle_rad(0.5).at(line(slice, &[[1.0, 1.0], [5.0, 5.0], [9.0, 5.5]]));
    let cobb_angle = Measurement::cobb_angle_rad(0.25)
        .at(line(radiograph, &[[10.0, 10.0], [50.0, 12.0]]))
        .at(line(radiograph, &[[10.0, 90.0], [50.0, 80.0]]));
    let ratio = Measurement::cardiothoracic_ratio(0.47)
        .at(line(radiograph, &[[30.0, 50.0], [77.0, 50.0]]))
        .at(line(radiograph, &[[0.5, 60.0], [100.5, 60.0]]));
    vec![
        group("length", vec![length]),
        group("bidirectional", axes.to_vec()),
        group("angle", vec![angle]),
        group("Cobb angle", vec![cobb_angle]),
        group("cardiothoracic", vec![ratio]),
    ]
}

/// Probes at a point of a slice and of space, and a number of a whole image.
fn probes(pet: &Pet, slice: &ImageReference) -> Vec<MeasurementGroup> {
    let suv = Measurement {
        derivation: None,
        ..Measurement::suv(SuvKind::Bw, concepts::MEAN, 4.75)
    };
    let point = in_space(pet, RegionShape::Point, &[[-12.5, 3.25, 55.0]]);
    let of_image = Measurement {
        images: vec![radiograph(pet)],
        ..Measurement::length_mm(3.0)
    };
    vec![
        group(
            "probe",
            vec![suv.at(region(slice, RegionShape::Point, &[[5.5, 6.5]]))],
        ),
        group(
            "probe in space",
            vec![Measurement::attenuation_hu(-37.5).at(point)],
        ),
        group("of an image", vec![of_image]),
    ]
}

/// Outlines in a slice, in space, and in two slices.
fn outlined(pet: &Pet, first: &ImageReference, second: &ImageReference) -> Vec<MeasurementGroup> {
    let corner = [-31.5, -12.25, 40.0];
    let square = [corner, [0.0, -12.25, 40.0], [0.0, 9.5, 40.0], corner];
    let ellipse = [[3.0, 6.0], [9.0, 6.0], [6.0, 4.0], [6.0, 8.0]];
    let mean = Measurement::suv(SuvKind::Bw, concepts::MEAN, 3.5);
    vec![
        group("area", vec![Measurement::area_mm2(106.0), mean]).of_region(region(
            first,
            RegionShape::Ellipse,
            &ellipse,
        )),
        group("area in space", vec![Measurement::area_mm2(342.5)]).of_region(in_space(
            pet,
            RegionShape::Polygon,
            &square,
        )),
        group("contours", vec![Measurement::volume_ml(1.5)])
            .of_region(region(first, RegionShape::Circle, &[[5.0, 5.0], [7.0, 5.0]]))
            .of_region(region(second, RegionShape::Circle, &[[5.0, 5.0], [8.0, 5.0]])),
    ]
}

/// One group of each kind.
fn groups(pet: &Pet) -> Vec<MeasurementGroup> {
    let images = pet.images.image_references();
    [
        along_lines(&images[0], &radiograph(pet)),
        probes(pet, &images[1]),
        outlined(pet, &images[0], &images[1]),
    ]
    .concat()
}

fn report(pet: &Pet) -> MeasurementReport {
    MeasurementReport {
        title: MeasurementReport::IMAGING_MEASUREMENT_REPORT,
        language: Some(concepts::ENGLISH),
        observers: vec![Observer::Person {
            name: "Doe^Jane".to_owned(),
            organization: None,
        }],
        procedures: vec![concepts::PET_WHOLE_BODY],
        image_library: Vec::new(),
        groups: groups(pet),
    }
}

fn encoded(pet: &Pet, report: MeasurementReport) -> Result<Vec<u8>, String> {
    let document = ReportDocument {
        sop_instance_uid: derived_uid(&["objects", "planar", "sr"]),
        created: CREATED,
        complete: true,
        report,
    };
    let written = measurement_report(&pet.study, &series("planar", 21), document);
    let written = written.map_err(|error| error.to_string())?;
    Ok(written.encode(TransferSyntax::ExplicitLittleEndian).unwrap())
}

/// The bytes of a report with every kind of region.
pub fn written(pet: &Pet) -> Vec<u8> {
    encoded(pet, report(pet)).unwrap()
}

/// What a peer should say of a region: shape, and points as they lie in the file.
fn told(region: &Region) -> Value {
    match region {
        Region::Image { shape, points, .. } => json!([format!("{shape:?}").to_uppercase(), points]),
        Region::Patient { shape, points_mm, .. } => json!([format!("{shape:?}").to_uppercase(), points_mm]),
    }
}

#[test]
fn measurements_along_lines_are_read_by_peers() {
    let folder = peers::folder("planar-report");
    let pet = pet(|_| 2.5);
    let report = report(&pet);
    let file = folder.join("sr.dcm");
    std::fs::write(&file, written(&pet)).unwrap();
    let (found, warnings) = read_report(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(found, report);
    peers::assert_conformant(&file);
    let Some(peer) = peers::read("planar-report", &file) else {
        return;
    };
    let peer = peer["groups"].as_array().unwrap();
    assert_eq!(peer.len(), report.groups.len());
    for group in peer {
        let own = report.group(group["tracking_uid"].as_str().unwrap()).unwrap();
        let kind = match own.regions.len() {
            0 => "image",
            1 => "planar",
            _ => "volumetric",
        };
        assert_eq!(group["kind"], kind, "{:?}", own.tracking_id);
        assert_eq!(
            group["regions"],
            json!(own.regions.iter().map(told).collect::<Vec<_>>())
        );
        let measurements = own.measurements.iter().map(|measurement| {
            json!({
                "value": measurement.value,
                "unit": measurement.unit.value,
                "quantity": measurement.quantity.value,
                "regions": measurement.regions.iter().map(told).collect::<Vec<_>>(),
                "images": measurement.images.len(),
            })
        });
        peers::assert_same(
            &group["measurements"],
            &Value::from(measurements.collect::<Vec<_>>()),
            "measurements",
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Numbers of any size and any points come back to the last bit, in whatever kind of group.
    #[test]
    fn any_number_and_line_come_back(
        value in prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
        points in prop::collection::vec(prop::array::uniform3(-1e7_f32..1e7), 2..50),
        frame in prop::option::of(1_u32..2000),
    ) {
        let pet = pet(|_| 1.0);
        let mut image = pet.images.image_references().remove(0);
        image.frames = frame.into_iter().collect();
        let flat: Vec<[f32; 2]> = points.iter().map(|[x, y, _]| [*x, *y]).collect();
        let number = || Measurement::length_mm(value);
        let mut report = report(&pet);
        report.groups = vec![
            group("1", vec![number().at(line(&image, &flat)).at(in_space(&pet, RegionShape::Polyline, &points))]),
            group("2", vec![number()]).of_region(region(&image, RegionShape::Multipoint, &flat)),
        ];
        let bytes = encoded(&pet, report.clone()).unwrap();
        let (found, warnings) = read_report(&bytes).unwrap();
        prop_assert_eq!(warnings, []);
        prop_assert_eq!(found, report);
    }
}

/// What keeps a report of these groups from being written.
fn check_refused(change: impl Fn(&mut Vec<MeasurementGroup>), expected: &str) {
    let pet = pet(|_| 2.5);
    let mut report = report(&pet);
    change(&mut report.groups);
    let error = encoded(&pet, report).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn regions_that_no_template_holds_are_refused() {
    let points = |region: &mut Region, to: Vec<[f32; 2]>| match region {
        Region::Image { points, .. } => *points = to,
        Region::Patient { .. } => panic!("in space"),
    };
    check_refused(
        |groups| points(&mut groups[0].measurements[0].regions[0], vec![[1.0, 2.0]]),
        "region: expected the finite points",
    );
    check_refused(
        |groups| {
            points(
                &mut groups[0].measurements[0].regions[0],
                vec![[1.0, f32::NAN], [1.0, 2.0]],
            )
        },
        "region: expected the finite points",
    );
    check_refused(
        |groups| {
            let region = groups[0].measurements[0].regions[0].clone();
            groups[0].regions.push(region);
        },
        "measurement group: expected a segment, or regions",
    );
    check_refused(
        |groups| {
            let region = groups[9].regions[0].clone();
            groups[9].regions.push(region);
        },
        "measurement group: expected one region where it lies in space",
    );
    check_refused(
        |groups| {
            if let Region::Image { image, .. } = &mut groups[0].measurements[0].regions[0] {
                image.reference.series_instance_uid.clear();
            }
        },
        "reference: expected its study and series",
    );
}

/// Reports that highdicom's own tests made: a circle and a polyline in images, a surface in space that is told.
#[test]
fn regions_of_another_producer_are_read() {
    let Some(folder) = shared_data::set("objects/seg-sr-pm") else {
        return;
    };
    let read = |name: &str| read_report(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let (report, warnings) = read("sr_document_with_multiple_groups.dcm");
    let shapes = report.groups.iter().map(|group| match group.regions.as_slice() {
        [Region::Image { shape, points, image }] => {
            assert!(!image.reference.sop_instance_uid.is_empty());
            assert!(points.len() > 1);
            Some(*shape)
        }
        _ => None,
    });
    let expected = [None, Some(RegionShape::Circle), Some(RegionShape::Polyline), None];
    assert_eq!(shapes.collect::<Vec<_>>(), expected);
    let told: Vec<_> = warnings
        .iter()
        .map(|warning| (warning.code, warning.text.as_str()))
        .collect();
    assert!(
        matches!(told[..], [("not-understood", text)] if text.starts_with("coordinates called \"Volume Surface\"")),
        "{told:?}"
    );
    let (report, _) = read("sr_document.dcm");
    assert!(matches!(
        report.groups[0].regions[..],
        [Region::Image {
            shape: RegionShape::Circle,
            ..
        }]
    ));
}
