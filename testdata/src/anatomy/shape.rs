//! Implicit shapes in body space (LPS, mm) by their distance: negative inside, positive outside.
//!
//! Distances are exact for tubes and boxes and good near the surface for the others; painters use them
//! within a voxel of the surface only.

use super::column::{self, Station};
use super::vector::{self, V3};

/// An axis-aligned box around a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smallest coordinates.
    pub low: V3,
    /// Largest coordinates.
    pub high: V3,
}

impl Bounds {
    fn around(centre: V3, reach: V3) -> Self {
        Self {
            low: vector::sub(centre, reach),
            high: vector::add(centre, reach),
        }
    }

    /// The box grown by a margin on all sides.
    pub fn grown(&self, margin: f32) -> Self {
        let margin = [margin; 3];
        Self {
            low: vector::sub(self.low, margin),
            high: vector::add(self.high, margin),
        }
    }

    fn joined(&self, other: &Self) -> Self {
        Self {
            low: [0, 1, 2].map(|a| self.low[a].min(other.low[a])),
            high: [0, 1, 2].map(|a| self.high[a].max(other.high[a])),
        }
    }

    fn common(&self, other: &Self) -> Self {
        Self {
            low: [0, 1, 2].map(|a| self.low[a].max(other.low[a])),
            high: [0, 1, 2].map(|a| self.high[a].min(other.high[a])),
        }
    }

    /// Whether a point lies inside.
    pub fn contains(&self, p: V3) -> bool {
        (0..3).all(|a| p[a] >= self.low[a] && p[a] <= self.high[a])
    }
}

/// A shape.
#[derive(Debug, Clone)]
pub enum Shape {
    /// An ellipsoid with its own axes (rows of unit length).
    Ellipsoid { centre: V3, semi: V3, axes: [V3; 3] },
    /// A capsule whose radius changes from one end to the other.
    Tube {
        from: V3,
        to: V3,
        from_radius: f32,
        to_radius: f32,
    },
    /// A box with rounded edges and its own axes.
    Slab {
        centre: V3,
        half: V3,
        axes: [V3; 3],
        rounding: f32,
    },
    /// A vertical trunk: rounded cross-sections between stations, sampled at even heights.
    Column { sections: Vec<Station>, squareness: f32 },
    /// All points on the side of a plane against its normal: `normal . p <= offset`.
    HalfSpace { normal: V3, offset: f32 },
    /// Several shapes as one, their seams rounded over `blend` mm.
    Union {
        members: Vec<(Shape, Bounds)>,
        blend: f32,
    },
    /// What all members have in common, the edges rounded over `blend` mm.
    Common { members: Vec<Shape>, blend: f32 },
    /// The outside of a shape.
    Outside(Box<Shape>),
    /// All points within `half_thickness` of a shape's surface.
    Shell {
        surface: Box<Shape>,
        half_thickness: f32,
    },
}

const UPRIGHT: [V3; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

impl Shape {
    /// An upright ellipsoid.
    pub fn ellipsoid(centre: V3, semi: V3) -> Self {
        Self::Ellipsoid {
            centre,
            semi,
            axes: UPRIGHT,
        }
    }

    /// An ellipsoid whose third axis points along `direction`.
    pub fn ellipsoid_along(centre: V3, semi: V3, direction: V3) -> Self {
        Self::Ellipsoid {
            centre,
            semi,
            axes: vector::axes_along(direction),
        }
    }

    /// A ball.
    pub fn ball(centre: V3, radius: f32) -> Self {
        Self::tube(centre, centre, radius, radius)
    }

    /// A capsule.
    pub fn tube(from: V3, to: V3, from_radius: f32, to_radius: f32) -> Self {
        Self::Tube {
            from,
            to,
            from_radius,
            to_radius,
        }
    }

    /// An upright box.
    pub fn slab(centre: V3, half: V3, rounding: f32) -> Self {
        Self::Slab {
            centre,
            half,
            axes: UPRIGHT,
            rounding,
        }
    }

    /// A box whose third axis points along `direction`.
    pub fn slab_along(centre: V3, half: V3, direction: V3, rounding: f32) -> Self {
        Self::Slab {
            centre,
            half,
            axes: vector::axes_along(direction),
            rounding,
        }
    }

    /// A box whose first and third axes point along two directions at right angles.
    pub fn slab_on(centre: V3, half: V3, first: V3, third: V3, rounding: f32) -> Self {
        let third = vector::unit(third);
        let first = vector::unit(vector::sub(
            first,
            vector::scale(third, vector::dot(first, third)),
        ));
        Self::Slab {
            centre,
            half,
            axes: [first, vector::cross(third, first), third],
            rounding,
        }
    }

    /// A trunk through stations in rising order; squareness 0 gives ellipses, 1 rectangles.
    pub fn column(stations: &[Station], squareness: f32) -> Self {
        Self::Column {
            sections: column::sampled(stations),
            squareness,
        }
    }

    /// Several shapes as one.
    pub fn union(members: Vec<Self>, blend: f32) -> Self {
        let members = members
            .into_iter()
            .map(|member| {
                let bounds = member.bounds().grown(blend);
                (member, bounds)
            })
            .collect();
        Self::Union { members, blend }
    }

    /// The part of this shape that lies in the others too.
    pub fn within(self, others: impl IntoIterator<Item = Self>) -> Self {
        let members = std::iter::once(self).chain(others).collect();
        Self::Common { members, blend: 0.0 }
    }

    /// The same common part with its edges rounded over `blend` mm.
    pub fn rounded(self, blend: f32) -> Self {
        match self {
            Self::Common { members, .. } => Self::Common { members, blend },
            other => other,
        }
    }

    /// This shape without another.
    pub fn without(self, other: Self) -> Self {
        self.within([Self::Outside(Box::new(other))])
    }

    /// The points within `half_thickness` of this shape's surface.
    pub fn shell(self, half_thickness: f32) -> Self {
        Self::Shell {
            surface: Box::new(self),
            half_thickness,
        }
    }

    /// The half space on the side of a plane against its normal.
    pub fn below(normal: V3, offset: f32) -> Self {
        Self::HalfSpace { normal, offset }
    }

    /// The shape mirrored in the plane x = 0.
    pub fn mirrored(&self) -> Self {
        let flip = |[x, y, z]: V3| [-x, y, z];
        let flip_axes = |axes: &[V3; 3]| axes.map(flip);
        match self {
            Self::Ellipsoid { centre, semi, axes } => Self::Ellipsoid {
                centre: flip(*centre),
                semi: *semi,
                axes: flip_axes(axes),
            },
            Self::Tube {
                from,
                to,
                from_radius,
                to_radius,
            } => Self::tube(flip(*from), flip(*to), *from_radius, *to_radius),
            Self::Slab {
                centre,
                half,
                axes,
                rounding,
            } => Self::Slab {
                centre: flip(*centre),
                half: *half,
                axes: flip_axes(axes),
                rounding: *rounding,
            },
            Self::Column { sections, squareness } => {
                let flipped = sections.iter().map(|s| Station {
                    centre: [-s.centre[0], s.centre[1]],
                    ..*s
                });
                Self::Column {
                    sections: flipped.collect(),
                    squareness: *squareness,
                }
            }
            Self::HalfSpace { normal, offset } => Self::HalfSpace {
                normal: flip(*normal),
                offset: *offset,
            },
            Self::Union { members, blend } => Self::union(
                members.iter().map(|(member, _)| member.mirrored()).collect(),
                *blend,
            ),
            Self::Common { members, blend } => Self::Common {
                members: members.iter().map(Self::mirrored).collect(),
                blend: *blend,
            },
            Self::Outside(shape) => Self::Outside(Box::new(shape.mirrored())),
            Self::Shell {
                surface,
                half_thickness,
            } => surface.mirrored().shell(*half_thickness),
        }
    }

    /// Distance of a point from the surface, negative inside.
    pub fn distance(&self, p: V3) -> f32 {
        match self {
            Self::Ellipsoid { centre, semi, axes } => ellipsoid_distance(p, *centre, *semi, axes),
            Self::Tube {
                from,
                to,
                from_radius,
                to_radius,
            } => tube_distance(p, *from, *to, *from_radius, *to_radius),
            Self::Slab {
                centre,
                half,
                axes,
                rounding,
            } => slab_distance(p, *centre, *half, axes, *rounding),
            Self::Column { sections, squareness } => column::distance(p, sections, *squareness),
            Self::HalfSpace { normal, offset } => vector::dot(*normal, p) - offset,
            Self::Union { members, blend } => union_distance(p, members, *blend),
            Self::Common { members, blend } => members
                .iter()
                .map(|member| -member.distance(p))
                .reduce(|a, b| smooth_min(a, b, *blend))
                .map_or(f32::MAX, |depth| -depth),
            Self::Outside(shape) => -shape.distance(p),
            Self::Shell {
                surface,
                half_thickness,
            } => surface.distance(p).abs() - half_thickness,
        }
    }

    /// A box that holds the shape.
    pub fn bounds(&self) -> Bounds {
        const EVERYWHERE: Bounds = Bounds {
            low: [-1e6; 3],
            high: [1e6; 3],
        };
        match self {
            Self::Ellipsoid { centre, semi, axes } => {
                let reach = [0, 1, 2].map(|a| {
                    let square = |n: usize| (axes[n][a] * semi[n]) * (axes[n][a] * semi[n]);
                    (square(0) + square(1) + square(2)).sqrt()
                });
                Bounds::around(*centre, reach)
            }
            Self::Tube {
                from,
                to,
                from_radius,
                to_radius,
            } => Bounds::around(*from, [*from_radius; 3]).joined(&Bounds::around(*to, [*to_radius; 3])),
            Self::Slab {
                centre, half, axes, ..
            } => {
                let reach = [0, 1, 2].map(|a| (0..3).map(|n| (axes[n][a] * half[n]).abs()).sum::<f32>());
                Bounds::around(*centre, reach)
            }
            Self::Column { sections, .. } => sections
                .iter()
                .map(|s| Bounds {
                    low: [s.centre[0] - s.half_width, s.centre[1] - s.front, s.z],
                    high: [s.centre[0] + s.half_width, s.centre[1] + s.back, s.z],
                })
                .reduce(|a, b| a.joined(&b))
                .unwrap_or(EVERYWHERE),
            Self::HalfSpace { .. } | Self::Outside(_) => EVERYWHERE,
            Self::Union { members, .. } => members
                .iter()
                .map(|(_, bounds)| *bounds)
                .reduce(|a, b| a.joined(&b))
                .unwrap_or(EVERYWHERE),
            Self::Common { members, .. } => members
                .iter()
                .map(Self::bounds)
                .fold(EVERYWHERE, |a, b| a.common(&b)),
            Self::Shell {
                surface,
                half_thickness,
            } => surface.bounds().grown(*half_thickness),
        }
    }
}

fn ellipsoid_distance(p: V3, centre: V3, semi: V3, axes: &[V3; 3]) -> f32 {
    let q = vector::along(axes, vector::sub(p, centre));
    let scaled = [q[0] / semi[0], q[1] / semi[1], q[2] / semi[2]];
    let steep = [scaled[0] / semi[0], scaled[1] / semi[1], scaled[2] / semi[2]];
    let (radius, slope) = (vector::norm(scaled), vector::norm(steep));
    if slope < 1e-6 {
        return -semi[0].min(semi[1]).min(semi[2]);
    }
    radius * (radius - 1.0) / slope
}

fn tube_distance(p: V3, from: V3, to: V3, from_radius: f32, to_radius: f32) -> f32 {
    let (axis, offset) = (vector::sub(to, from), vector::sub(p, from));
    let length_squared = vector::dot(axis, axis);
    let t = if length_squared > 0.0 {
        (vector::dot(offset, axis) / length_squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let nearest = [axis[0] * t, axis[1] * t, axis[2] * t];
    vector::norm(vector::sub(offset, nearest)) - (from_radius + (to_radius - from_radius) * t)
}

fn slab_distance(p: V3, centre: V3, half: V3, axes: &[V3; 3], rounding: f32) -> f32 {
    let q = vector::along(axes, vector::sub(p, centre));
    let over = [0, 1, 2].map(|a| q[a].abs() - half[a] + rounding);
    let outside = vector::norm(over.map(|v| v.max(0.0)));
    outside + over[0].max(over[1]).max(over[2]).min(0.0) - rounding
}

fn union_distance(p: V3, members: &[(Shape, Bounds)], blend: f32) -> f32 {
    let mut distance = 1e6;
    for (member, bounds) in members {
        if bounds.contains(p) {
            distance = smooth_min(distance, member.distance(p), blend);
        }
    }
    distance
}

/// The smaller of two distances, rounded where they differ by less than `blend`.
fn smooth_min(a: f32, b: f32, blend: f32) -> f32 {
    if blend <= 0.0 {
        return a.min(b);
    }
    let h = (blend - (a - b).abs()).max(0.0) / blend;
    a.min(b) - h * h * blend * 0.25
}
