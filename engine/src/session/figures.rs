//! The numbers of measurements and volumes of interest, from points and voxels in f64.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geometry::{Patient, Point, Vector};
use crate::session::apply::{check_count, shown};
use crate::session::command::Spot;
use crate::session::curve::smooth;
use crate::session::error::Refusal;
use crate::session::sight::{point, vector};
use crate::session::stage::Stage;
use crate::session::state::{Joint, Kind, Mark, MarkKind, SlabKind, State, Voi};
use crate::session::{SeriesFacts, Session};
use crate::voi::{Caliper, Form, Frame, Freehand, Mask, PeakKind, Scale, Solid, Statistics, peak};
use crate::volume::{Interpolation, Unit, Volume, sample};

/// One number with what it is, its unit, and the series it was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `length`, `area`, `mean`, `max`…
    pub name: String,
    /// The number.
    pub value: f64,
    /// `mm`, `mm2`, `deg`, `mL`, `1`, or the unit of the values (`HU`, `SUVbw`).
    pub unit: String,
    /// Series it was measured on; none for what has no voxels.
    pub series: Option<String>,
}

/// What is to be read beside a measurement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Readout {
    /// Its numbers.
    pub figures: Vec<Figure>,
    /// What makes them doubtful, or a part of them missing.
    pub warnings: Vec<String>,
}

impl Readout {
    /// A number by name, of a series or of none.
    #[must_use]
    pub fn get(&self, name: &str, series: Option<&str>) -> Option<f64> {
        let is_it = |figure: &&Figure| figure.name == name && figure.series.as_deref() == series;
        self.figures.iter().find(is_it).map(|figure| figure.value)
    }
}

/// What a mark is in the body.
pub(super) struct Geometry {
    pub(super) figures: Vec<Figure>,
    /// What holds voxels, if anything does.
    region: Option<Region>,
    /// What is drawn: chains of places, closed or open.
    pub(super) lines: Vec<(Vec<Point<Patient>>, bool)>,
}

/// A region of a plane, in the frame of the picture.
enum Region {
    Solid(Form, Frame, [f64; 2]),
    Outline(Frame, Vec<Point<Patient>>),
}

/// Pieces that an ellipse is drawn in.
const PIECES: u32 = 96;

fn figure(name: &str, value: f64, unit: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        series: None,
    }
}

/// What a mark measures, and where it lies.
///
/// # Errors
///
/// [`Refusal::Count`], [`Refusal::Caliper`], [`Refusal::Shape`] for points that make no measurement.
pub(super) fn geometry(mark: &Mark) -> Result<Geometry, Refusal> {
    // A snapshot may hold anything.
    check_count(mark.kind, mark.points_mm.len())?;
    let caliper = Caliper::PATIENT;
    let at: Vec<Point<Patient>> = mark.points_mm.iter().map(|place| point(*place)).collect();
    let open = |chains: &[&[Point<Patient>]]| chains.iter().map(|chain| (chain.to_vec(), false)).collect();
    let geometry = |figures, lines| Geometry {
        figures,
        region: None,
        lines,
    };
    Ok(match mark.kind {
        MarkKind::Text | MarkKind::Probe => geometry(Vec::new(), Vec::new()),
        MarkKind::Arrow => {
            caliper.angle_between_rad([at[0], at[1]], [at[0], at[1]])?;
            geometry(Vec::new(), open(&[&at]))
        }
        MarkKind::Length => {
            let length = caliper.length(at[0], at[1])?;
            geometry(vec![figure("length", length.value, "mm")], open(&[&at]))
        }
        MarkKind::Polyline => {
            let length = caliper.path(&at)?;
            geometry(vec![figure("length", length.value, "mm")], open(&[&at]))
        }
        MarkKind::Angle => {
            let angle = caliper.angle_rad(at[0], at[1], at[2])?;
            geometry(vec![figure("angle", angle.to_degrees(), "deg")], open(&[&at]))
        }
        MarkKind::Cobb => {
            let angle = caliper.cobb_angle_rad([at[0], at[1]], [at[2], at[3]])?;
            let lines = open(&[&at[..2], &at[2..]]);
            geometry(vec![figure("cobb_angle", angle.to_degrees(), "deg")], lines)
        }
        MarkKind::Bidirectional => {
            let [one, other] = [caliper.length(at[0], at[1])?, caliper.length(at[2], at[3])?];
            let figures = vec![
                figure("long_axis", one.value.max(other.value), "mm"),
                figure("short_axis", one.value.min(other.value), "mm"),
            ];
            geometry(figures, open(&[&at[..2], &at[2..]]))
        }
        MarkKind::Cardiothoracic => {
            let found = caliper.cardiothoracic([at[0], at[1]], [at[2], at[3]], [at[4], at[5]])?;
            let figures = vec![
                // The first two are written beside the mark.
                figure("cardiothoracic_ratio", found.ratio, "1"),
                figure("heart_width", found.first.value + found.second.value, "mm"),
                figure("thorax_width", found.thorax.value, "mm"),
            ];
            geometry(figures, open(&[&at[..2], &at[2..4], &at[4..]]))
        }
        MarkKind::Rectangle => rectangle(mark, at[0], at[1])?,
        MarkKind::Circle => {
            let radius_mm = caliper.length(at[0], at[1])?.value;
            round(
                at[0],
                [vector(mark.axes[0]) * radius_mm, vector(mark.axes[1]) * radius_mm],
            )?
        }
        MarkKind::Ellipse => {
            // The ends of one axis, and how far it reaches across.
            let center = at[0] + (at[1] - at[0]) * 0.5;
            let long = at[1] - center;
            let normal = vector(mark.axes[2]);
            let across = normal.cross(long).normalized().unwrap_or(vector(mark.axes[1]));
            let reach_mm = across.dot(at[2] - center).abs();
            round(center, [long, across * reach_mm])?
        }
        MarkKind::Polygon | MarkKind::Freehand => outlined(mark, at)?,
        MarkKind::Spline => outlined(mark, smooth(&at)?)?,
    })
}

/// A closed outline in a plane.
fn outlined(mark: &Mark, at: Vec<Point<Patient>>) -> Result<Geometry, Refusal> {
    let caliper = Caliper::PATIENT;
    let figures = vec![
        figure("area", caliper.area(&at)?.value, "mm2"),
        figure("perimeter", caliper.perimeter(&at)?.value, "mm"),
    ];
    let steps = at.iter().map(|place| *place - at[0]);
    let middle = steps.fold(Vector::new(0.0, 0.0, 0.0), |sum, step| sum + step);
    let middle = at[0] + middle * (1.0 / at.len() as f64);
    Ok(Geometry {
        figures,
        region: Some(Region::Outline(frame(mark, middle)?, at.clone())),
        lines: vec![(at, true)],
    })
}

fn frame(mark: &Mark, center: Point<Patient>) -> Result<Frame, Refusal> {
    Ok(Frame::new(center, vector(mark.axes[0]), vector(mark.axes[1]))?)
}

fn rectangle(mark: &Mark, a: Point<Patient>, b: Point<Patient>) -> Result<Geometry, Refusal> {
    let (right, down) = (vector(mark.axes[0]), vector(mark.axes[1]));
    let diagonal = b - a;
    let (across, along) = (right.dot(diagonal), down.dot(diagonal));
    let corners = [
        a,
        a + right * across,
        a + right * across + down * along,
        a + down * along,
    ];
    let caliper = Caliper::PATIENT;
    let center = a + right * (across / 2.0) + down * (along / 2.0);
    let sides = [across.abs(), along.abs()];
    // A rectangle without a side holds nothing; said in the shape's words.
    Solid::new(Form::Box, frame(mark, center)?, [sides[0], sides[1], 1.0])?;
    let figures = vec![
        figure("area", caliper.area(&corners)?.value, "mm2"),
        figure("perimeter", caliper.perimeter(&corners)?.value, "mm"),
        figure("width", sides[0], "mm"),
        figure("height", sides[1], "mm"),
    ];
    Ok(Geometry {
        figures,
        region: Some(Region::Solid(Form::Box, frame(mark, center)?, sides)),
        lines: vec![(corners.to_vec(), true)],
    })
}

fn round(center: Point<Patient>, [a, b]: [Vector<Patient>; 2]) -> Result<Geometry, Refusal> {
    let found = Caliper::PATIENT.ellipse(center, center + a, center + b)?;
    let figures = vec![
        figure("area", found.area.value, "mm2"),
        figure("perimeter", found.circumference.value, "mm"),
        figure("long_axis", found.long.value, "mm"),
        figure("short_axis", found.short.value, "mm"),
    ];
    let rim = (0..PIECES).map(|n| {
        let (sin, cos) = (f64::from(n) / f64::from(PIECES) * std::f64::consts::TAU).sin_cos();
        center + a * cos + b * sin
    });
    let stands = Frame::new(center, a, b)?;
    Ok(Geometry {
        figures,
        region: Some(Region::Solid(
            Form::Cylinder,
            stands,
            [2.0 * a.norm(), 2.0 * b.norm()],
        )),
        lines: vec![(rim.collect(), true)],
    })
}

impl Region {
    /// The voxels of a volume whose centres lie in the region, in the one slice that holds its plane.
    fn mask(
        &self,
        volume: &Volume,
        way: &crate::geometry::Affine<Patient, Patient>,
    ) -> Result<Mask, Refusal> {
        let grid = volume.grid();
        let deep = |frame: &Frame| crate::session::apply::step_mm(grid, frame.axes()[2]);
        Ok(match self {
            Self::Solid(form, frame, [width, height]) => {
                let frame = frame.carried(way)?;
                Solid::new(*form, frame, [*width, *height, deep(&frame)])?
                    .rasterise(grid.clone())
                    .0
            }
            Self::Outline(frame, outline) => {
                let outline: Vec<_> = outline.iter().map(|place| *way * *place).collect();
                let frame = frame.carried(way)?;
                Freehand::new(frame, &outline, deep(&frame))?
                    .rasterise(grid.clone())
                    .0
            }
        })
    }
}

/// How the unit of a volume's values is called.
fn unit_of(unit: &Unit) -> String {
    unit.label().to_owned()
}

/// The numbers of a region on one series.
fn statistics(series: &str, volume: &Volume, mask: &Mask) -> Result<Vec<Figure>, String> {
    let found = Statistics::inside(volume, mask, Scale::Factor(1.0)).map_err(|error| error.to_string())?;
    let unit = unit_of(volume.unit());
    let figure = |name: &str, value, unit: &str| Figure {
        series: Some(series.to_owned()),
        ..figure(name, value, unit)
    };
    Ok(vec![
        figure("mean", found.mean, &unit),
        figure("min", found.min, &unit),
        figure("max", found.max, &unit),
        figure("sd", found.sd, &unit),
        figure("median", found.median, &unit),
        figure("voxels", found.voxels as f64, "1"),
    ])
}

impl Session {
    /// The numbers of a mark: of its points, and of the voxels of every series of the view it was drawn in.
    ///
    /// A region in a plane holds the voxels whose centres lie in it, of the one slice of each series that the plane lies
    /// in. Series whose voxels have not come are among the warnings.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuch`] for a mark that is none.
    pub fn mark_readout(&self, mark: u64) -> Result<Readout, Refusal> {
        let mark = self.state.marks.get(&mark).ok_or(Refusal::NoSuch {
            what: "mark",
            found: mark,
        })?;
        of_mark(&self.stage, &self.state, mark)
    }

    /// The voxels of a volume of interest on its own series, for a segmentation or a structure set; with what is to be
    /// said of them.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuch`] for one that is none; [`Refusal`] when its voxels cannot be found.
    pub fn voi_mask(&mut self, voi: u64) -> Result<(Arc<Mask>, Vec<String>), Refusal> {
        let state = self.state.clone();
        let voi = state.vois.get(&voi).ok_or(Refusal::NoSuch {
            what: "volume of interest",
            found: voi,
        })?;
        let volume = self.stage.whole(&voi.series, voi.phase)?;
        self.vois.mask(voi, &volume)
    }

    /// The numbers of a volume of interest: on its own series, and carried to every other of the view it was made in.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuch`] for one that is none; [`Refusal`] when its voxels cannot be found.
    pub fn voi_readout(&mut self, voi: u64) -> Result<Readout, Refusal> {
        let state = self.state.clone();
        let voi = state.vois.get(&voi).ok_or(Refusal::NoSuch {
            what: "volume of interest",
            found: voi,
        })?;
        self.of_voi(&state, voi)
    }

    fn of_voi(&mut self, state: &State, voi: &Arc<Voi>) -> Result<Readout, Refusal> {
        let volume = self.stage.whole(&voi.series, voi.phase)?;
        let (mask, warnings) = self.vois.mask(voi, &volume)?;
        let mut readout = Readout {
            figures: vec![figure("volume", mask.volume_ml(), "mL")],
            warnings,
        };
        if mask.is_empty() {
            readout
                .warnings
                .push("the volume of interest holds no voxel".to_owned());
            return Ok(readout);
        }
        let own = self.stage.facts(&voi.series)?;
        readout.warnings.extend(own.remarks.iter().cloned());
        let own_space = own.space();
        for key in &voi.layers {
            let other = match self.stage.whole(key, voi.phase) {
                Ok(other) => other,
                Err(refusal) => {
                    readout.warnings.push(refusal.to_string());
                    continue;
                }
            };
            let space = self.stage.facts(key)?.space();
            let Some(way) = self.stage.way(&state.joints, &space, &own_space) else {
                readout
                    .warnings
                    .push(Refusal::NotJoined(key.clone(), voi.series.clone()).to_string());
                continue;
            };
            let there = if *key == voi.series {
                Ok(Mask::clone(&mask))
            } else {
                mask.carry_through(way.fixed_from_moving, other.grid().clone())
            };
            match there
                .map_err(|error| error.to_string())
                .and_then(|there| statistics(key, &other, &there))
            {
                Ok(figures) => readout.figures.extend(figures),
                Err(warning) => readout.warnings.push(format!("{key}: {warning}")),
            }
        }
        if matches!(volume.unit(), Unit::SuvBw) {
            self.uptake(voi, &volume, &mask, &mut readout);
        }
        Ok(readout)
    }

    /// Total lesion glycolysis and peak, of SUV only.
    fn uptake(&self, voi: &Voi, volume: &Volume, mask: &Mask, readout: &mut Readout) {
        let of = |name: &str, value, unit: &str| Figure {
            series: Some(voi.series.clone()),
            ..figure(name, value, unit)
        };
        if let Ok(found) = Statistics::inside(volume, mask, Scale::Factor(1.0)) {
            readout.figures.push(of("tlg", found.total, "g"));
        }
        match peak(volume, mask, PeakKind::GlobalPv) {
            Ok(found) => readout
                .figures
                .push(of("peak_global_pv", found.value, &unit_of(volume.unit()))),
            Err(error) => readout.warnings.push(error.to_string()),
        }
    }

    /// The values under a spot, of every layer on its own voxels; on a maximum projection or a volume rendering at the
    /// place that is seen.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a view or a spot that is none.
    pub fn probe(&self, viewport: u32, spot: Spot) -> Result<Readout, Refusal> {
        let shown = shown(&self.state, viewport, "a value")?;
        let place = match shown.kind {
            Kind::Projection {
                of: SlabKind::Maximum,
            }
            | Kind::Rendering { .. } => self.stage.seen_at(&self.state.joints, shown, spot, "a value")?,
            _ => shown.place(&self.stage.facts(&shown.layers[0].series)?.grid, spot)?,
        };
        let layers: Vec<String> = shown.layers.iter().map(|layer| layer.series.clone()).collect();
        let space = self.stage.facts(&layers[0])?.space();
        Ok(values_at(
            &self.stage,
            &self.state.joints,
            &space,
            &layers,
            shown.phase,
            place,
        ))
    }
}

/// The values at a place, of each series by its nearest voxel.
fn values_at(
    stage: &Stage,
    joints: &[Arc<Joint>],
    space: &str,
    layers: &[String],
    phase: u32,
    place: Point<Patient>,
) -> Readout {
    let mut readout = Readout::default();
    if let Some(facts) = stage.images_of(space) {
        of_pixel(stage, facts, place, &mut readout);
        return readout;
    }
    for (axis, name) in ["x", "y", "z"].iter().enumerate() {
        readout.figures.push(figure(name, place[axis], "mm"));
    }
    for key in layers {
        let value = stage.whole(key, phase).and_then(|volume| {
            let theirs = stage.facts(key)?.space();
            let way = stage.way(joints, &theirs, space);
            let way = way.ok_or_else(|| Refusal::NotJoined(theirs, space.to_owned()))?;
            let at = volume.grid().voxel(way.fixed_from_moving * place);
            Ok((
                sample(&volume, at, Interpolation::Nearest),
                unit_of(volume.unit()),
            ))
        });
        match value {
            Ok((Some(value), unit)) => readout.figures.push(Figure {
                series: Some(key.clone()),
                ..figure("value", value, &unit)
            }),
            Ok((None, _)) => {}
            Err(refusal) => readout.warnings.push(refusal.to_string()),
        }
    }
    readout
}

/// The pixel of an image under a place: its column and row from 0, and its value or colours.
fn of_pixel(stage: &Stage, facts: &SeriesFacts, place: Point<Patient>, readout: &mut Readout) {
    let at = facts.grid.voxel(place);
    let [column, row, slice] = [0, 1, 2].map(|axis| at[axis].round());
    readout.figures.push(figure("column", column, "px"));
    readout.figures.push(figure("row", row, "px"));
    let (column, row) = (column as i64, row as i64);
    let of_series = |name: &str, value: f64, unit: &str| Figure {
        series: Some(facts.key.clone()),
        ..figure(name, value, unit)
    };
    match stage.sheet(&facts.key, slice.max(0.0) as usize) {
        Ok(Some(sheet)) => {
            if let Some(value) = sheet.value(column, row) {
                readout
                    .figures
                    .push(of_series("value", value, &unit_of(&facts.unit)));
            }
            let parts = ["red", "green", "blue"]
                .iter()
                .zip(sheet.rgb(column, row).into_iter().flatten());
            for (name, part) in parts {
                readout.figures.push(of_series(name, f64::from(part), "1"));
            }
        }
        Ok(None) => readout
            .warnings
            .push(Refusal::Waiting(facts.key.clone()).to_string()),
        Err(refusal) => readout.warnings.push(refusal.to_string()),
    }
}

fn of_mark(stage: &Stage, state: &State, mark: &Mark) -> Result<Readout, Refusal> {
    let joints = &state.joints;
    if mark.kind == MarkKind::Probe {
        let place = point(mark.points_mm[0]);
        return Ok(values_at(
            stage,
            joints,
            &mark.space,
            &mark.layers,
            mark.phase,
            place,
        ));
    }
    let Geometry { figures, region, .. } = geometry(mark)?;
    let scale = stage.length_scale(&state.calibrations, mark);
    let mut readout = Readout {
        figures: scale.scaled(&figures),
        warnings: scale.remark.map(str::to_owned).into_iter().collect(),
    };
    let Some(region) = region.filter(|_| !mark.is_in_space) else {
        return Ok(readout);
    };
    for key in &mark.layers {
        let measured = measured_on(stage, key, mark).and_then(|volume| {
            let theirs = stage.facts(key)?.space();
            let way = stage.way(joints, &theirs, &mark.space);
            let way = way.ok_or_else(|| Refusal::NotJoined(theirs, mark.space.clone()))?;
            Ok((region.mask(&volume, &way.fixed_from_moving)?, volume))
        });
        match measured
            .map_err(|refusal| refusal.to_string())
            .and_then(|(mask, volume)| statistics(key, &volume, &mask))
        {
            Ok(figures) => readout.figures.extend(figures),
            Err(warning) => readout.warnings.push(format!("{key}: {warning}")),
        }
    }
    Ok(readout)
}

/// The voxels that a mark lies on: of images without a volume, those of its slice.
fn measured_on(stage: &Stage, key: &str, mark: &Mark) -> Result<Volume, Refusal> {
    let facts = stage.facts(key)?;
    if facts.planar.is_none() {
        return stage.whole(key, mark.phase);
    }
    let slice = facts.grid.voxel(point(mark.points_mm[0]))[2].round();
    stage.values_of_image(key, slice.max(0.0) as usize)
}
