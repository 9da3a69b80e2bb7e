//! Pictures made of others: drafts while something moves, stills without noise, a lens.
//!
//! They work on any renderer, so both backends share them.

use crate::presentation::{ImagePlane, Size};
use crate::render::{Cancel, DrawnAs, Error, Image, Renderer, Scene, View, Volumes};

/// The mean of pictures of one scene that differ in [`crate::render::Quality::jitter`]: rings and noise of a
/// single one fade, while the first is shown at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accumulation {
    width: u32,
    height: u32,
    sums: Vec<u32>,
    pictures: u32,
}

impl Accumulation {
    /// No pictures of a size yet.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            width: size.width,
            height: size.height,
            sums: vec![0; size.width as usize * size.height as usize * 4],
            pictures: 0,
        }
    }

    /// How many pictures there are: the jitter of the next.
    #[must_use]
    pub fn pictures(&self) -> u32 {
        self.pictures
    }

    /// Adds a picture; one of another size begins anew.
    pub fn add(&mut self, image: &Image) {
        if (image.width, image.height) != (self.width, self.height) || self.pictures >= u32::MAX / 256 {
            *self = Self::new(Size {
                width: image.width,
                height: image.height,
            });
        }
        for (sum, part) in self.sums.iter_mut().zip(&image.rgba) {
            *sum += u32::from(*part);
        }
        self.pictures += 1;
    }

    /// The mean so far; black without pictures.
    #[must_use]
    pub fn image(&self) -> Image {
        let count = self.pictures.max(1);
        let mean = |sum: &u32| ((sum + count / 2) / count) as u8;
        Image {
            width: self.width,
            height: self.height,
            rgba: self.sums.iter().map(mean).collect(),
        }
    }
}

/// Gives the mean of `passes` pictures of a scene.
///
/// # Errors
///
/// As [`Renderer::render_until`].
pub fn still(
    renderer: &mut dyn Renderer,
    scene: &Scene,
    volumes: &Volumes,
    size: Size,
    passes: u32,
    cancel: &Cancel,
) -> Result<Image, Error> {
    if passes <= 1 {
        return renderer.render_until(scene, volumes, size, cancel);
    }
    let mut jittered = scene.clone();
    let mut accumulation = None;
    for pass in 0..passes {
        jittered.quality.jitter = Some(pass);
        let image = renderer.render_until(&jittered, volumes, size, cancel)?;
        accumulation
            .get_or_insert_with(|| Accumulation::new(size))
            .add(&image);
    }
    Ok(accumulation.expect("at least two passes").image())
}

/// Gives a picture of every `divisor`-th pixel each way, enlarged to `size`: what is shown while things move.
///
/// A plane that follows a curve is drawn in full.
///
/// # Errors
///
/// As [`Renderer::render_until`].
pub fn draft(
    renderer: &mut dyn Renderer,
    scene: &Scene,
    volumes: &Volumes,
    size: Size,
    divisor: u32,
    cancel: &Cancel,
) -> Result<Image, Error> {
    let divisor = divisor.clamp(1, 16);
    let coarse = Size {
        width: size.width.div_ceil(divisor),
        height: size.height.div_ceil(divisor),
    };
    let mut coarser = scene.clone();
    let factor = f64::from(divisor);
    // The centre of a block of pixels is half a block from its first pixel's edge.
    let middle = (factor - 1.0) / 2.0;
    let has_plane = map_plane(&mut coarser.view, |plane| {
        let corner = plane.patient(middle, middle);
        let mut plane = plane.magnified(0.0, 0.0, 1.0 / factor);
        plane.patient_from_plane.origin = corner.xyz;
        plane
    });
    if divisor == 1 || !has_plane {
        return renderer.render_until(scene, volumes, size, cancel);
    }
    keep_parts(&mut coarser, factor, [middle; 2]);
    for layer in &mut coarser.layers {
        if let DrawnAs::Contours(contours) = &mut layer.drawn_as {
            contours.width_pixels /= factor;
        }
    }
    let image = renderer.render_until(&coarser, volumes, coarse, cancel)?;
    Ok(enlarged(&image, size, factor))
}

/// Straight between the pixels of a smaller picture.
fn enlarged(image: &Image, size: Size, factor: f64) -> Image {
    let taps = |count: u32, last: u32| -> Vec<(usize, usize, u32)> {
        let place = |n: u32| ((f64::from(n) + 0.5) / factor - 0.5).clamp(0.0, f64::from(last));
        let tap = |at: f64| {
            let low = at.floor();
            let next = (low as u32 + 1).min(last) as usize;
            (low as usize, next, ((at - low) * 256.0).round() as u32)
        };
        (0..count).map(|n| tap(place(n))).collect()
    };
    let across = taps(size.width, image.width - 1);
    let down = taps(size.height, image.height - 1);
    let row_bytes = image.width as usize * 4;
    let mut rgba = Vec::with_capacity(size.width as usize * size.height as usize * 4);
    for (above, below, v) in down {
        let rows = [above, below].map(|row| &image.rgba[row * row_bytes..(row + 1) * row_bytes]);
        for &(left, right, u) in &across {
            for part in 0..4 {
                let along = |row: &[u8]| {
                    u32::from(row[left * 4 + part]) * (256 - u) + u32::from(row[right * 4 + part]) * u
                };
                let sum = along(rows[0]) * (256 - v) + along(rows[1]) * v;
                rgba.push(((sum + (1 << 15)) >> 16) as u8);
            }
        }
    }
    Image {
        width: size.width,
        height: size.height,
        rgba,
    }
}

/// A round part of a picture that is shown larger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    /// Its middle, in pixels of the picture.
    pub center: [f64; 2],
    /// 1 to 2048 pixels.
    pub radius_pixels: f64,
    /// How many times larger, 1 to 64.
    pub factor: f64,
}

/// Draws a lens over a picture of the scene: its pixels are read from the volumes, not from the picture, and
/// the lines of contours keep their width.
///
/// A plane that follows a curve has none.
///
/// # Errors
///
/// [`Error::Number`] for a lens beyond its limits or outside the picture, and as [`Renderer::render_until`].
pub fn magnify(
    renderer: &mut dyn Renderer,
    scene: &Scene,
    volumes: &Volumes,
    image: &mut Image,
    lens: &Lens,
    cancel: &Cancel,
) -> Result<(), Error> {
    check(
        "the radius of a lens, pixels,",
        "1 to 2048",
        lens.radius_pixels,
        1.0,
        2048.0,
    )?;
    check("the factor of a lens", "1 to 64", lens.factor, 1.0, 64.0)?;
    let [x, y] = lens.center;
    check(
        "the place of a lens",
        "in the picture",
        x,
        -0.5,
        f64::from(image.width) - 0.5,
    )?;
    check(
        "the place of a lens",
        "in the picture",
        y,
        -0.5,
        f64::from(image.height) - 0.5,
    )?;
    let corner = lens.center.map(|at| (at - lens.radius_pixels).floor());
    let side = (2.0 * lens.radius_pixels).ceil() as u32 + 2;
    let mut enlarged = scene.clone();
    let has_plane = map_plane(&mut enlarged.view, |plane| {
        let mut plane = plane.magnified(x, y, lens.factor);
        plane.patient_from_plane.origin = plane.patient(corner[0], corner[1]).xyz;
        plane
    });
    if !has_plane {
        return Ok(());
    }
    let under = |at: f64, corner: f64| at + (corner - at) / lens.factor;
    let offset = [under(x, corner[0]), under(y, corner[1])];
    keep_parts(&mut enlarged, 1.0 / lens.factor, offset);
    let size = Size {
        width: side,
        height: side,
    };
    let lent = renderer.render_until(&enlarged, volumes, size, cancel)?;
    for row in 0..side {
        for column in 0..side {
            let at = [corner[0] + f64::from(column), corner[1] + f64::from(row)];
            let inside = (at[0] - x).hypot(at[1] - y) <= lens.radius_pixels;
            let limits = [f64::from(image.width), f64::from(image.height)];
            if inside && (0..2).all(|axis| at[axis] >= 0.0 && at[axis] < limits[axis]) {
                let to = (at[1] as usize * image.width as usize + at[0] as usize) * 4;
                image.rgba[to..to + 4].copy_from_slice(&lent.pixel(column, row));
            }
        }
    }
    Ok(())
}

/// Shows layers in the same parts of a picture whose pixel `p` is pixel `offset + scale p` of the scene's.
fn keep_parts(scene: &mut Scene, scale: f64, offset: [f64; 2]) {
    for layer in &mut scene.layers {
        layer.shown_in = layer.shown_in.seen_by(scale, offset);
    }
}

fn check(what: &'static str, expected: &'static str, found: f64, low: f64, high: f64) -> Result<(), Error> {
    let fits = (low..=high).contains(&found);
    fits.then_some(()).ok_or(Error::Number {
        what,
        expected,
        found,
    })
}

/// Changes the plane of a view's pixels; gives whether it has one.
fn map_plane(view: &mut View, change: impl Fn(&ImagePlane) -> ImagePlane) -> bool {
    let plane = match view {
        View::Plane(plane) => plane,
        View::Projection(projection) => &mut projection.camera.plane,
        View::Rendering(rendering) => &mut rendering.camera.plane,
        View::Curved(_) => return false,
    };
    *plane = change(plane);
    true
}

#[cfg(test)]
mod tests {
    use super::{Accumulation, Lens, draft, magnify, still};
    use crate::colormap::Window;
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::presentation::{ImagePlane, Orientation, Size};
    use crate::render::{Cancel, CpuRenderer, Error, Image, Layer, Renderer, Scene, VolumeId, Volumes};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    const SIZE: Size = Size {
        width: 61,
        height: 47,
    };

    /// A ramp along x, seen in an axial plane of one pixel a mm.
    fn scene() -> (Scene, Volumes) {
        let axes = [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let grid = Grid::new([61, 47, 3], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        let voxels = (0..grid.voxels()).map(|n| (n % 61 * 4) as i16).collect();
        let center = grid.center();
        let volume = Volume::new(grid, Voxels::I16(voxels), Rescale::IDENTITY, Unit::Hounsfield).unwrap();
        let mut layer = Layer::single(VolumeId(0), &volume);
        layer.window = Window::between(0.0, 255.0);
        let plane = ImagePlane::centered(Orientation::Axial, center, 1.0, SIZE).unwrap();
        let mut volumes = Volumes::new();
        volumes.insert(VolumeId(0), volume);
        (Scene::of_plane(plane, vec![layer]), volumes)
    }

    #[test]
    fn a_draft_looks_like_the_picture() {
        let (scene, volumes) = scene();
        let mut renderer = CpuRenderer::new();
        let full = renderer.render(&scene, &volumes, SIZE).unwrap();
        for divisor in [1, 2, 3] {
            let draft = draft(&mut renderer, &scene, &volumes, SIZE, divisor, &Cancel::new()).unwrap();
            assert_eq!((draft.width, draft.height), (61, 47));
            // But for the border, where a block reaches out of the volume.
            for x in 3..57 {
                let [a, b] = [&full, &draft].map(|image| i32::from(image.pixel(x, 20)[0]));
                assert!((a - b).abs() <= 1, "{divisor}: {a} and {b} at {x}");
            }
        }
    }

    #[test]
    fn a_lens_shows_what_lies_under_it_larger() {
        let (scene, volumes) = scene();
        let mut renderer = CpuRenderer::new();
        let full = renderer.render(&scene, &volumes, SIZE).unwrap();
        let mut image = full.clone();
        let lens = Lens {
            center: [30.0, 20.0],
            radius_pixels: 12.0,
            factor: 4.0,
        };
        magnify(&mut renderer, &scene, &volumes, &mut image, &lens, &Cancel::new()).unwrap();
        assert_eq!(image.pixel(30, 20), full.pixel(30, 20));
        assert_eq!(image.pixel(38, 20), full.pixel(32, 20));
        assert_eq!(image.pixel(31, 20)[0], 121);
        assert_eq!(image.pixel(43, 20), full.pixel(43, 20));
        let outside = Lens {
            center: [90.0, 20.0],
            ..lens
        };
        let refused = magnify(
            &mut renderer,
            &scene,
            &volumes,
            &mut image,
            &outside,
            &Cancel::new(),
        );
        assert!(matches!(refused, Err(Error::Number { .. })));
    }

    #[test]
    fn pictures_add_up_to_their_mean() {
        let picture = |part: u8| Image {
            width: 1,
            height: 1,
            rgba: vec![part, 0, part, 255],
        };
        let size = Size { width: 1, height: 1 };
        let mut accumulation = Accumulation::new(size);
        assert_eq!(accumulation.image().rgba, [0; 4]);
        for part in [10, 20, 21] {
            accumulation.add(&picture(part));
        }
        assert_eq!(accumulation.image().rgba, [17, 0, 17, 255]);
        assert_eq!(accumulation.pictures(), 3);
        let (scene, volumes) = scene();
        let mut renderer = CpuRenderer::new();
        let one = renderer.render(&scene, &volumes, SIZE).unwrap();
        assert_eq!(
            still(&mut renderer, &scene, &volumes, SIZE, 3, &Cancel::new()),
            Ok(one)
        );
    }
}
