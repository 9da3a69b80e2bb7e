//! Salivary glands and tonsils: alike on both sides.

use crate::lesion::evidence::{Hot, Scene};
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

/// Between skull base and larynx, mm below the top of the head.
const HEIGHT_MM: (f64, f64) = (130.0, 275.0);
/// Glands take up little FDG; what is hotter is not taken for one.
const MOST_SUV: f64 = 6.0;
/// Their size, mL: a small pair of nodes is no pair of glands.
const SIZE_ML: std::ops::Range<f64> = 1.5..30.0;

pub(super) fn judge(scene: &Scene, asides: &mut Asides) {
    let may_be = |hot: &Hot| {
        hot.in_trunk
            && hot.between(HEIGHT_MM.0, HEIGHT_MM.1)
            && (8.0..85.0).contains(&hot.side_mm.abs())
            && hot.basin.max < MOST_SUV
            && SIZE_ML.contains(&hot.basin.volume_ml)
            && hot.bone < 0.5
    };
    for (n, hot) in scene.hot.iter().enumerate() {
        if !may_be(hot) {
            continue;
        }
        let twin = scene.hot.iter().enumerate().find(|(other, twin)| {
            *other != n && asides.is_open(*other) && may_be(twin) && are_alike(hot, twin)
        });
        if twin.is_some() {
            let reason = "its twin on the other side is as large and as hot: a pair of glands or tonsils";
            asides.set(n, Organ::SalivaryGlands, reason);
        }
    }
}

fn are_alike(a: &Hot, b: &Hot) -> bool {
    let near = |a: f64, b: f64, times: f64| a < b * times && b < a * times;
    let step = a.basin.center - b.basin.center;
    a.side_mm * b.side_mm < 0.0
        && (a.side_mm + b.side_mm).abs() < 14.0
        && step[1].abs() < 14.0
        && step[2].abs() < 14.0
        && near(a.basin.max, b.basin.max, 1.4)
        && near(a.basin.volume_ml, b.basin.volume_ml, 2.5)
}
