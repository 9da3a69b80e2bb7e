//! What is cut away of a layer, in the scene's patient space.

use crate::geometry::{Grid, Patient, Plane, Point, Vector, Voxel};
use crate::presentation::Camera;

/// What is left of a layer: what lies on the kept side of every plane and outside every free cut.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clip {
    /// Straight cuts, at most [`MAX_CLIP_PLANES`]; a crop box is six of them.
    pub planes: Vec<ClipPlane>,
    /// Free cuts, at most [`MAX_CUTS`].
    pub cuts: Vec<Cut>,
}

/// Most planes of a clip.
pub const MAX_CLIP_PLANES: usize = 12;
/// Most free cuts of a clip.
pub const MAX_CUTS: usize = 8;

/// A plane that cuts away what lies behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipPlane {
    /// A place on it.
    pub point: Point<Patient>,
    /// Towards what is kept (any length).
    pub normal: Vector<Patient>,
}

impl ClipPlane {
    /// The six planes of a box along the body's axes.
    #[must_use]
    pub fn around(low: Point<Patient>, high: Point<Patient>) -> [Self; 6] {
        std::array::from_fn(|n| {
            let mut normal = [0.0; 3];
            normal[n / 2] = if n % 2 == 0 { 1.0 } else { -1.0 };
            Self {
                point: if n % 2 == 0 { low } else { high },
                normal: normal.into(),
            }
        })
    }

    /// The six planes of a box along a grid's axes, between two voxel coordinates.
    #[must_use]
    pub fn around_voxels(grid: &Grid, low: Point<Voxel>, high: Point<Voxel>) -> [Self; 6] {
        let affine = grid.patient_from_voxel();
        let axes = [0, 1, 2].map(|axis| affine.axis(axis));
        std::array::from_fn(|n| {
            let axis = n / 2;
            let across = axes[(axis + 1) % 3].cross(axes[(axis + 2) % 3]);
            let inward = if across.dot(axes[axis]) > 0.0 {
                across
            } else {
                -across
            };
            Self {
                point: grid.patient(if n % 2 == 0 { low } else { high }),
                normal: if n % 2 == 0 { inward } else { -inward },
            }
        })
    }
}

/// A cut along an outline drawn on a picture (scalpel, punch), straight into the depth along the rays.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// The camera of the picture it was drawn on.
    pub camera: Camera,
    /// Corners of the closed outline in that picture's pixels; crossings count as even and odd.
    pub outline: Vec<[f64; 2]>,
    /// Whether what lies inside the outline is taken away, or what lies outside.
    pub removes: Removes,
    /// Nearest and farthest place that is cut, mm along the rays from the camera's plane; `None` for all.
    pub depth_mm: Option<[f64; 2]>,
}

/// Which side of an outline is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removes {
    /// What lies inside.
    Inside,
    /// What lies outside.
    Outside,
}

/// Longest side of a [`CutMask`], cells.
const MASK_SIDE: usize = 1024;
/// Lines that a cell's coverage is measured on.
const LINES: usize = 4;

/// A cut as both renderers ask it: how much of each cell of its picture the outline covers.
#[derive(Debug, Clone, PartialEq)]
pub struct CutMask {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Centre of the first cell, in the picture's pixels.
    pub first: [f64; 2],
    /// Side of a cell, in the picture's pixels.
    pub cell: f64,
    /// Coverage in 255ths, rows from the top.
    pub coverage: Vec<u8>,
}

impl CutMask {
    /// Measures an outline; the empty mask for one without area.
    #[must_use]
    pub fn new(outline: &[[f64; 2]]) -> Self {
        let bounds = [0, 1].map(|axis| {
            outline
                .iter()
                .map(|corner| corner[axis])
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
                    (low.min(at), high.max(at))
                })
        });
        let extent = bounds.map(|(low, high)| high - low);
        if !extent.iter().all(|side| side.is_finite() && *side > 0.0) {
            return Self {
                size: [1, 1],
                first: [0.0; 2],
                cell: 1.0,
                coverage: vec![0],
            };
        }
        // A border of empty cells, so that beyond the mask is as on its edge.
        let cell = (extent[0].max(extent[1]) / (MASK_SIDE - 4) as f64).max(1.0 / 16.0);
        let size = extent.map(|side| (side / cell).ceil() as usize + 3);
        let first = [0, 1].map(|axis| bounds[axis].0 - cell);
        let mut mask = Self {
            size,
            first,
            cell,
            coverage: vec![0; size[0] * size[1]],
        };
        for row in 0..size[1] {
            mask.measure(row, outline);
        }
        mask
    }

    /// Measures one row of cells: exact along each of its lines.
    fn measure(&mut self, row: usize, outline: &[[f64; 2]]) {
        let mut covered = vec![0.0; self.size[0]];
        for line in 0..LINES {
            let within = (line as f64 + 0.5) / LINES as f64 - 0.5;
            let y = self.first[1] + (row as f64 + within) * self.cell;
            let mut crossings: Vec<f64> = edges(outline).filter_map(|edge| crossing(edge, y)).collect();
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                // In cells, whose borders are whole numbers.
                let [from, to] = [pair[0], pair[1]].map(|x| (x - self.first[0]) / self.cell + 0.5);
                for (n, part) in covered.iter_mut().enumerate() {
                    *part += (to.min(n as f64 + 1.0) - from.max(n as f64)).max(0.0);
                }
            }
        }
        for (n, part) in covered.iter().enumerate() {
            let of_255 = (part / LINES as f64 * 255.0).round();
            self.coverage[row * self.size[0] + n] = of_255 as u8;
        }
    }

    /// The coverage at a place of the picture, 0 to 1, straight between the cells' centres.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let place = [(x - self.first[0]) / self.cell, (y - self.first[1]) / self.cell];
        let inside = |axis: usize| place[axis] >= 0.0 && place[axis] <= (self.size[axis] - 1) as f64;
        if !(inside(0) && inside(1)) {
            return 0.0;
        }
        let [column, row] = place.map(|at| at.floor() as usize);
        let [u, v] = [place[0] - column as f64, place[1] - row as f64];
        let cell = |column: usize, row: usize| {
            let column = column.min(self.size[0] - 1);
            let row = row.min(self.size[1] - 1);
            f64::from(self.coverage[row * self.size[0] + column]) / 255.0
        };
        let along = |row| (1.0 - u) * cell(column, row) + u * cell(column + 1, row);
        (1.0 - v) * along(row) + v * along(row + 1)
    }
}

fn edges(outline: &[[f64; 2]]) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
    let next = outline.iter().cycle().skip(1);
    outline.iter().zip(next).map(|(a, b)| [*a, *b])
}

/// Where an edge crosses a line of constant y, if it does; an end belongs to the edge above it.
fn crossing([a, b]: [[f64; 2]; 2], y: f64) -> Option<f64> {
    let crosses = (a[1] <= y) != (b[1] <= y);
    crosses.then(|| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
}

/// A cut made ready to be asked at places of the scene.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyCut {
    mask: CutMask,
    cut: Cut,
    plane_from_patient: crate::geometry::Affine<Plane, Patient>,
    mm_per_depth: f64,
}

impl ReadyCut {
    /// Makes a cut ready; `None` when its camera's plane does not span space.
    #[must_use]
    pub fn new(cut: &Cut) -> Option<Self> {
        let plane_from_patient = cut.camera.plane.patient_from_plane.inverse().ok()?;
        Some(Self {
            mask: CutMask::new(&cut.outline),
            mm_per_depth: cut.camera.plane.patient_from_plane.axis(2).norm(),
            plane_from_patient,
            cut: cut.clone(),
        })
    }

    /// The mask of the outline.
    #[must_use]
    pub fn mask(&self) -> &CutMask {
        &self.mask
    }

    /// The part of the tissue at a place that the cut leaves, 0 to 1.
    #[must_use]
    pub fn leaves(&self, place: Point<Patient>) -> f64 {
        let (x, y, t_mm) = match self.cut.camera.eye {
            None => {
                let at = self.plane_from_patient * place;
                (at[0], at[1], at[2] * self.mm_per_depth)
            }
            Some(eye) => {
                let eye_in_plane = self.plane_from_patient * eye;
                let at = self.plane_from_patient * place;
                let ahead = at[2] - eye_in_plane[2];
                if ahead <= 0.0 {
                    return 1.0;
                }
                let part = -eye_in_plane[2] / ahead;
                let on_plane = |axis: usize| eye_in_plane[axis] + part * (at[axis] - eye_in_plane[axis]);
                let t_mm = place.distance(eye) * (1.0 - part);
                (on_plane(0), on_plane(1), t_mm)
            }
        };
        let [near, far] = self.cut.depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        if t_mm < near || t_mm > far {
            return 1.0;
        }
        let covered = self.mask.at(x, y);
        match self.cut.removes {
            Removes::Inside => 1.0 - covered,
            Removes::Outside => covered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClipPlane, Cut, CutMask, ReadyCut, Removes};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::presentation::{Camera, Direction, Size};

    const SIZE: Size = Size {
        width: 101,
        height: 101,
    };

    #[test]
    fn a_mask_covers_its_outline() {
        // A square with a bite, drawn either way around.
        let mut outline = vec![
            [10.0, 10.0],
            [60.0, 10.0],
            [35.0, 30.0],
            [60.0, 50.0],
            [10.0, 50.0],
        ];
        for _ in 0..2 {
            let mask = CutMask::new(&outline);
            for (x, y, expected) in [
                (20.0, 30.0, 1.0),
                (50.0, 30.0, 0.0),
                (50.0, 15.0, 1.0),
                (5.0, 30.0, 0.0),
                (20.0, 70.0, 0.0),
                (10.0, 30.0, 0.5),
            ] {
                assert!(
                    (mask.at(x, y) - expected).abs() < 0.02,
                    "{x}, {y}: {}",
                    mask.at(x, y)
                );
            }
            let area: f64 = mask.coverage.iter().map(|part| f64::from(*part) / 255.0).sum();
            assert!((area * mask.cell * mask.cell - (50.0 * 40.0 - 25.0 * 20.0)).abs() < 10.0);
            outline.reverse();
        }
        assert_eq!(CutMask::new(&[[1.0, 1.0], [2.0, 1.0]]).at(1.5, 1.0), 0.0);
        assert_eq!(CutMask::new(&[]).at(0.0, 0.0), 0.0);
    }

    #[test]
    fn a_cut_goes_along_the_rays_of_its_picture() {
        let at = Point::new(0.0, 0.0, 0.0);
        let parallel = Camera::centered(Direction::from_degrees(40.0, 15.0), at, 1.0, SIZE).unwrap();
        for camera in [parallel, parallel.with_eye(300.0, SIZE)] {
            let cut = Cut {
                camera,
                outline: vec![[30.0, 30.0], [70.0, 30.0], [70.0, 70.0], [30.0, 70.0]],
                removes: Removes::Inside,
                depth_mm: Some([-50.0, 50.0]),
            };
            let ready = ReadyCut::new(&cut).unwrap();
            for t_mm in [-49.0, 0.0, 49.0] {
                assert_eq!(ready.leaves(camera.ray(35.0, 60.0).unwrap().at(t_mm)), 0.0);
                assert_eq!(ready.leaves(camera.ray(25.0, 60.0).unwrap().at(t_mm)), 1.0);
            }
            assert_eq!(ready.leaves(camera.ray(50.0, 50.0).unwrap().at(60.0)), 1.0);
        }
    }

    #[test]
    fn a_box_keeps_its_inside() {
        let axes = [
            Vector::new(0.9, 0.2, -0.1),
            Vector::new(-0.15, 1.1, 0.3),
            Vector::new(0.4, 0.1, -2.3),
        ];
        let grid = Grid::new([24, 20, 5], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        let planes = ClipPlane::around_voxels(&grid, Point::new(2.0, 3.0, 1.0), Point::new(10.0, 9.0, 3.0));
        let keeps = |voxel| {
            let place = grid.patient(voxel);
            planes
                .iter()
                .all(|plane| plane.normal.dot(place - plane.point) >= 0.0)
        };
        assert!(keeps(Point::new(2.1, 3.1, 1.1)) && keeps(Point::new(9.9, 8.9, 2.9)));
        for beyond in [
            [1.9, 5.0, 2.0],
            [10.1, 5.0, 2.0],
            [5.0, 2.9, 2.0],
            [5.0, 5.0, 0.9],
            [5.0, 5.0, 3.1],
        ] {
            assert!(!keeps(beyond.into()), "{beyond:?}");
        }
        let [low, high] = [Point::new(-1.0, -2.0, -3.0), Point::new(1.0, 2.0, 3.0)];
        let upright = ClipPlane::around(low, high);
        assert!(
            upright
                .iter()
                .all(|plane| plane.normal.dot(Point::new(0.9, -1.9, 2.9) - plane.point) > 0.0)
        );
    }
}
