//! Volumes of interest through the bytes of segmentations and structure sets.

use super::{CREATED, bytes, check_broken, done, elsewhere, follow, series, study, world};
use crate::dicom::read::rtstruct::StructureSet;
use crate::dicom::read::seg::Segmentation;
use crate::dicom::read::{Regions, read_regions};
use crate::dicom::write::{self, Masks, SegmentationType};
use crate::geometry::Grid;
use crate::session::{SavedVois, Session};
use crate::voi::{Mask, Run};

const VOIS: [&str; 5] = [
    r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "pet"]}}}"#,
    r#"{"do": {"add_voi": {"viewport": 1, "layer": 1, "name": "Herd links", "recipe": {"threshold_sphere": {"center_mm": [20, -10, 9], "radius_mm": 20, "level": {"of_max": 0.41}}}}}}"#,
    r#"{"do": {"add_voi": {"viewport": 1, "layer": 1, "name": "liver", "recipe": {"solid": {"form": "ellipsoid", "center_mm": [-10, 5, -20], "size_mm": [40, 30, 20]}}}}}"#,
    r#"{"do": {"add_voi": {"viewport": 1, "layer": 1, "name": "one slice", "recipe": {"solid": {"form": "box", "center_mm": [1, 1, 1.5], "size_mm": [20, 13, 2]}}}}}"#,
    r#"{"do": {"edit_voi": {"voi": 2, "color": [10, 20, 30]}}}"#,
];

fn drawn() -> Session {
    let mut session = world::session();
    VOIS.iter().for_each(|line| done(&mut session, line));
    // A hole and a part that touches.
    done(
        &mut session,
        r#"{"do": {"brush": {"voi": 2, "viewport": 1, "path": [[60, 66, 128, 128]], "radius_mm": 9, "erase": true, "ball": true}}}"#,
    );
    session
}

fn segmentation_of(saved: &SavedVois) -> Vec<u8> {
    let masks = Masks {
        segmentation_type: SegmentationType::Binary,
        sop_instance_uid: "1.2.3.4".to_owned(),
        dimension_organization_uid: "1.2.3.5".to_owned(),
        created: CREATED,
        label: "READING".to_owned(),
        description: "Volumes of interest".to_owned(),
        images: &saved.images,
        segments: saved.segments(),
    };
    bytes(write::segmentation_of_masks(
        &study(),
        &series(Some("1.1")),
        masks,
    ))
}

fn structure_set_of(saved: &SavedVois) -> Vec<u8> {
    let set = write::StructureSet {
        sop_instance_uid: "1.2.3.4".to_owned(),
        label: "READING".to_owned(),
        created: CREATED,
        source: (
            saved.images.slices[0].sop_class_uid.clone(),
            saved.images.series_instance_uid.clone(),
        ),
        rois: saved.rois(),
    };
    bytes(write::structure_set(&study(), &series(Some("1.1")), set))
}

fn segmentation(bytes: &[u8]) -> Option<Segmentation> {
    match read_regions(bytes).ok()?.0 {
        Regions::Segmentation(found) => Some(found),
        Regions::StructureSet(_) => None,
        #[allow(unreachable_patterns, reason = "kinds may be added")]
        _ => None,
    }
}

fn structure_set(bytes: &[u8]) -> Option<StructureSet> {
    match read_regions(bytes).ok()?.0 {
        Regions::StructureSet(found) => Some(found),
        #[allow(unreachable_patterns, reason = "kinds may be added")]
        _ => None,
    }
}

/// The same names, voxels and numbers.
fn assert_same(session: &mut Session, other: &mut Session) {
    assert_eq!(session.state().vois.len(), other.state().vois.len());
    assert_eq!(other.state().vois[&2].color, [10, 20, 30]);
    for n in 1..=3 {
        let [a, b] = [&*session, other].map(|session| session.state().vois[&n].name.clone());
        assert_eq!(a, b);
        let masks = [session.voi_mask(n).unwrap().0, other.voi_mask(n).unwrap().0];
        assert!(masks[0].count() > 10);
        assert_eq!(masks[0].runs(), masks[1].runs(), "{a}");
        let readouts = [session.voi_readout(n).unwrap(), other.voi_readout(n).unwrap()];
        assert_eq!(readouts[0].figures, readouts[1].figures, "{a}");
        assert!(readouts[0].get("mean", Some("ct")).is_some());
    }
}

#[test]
fn volumes_come_back_as_segments() {
    let mut session = drawn();
    let (saved, told) = session.saved_vois("pet").unwrap();
    assert!(told.is_empty(), "{told:?}");
    let bytes = segmentation_of(&saved);
    let mut other = world::session();
    done(&mut other, VOIS[0]);
    let read = segmentation(&bytes).unwrap();
    let (commands, told) = other.commands_of_segmentation(1, &read).unwrap();
    assert!(told.is_empty(), "{told:?}");
    follow(&mut other, commands);
    assert_same(&mut session, &mut other);
    check_broken(&bytes, segmentation, |read| {
        drop(other.commands_of_segmentation(1, &read));
    });
}

#[test]
fn volumes_come_back_as_contours() {
    let mut session = drawn();
    let (saved, _) = session.saved_vois("pet").unwrap();
    let bytes = structure_set_of(&saved);
    let mut other = world::session();
    done(&mut other, VOIS[0]);
    let read = structure_set(&bytes).unwrap();
    let (commands, told) = other.commands_of_structure_set(1, &read).unwrap();
    assert!(told.is_empty(), "{told:?}");
    follow(&mut other, commands);
    assert_same(&mut session, &mut other);
    check_broken(&bytes, structure_set, |read| {
        drop(other.commands_of_structure_set(1, &read));
    });
}

#[test]
fn a_segment_of_another_grid_is_carried_over_and_told() {
    let session = world::session();
    let grid = session.series()[0].grid.clone();
    // Half as fine, and half a voxel beside it.
    let axes = [0, 1, 2].map(|axis| grid.patient_from_voxel().axis(axis) * 1.7);
    let origin = grid.patient([0.4, 0.4, 0.4].into());
    let coarse = Grid::new([30, 30, 20], crate::geometry::Affine::from_axes(axes, origin)).unwrap();
    let (mut found, _) = {
        let mut session = drawn();
        let (saved, told) = session.saved_vois("pet").unwrap();
        (segmentation(&segmentation_of(&saved)).unwrap(), told)
    };
    found.segments.truncate(1);
    let start = (10 * 30 + 12) * 30 + 5;
    let run = Run {
        start,
        end: start + 9,
    };
    found.segments[0].mask = Mask::from_runs(coarse, vec![run]).unwrap();
    found.referenced_series_uids.clear();
    let (commands, told) = session.commands_of_segmentation(1, &found).unwrap();
    assert_eq!((commands.len(), told.len()), (1, 1), "{told:?}");
    assert!(told[0].contains("was drawn on another grid"), "{told:?}");
    // Nothing is known of where it lies.
    found.frame_of_reference_uid = Some("1.999".to_owned());
    let refusal = session.commands_of_segmentation(1, &found).unwrap_err();
    assert!(refusal.to_string().contains("for other series"), "{refusal}");
}

#[test]
fn what_has_no_voxels_or_no_series_is_told() {
    let mut session = drawn();
    done(
        &mut session,
        r#"{"do": {"add_voi": {"viewport": 1, "layer": 1, "recipe": "empty"}}}"#,
    );
    let long = "x".repeat(70) + "\\";
    done(
        &mut session,
        &format!(
            r#"{{"do": {{"edit_voi": {{"voi": 1, "name": {}}}}}}}"#,
            serde_json::to_string(&long).unwrap()
        ),
    );
    let (saved, told) = session.saved_vois("pet").unwrap();
    assert_eq!((saved.vois.len(), told.len()), (3, 2), "{told:?}");
    assert_eq!(saved.vois[0].name, "x".repeat(64));
    let refusal = session.saved_vois("ct").unwrap_err().to_string();
    assert!(refusal.contains("has no volume of interest"), "{refusal}");
    let set = structure_set(&structure_set_of(&saved)).unwrap();
    let refusal = elsewhere().commands_of_structure_set(1, &set).unwrap_err();
    assert!(refusal.to_string().contains("for other series"), "{refusal}");
}

#[test]
fn the_voxels_of_a_volume_of_interest_leave_as_a_mask() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["pet"]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"solid": {"form": "box", "center_mm": [0, 0, 0], "size_mm": [8, 8, 6]}}}}}"#,
    );
    let (mask, warnings) = session.voi_mask(1).unwrap();
    assert_eq!((mask.count(), warnings.len()), (8, 0));
    assert!(session.voi_mask(2).is_err());
}
