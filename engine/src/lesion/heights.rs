//! How far from the head a plane lies, in the measures of an adult of ordinary height.
//!
//! Organs have their place along the body. Landmarks that the images show (the top of the head, the shoulders,
//! the ends of the lungs, the fork of the legs) tie the planes to a body of 170 cm; between them distances
//! stretch evenly, so that a child's organs have an adult's heights.

use crate::lesion::lattice::Lattice;
use crate::lesion::sections::Section;

/// Where an adult's landmarks lie below the top of the head, mm.
const SHOULDER_MM: f64 = 275.0;
const LUNG_TOP_MM: f64 = 320.0;
const LUNG_BASE_MM: f64 = 590.0;
const FORK_MM: f64 = 945.0;
/// A head's section, cm2: between a child's neck and a large head.
const HEAD_CM2: std::ops::Range<f64> = 25.0..480.0;

/// Reference heights of the planes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Heights {
    /// Patient z and height below the top of the head, from the head down.
    landmarks: Vec<(f64, f64)>,
    /// Whether the top of the head is in the image.
    pub whole_head: bool,
    /// Whether the shoulders, or lungs that end within the image, were seen.
    pub chest: bool,
    /// Whether the legs' fork was seen.
    pub fork: bool,
}

impl Heights {
    /// Looks for the landmarks.
    pub fn find(lattice: &Lattice, sections: &[Option<Section>], lungs: &[bool]) -> Self {
        let z = |k: usize| lattice.place([0, 0, k])[2];
        let head = head(lattice, sections);
        let lungs = lung_ends(lattice, lungs);
        let fork = fork(sections);
        let mut landmarks = Vec::new();
        let vertex = head.as_ref().and_then(|head| head.vertex);
        if let Some(vertex) = vertex {
            landmarks.push((z(vertex), 0.0));
        }
        if let (None, None, Some(head)) = (vertex, lungs.and_then(|l| l.1), &head) {
            landmarks.push((z(head.shoulder), SHOULDER_MM));
        }
        if let Some((base, top)) = lungs {
            if let Some(top) = top {
                landmarks.push((z(top), LUNG_TOP_MM));
            }
            if let Some(base) = base {
                landmarks.push((z(base), LUNG_BASE_MM));
            }
        }
        if let Some(fork) = fork {
            landmarks.push((z(fork), FORK_MM));
        }
        landmarks.sort_by(|a, b| b.0.total_cmp(&a.0));
        // Landmarks out of order were mistaken: the upper ones are the surer.
        let mut lowest = f64::NEG_INFINITY;
        landmarks.retain(|(_, height)| {
            let rises = *height > lowest;
            lowest = lowest.max(*height);
            rises
        });
        Self {
            landmarks,
            whole_head: vertex.is_some(),
            chest: head.is_some() || lungs.is_some_and(|l| l.0.is_some() || l.1.is_some()),
            fork: fork.is_some(),
        }
    }

    /// Whether any landmark was found.
    pub fn is_known(&self) -> bool {
        !self.landmarks.is_empty()
    }

    /// The height below the top of the head, mm in a body of 170 cm; `None` without a landmark.
    pub fn at(&self, z: f64) -> Option<f64> {
        let (first, last) = (self.landmarks.first()?, self.landmarks.last()?);
        let stretch = self.stretch();
        if z >= first.0 {
            return Some(first.1 - (z - first.0) * stretch);
        }
        if z <= last.0 {
            return Some(last.1 + (last.0 - z) * stretch);
        }
        let below = self.landmarks.iter().position(|l| l.0 <= z)?;
        let (a, b) = (self.landmarks[below - 1], self.landmarks[below]);
        Some(a.1 + (a.0 - z) / (a.0 - b.0) * (b.1 - a.1))
    }

    /// Reference millimetres a millimetre: above 1 in a small body. Short stretches of the body say little.
    pub fn stretch(&self) -> f64 {
        let (Some(first), Some(last)) = (self.landmarks.first(), self.landmarks.last()) else {
            return 1.0;
        };
        let span = last.1 - first.1;
        if span < 400.0 {
            return if span > 200.0 {
                (span / (first.0 - last.0)).clamp(0.9, 1.15)
            } else {
                1.0
            };
        }
        (span / (first.0 - last.0)).clamp(0.8, 2.5)
    }

    /// The lowest and highest patient z between two heights, from the feet up; `None` without a landmark.
    pub fn z_range(&self, upper_mm: f64, lower_mm: f64) -> Option<(f64, f64)> {
        Some((self.z_at(lower_mm)?, self.z_at(upper_mm)?))
    }

    fn z_at(&self, height: f64) -> Option<f64> {
        let (first, last) = (self.landmarks.first()?, self.landmarks.last()?);
        let stretch = self.stretch();
        if height <= first.1 {
            return Some(first.0 + (first.1 - height) / stretch);
        }
        if height >= last.1 {
            return Some(last.0 - (height - last.1) / stretch);
        }
        let below = self.landmarks.iter().position(|l| l.1 >= height)?;
        let (a, b) = (self.landmarks[below - 1], self.landmarks[below]);
        Some(a.0 - (height - a.1) / (b.1 - a.1) * (a.0 - b.0))
    }
}

/// A head and the shoulders under it.
struct Head {
    /// The highest plane of the body, unless the image ends there.
    vertex: Option<usize>,
    shoulder: usize,
}

/// Looks down from the top for sections of a head's size over some length, then a wide one.
fn head(lattice: &Lattice, sections: &[Option<Section>]) -> Option<Head> {
    let top = (0..sections.len()).rev().find(|k| sections[*k].is_some())?;
    let area = |k: usize| sections[k].as_ref().map_or(0.0, |s| s.area_cm2);
    let mut areas = Vec::new();
    let mut shoulder = None;
    for k in (0..=top).rev() {
        let median = median(&areas).unwrap_or(HEAD_CM2.end);
        let long_enough = areas.len() >= lattice.cells_in(60.0);
        if long_enough && area(k) > 1.6 * median && area(k) > 250.0 {
            shoulder = Some(k);
            break;
        }
        if area(k) > 1.5 * HEAD_CM2.end || sections[k].as_ref().is_none_or(|s| s.legs) {
            return None;
        }
        areas.push(area(k));
    }
    let shoulder = shoulder?;
    if !HEAD_CM2.contains(&median(&areas)?) {
        return None;
    }
    // A head closes at its top, and reaches 180 mm above the shoulders and more; else the image cut it.
    let closes = area(top) < 0.5 * median(&areas)?;
    let whole = closes && top - shoulder >= lattice.cells_in(150.0);
    Some(Head {
        vertex: whole.then_some(top),
        shoulder,
    })
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// The lowest and highest plane with lung, each unless the image ends there.
fn lung_ends(lattice: &Lattice, lungs: &[bool]) -> Option<(Option<usize>, Option<usize>)> {
    let plane = lattice.size[0] * lattice.size[1];
    // 4 cm2 of lung: the windpipe alone is less.
    let enough = (400.0 / (lattice.step_mm * lattice.step_mm)) as usize;
    let has = |k: &usize| lungs[k * plane..][..plane].iter().filter(|c| **c).count() > enough;
    let base = (0..lattice.size[2]).find(has)?;
    let top = (0..lattice.size[2]).rev().find(has)?;
    Some((
        (base > 1).then_some(base),
        (top + 2 < lattice.size[2]).then_some(top),
    ))
}

/// The highest plane of two legs that stay apart for 30 mm below it.
fn fork(sections: &[Option<Section>]) -> Option<usize> {
    let legs = |k: usize| sections[k].as_ref().is_some_and(|s| s.legs);
    let top = (0..sections.len())
        .rev()
        .find(|k| (k.saturating_sub(5)..=*k).all(legs))?;
    let above = sections.get(top + 1)?.as_ref()?;
    (!above.legs).then_some(top)
}
