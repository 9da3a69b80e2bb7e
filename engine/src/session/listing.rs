//! Studies of DICOM as the series that a session shows.

use crate::dicom::read::planar::{Description, describe, rescales, stated_window};
use crate::dicom::read::{
    self, FrameRef, Series, Stack, Study, hanging_facts, in_suv, planar_hanging_facts, suv_conversion, texts,
};
use crate::dicom::{ImageReference, ObjectReference};
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::session::source::SeriesFacts;
use crate::volume::{Rescale, Unit, Volume};

/// What of studies can be shown: known before any pixel has come.
///
/// Stacks of a series that lie on one grid are its phases; others are series of their own, with `#2` and so on behind the key.
/// So are images that make no volume: radiographs one by one, the frames of one object together, single frames with those of
/// their size and spacing.
#[derive(Debug)]
pub struct Listing {
    studies: Vec<Study>,
    facts: Vec<SeriesFacts>,
    /// Where in the studies each series of `facts` is: study, series, what of it.
    places: Vec<(usize, usize, Part)>,
}

/// What of a series is one of the session's.
#[derive(Debug)]
enum Part {
    /// Volumes by phase.
    Volumes(Vec<usize>),
    /// Images, in order.
    Images(Vec<FrameRef>),
}

/// One of the series that can be shown.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The series of DICOM that it is of.
    pub series: &'a Series,
    part: &'a Part,
}

impl Listing {
    /// The volumes and images of studies.
    #[must_use]
    pub fn new(studies: Vec<Study>) -> Self {
        let (mut facts, mut places) = (Vec::new(), Vec::new());
        for (s, study) in studies.iter().enumerate() {
            for (n, series) in study.series.iter().enumerate() {
                if matches!(series.modality.as_str(), "SEG" | "RTDOSE") {
                    continue;
                }
                for phases in groups(&series.sorted.stacks) {
                    facts.push(of_series(study, series, &phases));
                    places.push((s, n, Part::Volumes(phases)));
                }
                for (description, frames) in sheets(series) {
                    facts.extend(of_images(study, series, &description, &frames));
                    places.push((s, n, Part::Images(frames)));
                }
                let own = places.iter().filter(|place| (place.0, place.1) == (s, n)).count();
                let first = facts.len() - own;
                for (at, facts) in facts[first..].iter_mut().enumerate().skip(1) {
                    facts.key = format!("{}#{}", facts.key, at + 1);
                }
            }
        }
        Self {
            studies,
            facts,
            places,
        }
    }

    /// The series, in the order in which they are listed.
    #[must_use]
    pub fn facts(&self) -> &[SeriesFacts] {
        &self.facts
    }

    /// Where a series stands among [`Self::facts`].
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        self.facts.iter().position(|facts| facts.key == key)
    }

    /// One of the series, by where it stands.
    #[must_use]
    pub fn get(&self, n: usize) -> Option<Listed<'_>> {
        let (study, series, part) = self.places.get(n)?;
        let series = &self.studies[*study].series[*series];
        Some(Listed { series, part })
    }

    /// What makes stored values of each slice into those that are shown, as
    /// [`Source::rescales`](crate::session::Source::rescales) wants it.
    #[must_use]
    pub fn rescales(&self, key: &str) -> Vec<Rescale> {
        let Some(Listed { series, part }) = self.position(key).and_then(|n| self.get(n)) else {
            return Vec::new();
        };
        let phases = match part {
            Part::Volumes(phases) => phases,
            Part::Images(frames) => return rescales(series, frames),
        };
        let Some(stack) = phases.first().and_then(|at| series.sorted.stacks.get(*at)) else {
            return Vec::new();
        };
        let suv = series.is_emission().then(|| suv_conversion(series, stack));
        let factors = suv.and_then(Result::ok).map(|conversion| conversion.factors_bw);
        let of = |(slice, at): (usize, &read::FrameRef)| {
            let stored = series.instances.get(at.instance)?.frames.get(at.frame)?.rescale;
            let factor = factors.as_ref().map_or(Some(1.0), |factors| factors.of(slice))?;
            Some(Rescale {
                slope: stored.slope * factor,
                intercept: stored.intercept * factor,
            })
        };
        let rescales: Option<Vec<Rescale>> = stack.frames.iter().enumerate().map(of).collect();
        rescales.unwrap_or_default()
    }
}

impl<'a> Listed<'a> {
    /// The stack of a phase; `None` where there is no such phase, and for images that make no volume.
    #[must_use]
    pub fn stack(&self, phase: usize) -> Option<&'a Stack> {
        match self.part {
            Part::Volumes(phases) => self.series.sorted.stacks.get(*phases.get(phase)?),
            Part::Images(_) => None,
        }
    }

    /// Phases of a volume; 0 for images that make none.
    #[must_use]
    pub fn phases(&self) -> usize {
        match self.part {
            Part::Volumes(phases) => phases.len(),
            Part::Images(_) => 0,
        }
    }

    /// The images of a series that makes no volume, in order.
    #[must_use]
    pub fn images(&self) -> &'a [FrameRef] {
        match self.part {
            Part::Volumes(_) => &[],
            Part::Images(frames) => frames,
        }
    }

    /// A volume of it in the unit that people read: SUV where it can be had.
    #[must_use]
    pub fn displayed(&self, stack: &Stack, volume: Volume) -> Volume {
        if !self.series.is_emission() {
            return volume;
        }
        let stored = volume.clone();
        suv_conversion(self.series, stack)
            .ok()
            .and_then(|conversion| in_suv(volume, &conversion.factors_bw).ok())
            .unwrap_or(stored)
    }
}

/// Stacks by grid, each group in the order in which they were found.
fn groups(stacks: &[Stack]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (n, stack) in stacks.iter().enumerate() {
        let same = groups
            .iter_mut()
            .find(|group| stacks[group[0]].grid.matches(&stack.grid));
        match same {
            Some(group) => group.push(n),
            None => groups.push(vec![n]),
        }
    }
    groups
}

/// Images of a series that make no volume, by what can be paged through.
fn sheets(series: &Series) -> Vec<(Description, Vec<FrameRef>)> {
    // A radiograph is looked at by itself.
    let is_single = matches!(series.modality.as_str(), "CR" | "DX" | "MG" | "IO" | "PX");
    let mut found: Vec<(Description, Vec<FrameRef>)> = Vec::new();
    for at in &series.sorted.images {
        let instance = &series.instances[at.instance];
        let Some(description) = describe(instance, at.frame) else {
            continue;
        };
        let is_many = instance.frames.len() > 1;
        let fits = |(known, frames): &&mut (Description, Vec<FrameRef>)| {
            let last = frames[frames.len() - 1];
            let is_one = last.instance == at.instance;
            let last_is_many = series.instances[last.instance].frames.len() > 1;
            *known == description && (is_one || !(is_single || is_many || last_is_many))
        };
        match found.iter_mut().rev().find(fits) {
            Some((_, frames)) => frames.push(*at),
            None => found.push((description, vec![*at])),
        }
    }
    found
}

fn of_series(study: &Study, series: &Series, phases: &[usize]) -> SeriesFacts {
    let stack = &series.sorted.stacks[phases[0]];
    let suv = series.is_emission().then(|| suv_conversion(series, stack));
    let unit = match (series.modality.as_str(), &suv) {
        (_, Some(Ok(_))) => Unit::SuvBw,
        ("CT", _) => Unit::Hounsfield,
        _ => Unit::Unspecified,
    };
    // What makes the number doubtful is read beside it; where there is none, why.
    let remarks = match suv {
        Some(Ok(conversion)) => {
            let warnings = conversion.audit.warnings.into_iter();
            warnings.map(|warning| warning.text).collect()
        }
        Some(Err(refusal)) => vec![format!("no SUV: {refusal}")],
        None => Vec::new(),
    };
    SeriesFacts {
        unit,
        phases: phases.len(),
        remarks,
        // Makers of uptake state counts or Bq/mL, which are not what is shown.
        window: (!series.is_emission())
            .then(|| stated_window(series, stack))
            .flatten(),
        images: images(series, &stack.frames),
        hanging: hanging_facts(series, stack),
        ..named(study, series, stack.grid.clone())
    }
}

/// Images as slices of a space of their own, the first pixel of each at 0, 0.
fn of_images(
    study: &Study,
    series: &Series,
    description: &Description,
    frames: &[FrameRef],
) -> Option<SeriesFacts> {
    let [columns, rows] = description.size;
    let [across, along] = description.spacing_mm;
    let axes = [
        Vector::new(across, 0.0, 0.0),
        Vector::new(0.0, along, 0.0),
        Vector::new(0.0, 0.0, 1.0),
    ];
    let size = [columns as usize, rows as usize, frames.len()];
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).ok()?;
    Some(SeriesFacts {
        planar: Some(description.clone()),
        remarks: description
            .scale
            .remark()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        images: images(series, frames),
        hanging: planar_hanging_facts(series, frames),
        ..named(study, series, grid)
    })
}

/// What a series is called, before anything is known of its voxels.
fn named(study: &Study, series: &Series, grid: Grid) -> SeriesFacts {
    let texts = texts(series);
    let text = |name: &str| texts.get(name).cloned().unwrap_or_default();
    SeriesFacts {
        key: series.series_instance_uid.clone(),
        study: study.study_instance_uid.clone(),
        study_time: format!("{}{}", text("StudyDate"), text("StudyTime")),
        number: series.series_number,
        grid,
        planar: None,
        unit: Unit::Unspecified,
        phases: 1,
        remarks: Vec::new(),
        window: None,
        images: Vec::new(),
        hanging: Default::default(),
        texts,
    }
}

/// The objects of frames.
fn images(series: &Series, frames: &[FrameRef]) -> Vec<ImageReference> {
    let image = |at: &FrameRef| {
        let instance = series.instances.get(at.instance)?;
        let is_many = instance.frames.len() > 1;
        Some(ImageReference {
            reference: ObjectReference {
                study_instance_uid: instance.study_instance_uid.clone(),
                series_instance_uid: instance.series_instance_uid.clone(),
                sop_class_uid: instance.sop_class_uid.clone(),
                sop_instance_uid: instance.sop_instance_uid.clone(),
            },
            frames: if is_many {
                vec![at.frame as u32 + 1]
            } else {
                Vec::new()
            },
        })
    };
    frames.iter().filter_map(image).collect()
}
