//! Two volumes that a registration object joins, as layers of one scene.

use anyhow::{Context, bail};
use engine::dicom::read::{Registration, Series};
use engine::dicom::write::SourceImages;
use engine::fusion::align;
use engine::geometry::{Affine, Grid, Patient, Point, Route, Transform, Vector};
use engine::local::Opened;
use engine::volume::{Interpolation, Volume, warped};

use crate::cli::open;
use crate::cli::registrations::is_nothing;

/// Voxels of a volume that is resampled: 512 MiB.
const MOST_VOXELS: f64 = (1u64 << 27) as f64;

/// Voxels that stand for one along each axis: at the same spacing small lesions would lose their peaks.
const FINER: f64 = 2.0;

/// Two volumes of one scene, and where the upper one lies in it.
pub struct Pair {
    pub lower: Volume,
    pub upper: Volume,
    pub scene_from_upper: Affine<Patient, Patient>,
}

/// The CT, else the MR, that the registration joins with a PET or SPECT: before others one that it moves.
pub fn partner<'a>(
    opened: &'a Opened,
    upper: &Series,
    registration: &Registration,
) -> anyhow::Result<&'a Series> {
    let upper = images(upper)?;
    let candidates =
        open::with_volumes(opened).filter(|series| matches!(series.modality.as_str(), "CT" | "MR"));
    let mut refused = None;
    let mut joined = Vec::new();
    for series in candidates {
        let lower = images(series)?;
        match registration.route(&lower, &upper) {
            Ok(route) => {
                let same_space = lower.frame_of_reference_uid == upper.frame_of_reference_uid;
                let moved = !(same_space && is_nothing(&route));
                joined.push(((moved, series.modality == "CT", open::slices(series)), series));
            }
            Err(error) => refused = Some(error),
        }
    }
    match (joined.into_iter().max_by_key(|(rank, _)| *rank), refused) {
        (Some((_, series)), _) => Ok(series),
        (None, Some(error)) => {
            Err(error).context("expected a CT or MR that the registration joins with the other")
        }
        (None, None) => bail!("expected a CT or MR to fuse with, found none"),
    }
}

/// Both volumes in one scene: in the patient space of the lower one, but in the upper one's where the lower one is
/// deformed. What is deformed is resampled, linearly; where it says nothing there is no value.
pub fn aligned(
    registration: &Registration,
    (lower_series, lower): (&Series, Volume),
    (upper_series, upper): (&Series, Volume),
) -> anyhow::Result<Pair> {
    let lower_from_upper = registration.route(&images(lower_series)?, &images(upper_series)?)?;
    let (lower, upper, scene_from_upper) = match lower_from_upper {
        Route::Along(Transform::Affine(map)) => {
            let alignment = align(&lower, &upper, Some(map))?;
            (lower, upper, alignment.lower_from_upper())
        }
        Route::Along(lower_from_upper) => {
            let lower = onto(&lower, &lower_from_upper, &upper)?;
            (lower, upper, Affine::identity())
        }
        Route::Against(upper_from_lower) => {
            let upper = onto(&upper, &upper_from_lower, &lower)?;
            (lower, upper, Affine::identity())
        }
    };
    Ok(Pair {
        lower,
        upper,
        scene_from_upper,
    })
}

fn images(series: &Series) -> anyhow::Result<SourceImages> {
    let stack = series.sorted.stacks.first();
    let stack =
        stack.with_context(|| format!("expected a volume in series {}", series.series_instance_uid))?;
    Ok(SourceImages::of(series, stack))
}

/// `volume` where `target` lies, at half its own spacing.
fn onto(volume: &Volume, volume_from_target: &Transform, target: &Volume) -> anyhow::Result<Volume> {
    let grid = grid_over(target.grid(), volume.grid())?;
    let carried = warped(volume, volume_from_target, &grid, Interpolation::Linear, f32::NAN)?;
    Ok(carried.in_frame_of_reference(target.frame_of_reference_uid().map(str::to_owned)))
}

/// A grid that fills the box of `over`, finer along its axes than `like` is in those directions.
fn grid_over(over: &Grid, like: &Grid) -> anyhow::Result<Grid> {
    let corners = over.corners();
    let edges = [1, 2, 4].map(|corner| corners[corner] - corners[0]);
    let wanted = edges.map(|edge| FINER * edge.norm() / spacing_along(like, edge));
    let coarser = (wanted.iter().product::<f64>() / MOST_VOXELS).cbrt().max(1.0);
    // A hair less, so that rounding adds no side.
    let sides = wanted.map(|side| (side / coarser - 1e-6).ceil().max(1.0));
    let axes = [0, 1, 2].map(|axis| edges[axis] * sides[axis].recip());
    let first: Point<Patient> = corners[0] + (axes[0] + axes[1] + axes[2]) * 0.5;
    Ok(Grid::new(
        sides.map(|side| side as usize),
        Affine::from_axes(axes, first),
    )?)
}

/// Spacing of a grid along that of its axes which is nearest to a direction, mm.
fn spacing_along(grid: &Grid, direction: Vector<Patient>) -> f64 {
    let axes = [
        grid.row_direction(),
        grid.column_direction(),
        grid.slice_direction(),
    ];
    let nearest = (0..3).max_by(|a, b| {
        axes[*a]
            .dot(direction)
            .abs()
            .total_cmp(&axes[*b].dot(direction).abs())
    });
    grid.spacing_mm()[nearest.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use engine::geometry::{Affine, Grid, Point, Vector};

    use super::grid_over;

    fn grid(size: [usize; 3], spacing_mm: [f64; 3]) -> Grid {
        let [x, y, z] = spacing_mm;
        let axes = [
            Vector::new(x, 0.0, 0.0),
            Vector::new(0.0, y, 0.0),
            Vector::new(0.0, 0.0, z),
        ];
        Grid::new(size, Affine::from_axes(axes, Point::new(-7.0, 3.0, 50.0))).unwrap()
    }

    #[test]
    fn the_box_is_that_of_the_one_and_the_step_that_of_the_other() {
        let check = |over: Grid, like: Grid, sides: [usize; 3]| {
            let found = grid_over(&over, &like).unwrap();
            assert_eq!(found.size(), sides);
            for (a, b) in found.corners().into_iter().zip(over.corners()) {
                assert!(a.distance(b) < 1e-9, "{a:?} {b:?}");
            }
        };
        let ct = || grid([512, 512, 100], [1.0, 1.0, 3.0]);
        let pet = || grid([128, 128, 80], [4.0, 4.0, 5.0]);
        check(ct(), pet(), [256, 256, 120]);
        check(pet(), grid([9, 9, 9], [2.0, 2.0, 2.0]), [512, 512, 400]);
    }

    #[test]
    fn it_is_no_larger_than_fits() {
        let over = grid([400, 400, 300], [4.0, 4.0, 4.0]);
        let found = grid_over(&over, &grid([10, 10, 10], [0.1, 0.1, 0.1])).unwrap();
        assert!(
            found.voxels() as f64 <= 1.05 * super::MOST_VOXELS,
            "{:?}",
            found.size()
        );
    }
}
