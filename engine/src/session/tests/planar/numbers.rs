//! Lengths, areas and values on images without a volume.

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::radiographs::{Made, radiograph};
use super::{done, refused, session_of, show};
use crate::dicom::read::planar::Scale;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::Sharpness;

#[test]
fn lengths_are_what_is_known_of_them() {
    let length = |made: &Made| {
        let mut session = session_of(&[made]);
        show(&mut session);
        let spacing = session.series()[0].grid.spacing_mm();
        let [x, y] = [4.0 * spacing[0], 6.0 * spacing[1]];
        let line = format!(
            r#"{{"do": {{"place_mark": {{"viewport": 1, "kind": "length", "points_mm": [[0, 0, 0], [{x}, {y}, 0]]}}}}}}"#
        );
        done(&mut session, &line);
        let readout = session.mark_readout(1).unwrap();
        let figure = readout.figures[0].clone();
        let text = session.image(
            1,
            Size { width: 24, height: 8 },
            Sharpness::Still,
            &mut CpuRenderer::new(),
            &Cancel::new(),
        );
        let text = text
            .unwrap()
            .lines
            .iter()
            .map(|line| line.text.clone())
            .collect::<String>();
        (
            figure.value,
            figure.unit,
            readout.warnings.join(" "),
            text,
            session,
        )
    };
    let is = |made: &Made, value: f64, unit: &str, warning: &str| {
        let (found, of, warnings, text, _) = length(made);
        assert!((found - value).abs() < 1e-9 * value, "{found} is not {value}");
        assert_eq!(of, unit);
        assert!(warnings.contains(warning), "{warnings}");
        assert!(text.contains(unit), "{text}");
        if warning.is_empty() {
            assert_eq!(warnings, "");
        }
    };
    let dx = radiograph();
    is(&dx, 2.5, "mm", "detector");
    let magnified = dx
        .clone()
        .text(tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR, VR::DS, "1.25");
    is(&magnified, 2.0, "mm", "estimated");
    // A calibration goes before the detector; a copy of the detector's spacing is none.
    is(
        &dx.clone().text(tags::PIXEL_SPACING, VR::DS, "0.2\\0.4"),
        2.0,
        "mm",
        "",
    );
    is(
        &dx.clone().text(tags::PIXEL_SPACING, VR::DS, "0.25\\0.5"),
        2.5,
        "mm",
        "detector",
    );
    let bare = Made::grey("OT", [12, 8], &[vec![7; 96]]);
    is(&bare, 52_f64.sqrt(), "px", "not known");
    let shaped = bare.clone().text(tags::PIXEL_ASPECT_RATIO, VR::IS, "2\\1");
    is(&shaped, 160_f64.sqrt(), "px", "not known");
    let scanned = bare.text(tags::NOMINAL_SCANNED_PIXEL_SPACING, VR::DS, "0.25\\0.5");
    is(&scanned, 2.5, "mm", "film");
    // By hand: the line is 10 mm long, and all that is measured follows.
    let (_, _, _, _, mut session) = length(&shaped);
    done(
        &mut session,
        r#"{"do": {"calibrate": {"mark": 1, "length_mm": 10}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"place_mark": {"viewport": 1, "kind": "rectangle", "points_mm": [[0, 0, 0], [4, 4, 0]]}}}"#,
    );
    let readout = session.mark_readout(2).unwrap();
    let expected = (4.0 * 10.0 / 160_f64.sqrt()).powi(2);
    assert!((readout.get("area", None).unwrap() - expected).abs() < 1e-9);
    assert!(readout.warnings.iter().any(|warning| warning.contains("by hand")));
    done(
        &mut session,
        r#"{"do": {"calibrate": {"mark": 1, "length_mm": null}}}"#,
    );
    assert_eq!(session.mark_readout(1).unwrap().figures[0].unit, "px");
}

#[test]
fn ultrasound_is_measured_in_its_region_only() {
    let mut region = InMemDicomObject::new_empty();
    for (tag, value) in [
        (tags::REGION_SPATIAL_FORMAT, 1_u16),
        (tags::PHYSICAL_UNITS_X_DIRECTION, 3),
        (tags::PHYSICAL_UNITS_Y_DIRECTION, 3),
    ] {
        region.put(dicom_core::DataElement::new(
            tag,
            VR::US,
            PrimitiveValue::from(value),
        ));
    }
    for (tag, value) in [
        (tags::REGION_LOCATION_MIN_X0, 10_u32),
        (tags::REGION_LOCATION_MIN_Y0, 5),
        (tags::REGION_LOCATION_MAX_X1, 39),
        (tags::REGION_LOCATION_MAX_Y1, 29),
    ] {
        region.put(dicom_core::DataElement::new(
            tag,
            VR::UL,
            PrimitiveValue::from(value),
        ));
    }
    for tag in [tags::PHYSICAL_DELTA_X, tags::PHYSICAL_DELTA_Y] {
        region.put(dicom_core::DataElement::new(
            tag,
            VR::FD,
            PrimitiveValue::from(0.02_f64),
        ));
    }
    let made = Made::colour("US", [40, 30], vec![90; 3600])
        .items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![region]);
    let mut session = session_of(&[&made]);
    let planar = session.series()[0].planar.clone().unwrap();
    assert!(matches!(planar.scale, Scale::Regions(ref regions) if regions.len() == 1));
    show(&mut session);
    let mut measured = |x: f64| {
        let line = format!(
            r#"{{"do": {{"place_mark": {{"viewport": 1, "kind": "length", "points_mm": [[{x}, 2, 0], [7, 2, 0]]}}}}}}"#
        );
        done(&mut session, &line);
        let n = *session.state().marks.keys().last().unwrap();
        let readout = session.mark_readout(n).unwrap();
        (
            readout.figures[0].value,
            readout.figures[0].unit.clone(),
            readout.warnings.len(),
        )
    };
    // Columns of 0.2 mm: from column 15 to 35, and from column 5, which lies beside the region.
    let (value, unit, warnings) = measured(3.0);
    assert!(
        (value - 4.0).abs() < 1e-9 && unit == "mm" && warnings == 0,
        "{value} {unit}"
    );
    let (value, unit, warnings) = measured(1.0);
    assert!(
        (value - 30.0).abs() < 1e-9 && unit == "px" && warnings == 1,
        "{value} {unit}"
    );
    refused(
        &mut session,
        r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 1, "width": 2}}}}"#,
        "colour",
    );
    let spot = crate::session::Spot::from([20.0, 15.0, 40.0, 30.0]);
    let readout = session.probe(1, spot).unwrap();
    let key = session.series()[0].key.clone();
    assert_eq!(readout.get("green", Some(&key)), Some(90.0));
    assert_eq!(readout.get("column", None), Some(20.0));
}

#[test]
fn regions_count_the_pixels_of_their_image() {
    let mut session = session_of(&[&radiograph()]);
    show(&mut session);
    // Columns 2 to 5 (0.5 mm) and rows 1 to 3 (0.25 mm).
    done(
        &mut session,
        r#"{"do": {"place_mark": {"viewport": 1, "kind": "rectangle", "points_mm": [[0.8, 0.2, 0], [2.7, 0.9, 0]]}}}"#,
    );
    let key = session.series()[0].key.clone();
    let readout = session.mark_readout(1).unwrap();
    let get = |name| readout.get(name, Some(&key)).unwrap();
    assert_eq!((get("voxels"), get("min"), get("max")), (12.0, 102.0, 305.0));
    assert!((get("mean") - 203.5).abs() < 1e-9);
    // 12 columns and 8 rows of half their height fill a picture of 12 by 4.
    let value = session
        .probe(1, crate::session::Spot::from([3.0, 1.0, 12.0, 4.0]))
        .unwrap();
    assert_eq!(
        (value.get("column", None), value.get("value", Some(&key))),
        (Some(3.0), Some(303.0))
    );
}
