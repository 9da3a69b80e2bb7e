//! The surroundings of a lesion, to measure its background in.

use crate::voi::{Mask, MaskError};

/// Gives the shell around a mask that begins `gap_mm` away from it and is `thickness_mm` thick, without the
/// voxels of `exclude`: other lesions and organs that are no background.
///
/// Distances are those of [`Mask::shell`]. A gap of about the resolution keeps what a lesion spills out of its
/// background. The shell is empty when the thickness is not above 0, when it lies beyond the grid, or when all
/// of it is excluded.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::voi::{Mask, background_shell};
/// let axes = [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 2.0)];
/// let grid = Grid::new([9, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let lesion = Mask::from_predicate(grid.clone(), |[i, ..]| i == 4);
/// let bladder = Mask::from_predicate(grid, |[i, ..]| i > 5);
/// // From 2 to 6 mm away: columns 1, 2 and 6, 7, of which the last two are bladder.
/// let shell = background_shell(&lesion, 2.0, 4.0, &[bladder]).unwrap();
/// assert_eq!(shell.bounding_box(), Some([1..3, 0..1, 0..1]));
/// ```
///
/// # Errors
///
/// [`MaskError::OtherGrid`] when a mask to exclude lies on another grid.
pub fn background_shell(
    mask: &Mask,
    gap_mm: f64,
    thickness_mm: f64,
    exclude: &[Mask],
) -> Result<Mask, MaskError> {
    let shell = mask.shell(gap_mm, gap_mm.max(0.0) + thickness_mm);
    exclude
        .iter()
        .try_fold(shell, |shell, other| shell.difference(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::background_shell;
    use crate::voi::strategies::{SIZE, any_mask, cells, centre, upright};
    use crate::voi::{Mask, MaskError};

    #[test]
    fn a_mask_elsewhere_cannot_be_excluded() {
        let mask = |size| Mask::from_predicate(upright(size, [2.0; 3]), |_| true);
        let refused = background_shell(&mask([3, 3, 3]), 2.0, 4.0, &[mask([3, 3, 2])]);
        assert!(matches!(refused, Err(MaskError::OtherGrid(..))));
    }

    #[test]
    fn no_thickness_is_no_shell() {
        let mask = Mask::from_predicate(upright([5, 5, 5], [2.0; 3]), |at| at == [2, 2, 2]);
        for (gap_mm, thickness_mm) in [
            (2.0, 0.0),
            (2.0, -1.0),
            (f64::NAN, f64::NAN),
            (1.0, f64::NAN),
            (90.0, 5.0),
        ] {
            assert!(
                background_shell(&mask, gap_mm, thickness_mm, &[])
                    .unwrap()
                    .is_empty()
            );
        }
        let all = background_shell(&mask, -3.0, 2.0, &[]).unwrap();
        assert_eq!(all.count(), 6);
    }

    proptest! {
        #[test]
        fn the_shell_is_that_of_the_definition(
            mask in any_mask(),
            excluded in 0usize..7,
            gap_mm in 0.0..4.0f64,
            thickness_mm in 0.1..4.0f64,
        ) {
            let grid = mask.grid().clone();
            let other = Mask::from_predicate(grid.clone(), |[i, ..]| i == excluded);
            let shell = background_shell(&mask, gap_mm, thickness_mm, std::slice::from_ref(&other)).unwrap();
            for at in cells(SIZE) {
                let distances = cells(SIZE)
                    .filter(|own| mask.contains(*own))
                    .map(|own| centre(&grid, own).distance(centre(&grid, at)));
                let nearest = distances.fold(f64::INFINITY, f64::min);
                // A centre at the very distance may count either way by rounding.
                let is_near = |mm: f64| (nearest - mm).abs() < 2e-4;
                if is_near(gap_mm) || is_near(gap_mm + thickness_mm) {
                    continue;
                }
                let expected = nearest > gap_mm && nearest < gap_mm + thickness_mm
                    && !mask.contains(at) && at[0] != excluded;
                prop_assert_eq!(shell.contains(at), expected, "{:?} at {}", at, nearest);
            }
        }
    }
}
