use std::sync::Arc;

use nalgebra::{Rotation3, Vector3};
use proptest::prelude::*;

use super::{
    Arrival, Departure, Error, Exam, FollowUp, LesionRef, Link, Means, Options, RelinkError, follow,
};
use crate::geometry::{
    Affine, Deformation, DisplacementField, Grid, Patient, Point, Route, Transform, Vector,
};
use crate::voi::{Mask, Run};

/// 60 x 60 x 30 voxels of 3 mm.
fn grid() -> Arc<Grid> {
    let axes = [
        Vector::new(3.0, 0.0, 0.0),
        Vector::new(0.0, 3.0, 0.0),
        Vector::new(0.0, 0.0, 3.0),
    ];
    let patient_from_voxel = Affine::from_axes(axes, Point::new(-90.0, -90.0, 0.0));
    Arc::new(Grid::new([60, 60, 30], patient_from_voxel).unwrap())
}

/// A box of voxels: its first corner and its sides.
type Block = ([usize; 3], [usize; 3]);

fn block(grid: &Arc<Grid>, ([x, y, z], [columns, rows, slices]): Block) -> Mask {
    let [width, height, _] = grid.size();
    let lines = (z..z + slices).flat_map(|k| (y..y + rows).map(move |j| (k * height + j) * width + x));
    let runs = lines.map(|start| Run {
        start,
        end: start + columns,
    });
    Mask::from_runs(grid.clone(), runs.collect()).unwrap()
}

fn cube(x: usize, y: usize, side: usize) -> Block {
    ([x, y, 10], [side; 3])
}

fn masks(blocks: &[Block]) -> Vec<Mask> {
    let grid = grid();
    blocks.iter().map(|of| block(&grid, *of)).collect()
}

fn in_place(lesions: &[Mask]) -> Exam<'_> {
    Exam {
        lesions,
        reference_from_exam: Affine::identity().into(),
    }
}

fn followed(exams: &[&[Block]]) -> FollowUp {
    let lesions: Vec<Vec<Mask>> = exams.iter().map(|blocks| masks(blocks)).collect();
    let exams: Vec<Exam> = lesions.iter().map(|lesions| in_place(lesions)).collect();
    follow(&exams, &Options::default()).unwrap()
}

fn at(exam: usize, lesion: usize) -> LesionRef {
    LesionRef { exam, lesion }
}

fn check(exams: &[&[Block]], arrivals: &[Arrival], departures: &[Departure]) {
    let followed = followed(exams);
    let last = exams.len() - 1;
    let found: Vec<Arrival> = (0..exams[last].len())
        .map(|lesion| followed.arrival(at(last, lesion)).unwrap())
        .collect();
    assert_eq!(found, arrivals);
    let found: Vec<Departure> = (0..exams[0].len())
        .map(|lesion| followed.departure(at(0, lesion)).unwrap())
        .collect();
    assert_eq!(found, departures);
}

#[test]
fn one_comes_one_goes_one_stays() {
    check(
        &[&[cube(5, 5, 4), cube(40, 5, 4)], &[cube(6, 5, 4), cube(5, 40, 4)]],
        &[Arrival::Persistent, Arrival::New],
        &[Departure::Persistent, Departure::Resolved],
    );
}

#[test]
fn one_splits_and_two_merge() {
    let (whole, parts) = (([10, 10, 10], [9, 3, 3]), [cube(10, 10, 3), cube(16, 10, 3)]);
    check(&[&[whole], &parts], &[Arrival::Split; 2], &[Departure::Split]);
    check(&[&parts, &[whole]], &[Arrival::Merged], &[Departure::Merged; 2]);
}

#[test]
fn the_parts_of_a_lesion_are_one_track() {
    let (whole, parts) = (([10, 10, 10], [9, 3, 3]), [cube(10, 10, 3), cube(16, 10, 3)]);
    let followed = followed(&[&[cube(40, 40, 3), whole], &parts, &[whole]]);
    let tracks = followed.tracks();
    assert_eq!(tracks.len(), 2);
    assert_eq!(tracks[0].lesions, [at(0, 1), at(1, 0), at(1, 1), at(2, 0)]);
    assert_eq!(followed.track_of(at(0, 0)).unwrap().id, 2);
    assert_eq!(tracks[0].in_exam(1).count(), 2);
}

#[test]
fn a_touch_is_no_overlap() {
    // 16 of 192 voxels: below the tenth that is asked for, and each keeps its own.
    let (large, neighbour) = (([10, 10, 10], [12, 4, 4]), ([22, 10, 10], [12, 4, 4]));
    let grown = ([21, 10, 10], [13, 4, 4]);
    check(
        &[&[large, neighbour], &[large, grown]],
        &[Arrival::Persistent; 2],
        &[Departure::Persistent; 2],
    );
}

#[test]
fn a_lesion_that_is_back_keeps_its_track() {
    let lesion = cube(10, 10, 3);
    let followed = followed(&[&[lesion], &[cube(40, 40, 3)], &[lesion]]);
    assert_eq!(followed.tracks().len(), 2);
    assert_eq!(followed.departure(at(0, 0)), Some(Departure::Paused));
    assert_eq!(followed.arrival(at(2, 0)), Some(Arrival::Reappeared));
    assert_eq!(followed.arrival(at(1, 0)), Some(Arrival::New));
    assert_eq!(followed.arrival(at(3, 0)), None);
}

#[test]
fn small_lesions_reach_less_than_15_mm() {
    // Voxels of 3 mm: 4 apart are 12 mm, 5 apart are 15 mm, which is not less.
    let moved = |by: usize| followed(&[&[cube(10, 10, 1)], &[cube(10 + by, 10, 1)]]);
    assert_eq!(moved(4).tracks().len(), 1);
    assert_eq!(moved(5).tracks().len(), 2);
    assert!(
        matches!(moved(4).links()[0].means, Means::Distance { distance_mm } if (distance_mm - 12.0).abs() < 1e-9)
    );
}

#[test]
fn large_lesions_reach_as_far_as_one_and_a_half_radii() {
    // 12 x 12 x 2 voxels of 27 mm³: a sphere of 12.29 mm, which reaches 18.4 mm.
    let plate = |z| ([10, 10, z], [12, 12, 2]);
    assert_eq!(followed(&[&[plate(4)], &[plate(10)]]).tracks().len(), 1);
    assert_eq!(followed(&[&[plate(4)], &[plate(11)]]).tracks().len(), 2);
}

#[test]
fn near_lesions_are_paired_by_least_total_distance() {
    let exams: [&[Block]; 2] = [
        &[cube(10, 10, 1), cube(13, 10, 1)],
        &[cube(12, 10, 1), cube(14, 10, 1)],
    ];
    let links: Vec<_> = followed(&exams)
        .links()
        .iter()
        .map(|link| (link.from, link.to))
        .collect();
    assert_eq!(links, [(at(0, 0), at(1, 0)), (at(0, 1), at(1, 1))]);
}

#[test]
fn a_transform_brings_exams_together() {
    let (before, after) = (masks(&[cube(10, 10, 3)]), masks(&[cube(40, 10, 3)]));
    let shift: Affine<Patient, Patient> = Affine::new(
        Affine::<Patient, Patient>::identity().linear,
        Vector3::new(-90.0, 0.0, 0.0),
    );
    let moved = Exam {
        lesions: &after,
        reference_from_exam: shift.into(),
    };
    let followed = follow(&[in_place(&before), moved], &Options::default()).unwrap();
    assert_eq!(followed.arrival(at(1, 0)), Some(Arrival::Persistent));
    assert!(
        matches!(followed.links()[0].means, Means::Overlap { of_smaller, .. } if (of_smaller - 1.0).abs() < 1e-9)
    );
}

/// What lies in the reference exam 60 mm further to the left around the origin, fading away over 60 mm.
fn bent() -> Transform {
    let step = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { 60.0 } else { 0.0 }));
    let corner = Point::new(-180.0, -180.0, -180.0);
    let grid = Grid::new([7; 3], Affine::from_axes([0, 1, 2].map(step), corner)).unwrap();
    let inner = |n: usize| [n % 7, n / 7 % 7, n / 49].iter().all(|n| (1..6).contains(n));
    let displacement = |n: usize| if inner(n) { [30.0f32, 0.0, 0.0] } else { [0.0; 3] };
    let field = DisplacementField::new(grid.clone(), (0..grid.voxels()).map(displacement).collect()).unwrap();
    let affine = Affine::translation(Vector::new(30.0, 0.0, 0.0));
    Deformation { field, affine }.into()
}

/// A map that bends brings exams together whichever way it was found.
#[test]
fn a_bending_map_brings_exams_together() {
    let here = [cube(10, 10, 4), cube(15, 40, 3), ([18, 25, 5], [6, 5, 4])];
    let there = here.map(|([x, y, z], sides)| ([x + 20, y, z], sides));
    let (before, after) = (masks(&there), masks(&here));
    for (route, first, second) in [
        (Route::along(bent()), &before, &after),
        (Route::against(bent()), &after, &before),
    ] {
        let moved = Exam {
            lesions: second,
            reference_from_exam: route,
        };
        let followed = follow(&[in_place(first), moved], &Options::default()).unwrap();
        assert_eq!(followed.links().len(), 3);
        for (n, link) in followed.links().iter().enumerate() {
            assert_eq!((link.from, link.to), (at(0, n), at(1, n)));
            let Means::Overlap { of_smaller, .. } = link.means else {
                panic!("{link:?}")
            };
            assert!((of_smaller - 1.0).abs() < 1e-3, "{of_smaller}");
        }
        let straight = follow(&[in_place(first), in_place(second)], &Options::default()).unwrap();
        assert!(straight.links().is_empty());
    }
}

/// Where a map folds, a lesion has no one place.
#[test]
fn a_lesion_in_a_fold_is_refused() {
    let Transform::Deformable(bent) = bent() else {
        panic!("it bends")
    };
    let grid = bent.field.grid().clone();
    // All is drawn to the plane x = 0: nothing goes beside it.
    let flat = |n: usize| [60.0 * (3.0 - (n % 7) as f32), 0.0, 0.0];
    let field = DisplacementField::new(grid.clone(), (0..grid.voxels()).map(flat).collect()).unwrap();
    let folds = Route::against(Deformation {
        field,
        affine: Affine::identity(),
    });
    let lesions = masks(&[cube(31, 30, 3)]);
    let exam = Exam {
        lesions: &lesions,
        reference_from_exam: folds,
    };
    let refusal = follow(&[in_place(&lesions), exam], &Options::default()).unwrap_err();
    assert_eq!(refusal, Error::Nowhere { exam: 1, lesion: 0 });
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let lesions = masks(&[cube(10, 10, 3)]);
    let empty = [Mask::empty(grid())];
    let refused = |exams: &[Exam]| follow(exams, &Options::default()).unwrap_err();
    assert_eq!(refused(&[in_place(&lesions)]), Error::Exams(1));
    assert_eq!(refused(&vec![in_place(&lesions); 5]), Error::Exams(5));
    assert_eq!(
        refused(&[in_place(&lesions), in_place(&empty)]),
        Error::Empty { exam: 1, lesion: 0 }
    );
    let flat = Affine::new(
        Affine::<Patient, Patient>::identity().linear * 0.0,
        Vector3::zeros(),
    );
    let nowhere = Exam {
        lesions: &lesions,
        reference_from_exam: flat.into(),
    };
    assert!(matches!(
        refused(&[nowhere, in_place(&lesions)]),
        Error::Transform { exam: 0, .. }
    ));
}

#[test]
fn a_reader_links_and_unlinks() {
    let apart = followed(&[&[cube(5, 5, 2)], &[cube(40, 40, 2)]]);
    let linked = apart.linked(at(1, 0), at(0, 0)).unwrap();
    assert_eq!(linked.tracks().len(), 1);
    assert_eq!(linked.tracks()[0].id, 1);
    let reader = Link {
        from: at(0, 0),
        to: at(1, 0),
        means: Means::Reader,
    };
    assert_eq!(linked.links(), [reader]);
    let again = linked.unlinked(at(0, 0), at(1, 0)).unwrap();
    assert_eq!(again.links(), apart.links());
    // Number 2 was another track's and is not given again.
    assert_eq!(
        again.tracks().iter().map(|track| track.id).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[test]
fn a_reader_merges_tracks_of_different_exams() {
    let exams: [&[Block]; 3] = [
        &[cube(5, 5, 2), cube(50, 50, 2)],
        &[cube(5, 40, 2), cube(50, 50, 2)],
        &[cube(5, 5, 2), cube(50, 50, 2)],
    ];
    let apart = followed(&exams);
    assert_eq!(apart.tracks().len(), 3);
    let (paused, between) = (
        apart.track_of(at(0, 0)).unwrap().id,
        apart.track_of(at(1, 0)).unwrap().id,
    );
    let merged = apart.merged(between, paused).unwrap();
    let track = merged.track_of(at(1, 0)).unwrap();
    assert_eq!((track.id, track.lesions.len()), (paused, 3));
    assert_eq!(merged.departure(at(0, 0)), Some(Departure::Persistent));
    assert_eq!(merged.arrival(at(2, 0)), Some(Arrival::Persistent));
    assert_eq!(merged.track_of(at(0, 1)), apart.track_of(at(0, 1)));
}

fn refused(result: Result<FollowUp, RelinkError>, sentence: &str) {
    assert_eq!(result.unwrap_err().to_string(), sentence);
}

#[test]
fn corrections_that_contradict_are_refused() {
    let lesion = cube(5, 5, 2);
    let followed = followed(&[&[lesion, cube(50, 5, 2)], &[lesion], &[lesion]]);
    refused(
        followed.linked(at(0, 0), at(1, 7)),
        "there is no lesion 8 of exam 2",
    );
    refused(
        followed.linked(at(0, 0), at(0, 1)),
        "a link joins lesions of different exams, found two of exam 1",
    );
    refused(
        followed.linked(at(0, 0), at(1, 0)),
        "lesion 1 of exam 1 and lesion 1 of exam 2 are linked already",
    );
    refused(
        followed.linked(at(0, 0), at(2, 0)),
        "between the two lies lesion 1 of exam 2, which one of them is linked to: link that one, or unlink it first",
    );
    refused(
        followed.unlinked(at(0, 1), at(1, 0)),
        "lesion 2 of exam 1 and lesion 1 of exam 2 are not linked with each other",
    );
    refused(
        followed.merged(1, 2),
        "tracks 1 and 2 both have a lesion in exam 1: link their lesions one by one",
    );
    refused(
        followed.merged(1, 1),
        "tracks to merge must be two, found track 1 twice",
    );
    refused(followed.merged(1, 9), "there is no track 9");
}

/// Blocks that touch no other: one in each cell of 10 voxels that is filled.
fn apart() -> impl Strategy<Value = Vec<Block>> {
    let cell = prop::option::weighted(0.4, ([0..4usize, 0..4, 0..4], [1..6usize, 1..6, 1..6]));
    prop::collection::vec(cell, 6 * 6 * 3).prop_map(|cells| {
        let filled = cells.into_iter().enumerate();
        let placed = filled.filter_map(|(n, cell)| {
            let (offset, sides) = cell?;
            let corner = [n % 6, n / 6 % 6, n / 36];
            Some(([0, 1, 2].map(|axis| corner[axis] * 10 + offset[axis]), sides))
        });
        placed.collect()
    })
}

fn rigid() -> impl Strategy<Value = Affine<Patient, Patient>> {
    let (turn, shift) = (
        [-3.0..3.0f64, -3.0..3.0, -3.0..3.0],
        [-200.0..200.0f64, -200.0..200.0, -200.0..200.0],
    );
    (turn, shift).prop_map(|(turn, shift)| {
        let [roll, pitch, yaw] = turn;
        Affine::new(
            *Rotation3::from_euler_angles(roll, pitch, yaw).matrix(),
            shift.into(),
        )
    })
}

type Seen = (usize, Block, Option<Arrival>);

/// Tracks as sets of blocks, with what became of each lesion of the last exam: nothing that depends on numbers of
/// lesions.
fn by_block(followed: &FollowUp, exams: &[&[Block]]) -> Vec<(u32, Vec<Seen>)> {
    let of_track = |track: &super::Track| {
        let lesions = track.lesions.iter();
        let mut lesions: Vec<_> = lesions
            .map(|at| (at.exam, exams[at.exam][at.lesion], followed.arrival(*at)))
            .collect();
        lesions.sort_by_key(|(exam, block, _)| (*exam, *block));
        (track.id, lesions)
    };
    followed.tracks().iter().map(of_track).collect()
}

fn reversed(arrival: Arrival) -> Departure {
    match arrival {
        Arrival::First => Departure::Last,
        Arrival::New => Departure::Resolved,
        Arrival::Persistent => Departure::Persistent,
        Arrival::Reappeared => Departure::Paused,
        Arrival::Split => Departure::Merged,
        Arrival::Merged => Departure::Split,
    }
}

proptest! {
    #[test]
    fn an_exam_matches_itself(blocks in apart()) {
        let followed = followed(&[&blocks, &blocks]);
        prop_assert_eq!(followed.tracks().len(), blocks.len());
        for lesion in 0..blocks.len() {
            prop_assert_eq!(followed.after(at(0, lesion)), [at(1, lesion)]);
            prop_assert_eq!(followed.arrival(at(1, lesion)), Some(Arrival::Persistent));
        }
    }

    #[test]
    fn the_order_of_lesions_does_not_matter(
        before in apart(),
        (after, shuffled) in apart().prop_flat_map(|blocks| (Just(blocks.clone()), Just(blocks).prop_shuffle())),
    ) {
        let (one, other): ([&[Block]; 2], [&[Block]; 2]) = ([&before, &after], [&before, &shuffled]);
        prop_assert_eq!(by_block(&followed(&one), &one), by_block(&followed(&other), &other));
    }

    #[test]
    fn a_body_that_moved_has_the_same_tracks(blocks in apart(), patient_from_moved in rigid()) {
        let grid = grid();
        let moved = Arc::new(Grid::new(grid.size(), patient_from_moved.inverse().unwrap() * *grid.patient_from_voxel()).unwrap());
        let before = masks(&blocks);
        let after: Vec<Mask> = blocks.iter().map(|of| block(&moved, *of)).collect();
        let exam = Exam { lesions: &after, reference_from_exam: patient_from_moved.into() };
        let followed = follow(&[in_place(&before), exam], &Options::default()).unwrap();
        for lesion in 0..blocks.len() {
            prop_assert_eq!(followed.after(at(0, lesion)), [at(1, lesion)]);
            let overlap = followed.links().iter().find(|link| link.from == at(0, lesion)).unwrap().means;
            let whole = matches!(overlap, Means::Overlap { of_smaller, .. } if (of_smaller - 1.0).abs() < 1e-9);
            prop_assert!(whole, "{:?}", overlap);
        }
    }

    /// Without reach, so that no two pairs are equally far: what a split is one way is a merger the other way.
    #[test]
    fn time_may_run_backwards(exams in prop::collection::vec(apart(), 2..=4)) {
        let lesions: Vec<Vec<Mask>> = exams.iter().map(|blocks| masks(blocks)).collect();
        let options = Options { radii: 0.0, least_reach_mm: 0.0, least_overlap: 0.0 };
        let forwards: Vec<Exam> = lesions.iter().map(|lesions| in_place(lesions)).collect();
        let backwards: Vec<Exam> = forwards.iter().rev().cloned().collect();
        let (forwards, backwards) = (follow(&forwards, &options).unwrap(), follow(&backwards, &options).unwrap());
        let last = exams.len() - 1;
        for (exam, blocks) in exams.iter().enumerate() {
            for lesion in 0..blocks.len() {
                let arrival = forwards.arrival(at(exam, lesion)).unwrap();
                prop_assert_eq!(backwards.departure(at(last - exam, lesion)), Some(reversed(arrival)));
            }
        }
        prop_assert_eq!(forwards.tracks().len(), backwards.tracks().len());
        prop_assert_eq!(forwards.links().len(), backwards.links().len());
    }

    #[test]
    fn linking_what_was_unlinked_gives_it_back(before in apart(), after in apart(), pick in any::<prop::sample::Index>()) {
        let followed = followed(&[&before, &after]);
        prop_assume!(!followed.links().is_empty());
        let link = followed.links()[pick.index(followed.links().len())];
        let apart = followed.unlinked(link.from, link.to).unwrap();
        let back = apart.linked(link.from, link.to).unwrap();
        let lesions = |of: &FollowUp| of.tracks().iter().map(|track| track.lesions.clone()).collect::<Vec<_>>();
        let (mut one, mut other) = (lesions(&followed), lesions(&back));
        one.sort();
        other.sort();
        prop_assert_eq!(one, other);
        prop_assert!(apart.unlinked(link.from, link.to).is_err());
    }
}
