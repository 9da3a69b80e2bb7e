//! Pictures of images without a volume.

use std::sync::Arc;

use crate::colormap::{ColorMap, Role, default_for};
use crate::geometry::{Affine, Grid, Patient, Vector};
use crate::presentation::{Annotations, ColorBar, Corners, ImagePlane, Letters, Size, scale_bar};
use crate::render::{Image, Lens};
use crate::session::error::{Refusal, within};
use crate::session::picture::{Picture, Sharpness, Wanted, Written, black, place};
use crate::session::sheet::{Drawing, Look, Place, Sheet, window_of};
use crate::session::shutter::cover;
use crate::session::sight::tile_size;
use crate::session::state::{Kind, Shown};
use crate::session::{SeriesFacts, Session};

/// Said of pictures that a de-identified session does not show.
const HIDDEN: &str = "hidden: its pixels may bear the patient's name";

/// Images and their upper left corners in a picture.
type Sheets = Vec<(Drawing, [u32; 2])>;

/// A part of a picture: a slice, its plane, its size and its upper left corner.
type Panel = (usize, ImagePlane, Size, [u32; 2]);

impl Session {
    pub(super) fn planar_picture(
        &mut self,
        viewport: Option<u32>,
        shown: &Shown,
        grid: &Grid,
        size: Size,
        sharpness: Sharpness,
    ) -> Result<Picture, Refusal> {
        let mut image = black(size)?;
        let (sheets, written) = self.planar_written(viewport, shown, grid, size)?;
        let wanted = Wanted::Sheets(sheets);
        match (self.drawn.known(viewport, &wanted, size, sharpness), &wanted) {
            (Some(known), _) => image = known,
            (None, Wanted::Sheets(sheets)) => {
                for (drawing, corner) in sheets {
                    place(&mut image, &drawing.draw(), *corner);
                }
                self.drawn.keep(viewport, wanted, size, sharpness, &image);
            }
            (None, Wanted::Scenes(..)) => {}
        }
        Ok(written.on(image))
    }

    /// What there is to draw, and what is written over it.
    pub(super) fn planar_written(
        &mut self,
        viewport: Option<u32>,
        shown: &Shown,
        grid: &Grid,
        size: Size,
    ) -> Result<(Sheets, Written), Refusal> {
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let mut remarks = facts.remarks.clone();
        let may_bear_text = facts.planar.as_ref().is_some_and(|planar| planar.may_bear_text);
        let (mut sheets, mut come) = (Vec::new(), 0.0);
        let panels = panels(shown, grid, size)?;
        let is_hidden = self.state.is_deidentified && may_bear_text;
        if is_hidden {
            remarks.push(HIDDEN.to_owned());
        }
        for (slice, plane, size, corner) in panels.iter().filter(|_| !is_hidden) {
            let Some(sheet) = self.stage.sheet(&shown.layers[0].series, *slice)? else {
                continue;
            };
            come += 1.0 / panels.len() as f64;
            let drawing = Drawing {
                look: self.look(shown, &sheet)?,
                sheet,
                place: Place::of(plane, grid),
                size: *size,
            };
            sheets.push((drawing, *corner));
        }
        let fraction = if is_hidden || panels.is_empty() { 1.0 } else { come };
        let annotations = self.planar_annotations(shown, grid, size, &sheets)?;
        let curve = sheets
            .first()
            .and_then(|(drawing, _)| drawing.look.curve.as_ref());
        let written = Written {
            annotations,
            lines: self.lines(viewport, shown, grid, size)?,
            windows: curve.map(|curve| (0, window_of(curve))).into_iter().collect(),
            fraction,
            remarks,
        };
        Ok((sheets, written))
    }

    fn look(&self, shown: &Shown, sheet: &Sheet) -> Result<Look, Refusal> {
        let layer = &shown.layers[0];
        let colors = match &layer.palette {
            None => usual_colors(self.stage.facts(&layer.series)?),
            Some(name) => ColorMap::named(name).map_err(|_| Refusal::Unknown {
                what: "palette",
                found: name.clone(),
            })?,
        };
        let colors = match (layer.is_inverted, sheet.is_colour()) {
            (true, true) => ColorMap::gray_inverted(),
            (false, true) => ColorMap::gray(),
            (true, false) => colors.inverted(),
            (false, false) => colors,
        };
        Ok(Look {
            curve: (!sheet.is_colour()).then(|| layer.curve(sheet)),
            colors,
            is_interpolated: layer.is_interpolated,
            sharpening: shown.sharpening,
            // Names have been seen in overlays.
            has_overlays: self.state.texts.overlays && !self.state.is_deidentified,
            shutter: shown.shutter.as_ref().map(|shutter| Arc::new(shutter.shutter())),
        })
    }

    fn planar_annotations(
        &self,
        shown: &Shown,
        grid: &Grid,
        size: Size,
        sheets: &[(Drawing, [u32; 2])],
    ) -> Result<Annotations, Refusal> {
        let texts = self.state.texts;
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let panel = match shown.kind {
            Kind::Tiles { rows, columns } => tile_size(size, [rows, columns]),
            _ => size,
        };
        let plane = shown.plane(grid, panel)?;
        let grey = sheets
            .first()
            .map(|(drawing, _)| &drawing.look)
            .filter(|look| look.curve.is_some());
        let window = grey.and_then(|look| look.curve.as_ref()).map(window_of);
        let orientation = facts.planar.as_ref().and_then(|planar| planar.orientation);
        let letters = orientation.map(|orientation| Letters::of(&in_patient(&plane, orientation)));
        let bar = grey.zip(window).filter(|_| shown.layers[0].palette.is_some());
        Ok(Annotations {
            letters: letters.filter(|_| texts.letters),
            corners: if texts.corners {
                self.corners(shown, grid, window.as_slice())?
            } else {
                Corners::default()
            },
            scale_bar: self
                .column_mm(&facts.key)?
                .filter(|_| texts.scale_bar)
                .and_then(|mm| scale_bar(&scaled(&plane, mm / grid.spacing_mm()[0]), panel.width)),
            color_bar: bar.filter(|_| texts.color_bar).map(|(look, window)| ColorBar {
                color_map: look.colors.clone(),
                window,
                unit: facts.unit.label().to_owned(),
            }),
            cross: None,
        })
    }

    /// Draws a lens over the picture of an image; tiles have none.
    pub(super) fn magnified_sheet(
        &self,
        shown: &Shown,
        grid: &Grid,
        size: Size,
        lens: &Lens,
        image: &mut Image,
    ) -> Result<(), Refusal> {
        let radius = within(
            "the radius of a lens",
            "1 to 2048 pixels",
            1.0..=2048.0,
            lens.radius_pixels,
        )?;
        let factor = within("the factor of a lens", "1 to 64", 1.0..=64.0, lens.factor)?;
        let [x, y] = lens.center;
        let place_of_lens = "the place of a lens";
        within(
            place_of_lens,
            "in the picture",
            -0.5..=f64::from(size.width) - 0.5,
            x,
        )?;
        within(
            place_of_lens,
            "in the picture",
            -0.5..=f64::from(size.height) - 0.5,
            y,
        )?;
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let may_bear_text = facts.planar.as_ref().is_some_and(|planar| planar.may_bear_text);
        let is_hidden = self.state.is_deidentified && may_bear_text;
        if shown.kind != Kind::Stack || is_hidden {
            return Ok(());
        }
        let Some(sheet) = self.stage.sheet(&shown.layers[0].series, shown.slice(grid))? else {
            return Ok(());
        };
        let plane = shown.plane(grid, size)?.magnified(x, y, factor);
        let drawing = Drawing {
            look: self.look(shown, &sheet)?,
            sheet,
            place: Place::of(&plane, grid),
            size,
        };
        let large = drawing.draw();
        for (n, (pixel, under)) in image
            .rgba
            .chunks_exact_mut(4)
            .zip(large.rgba.chunks_exact(4))
            .enumerate()
        {
            let at = [n as u32 % size.width, n as u32 / size.width].map(f64::from);
            if (at[0] - x).hypot(at[1] - y) <= radius {
                pixel.copy_from_slice(under);
            }
        }
        Ok(())
    }
}

/// What colours images without a volume have where nothing else is said: of uptake dark on white, else grey.
pub(in crate::session) fn usual_colors(facts: &SeriesFacts) -> ColorMap {
    ColorMap::named(default_for(facts.modality(), Role::Single)).unwrap_or_else(|_| ColorMap::gray())
}

/// The slices that a stack or tiles show.
fn panels(shown: &Shown, grid: &Grid, size: Size) -> Result<Vec<Panel>, Refusal> {
    let first = shown.slice(grid);
    let Kind::Tiles { rows, columns } = shown.kind else {
        return Ok(vec![(first, shown.plane(grid, size)?, size, [0, 0])]);
    };
    let tile = tile_size(size, [rows, columns]);
    let slices = (first..grid.size()[2]).take((rows * columns) as usize);
    slices
        .enumerate()
        .map(|(n, slice)| {
            let plane = shown.plane_at(shown.on_slice(grid, slice), grid, tile)?;
            let corner = [n as u32 % columns * tile.width, n as u32 / columns * tile.height];
            Ok((slice, plane, tile, corner))
        })
        .collect()
}

/// Covers what a shutter covers of the slices of a stack or tiles.
pub(super) fn cover_slices(
    image: &mut Image,
    shown: &Shown,
    grid: &Grid,
    size: Size,
    shutter: &crate::dicom::presentation_state::Shutter,
) -> Result<(), Refusal> {
    for (_, plane, size, corner) in panels(shown, grid, size)? {
        let mut panel = black(size)?;
        let row_bytes = size.width as usize * 4;
        let at = |row: usize| ((corner[1] as usize + row) * image.width as usize + corner[0] as usize) * 4;
        for row in 0..size.height as usize {
            panel.rgba[row * row_bytes..][..row_bytes].copy_from_slice(&image.rgba[at(row)..][..row_bytes]);
        }
        cover(&mut panel, &Place::of(&plane, grid), shutter);
        place(image, &panel, corner);
    }
    Ok(())
}

/// The plane as it lies in the patient, as far as directions go.
fn in_patient(plane: &ImagePlane, [row, column]: [Vector<Patient>; 2]) -> ImagePlane {
    let turned = |axis: usize| {
        let on_image: Vector<Patient> = plane.patient_from_plane.axis(axis);
        row * on_image[0] + column * on_image[1]
    };
    ImagePlane {
        patient_from_plane: Affine::from_axes(
            [turned(0), turned(1), row.cross(column)],
            plane.patient(0.0, 0.0),
        ),
    }
}

fn scaled(plane: &ImagePlane, factor: f64) -> ImagePlane {
    let axes = [0, 1, 2].map(|axis| plane.patient_from_plane.axis(axis) * factor);
    ImagePlane {
        patient_from_plane: Affine::from_axes(axes, plane.patient(0.0, 0.0)),
    }
}
