//! What is read beside marks, volumes of interest and pointers, from the voxels in f64.

use std::sync::Arc;

use crate::geometry::{Patient, Point};
use crate::session::apply::shown;
use crate::session::command::Spot;
use crate::session::error::Refusal;
use crate::session::figures::{Figure, Geometry, Readout, figure, geometry};
use crate::session::sight::point;
use crate::session::stage::Stage;
use crate::session::state::{Joint, Kind, Mark, MarkKind, SlabKind, State, Voi};
use crate::session::{SeriesFacts, Session};
use crate::voi::{Mask, PeakKind, Scale, Statistics, peak};
use crate::volume::{Interpolation, Unit, Volume, sample};

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
