//! Axial planes of the body: which part is trunk, how wide and deep it is.

use crate::lesion::lattice::{Cells, Lattice};

/// Half the width of what must belong to head, neck or trunk, mm: arms lie farther from the middle.
const CORE_MM: f64 = 50.0;

/// The trunk, the head or both legs in an axial plane.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    /// Middle between left and right, patient x in mm.
    pub middle_x: f64,
    /// Half its width, mm.
    pub half_width_mm: f64,
    /// Front and back, patient y in mm.
    pub front_y: f64,
    pub back_y: f64,
    /// Area, cm2.
    pub area_cm2: f64,
    /// Whether these are two legs apart.
    pub legs: bool,
}

impl Section {
    /// How far back a place lies: 0 at the front, 1 at the back.
    pub fn depth(&self, y: f64) -> f64 {
        (y - self.front_y) / (self.back_y - self.front_y).max(1.0)
    }
}

/// The parts of one plane: for each its cubes.
fn parts_of(plane: &[bool], columns: usize) -> Vec<Vec<usize>> {
    let rows = plane.len() / columns;
    let mut seen = vec![false; plane.len()];
    let mut parts = Vec::new();
    for start in 0..plane.len() {
        if !plane[start] || seen[start] {
            continue;
        }
        let mut part = vec![start];
        seen[start] = true;
        let mut next = 0;
        while next < part.len() {
            let n = part[next];
            next += 1;
            let (i, j) = (n % columns, n / columns);
            let near = [
                (i > 0).then(|| n - 1),
                (i + 1 < columns).then(|| n + 1),
                (j > 0).then(|| n - columns),
                (j + 1 < rows).then(|| n + columns),
            ];
            for other in near.into_iter().flatten() {
                if plane[other] && !seen[other] {
                    seen[other] = true;
                    part.push(other);
                }
            }
        }
        parts.push(part);
    }
    parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), part[0]));
    parts
}

/// Finds the trunk in every plane, from the widest plane on up and down.
pub(super) fn sections(lattice: &Lattice, inside: &[bool]) -> (Cells, Vec<Option<Section>>) {
    let plane = lattice.size[0] * lattice.size[1];
    let mut trunk = vec![false; inside.len()];
    let mut found = vec![None; lattice.size[2]];
    let count = |k: usize| inside[k * plane..][..plane].iter().filter(|c| **c).count();
    let Some(widest) = (0..lattice.size[2]).max_by_key(|k| count(*k)) else {
        return (trunk, found);
    };
    for upward in [true, false] {
        let mut middle = None;
        let planes: Vec<usize> = if upward {
            (widest..lattice.size[2]).collect()
        } else {
            (0..=widest).rev().collect()
        };
        for k in planes {
            let parts = parts_of(&inside[k * plane..][..plane], lattice.size[0]);
            let Some((cells, legs)) = central(lattice, parts, middle) else {
                break;
            };
            for cell in &cells {
                trunk[k * plane + cell] = true;
            }
            let section = describe(lattice, &cells, legs);
            middle = Some(section.middle_x);
            found[k] = Some(section);
        }
    }
    steady(&mut found, lattice.cells_in(30.0));
    (trunk, found)
}

/// Replaces the middles by their means over `reach` planes up and down.
fn steady(sections: &mut [Option<Section>], reach: usize) {
    let middles: Vec<Option<f64>> = sections.iter().map(|s| Some(s.as_ref()?.middle_x)).collect();
    for (k, section) in sections.iter_mut().enumerate() {
        let near = &middles[k.saturating_sub(reach)..(k + reach + 1).min(middles.len())];
        if let Some(section) = section {
            let (sum, count) = near
                .iter()
                .flatten()
                .fold((0.0, 0), |(sum, n), x| (sum + x, n + 1));
            section.middle_x = sum / f64::from(count);
        }
    }
}

/// The cubes of head, trunk or legs among the parts of a plane, and whether they are legs.
fn central(lattice: &Lattice, mut parts: Vec<Vec<usize>>, middle: Option<f64>) -> Option<(Vec<usize>, bool)> {
    let first = parts.first()?;
    let x_of = |n: &usize| lattice.place([n % lattice.size[0], 0, 0])[0];
    let mean_x = |part: &[usize]| part.iter().map(x_of).sum::<f64>() / part.len() as f64;
    let middle = middle.unwrap_or_else(|| match parts.get(1) {
        Some(second) if second.len() * 2 > first.len() => (mean_x(first) + mean_x(second)) / 2.0,
        _ => mean_x(first),
    });
    if let Some(second) = parts.get(1) {
        let (a, b) = (mean_x(first) - middle, mean_x(second) - middle);
        let area = second.len() as f64 * lattice.step_mm * lattice.step_mm / 100.0;
        let core = core_cells(&parts, x_of, middle);
        // Legs lie on either side of the middle, nearly alike, and nothing lies between them.
        let alike = second.len() * 5 > first.len() * 3 && (a + b).abs() < 40.0 && a * b < 0.0;
        let between = core.iter().skip(2).any(|n| *n > 8);
        if alike && area > 40.0 && !between && a.abs() < 160.0 {
            let second = parts.swap_remove(1);
            let mut cells = parts.swap_remove(0);
            cells.extend(second);
            return Some((cells, true));
        }
    }
    let core = core_cells(&parts, x_of, middle);
    let best = (0..parts.len()).max_by_key(|n| (core[*n], std::cmp::Reverse(*n)))?;
    (core[best] > 0).then(|| (parts.swap_remove(best), false))
}

/// How many cubes of each part lie near the middle.
fn core_cells(parts: &[Vec<usize>], x_of: impl Fn(&usize) -> f64, middle: f64) -> Vec<usize> {
    parts
        .iter()
        .map(|part| part.iter().filter(|n| (x_of(n) - middle).abs() < CORE_MM).count())
        .collect()
}

fn describe(lattice: &Lattice, cells: &[usize], legs: bool) -> Section {
    let columns = lattice.size[0];
    let half = lattice.step_mm / 2.0;
    let x = |n: usize| lattice.place([n % columns, 0, 0])[0];
    let y = |n: usize| lattice.place([0, n / columns, 0])[1];
    let low = |of: &dyn Fn(usize) -> f64| cells.iter().map(|n| of(*n)).fold(f64::INFINITY, f64::min);
    let high = |of: &dyn Fn(usize) -> f64| cells.iter().map(|n| of(*n)).fold(f64::NEG_INFINITY, f64::max);
    let (left, right) = (low(&x) - half, high(&x) + half);
    Section {
        // The mean, not the middle of the edges: one arm that touches pulls less.
        middle_x: cells.iter().map(|n| x(*n)).sum::<f64>() / cells.len() as f64,
        half_width_mm: (right - left) / 2.0,
        front_y: low(&y) - half,
        back_y: high(&y) + half,
        area_cm2: cells.len() as f64 * lattice.step_mm * lattice.step_mm / 100.0,
        legs,
    }
}
