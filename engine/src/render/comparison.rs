//! Ways of looking at aligned volumes to judge whether they lie right over each other.
//!
//! Each is a change of a scene's layers, so that every renderer draws it.

use crate::presentation::Size;
use crate::render::check::{number, part_of_one};
use crate::render::{Contours, DrawnAs, Error, Image, Layer, Scene, ShownIn, View};

/// A way of looking at the layers of a scene to judge how they are aligned.
///
/// The lowest layer is compared with all others; what these are is left to whoever makes the scene.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Comparison {
    /// The lowest layer and the others in turn, in square cells. With no shift four cells meet in the middle of
    /// the picture.
    Checkerboard {
        /// Side of a cell, mm; to whole pixels of the picture.
        cell_mm: f64,
        /// How far the cells are moved to the right and down, in cells: by 1 they change places.
        shift: [f64; 2],
    },
    /// The lowest layer on one side of a straight line, the others on the other.
    Swipe {
        /// How far the line has come across the picture: at 0 only the others are seen, at 1 only the lowest.
        place: f64,
        /// In which direction it moves, clockwise from the right: 0 an upright line that moves to the right, a
        /// quarter turn a level one that moves down. Radians.
        towards_rad: f64,
    },
    /// The contours of one layer over the colours of the others.
    Contours {
        /// Whose contours, from 0 for the lowest layer.
        layer: usize,
        /// Their levels and look.
        contours: Contours,
    },
    /// Each layer by itself in a panel of its own, all from the same place at the same scale.
    SideBySide,
}

/// Gives the scenes of a comparison's panels: one, but for [`Comparison::SideBySide`] one a layer.
///
/// The scene's view must be made for a panel of `size`: of a picture, for [`panel_size`]. The layer that
/// becomes the lowest of its part, and lines, are shown in full, whatever their opacity was in a mix.
///
/// ```
/// # use engine::geometry::{Affine, Grid, Point, Vector};
/// # use engine::presentation::{ImagePlane, Orientation, Size};
/// # use engine::render::{Comparison, Layer, Scene, ShownIn, VolumeId, compared};
/// # use engine::volume::{Rescale, Unit, Volume, Voxels};
/// # let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(Vector::from);
/// # let grid = Grid::new([8, 8, 8], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// # let center = grid.center();
/// # let volume = Volume::new(grid, Voxels::U8([0; 512].into()), Rescale::IDENTITY, Unit::SuvBw).unwrap();
/// let size = Size { width: 200, height: 100 };
/// let plane = ImagePlane::centered(Orientation::Axial, center, 0.5, size).unwrap();
/// let layers = vec![Layer::single(VolumeId(0), &volume), Layer::overlay(VolumeId(1), &volume, 0.5)];
/// let scene = Scene::of_plane(plane, layers);
/// let board = Comparison::Checkerboard { cell_mm: 10.0, shift: [0.0; 2] };
/// let scenes = compared(&scene, &board, size).unwrap();
/// let cell = [20.0, 20.0];
/// assert_eq!(scenes[0].layers[0].shown_in, ShownIn::Checkerboard { cell, corner: [99.5, 49.5] });
/// ```
///
/// # Errors
///
/// [`Error::Number`] for fewer than two layers and for numbers that cannot be used, [`Error::NoLayer`] for
/// contours of a layer that is not there, [`Error::NoComparison`] of a volume rendering but side by side.
pub fn compared(scene: &Scene, comparison: &Comparison, size: Size) -> Result<Vec<Scene>, Error> {
    let count = scene.layers.len();
    if count < 2 {
        return Err(number("the layers of a comparison", "2 or more", count as f64));
    }
    if matches!(scene.view, View::Rendering(_)) && *comparison != Comparison::SideBySide {
        return Err(Error::NoComparison);
    }
    let with = |layers| Scene {
        layers,
        ..scene.clone()
    };
    Ok(match comparison {
        Comparison::Checkerboard { cell_mm, shift } => {
            vec![with(apart(scene, cells(&scene.view, *cell_mm, *shift, size)?))]
        }
        Comparison::Swipe { place, towards_rad } => {
            vec![with(apart(scene, sides(*place, *towards_rad, size)?))]
        }
        Comparison::Contours { layer, contours } => vec![with(outlined(scene, *layer, contours)?)],
        Comparison::SideBySide => scene
            .layers
            .iter()
            .map(|layer| with(vec![in_full(layer)]))
            .collect(),
    })
}

fn in_full(layer: &Layer) -> Layer {
    Layer {
        opacity: 1.0,
        ..layer.clone()
    }
}

/// The lowest layer in the first part of the picture, the others in the second.
fn apart(scene: &Scene, [first, second]: [ShownIn; 2]) -> Vec<Layer> {
    let mut layers = scene.layers.clone();
    for (n, layer) in layers.iter_mut().enumerate() {
        layer.shown_in = if n == 0 { first } else { second };
        if n < 2 {
            layer.opacity = 1.0;
        }
    }
    layers
}

/// Every other cell, and the cells between them.
fn cells(view: &View, cell_mm: f64, shift: [f64; 2], size: Size) -> Result<[ShownIn; 2], Error> {
    if !(cell_mm.is_finite() && cell_mm > 0.0) {
        let what = "the side of a checkerboard's cell";
        return Err(number(what, "a positive number of mm", cell_mm));
    }
    let is_usable = |shift: &f64| shift.abs() < 1e6;
    if let Some(found) = shift.into_iter().find(|shift| !is_usable(shift)) {
        return Err(number(
            "the shift of a checkerboard",
            "below a million cells",
            found,
        ));
    }
    // Whole pixels, so that no edge is blurred.
    let cell = view
        .mm_per_pixel()
        .map(|mm_per_pixel| (cell_mm / mm_per_pixel).round().clamp(1.0, 1e9));
    let corner = [size.width, size.height].map(|side| f64::from(side / 2) - 0.5);
    let corner = [0, 1].map(|axis| corner[axis] + (shift[axis] * cell[axis]).round());
    let board = |corner| ShownIn::Checkerboard { cell, corner };
    Ok([board(corner), board([corner[0] + cell[0], corner[1]])])
}

/// What a line has passed, and what lies before it.
fn sides(place: f64, towards_rad: f64, size: Size) -> Result<[ShownIn; 2], Error> {
    part_of_one("the place of a swipe", place)?;
    if !towards_rad.is_finite() {
        return Err(number("the direction of a swipe", "finite", towards_rad));
    }
    let (sin, cos) = towards_rad.sin_cos();
    let is_straight = sin.abs().min(cos.abs()) < 1e-9;
    let [across, down] = match is_straight {
        true => [cos.round(), sin.round()],
        false => [cos, sin],
    };
    // Along the direction, from the corner that the line comes from to the one it goes to.
    let end = |side: u32, part: f64| f64::from(side) * part;
    let [width, height] = [end(size.width, across), end(size.height, down)];
    let (from, to) = (width.min(0.0) + height.min(0.0), width.max(0.0) + height.max(0.0));
    let along = from + place * (to - from);
    // A straight line runs between pixels; of another, the lower layer must lie under the upper's soft edge.
    let (along, under) = if is_straight {
        (along.round(), 0.0)
    } else {
        (along, 1.0)
    };
    let point = |along: f64| [across * along - 0.5, down * along - 0.5];
    let half = |point, towards| ShownIn::HalfPlane { point, towards };
    Ok([
        half(point(along + under), [-across, -down]),
        half(point(along), [across, down]),
    ])
}

/// The other layers, and the lines of one over them.
fn outlined(scene: &Scene, layer: usize, contours: &Contours) -> Result<Vec<Layer>, Error> {
    let mut layers = scene.layers.clone();
    if layer >= layers.len() {
        let layers = layers.len();
        return Err(Error::NoLayer { layers, found: layer });
    }
    let mut lines = in_full(&layers.remove(layer));
    lines.drawn_as = DrawnAs::Contours(contours.clone());
    layers[0].opacity = 1.0;
    layers.push(lines);
    Ok(layers)
}

/// Pixels between two panels.
const GAP: u32 = 2;

/// Red, green, blue between panels.
const GAP_COLOR: [u8; 3] = [96; 3];

/// The size of each of some panels side by side in a picture.
#[must_use]
pub fn panel_size(size: Size, panels: u32) -> Size {
    let panels = panels.max(1);
    let gaps = GAP.saturating_mul(panels - 1);
    Size {
        width: (size.width.saturating_sub(gaps) / panels).max(1),
        height: size.height,
    }
}

/// Puts the pictures of panels, from the left, into one of `size`.
///
/// # Errors
///
/// [`Error::Size`] with the size of a panel that is not [`panel_size`], or of a picture without room for them.
pub fn joined(panels: &[Image], size: Size) -> Result<Image, Error> {
    crate::render::check::size(size)?;
    let count = panels.len() as u32;
    let panel = panel_size(size, count);
    for image in panels {
        let found = Size {
            width: image.width,
            height: image.height,
        };
        let bytes = image.width as usize * image.height as usize * 4;
        if found != panel || image.rgba.len() != bytes {
            return Err(Error::Size(found));
        }
    }
    let Some(room) = size.width.checked_sub(panel.width * count) else {
        return Err(Error::Size(size));
    };
    let [red, green, blue] = GAP_COLOR;
    let mut rgba = [red, green, blue, u8::MAX].repeat(size.width as usize * size.height as usize);
    let row_bytes = panel.width as usize * 4;
    for (n, image) in (0..).zip(panels) {
        // What no panel takes is shared among the gaps.
        let left = n * panel.width + n * room / (count - 1).max(1);
        let rows = rgba.chunks_exact_mut(size.width as usize * 4);
        for (row, of_panel) in rows.zip(image.rgba.chunks_exact(row_bytes)) {
            row[left as usize * 4..][..row_bytes].copy_from_slice(of_panel);
        }
    }
    Ok(Image {
        width: size.width,
        height: size.height,
        rgba,
    })
}
