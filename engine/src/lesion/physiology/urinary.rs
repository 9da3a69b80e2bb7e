//! Kidneys, ureters, bladder and urethra: tissue that makes urine, and urine.

use crate::lesion::evidence::{Hot, Scene};
use crate::lesion::lattice::Cells;
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

/// Where bladders lie, mm below the top of the head.
const BLADDER_MM: (f64, f64) = (760.0, 960.0);
/// Where kidneys lie, and how far from the middle.
const KIDNEY_MM: (f64, f64) = (530.0, 770.0);
const KIDNEY_SIDE_MM: (f64, f64) = (22.0, 135.0);
/// A kidney's center lies at least this far from the middle, a retroperitoneal node's seldom.
const KIDNEY_CENTER_MM: f64 = 36.0;
/// Retroperitoneal nodes lie nearer the middle than this.
const OUTWARD_MM: f64 = 42.0;
/// The least that counts as a kidney, mL.
const KIDNEY_LEAST_ML: f64 = 12.0;
/// What lies this near a kidney belongs to it: toward the spine its pelvis, outward a crumb of its edge.
const BED_MM: f64 = 15.0;
const BED_OUTWARD_MM: f64 = 6.0;
/// A spot of less says nothing of its form, mL.
const SPOT_ML: f64 = 0.3;
/// Urine contains no fat, no soft tissue and mostly no contrast medium.
const URINE_HU: std::ops::Range<f64> = -15.0..22.0;

/// The bladder: the hottest large thing in the middle of the pelvis, and what of it lies apart.
pub(super) fn bladder(scene: &Scene, asides: &mut Asides) {
    let may_be = |hot: &Hot| {
        hot.in_trunk
            && hot.between(BLADDER_MM.0, BLADDER_MM.1)
            && hot.side_mm.abs() < 45.0
            && (0.05..0.8).contains(&hot.depth)
            && hot.bone < 0.6
            && hot.basin.volume_ml > 4.0
    };
    let weight = |n: &usize| scene.hot[*n].basin.max * scene.hot[*n].basin.volume_ml;
    let found = (0..scene.hot.len())
        .filter(|n| asides.is_open(*n) && may_be(&scene.hot[*n]))
        .max_by(|a, b| weight(a).total_cmp(&weight(b)));
    let Some(bladder) = found else { return };
    let main = &scene.hot[bladder];
    let reason = format!(
        "{:.0} mL in the middle of the pelvis, the hottest there: urine in the bladder",
        main.basin.volume_ml
    );
    asides.set(bladder, Organ::UrinaryTract, reason);
    for (n, hot) in scene.hot.iter().enumerate() {
        let step = hot.basin.max_at - main.basin.center;
        let reach = main.extents_mm[0] / 2.0 + 4.0;
        let within = step.norm() < main.extents_mm[2] / 2.0 + 3.0
            || (step.norm() < reach && hot.pass_to(|other| other == bladder) > 0.6);
        // The urethra runs down from the bladder, in the middle.
        let below = (-90.0..0.0).contains(&step[2])
            && step[0].abs() < 12.0
            && hot.upright > 0.6
            && hot.extents_mm[0] > 1.6 * hot.extents_mm[1];
        if within {
            asides.set(n, Organ::UrinaryTract, "within the bladder's outline");
        } else if below {
            asides.set(
                n,
                Organ::UrinaryTract,
                "runs down from the bladder in the middle: urethra",
            );
        }
    }
}

/// Kidneys: hot bodies on either side of the spine with all that lies in them, and urine beside them.
pub(super) fn kidneys(scene: &Scene, asides: &mut Asides) {
    for side in [1.0, -1.0] {
        let Some(kidney) = kidney(scene, side) else {
            continue;
        };
        let word = if side > 0.0 { "left" } else { "right" };
        for (n, hot) in scene.hot.iter().enumerate() {
            if hot.is_mostly_in(scene.body, &kidney.cells) {
                asides.set(n, Organ::Kidney, format!("within the {word} kidney"));
                continue;
            }
            if hot.side_mm * side < 0.0 || hot.bone > 0.4 {
                continue;
            }
            let height = hot.height.unwrap_or(0.0);
            let beside = (kidney.upper_mm - 15.0..kidney.lower_mm + 15.0).contains(&height);
            let reach = if hot.side_mm.abs() < kidney.side_mm {
                BED_MM
            } else {
                BED_OUTWARD_MM
            };
            let outward = hot.side_mm.abs() > KIDNEY_CENTER_MM + 4.0
                && scene.body.share(&kidney.cells, hot.basin.max_at, reach) > 0.0;
            let deep = hot.depth > 0.42;
            if beside && outward && deep {
                asides.set(n, Organ::Kidney, format!("in the {word} kidney's bed"));
            } else if beside && deep && hot.basin.max > 2.0 * kidney.level && is_urine(hot) {
                let reason = format!("beside the {word} kidney and far hotter than it: urine in its pelvis");
                asides.set(n, Organ::UrinaryTract, reason);
            }
        }
    }
}

/// Whether a place may hold urine: by its CT number, and without CT only by what no node reaches.
fn is_urine(hot: &Hot) -> bool {
    match hot.hu {
        Some(hu) => URINE_HU.contains(&hu) || hu > 160.0,
        None => hot.basin.max > 20.0,
    }
}

struct Kidney {
    cells: Cells,
    upper_mm: f64,
    lower_mm: f64,
    side_mm: f64,
    level: f64,
}

/// The kidney of a side: what is hotter than the liver beside the spine and thicker than a node.
fn kidney(scene: &Scene, side: f64) -> Option<Kidney> {
    let body = scene.body;
    let lattice = &body.lattice;
    let stretch = body.heights.stretch();
    let floor = (1.25 * scene.liver.unwrap_or(2.0)).max(1.5) as f32;
    let mut bed = vec![false; lattice.cells()];
    let (low, high) = body.heights.z_range(KIDNEY_MM.0, KIDNEY_MM.1)?;
    for n in (0..lattice.cells()).filter(|n| body.raw[*n] >= floor && body.trunk[*n] && !body.bone[*n]) {
        let place = lattice.place(lattice.cell(n));
        if place[2] < low || place[2] > high {
            continue;
        }
        let Some(section) = body.section(place) else {
            continue;
        };
        let aside = (place[0] - section.middle_x) * stretch * side;
        bed[n] = aside > KIDNEY_SIDE_MM.0 && aside < KIDNEY_SIDE_MM.1 && section.depth(place[1]) > 0.4;
    }
    let (thick, least) = [2, 1]
        .into_iter()
        .map(|reach| lattice.largest(&lattice.opened(&bed, reach)))
        .map(|cells| {
            let ml = cells.iter().filter(|c| **c).count() as f64 * lattice.cell_ml();
            (cells, ml)
        })
        .find(|(_, ml)| *ml >= KIDNEY_LEAST_ML)?;
    debug_assert!(least >= KIDNEY_LEAST_ML);
    describe(scene, side, &thick, &bed)
}

fn describe(scene: &Scene, side: f64, thick: &[bool], bed: &[bool]) -> Option<Kidney> {
    let body = scene.body;
    let lattice = &body.lattice;
    let (mut upper_mm, mut lower_mm, mut side_sum, mut count) = (f64::INFINITY, 0.0f64, 0.0, 0);
    let mut values = Vec::new();
    for n in (0..lattice.cells()).filter(|n| thick[*n]) {
        let place = lattice.place(lattice.cell(n));
        let height = body.heights.at(place[2])?;
        upper_mm = upper_mm.min(height);
        lower_mm = lower_mm.max(height);
        let middle = body.section(place).map_or(place[0], |s| s.middle_x);
        side_sum += (place[0] - middle) * body.heights.stretch() * side;
        count += 1;
        values.push(body.raw[n]);
    }
    let side_mm = side_sum / f64::from(count.max(1));
    if side_mm < KIDNEY_CENTER_MM {
        return None;
    }
    let middle = values.len() / 2;
    let level = f64::from(*values.select_nth_unstable_by(middle, f32::total_cmp).1);
    // Away from the spine all that is joined to the thick part is kidney, toward it only what is near.
    let grown = lattice.grown(thick, 1);
    let (numbers, _) = lattice.parts(bed);
    let own = (0..lattice.cells())
        .find(|n| thick[*n] && bed[*n])
        .map(|n| numbers[n]);
    let is_kidney = |n: usize| {
        let place = lattice.place(lattice.cell(n));
        let middle = body.section(place).map_or(place[0], |s| s.middle_x);
        bed[n]
            && (grown[n]
                || Some(numbers[n]) == own
                    && (place[0] - middle) * body.heights.stretch() * side > OUTWARD_MM)
    };
    let cells = (0..lattice.cells()).map(is_kidney).collect();
    Some(Kidney {
        cells,
        upper_mm,
        lower_mm,
        side_mm,
        level,
    })
}

/// Ureters: narrow and along the body between kidney and bladder, or several spots one under the other.
pub(super) fn ureters(scene: &Scene, asides: &mut Asides) {
    let on_course = |hot: &Hot| {
        hot.in_trunk
            && hot.between(600.0, 890.0)
            && (10.0..85.0).contains(&hot.side_mm.abs())
            && (0.3..0.85).contains(&hot.depth)
            && hot.bone < 0.4
            && hot.extents_mm[1] < 18.0
    };
    let open: Vec<usize> = (0..scene.hot.len())
        .filter(|n| asides.is_open(*n) && on_course(&scene.hot[*n]))
        .collect();
    for &n in &open {
        let hot = &scene.hot[n];
        if hot.extents_mm[0] > 2.0 * hot.extents_mm[1] && hot.upright > 0.7 {
            let reason = format!(
                "{:.0} mm long, {:.0} mm wide and upright between kidney and bladder: urine in the ureter",
                hot.extents_mm[0], hot.extents_mm[1]
            );
            asides.set(n, Organ::UrinaryTract, reason);
        }
    }
    for &n in &open {
        let hot = &scene.hot[n];
        // A CT would show the node; without one urine is the likelier.
        if hot.hu.is_none() && hot.basin.volume_ml < SPOT_ML && hot.between(KIDNEY_MM.0, BLADDER_MM.0) {
            asides.set(
                n,
                Organ::UrinaryTract,
                "a spot on the ureter's course, with no CT to show a node there",
            );
        }
    }
    for &n in &open {
        if scene.hot[n].hu.is_some() && !is_urine(&scene.hot[n]) {
            continue;
        }
        let in_line = |other: &&usize| {
            let step = scene.hot[**other].basin.max_at - scene.hot[n].basin.max_at;
            **other != n && step[0].hypot(step[1]) < 0.4 * step[2].abs() && step[2].abs() < 90.0
        };
        if scene.hot[n].basin.volume_ml < 1.5 && open.iter().filter(in_line).count() >= 2 {
            asides.set(
                n,
                Organ::UrinaryTract,
                "one of several spots in line along the ureter",
            );
        }
    }
}
