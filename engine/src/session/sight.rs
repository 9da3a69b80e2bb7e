//! Where a view looks: between pixels of any picture of it and places of the body.

use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::presentation::{Camera, CurvedPlane, Direction, ImagePlane, MAX_SIDE, Orientation, Side, Size};
use crate::session::command::Spot;
use crate::session::error::{Refusal, within};
use crate::session::state::{Axis, Kind, Shown, SlabKind};

/// Smallest and largest magnification.
pub(super) const ZOOM: std::ops::RangeInclusive<f64> = 0.02..=200.0;

/// A place from its numbers.
pub(super) fn point([x, y, z]: [f64; 3]) -> Point<Patient> {
    Point::new(x, y, z)
}

pub(super) fn numbers(place: Point<Patient>) -> [f64; 3] {
    place.xyz.into()
}

pub(super) fn vector([x, y, z]: [f64; 3]) -> Vector<Patient> {
    Vector::new(x, y, z)
}

pub(super) fn components(vector: Vector<Patient>) -> [f64; 3] {
    vector.xyz.into()
}

/// A map from its rows.
pub(super) fn map(rows: &[[f64; 4]; 3]) -> Affine<Patient, Patient> {
    let axis = |n: usize| Vector::new(rows[0][n], rows[1][n], rows[2][n]);
    Affine::from_axes(
        [axis(0), axis(1), axis(2)],
        Point::new(rows[0][3], rows[1][3], rows[2][3]),
    )
}

/// The rows of a map.
pub(super) fn rows(map: &Affine<Patient, Patient>) -> [[f64; 4]; 3] {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| match column {
            3 => map.origin[row],
            _ => map.linear[(row, column)],
        })
    })
}

/// The size of the picture that a spot was seen in.
///
/// # Errors
///
/// [`Refusal::Number`] for a picture without pixels or a place that is not finite.
pub(super) fn size_of(spot: Spot) -> Result<Size, Refusal> {
    let most = f64::from(MAX_SIDE);
    let side = |what, value: f64| within(what, "1 to 16384 pixels", 1.0..=most, value);
    within("the column", "a number", -1e7..=1e7, spot.x)?;
    within("the row", "a number", -1e7..=1e7, spot.y)?;
    Ok(Size {
        width: side("the picture's width", spot.width)? as u32,
        height: side("the picture's height", spot.height)? as u32,
    })
}

impl Axis {
    /// To the right, down, and away from the viewer.
    ///
    /// # Errors
    ///
    /// [`Refusal::Plane`] for a normal without direction.
    pub(super) fn axes(self) -> Result<[[f64; 3]; 3], Refusal> {
        let orientation = match self {
            Self::Axial => Orientation::Axial,
            Self::Coronal => Orientation::Coronal,
            Self::Sagittal => Orientation::Sagittal,
            Self::Normal(normal) => Orientation::Oblique(vector(normal)),
        };
        Ok(orientation.axes()?.map(components))
    }
}

impl SlabKind {
    pub(super) const fn kind(self) -> crate::render::ProjectionKind {
        use crate::render::ProjectionKind;
        match self {
            Self::Maximum => ProjectionKind::MAXIMUM,
            Self::Minimum => ProjectionKind::Minimum,
            Self::Mean => ProjectionKind::Mean,
            Self::Sum => ProjectionKind::Sum,
        }
    }
}

/// Axes of the pictures of a stack: those of its rows and columns; a positive step goes up the stack.
pub(super) fn stack_axes(grid: &Grid) -> [[f64; 3]; 3] {
    let (right, down) = (grid.row_direction(), grid.column_direction());
    [right, down, right.cross(down)].map(components)
}

/// Axes of a camera.
pub(super) fn looking_from(azimuth_rad: f64, elevation_rad: f64) -> [[f64; 3]; 3] {
    let direction = Direction {
        azimuth_rad,
        elevation_rad,
    };
    direction.axes().map(components)
}

impl Shown {
    pub(super) fn right(&self) -> Vector<Patient> {
        vector(self.axes[0])
    }

    pub(super) fn down(&self) -> Vector<Patient> {
        vector(self.axes[1])
    }

    pub(super) fn away(&self) -> Vector<Patient> {
        vector(self.axes[2])
    }

    pub(super) fn focus(&self) -> Point<Patient> {
        point(self.focus_mm)
    }

    /// The place that is marked and that others show.
    pub(super) fn crosshair(&self) -> Point<Patient> {
        point(self.crosshair_mm.unwrap_or(self.focus_mm))
    }

    /// Millimetres of a pixel in a picture of a size; `grid` is the lowest layer's.
    ///
    /// # Errors
    ///
    /// [`Refusal::Plane`] when the grid has no extent.
    pub(super) fn mm_per_pixel(&self, grid: &Grid, size: Size) -> Result<f64, Refusal> {
        let fitted = if self.kind.is_plane() {
            let [right, down] = [self.right(), self.down()];
            let center = grid.center();
            let half = |axis: Vector<Patient>| {
                let along = grid.corners().map(|corner| (corner - center).dot(axis).abs());
                along.into_iter().fold(0.0, f64::max)
            };
            let across = 2.0 * half(right) / f64::from(size.width);
            across.max(2.0 * half(down) / f64::from(size.height))
        } else {
            // The scale does not change while the body turns.
            let camera = Camera::fitted(Direction::default(), &[grid], size)?;
            camera.plane.mm_per_pixel()[0]
        };
        Ok(fitted / self.zoom)
    }

    /// The plane of a picture of a size, its middle at the focus.
    ///
    /// # Errors
    ///
    /// [`Refusal::Plane`] for a scale or a place that cannot be.
    pub(super) fn plane(&self, grid: &Grid, size: Size) -> Result<ImagePlane, Refusal> {
        self.plane_at(self.focus(), grid, size)
    }

    pub(super) fn plane_at(
        &self,
        middle: Point<Patient>,
        grid: &Grid,
        size: Size,
    ) -> Result<ImagePlane, Refusal> {
        if let Kind::Curved { .. } = self.kind {
            return Err(Refusal::NotShown {
                what: "a place or a movement",
                expected: "a flat picture",
                found: self.kind.title(),
            });
        }
        let mm = self.mm_per_pixel(grid, size)?;
        if !(mm.is_finite() && mm > 0.0) {
            return Err(crate::presentation::PlaneError::Scale(mm).into());
        }
        let half = |pixels: u32| (f64::from(pixels) - 1.0) / 2.0 * mm;
        let corner = middle + self.right() * -half(size.width) + self.down() * -half(size.height);
        let axes = [self.right(), self.down(), self.away()].map(|axis| axis * mm);
        Ok(ImagePlane {
            patient_from_plane: Affine::from_axes(axes, corner),
        })
    }

    /// The curved plane of a picture of a size: the whole curve in its width.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a view that is none, or a curve that cannot be.
    pub(super) fn curved(&self, size: Size) -> Result<CurvedPlane, Refusal> {
        let Kind::Curved {
            points_mm,
            down,
            straightened,
        } = &self.kind
        else {
            return Err(Refusal::NotShown {
                what: "a curve",
                expected: "a curved plane",
                found: self.kind.title(),
            });
        };
        let points: Vec<Point<Patient>> = points_mm.iter().map(|place| point(*place)).collect();
        let side = if *straightened {
            Side::Straightened(vector(*down))
        } else {
            Side::Fixed(vector(*down))
        };
        // Columns a tenth of a millimetre apart count the curve's length, to at most 1.6 m.
        let measured =
            |mm| CurvedPlane::along(&points, side, mm, 1).map(|plane| plane.columns().len() as f64 * mm);
        let length_mm = measured(0.1)?.max(measured(1.0)?);
        let mm = (length_mm / f64::from(size.width) / self.zoom).max(1e-3);
        Ok(CurvedPlane::along(&points, side, mm, size.height)?)
    }

    /// The place under a spot, on the plane through the focus; in tiles, on the slice of the tile.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a spot that cannot be.
    pub(super) fn place(&self, grid: &Grid, spot: Spot) -> Result<Point<Patient>, Refusal> {
        let size = size_of(spot)?;
        if let Kind::Curved { .. } = self.kind {
            let column = spot.x.round().clamp(0.0, f64::from(MAX_SIDE)) as usize;
            return self
                .curved(size)?
                .patient(column, spot.y)
                .ok_or(Refusal::NotShown {
                    what: "a place",
                    expected: "the curve under the pointer",
                    found: "its end",
                });
        }
        let Kind::Tiles { rows, columns } = self.kind else {
            return Ok(self.plane(grid, size)?.patient(spot.x, spot.y));
        };
        let (tile, [x, y], tile_size) = tile_at(size, [rows, columns], spot);
        let slice = self.slice(grid) + tile as usize;
        let last = grid.size()[2].saturating_sub(1);
        let middle = self.on_slice(grid, slice.min(last));
        Ok(self.plane_at(middle, grid, tile_size)?.patient(x, y))
    }

    /// Where a place is seen in a picture of a size, as a pixel: the nearest of the plane; in tiles, on that of the slice
    /// nearest to the place. `None` on a slice without a tile, and on curved planes.
    ///
    /// # Errors
    ///
    /// [`Refusal::Plane`] for a scale that cannot be.
    pub(super) fn pixel(
        &self,
        grid: &Grid,
        place: Point<Patient>,
        size: Size,
    ) -> Result<Option<[f64; 2]>, Refusal> {
        match self.kind {
            Kind::Curved { .. } => Ok(None),
            Kind::Tiles { rows, columns } => {
                let slice = grid.voxel(place)[2].round();
                let tile = slice - self.slice(grid) as f64;
                if !(0.0..f64::from(rows * columns)).contains(&tile) {
                    return Ok(None);
                }
                let panel = tile_size(size, [rows, columns]);
                let middle = self.on_slice(grid, slice as usize);
                let pixel = self.plane_at(middle, grid, panel)?.pixel(place);
                let tile = tile as u32;
                let left = f64::from(tile % columns * panel.width);
                let top = f64::from(tile / columns * panel.height);
                Ok(pixel.map(|[x, y]| [left + x, top + y]))
            }
            _ => Ok(self.plane(grid, size)?.pixel(place)),
        }
    }

    /// The slice of the lowest layer that the focus lies on, from 0, on the grid of that layer.
    #[must_use]
    pub fn slice(&self, grid: &Grid) -> usize {
        let last = grid.size()[2].saturating_sub(1);
        let along = grid.voxel(self.focus())[2].round();
        if along.is_finite() {
            along.clamp(0.0, last as f64) as usize
        } else {
            0
        }
    }

    /// The focus moved onto a slice, along the normal of the slices.
    pub(super) fn on_slice(&self, grid: &Grid, slice: usize) -> Point<Patient> {
        let at = grid.voxel(self.focus());
        let on = grid.patient(Point::new(at[0], at[1], slice as f64));
        let normal = self.away();
        self.focus() + normal * normal.dot(on - self.focus())
    }
}

/// Which tile of a picture a spot lies in, where in it, and the tiles' size.
fn tile_at(size: Size, [rows, columns]: [u32; 2], spot: Spot) -> (u32, [f64; 2], Size) {
    let tile = tile_size(size, [rows, columns]);
    let index = |at: f64, side: u32, count: u32| {
        let n = ((at + 0.5) / f64::from(side)).floor();
        n.clamp(0.0, f64::from(count - 1)) as u32
    };
    let column = index(spot.x, tile.width, columns);
    let row = index(spot.y, tile.height, rows);
    let within = [
        spot.x - f64::from(column * tile.width),
        spot.y - f64::from(row * tile.height),
    ];
    (row * columns + column, within, tile)
}

/// The size of one of rows and columns of tiles; what is left over stays empty.
pub(super) fn tile_size(size: Size, [rows, columns]: [u32; 2]) -> Size {
    Size {
        width: (size.width / columns.max(1)).max(1),
        height: (size.height / rows.max(1)).max(1),
    }
}
