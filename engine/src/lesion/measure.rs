//! What is measured of each lesion.

use std::sync::Arc;

use crate::geometry::Grid;
use crate::lesion::basins::mask_of;
use crate::lesion::boundary::{Marker, boundaries};
use crate::lesion::detection::{Boundary, Finding};
use crate::lesion::options::UptakeThreshold;
use crate::voi::{Bidirectional, Mask, Peak, PeakError, PeakKind, Peaks, Scale, Statistics};
use crate::volume::Volume;

/// SUVpeaks and axes of a lesion.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// The five peaks; each says its sphere's true volume.
    pub peaks: SuvPeaks,
    /// The longest diameter within a slice and the one across it, of the voxels above the candidates' threshold.
    pub axes: Bidirectional,
}

/// The peak of a lesion by each definition.
#[derive(Debug, Clone, PartialEq)]
pub struct SuvPeaks {
    /// Around the hottest voxel.
    pub local: Peak,
    /// The highest around any voxel.
    pub global: Peak,
    /// The same, voxels weighted by their share in the sphere.
    pub global_pv: Peak,
    /// Anywhere in the lesion.
    pub percist: Peak,
    /// The hottest voxel and three neighbours.
    pub qpet4: Peak,
}

impl SuvPeaks {
    /// Each value with the name of its definition, as [`PeakKind::name`].
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            (PeakKind::Local.name(), self.local.value),
            (PeakKind::Global.name(), self.global.value),
            (PeakKind::GlobalPv.name(), self.global_pv.value),
            (PeakKind::Percist.name(), self.percist.value),
            (PeakKind::Qpet4.name(), self.qpet4.value),
        ]
    }

    fn of(peaks: &Peaks, mask: &Mask) -> Result<Self, PeakError> {
        Ok(Self {
            local: peaks.of(mask, PeakKind::Local)?,
            global: peaks.of(mask, PeakKind::Global)?,
            global_pv: peaks.of(mask, PeakKind::GlobalPv)?,
            percist: peaks.of(mask, PeakKind::Percist)?,
            qpet4: peaks.of(mask, PeakKind::Qpet4)?,
        })
    }
}

/// Measures and boundaries of some findings, by rules whose threshold for a maximum `threshold` gives.
pub(super) fn measures_of(
    pet: &Volume,
    findings: &[Finding],
    which: &[usize],
    rules: &[UptakeThreshold],
    threshold: impl Fn(UptakeThreshold, f64) -> f64,
) -> Vec<(Option<Measures>, Vec<Boundary>)> {
    let grid: Arc<Grid> = Arc::new(pet.grid().clone());
    let voxels: Vec<Vec<usize>> = findings.iter().map(|f| voxels_of(&f.mask)).collect();
    let mut drawn: Vec<Vec<Boundary>> = which.iter().map(|_| Vec::new()).collect();
    for rule in rules {
        let of_max = |n: usize| threshold(*rule, findings[n].statistics.max);
        let marker = |n: usize| Marker {
            voxels: &voxels[n],
            max_index: index_of(&grid, findings[n].statistics.max_at),
            threshold: if which.contains(&n) {
                of_max(n)
            } else {
                f64::INFINITY
            },
        };
        let markers: Vec<Marker> = (0..findings.len()).map(marker).collect();
        let all = boundaries(pet, &markers);
        for (drawn, at) in drawn.iter_mut().zip(which) {
            let found = all[*at].as_ref();
            let mask = mask_of(&grid, found.map_or(&[], |b| &b.voxels));
            let ran_out = found.is_some_and(|b| b.ran_out);
            drawn.push(boundary(pet, *rule, of_max(*at), mask, ran_out));
        }
    }
    let peaks = Peaks::new(pet);
    let measures = |at: usize| {
        let mask = &findings[at].mask;
        Some(Measures {
            // Voxels too small for a sphere of them: the lesion is measured without peaks.
            peaks: SuvPeaks::of(&peaks, mask).ok()?,
            axes: mask.bidirectional()?,
        })
    };
    which.iter().map(|at| measures(*at)).zip(drawn).collect()
}

fn boundary(pet: &Volume, rule: UptakeThreshold, threshold: f64, mask: Mask, ran_out: bool) -> Boundary {
    // The sum of nothing is -0.
    let mtv_ml = mask.volume_ml() + 0.0;
    let mean = Statistics::inside(pet, &mask, Scale::Factor(1.0)).map_or(0.0, |s| s.mean);
    Boundary {
        rule,
        threshold,
        mtv_ml,
        tlg: mean * mtv_ml,
        mask,
        ran_out,
    }
}

pub(super) fn voxels_of(mask: &Mask) -> Vec<usize> {
    mask.runs().iter().flat_map(|run| run.start..run.end).collect()
}

fn index_of(grid: &Grid, [i, j, k]: [usize; 3]) -> usize {
    let [columns, rows, _] = grid.size();
    (k * rows + j) * columns + i
}
