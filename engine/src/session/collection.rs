//! DICOM studies as a session's source.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::dicom::read::{self, Series, Stack, Study, hanging_facts, in_suv, load, suv_conversion, texts};
use crate::dicom::{ImageReference, ObjectReference};
use crate::session::source::{Arrival, SeriesFacts, Source};
use crate::volume::{Rescale, Unit, Volume};

/// Studies whose bytes are at hand: each volume is read when it is first wanted, and kept.
pub struct Collection<S> {
    studies: Vec<Study>,
    bytes: S,
    facts: Vec<SeriesFacts>,
    /// Where in the studies each series of `facts` is: study, series, its volumes by phase.
    places: Vec<(usize, usize, Vec<usize>)>,
    read: Mutex<BTreeMap<(usize, usize), Arrival>>,
}

impl<S: read::Source> Collection<S> {
    /// The volumes of studies. Stacks of a series that lie on one grid are its phases; others are series of their own,
    /// with `#2` and so on behind the key.
    #[must_use]
    pub fn new(studies: Vec<Study>, bytes: S) -> Self {
        let (mut facts, mut places) = (Vec::new(), Vec::new());
        for (s, study) in studies.iter().enumerate() {
            for (n, series) in study.series.iter().enumerate() {
                if matches!(series.modality.as_str(), "SEG" | "RTDOSE") {
                    continue;
                }
                for (at, phases) in groups(&series.sorted.stacks).into_iter().enumerate() {
                    facts.push(of_series(study, series, at, &phases));
                    places.push((s, n, phases));
                }
            }
        }
        Self {
            studies,
            bytes,
            facts,
            places,
            read: Mutex::default(),
        }
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

fn of_series(study: &Study, series: &Series, at: usize, phases: &[usize]) -> SeriesFacts {
    let stack = &series.sorted.stacks[phases[0]];
    let suffix = match at {
        0 => String::new(),
        n => format!("#{}", n + 1),
    };
    let suv = series.is_emission().then(|| suv_conversion(series, stack));
    let unit = match (series.modality.as_str(), &suv) {
        (_, Some(Ok(_))) => Unit::SuvBw,
        ("CT", _) => Unit::Hounsfield,
        _ => Unit::Unspecified,
    };
    let refused = suv
        .and_then(Result::err)
        .map(|refusal| format!("no SUV: {refusal}"));
    let texts = texts(series);
    let text = |name: &str| texts.get(name).cloned().unwrap_or_default();
    SeriesFacts {
        key: format!("{}{suffix}", series.series_instance_uid),
        study: study.study_instance_uid.clone(),
        study_time: format!("{}{}", text("StudyDate"), text("StudyTime")),
        number: series.series_number,
        grid: stack.grid.clone(),
        unit,
        phases: phases.len(),
        remarks: refused.into_iter().collect(),
        window: None,
        images: images(series, stack),
        hanging: hanging_facts(series, stack),
        texts,
    }
}

/// The objects of a stack's slices.
fn images(series: &Series, stack: &Stack) -> Vec<ImageReference> {
    let image = |at: &read::FrameRef| {
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
    stack.frames.iter().filter_map(image).collect()
}

impl<S: read::Source> Source for Collection<S> {
    fn series(&self) -> &[SeriesFacts] {
        &self.facts
    }

    fn volume(&self, key: &str, phase: usize) -> Arrival {
        let Some(n) = self.facts.iter().position(|facts| facts.key == key) else {
            return Arrival::Failed("there is no such series".to_owned());
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry((n, phase))
            .or_insert_with(|| self.load(n, phase))
            .clone()
    }

    fn rescales(&self, key: &str) -> Vec<Rescale> {
        let n = self.facts.iter().position(|facts| facts.key == key);
        let Some((study, series, phases)) = n.map(|n| &self.places[n]) else {
            return Vec::new();
        };
        let series = &self.studies[*study].series[*series];
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

impl<S: read::Source> Collection<S> {
    fn load(&self, n: usize, phase: usize) -> Arrival {
        let (study, series, phases) = &self.places[n];
        let series = &self.studies[*study].series[*series];
        let Some(stack) = phases.get(phase).and_then(|at| series.sorted.stacks.get(*at)) else {
            return Arrival::Failed(format!("there is no phase {}", phase + 1));
        };
        match load(series, stack, &self.bytes, &|_, _| {}) {
            Ok((volume, _)) => Arrival::Whole(displayed(series, stack, volume)),
            Err(error) => Arrival::Failed(error.to_string()),
        }
    }
}

/// In the unit that people read: SUV where it can be had.
fn displayed(series: &Series, stack: &Stack, volume: Volume) -> Volume {
    if !series.is_emission() {
        return volume;
    }
    let stored = volume.clone();
    suv_conversion(series, stack)
        .ok()
        .and_then(|conversion| in_suv(volume, &conversion.factors_bw).ok())
        .unwrap_or(stored)
}
