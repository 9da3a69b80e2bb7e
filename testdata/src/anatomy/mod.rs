//! A whole body as implicit shapes, head to thigh, arms raised: what every point is made of.
//!
//! Body space is LPS in mm with the hip joints at z = 0, the top of the head near z = 847 and the middle
//! of the trunk at x = y = 0. Nothing here knows of voxels: [`crate::paint`] samples the shapes, so the
//! same body can be scanned on any grid and in any pose without resampling.

mod abdomen;
mod chest;
mod column;
mod head;
mod outline;
mod shape;
mod skeleton;
mod spine;
mod tissue;
pub mod vector;

pub use shape::{Bounds, Shape};
pub use tissue::{Organ, Texture, Tissue};

use vector::V3;

/// A shape and what it is made of, from the outside in.
#[derive(Debug, Clone)]
pub struct Solid {
    /// The outermost surface.
    pub shape: Shape,
    /// A box that holds it.
    pub bounds: Bounds,
    /// Tissues by the depth below the surface (mm) at which they begin; the first begins at 0.
    pub layers: Vec<(f32, Tissue)>,
}

impl Solid {
    /// A shape of one tissue.
    pub fn of(shape: Shape, tissue: Tissue) -> Self {
        Self::layered(shape, &[(0.0, tissue)])
    }

    /// A shape of several tissues, by depth in mm.
    pub fn layered(shape: Shape, layers: &[(f32, Tissue)]) -> Self {
        Self {
            bounds: shape.bounds(),
            shape,
            layers: layers.to_vec(),
        }
    }

    /// The same on the other side of the body.
    pub fn mirrored(&self) -> Self {
        Self::layered(self.shape.mirrored(), &self.layers)
    }
}

/// A body: solids in painting order, later ones over earlier ones.
#[derive(Debug, Clone)]
pub struct Body {
    /// The solids.
    pub solids: Vec<Solid>,
    /// Noise that textures are made of.
    pub seed: u64,
}

impl Body {
    /// The body of a seed: the plan is always the same, vessels, bowel and uptake differ.
    pub fn new(seed: u64) -> Self {
        let mut solids = outline::solids();
        solids.extend(chest::lungs(seed));
        solids.extend(abdomen::cavity());
        solids.extend(chest::mediastinum(seed));
        solids.extend(abdomen::organs(seed));
        solids.extend(spine::solids());
        solids.extend(skeleton::solids());
        solids.extend(head::solids(seed));
        Self { solids, seed }
    }

    /// The part of the body whose solids come near a box: all that is needed inside it.
    pub fn near(&self, centre: V3, reach: V3) -> Self {
        let meets = |solid: &&Solid| {
            (0..3).all(|a| {
                solid.bounds.low[a] <= centre[a] + reach[a] && solid.bounds.high[a] >= centre[a] - reach[a]
            })
        };
        Self {
            solids: self.solids.iter().filter(meets).cloned().collect(),
            seed: self.seed,
        }
    }

    /// The tissue at a point: that of the last solid around it; `None` in the air around the body.
    pub fn tissue_at(&self, p: V3) -> Option<Tissue> {
        self.solids.iter().rev().find_map(|solid| {
            if !solid.bounds.contains(p) {
                return None;
            }
            let depth = -solid.shape.distance(p);
            solid
                .layers
                .iter()
                .rev()
                .find(|(begins, _)| depth >= *begins)
                .map(|(_, tissue)| *tissue)
        })
    }
}

/// A path of tubes through points with their radii, one solid a piece, layer by layer so that the joints
/// stay open inside.
fn tube_path(points: &[(V3, f32)], layers: &[(f32, Tissue)]) -> Vec<Solid> {
    let mut solids = Vec::new();
    for (depth, tissue) in layers {
        for pair in points.windows(2) {
            let ((from, from_radius), (to, to_radius)) = (pair[0], pair[1]);
            if from_radius.max(to_radius) > *depth {
                let shape = Shape::tube(
                    from,
                    to,
                    (from_radius - depth).max(0.1),
                    (to_radius - depth).max(0.1),
                );
                solids.push(Solid::of(shape, *tissue));
            }
        }
    }
    solids
}

/// Both sides of solids made for the left.
fn both_sides(solids: Vec<Solid>) -> Vec<Solid> {
    let right: Vec<Solid> = solids.iter().map(Solid::mirrored).collect();
    solids.into_iter().chain(right).collect()
}

/// A smooth path through points, `pieces` steps between neighbours.
fn curve(points: &[(V3, f32)], pieces: usize) -> Vec<(V3, f32)> {
    let get = |n: isize| points[n.clamp(0, points.len() as isize - 1) as usize];
    let mut path = Vec::with_capacity(points.len() * pieces);
    for n in 0..points.len() as isize - 1 {
        let four = [get(n - 1), get(n), get(n + 1), get(n + 2)];
        path.extend((0..pieces).map(|piece| between(&four, piece as f32 / pieces as f32)));
    }
    path.push(get(points.len() as isize - 1));
    path
}

fn between(four: &[(V3, f32); 4], t: f32) -> (V3, f32) {
    let (t2, t3) = (t * t, t * t * t);
    let weight = [
        -t3 + 2.0 * t2 - t,
        3.0 * t3 - 5.0 * t2 + 2.0,
        -3.0 * t3 + 4.0 * t2 + t,
        t3 - t2,
    ];
    let sum = |value: &dyn Fn(&(V3, f32)) -> f32| {
        four.iter()
            .zip(weight)
            .map(|(point, w)| 0.5 * w * value(point))
            .sum::<f32>()
    };
    (
        [sum(&|p| p.0[0]), sum(&|p| p.0[1]), sum(&|p| p.0[2])],
        sum(&|p| p.1).max(0.5),
    )
}
