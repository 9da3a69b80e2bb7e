//! Front and back as one: the geometric mean, which hardly depends on depth.

use crate::scintigraphy::Error;
use crate::scintigraphy::error::not_negative;
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// Gives the geometric mean of the counts of one region from the front and from the back.
///
/// # Errors
///
/// [`Error::Negative`] for counts below 0.
pub fn geometric_mean(anterior: f64, posterior: f64) -> Result<f64, Error> {
    let anterior = not_negative("counts from the front", anterior)?;
    let posterior = not_negative("counts from the back", posterior)?;
    Ok((anterior * posterior).sqrt())
}

/// Gives the image of geometric means, pixel by pixel, as the front sees the patient; f32 counts.
///
/// `posterior` is as the camera at the back saw it: its left is the patient's left, so it is mirrored here.
/// Both are of one slice and of the same size. Pixels below 0, or without a number, become NaN and count
/// nowhere. Of regions with few counts the mean of sums ([`geometric_mean`]) is less noisy.
///
/// # Errors
///
/// [`Error::OtherGrid`] for images of several slices, or of different sizes or spacings.
pub fn geometric_mean_image(anterior: &Volume, posterior: &Volume) -> Result<Volume, Error> {
    let (size, other) = (anterior.grid().size(), posterior.grid().size());
    let (spacing, beside) = (anterior.grid().spacing_mm(), posterior.grid().spacing_mm());
    let same_spacing = (0..2).all(|axis| (spacing[axis] - beside[axis]).abs() <= 1e-3 * spacing[axis]);
    if size != other || size[2] != 1 || !same_spacing {
        return Err(Error::OtherGrid(size, other));
    }
    let columns = size[0];
    let value = |image: &Volume, i: usize, j: usize| image.value([i, j, 0]).unwrap_or(f64::NAN);
    let mean = |n: usize| {
        let (i, j) = (n % columns, n / columns);
        let mean = geometric_mean(value(anterior, i, j), value(posterior, columns - 1 - i, j));
        mean.map_or(f32::NAN, |mean| mean as f32)
    };
    let voxels = Voxels::F32((0..size[0] * size[1]).map(mean).collect());
    let image = Volume::new(anterior.grid().clone(), voxels, Rescale::IDENTITY, Unit::Counts);
    Ok(image.expect("there is a value for each pixel"))
}

#[cfg(test)]
mod tests {
    use super::{geometric_mean, geometric_mean_image};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::scintigraphy::Error;
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn image(values: &[f32], spacing_mm: f64) -> Volume {
        let axes = [
            Vector::new(spacing_mm, 0.0, 0.0),
            Vector::new(0.0, spacing_mm, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let grid = Grid::new(
            [values.len() / 2, 2, 1],
            Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0)),
        )
        .unwrap();
        Volume::new(grid, Voxels::F32(values.into()), Rescale::IDENTITY, Unit::Counts).unwrap()
    }

    #[test]
    fn the_back_is_mirrored() {
        let front = image(&[1.0, 4.0, 9.0, 1.0, -1.0, 2.0], 2.0);
        let back = image(&[4.0, 1.0, 16.0, 8.0, 3.0, 4.0], 2.0);
        let found = geometric_mean_image(&front, &back).unwrap();
        let values: Vec<f64> = (0..6).map(|n| found.value([n % 3, n / 3, 0]).unwrap()).collect();
        assert_eq!(
            (values[0], values[1], values[2], values[3], values[5]),
            (4.0, 2.0, 6.0, 2.0, 4.0)
        );
        assert!(values[4].is_nan());
        assert_eq!(geometric_mean(200.0, 50.0), Ok(100.0));
        assert!(matches!(geometric_mean(-1.0, 4.0), Err(Error::Negative { .. })));
    }

    #[test]
    fn images_of_other_sizes_are_refused() {
        let front = image(&[1.0; 6], 2.0);
        for other in [image(&[1.0; 4], 2.0), image(&[1.0; 6], 2.5)] {
            let refused = geometric_mean_image(&front, &other);
            assert!(matches!(refused, Err(Error::OtherGrid(..))), "{refused:?}");
        }
    }
}
