//! Links between the lesions of exams: by overlap, then by distance, then across exams without the lesion.

use super::Options;
use super::assignment::best_pairs;
use super::body::{Body, Placed};
use super::tracks::{LesionRef, Link, Means};

/// A distance this close below the reach counts as the reach itself, which is not near enough: rounding of centers
/// must not decide.
const TIE_MM: f64 = 1e-6;

/// All links, sorted. Wider gaps come later, and take only lesions that ended before and began after them.
pub(super) fn links(exams: &[Placed], options: &Options) -> Vec<Link> {
    let mut links = Vec::new();
    for gap in 1..exams.len() {
        for earlier in 0..exams.len() - gap {
            let later = earlier + gap;
            let from = open(exams, earlier, |at| {
                links.iter().any(|link: &Link| link.from == at)
            });
            let to = open(exams, later, |at| links.iter().any(|link: &Link| link.to == at));
            links.extend(between(exams, &from, &to, options));
        }
    }
    links.sort_by_key(|link| (link.from, link.to));
    links
}

/// Lesions of an exam that have no link on the side asked for, in reading order of their voxels, so that the order
/// in which lesions came decides nothing.
fn open(exams: &[Placed], exam: usize, linked: impl Fn(LesionRef) -> bool) -> Vec<LesionRef> {
    let mut open: Vec<LesionRef> = (0..exams[exam].bodies.len())
        .map(|lesion| LesionRef { exam, lesion })
        .filter(|at| !linked(*at))
        .collect();
    open.sort_by(|a, b| body(exams, *a).mask.runs().cmp(body(exams, *b).mask.runs()));
    open
}

fn between(exams: &[Placed], from: &[LesionRef], to: &[LesionRef], options: &Options) -> Vec<Link> {
    let mut links = by_overlap(exams, from, to, options);
    let lone_from: Vec<LesionRef> = from
        .iter()
        .filter(|at| links.iter().all(|link| link.from != **at))
        .copied()
        .collect();
    let lone_to: Vec<LesionRef> = to
        .iter()
        .filter(|at| links.iter().all(|link| link.to != **at))
        .copied()
        .collect();
    links.extend(by_distance(exams, &lone_from, &lone_to, options));
    links
}

fn by_overlap(exams: &[Placed], from: &[LesionRef], to: &[LesionRef], options: &Options) -> Vec<Link> {
    let mut links = Vec::new();
    for &from in from {
        for &to in to {
            let (before, after) = (body(exams, from), body(exams, to));
            let overlap_ml = before.overlap_ml(after);
            let fraction = overlap_ml / before.volume_ml.min(after.volume_ml);
            if overlap_ml > 0.0 && fraction >= options.least_overlap {
                let means = Means::Overlap {
                    overlap_ml,
                    of_smaller: fraction,
                };
                links.push(Link { from, to, means });
            }
        }
    }
    links
}

fn by_distance(exams: &[Placed], from: &[LesionRef], to: &[LesionRef], options: &Options) -> Vec<Link> {
    let distance_mm = |row: usize, column: usize| {
        let (before, after) = (body(exams, from[row]), body(exams, to[column]));
        before.center.distance(after.center)
    };
    let worth = |row: usize, column: usize| {
        let (before, after) = (body(exams, from[row]), body(exams, to[column]));
        let spare = reach_mm(before, after, options) - distance_mm(row, column);
        if spare > TIE_MM { spare } else { 0.0 }
    };
    let pairs = best_pairs(from.len(), to.len(), &worth);
    let links = pairs.into_iter().map(|(row, column)| Link {
        from: from[row],
        to: to[column],
        means: Means::Distance {
            distance_mm: distance_mm(row, column),
        },
    });
    links.collect()
}

fn reach_mm(before: &Body, after: &Body, options: &Options) -> f64 {
    (options.radii * before.radius_mm().max(after.radius_mm())).max(options.least_reach_mm)
}

fn body<'a, 'm>(exams: &'a [Placed<'m>], at: LesionRef) -> &'a Body<'m> {
    &exams[at.exam].bodies[at.lesion]
}
