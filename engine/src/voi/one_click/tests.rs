use proptest::prelude::*;

use super::{EdgeMethod, OneClick, OneClickError, Spot, one_click};
use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::voi::phantom::{FWHM_MM, Noise, blurred, blurred_on};
use crate::volume::{Rescale, Unit, Volume, Voxels};

const METHODS: [EdgeMethod; 2] = [EdgeMethod::Gradient, EdgeMethod::RandomWalk];

/// The noise of the bench's PET.
const NOISE: f64 = 0.12;

fn rule(method: EdgeMethod) -> OneClick {
    OneClick {
        method,
        within_mm: 10.0,
        resolution_mm: FWHM_MM,
        smoothing_mm: 4.0,
        most_ml: 60.0,
    }
}

/// The voxel at a place.
fn voxel(volume: &Volume, at: [f64; 3]) -> [usize; 3] {
    let voxel = volume.grid().voxel(Point::from(at));
    [0, 1, 2].map(|axis| voxel[axis].round() as usize)
}

fn sphere_ml(diameter_mm: f64) -> f64 {
    std::f64::consts::PI * diameter_mm * diameter_mm * diameter_mm / 6000.0
}

/// Bounds a sphere at four places, in other noise each, clicked off its middle; every volume must be that of
/// the sphere to within a part.
fn check_on(
    background: impl Fn(Point<Patient>) -> f64,
    step_mm: f64,
    diameter_mm: f64,
    uptake: f64,
    within: f64,
) {
    for seed in 0..4 {
        let center = [0.3 + 0.5 * seed as f64, -0.4 * seed as f64, 0.9];
        let noise = Noise { seed, of_root: NOISE };
        let volume = blurred_on(&background, step_mm, &[(center, diameter_mm, uptake)], noise);
        let click = voxel(&volume, [center[0] + 3.0, center[1] - 2.0, center[2] + 2.0]);
        for method in METHODS {
            let spot = one_click(&volume, click, &rule(method)).unwrap();
            let ratio = spot.mask.volume_ml() / sphere_ml(diameter_mm);
            assert!(
                (ratio - 1.0).abs() <= within,
                "{method:?}, {diameter_mm} mm of {uptake} in {step_mm} mm voxels, seed {seed}: {ratio:.3}"
            );
        }
    }
}

fn check(step_mm: f64, diameter_mm: f64, contrast: f64, level: f64, within: f64) {
    check_on(|_| level, step_mm, diameter_mm, contrast * level, within);
}

#[test]
fn spheres_from_15_mm_have_their_volume_within_a_tenth() {
    for diameter_mm in [15.0, 20.0, 40.0] {
        check(2.0, diameter_mm, 4.0, 1.0, 0.10);
    }
    for (contrast, level) in [(4.0, 3.0), (8.0, 0.5), (15.0, 1.0)] {
        check(2.0, 15.0, contrast, level, 0.10);
    }
    check(2.0, 30.0, 8.0, 0.5, 0.10);
}

#[test]
fn a_background_that_rises_changes_little() {
    // From 0.4 to 1.6 over the 60 mm about the sphere.
    check_on(|at| 1.0 + at[0] * 0.02, 2.0, 20.0, 5.0, 0.10);
}

#[test]
fn a_contrast_of_two_is_enough_for_a_large_sphere() {
    check(2.0, 30.0, 2.0, 2.0, 0.15);
}

#[test]
fn in_voxels_of_4_mm_the_grid_alone_costs_some_percent() {
    // A sphere of 15 mm about a corner of voxels holds 32 centres: 16 % more than its volume.
    check(4.0, 15.0, 4.0, 1.0, 0.25);
    check(4.0, 25.0, 4.0, 1.0, 0.10);
}

#[test]
fn smaller_spheres_are_as_good_as_stated() {
    check(2.0, 12.0, 4.0, 1.0, 0.25);
    check(2.0, 10.0, 4.0, 1.0, 0.40);
}

#[test]
fn two_spheres_are_two_spots() {
    let quiet = Noise {
        seed: 3,
        of_root: NOISE,
    };
    let spheres = [([-13.0, 0.0, 0.0], 20.0, 8.0), ([13.0, 0.0, 0.0], 20.0, 6.0)];
    let volume = blurred(2.0, &spheres, 1.0, quiet);
    for method in METHODS {
        for (center, diameter_mm, _) in spheres {
            let spot = one_click(&volume, voxel(&volume, center), &rule(method)).unwrap();
            let ratio = spot.mask.volume_ml() / sphere_ml(diameter_mm);
            assert!((ratio - 1.0).abs() < 0.15, "{method:?}: {ratio}");
        }
    }
}

#[test]
fn the_spot_is_what_was_clicked() {
    let volume = blurred(
        2.0,
        &[([10.0, 0.0, 0.0], 20.0, 6.0)],
        1.0,
        Noise {
            seed: 0,
            of_root: 0.0,
        },
    );
    let click = voxel(&volume, [16.0, 2.0, 0.0]);
    let Spot {
        mask,
        maximum,
        max,
        background,
    } = one_click(&volume, click, &rule(METHODS[0])).unwrap();
    assert!(mask.contains(maximum) && mask.contains(click));
    assert!((background - 1.0).abs() < 0.02 && max > 5.5 && max < 6.0);
    assert_eq!(mask.components(crate::voi::Neighbours::TwentySix).count(), 1);
}

fn refused(volume: &Volume, click: [usize; 3], rule: OneClick) -> OneClickError {
    one_click(volume, click, &rule).unwrap_err()
}

#[test]
fn says_why_a_click_finds_nothing() {
    let noise = Noise {
        seed: 1,
        of_root: NOISE,
    };
    let volume = blurred(4.0, &[([0.0, 0.0, 0.0], 30.0, 6.0)], 1.0, noise);
    let middle = voxel(&volume, [0.0, 0.0, 0.0]);
    for method in METHODS {
        let plain = rule(method);
        let outside = refused(&volume, [0, 24, 0], plain);
        assert_eq!(
            outside.to_string(),
            "the click must lie within [24, 24, 24] voxels, found [0, 24, 0]"
        );
        let small = refused(
            &volume,
            middle,
            OneClick {
                most_ml: 5.0,
                ..plain
            },
        );
        assert_eq!(small, OneClickError::TooLarge { most_ml: 5.0 });
        let far = refused(
            &volume,
            voxel(&volume, [14.0, 0.0, 0.0]),
            OneClick {
                within_mm: 1.0,
                ..plain
            },
        );
        assert_eq!(far, OneClickError::NoMaximum { within_mm: 1.0 });
        for (rule, what) in [
            (
                OneClick {
                    within_mm: f64::NAN,
                    ..plain
                },
                "the distance of the maximum, mm,",
            ),
            (
                OneClick {
                    resolution_mm: 0.0,
                    ..plain
                },
                "the resolution, mm,",
            ),
            (
                OneClick {
                    smoothing_mm: -1.0,
                    ..plain
                },
                "the smoothing, mm,",
            ),
            (
                OneClick {
                    most_ml: f64::INFINITY,
                    ..plain
                },
                "the largest volume, mL,",
            ),
        ] {
            let message = refused(&volume, middle, rule).to_string();
            assert!(
                message.starts_with(&format!("{what} must be positive")),
                "{message}"
            );
        }
        // A maximum of the noise is no spot.
        let background = refused(&volume, voxel(&volume, [38.0, 38.0, 38.0]), plain);
        let fits = matches!(
            background,
            OneClickError::Flat { .. } | OneClickError::NoSurroundings
        );
        assert!(fits, "{background:?}");
    }
}

fn filled(value: impl Fn(usize) -> f32, size: [usize; 3]) -> Volume {
    let axes = [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]].map(Vector::from);
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

#[test]
fn what_is_even_or_empty_has_no_spot() {
    for method in METHODS {
        for even in [0.0, 3.0, -2.0] {
            let found = refused(&filled(|_| even, [20, 20, 20]), [10, 10, 10], rule(method));
            let fits = matches!(found, OneClickError::Flat { .. } | OneClickError::NoSurroundings);
            assert!(fits, "{found:?}");
        }
        let nan = refused(&filled(|_| f32::NAN, [9, 9, 9]), [4, 4, 4], rule(method));
        assert!(matches!(nan, OneClickError::NotFinite(_)));
        let one = refused(&filled(|_| 1.0, [1, 1, 1]), [0, 0, 0], rule(method));
        assert_eq!(one, OneClickError::NoSurroundings);
        // One voxel that is a number among none.
        let lonely = refused(
            &filled(|n| if n == 555 { 2.0 } else { f32::NAN }, [10, 10, 10]),
            [5, 5, 5],
            rule(method),
        );
        assert_eq!(lonely, OneClickError::NoSurroundings);
    }
}

proptest! {
    /// On sheared, uneven grids with holes: a spot that hangs together around its maximum, or a reason.
    #[test]
    fn any_volume_gives_a_spot_or_a_reason(
        size in prop::array::uniform3(1usize..10),
        levels in prop::collection::vec(0u8..20, 729),
        click in prop::array::uniform3(0usize..9),
        smoothing_mm in prop_oneof![Just(0.0), 1.0..4.0f64],
        within_mm in 1.0..12.0f64,
        resolution_mm in 1.0..4.0f64,
        gradient: bool,
    ) {
        let axes = [[2.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.0, 1.0, 3.0]].map(Vector::from);
        let positions = (0..size[2]).map(|k| (k * k) as f64 * 0.25 + k as f64).collect();
        let affine = Affine::from_axes(axes, Point::new(5.0, 0.0, -9.0));
        let grid = Grid::with_slice_positions(size, affine, positions).unwrap();
        let value = |n: usize| if levels[n] == 19 { f32::NAN } else { f32::from(levels[n] / 6 * levels[n]) };
        let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
        let volume = Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).unwrap();
        let method = METHODS[usize::from(gradient)];
        let click = [0, 1, 2].map(|axis| click[axis] % size[axis]);
        let rule = OneClick { method, within_mm, resolution_mm, smoothing_mm, most_ml: 2.0 };
        if let Ok(spot) = one_click(&volume, click, &rule) {
            prop_assert!(spot.mask.contains(spot.maximum));
            prop_assert!(spot.max > spot.background);
            prop_assert!(spot.mask.volume_ml() <= 2.0 * (1.0 + 1e-9));
            prop_assert_eq!(spot.mask.components(crate::voi::Neighbours::TwentySix).count(), 1);
            prop_assert_eq!(one_click(&volume, click, &rule), Ok(spot));
        }
    }
}
