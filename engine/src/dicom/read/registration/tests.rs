use std::sync::Arc;

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

use super::{Placement, Registration, Unregistered, read_registration, registration};
use crate::dicom::Error;
use crate::dicom::registration::RegistrationMethod;
use crate::dicom::write::{SourceImage, SourceImages};
use crate::geometry::{Affine, Grid, Patient, Point, Transform, Vector};

fn text(tag: Tag, value: &str) -> InMemElement {
    DataElement::new(tag, VR::LO, PrimitiveValue::from(value))
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

fn item<const N: usize>(elements: [InMemElement; N]) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn matrix(numbers: &str) -> InMemDicomObject {
    item([
        text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, numbers),
        text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, "RIGID"),
    ])
}

fn registered(uid: &str, matrices: &[&str]) -> InMemDicomObject {
    let matrices = matrices.iter().map(|numbers| matrix(numbers)).collect();
    let registration = item([sequence(tags::MATRIX_SEQUENCE, matrices)]);
    item([
        text(tags::FRAME_OF_REFERENCE_UID, uid),
        sequence(tags::MATRIX_REGISTRATION_SEQUENCE, vec![registration]),
    ])
}

/// The item, of these images.
fn of_images(mut item: InMemDicomObject, images: &[&str]) -> InMemDicomObject {
    let image = |uid: &&str| self::item([text(tags::REFERENCED_SOP_INSTANCE_UID, uid)]);
    item.put(sequence(
        tags::REFERENCED_IMAGE_SEQUENCE,
        images.iter().map(image).collect(),
    ));
    item
}

fn object(class: &str, items: Vec<InMemDicomObject>) -> InMemDicomObject {
    let tag = if class == uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE {
        tags::DEFORMABLE_REGISTRATION_SEQUENCE
    } else {
        tags::REGISTRATION_SEQUENCE
    };
    item([
        text(tags::SOP_CLASS_UID, class),
        text(tags::FRAME_OF_REFERENCE_UID, "1.1"),
        sequence(tag, items),
    ])
}

fn matrices(items: Vec<InMemDicomObject>) -> Registration {
    let (registration, warnings) =
        read_registration(&object(uids::SPATIAL_REGISTRATION_STORAGE, items)).unwrap();
    assert_eq!(warnings, []);
    registration
}

/// A volume of one slice.
fn volume(frame_of_reference_uid: &str, image: &str) -> SourceImages {
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(Vector::from);
    let grid = Grid::new([1, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    SourceImages {
        study_instance_uid: "1".to_owned(),
        series_instance_uid: format!("series of {image}"),
        frame_of_reference_uid: Some(frame_of_reference_uid.to_owned()),
        grid: Arc::new(grid),
        slices: vec![SourceImage {
            sop_class_uid: uids::CT_IMAGE_STORAGE.to_owned(),
            sop_instance_uid: image.to_owned(),
            frame: None,
        }],
    }
}

/// A quarter turn about z, and a step along x.
const TURN: &str = "0\\-1\\0\\0\\1\\0\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1";
const STEP: &str = "1\\0\\0\\5\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1";
const PLACE: Point<Patient> = Point::new(1.0, 2.0, 3.0);

#[test]
fn maps_lead_from_any_named_space_to_any_other() {
    let registration = matrices(vec![registered("1.2", &[TURN, STEP]), registered("1.3", &[STEP])]);
    let map = |target, source| {
        let map = registration.between(&volume(target, "a"), &volume(source, "b"));
        map.map(|map| map.apply(PLACE))
    };
    // The turn first: x, y becomes -y, x; then five to the left.
    assert_eq!(map("1.1", "1.2"), Ok(Point::new(3.0, 1.0, 3.0)));
    assert_eq!(map("1.3", "1.2"), Ok(Point::new(-2.0, 1.0, 3.0)));
    assert_eq!(map("1.2", "1.1"), Ok(Point::new(2.0, 4.0, 3.0)));
    assert_eq!(map("1.2", "1.2"), Ok(PLACE));
    let not_named = Unregistered::NotNamed("series of b".to_owned());
    assert_eq!(map("1.1", "1.9"), Err(not_named));
}

#[test]
fn images_tell_volumes_of_one_frame_of_reference_apart() {
    let mut moved = of_images(registered("", &[STEP]), &["m1", "m2"]);
    let mut still = of_images(registered("", &[]), &["f"]);
    let between = |registration: &Registration, target: &str, source: &str| {
        let [target, source] = [target, source].map(|image| volume("1.1", image));
        registration
            .between(&target, &source)
            .map(|map| map.apply(PLACE)[0])
    };
    let expect_told_apart = |registration: &Registration| {
        assert_eq!(between(registration, "f", "m2"), Ok(6.0));
        assert_eq!(between(registration, "m1", "f"), Ok(-4.0));
        assert_eq!(between(registration, "m1", "m2"), Ok(1.0));
        // Others of the registered frame of reference lie where they say.
        assert_eq!(between(registration, "other", "m1"), Ok(6.0));
        assert_eq!(between(registration, "other", "f"), Ok(1.0));
    };
    let images_alone = |item: &mut InMemDicomObject| item.remove_element(tags::FRAME_OF_REFERENCE_UID);
    assert!(images_alone(&mut moved) && images_alone(&mut still));
    expect_told_apart(&matrices(vec![still.clone(), moved.clone()]));
    // The same by senders that name the frame of reference beside the images.
    let both = [still, moved].map(|mut item| {
        item.put(text(tags::FRAME_OF_REFERENCE_UID, "1.1"));
        item
    });
    expect_told_apart(&matrices(both.into()));
}

#[test]
fn what_holds_for_images_holds_for_others_of_their_frame_of_reference() {
    let of_other = of_images(registered("1.2", &[STEP]), &["m"]);
    let registration = matrices(vec![of_other.clone()]);
    let from = |registration: &Registration, image: &str| {
        let map = registration.between(&volume("1.1", "f"), &volume("1.2", image));
        map.map(|map| map.apply(PLACE)[0])
    };
    assert_eq!(from(&registration, "m"), Ok(6.0));
    assert_eq!(from(&registration, "a PET beside it"), Ok(6.0));
    // But not where its images were placed in two ways.
    let turned = of_images(registered("1.2", &[TURN]), &["n"]);
    let registration = matrices(vec![of_other, turned]);
    assert_eq!(from(&registration, "m"), Ok(6.0));
    assert_eq!(from(&registration, "n"), Ok(-2.0));
    let ambiguous = Unregistered::Ambiguous("series of o".to_owned());
    assert_eq!(from(&registration, "o"), Err(ambiguous));
}

#[test]
fn frames_of_one_object_are_told_apart() {
    let of_frames = |matrix: &str, frames: &str| {
        let image = item([
            text(tags::REFERENCED_SOP_INSTANCE_UID, "m"),
            text(tags::REFERENCED_FRAME_NUMBER, frames),
        ]);
        let mut item = registered("1.2", &[matrix]);
        item.put(sequence(tags::REFERENCED_IMAGE_SEQUENCE, vec![image]));
        item
    };
    let registration = matrices(vec![of_frames(STEP, "1\\2"), of_frames(TURN, "3\\4")]);
    let from = |frame: u32| {
        let mut moving = volume("1.2", "m");
        moving.slices[0].frame = Some(frame);
        registration
            .between(&volume("1.1", "f"), &moving)
            .map(|map| map.apply(PLACE)[0])
    };
    assert_eq!((from(2), from(3)), (Ok(6.0), Ok(-2.0)));
    assert!(matches!(from(5), Err(Unregistered::Ambiguous(_))));
}

#[test]
fn series_and_method_are_those_that_the_object_says() {
    let mut moved = of_images(registered("1.2", &[STEP]), &["m"]);
    moved.put(sequence(
        tags::REGISTRATION_TYPE_CODE_SEQUENCE,
        vec![item([
            text(tags::CODE_VALUE, "125025"),
            text(tags::CODING_SCHEME_DESIGNATOR, "DCM"),
        ])],
    ));
    let mut object = object(uids::SPATIAL_REGISTRATION_STORAGE, vec![moved]);
    let series = |uid: &str, image: &str| {
        let instance = item([text(tags::REFERENCED_SOP_INSTANCE_UID, image)]);
        item([
            text(tags::SERIES_INSTANCE_UID, uid),
            sequence(tags::REFERENCED_INSTANCE_SEQUENCE, vec![instance]),
        ])
    };
    object.put(sequence(
        tags::REFERENCED_SERIES_SEQUENCE,
        vec![series("2.2", "m"), series("2.1", "f")],
    ));
    let (registration, _) = read_registration(&object).unwrap();
    assert_eq!(registration.series_instance_uids, ["2.1", "2.2"]);
    assert_eq!(registration.registered[0].series_instance_uids(), ["2.2"]);
    assert_eq!(
        registration.registered[0].method,
        Some(RegistrationMethod::Visual)
    );
}

#[test]
fn odd_items_are_told() {
    let scaled = "1.1\\0\\0\\0\\0\\1.1\\0\\0\\0\\0\\1.1\\0\\0\\0\\0\\1";
    let rounded = "0.9986\\-0.0523\\0\\0\\0.0523\\0.9986\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1";
    let mut nothing = registered("1.2", &[STEP]);
    nothing.remove_element(tags::FRAME_OF_REFERENCE_UID);
    let items = vec![
        registered("1.2", &[scaled]),
        nothing,
        registered("1.3", &[rounded]),
    ];
    let read = read_registration(&object(uids::SPATIAL_REGISTRATION_STORAGE, items)).unwrap();
    let codes: Vec<&str> = read.1.iter().map(|warning| warning.code).collect();
    assert_eq!(
        (read.0.registered.len(), codes),
        (2, vec!["matrix-type", "nothing-registered"])
    );
}

#[test]
fn what_is_no_registration_says_so() {
    let failed = |object: &InMemDicomObject| read_registration(object).unwrap_err().to_string();
    assert!(
        failed(&object(uids::ENHANCED_PET_IMAGE_STORAGE, Vec::new())).contains("expected a registration's")
    );
    let with = |matrix: &str| {
        let items = vec![registered("1.2", &[matrix])];
        failed(&object(uids::SPATIAL_REGISTRATION_STORAGE, items))
    };
    assert!(with("1\\0\\0").contains("16 finite numbers"));
    for number in ["x", "nan", "inf", "1e999"] {
        assert!(
            with(&TURN.replace("-1", number)).contains("16 finite numbers"),
            "{number}"
        );
    }
    assert!(with(&format!("{}2", &STEP[..STEP.len() - 1])).contains("bottom row"));
    assert!(with(&STEP.replace("5", "0").replacen('1', "0", 1)).contains("turned round"));
    assert!(matches!(
        registration(b"no DICOM"),
        Err(Error::Invalid { .. } | Error::Codec(_))
    ));
    let mut spaceless = object(uids::SPATIAL_REGISTRATION_STORAGE, Vec::new());
    spaceless.remove_element(tags::FRAME_OF_REFERENCE_UID);
    assert!(failed(&spaceless).contains("Frame of Reference UID"));
}

/// Two planes of three rows of two: displaced by what `displacement` gives.
fn grid_item(displacement: impl Fn([usize; 3]) -> [f32; 3]) -> InMemDicomObject {
    let places = (0..12).map(|n| [n % 2, n / 2 % 3, n / 6]);
    let numbers: Vec<f32> = places.flat_map(displacement).collect();
    let doubles = |numbers: &[f64]| PrimitiveValue::F64(numbers.into());
    item([
        text(tags::IMAGE_POSITION_PATIENT, "10\\20\\30"),
        text(tags::IMAGE_ORIENTATION_PATIENT, "0\\1\\0\\1\\0\\0"),
        DataElement::new(
            tags::GRID_DIMENSIONS,
            VR::UL,
            PrimitiveValue::U32([2, 3, 2][..].into()),
        ),
        DataElement::new(tags::GRID_RESOLUTION, VR::FD, doubles(&[2.0, 3.0, 5.0])),
        DataElement::new(
            tags::VECTOR_GRID_DATA,
            VR::OF,
            PrimitiveValue::F32(numbers.into()),
        ),
    ])
}

fn deformed(grid: Option<InMemDicomObject>, pre: Option<&str>, post: Option<&str>) -> InMemDicomObject {
    let mut item = item([text(tags::SOURCE_FRAME_OF_REFERENCE_UID, "1.2")]);
    let mut put = |tag, item_of: Option<InMemDicomObject>| {
        if let Some(inner) = item_of {
            item.put(sequence(tag, vec![inner]));
        }
    };
    put(
        tags::PRE_DEFORMATION_MATRIX_REGISTRATION_SEQUENCE,
        pre.map(matrix),
    );
    put(
        tags::POST_DEFORMATION_MATRIX_REGISTRATION_SEQUENCE,
        post.map(matrix),
    );
    put(tags::DEFORMABLE_REGISTRATION_GRID_SEQUENCE, grid);
    item
}

fn deformable(items: Vec<InMemDicomObject>) -> crate::dicom::Result<(Registration, Vec<codec::Warning>)> {
    read_registration(&object(uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE, items))
}

/// PS3.3 C.20.3.1.1: at a place of the grid, the matrix before, the displacement of the place, the matrix behind.
#[test]
fn matrices_stand_around_the_displacements() {
    let displacement = |at: [usize; 3]| at.map(|index| index as f32 + 0.5);
    for (pre, post) in [
        (None, None),
        (Some(TURN), None),
        (None, Some(TURN)),
        (Some(TURN), Some(STEP)),
    ] {
        let (registration, warnings) =
            deformable(vec![deformed(Some(grid_item(displacement)), pre, post)]).unwrap();
        assert_eq!(warnings, []);
        let map = registration
            .between(&volume("1.2", "m"), &volume("1.1", "f"))
            .unwrap();
        for at in (0..12).map(|n| [n % 2, n / 2 % 3, n / 6]) {
            let [i, j, k] = at.map(|index| index as f64);
            // Rows run along y, columns along x; planes follow rows times columns, downwards.
            let place = Point::<Patient>::new(10.0 + 3.0 * j, 20.0 + 2.0 * i, 30.0 - 5.0 * k);
            let turned = |place: Point<Patient>| Point::new(-place[1], place[0], place[2]);
            let before = if pre.is_some() { turned(place) } else { place };
            let moved = before + Vector::new(i + 0.5, j + 0.5, k + 0.5);
            let behind = match post {
                Some(TURN) => turned(moved),
                Some(_) => moved + Vector::new(5.0, 0.0, 0.0),
                None => moved,
            };
            let found = map.apply(place);
            assert!(found.distance(behind) < 1e-5, "{at:?}: {found:?} and {behind:?}");
        }
        // Far from the grid, the matrices alone.
        let far = Point::new(500.0, 0.0, 0.0);
        assert_eq!(map.apply(far), *map.affine_part() * far);
    }
}

#[test]
fn a_deformation_leads_one_way() {
    let item = || deformed(Some(grid_item(|_| [0.5, 0.25, 0.75])), None, Some(STEP));
    let (registration, _) = deformable(vec![of_images(item(), &["m"])]).unwrap();
    let between = |target: &SourceImages, source: &SourceImages| registration.between(target, source);
    let (fixed, moving) = (volume("1.1", "f"), volume("1.2", "m"));
    let map = between(&moving, &fixed).unwrap();
    assert!(matches!(map, Transform::Deformable(_)));
    assert_eq!(
        map.apply(Point::new(13.0, 22.0, 25.0)),
        Point::new(18.5, 22.25, 25.75)
    );
    assert_eq!(
        between(&moving, &volume("1.2", "a PET beside it")),
        Ok(Transform::identity())
    );
    let one_way = Unregistered::OneWay("series of m".to_owned());
    assert_eq!(between(&fixed, &moving), Err(one_way));
    let back = registration.route(&fixed, &moving).unwrap();
    let place = back.apply(Point::new(18.5, 22.25, 25.75)).unwrap();
    assert!(place.distance(Point::new(13.0, 22.0, 25.0)) < 1e-4, "{place:?}");
    // In one frame of reference only the images named are deformed.
    let mut same = of_images(item(), &["m"]);
    same.put(text(tags::SOURCE_FRAME_OF_REFERENCE_UID, "1.1"));
    let (same, _) = deformable(vec![same]).unwrap();
    let map = same.between(&volume("1.1", "m"), &fixed).unwrap();
    assert_eq!(
        map.apply(Point::new(13.0, 22.0, 25.0)),
        Point::new(18.5, 22.25, 25.75)
    );
}

#[test]
fn without_a_grid_it_is_a_matrix() {
    let (registration, _) = deformable(vec![deformed(None, Some(TURN), Some(STEP))]).unwrap();
    let Placement::Matrix {
        registered_from_source,
    } = registration.registered[0].placement
    else {
        panic!("{registration:?}");
    };
    // The step undone, then the turn.
    assert_eq!(registered_from_source * PLACE, Point::new(2.0, 4.0, 3.0));
}

#[test]
fn undefined_displacements_are_counted() {
    let undefined = |at: [usize; 3]| if at[2] == 1 { [f32::NAN; 3] } else { [1.0; 3] };
    let (registration, warnings) =
        deformable(vec![deformed(Some(grid_item(undefined)), None, None)]).unwrap();
    assert_eq!(warnings[0].code, "undefined-displacements");
    assert!(
        warnings[0].text.contains("12 places, found 6"),
        "{}",
        warnings[0].text
    );
    let Placement::Deformable {
        source_from_registered,
    } = &registration.registered[0].placement
    else {
        panic!("{registration:?}");
    };
    assert_eq!(
        source_from_registered.field.displacements_mm()[5..7],
        [[1.0; 3], [0.0; 3]]
    );
}

#[test]
fn numbers_stored_as_bytes_are_read() {
    let mut grid = grid_item(|at| at.map(|index| index as f32));
    let (as_numbers, _) = deformable(vec![deformed(Some(grid.clone()), None, None)]).unwrap();
    let bytes = grid
        .get(tags::VECTOR_GRID_DATA)
        .unwrap()
        .to_bytes()
        .unwrap()
        .into_owned();
    grid.put(DataElement::new(
        tags::VECTOR_GRID_DATA,
        VR::UN,
        PrimitiveValue::U8(bytes.into()),
    ));
    assert_eq!(
        deformable(vec![deformed(Some(grid), None, None)]).unwrap().0,
        as_numbers
    );
}

#[test]
fn grids_that_cannot_be_say_so() {
    let check = |change: InMemElement, expected: &str| {
        let mut grid = grid_item(|_| [0.0; 3]);
        let tag = change.header().tag;
        grid.put(change);
        let error = deformable(vec![deformed(Some(grid), None, None)])
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{tag}: {error}");
    };
    let sides = |sides: [u32; 3]| {
        DataElement::new(
            tags::GRID_DIMENSIONS,
            VR::UL,
            PrimitiveValue::U32(sides[..].into()),
        )
    };
    check(sides([2, 3, 3]), "36 for a grid of [2, 3, 3]");
    check(sides([2, 3, 1]), "three sides of at least 2");
    check(sides([2, 0, 6]), "three sides of at least 2");
    check(sides([u32::MAX; 3]), "three numbers for each place");
    check(sides([1 << 31, 1 << 31, 4]), "three numbers for each place");
    let doubles = |tag, numbers: &[f64]| DataElement::new(tag, VR::FD, PrimitiveValue::F64(numbers.into()));
    for steps in [
        &[2.0, 3.0][..],
        &[2.0, 3.0, 0.0],
        &[2.0, -3.0, 5.0],
        &[2.0, 3.0, f64::NAN],
    ] {
        check(doubles(tags::GRID_RESOLUTION, steps), "three positive lengths");
    }
    check(
        doubles(tags::GRID_RESOLUTION, &[1e-300, 1.0, 1e300]),
        "span space",
    );
    for directions in [
        "1\\0\\0\\0\\1",
        "1\\0\\0\\1\\0\\0",
        "2\\0\\0\\0\\1\\0",
        "0\\0\\0\\0\\1\\0",
        "nan\\0\\0\\0\\1\\0",
    ] {
        check(text(tags::IMAGE_ORIENTATION_PATIENT, directions), "right angle");
    }
    check(text(tags::IMAGE_POSITION_PATIENT, "1\\2"), "three numbers");
    check(text(tags::VECTOR_GRID_DATA, "none"), "0 for a grid");
    for number in [f32::INFINITY, f32::NAN] {
        let numbers: Vec<f32> = (0..36).map(|n| if n == 17 { number } else { 0.0 }).collect();
        let change = DataElement::new(
            tags::VECTOR_GRID_DATA,
            VR::OF,
            PrimitiveValue::F32(numbers.into()),
        );
        check(change, "displacements must be finite");
    }
}

#[test]
fn sequences_of_one_item_have_one() {
    let mut item = deformed(Some(grid_item(|_| [0.0; 3])), None, None);
    let grids = vec![grid_item(|_| [0.0; 3]), grid_item(|_| [0.0; 3])];
    item.put(sequence(tags::DEFORMABLE_REGISTRATION_GRID_SEQUENCE, grids));
    assert!(
        deformable(vec![item])
            .unwrap_err()
            .to_string()
            .contains("expected one item")
    );
    let flat = STEP.replacen('1', "0", 1);
    let failed = deformable(vec![deformed(None, Some(&flat), None)]).unwrap_err();
    assert!(failed.to_string().contains("turned round"));
}
