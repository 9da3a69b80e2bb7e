//! Brain: the large hot body within the skull.

use crate::lesion::evidence::Scene;
use crate::lesion::lattice::Cells;
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

/// The skull's base lies lower than this in nobody, mm below the top of the head.
const BASE_MM: f64 = 190.0;
/// The least that counts as a brain, mL; a brain cut by the image's edge shows less than its 1200.
const LEAST_ML: f64 = 80.0;

pub(super) fn judge(scene: &Scene, asides: &mut Asides) {
    let Some(brain) = brain(scene) else { return };
    let reason = "within the large hot body that fills the skull";
    for (n, hot) in scene.hot.iter().enumerate() {
        if hot.is_mostly_in(scene.body, &brain) {
            asides.set(n, Organ::Brain, reason);
        }
    }
    // Brain stem and gyri at the edge: joined to the brain by a pass nearly as hot as they are.
    for (n, hot) in scene.hot.iter().enumerate() {
        if hot.between(-60.0, BASE_MM)
            && hot.side_mm.abs() < 80.0
            && hot.pass_to(|other| asides.has(other) && scene.hot[other].basin.volume_ml > 1.0) > 0.7
        {
            asides.set(n, Organ::Brain, "within the skull and joined to the brain");
        }
    }
}

/// The cubes of the brain: hot, in the head, larger than a ball of 25 mm in every direction.
fn brain(scene: &Scene) -> Option<Cells> {
    let body = scene.body;
    let lattice = &body.lattice;
    let plane = lattice.size[0] * lattice.size[1];
    let is_head: Vec<bool> = (0..lattice.size[2])
        .map(|k| {
            let height = body.heights.at(lattice.place([0, 0, k])[2]);
            height.is_some_and(|h| h < BASE_MM)
        })
        .collect();
    let in_head = |n: usize| is_head[n / plane] && body.trunk[n];
    let mut values: Vec<f32> = (0..lattice.cells())
        .filter(|n| in_head(*n))
        .map(|n| body.raw[n])
        .collect();
    if values.is_empty() {
        return None;
    }
    let high = values.len() * 8 / 10;
    let level = *values.select_nth_unstable_by(high, f32::total_cmp).1;
    let hot: Cells = (0..lattice.cells())
        .map(|n| in_head(n) && body.raw[n] >= (0.5 * level).max(1.5))
        .collect();
    let core = lattice.largest(&lattice.opened(&lattice.filled(&hot), 2));
    if (core.iter().filter(|c| **c).count() as f64) * lattice.cell_ml() < LEAST_ML {
        return None;
    }
    Some(lattice.grown(&core, 1))
}
