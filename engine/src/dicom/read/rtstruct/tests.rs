use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

use super::read_structure_set;
use crate::dicom::Error;
use crate::geometry::Point;

fn text(tag: Tag, value: &str) -> InMemElement {
    DataElement::new(tag, VR::LO, PrimitiveValue::from(value))
}

fn item(elements: impl IntoIterator<Item = InMemElement>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, dicom_core::value::DataSetSequence::from(items))
}

fn contour(kind: &str, data: &str) -> InMemDicomObject {
    let image = item([text(tags::REFERENCED_SOP_INSTANCE_UID, "1.2.3")]);
    item([
        text(tags::CONTOUR_GEOMETRIC_TYPE, kind),
        text(tags::NUMBER_OF_CONTOUR_POINTS, "99"),
        text(tags::CONTOUR_DATA, data),
        sequence(tags::CONTOUR_IMAGE_SEQUENCE, vec![image]),
    ])
}

fn set(contours: Vec<InMemDicomObject>) -> InMemDicomObject {
    let roi = |number: &str, name: &str| {
        item([
            text(tags::ROI_NUMBER, number),
            text(tags::ROI_NAME, name),
            text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, "1.2"),
        ])
    };
    let observation = item([
        text(tags::REFERENCED_ROI_NUMBER, "7"),
        text(tags::RTROI_INTERPRETED_TYPE, "GTV"),
    ]);
    let drawn = item([
        text(tags::REFERENCED_ROI_NUMBER, "7 "),
        text(tags::ROI_DISPLAY_COLOR, "255\\ 128\\0"),
        sequence(tags::CONTOUR_SEQUENCE, contours),
    ]);
    let stray = item([text(tags::REFERENCED_ROI_NUMBER, "70")]);
    item([
        text(tags::STRUCTURE_SET_LABEL, "Plan"),
        sequence(
            tags::STRUCTURE_SET_ROI_SEQUENCE,
            vec![
                roi("7", "GTV pet "),
                roi("8", "7"),
                roi("9", "Cord"),
                roi("9", "again"),
            ],
        ),
        sequence(tags::RTROI_OBSERVATIONS_SEQUENCE, vec![observation]),
        sequence(tags::ROI_CONTOUR_SEQUENCE, vec![drawn, stray]),
    ])
}

#[test]
fn closed_contours_are_read_and_the_rest_is_told() {
    let object = set(vec![
        contour("CLOSED_PLANAR", "0\\0\\1\\ 4\\0\\1 \\4\\4\\1\\0\\0\\1"),
        contour("CLOSEDPLANAR_XOR", "0\\0\\2\\4\\0\\2\\4\\4\\2"),
        contour("CLOSED_PLANAR", "0\\0\\2\\4,5\\0\\2\\4\\4\\2"),
        contour("CLOSED_PLANAR", "0\\0\\2\\4"),
        contour("POINT", "0\\0\\2"),
        contour("OPEN_PLANAR", "0\\0\\2\\4\\0\\2\\4\\4\\2"),
    ]);
    let (found, warnings) = read_structure_set(&object).unwrap();
    let codes: Vec<&str> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(
        codes,
        ["roi-number", "contour-data", "contour-type", "undescribed-roi"]
    );
    assert!(
        warnings[1].text.contains("found 2 contours") && warnings[2].text.contains("found 2 of other kinds")
    );
    assert_eq!((found.label.as_str(), found.rois.len()), ("Plan", 3));
    let roi = &found.rois[0];
    assert_eq!(
        (roi.number, roi.name.as_str(), roi.colour),
        (7, "GTV pet", Some([255, 128, 0]))
    );
    assert_eq!(
        (
            roi.interpreted_type.as_deref(),
            roi.frame_of_reference_uid.as_deref()
        ),
        (Some("GTV"), Some("1.2"))
    );
    assert_eq!(roi.referenced_instance_uids, ["1.2.3"]);
    // The first contour repeats its first point at the end.
    let expected = [1.0, 2.0].map(|z| {
        vec![
            Point::new(0.0, 0.0, z),
            Point::new(4.0, 0.0, z),
            Point::new(4.0, 4.0, z),
        ]
    });
    assert_eq!(roi.contours.polygons(), expected);
    assert!(found.rois[2].contours.polygons().is_empty());
}

#[test]
fn regions_are_found_by_number_before_name() {
    let (found, _) = read_structure_set(&set(Vec::new())).unwrap();
    assert_eq!(found.roi("7").unwrap().name, "GTV pet");
    assert_eq!(found.roi("gtv PET").unwrap().number, 7);
    let refused = found.roi("Heart").unwrap_err().to_string();
    assert!(
        refused.ends_with("found Heart, of 7 GTV pet, 8 7, 9 Cord"),
        "{refused}"
    );
}

#[test]
fn an_object_without_regions_is_refused() {
    assert!(matches!(
        read_structure_set(&item([])),
        Err(Error::Missing { .. })
    ));
}
