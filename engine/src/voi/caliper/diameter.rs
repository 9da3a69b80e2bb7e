//! The longest diameters of a mask.

use crate::geometry::{Patient, Point, Vector, Voxel};
use crate::voi::{Mask, Run};

/// A straight line from side to side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diameter {
    /// Its ends, LPS in mm.
    pub ends: [Point<Patient>; 2],
    /// Its length, mm.
    pub length_mm: f64,
}

/// The longest diameter within a slice, and the longest one in that slice perpendicular to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bidirectional {
    /// The slice measured, counted from 0.
    pub slice: usize,
    /// The longest diameter of all slices: RECIST's long axis.
    pub long: Diameter,
    /// The longest one perpendicular to it in its slice: RECIST's short axis.
    pub short: Diameter,
}

impl Mask {
    /// The longest diameter within any slice of the grid, and the longest one perpendicular to it; `None` for
    /// an empty mask.
    ///
    /// A voxel reaches half-way to its neighbours in its row and in its column: a single one is as long as
    /// the larger of its sides and as short as the smaller. These are the places where the surface between
    /// centres inside and outside lies (IBSI's mesh at level 0.5). Lines may pass over what is not inside:
    /// both are diameters of the slice's convex hull. Of equal ones the first slice's counts.
    /// RECIST 1.1: E. A. Eisenhauer et al., Eur. J. Cancer 45 (2009) 228-247, section 3.
    #[must_use]
    pub fn bidirectional(&self) -> Option<Bidirectional> {
        let mut longest: Option<Bidirectional> = None;
        for runs in self.runs_by_slice() {
            let (slice, outline) = self.outline(runs);
            let found = outline.bidirectional(slice)?;
            if longest.is_none_or(|longest| found.long.length_mm > longest.long.length_mm) {
                longest = Some(found);
            }
        }
        longest
    }

    /// The longest diameter in space; `None` for an empty mask.
    ///
    /// A voxel reaches half-way to its neighbours along its row, its column and from slice to slice, as in
    /// [`Mask::bidirectional`].
    #[must_use]
    pub fn longest_diameter(&self) -> Option<Diameter> {
        let mut places = Vec::new();
        for runs in self.runs_by_slice() {
            let (slice, outline) = self.outline(runs);
            places.extend(outline.hull.iter().map(|corner| outline.place(*corner)));
            let centers = self.outline_of_centers(runs);
            for up in [-0.5, 0.5] {
                let step = self.grid().position_from_slice(slice as f64 + up)
                    - self.grid().position_from_slice(slice as f64);
                let step = self.grid().patient_from_voxel().axis(2) * step;
                places.extend(centers.hull.iter().map(|corner| centers.place(*corner) + step));
            }
        }
        longest(places)
    }

    fn runs_by_slice(&self) -> impl Iterator<Item = &[Run]> {
        let [columns, rows, _] = self.grid().size();
        let slice = move |run: &Run| run.start / (columns * rows);
        self.runs().chunk_by(move |a, b| slice(a) == slice(b))
    }

    /// The convex outline of one slice's voxels, half a voxel beyond their centres along rows and columns.
    fn outline(&self, runs: &[Run]) -> (usize, Outline) {
        let rows = self.grid().size()[1];
        let ends = |run: &Run| {
            let [first, last, row] = self.ends(run);
            [
                [first - 0.5, row],
                [last + 0.5, row],
                [first, row - 0.5],
                [last, row - 0.5],
                [first, row + 0.5],
                [last, row + 0.5],
            ]
        };
        let slice = runs[0].start / self.grid().size()[0] / rows;
        (slice, self.outline_of(slice, runs.iter().flat_map(ends)))
    }

    fn outline_of_centers(&self, runs: &[Run]) -> Outline {
        let ends = |run: &Run| {
            let [first, last, row] = self.ends(run);
            [[first, row], [last, row]]
        };
        let [columns, rows, _] = self.grid().size();
        self.outline_of(runs[0].start / (columns * rows), runs.iter().flat_map(ends))
    }

    /// First column, last column and row of a run.
    fn ends(&self, run: &Run) -> [f64; 3] {
        let [columns, rows, _] = self.grid().size();
        [
            run.start % columns,
            (run.end - 1) % columns,
            run.start / columns % rows,
        ]
        .map(|n| n as f64)
    }

    fn outline_of(&self, slice: usize, voxels: impl Iterator<Item = [f64; 2]>) -> Outline {
        let origin = self.grid().patient(Point::<Voxel>::new(0.0, 0.0, slice as f64));
        let along = self.grid().row_direction();
        let down: Vector<Patient> = self.grid().patient_from_voxel().axis(1);
        let across = (down - along * along.dot(down)).normalized();
        let across = across.expect("rows and columns of a grid span its slices");
        let right: Vector<Patient> = self.grid().patient_from_voxel().axis(0);
        let flat = voxels.map(|[i, j]| {
            let step = right * i + down * j;
            [along.dot(step), across.dot(step)]
        });
        Outline {
            origin,
            axes: [along, across],
            hull: convex_hull(flat.collect()),
        }
    }
}

/// A convex polygon in a plane of patient space.
struct Outline {
    origin: Point<Patient>,
    axes: [Vector<Patient>; 2],
    /// Corners in the plane, mm.
    hull: Vec<[f64; 2]>,
}

impl Outline {
    fn place(&self, [x, y]: [f64; 2]) -> Point<Patient> {
        self.origin + self.axes[0] * x + self.axes[1] * y
    }

    /// `None` for a hull without corners.
    fn bidirectional(&self, slice: usize) -> Option<Bidirectional> {
        let [a, b] = furthest_pair(&self.hull)?;
        let length = distance(a, b);
        let along = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
        // Along the long axis and across it.
        let turned: Vec<[f64; 2]> = self
            .hull
            .iter()
            .map(|corner| turn(*corner, [along[0], -along[1]]))
            .collect();
        let chords = turned.iter().map(|corner| chord(&turned, corner[0]));
        let widest =
            chords.max_by(|one, other| distance(one[0], one[1]).total_cmp(&distance(other[0], other[1])))?;
        let line = |ends: [[f64; 2]; 2]| Diameter {
            ends: ends.map(|end| self.place(end)),
            length_mm: distance(ends[0], ends[1]),
        };
        Some(Bidirectional {
            slice,
            long: line([a, b]),
            short: line(widest.map(|end| turn(end, along))),
        })
    }
}

/// `by` times a place, both taken for complex numbers.
fn turn([x, y]: [f64; 2], by: [f64; 2]) -> [f64; 2] {
    [x * by[0] - y * by[1], x * by[1] + y * by[0]]
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

/// Where a line of constant first coordinate meets a convex polygon: its lowest and highest place.
fn chord(polygon: &[[f64; 2]], at: f64) -> [[f64; 2]; 2] {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (n, a) in polygon.iter().enumerate() {
        let b = polygon[(n + 1) % polygon.len()];
        let met = if a[0] == at {
            a[1]
        } else if (a[0] < at) != (b[0] < at) && b[0] != at {
            a[1] + (b[1] - a[1]) * ((at - a[0]) / (b[0] - a[0]))
        } else {
            continue;
        };
        (low, high) = (low.min(met), high.max(met));
    }
    [[at, low], [at, high]]
}

/// The two corners furthest apart, the first of equals; `None` without corners.
fn furthest_pair(hull: &[[f64; 2]]) -> Option<[[f64; 2]; 2]> {
    let mut furthest = [*hull.first()?; 2];
    for (n, a) in hull.iter().enumerate() {
        for b in &hull[n + 1..] {
            if distance(*a, *b) > distance(furthest[0], furthest[1]) {
                furthest = [*a, *b];
            }
        }
    }
    Some(furthest)
}

/// The corners of the convex hull, in turn (Andrew's monotone chain); points along its sides are left out.
fn convex_hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let half = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut chain: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..] {
                let turn = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]);
                if turn > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut points.iter().copied());
    hull.extend(half(&mut points.iter().rev().copied()));
    hull
}

/// The two places furthest apart.
///
/// Those far from the middle are tried first: no pair can be further apart than its two distances to the
/// middle together, so that most pairs are never looked at.
fn longest(mut places: Vec<Point<Patient>>) -> Option<Diameter> {
    let first = *places.first()?;
    let sum = places
        .iter()
        .map(|place| *place - first)
        .fold(Vector::new(0.0, 0.0, 0.0), |a, b| a + b);
    let middle = first + sum * (1.0 / places.len() as f64);
    places.sort_by(|a, b| b.distance(middle).total_cmp(&a.distance(middle)));
    let from_middle: Vec<f64> = places.iter().map(|place| place.distance(middle)).collect();
    let mut longest = Diameter {
        ends: [first; 2],
        length_mm: 0.0,
    };
    for (n, a) in places.iter().enumerate() {
        for (m, b) in places[..n].iter().enumerate() {
            if from_middle[n] + from_middle[m] < longest.length_mm {
                break;
            }
            let length_mm = a.distance(*b);
            if length_mm > longest.length_mm {
                let ends = [*b, *a];
                longest = Diameter { ends, length_mm };
            }
        }
    }
    Some(longest)
}
