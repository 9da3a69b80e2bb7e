//! Straight lines through points.

use crate::scintigraphy::Error;

/// A line of least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// How much y rises with x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Square of the correlation, 0 to 1; 1 for points on one line.
    pub r_squared: f64,
}

/// Fits a line to points (x, y) of which at least two have different x.
pub(super) fn line(what: &'static str, needed: usize, points: &[(f64, f64)]) -> Result<Line, Error> {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let sum = |term: &dyn Fn(f64, f64) -> f64| {
        points
            .iter()
            .map(|point| term(point.0 - x, point.1 - y))
            .sum::<f64>()
    };
    let (xx, xy, yy) = (sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
    if points.len() < needed.max(2) || !(xx > 0.0 && xy.is_finite()) {
        return Err(Error::TooFew {
            what,
            needed: needed.max(2),
            found: points.len(),
        });
    }
    let slope = xy / xx;
    Ok(Line {
        slope,
        intercept: y - slope * x,
        r_squared: if yy > 0.0 {
            (xy * xy / (xx * yy)).min(1.0)
        } else {
            1.0
        },
    })
}

#[cfg(test)]
mod tests {
    use super::line;

    /// scipy 1.17: `linregress([1, 2, 3, 5], [2.1, 3.9, 6.2, 9.8])`.
    #[test]
    fn lines_are_those_of_least_squares() {
        let found = line("points", 3, &[(1.0, 2.1), (2.0, 3.9), (3.0, 6.2), (5.0, 9.8)]).unwrap();
        let expected = [1.942_857_142_857, 0.157_142_857_143, 0.997_842_037_117];
        for (found, expected) in [found.slope, found.intercept, found.r_squared]
            .into_iter()
            .zip(expected)
        {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert!(line("points", 3, &[(1.0, 2.0), (2.0, 3.0)]).is_err());
        assert!(line("points", 2, &[(1.0, 2.0), (1.0, 3.0)]).is_err());
        assert!(line("points", 2, &[(1.0, f64::NAN), (2.0, 3.0)]).is_err());
    }
}
