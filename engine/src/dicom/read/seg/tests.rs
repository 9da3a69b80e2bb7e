use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use proptest::prelude::*;

use super::{Segmentation, SegmentationKind, SegmentationSpace, read_segmentation};
use crate::dicom::Error;
use crate::geometry::Point;
use crate::voi::Mask;

fn text(tag: Tag, value: &str) -> InMemElement {
    DataElement::new(tag, VR::DS, PrimitiveValue::from(value))
}

fn number(tag: Tag, value: u16) -> InMemElement {
    DataElement::new(tag, VR::US, PrimitiveValue::from(value))
}

fn item(elements: impl IntoIterator<Item = InMemElement>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, dicom_core::value::DataSetSequence::from(items))
}

/// A frame of 2 rows of 3 columns: its segment, its position, its values.
type Frame<'a> = (u16, &'a str, [u16; 6]);

struct Made<'a> {
    kind: &'a str,
    bits: u16,
    orientation: &'a str,
    /// Elements of Pixel Measures beside the spacing of 2 (rows) and 1.5 mm (columns).
    measures: Vec<InMemElement>,
    frames: Vec<Frame<'a>>,
    extra: Vec<InMemElement>,
}

impl<'a> Made<'a> {
    fn new(kind: &'a str, frames: Vec<Frame<'a>>) -> Self {
        Self {
            kind,
            bits: if kind == "BINARY" { 1 } else { 8 },
            orientation: "1\\0\\0\\0\\1\\0",
            measures: vec![text(tags::SLICE_THICKNESS, "4")],
            frames,
            extra: Vec::new(),
        }
    }

    fn object(&self) -> InMemDicomObject {
        let mut measures = self.measures.clone();
        measures.push(text(tags::PIXEL_SPACING, "2\\1.5"));
        let shared = item([
            sequence(tags::PIXEL_MEASURES_SEQUENCE, vec![item(measures)]),
            sequence(
                tags::PLANE_ORIENTATION_SEQUENCE,
                vec![item([text(tags::IMAGE_ORIENTATION_PATIENT, self.orientation)])],
            ),
        ]);
        let groups = self.frames.iter().map(|(segment, position, _)| {
            item([
                sequence(
                    tags::PLANE_POSITION_SEQUENCE,
                    vec![item([text(tags::IMAGE_POSITION_PATIENT, position)])],
                ),
                sequence(
                    tags::SEGMENT_IDENTIFICATION_SEQUENCE,
                    vec![item([number(tags::REFERENCED_SEGMENT_NUMBER, *segment)])],
                ),
            ])
        });
        let described = |n: u16| {
            let code = item([
                text(tags::CODE_VALUE, "10200004"),
                text(tags::CODING_SCHEME_DESIGNATOR, "SCT"),
                text(tags::CODE_MEANING, "Liver"),
            ]);
            item([
                number(tags::SEGMENT_NUMBER, n),
                text(tags::SEGMENT_LABEL, ["Background", "Lesion", "Liver"][n as usize]),
                sequence(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![code]),
                text(tags::TRACKING_UID, "1.2.3"),
            ])
        };
        let mut elements = vec![
            text(tags::SEGMENTATION_TYPE, self.kind),
            number(tags::ROWS, 2),
            number(tags::COLUMNS, 3),
            number(tags::BITS_ALLOCATED, self.bits),
            text(tags::NUMBER_OF_FRAMES, &self.frames.len().to_string()),
            sequence(tags::SEGMENT_SEQUENCE, (0..3).map(described).collect()),
            sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]),
            sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups.collect()),
            text(tags::FRAME_OF_REFERENCE_UID, "1.2.840.1"),
        ];
        elements.extend(self.extra.clone());
        item(elements)
    }

    fn read(&self) -> Result<(Segmentation, Vec<codec::Warning>), Error> {
        let wide = self.bits == 16;
        read_segmentation(&self.object(), |frame, values| {
            values.clear();
            for value in self.frames[frame as usize].2 {
                values.extend(&value.to_le_bytes()[..if wide { 2 } else { 1 }]);
            }
            Ok(())
        })
    }
}

fn inside(mask: &Mask) -> Vec<[usize; 3]> {
    let [columns, rows, _] = mask.grid().size();
    let indices = mask.runs().iter().flat_map(|run| run.start..run.end);
    indices
        .map(|n| [n % columns, n / columns % rows, n / (columns * rows)])
        .collect()
}

const ALL: [u16; 6] = [1; 6];

#[test]
fn frames_in_any_order_stand_where_their_positions_say() {
    // Planes at 0, 4 and 16: two planes between are empty.
    let frames = vec![
        (2, "5\\6\\16", [0, 0, 0, 0, 1, 1]),
        (1, "5\\6\\0", [1, 0, 1, 0, 0, 0]),
        (2, "5\\6\\4", [1, 0, 0, 0, 0, 0]),
        (1, "5\\6\\4", [1, 1, 0, 0, 0, 0]),
    ];
    let (found, warnings) = Made::new("BINARY", frames).read().unwrap();
    assert_eq!(warnings, []);
    assert_eq!(
        (found.kind, found.space),
        (SegmentationKind::Binary, SegmentationSpace::Patient)
    );
    let [background, lesion, liver] = &found.segments[..] else {
        panic!("{found:?}")
    };
    assert!(background.mask.is_empty());
    assert_eq!(inside(&lesion.mask), [[0, 0, 0], [2, 0, 0], [0, 0, 1], [1, 0, 1]]);
    assert_eq!(inside(&liver.mask), [[0, 0, 1], [1, 1, 4], [2, 1, 4]]);
    assert_eq!(lesion.mask.grid().size(), [3, 2, 5]);
    assert_eq!(
        lesion.mask.grid().patient(Point::new(1.0, 1.0, 4.0)),
        Point::new(6.5, 8.0, 16.0)
    );
    assert!((lesion.mask.volume_ml() - 4.0 * 1.5 * 2.0 * 4.0 / 1000.0).abs() < 1e-12);
    assert_eq!(
        (lesion.label.as_str(), lesion.tracking_uid.as_deref()),
        ("Lesion", Some("1.2.3"))
    );
    assert_eq!(lesion.property_type.as_ref().unwrap().meaning, "Liver");
}

#[test]
fn segments_are_found_by_number_and_by_label() {
    let (found, _) = Made::new("BINARY", vec![(1, "0\\0\\0", ALL)]).read().unwrap();
    assert_eq!(found.segment("2").unwrap().label, "Liver");
    assert_eq!(found.segment(" lesion").unwrap().number, 1);
    let refused = found.segment("spleen").unwrap_err().to_string();
    assert!(
        refused.ends_with("found spleen, of 0 Background, 1 Lesion, 2 Liver"),
        "{refused}"
    );
}

#[test]
fn half_of_the_maximum_is_inside() {
    let mut made = Made::new("FRACTIONAL", vec![(1, "0\\0\\0", [0, 126, 127, 128, 200, 255])]);
    made.extra = vec![
        number(tags::MAXIMUM_FRACTIONAL_VALUE, 255),
        text(tags::SEGMENTATION_FRACTIONAL_TYPE, "OCCUPANCY"),
    ];
    let (found, _) = made.read().unwrap();
    assert_eq!(found.kind, SegmentationKind::FractionalOccupancy);
    assert_eq!(inside(&found.segments[1].mask), [[0, 1, 0], [1, 1, 0], [2, 1, 0]]);
    made.extra.clear();
    assert!(matches!(made.read(), Err(Error::Missing { .. })));
}

#[test]
fn a_labelmap_holds_all_segments_but_the_background() {
    for bits in [8, 16] {
        let mut made = Made::new(
            "LABELMAP",
            vec![
                (0, "0\\0\\0", [0, 1, 1, 2, 2, 0]),
                (0, "0\\0\\4", [2, 0, 0, 0, 0, 1]),
            ],
        );
        made.bits = bits;
        made.extra = vec![number(tags::PIXEL_PADDING_VALUE, 0)];
        let (found, warnings) = made.read().unwrap();
        assert_eq!(warnings, []);
        assert_eq!(
            found
                .segments
                .iter()
                .map(|segment| segment.number)
                .collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(inside(&found.segments[0].mask), [[1, 0, 0], [2, 0, 0], [2, 1, 1]]);
        assert_eq!(inside(&found.segments[1].mask), [[0, 1, 0], [1, 1, 0], [0, 0, 1]]);
    }
}

#[test]
fn a_number_without_a_description_is_kept_and_told() {
    let mut made = Made::new("LABELMAP", vec![(0, "0\\0\\0", [0, 0, 0, 0, 0, 513])]);
    made.bits = 16;
    let (found, warnings) = made.read().unwrap();
    assert_eq!(warnings[0].code, "undescribed-segment");
    assert_eq!(
        (
            found.segments.last().unwrap().number,
            found.segments.last().unwrap().mask.count()
        ),
        (513, 1)
    );
}

#[test]
fn a_sheared_stack_keeps_its_shear_and_oblique_planes_their_tilt() {
    let frames = vec![(1, "0\\0\\0", ALL), (1, "0\\1\\4", ALL), (1, "0\\3\\12", ALL)];
    let (found, warnings) = Made::new("BINARY", frames).read().unwrap();
    assert_eq!(warnings, []);
    let grid = found.segments[1].mask.grid();
    assert_eq!(grid.patient(Point::new(0.0, 0.0, 2.0)), Point::new(0.0, 2.0, 8.0));
    assert!((grid.voxel_ml(0) - 0.012).abs() < 1e-12);
    // Coronal planes: rows to the left, columns to the feet; the normal points to the back.
    let mut coronal = Made::new("BINARY", vec![(1, "0\\8\\0", ALL), (1, "0\\4\\0", ALL)]);
    coronal.orientation = "1\\0\\0\\0\\0\\-1";
    let (found, _) = coronal.read().unwrap();
    let place = found.segments[1].mask.grid().patient(Point::new(1.0, 1.0, 1.0));
    assert!(place.distance(Point::new(1.5, 8.0, -2.0)) < 1e-12, "{place:?}");
}

#[test]
fn uneven_planes_keep_their_positions() {
    let frames = vec![(1, "0\\0\\0", ALL), (1, "0\\0\\1\\", ALL)];
    assert!(
        matches!(Made::new("BINARY", frames).read(), Err(Error::Missing { .. })),
        "a position of four parts is none"
    );
    let frames = ["0\\0\\0", "0\\0\\1", "0\\0\\2.4", "0\\0\\9.1"].map(|position| (1, position, ALL));
    let (found, warnings) = Made::new("BINARY", frames.to_vec()).read().unwrap();
    assert_eq!(warnings[0].code, "uneven-spacing");
    let grid = found.segments[1].mask.grid();
    assert_eq!(grid.size(), [3, 2, 4]);
    assert!((grid.patient(Point::new(0.0, 0.0, 3.0))[2] - 9.1).abs() < 1e-9);
}

#[test]
fn one_plane_is_as_thick_as_it_says() {
    let mut made = Made::new("BINARY", vec![(1, "0\\0\\0", ALL)]);
    made.measures = vec![
        text(tags::SPACING_BETWEEN_SLICES, "3"),
        text(tags::SLICE_THICKNESS, "5"),
    ];
    assert_eq!(
        made.read().unwrap().0.segments[1].mask.grid().spacing_mm(),
        [1.5, 2.0, 3.0]
    );
    made.measures.clear();
    assert_eq!(made.read().unwrap().1[0].code, "no-slice-thickness");
}

#[test]
fn what_makes_no_mask_is_refused() {
    let refuse = |made: &Made, expected: &str| {
        let found = made.read().unwrap_err().to_string();
        assert!(found.contains(expected), "expected {expected}, found {found}");
    };
    refuse(
        &Made::new("PROBABLY", vec![(1, "0\\0\\0", ALL)]),
        "Segmentation Type: expected BINARY",
    );
    refuse(
        &Made::new("BINARY", vec![(1, "0\\0", ALL)]),
        "no Image Position (Patient)",
    );
    refuse(
        &Made::new(
            "BINARY",
            vec![
                (1, "0\\0\\0", ALL),
                (1, "0\\0\\4", ALL),
                (1, "9\\0\\8", ALL),
                (1, "0\\0\\12", ALL),
            ],
        ),
        "9.00 mm beside it",
    );
    let mut made = Made::new("BINARY", vec![(1, "0\\0\\0", ALL)]);
    made.extra = vec![text(tags::NUMBER_OF_FRAMES, "4000000000")];
    refuse(&made, "1 items for 4000000000 frames");
    made.extra = vec![number(tags::COLUMNS, 0)];
    refuse(&made, "Columns: expected 1 to 65535, found 0");
    made.extra = vec![number(tags::COLUMNS, 4)];
    refuse(&made, "6 bytes for 2 x 4");
}

#[test]
fn implied_tiles_are_bounded_by_the_matrix() {
    let origin = item([
        text(tags::X_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, "1"),
        text(tags::Y_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, "2"),
    ]);
    let mut made = Made::new("BINARY", Vec::new());
    made.extra = vec![
        text(tags::DIMENSION_ORGANIZATION_TYPE, "TILED_FULL"),
        text(tags::IMAGE_ORIENTATION_SLIDE, "1\\0\\0\\0\\1\\0"),
        text(tags::TOTAL_PIXEL_MATRIX_COLUMNS, "2000000000"),
        text(tags::TOTAL_PIXEL_MATRIX_ROWS, "2000000000"),
        text(tags::NUMBER_OF_FRAMES, "4000000000"),
        sequence(tags::TOTAL_PIXEL_MATRIX_ORIGIN_SEQUENCE, vec![origin]),
    ];
    let refused = made.read().unwrap_err().to_string();
    assert!(
        refused.contains("a frame for each tile of each segment"),
        "{refused}"
    );
}

proptest! {
    #[test]
    fn any_frames_give_their_own_voxels(frames in prop::collection::vec((1u16..3, 0u8..9, prop::array::uniform6(0u16..2)), 1..12)) {
        let positions: Vec<String> = frames.iter().map(|(_, plane, _)| format!("-7.5\\3\\{}", f64::from(*plane) * 3.27 - 400.0)).collect();
        let made = frames.iter().zip(&positions).map(|((segment, _, values), position)| (*segment, position.as_str(), *values)).collect();
        let (found, _) = Made::new("BINARY", made).read().unwrap();
        for segment in &found.segments {
            let mut expected: Vec<[u8; 3]> = frames.iter().filter(|frame| frame.0 == segment.number)
                .flat_map(|(_, plane, values)| (0..6u8).filter(|n| values[*n as usize] == 1).map(|n| [*plane, n / 3, n % 3])).collect();
            expected.sort_unstable();
            expected.dedup();
            let places: Vec<[u8; 3]> = inside(&segment.mask).into_iter().map(|voxel| {
                let place = segment.mask.grid().patient(voxel.map(|n| n as f64).into());
                [((place[2] + 400.0) / 3.27).round() as u8, ((place[1] - 3.0) / 2.0).round() as u8, ((place[0] + 7.5) / 1.5).round() as u8]
            }).collect();
            prop_assert_eq!(places, expected);
        }
    }
}
