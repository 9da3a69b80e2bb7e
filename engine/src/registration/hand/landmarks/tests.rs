use nalgebra::{Matrix3, Rotation3, Vector3};
use proptest::prelude::*;

use super::{LandmarkError, LandmarkPair, Landmarks, Model, fit_landmarks};
use crate::geometry::{Affine, Patient, Point, Vector};

const ALL: [Model; 3] = [Model::Rigid, Model::Similarity, Model::Affine];

/// Of a head and neck: no four in one plane.
const PLACES: [[f64; 3]; 6] = [
    [0.0, -95.0, 20.0],
    [62.0, 8.0, -15.0],
    [-64.0, 5.0, -12.0],
    [3.0, 88.0, 40.0],
    [-20.0, -10.0, 115.0],
    [35.0, 40.0, -90.0],
];

fn truth() -> Affine<Patient, Patient> {
    let turn = Rotation3::from_euler_angles(0.3, -0.5, 1.2);
    Affine::new(*turn.matrix(), Vector3::new(120.0, -45.0, 800.0))
}

fn pairs(places: &[[f64; 3]], fixed_from_moving: Affine<Patient, Patient>) -> Vec<LandmarkPair> {
    let pair = |place: &[f64; 3]| {
        let moving = Point::from(*place);
        LandmarkPair::new(fixed_from_moving * moving, moving)
    };
    places.iter().map(pair).collect()
}

fn fitted(pairs: &[LandmarkPair], model: Model) -> Landmarks {
    fit_landmarks(pairs, model).unwrap()
}

fn refused(pairs: &[LandmarkPair], model: Model, sentence: &str) {
    let found = fit_landmarks(pairs, model).map(|_| ()).unwrap_err();
    assert_eq!(found.to_string(), sentence);
}

#[test]
fn what_landmarks_cannot_say_is_refused_in_a_sentence() {
    let given = pairs(&PLACES, truth());
    refused(
        &given[..2],
        Model::Rigid,
        "expected at least 3 pairs of landmarks, found 2",
    );
    refused(
        &[],
        Model::Similarity,
        "expected at least 3 pairs of landmarks, found 0",
    );
    refused(
        &given[..3],
        Model::Affine,
        "expected at least 4 pairs of landmarks, found 3",
    );
    let mut light = given.clone();
    light[3..].iter_mut().for_each(|pair| pair.weight = 0.0);
    refused(
        &light,
        Model::Affine,
        "expected at least 4 pairs of landmarks, found 3",
    );
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let mut odd = given.clone();
        odd[1].weight = weight;
        let sentence = "landmark pair 2 must have finite places within 1 km and a weight of 0 or more";
        refused(&odd, Model::Rigid, sentence);
    }
    for x in [f64::NAN, f64::NEG_INFINITY, 1e9] {
        let mut odd = given.clone();
        odd[2].fixed = Point::new(x, 0.0, 0.0);
        assert_eq!(
            fit_landmarks(&odd, Model::Rigid),
            Err(LandmarkError::NotFinite { pair: 3 })
        );
    }
}

#[test]
fn lines_and_planes_are_refused() {
    let line: Vec<[f64; 3]> = (0..5)
        .map(|n| [10.0, 20.0, 30.0].map(|step| step * f64::from(n * n)))
        .collect();
    let nearly = [[0.0, 0.0, 0.0], [0.0, 0.0, 300.0], [1.5, 0.0, 150.0]];
    for model in [Model::Rigid, Model::Similarity] {
        for places in [&line[..], &nearly, &[[7.0; 3]; 4]] {
            assert_eq!(
                fit_landmarks(&pairs(places, truth()), model),
                Err(LandmarkError::OnOneLine)
            );
        }
    }
    let plane = [
        [0.0, 0.0, 0.0],
        [90.0, 0.0, 1.0],
        [0.0, 80.0, -1.0],
        [70.0, 60.0, 0.5],
        [-50.0, 10.0, 0.0],
    ];
    assert_eq!(
        fit_landmarks(&pairs(&plane, truth()), Model::Affine),
        Err(LandmarkError::InOnePlane)
    );
    assert!(fit_landmarks(&pairs(&plane, truth()), Model::Rigid).is_ok());
}

/// Of three pairs, and of points in one plane, the reflection fits as well: it must not be chosen.
#[test]
fn nothing_is_ever_mirrored() {
    let flat = PLACES.map(|[x, y, _]| [x, y, 0.0]);
    for places in [&PLACES[..3], &flat, &PLACES] {
        let found = fitted(&pairs(places, truth()), Model::Rigid);
        assert!((found.fixed_from_moving.linear - truth().linear).norm() < 1e-12);
    }
    let mirror = Affine::new(
        Matrix3::from_diagonal(&Vector3::new(-1.0, 1.0, 1.0)),
        Vector3::zeros(),
    );
    let mirrored = pairs(&PLACES, mirror);
    for model in [Model::Rigid, Model::Similarity] {
        let found = fitted(&mirrored, model);
        assert!(found.fixed_from_moving.linear.determinant() > 0.0 && found.rms_mm > 10.0);
    }
    let sentence = "the landmarks ask for a mirrored or a flat image: two of them may be exchanged";
    refused(&mirrored, Model::Affine, sentence);
}

#[test]
fn the_wrong_pair_is_pointed_out() {
    let mut given = pairs(&PLACES, truth());
    for (n, pair) in given.iter_mut().enumerate() {
        pair.fixed = pair.fixed + Vector::new(0.4 * (n as f64).sin(), 0.4 * (2.0 * n as f64).cos(), 0.3);
    }
    assert_eq!(fitted(&given, Model::Rigid).suspect, None);
    given[4].fixed = given[4].fixed + Vector::new(0.0, 12.0, 0.0);
    let suspect = fitted(&given, Model::Rigid).suspect.unwrap();
    assert_eq!(suspect.pair, 4);
    assert!(
        (suspect.off_mm - 12.0).abs() < 1.0 && suspect.others_rms_mm < 0.5,
        "{suspect:?}"
    );
    // Left out, it is told by its residual still.
    given[4].weight = 0.0;
    let without = fitted(&given, Model::Rigid);
    assert!((without.residuals_mm[4] - suspect.off_mm).abs() < 1e-9 && without.suspect.is_none());
    assert!((without.rms_mm - suspect.others_rms_mm).abs() < 1e-12);
}

/// Reference: ITK 5.4's LandmarkBasedTransformInitializer for VersorRigid3DTransform and AffineTransform. (That of a
/// similarity makes the landmarks equally wide, which is not the least sum of squares.)
#[test]
fn the_map_is_that_of_itk() {
    let fixed = [
        [13.0, -70.0, -31.0],
        [94.0, 2.0, -46.0],
        [-28.0, 28.0, -37.0],
        [66.0, 103.0, 31.0],
        [11.0, 1.0, 97.0],
        [63.0, 35.0, -124.0],
    ];
    let pair = |n: usize| LandmarkPair::new(fixed[n].into(), PLACES[n].into());
    let given: Vec<LandmarkPair> = (0..6).map(pair).collect();
    #[rustfmt::skip]
    let rigid = Matrix3::new(
        0.9620083890702027, 0.2683495732751702, 0.05028285872525373,
        -0.2638312482609688, 0.9611078358510348, -0.08163822821938815,
        -0.0702348332354461, 0.06527047103226735, 0.995392803777289,
    );
    #[rustfmt::skip]
    let affine = Matrix3::new(
        0.9572592395771764, 0.2551430031529911, 0.0710073607354218,
        -0.22107271229610426, 0.9367125054406831, 0.023350306749424732,
        -0.058008888285023374, 0.21870990818868918, 1.1068364836442974,
    );
    let check = |model, linear: Matrix3<f64>, origin: [f64; 3], first_mm: f64, rms_mm: f64| {
        let found = fitted(&given, model);
        assert!((found.fixed_from_moving.linear - linear).norm() < 1e-10);
        assert!((found.fixed_from_moving.origin - Vector3::from(origin)).norm() < 1e-8);
        assert!((found.residuals_mm[0] - first_mm).abs() < 1e-8 && (found.rms_mm - rms_mm).abs() < 1e-8);
    };
    let origin = [31.83847922181764, 12.226072519710467, -28.159793707412888];
    check(
        Model::Rigid,
        rigid,
        origin,
        20.505437916938554,
        14.397380524046314,
    );
    let origin = [31.73004618843384, 11.243532568234412, -30.19032175560029];
    check(
        Model::Affine,
        affine,
        origin,
        8.624167595436692,
        8.086081050399038,
    );
}

/// By hand: a square whose corners go apart along its normal, as no rigid map can follow.
#[test]
fn residuals_are_distances() {
    let square = [
        [0.0, 0.0, 0.0],
        [60.0, 0.0, 0.0],
        [60.0, 60.0, 0.0],
        [0.0, 60.0, 0.0],
    ];
    let mut given = pairs(&square, Affine::identity());
    // Moved apart along the normal, as no rigid map can follow: each is off by half of it.
    for (n, pair) in given.iter_mut().enumerate() {
        pair.fixed = pair.fixed + Vector::new(0.0, 0.0, if n % 2 == 0 { 1.0 } else { -1.0 });
    }
    let found = fitted(&given, Model::Rigid);
    assert!(
        found
            .residuals_mm
            .iter()
            .all(|residual| (residual - 1.0).abs() < 1e-9),
        "{found:?}"
    );
    assert!((found.rms_mm - 1.0).abs() < 1e-9);
    // Of one variance: squares 4 over 12 - 6. At the middle the error of the mean is left: 3 / 4 of it.
    let middle = found.target_error_mm(Point::new(30.0, 30.0, 0.0)).unwrap();
    assert!((middle.powi(2) - 4.0 / 6.0 * 3.0 / 4.0).abs() < 1e-9);
    // Fitzpatrick 1998, eq. 46: FLE²/N (1 + 1/3 Σ d²/f²), FLE² = FRE² N / (N - 2) = 2. Axes in the plane have f² = 900
    // (two squares of 30 each, twice), the normal 1800; at 90 mm along the normal d² = 8100 for two of them.
    let far = found.target_error_mm(Point::new(30.0, 30.0, 90.0)).unwrap();
    let expected: f64 = 2.0 / 4.0 * (1.0 + (8100.0 / 900.0 * 2.0) / 3.0);
    assert!((far.powi(2) - expected).abs() < 1e-9, "{}", far.powi(2));
    assert_eq!(
        fitted(&pairs(&PLACES[..4], truth()), Model::Affine).target_error_mm(Point::new(0.0, 0.0, 0.0)),
        None
    );
}

/// Numbers without pattern, about normal: the sum of twelve even ones.
struct Noise(u64);

impl Noise {
    fn even(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// Of many registrations, the error that was foretold is the error that came, and few pairs are suspected.
#[test]
fn the_error_foretold_is_the_one_that_comes() {
    const RUNS: usize = 3000;
    let target = Point::new(30.0, -60.0, 70.0);
    for model in ALL {
        let mut noise = Noise(1);
        let (mut came, mut foretold, mut suspected) = (0.0, 0.0, 0);
        for _ in 0..RUNS {
            let mut given = pairs(&PLACES, truth());
            for pair in &mut given {
                let step: Vector<Patient> = [noise.normal(), noise.normal(), noise.normal()].into();
                pair.fixed = pair.fixed + step * 2.0;
            }
            let found = fitted(&given, model);
            let at = truth() * target;
            came += (found.fixed_from_moving * target).distance(at).powi(2);
            foretold += found.target_error_mm(at).unwrap().powi(2);
            suspected += usize::from(found.suspect.is_some());
        }
        let ratio = (foretold / came).sqrt();
        assert!((ratio - 1.0).abs() < 0.05, "{model:?}: {ratio}");
        assert!(suspected < RUNS / 15, "{model:?}: {suspected}");
    }
}

fn any_rigid() -> impl Strategy<Value = Affine<Patient, Patient>> {
    let angles = prop::array::uniform3(-3.2..3.2f64);
    (angles, prop::array::uniform3(-900.0..900.0f64)).prop_map(|([x, y, z], origin)| {
        Affine::new(
            *Rotation3::from_euler_angles(x, y, z).matrix(),
            Vector3::from(origin),
        )
    })
}

fn any_places(least: usize) -> impl Strategy<Value = Vec<[f64; 3]>> {
    prop::collection::vec(prop::array::uniform3(-300.0..300.0f64), least..9)
}

fn map_of(model: Model, rigid: Affine<Patient, Patient>, scale: f64, shear: f64) -> Affine<Patient, Patient> {
    let shape = match model {
        Model::Rigid => Matrix3::identity(),
        Model::Similarity => Matrix3::identity() * scale,
        Model::Affine => Matrix3::new(scale, shear, 0.0, 0.0, 1.0, -shear, 0.0, 0.0, 1.0 / scale),
    };
    Affine::new(rigid.linear * shape, rigid.origin)
}

proptest! {
    #[test]
    fn exact_pairs_give_the_map_exactly(places in any_places(4), rigid in any_rigid(), scale in 0.5..2.0f64, shear in -0.5..0.5f64, weights in prop::collection::vec(0.01..100.0f64, 9)) {
        for model in ALL {
            let map = map_of(model, rigid, scale, shear);
            let mut given = pairs(&places, map);
            given.iter_mut().zip(&weights).for_each(|(pair, weight)| pair.weight = *weight);
            match fit_landmarks(&given, model) {
                Err(error) => prop_assert!(matches!(error, LandmarkError::OnOneLine | LandmarkError::InOnePlane), "{error}"),
                Ok(found) => {
                    prop_assert!((found.fixed_from_moving.linear - map.linear).norm() < 1e-7);
                    prop_assert!(found.rms_mm < 1e-6 && found.suspect.is_none());
                }
            }
        }
    }

    /// No small step of the model from the map found lowers the residuals.
    #[test]
    fn no_neighbour_fits_better(places in any_places(4), noise in prop::collection::vec(prop::array::uniform3(-8.0..8.0f64), 9), rigid in any_rigid(), step in prop::array::uniform9(-1e-3..1e-3f64), weights in prop::collection::vec(0.1..10.0f64, 9)) {
        let mut given = pairs(&places, rigid);
        for (n, pair) in given.iter_mut().enumerate() {
            *pair = LandmarkPair { fixed: pair.fixed + Vector::from(noise[n]), weight: weights[n], ..*pair };
        }
        for model in ALL {
            let Ok(found) = fit_landmarks(&given, model) else { continue };
            let [x, y, z, turn_x, turn_y, turn_z, growth, ..] = step;
            let linear = match model {
                Model::Rigid => *Rotation3::new(Vector3::new(turn_x, turn_y, turn_z)).matrix(),
                Model::Similarity => *Rotation3::new(Vector3::new(turn_x, turn_y, turn_z)).matrix() * (1.0 + growth),
                Model::Affine => Matrix3::identity() + Matrix3::from_column_slice(&step),
            };
            let about = (found.fixed_from_moving * given[0].moving).xyz;
            let off = Affine::new(linear, about - linear * about + Vector3::new(x, y, z)) * found.fixed_from_moving;
            let squares = |map: Affine<Patient, Patient>| given.iter().map(|pair| pair.weight * (map * pair.moving).distance(pair.fixed).powi(2)).sum::<f64>();
            prop_assert!(squares(found.fixed_from_moving) <= squares(off) * (1.0 + 1e-9), "{model:?}");
        }
    }

    /// Where the fixed image is moved, the map goes along and the residuals stay.
    #[test]
    fn the_map_goes_along_with_the_image(places in any_places(4), noise in prop::collection::vec(prop::array::uniform3(-8.0..8.0f64), 9), rigid in any_rigid()) {
        let mut given = pairs(&places, Affine::identity());
        given.iter_mut().zip(&noise).for_each(|(pair, step)| pair.fixed = pair.fixed + Vector::from(*step));
        let elsewhere: Vec<LandmarkPair> = given.iter().map(|pair| LandmarkPair { fixed: rigid * pair.fixed, ..*pair }).collect();
        for model in ALL {
            let Ok(found) = fit_landmarks(&given, model) else { continue };
            let moved = fit_landmarks(&elsewhere, model).unwrap();
            prop_assert!((moved.fixed_from_moving.linear - rigid.linear * found.fixed_from_moving.linear).norm() < 1e-6);
            prop_assert!((moved.rms_mm - found.rms_mm).abs() < 1e-6);
        }
    }

    /// Whatever is given: a map or a sentence.
    #[test]
    fn nonsense_is_a_map_or_a_sentence(numbers in prop::collection::vec((prop::array::uniform3(number()), prop::array::uniform3(number()), number()), 0..7)) {
        let given: Vec<LandmarkPair> = numbers.into_iter().map(|(fixed, moving, weight)| LandmarkPair { fixed: fixed.into(), moving: moving.into(), weight }).collect();
        for model in ALL {
            match fit_landmarks(&given, model) {
                Ok(found) => prop_assert!(found.rms_mm.is_finite() && found.fixed_from_moving.inverse().is_ok()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}

fn number() -> impl Strategy<Value = f64> {
    let odd = vec![0.0, -1.0, 1.0, 1e-300, 1e-12, 1e6, 1e300, f64::NAN, f64::INFINITY];
    prop_oneof![12 => 0.0..100.0f64, 1 => prop::sample::select(odd)]
}
