//! How much light reaches the places of a volume: from all around, and from a lamp far away.
//!
//! The volume is taken as cells of a few voxels with their mean extinction. Along 14 directions of the cells
//! (6 faces, 8 corners) the light that reaches a cell is `exp(-integral of extinction(s) exp(-s / reach) ds)`,
//! where what lies beyond the next 20 mm hardly counts; a cell is open to the mean of them. Half a sphere is all
//! that a flat surface sees, so that twice the mean, at most 1, is what is kept: convex bodies stay as bright
//! as they are, pits darken. The light of a lamp is held back by all that lies on the way to it.
//!
//! Places are asked a little off their surface ([`Illumination::off_mm`]): a cell on it holds part of the body.

use crate::colormap::extinction_per_mm;
use crate::geometry::{Patient, Vector};
use crate::render::classify::LabelTable;
use crate::render::{Cancel, Classification, Error};
use crate::volume::Volume;

/// How far off other bodies darken a place, mm.
const REACH_MM: f32 = 20.0;
/// Most cells, about: finer ones would take longer than a picture.
const CELLS: f64 = 1e6;
/// Smallest side of a cell, voxels of the finest axis.
const FINEST: f64 = 2.0;

/// How much light reaches the places of a volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Illumination {
    size: [usize; 3],
    /// Voxels to a cell on each axis.
    voxels: [usize; 3],
    cell_mm: f32,
    open: Vec<u8>,
    lit: Vec<u8>,
}

impl Illumination {
    /// Works out how open the places of a volume are to what surrounds them, and to a lamp in direction
    /// `light` of the volume's patient space.
    ///
    /// Surfaces count as bodies of their opacity a millimetre; a gradient opacity and a tint do not count.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub fn of(
        volume: &Volume,
        classification: &Classification,
        light: Option<Vector<Patient>>,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let spacing_mm = volume.grid().spacing_mm();
        let (voxels, size) = cells(volume, spacing_mm);
        let sides_mm: [f32; 3] = std::array::from_fn(|axis| (spacing_mm[axis] * voxels[axis] as f64) as f32);
        let density = Density {
            size,
            sides_mm,
            per_mm: density(volume, classification, voxels, size, cancel)?,
        };
        let towards = light.map(|light| {
            let linear = volume.grid().voxel_from_patient().linear * light.xyz;
            std::array::from_fn(|axis| (linear[axis] / voxels[axis] as f64) as f32)
        });
        let lit = match towards {
            Some(towards) => density.lit(towards, cancel)?,
            None => vec![1.0; density.per_mm.len()],
        };
        let of_255 = |part: f32| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        Ok(Self {
            size,
            voxels,
            cell_mm: sides_mm.iter().copied().fold(0.0, f32::max),
            open: density.open(cancel)?.into_iter().map(of_255).collect(),
            lit: lit.into_iter().map(of_255).collect(),
        })
    }

    /// How far off a surface, towards the viewer, light is to be asked for, mm.
    #[must_use]
    pub fn off_mm(&self) -> f32 {
        1.25 * self.cell_mm
    }

    /// Cells a side.
    #[must_use]
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Voxels to a cell on each axis: the middle of cell `c` is at `voxels (c + 1/2) - 1/2`.
    #[must_use]
    pub fn voxels(&self) -> [usize; 3] {
        self.voxels
    }

    /// How open cells are to what surrounds them, in 255ths, columns fastest.
    #[must_use]
    pub fn open(&self) -> &[u8] {
        &self.open
    }

    /// How much of the lamp's light reaches cells, in 255ths.
    #[must_use]
    pub fn lit(&self) -> &[u8] {
        &self.lit
    }

    /// Both at a voxel coordinate, 0 to 1, straight between the cells' middles, held to the outermost.
    #[must_use]
    pub fn at(&self, voxel: [f32; 3]) -> [f32; 2] {
        let mut base = [0; 3];
        let mut part = [0.0; 3];
        for axis in 0..3 {
            let place = (voxel[axis] + 0.5) / self.voxels[axis] as f32 - 0.5;
            let last = self.size[axis] - 1;
            let place = place.clamp(0.0, last as f32);
            base[axis] = (place as usize).min(last.saturating_sub(1));
            part[axis] = place - base[axis] as f32;
        }
        let [columns, rows, _] = self.size;
        let mut sums = [0.0; 2];
        for corner in 0..8usize {
            let mut weight = 1.0;
            let mut index = [0; 3];
            for axis in 0..3 {
                let ahead = corner >> axis & 1;
                weight *= if ahead == 1 { part[axis] } else { 1.0 - part[axis] };
                index[axis] = (base[axis] + ahead).min(self.size[axis] - 1);
            }
            let cell = (index[2] * rows + index[1]) * columns + index[0];
            sums[0] += weight * f32::from(self.open[cell]);
            sums[1] += weight * f32::from(self.lit[cell]);
        }
        sums.map(|sum| sum / 255.0)
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.open.len() + self.lit.len()
    }
}

/// Voxels to a cell on each axis, and cells a side.
fn cells(volume: &Volume, spacing_mm: [f64; 3]) -> ([usize; 3], [usize; 3]) {
    let size = volume.grid().size();
    let volume_mm3: f64 = (0..3).map(|axis| spacing_mm[axis] * size[axis] as f64).product();
    let finest_mm = spacing_mm.into_iter().fold(f64::INFINITY, f64::min);
    let side_mm = (volume_mm3 / CELLS).cbrt().max(FINEST * finest_mm);
    let voxels: [usize; 3] =
        std::array::from_fn(|axis| ((side_mm / spacing_mm[axis]).round() as usize).clamp(1, size[axis]));
    let count = std::array::from_fn(|axis| size[axis].div_ceil(voxels[axis]));
    (voxels, count)
}

/// Mean extinction of the cells, per mm: of two voxels along each axis, eight in all.
fn density(
    volume: &Volume,
    classification: &Classification,
    voxels: [usize; 3],
    size: [usize; 3],
    cancel: &Cancel,
) -> Result<Vec<f32>, Error> {
    let extinction = Extinction::new(classification);
    let [columns, rows, slices] = volume.grid().size();
    let near = |cell: usize, axis: usize, last: usize| {
        [1, 3].map(|quarter| (cell * voxels[axis] + voxels[axis] * quarter / 4).min(last - 1))
    };
    let layer = |z: usize| {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let mut cells = Vec::with_capacity(size[0] * size[1]);
        for y in 0..size[1] {
            for x in 0..size[0] {
                let mut sum = 0.0;
                for k in near(z, 2, slices) {
                    for j in near(y, 1, rows) {
                        for i in near(x, 0, columns) {
                            sum += extinction.of(volume, (k * rows + j) * columns + i);
                        }
                    }
                }
                cells.push(sum / 8.0);
            }
        }
        Ok(cells)
    };
    #[cfg(feature = "parallel")]
    let layers: Result<Vec<Vec<f32>>, Error> = {
        use rayon::prelude::*;
        (0..size[2]).into_par_iter().map(layer).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let layers: Result<Vec<Vec<f32>>, Error> = (0..size[2]).map(layer).collect();
    Ok(layers?.concat())
}

/// Extinction by stored value, as a table.
enum Extinction {
    Values {
        low: f32,
        per_value: f32,
        table: Vec<f32>,
    },
    Labels(Vec<f32>),
}

/// Entries of the table over values.
const ENTRIES: usize = 1024;

impl Extinction {
    fn new(classification: &Classification) -> Self {
        let of_value: Box<dyn Fn(f64) -> f64> = match classification {
            Classification::Labels(labels) => {
                let styles = LabelTable::new(labels).styles().to_vec();
                let per_mm = |style: [f32; 4]| extinction_per_mm(f64::from(style[3]), 1.0) as f32;
                return Self::Labels(styles.into_iter().map(per_mm).collect());
            }
            Classification::Tissue { transfer, .. } => Box::new(|value| transfer.extinction_per_mm(value)),
            Classification::Surfaces(surfaces) => Box::new(|value| {
                let reached = surfaces.iter().filter(|surface| value >= surface.threshold);
                let opacities = reached.map(|surface| surface.opacity);
                extinction_per_mm(opacities.fold(0.0, f64::max), 1.0)
            }),
        };
        let places: Vec<f64> = match classification {
            Classification::Tissue { transfer, .. } => {
                transfer.opacity().points().iter().map(|point| point.0).collect()
            }
            Classification::Surfaces(surfaces) => surfaces.iter().map(|surface| surface.threshold).collect(),
            Classification::Labels(_) => Vec::new(),
        };
        let low = places.iter().copied().fold(f64::INFINITY, f64::min).max(-1e6);
        let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max).min(1e6);
        let width = (high - low).max(1e-3) * 1.001;
        let low = if low.is_finite() { low } else { 0.0 } - 0.0005 * width;
        let entry = |n: usize| of_value(low + width * (n as f64 + 0.5) / ENTRIES as f64) as f32;
        Self::Values {
            low: low as f32,
            per_value: (ENTRIES as f64 / width) as f32,
            table: (0..ENTRIES).map(entry).collect(),
        }
    }

    #[inline(always)]
    fn of(&self, volume: &Volume, index: usize) -> f32 {
        let stored = volume.voxels().get(index).unwrap_or(f64::NAN);
        match self {
            Self::Values {
                low,
                per_value,
                table,
            } => {
                let value = volume.rescale().real(stored) as f32;
                if value.is_nan() {
                    return 0.0;
                }
                table[(((value - low) * per_value) as usize).min(ENTRIES - 1)]
            }
            Self::Labels(table) => table[(stored as usize).min(table.len() - 1)],
        }
    }
}

/// Mean extinctions of cells.
struct Density {
    size: [usize; 3],
    sides_mm: [f32; 3],
    per_mm: Vec<f32>,
}

impl Density {
    /// Twice the light that reaches each cell from all around, on average.
    fn open(&self, cancel: &Cancel) -> Result<Vec<f32>, Error> {
        let faces =
            [0, 1, 2].map(|axis| [-1, 1].map(|side| [0, 1, 2].map(|a| if a == axis { side } else { 0 })));
        let corners = (0..8).map(|n| [0, 1, 2].map(|axis| if n >> axis & 1 == 1 { 1 } else { -1 }));
        let directions: Vec<[isize; 3]> = faces.into_iter().flatten().chain(corners).collect();
        let along = |direction: &[isize; 3]| {
            let stop = cancel.is_cancelled();
            (!stop).then(|| self.from(*direction)).ok_or(Error::Cancelled)
        };
        #[cfg(feature = "parallel")]
        let all: Result<Vec<Vec<f32>>, Error> = {
            use rayon::prelude::*;
            directions.par_iter().map(along).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let all: Result<Vec<Vec<f32>>, Error> = directions.iter().map(along).collect();
        let mut open = vec![0.0; self.per_mm.len()];
        for light in all? {
            for (open, light) in open.iter_mut().zip(light) {
                *open += light * (2.0 / 14.0);
            }
        }
        Ok(open)
    }

    /// The light that reaches each cell from one side: a sweep that begins there.
    fn from(&self, direction: [isize; 3]) -> Vec<f32> {
        let [columns, rows, slices] = self.size;
        let length_mm = (0..3)
            .map(|axis| (direction[axis] as f32 * self.sides_mm[axis]).powi(2))
            .sum::<f32>()
            .sqrt();
        let fade = (-length_mm / REACH_MM).exp();
        let mut depths = vec![0.0f32; self.per_mm.len()];
        let order = |count: usize, side: isize| -> Box<dyn Iterator<Item = usize>> {
            if side > 0 {
                Box::new((0..count).rev())
            } else {
                Box::new(0..count)
            }
        };
        let next = |at: usize, side: isize, count: usize| {
            let to = at as isize + side;
            (0..count as isize).contains(&to).then_some(to as usize)
        };
        for k in order(slices, direction[2]) {
            for j in order(rows, direction[1]) {
                let (Some(from_k), Some(from_j)) =
                    (next(k, direction[2], slices), next(j, direction[1], rows))
                else {
                    continue;
                };
                for i in order(columns, direction[0]) {
                    let Some(from_i) = next(i, direction[0], columns) else {
                        continue;
                    };
                    let before = (from_k * rows + from_j) * columns + from_i;
                    let here = (k * rows + j) * columns + i;
                    depths[here] = fade * (depths[before] + self.per_mm[before] * length_mm);
                }
            }
        }
        for depth in &mut depths {
            *depth = crate::render::classify::passing(*depth);
        }
        depths
    }

    /// The light of a far lamp that reaches each cell; `towards` it in cells.
    fn lit(&self, towards: [f32; 3], cancel: &Cancel) -> Result<Vec<f32>, Error> {
        let main = (0..3)
            .max_by(|a, b| towards[*a].abs().total_cmp(&towards[*b].abs()))
            .unwrap_or(0);
        let step = towards.map(|part| part / towards[main].abs());
        let length_mm = (0..3)
            .map(|axis| (step[axis] * self.sides_mm[axis]).powi(2))
            .sum::<f32>()
            .sqrt();
        let (u, v) = ((main + 1) % 3, (main + 2) % 3);
        let strides = [1, self.size[0], self.size[0] * self.size[1]];
        let mut depths = vec![0.0f32; self.per_mm.len()];
        let count = self.size[main];
        for n in 1..count {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            // The layer next to the lamp comes first.
            let (layer, before) = if step[main] > 0.0 {
                (count - 1 - n, count - n)
            } else {
                (n, n - 1)
            };
            for b in 0..self.size[v] {
                for a in 0..self.size[u] {
                    let (x, y) = (a as f32 + step[u], b as f32 + step[v]);
                    let (i, j) = (x.floor(), y.floor());
                    let mut depth = 0.0;
                    for corner in 0..4 {
                        let (ahead_u, ahead_v) = ((corner & 1) as f32, (corner >> 1) as f32);
                        let weight = (1.0 - (x - i - ahead_u).abs()) * (1.0 - (y - j - ahead_v).abs());
                        let (at_u, at_v) = ((i + ahead_u) as isize, (j + ahead_v) as isize);
                        let inside = (0..self.size[u] as isize).contains(&at_u)
                            && (0..self.size[v] as isize).contains(&at_v);
                        if inside {
                            let from = before * strides[main]
                                + at_u as usize * strides[u]
                                + at_v as usize * strides[v];
                            depth += weight * (depths[from] + self.per_mm[from] * length_mm);
                        }
                    }
                    depths[layer * strides[main] + a * strides[u] + b * strides[v]] = depth;
                }
            }
        }
        Ok(depths.into_iter().map(crate::render::classify::passing).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Illumination;
    use crate::geometry::{Affine, Grid, Patient, Point, Vector};
    use crate::render::{Cancel, Classification, Surface};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    /// A body of 1 mm voxels about the origin, solid where `is_there`.
    fn body(is_there: impl Fn([f64; 3]) -> bool, light: Option<Vector<Patient>>) -> (Illumination, Volume) {
        const N: usize = 80;
        let axes = [0, 1, 2].map(|axis| Vector::from([0, 1, 2].map(|n| if n == axis { 1.0 } else { 0.0 })));
        let corner = -(N as f64 - 1.0) / 2.0;
        let grid = Grid::new([N; 3], Affine::from_axes(axes, Point::from([corner; 3]))).unwrap();
        let voxels = (0..N * N * N)
            .map(|n| [n % N, n / N % N, n / (N * N)].map(|at| at as f64 + corner))
            .map(|place| if is_there(place) { 1000i16 } else { 0 })
            .collect();
        let volume = Volume::new(grid, Voxels::I16(voxels), Rescale::IDENTITY, Unit::Counts).unwrap();
        let solid = Classification::Surfaces(vec![Surface {
            threshold: 500.0,
            color: [255; 3],
            opacity: 0.9,
        }]);
        let made = Illumination::of(&volume, &solid, light, &Cancel::new()).unwrap();
        (made, volume)
    }

    /// Openness and light at a place, mm.
    fn at(made: &(Illumination, Volume), place: [f64; 3]) -> [f32; 2] {
        let voxel = made.1.grid().voxel(Point::from(place));
        made.0.at([voxel[0] as f32, voxel[1] as f32, voxel[2] as f32])
    }

    fn norm(place: [f64; 3]) -> f64 {
        place.iter().map(|part| part * part).sum::<f64>().sqrt()
    }

    #[test]
    fn a_convex_body_stays_as_it_is() {
        let ball = body(|place| norm(place) < 20.0, None);
        let off = 20.0 + f64::from(ball.0.off_mm());
        for direction in [
            [1.0, 0.0, 0.0],
            [0.0, -1.0, 0.0],
            [0.6, 0.8, 0.0],
            [0.577, -0.577, 0.577],
        ] {
            let [open, lit] = at(&ball, direction.map(|part| part * off));
            assert!(open > 0.97 && lit == 1.0, "{direction:?}: {open}");
        }
        let flat = body(|place| place[2] < 0.0, None);
        let [open, _] = at(&flat, [0.0, 0.0, f64::from(flat.0.off_mm())]);
        assert!(open > 0.97, "{open}");
    }

    #[test]
    fn a_pit_is_dark_the_deeper_the_darker() {
        let pit = |place: [f64; 3]| place[2] < 0.0 && !(place[0].hypot(place[1]) < 6.0 && place[2] > -25.0);
        let made = body(pit, None);
        let open = [2.0, -5.0, -12.0, -20.0].map(|z| at(&made, [0.0, 0.0, z])[0]);
        assert!(open[1] < open[0] && open[2] < open[1], "{open:?}");
        // At last the only direction left is the one straight up.
        assert!(open[3] <= open[2], "{open:?}");
        assert!(open[0] > 0.9 && open[3] < 0.4, "{open:?}");
        assert!(at(&made, [0.0, 0.0, -35.0])[0] < 0.2);
    }

    #[test]
    fn shadows_fall_away_from_the_lamp() {
        for light in [
            [1.0, 0.0, 0.0],
            [-1.0, 0.2, 0.1],
            [0.3, 0.2, -2.0],
            [0.0, 5.0, 0.0],
        ] {
            let ball = body(|place| norm(place) < 10.0, Some(Vector::from(light)));
            let unit = light.map(|part| part / norm(light));
            let towards = at(&ball, unit.map(|part| part * 16.0))[1];
            let behind = at(&ball, unit.map(|part| part * -22.0))[1];
            assert!(towards > 0.97 && behind < 0.05, "{light:?}: {towards}, {behind}");
            let side = Vector::<Patient>::from(unit)
                .cross(Vector::new(0.1, 0.7, 0.71))
                .normalized()
                .unwrap();
            let aside = at(&ball, (side * 18.0).xyz.into())[1];
            assert!(aside > 0.97, "{light:?}: {aside}");
        }
    }
}
