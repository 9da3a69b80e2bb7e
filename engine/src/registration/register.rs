//! A registration from beginning to verdict.

use super::contour::{self, Body};
use super::deformable::{Deformed, deform};
use super::error::Error;
use super::metric::{CpuMetrics, Metrics, Similarity};
use super::model::Model;
use super::options::{Options, Start};
use super::search::{Found, Search, Task, apart_mm};
use super::side::{Side, cells_mm};
use super::verdict::{Confidence, Reason, Verdict, Which};
use super::watch::{Part, Watch};
use crate::geometry::{Affine, Patient, Point, Transform};
use crate::volume::{Unit, Volume};

/// Less mutual information than this is what chance gives.
const LEAST_INFORMATION: f64 = 0.03;

/// Less correlation than this likewise.
const LEAST_CORRELATION: f64 = 0.2;

/// Where a moving volume lies, as far as that can be known.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Takes each place of the fixed volume's patient space to the moving one's. Not to be applied unasked unless the
    /// verdict is [`Confidence::Good`].
    pub moving_from_fixed: Transform,
    /// What the search found before any bending. It differs from `moving_from_fixed` also where both volumes share a frame
    /// of reference: that is the scanner's registration, and what was found is offered beside it.
    pub found: Transform,
    /// How far it can be trusted.
    pub verdict: Verdict,
}

/// Finds where `moving` lies on `fixed`.
///
/// Volumes of one frame of reference are taken as registered by their scanner; the search then says whether the
/// patient moved ([`Reason::Moved`]). All others are searched from many starts, or from the one that `options` names.
/// No precision of input is wanted: oblique, sheared and uneven grids, NaN, padding and any unit are fine. Two volumes
/// that cannot be registered give a verdict of [`Confidence::Failed`] with its reason.
///
/// # Errors
///
/// [`Error::Cancelled`] when the watcher says so; [`Error::Start`] for a start that has no inverse.
pub fn register(
    fixed: &Volume,
    moving: &Volume,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Registration, Error> {
    register_with(fixed, moving, options, &CpuMetrics, watch)
}

/// [`register`] with the host's metrics.
///
/// # Errors
///
/// As [`register`].
pub fn register_with(
    fixed: &Volume,
    moving: &Volume,
    options: &Options,
    metrics: &dyn Metrics,
    watch: &dyn Watch,
) -> Result<Registration, Error> {
    let start = match options.start {
        Start::Automatic => None,
        Start::From(map) => {
            map.inverse().map_err(|_| Error::Start)?;
            Some(map)
        }
    };
    let similarity = options
        .similarity
        .unwrap_or_else(|| usual_similarity(fixed, moving));
    let cells_mm = cells_mm(fixed, moving);
    let first = Part {
        watch,
        from: 0.0,
        to: if options.deformable.is_some() { 0.5 } else { 1.0 },
    };
    let task = Task {
        similarity,
        cells_mm: &cells_mm,
        metrics,
        watch: &first,
    };
    let work = Work {
        task,
        options,
        fixed,
        moving,
        start,
    };
    let registration = work.run();
    if watch.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let registration = match &options.deformable {
        Some(flexibility) if registration.verdict.confidence < Confidence::Failed => {
            let second = Part {
                watch,
                from: 0.5,
                to: 1.0,
            };
            let affine = *registration.moving_from_fixed.affine_part();
            let deformed = deform(fixed, moving, &affine, flexibility, options.region, &second)?;
            bent(registration, &deformed)
        }
        _ => registration,
    };
    watch.progress(1.0);
    Ok(registration)
}

/// The registration with the map that bends, which is always to be looked at.
fn bent(registration: Registration, deformed: &Deformed) -> Registration {
    let mut reasons = registration.verdict.reasons.clone();
    reasons.push(match deformed.kept {
        None => Reason::Bent {
            largest_mm: deformed.largest_mm,
        },
        Some(kept) => Reason::NotBent(kept),
    });
    Registration {
        moving_from_fixed: deformed.moving_from_fixed.clone(),
        found: registration.found,
        verdict: registration.verdict.judged(reasons),
    }
}

/// Correlation of two images of one kind, mutual information of others.
fn usual_similarity(fixed: &Volume, moving: &Volume) -> Similarity {
    if is_one_kind(fixed, moving) {
        Similarity::Correlation
    } else {
        Similarity::MutualInformation
    }
}

/// Whether both images are of one modality, so that equal tissue has equal values.
pub(super) fn is_one_kind(fixed: &Volume, moving: &Volume) -> bool {
    fixed.unit() == moving.unit()
        && matches!(
            fixed.unit(),
            Unit::Hounsfield | Unit::SuvBw | Unit::BecquerelPerMl
        )
}

/// One registration under way.
struct Work<'a> {
    task: Task<'a>,
    options: &'a Options<'a>,
    fixed: &'a Volume,
    moving: &'a Volume,
    start: Option<Affine<Patient, Patient>>,
}

/// Both volumes as the search needs them.
struct Sides {
    fixed: Side,
    moving: Side,
    /// Whether samples are taken of the moving image: of the one that shows less, so that a shift does not
    /// change what is compared.
    of_moving: bool,
}

impl Work<'_> {
    fn run(&self) -> Registration {
        let same_frame = self.fixed.frame_of_reference_uid().is_some()
            && self.fixed.frame_of_reference_uid() == self.moving.frame_of_reference_uid()
            && self.start.is_none();
        let begin = self.start.unwrap_or_else(Affine::identity);
        let sides = match self.sides() {
            Ok(sides) => sides,
            Err(reason) => return self.failed(begin, reason),
        };
        self.task.watch.progress(0.1);
        let local = self.start.or(same_frame.then(Affine::identity));
        let Some(found) = self.search(&sides, sides.of_moving, local, 0.1, 0.6) else {
            return self.failed(begin, Reason::Overlap { part: 0.0 });
        };
        let (map, verdict, mut reasons) = self.judge(&sides, &found);
        let mut applied = map;
        if same_frame {
            let by_mm = apart_mm(&sides.fixed.corners(), &map, &Affine::identity());
            applied = Affine::identity();
            reasons.push(Reason::Moved { by_mm });
        }
        Registration {
            moving_from_fixed: applied.into(),
            found: map.into(),
            verdict: verdict.judged(reasons),
        }
    }

    fn failed(&self, map: Affine<Patient, Patient>, reason: Reason) -> Registration {
        Registration {
            moving_from_fixed: map.into(),
            found: map.into(),
            verdict: Verdict::of(self.task.similarity).judged(vec![reason]),
        }
    }

    fn sides(&self) -> Result<Sides, Reason> {
        let even = self.task.similarity != Similarity::Correlation;
        let side = |volume: &Volume, which: Which| {
            let extent_mm = thinnest_mm(volume);
            let thin = Reason::Thin { which, extent_mm };
            if thin.confidence() == Confidence::Failed {
                return Err(thin);
            }
            Side::new(volume, self.task.cells_mm, even).ok_or(Reason::OneValue(which))
        };
        let fixed = side(self.fixed, Which::Fixed)?;
        let moving = side(self.moving, Which::Moving)?;
        let of_moving = self.options.region.is_none() && moving.measured_ml() < 0.9 * fixed.measured_ml();
        Ok(Sides {
            fixed,
            moving,
            of_moving,
        })
    }

    /// Searches with samples of one of the sides, and gives moving from fixed.
    fn search(
        &self,
        sides: &Sides,
        of_moving: bool,
        near: Option<Affine<Patient, Patient>>,
        from: f64,
        to: f64,
    ) -> Option<Found> {
        let done = |part: f64| self.task.watch.progress(from + part * (to - from));
        let turned = |map: Affine<Patient, Patient>| if of_moving { map.inverse().ok() } else { Some(map) };
        let search = self.sampling(sides, of_moving);
        let mut found = match near {
            Some(near) => search.near(turned(near)?, &done)?,
            None => search.from(&search.starts(), &done)?,
        };
        if self.options.model != Model::Rigid {
            for level in (0..sides.fixed.levels.len() - 1).rev() {
                found.top = search.climb(level, self.options.model, found.top.moving_from_fixed);
            }
        }
        found.top.moving_from_fixed = turned(found.top.moving_from_fixed)?;
        Some(found)
    }

    fn sampling<'s>(&'s self, sides: &'s Sides, of_moving: bool) -> Search<'s> {
        if of_moving {
            Search::new(self.task, &sides.moving, &sides.fixed, None)
        } else {
            Search::new(self.task, &sides.fixed, &sides.moving, self.options.region)
        }
    }

    /// Everything that speaks for and against what was found.
    fn judge(&self, sides: &Sides, found: &Found) -> (Affine<Patient, Patient>, Verdict, Vec<Reason>) {
        let map = found.top.moving_from_fixed;
        let corners = sides.fixed.corners();
        let mut verdict = Verdict::of(self.task.similarity);
        verdict.value = found.top.evaluation.value;
        verdict.overlap = found.top.evaluation.overlap;
        let mut reasons = vec![
            Reason::Overlap {
                part: verdict.overlap,
            },
            Reason::Rival {
                apart_mm: found.rival_mm,
            },
            stretch(&map),
        ];
        for (volume, which) in [(self.fixed, Which::Fixed), (self.moving, Which::Moving)] {
            reasons.push(Reason::Thin {
                which,
                extent_mm: thinnest_mm(volume),
            });
        }
        if self.unlike(verdict.value) {
            reasons.push(Reason::Unlike {
                similarity: verdict.value,
            });
        }
        if self.options.region.is_none() {
            let back = self.search(sides, !sides.of_moving, Some(map), 0.6, 0.95);
            let apart = back.map(|back| apart_mm(&corners, &back.top.moving_from_fixed, &map));
            verdict.consistency_mm = apart;
            reasons.push(Reason::Inconsistent {
                apart_mm: apart.unwrap_or(f64::INFINITY),
            });
        }
        match (sides.fixed.body(), sides.moving.body()) {
            (Some(fixed), Some(moving)) => {
                reasons.extend(surfaces(fixed, moving, &map, &corners, &mut verdict));
            }
            _ => reasons.push(Reason::NoSurface),
        }
        (map, verdict, reasons)
    }

    fn unlike(&self, value: f64) -> bool {
        match self.task.similarity {
            Similarity::Correlation => value < LEAST_CORRELATION,
            Similarity::MutualInformation => value < LEAST_INFORMATION,
            Similarity::NormalisedMutualInformation => value < 1.0 + LEAST_INFORMATION / 5.0,
        }
    }
}

/// What the surfaces of both bodies say of a map.
fn surfaces(
    fixed: Body,
    moving: Body,
    map: &Affine<Patient, Patient>,
    corners: &[Point<Patient>],
    verdict: &mut Verdict,
) -> Vec<Reason> {
    let Some(misfit) = contour::misfit(fixed, moving, map) else {
        return vec![Reason::NoSurface];
    };
    verdict.surface_mm = Some(misfit.median_mm);
    verdict.largest_surface_mm = Some(misfit.largest_mm);
    let best = contour::fit(fixed, moving, *map);
    vec![
        Reason::SurfacesApart {
            largest_mm: misfit.largest_mm,
        },
        Reason::SurfacesElsewhere {
            apart_mm: apart_mm(corners, &best, map),
        },
    ]
}

/// Smallest and largest factor by which a map stretches.
fn stretch(map: &Affine<Patient, Patient>) -> Reason {
    let factors = map.linear.singular_values();
    let sign = map.linear.determinant().signum();
    Reason::Stretched {
        smallest: factors.min() * sign,
        largest: factors.max(),
    }
}

/// The thinnest extent of a volume between its outermost centres, mm: none of a single slice, however thick.
fn thinnest_mm(volume: &Volume) -> f64 {
    let grid = volume.grid();
    let last = grid.size().map(|n| n as f64 - 1.0);
    let first = grid.patient(Point::new(0.0, 0.0, 0.0));
    let along = (0..3).map(|axis| {
        let mut end = [0.0; 3];
        end[axis] = last[axis];
        grid.patient(Point::from(end)).distance(first)
    });
    along.fold(f64::INFINITY, f64::min)
}
