//! Liver, spleen, marrow and brown fat: uptake that is spread, not a focus.

use crate::lesion::evidence::{Hot, Scene};
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

/// Less contrast than this is noise or texture of the tissue around.
const FOCUS: f64 = 1.8;
/// What is faint and larger than this is no noise.
const NOISE_ML: f64 = 3.0;
/// Brown fat's CT numbers: fat, a little denser than the white.
const FAT_HU: std::ops::Range<f64> = -140.0..-20.0;

pub(super) fn judge(scene: &Scene, asides: &mut Asides) {
    for (n, hot) in scene.hot.iter().enumerate() {
        if !asides.is_open(n) || !hot.in_trunk {
            continue;
        }
        whole_organ(scene, n, asides);
        faint(scene, n, asides);
        brown_fat(scene, n, asides);
    }
    marrow(scene, asides);
}

/// A liver or spleen that reaches the threshold as a whole.
fn whole_organ(scene: &Scene, n: usize, asides: &mut Asides) {
    let hot = &scene.hot[n];
    if hot.basin.volume_ml < 40.0 {
        return;
    }
    let level = scene.liver.unwrap_or(f64::INFINITY);
    if in_liver(hot) && hot.basin.max < 2.2 * level && hot.basin.volume_ml > 150.0 {
        let reason = format!(
            "{:.0} mL under the right diaphragm, nowhere far above the liver's {level:.1}",
            hot.basin.volume_ml
        );
        asides.set(n, Organ::Liver, reason);
    } else if in_spleen(hot) && hot.basin.max < 2.0 * hot.peak.max(level) && hot.extents_mm[0] > 50.0 {
        let reason = format!(
            "{:.0} mL under the left diaphragm, even throughout",
            hot.basin.volume_ml
        );
        asides.set(n, Organ::Spleen, reason);
    }
}

/// A few voxels that noise or texture lifted over the threshold.
fn faint(scene: &Scene, n: usize, asides: &mut Asides) {
    let hot = &scene.hot[n];
    if hot.contrast() >= FOCUS || hot.basin.volume_ml > NOISE_ML {
        return;
    }
    let organ = if in_liver(hot) {
        Organ::Liver
    } else if in_spleen(hot) {
        Organ::Spleen
    } else if is_spine(hot) {
        Organ::BoneMarrow
    } else {
        return;
    };
    let reason = format!(
        "its mL around the maximum is only {:.1} times the surroundings: texture, not a focus",
        hot.contrast()
    );
    asides.set(n, organ, reason);
}

/// Fat that takes up, on both sides of neck, chest or spine; told from nodes by its CT number only.
fn brown_fat(scene: &Scene, n: usize, asides: &mut Asides) {
    let hot = &scene.hot[n];
    let is_fat = |hot: &Hot| {
        hot.hu.is_some_and(|hu| FAT_HU.contains(&hu)) && hot.between(220.0, 560.0) && hot.lung < 0.1
    };
    let both = scene.hot.iter().enumerate().any(|(other, twin)| {
        let step = twin.basin.center - hot.basin.center;
        other != n && is_fat(twin) && hot.side_mm * twin.side_mm < 0.0 && step[2].abs() < 40.0
    });
    if is_fat(hot) && both {
        asides.set(n, Organ::BrownFat, "fat on CT, and alike on the other side");
    }
}

/// Marrow: most of the spine, evenly.
fn marrow(scene: &Scene, asides: &mut Asides) {
    let members: Vec<usize> = (0..scene.hot.len())
        .filter(|n| asides.is_open(*n) && !asides.has(*n) && is_spine(&scene.hot[*n]))
        .collect();
    let heights = members.iter().filter_map(|n| scene.hot[*n].height);
    let (low, high) = heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    let mut maxima: Vec<f64> = members.iter().map(|n| scene.hot[*n].basin.max).collect();
    maxima.sort_by(f64::total_cmp);
    let Some(&middle) = maxima.get(maxima.len() / 2) else {
        return;
    };
    // Evenly along more than 25 cm: ten vertebrae and none that stands out.
    if members.len() < 8 || high - low < 250.0 {
        return;
    }
    for n in members {
        if scene.hot[n].basin.max < 1.5 * middle {
            asides.set(
                n,
                Organ::BoneMarrow,
                "as most of the spine: marrow that is active everywhere",
            );
        }
    }
}

fn in_liver(hot: &Hot) -> bool {
    hot.between(450.0, 680.0)
        && hot.side_mm < 40.0
        && hot.side_mm > -150.0
        && hot.bone < 0.3
        && hot.lung < 0.5
}

fn in_spleen(hot: &Hot) -> bool {
    hot.between(480.0, 660.0) && hot.side_mm > 45.0 && hot.depth > 0.4 && hot.bone < 0.3
}

fn is_spine(hot: &Hot) -> bool {
    let backward = hot.side_mm.abs() < 38.0 && hot.depth > 0.45 && hot.between(200.0, 830.0);
    backward && (hot.hu.is_none() || hot.bone > 0.25)
}
