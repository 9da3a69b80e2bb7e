//! Marks through the bytes of a measurement report.

use super::{CREATED, bytes, check_broken, done, elsewhere, follow, series, study, world};
use crate::dicom::concepts;
use crate::dicom::measurement_report::{
    Measurement, MeasurementGroup, MeasurementReport, Region, RegionShape,
};
use crate::dicom::read::measurement_report;
use crate::dicom::write::{self, ReportDocument};
use crate::session::{Readout, Session};

const FUSED: &str = r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct", "pet"]}}}"#;
/// Every kind of mark, in pixels of a picture.
const MARKS: [&str; 14] = [
    r#""length", "points": [[20, 30, 128, 128], [90, 70, 128, 128]], "text": "Läsion ^ 1""#,
    r#""polyline", "points": [[20, 30, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128]]"#,
    r#""angle", "points": [[20, 30, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128]]"#,
    r#""cobb", "points": [[20, 30, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128], [70, 100, 128, 128]]"#,
    r#""bidirectional", "points": [[20, 30, 128, 128], [50, 30, 128, 128], [35, 10, 128, 128], [35, 90, 128, 128]]"#,
    r#""cardiothoracic", "points": [[64, 10, 128, 128], [64, 110, 128, 128], [44, 60, 128, 128], [94, 70, 128, 128], [14, 80, 128, 128], [114, 80, 128, 128]]"#,
    r#""rectangle", "points": [[40, 50, 128, 128], [90, 70, 128, 128]]"#,
    r#""ellipse", "points": [[60, 40, 128, 128], [60, 90, 128, 128], [75, 60, 128, 128]]"#,
    r#""circle", "points": [[84, 55, 128, 128], [90, 60, 128, 128]]"#,
    r#""polygon", "points": [[40, 50, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128]]"#,
    r#""freehand", "points": [[40, 50, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128], [35, 60, 128, 128]]"#,
    r#""arrow", "points": [[40, 50, 128, 128], [90, 70, 128, 128]], "text": "hier""#,
    r#""text", "points": [[40, 50, 128, 128]], "text": "oben\nunten""#,
    r#""probe", "points": [[84, 55, 128, 128]]"#,
];

fn written(report: &MeasurementReport) -> Vec<u8> {
    let document = ReportDocument {
        sop_instance_uid: "1.2.3.4".to_owned(),
        created: CREATED,
        complete: true,
        report: report.clone(),
    };
    bytes(write::measurement_report(&study(), &series(None), document))
}

fn marked(lines: &[&str]) -> Session {
    let mut session = world::session();
    lines.iter().for_each(|line| done(&mut session, line));
    for mark in MARKS {
        done(
            &mut session,
            &format!(r#"{{"do": {{"add_mark": {{"viewport": 1, "kind": {mark}}}}}}}"#),
        );
    }
    done(
        &mut session,
        r#"{"do": {"edit_mark": {"mark": 3, "color": [250, 1, 128]}}}"#,
    );
    session
}

fn far(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}

fn assert_near(found: &Readout, expected: &Readout, at: &str) {
    assert_eq!(found.figures.len(), expected.figures.len(), "{at}");
    for (a, b) in found.figures.iter().zip(&expected.figures) {
        assert_eq!(
            (&a.name, &a.unit, &a.series),
            (&b.name, &b.unit, &b.series),
            "{at}"
        );
        let off = (a.value - b.value).abs();
        assert!(off < 1e-3 * b.value.abs().max(1.0), "{at}: {a:?} {b:?}");
    }
}

fn check_round_trip(lines: &[&str]) -> MeasurementReport {
    let session = marked(lines);
    let (report, told) = session
        .measurement_report("1.2.3", "1.2.3.4", Vec::new())
        .unwrap();
    assert!(told.is_empty(), "{told:?}");
    let bytes = written(&report);
    let (read, warnings) = measurement_report(&bytes).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let mut other = world::session();
    done(&mut other, FUSED);
    let (commands, told) = other.commands_of_report(1, &read).unwrap();
    assert!(told.is_empty(), "{told:?}");
    follow(&mut other, commands);
    assert_eq!(other.state().marks.len(), MARKS.len());
    for (n, mark) in &session.state().marks {
        let back = &other.state().marks[n];
        let at = format!("{lines:?} {:?}", mark.kind);
        assert_eq!(
            (back.kind, &back.text, back.color, &back.layers, &back.series),
            (mark.kind, &mark.text, mark.color, &mark.layers, &mark.series),
            "{at}"
        );
        // The third point of an ellipse lies on its rim when it comes back.
        let same = if mark.kind == crate::session::state::MarkKind::Ellipse {
            2
        } else {
            99
        };
        for (a, b) in mark.points_mm.iter().zip(&back.points_mm).take(same) {
            assert!(far(*a, *b) < 0.01, "{at}: {a:?} {b:?}");
        }
        assert_near(
            &other.mark_readout(*n).unwrap(),
            &session.mark_readout(*n).unwrap(),
            &at,
        );
    }
    check_broken(
        &bytes,
        |bytes| measurement_report(bytes).ok(),
        |(read, _)| drop(other.commands_of_report(1, &read)),
    );
    read
}

#[test]
fn marks_of_slices_come_back_with_their_numbers() {
    let report = check_round_trip(&[FUSED, r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 19}}}"#]);
    // All lie on images, none in space.
    let of_numbers = |group: &MeasurementGroup| group.measurements.iter().any(|m| !m.regions.is_empty());
    assert!(
        report
            .groups
            .iter()
            .all(|group| !group.regions.is_empty() || of_numbers(group))
    );
    // A circle on PET over CT has the mean of both, each with its unit and its image.
    let circle = &report.groups[8];
    let means = circle
        .measurements
        .iter()
        .filter(|m| m.derivation == Some(concepts::MEAN));
    let means: Vec<(&str, &str)> = means
        .map(|m| (&*m.unit.value, &*m.images[0].reference.sop_instance_uid))
        .collect();
    assert_eq!(means, [("[hnsf'U]", "1.2.3.2.20"), ("g/ml{SUVbw}", "1.2.3.3.20")]);
    let length = report.groups[0].measurement(&concepts::LENGTH, None).unwrap();
    assert_eq!(&*length.unit.value, "mm");
}

#[test]
fn marks_of_a_turned_picture_come_back() {
    check_round_trip(&[FUSED, r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 0.4}}}"#]);
}

#[test]
fn marks_of_oblique_planes_lie_in_space() {
    let report = check_round_trip(&[
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "pet"], "axis": {"normal": [0.3, 0.5, 1]}}}}"#,
    ]);
    let is_in_space = |group: &&MeasurementGroup| {
        let of_numbers = group.measurements.iter().flat_map(|m| &m.regions);
        group
            .regions
            .iter()
            .chain(of_numbers)
            .all(|region| region.image().is_none())
    };
    assert_eq!(report.groups.iter().filter(is_in_space).count(), MARKS.len());
}

fn report_of(groups: Vec<MeasurementGroup>) -> MeasurementReport {
    MeasurementReport {
        title: MeasurementReport::IMAGING_MEASUREMENT_REPORT,
        language: None,
        observers: Vec::new(),
        procedures: Vec::new(),
        image_library: Vec::new(),
        groups,
    }
}

#[test]
fn outlines_of_other_programs_become_marks_and_other_numbers_are_told() {
    let mut session = world::session();
    let image = session.series()[0].images[5].clone();
    let region = |shape, points: &[[f32; 2]]| Region::Image {
        image: image.clone(),
        shape,
        points: points.to_vec(),
    };
    let line = region(RegionShape::Polyline, &[[10.5, 10.5], [20.5, 10.5]]);
    let outline = region(
        RegionShape::Polyline,
        &[[10.5, 10.5], [20.5, 10.5], [20.5, 30.5], [10.5, 10.5]],
    );
    let far = Region::Patient {
        frame_of_reference_uid: "1.999".to_owned(),
        shape: RegionShape::Point,
        points_mm: vec![[1.0; 3]],
    };
    let report = report_of(vec![
        MeasurementGroup::tracked("a", "1.5", [Measurement::length_mm(20.0).at(line.clone())]),
        MeasurementGroup::tracked("b", "1.6", [Measurement::length_mm(30.0).at(line)]),
        MeasurementGroup::tracked(
            "c",
            "1.7",
            [Measurement::attenuation_hu(40.0).derived(concepts::MEAN)],
        )
        .of_region(outline),
        MeasurementGroup::tracked("d", "1.8", []).of_region(far),
    ]);
    let (commands, told) = session.commands_of_report(1, &report).unwrap();
    assert_eq!(
        told,
        [
            "the report says 30.00 mm of \"b\", its points give 20.00",
            "\"d\" was measured on no series that is open"
        ]
    );
    follow(&mut session, commands);
    let kinds: Vec<_> = session.state().marks.values().map(|mark| mark.kind).collect();
    use crate::session::state::MarkKind;
    assert_eq!(kinds, [MarkKind::Length, MarkKind::Length, MarkKind::Polygon]);
    let refusal = elsewhere().commands_of_report(1, &report).unwrap_err();
    assert!(refusal.to_string().contains("for other series"), "{refusal}");
}

#[test]
fn marks_whose_objects_are_not_known_are_told() {
    let mut session = world::session();
    for line in [
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["dyn"]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 30, 128, 128], [90, 70, 128, 128]]}}}"#,
        r#"{"do": {"go_to_phase": {"viewport": 1, "phase": 2}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 30, 128, 128], [90, 70, 128, 128]]}}}"#,
    ] {
        done(&mut session, line);
    }
    let (report, told) = session
        .measurement_report("1.2.4", "1.2.3.4", Vec::new())
        .unwrap();
    assert_eq!(report.groups.len(), 1);
    assert_eq!(
        told,
        ["mark 2 lies on phase 3, whose objects are not known, and is not in the report"]
    );
    let refusal = session
        .measurement_report("1.2.3", "1.2.3.4", Vec::new())
        .unwrap_err();
    assert!(
        refusal.to_string().contains("the study has no marks"),
        "{refusal}"
    );
}
