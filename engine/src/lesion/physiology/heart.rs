//! Heart: muscle of the left ventricle, seldom of the others, low in the chest and left of the middle.

use crate::lesion::evidence::{Hot, Scene};
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

/// Where a heart lies, mm below the top of the head and left of the middle.
const HEIGHT_MM: (f64, f64) = (385.0, 550.0);
const SIDE_MM: (f64, f64) = (-50.0, 120.0);
/// A ventricle that takes up has at least this much above the threshold, mL.
const LEAST_ML: f64 = 12.0;
/// A basin no larger than this, parted from the heart by a deep pass, is a node beside it.
const FOCAL_ML: f64 = 15.0;
const FOCAL_PASS: f64 = 0.63;
const FOCAL_CONTRAST: f64 = 2.5;
/// No heart is larger, mL.
const MOST_ML: f64 = 400.0;
/// Less contrast than this is a wall that just reaches the threshold.
const WALL_CONTRAST: f64 = 2.0;

/// Beyond the ellipsoid that the other basins fill, a center is outside the heart.
const OUTSIDE: f64 = 1.12;
/// What is no longer than this has no form.
const SPOT_MM: f64 = 18.0;
/// A node is no longer than this.
const MOST_LENGTH_MM: f64 = 35.0;

/// How far out a basin's center lies of the ellipsoid with the moments of the other basins: 1 on its surface.
fn outside_of(scene: &Scene, members: &[usize], n: usize) -> f64 {
    let others = members
        .iter()
        .filter(|other| **other != n)
        .map(|other| &scene.hot[*other]);
    let all: f64 = others.clone().map(|hot| hot.basin.volume_ml).sum();
    let mut mean = nalgebra::Vector3::zeros();
    for hot in others.clone() {
        mean += hot.basin.center.xyz * (hot.basin.volume_ml / all);
    }
    let mut moments = nalgebra::Matrix3::zeros();
    for hot in others {
        let step = hot.basin.center.xyz - mean;
        moments += (hot.moments + step * step.transpose()) * (hot.basin.volume_ml / all);
    }
    let step = scene.hot[n].basin.center.xyz - mean;
    let squared = moments
        .try_inverse()
        .map_or(0.0, |inverse| (inverse * step).dot(&step));
    // A solid ellipsoid reaches the root of five standard deviations far.
    (squared / 5.0).sqrt()
}

fn in_zone(hot: &Hot) -> bool {
    hot.in_trunk
        && hot.between(HEIGHT_MM.0, HEIGHT_MM.1)
        && hot.side_mm > SIDE_MM.0
        && hot.side_mm < SIDE_MM.1
        && (0.04..0.62).contains(&hot.depth)
        && hot.bone < 0.5
        && hot.lung < 0.5
}

/// Whether a basin is a node beside the heart: small, round, and either off its wall or parted from it by a deep
/// pass.
fn is_focal(scene: &Scene, members: &[usize], n: usize, all_ml: f64) -> bool {
    let hot = &scene.hot[n];
    let small = hot.basin.volume_ml < FOCAL_ML && hot.basin.volume_ml < 0.3 * all_ml;
    let round = hot.extents_mm[0] < 2.0 * hot.extents_mm[1] || hot.extents_mm[0] < SPOT_MM;
    let compact = round && hot.extents_mm[0] < MOST_LENGTH_MM;
    let parted =
        hot.pass_to(|other| members.contains(&other)) < FOCAL_PASS && hot.contrast() > FOCAL_CONTRAST;
    small && compact && (parted || outside_of(scene, members, n) > OUTSIDE)
}

pub(super) fn judge(scene: &Scene, asides: &mut Asides) {
    let zone: Vec<bool> = (0..scene.hot.len())
        .map(|n| asides.is_open(n) && in_zone(&scene.hot[n]))
        .collect();
    let members: Vec<usize> = (0..zone.len()).filter(|n| zone[*n]).collect();
    let in_zone_ml: f64 = members.iter().map(|n| scene.hot[*n].basin.volume_ml).sum();
    // A mass that fills the mediastinum reaches far beyond the heart's place.
    let beyond_ml: f64 = (0..zone.len())
        .filter(|n| {
            !zone[*n]
                && members
                    .iter()
                    .any(|m| scene.hot[*m].basin.part == scene.hot[*n].basin.part)
        })
        .map(|n| scene.hot[n].basin.volume_ml)
        .sum();
    if in_zone_ml >= LEAST_ML && beyond_ml < in_zone_ml && in_zone_ml < MOST_ML {
        for &n in &members {
            if !is_focal(scene, &members, n, in_zone_ml) {
                let reason = format!(
                    "part of {in_zone_ml:.0} mL of uptake where the heart lies, left and low in the chest"
                );
                asides.set(n, Organ::Heart, reason);
            }
        }
    }
    for (n, hot) in scene.hot.iter().enumerate() {
        if zone[n] && hot.contrast() < WALL_CONTRAST && hot.basin.volume_ml < FOCAL_ML && hot.basin.max < 8.0
        {
            let reason = format!(
                "where the heart lies, {:.1} times its surroundings: a wall, not a focus",
                hot.contrast()
            );
            asides.set(n, Organ::Heart, reason);
        }
    }
}
