//! Images that make no volume as pictures: drawn here, from real values or colours, on the processor.
//!
//! A [`Sheet`] is an image with smaller copies of it, each half as large as the one before, so that a radiograph of
//! nine million pixels is drawn as fast as a small one and nothing of it is skipped. Values are sampled first and become
//! grey then; at one pixel a pixel the picture is the one that [`Planar::display`] gives.

use std::sync::Arc;

use crate::colormap::{ColorMap, Window};
use crate::dicom::presentation_state::Shutter;
use crate::dicom::read::planar::{Curve, Pixels, Planar};
use crate::geometry::{Grid, Point};
use crate::presentation::{ImagePlane, Size};
use crate::render::{Image, Sharpening, for_each_band, sharpen};
use crate::session::shutter::cover;
use crate::session::source::PlanarImage;

/// The smallest copy has sides of at most so many pixels.
const SMALLEST_SIDE: u32 = 64;
/// Rows of a picture that are drawn by one worker.
const BAND_ROWS: usize = 16;

/// An image ready to be drawn.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) image: Arc<PlanarImage>,
    /// Real values or colours; the first as large as the image. None for one whose colours depend on the window.
    levels: Vec<Level<Samples>>,
    /// How much of each pixel overlays cover, 0 to 255.
    overlays: Vec<Level<Vec<u8>>>,
}

#[derive(Debug)]
struct Level<T> {
    /// Columns and rows.
    size: [u32; 2],
    samples: T,
}

#[derive(Debug)]
enum Samples {
    Grey(Vec<f32>),
    /// Red, green, blue.
    Rgb(Vec<u8>),
}

/// How an image is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    /// Real values to grey; none for what its maker says.
    pub(super) curve: Option<Curve>,
    /// Grey to colours.
    pub(super) colors: ColorMap,
    /// Whether values between pixels are made.
    pub(super) is_interpolated: bool,
    /// How much is sharpened, 0 (not) to 10.
    pub(super) sharpening: f64,
    /// Whether overlays are laid over it.
    pub(super) has_overlays: bool,
    /// What is covered, where it is not what its maker covers.
    pub(super) shutter: Option<Arc<Shutter>>,
}

/// An image, how it is shown, and which part of it.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    pub(super) sheet: Arc<Sheet>,
    pub(super) look: Look,
    /// Where pixels of the picture lie on the image: column and row of the first one, and the steps to its neighbours to
    /// the right and below.
    pub(super) place: Place,
    pub(super) size: Size,
}

impl PartialEq for Drawing {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.sheet, &other.sheet)
            && self.look == other.look
            && self.place == other.place
            && self.size == other.size
    }
}

/// Where pixels of a picture lie on an image, in columns and rows; whole numbers are centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) first: [f64; 2],
    pub(super) right: [f64; 2],
    pub(super) down: [f64; 2],
}

impl Place {
    /// Of a plane on the slices of a grid.
    pub(super) fn of(plane: &ImagePlane, grid: &Grid) -> Self {
        let at = |x: f64, y: f64| {
            let at = grid.voxel(plane.patient(x, y));
            [at[0], at[1]]
        };
        let first = at(0.0, 0.0);
        let step = |to: [f64; 2]| [to[0] - first[0], to[1] - first[1]];
        Self {
            first,
            right: step(at(1.0, 0.0)),
            down: step(at(0.0, 1.0)),
        }
    }

    pub(super) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        [0, 1].map(|axis| self.first[axis] + self.right[axis] * x + self.down[axis] * y)
    }

    /// How many pixels of the image one of the picture covers each way, the larger of both.
    fn reduction(&self) -> f64 {
        let length = |[x, y]: [f64; 2]| x.hypot(y);
        length(self.right).max(length(self.down))
    }
}

impl Sheet {
    pub(super) fn new(image: Arc<PlanarImage>) -> Self {
        let planar = &image.planar;
        let size = planar.size();
        let first = if planar.has_supplement() {
            None
        } else {
            samples(planar, None)
        };
        let levels = first.map_or_else(Vec::new, |samples| pyramid(size, samples, Samples::halved));
        let covered = covered(planar);
        let overlays = covered.map_or_else(Vec::new, |covered| {
            pyramid(size, covered, |covered, size| halved_bytes(covered, size, 1))
        });
        Self {
            image,
            levels,
            overlays,
        }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let pixels = self
            .image
            .planar
            .size()
            .map(|side| side as usize)
            .iter()
            .product::<usize>();
        // The stored values, f32 of them or three bytes, and a third more for smaller copies.
        pixels * 8 + if self.overlays.is_empty() { 0 } else { pixels * 2 }
    }

    pub(super) fn is_colour(&self) -> bool {
        self.image.planar.is_colour()
    }

    /// The real value of a pixel.
    pub(super) fn value(&self, column: i64, row: i64) -> Option<f64> {
        let [column, row] = [u32::try_from(column).ok()?, u32::try_from(row).ok()?];
        self.image.planar.value(column, row)
    }

    /// Red, green and blue of a pixel.
    pub(super) fn rgb(&self, column: i64, row: i64) -> Option<[u8; 3]> {
        let [columns, rows] = self.image.planar.size().map(i64::from);
        if !(0..columns).contains(&column) || !(0..rows).contains(&row) {
            return None;
        }
        let at = (row * columns + column) as usize * 3;
        match &self.levels.first()?.samples {
            Samples::Rgb(bytes) => bytes.get(at..at + 3)?.try_into().ok(),
            Samples::Grey(_) => None,
        }
    }

    /// All real values in reading order; none for colours.
    pub(super) fn values(&self) -> Option<Vec<f32>> {
        match self.levels.first().map(|level| &level.samples) {
            Some(Samples::Grey(values)) => Some(values.clone()),
            Some(Samples::Rgb(_)) => None,
            None => self.image.planar.values(),
        }
    }
}

/// The pixels as they are sampled: real values, or colours.
fn samples(planar: &Planar, curve: Option<&Curve>) -> Option<Samples> {
    if let (Some(values), false) = (planar.values(), planar.has_supplement()) {
        return Some(Samples::Grey(values));
    }
    match planar.display(curve).pixels {
        Pixels::Rgb(bytes) => Some(Samples::Rgb(bytes)),
        Pixels::Grey(_) => None,
    }
}

/// Which pixels overlays cover; none where there is no overlay.
fn covered(planar: &Planar) -> Option<Vec<u8>> {
    let [columns, rows] = planar.size();
    let mut picture = crate::dicom::read::planar::Picture {
        width: columns,
        height: rows,
        pixels: Pixels::Grey(vec![0; columns as usize * rows as usize]),
    };
    for overlay in planar.overlays() {
        picture.burn(overlay, 255);
    }
    match picture.pixels {
        Pixels::Grey(bytes) if !planar.overlays().is_empty() => Some(bytes),
        _ => None,
    }
}

/// An image and its smaller copies.
fn pyramid<T>(size: [u32; 2], first: T, halved: impl Fn(&T, [u32; 2]) -> T) -> Vec<Level<T>> {
    let mut levels = vec![Level { size, samples: first }];
    loop {
        let last = &levels[levels.len() - 1];
        if last.size.iter().all(|side| *side <= SMALLEST_SIDE) {
            return levels;
        }
        let samples = halved(&last.samples, last.size);
        let size = last.size.map(|side| side.div_ceil(2));
        levels.push(Level { size, samples });
    }
}

impl Samples {
    fn halved(&self, size: [u32; 2]) -> Self {
        match self {
            Self::Rgb(bytes) => Self::Rgb(halved_bytes(bytes, size, 3)),
            Self::Grey(values) => {
                let [columns, rows] = size.map(|side| side as usize);
                let mut half = Vec::with_capacity(columns.div_ceil(2) * rows.div_ceil(2));
                for row in (0..rows).step_by(2) {
                    let [upper, lower] =
                        [row, (row + 1).min(rows - 1)].map(|row| &values[row * columns..][..columns]);
                    for column in (0..columns).step_by(2) {
                        let next = (column + 1).min(columns - 1);
                        half.push((upper[column] + upper[next] + lower[column] + lower[next]) / 4.0);
                    }
                }
                Self::Grey(half)
            }
        }
    }
}

fn halved_bytes(bytes: &[u8], size: [u32; 2], parts: usize) -> Vec<u8> {
    let [columns, rows] = size.map(|side| side as usize);
    let mut half = Vec::with_capacity(columns.div_ceil(2) * rows.div_ceil(2) * parts);
    for row in (0..rows).step_by(2) {
        let [upper, lower] =
            [row, (row + 1).min(rows - 1)].map(|row| &bytes[row * columns * parts..][..columns * parts]);
        for column in (0..columns).step_by(2) {
            let next = (column + 1).min(columns - 1);
            for part in 0..parts {
                let sum: u32 = [upper, lower]
                    .iter()
                    .flat_map(|row| [row[column * parts + part], row[next * parts + part]])
                    .map(u32::from)
                    .sum();
                half.push(((sum + 2) / 4) as u8);
            }
        }
    }
    half
}

impl Drawing {
    /// Makes the picture; what lies beside the image is black.
    pub(super) fn draw(&self) -> Image {
        let planar = &self.sheet.image.planar;
        let own = self.sheet.levels.is_empty().then(|| {
            let samples = samples(planar, self.look.curve.as_ref())?;
            Some(pyramid(planar.size(), samples, Samples::halved))
        });
        let own = own.flatten();
        let levels = own.as_deref().unwrap_or(&self.sheet.levels);
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut image = Image {
            width: self.size.width,
            height: self.size.height,
            rgba: [0, 0, 0, 255].repeat(width * height),
        };
        let Some((level, n)) = chosen(levels, self.place.reduction()) else {
            return image;
        };
        let pixels: &mut [[u8; 4]] = bytemuck::cast_slice_mut(&mut image.rgba);
        match &level.samples {
            Samples::Grey(values) => self.grey(values, level.size, n, pixels),
            Samples::Rgb(bytes) => self.colour(bytes, level.size, n, pixels),
        }
        if self.look.has_overlays
            && let Some((level, n)) = chosen(&self.sheet.overlays, self.place.reduction())
        {
            self.overlay(&level.samples, level.size, n, pixels);
        }
        // The reader's goes before its maker's.
        if let Some(shutter) = self.look.shutter.as_deref().or(self.sheet.image.shutter.as_ref()) {
            cover(&mut image, &self.place, shutter);
        }
        image
    }

    /// Calls `paint` with each pixel of the picture that lies on the image, and its place on a smaller copy of it.
    fn each<T: Send>(&self, n: u32, pixels: &mut [T], paint: impl Fn(&mut T, [f64; 2]) + Send + Sync) {
        let [columns, rows] = self.sheet.image.planar.size().map(f64::from);
        let scale = f64::from(n).exp2();
        for_each_band(pixels, self.size, BAND_ROWS, |first, band| {
            for (y, row) in (first..).zip(band.chunks_mut(self.size.width as usize)) {
                for (x, pixel) in row.iter_mut().enumerate() {
                    let [column, row] = self.place.at(x as f64, f64::from(y));
                    if (-0.5..columns - 0.5).contains(&column) && (-0.5..rows - 0.5).contains(&row) {
                        paint(pixel, [column, row].map(|at| (at + 0.5) / scale - 0.5));
                    }
                }
            }
        });
    }

    fn grey(&self, values: &[f32], size: [u32; 2], n: u32, pixels: &mut [[u8; 4]]) {
        let columns = size[0] as usize;
        let width = self.size.width as usize;
        let mut sampled = vec![f32::NAN; pixels.len()];
        let value = |[column, row]: [usize; 2]| f64::from(values[row * columns + column]);
        if self.look.is_interpolated {
            self.each(n, &mut sampled, |sampled, at| {
                let (corners, weights) = around(at, size);
                *sampled = mixed(corners.map(value), weights) as f32;
            });
        } else {
            self.each(n, &mut sampled, |sampled, at| {
                *sampled = value(nearest(at, size)) as f32;
            });
        }
        if self.look.sharpening > 0.0 {
            let sharpening = Sharpening {
                amount: self.look.sharpening,
                radius_pixels: 1,
            };
            sharpen(&mut sampled, width, sharpening);
        }
        let planar = &self.sheet.image.planar;
        let curve = self.look.curve.clone().unwrap_or_else(|| planar.default_curve());
        let is_inverse = planar.is_inverse();
        for_each_band(pixels, self.size, BAND_ROWS, |first, band| {
            let sampled = &sampled[first as usize * width..][..band.len()];
            for (pixel, value) in band.iter_mut().zip(sampled).filter(|(_, value)| !value.is_nan()) {
                let fraction = curve.fraction(f64::from(*value));
                let fraction = if is_inverse { 1.0 - fraction } else { fraction };
                pixel[..3].copy_from_slice(&self.look.colors.color(fraction));
            }
        });
    }

    fn colour(&self, bytes: &[u8], size: [u32; 2], n: u32, pixels: &mut [[u8; 4]]) {
        let columns = size[0] as usize;
        // A palette turned round turns colours round.
        let is_inverted = self.look.colors == ColorMap::gray_inverted();
        self.each(n, pixels, |pixel, at| {
            let (corners, weights) = around(at, size);
            for part in 0..3 {
                let value = |[column, row]: [usize; 2]| f64::from(bytes[(row * columns + column) * 3 + part]);
                let shown = if self.look.is_interpolated {
                    mixed(corners.map(value), weights)
                } else {
                    value(nearest(at, size))
                };
                let shown = if is_inverted { 255.0 - shown } else { shown };
                pixel[part] = (shown + 0.5) as u8;
            }
        });
    }

    fn overlay(&self, covered: &[u8], size: [u32; 2], n: u32, pixels: &mut [[u8; 4]]) {
        let columns = size[0] as usize;
        self.each(n, pixels, |pixel, at| {
            let (corners, weights) = around(at, size);
            let covered = corners.map(|[column, row]| f64::from(covered[row * columns + column]));
            let share = mixed(covered, weights) / 255.0;
            if share > 0.0 {
                for part in &mut pixel[..3] {
                    *part = (f64::from(*part) * (1.0 - share) + 255.0 * share + 0.5) as u8;
                }
            }
        });
    }
}

/// The copy whose pixels are about as large as those of the picture, and how often it was halved.
fn chosen<T>(levels: &[Level<T>], reduction: f64) -> Option<(&Level<T>, u32)> {
    let last = levels.len().checked_sub(1)?;
    let n = (reduction.max(1.0).log2() + 0.5).floor().clamp(0.0, last as f64) as usize;
    Some((&levels[n], n as u32))
}

/// The four pixels around a place (upper left, upper right, lower left, lower right), and how far it lies from the first.
fn around([column, row]: [f64; 2], [columns, rows]: [u32; 2]) -> ([[usize; 2]; 4], [f64; 2]) {
    let along = |at: f64, count: u32| {
        let at = at.clamp(0.0, f64::from(count - 1));
        let low = at.floor();
        (low as usize, (low as usize + 1).min(count as usize - 1), at - low)
    };
    let (left, right, u) = along(column, columns);
    let (upper, lower, v) = along(row, rows);
    (
        [[left, upper], [right, upper], [left, lower], [right, lower]],
        [u, v],
    )
}

fn mixed([a, b, c, d]: [f64; 4], [u, v]: [f64; 2]) -> f64 {
    // Exact where a place is a pixel's centre.
    let across = |a: f64, b: f64| if u == 0.0 { a } else { a + (b - a) * u };
    let (upper, lower) = (across(a, b), across(c, d));
    if v == 0.0 {
        upper
    } else {
        upper + (lower - upper) * v
    }
}

fn nearest(at: [f64; 2], size: [u32; 2]) -> [usize; 2] {
    [0, 1].map(|axis| (at[axis] + 0.5).floor().clamp(0.0, f64::from(size[axis] - 1)) as usize)
}

/// The window of a curve, for panels and to begin a change with: that of a table spans its values.
pub(super) fn window_of(curve: &Curve) -> Window {
    match curve {
        Curve::Window(window) => *window,
        Curve::Table(table) => {
            let first = f64::from(table.first());
            Window::between(first, first + table.entries().len() as f64 - 1.0)
        }
    }
}

/// A place of the image as columns and rows, on the slice of a grid.
pub(super) fn on_image(grid: &Grid, place: Point<crate::geometry::Patient>) -> [f64; 2] {
    let at = grid.voxel(place);
    [at[0], at[1]]
}
