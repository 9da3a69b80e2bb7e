//! A view's stack and what is drawn on it as a presentation state (PS3.3 A.33.1), and back as commands.
//!
//! A state holds whole pixels, quarter turns and places on slices. What it cannot hold is told, not bent: a picture
//! turned by another angle is refused, marks between slices are named.

use crate::colormap::ColorMap;
use crate::dicom::ImageReference;
use crate::dicom::presentation_state::{
    Anchor, Annotation, Content, DisplayedArea, Graphic, GraphicLayer, Layout, Orientation, PixelShape,
    PresentationLut, PresentationState, QuarterTurns, Scaling, Shape, Text, Units,
};
use crate::dicom::read::planar::Scale;
use crate::geometry::{Grid, Patient, Point};
use crate::presentation::Size;
use crate::session::apply::shown;
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::figures::{Figure, geometry};
use crate::session::picture::{usual_colors, words};
use crate::session::saved::{is_same, slice_of};
use crate::session::sight::{numbers, point, stack_axes, vector};
use crate::session::state::{Kind, Mark, MarkKind, Shown, ViewShutter};
use crate::session::{SeriesFacts, Session};

/// The graphic layer that marks are written to.
const LAYER: &str = "UPTAKE";
/// How far two places of a picture may lie apart to be one, in pixels.
const SAME_PIXELS: f32 = 0.02;

impl Session {
    /// What a stack looks like in a picture of a size, and the marks on all its slices; with what a state cannot hold.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotShown`] unless the view is a stack of one series turned by quarters, whose objects are known.
    pub fn presentation_state(
        &self,
        viewport: u32,
        size: Size,
        content: Content,
    ) -> Result<(PresentationState, Vec<String>), Refusal> {
        let shown = shown(&self.state, viewport, "a presentation state")?;
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let not = |expected, found| Refusal::NotShown {
            what: "a presentation state",
            expected,
            found,
        };
        if shown.kind != Kind::Stack || shown.layers.len() != 1 {
            return Err(not("a stack of one series", shown.kind.title()));
        }
        if facts.images.len() != facts.grid.size()[2] {
            return Err(not("a series whose objects are known", "one without"));
        }
        if facts.planar.as_ref().is_some_and(|planar| planar.is_colour) {
            return Err(not("grey images", "images of colour"));
        }
        let orientation = orientation(shown, &facts.grid)
            .ok_or_else(|| not("a picture turned by quarters", "one turned by another angle"))?;
        let mut told = Vec::new();
        let layer = &shown.layers[0];
        let colors = match &layer.palette {
            Some(name) => ColorMap::named(name).ok(),
            None if facts.planar.is_some() => Some(usual_colors(facts)),
            None => Some(crate::fusion::single_color_map(&facts.unit)),
        };
        let grey = [ColorMap::gray(), ColorMap::gray_inverted()];
        let at = grey.iter().position(|known| colors.as_ref() == Some(known));
        if at.is_none() {
            told.push("a state of grey images holds no palette; the picture will be grey".to_owned());
        }
        let is_inverse = ((at == Some(1)) != layer.is_inverted) != is_white_low(facts);
        let (modality, windows, left_out) = if facts.planar.is_some() {
            self.planar_windows(facts, shown)?
        } else {
            self.written_windows(facts, layer)
        };
        told.extend(left_out);
        let (annotations, left_out) = self.annotations_of(facts);
        told.extend(left_out);
        let state = PresentationState {
            content,
            images: facts.images.clone(),
            modality,
            windows,
            presentation_lut: if is_inverse {
                PresentationLut::Inverse
            } else {
                PresentationLut::Identity
            },
            shutter: self.shutter_of(facts, shown)?,
            overlays: Vec::new(),
            layout: layout(orientation, area(shown, facts, size)?, annotations),
        };
        Ok((state, told))
    }

    /// Marks on the slices of a series.
    pub(super) fn annotations_of(&self, facts: &SeriesFacts) -> (Vec<Annotation>, Vec<String>) {
        let (mut annotations, mut told) = (Vec::new(), Vec::new());
        let space = facts.space();
        for (n, mark) in self.state.marks.iter().filter(|(_, mark)| mark.space == space) {
            match annotation(mark, facts, |figures| self.figures_of(mark, figures)) {
                Some(annotation) => annotations.push(annotation),
                None => told.push(format!(
                    "mark {n} does not lie on a slice and is not in the state"
                )),
            }
        }
        (annotations, told)
    }

    /// The commands that make a view look as a state says, in a picture of a size; with what is not followed.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no series has the state's images.
    pub fn commands_of(
        &self,
        viewport: u32,
        size: Size,
        state: &PresentationState,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        self.check_view(viewport)?;
        let facts = self
            .series_of(&state.images)
            .ok_or(Refusal::OtherSeries("a presentation state"))?;
        let mut told = Vec::new();
        let mut commands = vec![Command::Show {
            viewport,
            kind: Kind::Stack,
            series: vec![facts.key.clone()],
            axis: None,
        }];
        let slice_of = |image: &ImageReference| facts.images.iter().position(|known| is_same(known, image));
        let (window, left_out) = self.read_window(facts, state.modality.as_ref(), &state.windows);
        told.extend(left_out);
        commands.extend(window.map(|window| Command::SetWindow {
            viewport,
            layer: 0,
            window: Some(window),
        }));
        commands.extend(self.read_table(facts, state).map(|table| Command::SetTable {
            viewport,
            layer: 0,
            table: Some(table),
        }));
        // A state speaks of values, whatever the image says of white (PS3.3 C.11.6).
        let wants_inverse = (state.presentation_lut == PresentationLut::Inverse) != is_white_low(facts);
        let palette = if wants_inverse { "gray_inverted" } else { "gray" };
        commands.push(Command::SetPalette {
            viewport,
            layer: 0,
            name: palette.to_owned(),
        });
        commands.extend(turning(viewport, state.layout.orientation));
        match state.layout.areas.first() {
            Some(area) => commands.extend(showing(
                viewport,
                area,
                state.layout.orientation,
                &facts.grid,
                size,
            )?),
            None => told.push("the state names no displayed area".to_owned()),
        }
        // Last: what brings the area into the middle goes through the middle of the stack.
        if let Some(slice) = state.images.iter().find_map(slice_of) {
            commands.push(Command::GoToSlice {
                viewport,
                slice: slice as u32,
            });
        }
        // A state without one takes the image's own away.
        let shutter = state.shutter.as_ref().map(ViewShutter::from);
        let shutter = shutter.or_else(|| facts.planar.is_some().then(ViewShutter::default));
        commands.extend(shutter.map(|shutter| Command::SetShutter {
            viewport,
            shutter: Some(shutter),
        }));
        commands.extend(drawings(viewport, &state.layout.annotations, facts, &mut told));
        Ok((commands, told))
    }
}

/// Whether the lowest value of images without a volume is white.
fn is_white_low(facts: &SeriesFacts) -> bool {
    facts.planar.as_ref().is_some_and(|planar| planar.is_inverse)
}

/// The marks of annotations, each on the slices that it lies on.
pub(super) fn drawings(
    viewport: u32,
    annotations: &[Annotation],
    facts: &SeriesFacts,
    told: &mut Vec<String>,
) -> Vec<Command> {
    let mut commands = Vec::new();
    for annotation in annotations {
        let is_on = |known: &ImageReference| annotation.images.iter().any(|image| is_same(known, image));
        for (slice, known) in facts.images.iter().enumerate() {
            if annotation.images.is_empty() || is_on(known) {
                commands.extend(drawing(viewport, annotation, &facts.grid, slice, told));
            }
        }
    }
    commands
}

/// Axes of a stack's pictures when turned clockwise by quarters and then mirrored left to right.
fn turned(grid: &Grid, orientation: Orientation) -> [[f64; 3]; 2] {
    let [mut right, mut down, _] = stack_axes(grid);
    let quarters = QuarterTurns::ALL
        .iter()
        .position(|turns| *turns == orientation.turns)
        .unwrap_or(0);
    for _ in 0..quarters {
        // What was to the right comes down.
        (right, down) = (down.map(|part| -part), right);
    }
    if orientation.is_mirrored {
        right = right.map(|part| -part);
    }
    [right, down]
}

/// How a stack's picture is turned; none for other angles than quarters.
pub(super) fn orientation(shown: &Shown, grid: &Grid) -> Option<Orientation> {
    let all = QuarterTurns::ALL
        .into_iter()
        .flat_map(|turns| [false, true].map(|is_mirrored| Orientation { turns, is_mirrored }));
    let fits = |orientation: &Orientation| {
        let axes = turned(grid, *orientation);
        (0..2).all(|n| vector(axes[n]).dot(vector(shown.axes[n])) > 0.999_999)
    };
    let mut all = all;
    all.find(fits)
}

pub(super) fn turning(viewport: u32, orientation: Orientation) -> Vec<Command> {
    let mut commands = Vec::new();
    let degrees = f64::from(orientation.turns.degrees());
    if degrees != 0.0 {
        commands.push(Command::Rotate {
            viewport,
            angle_rad: degrees.to_radians(),
        });
    }
    if orientation.is_mirrored {
        commands.push(Command::FlipHorizontally { viewport });
    }
    commands
}

/// How images lie, and what is drawn on them in one layer.
pub(super) fn layout(orientation: Orientation, area: DisplayedArea, annotations: Vec<Annotation>) -> Layout {
    let layer = GraphicLayer {
        name: LAYER.to_owned(),
        order: 1,
        ..GraphicLayer::default()
    };
    Layout {
        orientation,
        areas: vec![area],
        layers: (!annotations.is_empty()).then_some(layer).into_iter().collect(),
        annotations,
    }
}

/// The pixels that lie at the corners of a picture of a size.
pub(super) fn area(shown: &Shown, facts: &SeriesFacts, size: Size) -> Result<DisplayedArea, Refusal> {
    let grid = &facts.grid;
    let plane = shown.plane(grid, size)?;
    let pixel = |x: f64, y: f64| {
        let at = grid.voxel(plane.patient(x, y));
        [at[0], at[1]]
    };
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let (first, last) = (pixel(-0.5, -0.5), pixel(width - 0.5, height - 0.5));
    // Pixels from 1; a pixel is shown from half before its centre to half behind.
    let ends = |axis: usize| {
        let (from, to) = (first[axis], last[axis]);
        let inwards = if to >= from { 0.5 } else { -0.5 };
        [
            (from + inwards).round() as i32 + 1,
            (to - inwards).round() as i32 + 1,
        ]
    };
    let (columns, rows) = (ends(0), ends(1));
    let [across, along, _] = grid.spacing_mm();
    Ok(DisplayedArea {
        images: Vec::new(),
        top_left: [columns[0], rows[0]],
        bottom_right: [columns[1], rows[1]],
        scaling: Scaling::ScaleToFit,
        pixel: Some(match facts.planar.as_ref().map(|planar| &planar.scale) {
            // Only the shape is known: thousandths of a width.
            Some(Scale::Unknown) => PixelShape::AspectRatio([(along / across * 1e3).round() as u32, 1000]),
            _ => PixelShape::SpacingMm([along, across]),
        }),
    })
}

/// The commands that bring an area into a picture of a size.
pub(super) fn showing(
    viewport: u32,
    area: &DisplayedArea,
    orientation: Orientation,
    grid: &Grid,
    size: Size,
) -> Result<Vec<Command>, Refusal> {
    let [first, last] = [area.top_left, area.bottom_right].map(|at| at.map(f64::from));
    let middle = [0, 1].map(|axis| (first[axis] + last[axis]) / 2.0 - 1.0);
    let spacing = grid.spacing_mm();
    let sides_mm = [0, 1].map(|axis| ((last[axis] - first[axis]).abs() + 1.0) * spacing[axis]);
    let is_across = matches!(orientation.turns, QuarterTurns::One | QuarterTurns::Three);
    let [wide_mm, high_mm] = if is_across {
        [sides_mm[1], sides_mm[0]]
    } else {
        sides_mm
    };
    let needed = (wide_mm / f64::from(size.width)).max(high_mm / f64::from(size.height));
    // At a magnification of 1 the whole stack fits.
    let [columns, rows, _] = grid.size().map(|side| side as f64);
    let whole = [columns * spacing[0], rows * spacing[1]];
    let [wide_mm, high_mm] = if is_across { [whole[1], whole[0]] } else { whole };
    let fitted = (wide_mm / f64::from(size.width)).max(high_mm / f64::from(size.height));
    let slice = grid.voxel(grid.center())[2];
    Ok(vec![
        Command::SetZoom {
            viewport,
            zoom: fitted / needed,
        },
        Command::CenterOn {
            viewport,
            place_mm: numbers(grid.patient(Point::new(middle[0], middle[1], slice))),
        },
    ])
}

/// A mark on the slice it lies on; none where it lies on none.
fn annotation(
    mark: &Mark,
    facts: &SeriesFacts,
    read: impl Fn(&[Figure]) -> Vec<Figure>,
) -> Option<Annotation> {
    let grid = &facts.grid;
    let slice = slice_of(mark, grid);
    let pixel = |place: Point<Patient>| {
        let at = grid.voxel(place);
        [(at[0] + 0.5) as f32, (at[1] + 0.5) as f32]
    };
    let found = geometry(mark).ok()?;
    let mut graphics: Vec<Graphic> = found
        .lines
        .iter()
        .map(|(places, is_closed)| {
            let mut points: Vec<[f32; 2]> = places.iter().map(|place| pixel(*place)).collect();
            if *is_closed {
                points.extend(points.first().copied());
            }
            Shape::Polyline(points)
        })
        .map(drawn)
        .collect();
    let first = pixel(point(mark.points_mm[0]));
    if mark.kind == MarkKind::Probe {
        graphics.push(drawn(Shape::Point(first)));
    }
    let text = words(mark, &read(&found.figures));
    let texts = (!text.is_empty()).then_some(Text {
        text,
        bounds: None,
        anchor: Some(Anchor {
            units: Units::Pixel,
            point: first,
            is_visible: false,
        }),
        tracking: None,
    });
    Some(Annotation {
        images: vec![facts.images.get(slice?)?.clone()],
        layer: LAYER.to_owned(),
        graphics,
        texts: texts.into_iter().collect(),
    })
}

fn drawn(shape: Shape) -> Graphic {
    Graphic {
        units: Units::Pixel,
        shape,
        is_filled: false,
        tracking: None,
    }
}

/// The marks of an annotation on a slice.
fn drawing(
    viewport: u32,
    annotation: &Annotation,
    grid: &Grid,
    slice: usize,
    told: &mut Vec<String>,
) -> Vec<Command> {
    let place = |[column, row]: [f32; 2]| {
        let at = Point::new(f64::from(column) - 0.5, f64::from(row) - 0.5, slice as f64);
        numbers(grid.patient(at))
    };
    let mark = |kind, points: &[[f32; 2]], text: &str| Command::PlaceMark {
        viewport,
        kind,
        points_mm: points.iter().map(|at| place(*at)).collect(),
        text: text.to_owned(),
    };
    let mut commands = Vec::new();
    let mut taken = vec![false; annotation.texts.len()];
    for graphic in &annotation.graphics {
        if graphic.units == Units::Display {
            told.push("graphics in units of the display are not followed".to_owned());
            continue;
        }
        let points = graphic.shape.points();
        let kind = match (&graphic.shape, points.len()) {
            (Shape::Point(_), _) => MarkKind::Probe,
            (Shape::Circle { .. }, _) => MarkKind::Circle,
            (Shape::Ellipse { .. }, _) => MarkKind::Ellipse,
            (_, 2) => MarkKind::Length,
            _ if graphic.shape.is_closed() => MarkKind::Polygon,
            _ => MarkKind::Polyline,
        };
        let kept = match kind {
            MarkKind::Polygon => &points[..points.len() - 1],
            MarkKind::Ellipse => &points[..3],
            _ => &points[..],
        };
        // A text that stands at the graphic's first place is the graphic's own.
        let own = annotation.texts.iter().position(|text| {
            let at = text.anchor.filter(|anchor| anchor.units == Units::Pixel);
            at.is_some_and(|at| (0..2).all(|axis| (at.point[axis] - points[0][axis]).abs() < SAME_PIXELS))
        });
        let own = own.filter(|n| !std::mem::replace(&mut taken[*n], true));
        let text = own.map_or("", |n| annotation.texts[n].text.as_str());
        commands.push(mark(kind, kept, without_figures(text)));
    }
    for (text, _) in annotation
        .texts
        .iter()
        .zip(taken)
        .filter(|(_, is_taken)| !is_taken)
    {
        let at = text
            .anchor
            .filter(|anchor| anchor.units == Units::Pixel)
            .map(|anchor| anchor.point);
        let corner = text
            .bounds
            .filter(|bounds| bounds.units == Units::Pixel)
            .map(|bounds| bounds.top_left);
        match at.or(corner) {
            Some(at) => commands.push(mark(MarkKind::Text, &[at], &text.text)),
            None => told.push("texts in units of the display are not followed".to_owned()),
        }
    }
    commands
}

/// What a person wrote before the numbers, which are measured anew.
fn without_figures(text: &str) -> &str {
    text.split("  ")
        .next()
        .filter(|first| !is_figure(first))
        .unwrap_or("")
}

fn is_figure(text: &str) -> bool {
    let ends = [" mm", "°", " mm²"];
    let is_measured =
        text.starts_with(|first: char| first.is_ascii_digit()) && ends.iter().any(|end| text.ends_with(end));
    // A ratio has no unit.
    is_measured || text.parse::<f64>().is_ok()
}
