//! The boundary of a hot spot by a random walk.

use crate::voi::Neighbours;
use crate::voi::blurred_sphere::exp_minus;
use crate::voi::hot_spot::HotSpot;

/// Levels so far above and below the edge's are seeds: parts of the contrast.
const SEEDS: f64 = 0.3;

/// Over so much about the edge's level the chance to be inside rises from 0 to 1.
const PRIOR_WIDTH: f64 = 0.4;

/// How much likelier a walk ends by the voxel's own value than it steps to the nearest neighbour of equal level.
///
/// Weaker priors let the boundary shrink like a soap film: at 1 a sphere of 15 mm loses an eighth of its
/// volume, at 4 a twentieth.
const PRIOR: f64 = 4.0;

/// A step across a tenth of the contrast is less likely by the factor 1 / e.
const STEEPNESS: f64 = 100.0;

/// The walk leads no further from the edge than this many resolutions.
const REACH: f64 = 1.5;

/// The solution is found when the residual has fallen by this factor.
const TOLERANCE: f64 = 1e-9;

/// More rounds than the priors, which bound the matrix from below, ever need.
const MOST_ROUNDS: usize = 400;

/// The positions from where a walk more likely ends inside.
///
/// Random walks with priors (Grady, CVPR 2005): seeds clearly above the edge's level are inside, those clearly below
/// or far away outside; between, a walk steps to one of six neighbours, less likely the steeper and the longer
/// the step, or ends inside or outside by the voxel's own level. The chance to end inside is the solution of
/// linear equations, here by conjugate gradients in a fixed order.
pub(super) fn by_random_walk(spot: &HotSpot) -> Vec<bool> {
    let core = spot.connected(|position| spot.levels[position] >= spot.edge_level);
    let near = spot.distances_mm(&core, REACH * spot.fwhm_mm);
    let seeds = spot.connected(|position| spot.levels[position] >= spot.edge_level + SEEDS);
    let walk = Walk::new(spot, &seeds, |position| {
        let level = spot.levels[position];
        near[position].is_finite() && level > spot.edge_level - SEEDS
    });
    let mut inside = seeds;
    for (place, chance) in walk.chances().into_iter().enumerate() {
        inside[walk.positions[place]] = chance >= 0.5;
    }
    inside
}

/// The equations of the chances at the positions between the seeds.
struct Walk {
    positions: Vec<usize>,
    /// Sum of a position's weights.
    totals: Vec<f64>,
    /// What comes from seeds and priors.
    known: Vec<f64>,
    /// Neighbours among the positions, with their weights.
    steps: Vec<Vec<(usize, f64)>>,
}

impl Walk {
    fn new(spot: &HotSpot, seeds: &[bool], between: impl Fn(usize) -> bool) -> Self {
        let free = (0..seeds.len()).filter(|position| !seeds[*position] && between(*position));
        let positions: Vec<usize> = free.collect();
        let mut places = vec![None; seeds.len()];
        for (place, position) in positions.iter().enumerate() {
            places[*position] = Some(place);
        }
        let mut walk = Self {
            totals: vec![PRIOR; positions.len()],
            known: Vec::with_capacity(positions.len()),
            steps: Vec::with_capacity(positions.len()),
            positions: Vec::new(),
        };
        let places_mm = spot.window.places_mm(spot.volume.grid());
        let shortest_mm = shortest(&places_mm);
        for (place, position) in positions.iter().enumerate() {
            let level = spot.levels[*position];
            let prior = (0.5 + (level - spot.edge_level) / PRIOR_WIDTH).clamp(0.0, 1.0);
            let mut known = PRIOR * prior;
            let mut steps = Vec::new();
            for other in spot.window.around(*position, Neighbours::Six) {
                let difference = spot.levels[other] - level;
                if !difference.is_finite() {
                    continue;
                }
                let step_mm = distance(&places_mm, spot.window.place(*position), spot.window.place(other));
                let nearness = shortest_mm / step_mm;
                let weight = nearness * nearness * exp_minus(STEEPNESS * difference * difference);
                walk.totals[place] += weight;
                match places[other] {
                    Some(other) => steps.push((other, weight)),
                    None if seeds[other] => known += weight,
                    None => {}
                }
            }
            walk.known.push(known);
            walk.steps.push(steps);
        }
        walk.positions = positions;
        walk
    }

    /// Solves the equations by conjugate gradients, scaled by the totals.
    fn chances(&self) -> Vec<f64> {
        let mut chances = vec![0.0; self.known.len()];
        let mut residual = self.known.clone();
        let scaled = |residual: &[f64]| -> Vec<f64> {
            residual
                .iter()
                .zip(&self.totals)
                .map(|(value, total)| value / total)
                .collect()
        };
        let mut direction = scaled(&residual);
        let mut size = dot(&residual, &direction);
        let enough = size * TOLERANCE * TOLERANCE;
        for _ in 0..MOST_ROUNDS {
            if size <= enough {
                break;
            }
            let image = self.image(&direction);
            let length = size / dot(&direction, &image);
            for n in 0..chances.len() {
                chances[n] += length * direction[n];
                residual[n] -= length * image[n];
            }
            let next = scaled(&residual);
            let next_size = dot(&residual, &next);
            let kept = next_size / size;
            size = next_size;
            for (direction, next) in direction.iter_mut().zip(next) {
                *direction = next + kept * *direction;
            }
        }
        chances
    }

    fn image(&self, values: &[f64]) -> Vec<f64> {
        let at = |n: usize| {
            let others = self.steps[n].iter();
            self.totals[n] * values[n] - others.map(|(other, weight)| weight * values[*other]).sum::<f64>()
        };
        (0..values.len()).map(at).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Distance of two places that differ along one axis.
fn distance(places_mm: &[Vec<f64>; 3], a: [usize; 3], b: [usize; 3]) -> f64 {
    (0..3)
        .map(|axis| (places_mm[axis][a[axis]] - places_mm[axis][b[axis]]).abs())
        .sum()
}

/// The shortest distance of neighbours along an axis.
fn shortest(places_mm: &[Vec<f64>; 3]) -> f64 {
    let steps = places_mm
        .iter()
        .flat_map(|places| places.windows(2).map(|pair| pair[1] - pair[0]));
    steps.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::{PRIOR, Walk};

    #[test]
    fn the_chances_solve_their_equations() {
        // A chain of 50 with weights that change, a seed at one end.
        let weight = |n: usize| 0.1 + (n * 7 % 5) as f64;
        let steps = |n: usize| {
            let before = n.checked_sub(1).map(|other| (other, weight(other)));
            let after = (n + 1 < 50).then(|| (n + 1, weight(n)));
            before.into_iter().chain(after).collect::<Vec<_>>()
        };
        let steps: Vec<Vec<(usize, f64)>> = (0..50).map(steps).collect();
        let seed = |n: usize| if n == 0 { 3.0 } else { 0.0 };
        let prior = |n: usize| PRIOR * (n % 3) as f64 / 2.0;
        let totals = steps
            .iter()
            .enumerate()
            .map(|(n, steps)| PRIOR + seed(n) + steps.iter().map(|(_, weight)| weight).sum::<f64>());
        let walk = Walk {
            positions: (0..50).collect(),
            totals: totals.collect(),
            known: (0..50).map(|n| prior(n) + seed(n)).collect(),
            steps,
        };
        let chances = walk.chances();
        for (image, known) in walk.image(&chances).iter().zip(&walk.known) {
            assert!((image - known).abs() < 1e-7);
        }
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
    }
}
