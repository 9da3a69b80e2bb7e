//! The lines of sight of a tile of pixels, in the scene's patient space.

use crate::geometry::{Patient, Point, Vector};
use crate::presentation::{Camera, CurvedPlane, Ray, Size};
use crate::render::jitter;

/// Side of a tile, pixels.
pub(in crate::render::cpu) const SIDE: usize = 8;
/// Rays of a tile: four squares of sixteen, one behind the other.
pub(in crate::render::cpu) const TILE: usize = SIDE * SIDE;

/// What the pixels of a view look along.
pub(in crate::render::cpu) enum Sight<'a> {
    /// A camera's rays.
    Camera(Camera),
    /// At right angles to a curved plane.
    Curved(&'a CurvedPlane),
}

impl Sight<'_> {
    fn ray(&self, x: u32, y: u32) -> Option<Ray> {
        match self {
            Self::Camera(camera) => camera.ray(f64::from(x), f64::from(y)),
            Self::Curved(plane) => Some(Ray {
                origin: plane.patient(x as usize, f64::from(y))?,
                direction: plane.columns().get(x as usize)?.away,
                start_mm: f64::NEG_INFINITY,
            }),
        }
    }
}

/// The rays of a tile; those of pixels without one have no length.
pub(super) struct Lines {
    pub origin: [[f64; TILE]; 3],
    pub direction: [[f64; TILE]; 3],
    /// Where they begin, mm.
    pub start_mm: [f64; TILE],
    /// Parts of a step by which the samples are moved.
    pub jitter: [f64; TILE],
    /// Whether they all have the same direction, even those of no pixel.
    pub are_parallel: bool,
}

/// How the rays of a tile stand in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render::cpu) enum Shape {
    /// A square of squares.
    Square,
    /// One row.
    Row,
}

impl Shape {
    /// Columns and rows.
    pub(in crate::render::cpu) fn size(self) -> [usize; 2] {
        match self {
            Self::Square => [SIDE, SIDE],
            Self::Row => [TILE, 1],
        }
    }

    /// Column and row of a lane in its tile.
    #[inline(always)]
    pub(in crate::render::cpu) fn pixel(self, lane: usize) -> [usize; 2] {
        let (square, within) = (lane / 16, lane % 16);
        match self {
            Self::Square => [square % 2 * 4 + within % 4, square / 2 * 4 + within / 4],
            Self::Row => [lane, 0],
        }
    }
}

impl Lines {
    /// The rays of the tile whose first pixel is `corner`, as far as it lies in the image.
    pub(super) fn new(
        sight: &Sight<'_>,
        shape: Shape,
        corner: [u32; 2],
        size: Size,
        number: Option<u32>,
    ) -> Self {
        let mut lines = Self {
            origin: [[0.0; TILE]; 3],
            direction: [[0.0; TILE]; 3],
            start_mm: [f64::INFINITY; TILE],
            jitter: [0.0; TILE],
            are_parallel: false,
        };
        // The rays of a parallel camera differ in their origin only.
        let parallel = match sight {
            Sight::Camera(camera) if camera.eye.is_none() => camera.sight().map(|along| (camera, along)),
            _ => None,
        };
        if let Some((_, direction)) = parallel {
            lines.are_parallel = true;
            lines.direction = [0, 1, 2].map(|axis| [direction[axis]; TILE]);
        }
        for lane in 0..TILE {
            let [column, row] = shape.pixel(lane);
            let (x, y) = (corner[0] + column as u32, corner[1] + row as u32);
            if x >= size.width || y >= size.height {
                continue;
            }
            let ray = match parallel {
                Some((camera, direction)) => Some(Ray {
                    origin: camera.plane.patient(f64::from(x), f64::from(y)),
                    direction,
                    start_mm: f64::NEG_INFINITY,
                }),
                None => sight.ray(x, y),
            };
            let Some(ray) = ray else { continue };
            for axis in 0..3 {
                lines.origin[axis][lane] = ray.origin[axis];
                lines.direction[axis][lane] = ray.direction[axis];
            }
            lines.start_mm[lane] = ray.start_mm;
            lines.jitter[lane] = number.map_or(0.0, |number| jitter::offset(x, y, number));
        }
        lines
    }

    /// The place `t_mm` along the ray of a lane.
    pub(super) fn at(&self, lane: usize, t_mm: f64) -> Point<Patient> {
        let [origin, direction] =
            [&self.origin, &self.direction].map(|part| [part[0][lane], part[1][lane], part[2][lane]]);
        Point::from(origin) + Vector::from(direction) * t_mm
    }
}
