//! Vertical trunks: rounded cross-sections, drawn through a few stations.

use super::vector::V3;

/// Distance between sampled cross-sections.
const STEP_MM: f32 = 2.0;

/// Cross-section of a [`super::Shape::Column`] at one height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Station {
    /// Height.
    pub z: f32,
    /// Centre.
    pub centre: [f32; 2],
    /// Half width along x.
    pub half_width: f32,
    /// Reach to the front (-y).
    pub front: f32,
    /// Reach to the back (+y).
    pub back: f32,
}

/// A station from its numbers: z, centre x, centre y, half width, front, back.
pub const fn station(z: f32, x: f32, y: f32, half_width: f32, front: f32, back: f32) -> Station {
    Station {
        z,
        centre: [x, y],
        half_width,
        front,
        back,
    }
}

/// Distance of a point from a trunk, negative inside; along the radius, exact near the surface.
pub fn distance(p: V3, sections: &[Station], squareness: f32) -> f32 {
    let (first, last) = (sections[0].z, sections[sections.len() - 1].z);
    let beyond = (first - p[2]).max(p[2] - last);
    let place = ((p[2] - first) / STEP_MM).clamp(0.0, sections.len() as f32 - 1.001);
    let (below, t) = (place as usize, place.fract());
    let (a, b) = (&sections[below], &sections[below + 1]);
    let mid = |from: f32, to: f32| from + (to - from) * t;
    let x = p[0] - mid(a.centre[0], b.centre[0]);
    let y = p[1] - mid(a.centre[1], b.centre[1]);
    let half_y = if y < 0.0 {
        mid(a.front, b.front)
    } else {
        mid(a.back, b.back)
    };
    let half_x = mid(a.half_width, b.half_width);
    let (u, v) = (x / half_x, y / half_y);
    // Fernandez-Guasti's squircle: a circle for squareness 0, a square for 1, homogeneous in (u, v).
    let sum = u * u + v * v;
    let cross = 2.0 * squareness * u * v;
    let f = ((sum + (sum * sum - cross * cross).max(0.0).sqrt()) * 0.5).sqrt();
    let radial = if f < 0.2 {
        (f - 1.0) * half_x.min(half_y)
    } else {
        (x * x + y * y).sqrt() * (1.0 - 1.0 / f)
    };
    radial.max(beyond)
}

/// Stations at even heights, by Catmull-Rom curves through the given ones.
pub fn sampled(stations: &[Station]) -> Vec<Station> {
    let (first, last) = (stations[0].z, stations[stations.len() - 1].z);
    let count = ((last - first) / STEP_MM).floor() as usize + 2;
    (0..count)
        .map(|n| at_height(stations, (first + n as f32 * STEP_MM).min(last)))
        .collect()
}

fn at_height(stations: &[Station], z: f32) -> Station {
    let above = stations
        .iter()
        .position(|s| s.z > z)
        .unwrap_or(stations.len() - 1)
        .max(1);
    let pick = |offset: isize| {
        let n = (above as isize + offset).clamp(0, stations.len() as isize - 1);
        &stations[n as usize]
    };
    let (before, a, b, after) = (pick(-2), pick(-1), pick(0), pick(1));
    let t = (z - a.z) / (b.z - a.z);
    let curve = |value: fn(&Station) -> f32| {
        let slope_a = (value(b) - value(before)) / (b.z - before.z) * (b.z - a.z);
        let slope_b = (value(after) - value(a)) / (after.z - a.z) * (b.z - a.z);
        hermite(value(a), value(b), slope_a, slope_b, t)
    };
    Station {
        z,
        centre: [curve(|s| s.centre[0]), curve(|s| s.centre[1])],
        half_width: curve(|s| s.half_width),
        front: curve(|s| s.front),
        back: curve(|s| s.back),
    }
}

fn hermite(a: f32, b: f32, slope_a: f32, slope_b: f32, t: f32) -> f32 {
    let (t2, t3) = (t * t, t * t * t);
    a * (2.0 * t3 - 3.0 * t2 + 1.0)
        + slope_a * (t3 - 2.0 * t2 + t)
        + b * (3.0 * t2 - 2.0 * t3)
        + slope_b * (t3 - t2)
}
