//! In which part of a picture a layer is shown.

use crate::presentation::Size;
use crate::render::Error;
use crate::render::check::number;

/// In which part of a picture a layer is shown.
///
/// Places are pixels of the picture: integers are centres, its upper left corner is at -0.5, -0.5. In a pixel
/// that a border runs through, the layer has the part in the mix that it has of the pixel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum ShownIn {
    /// In all of it.
    #[default]
    Everywhere,
    /// In every other cell of a checkerboard.
    Checkerboard {
        /// Width and height of a cell, pixels; cells too small to be seen mix evenly.
        cell: [f64; 2],
        /// The upper left corner of a cell in which it is shown.
        corner: [f64; 2],
    },
    /// On one side of a straight line.
    HalfPlane {
        /// A point of the line.
        point: [f64; 2],
        /// The direction, across the line, in which the layer's side lies; of any length.
        towards: [f64; 2],
    },
}

impl ShownIn {
    /// The same part of a picture whose pixel `p` shows what pixel `offset + scale p` of this one does.
    pub(super) fn seen_by(self, scale: f64, offset: [f64; 2]) -> Self {
        let moved = |[x, y]: [f64; 2]| [(x - offset[0]) / scale, (y - offset[1]) / scale];
        match self {
            Self::Everywhere => self,
            Self::Checkerboard { cell, corner } => Self::Checkerboard {
                cell: cell.map(|side| side / scale),
                corner: moved(corner),
            },
            Self::HalfPlane { point, towards } => Self::HalfPlane {
                point: moved(point),
                towards,
            },
        }
    }

    fn check(self) -> Result<(), Error> {
        let finite = |what: &'static str, place: [f64; 2]| match place.into_iter().find(|at| !is_place(*at)) {
            Some(found) => Err(number(what, "finite", found)),
            None => Ok(()),
        };
        match self {
            Self::Everywhere => Ok(()),
            Self::Checkerboard { cell, corner } => {
                let usable = |side: &f64| side.is_finite() && *side > 0.0;
                if let Some(found) = cell.into_iter().find(|side| !usable(side)) {
                    let expected = "a positive number of pixels";
                    return Err(number("the side of a checkerboard's cell", expected, found));
                }
                finite("the corner of a checkerboard's cell", corner)
            }
            Self::HalfPlane { point, towards } => {
                finite("the place of a dividing line", point)?;
                let length = towards[0].hypot(towards[1]);
                let usable = length.is_finite() && length > 0.0;
                let what = "the length of the direction across a dividing line";
                usable
                    .then_some(())
                    .ok_or(number(what, "a positive number", length))
            }
        }
    }
}

fn is_place(at: f64) -> bool {
    at.abs() < 1e100
}

/// How the parts of a column and a row make that of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// `column + row - 2 column row`: as the areas of a checkerboard do.
    Board,
    /// `column + row + 1/2`, from 0 to 1: the distance from a line, cut off.
    Line,
}

/// How much of each pixel a layer is shown in, made ready. Every renderer reads it in f32.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cover {
    pub join: Join,
    pub columns: Vec<f32>,
    pub rows: Vec<f32>,
}

impl Cover {
    /// The cover of an image of `size`; none where all of it is covered.
    ///
    /// # Errors
    ///
    /// [`Error::Number`] for a place or length that cannot be used.
    pub(super) fn new(shown_in: ShownIn, size: Size) -> Result<Option<Self>, Error> {
        shown_in.check()?;
        let [width, height] = [size.width, size.height].map(|count| (0..count).map(f64::from));
        Ok(match shown_in {
            ShownIn::Everywhere => None,
            ShownIn::Checkerboard { cell, corner } => Some(Self {
                join: Join::Board,
                columns: width.map(|x| in_cells(x - corner[0], cell[0]) as f32).collect(),
                // A cell and its neighbour change places: see `Join::Board`.
                rows: height
                    .map(|y| 1.0 - in_cells(y - corner[1], cell[1]) as f32)
                    .collect(),
            }),
            ShownIn::HalfPlane { point, towards } => {
                let length = towards[0].hypot(towards[1]);
                let [across, down] = towards.map(|part| part / length);
                let beyond = across * point[0] + down * point[1];
                // Nothing that far away is told apart, and sums stay finite.
                let held = |distance: f64| distance.clamp(-1e6, 1e6) as f32;
                Some(Self {
                    join: Join::Line,
                    columns: width.map(|x| held(across * x)).collect(),
                    rows: height.map(|y| held(down * y - beyond)).collect(),
                })
            }
        })
    }

    /// The part of pixel (x, y) that is covered, in 256ths.
    #[inline(always)]
    pub(super) fn of_256(&self, x: usize, y: usize) -> u16 {
        let (column, row) = (self.columns[x], self.rows[y]);
        let part = match self.join {
            Join::Board => column + row - 2.0 * column * row,
            Join::Line => column + row + 0.5,
        };
        of_256(part)
    }
}

/// A part of one in 256ths.
#[inline(always)]
pub(super) fn of_256(part: f32) -> u16 {
    (part.clamp(0.0, 1.0) * 256.0 + 0.5) as u16
}

/// The part of a stretch of length 1 about `at` that lies in every other cell, the first from 0 on.
fn in_cells(at: f64, cell: f64) -> f64 {
    // What is beyond is one cell, or an even mix, in every image.
    let cell = cell.clamp(1e-6, 1e12);
    let before = |at: f64| (at / (2.0 * cell)).floor() * cell + at.rem_euclid(2.0 * cell).min(cell);
    (before(at + 0.5) - before(at - 0.5)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Cover, ShownIn};
    use crate::presentation::Size;

    const SIZE: Size = Size { width: 8, height: 6 };

    fn check(shown_in: ShownIn, rows: [&str; 6]) {
        let cover = Cover::new(shown_in, SIZE).unwrap().unwrap();
        for (y, row) in rows.iter().enumerate() {
            let found: String = (0..8)
                .map(|x| match cover.of_256(x, y) {
                    0 => '.',
                    256 => '#',
                    128 => '+',
                    other => panic!("{other} at {x}, {y}"),
                })
                .collect();
            assert_eq!(&found, row, "row {y}");
        }
    }

    #[test]
    fn cells_take_turns_from_a_corner_on() {
        let corner = [1.5, -0.5];
        check(
            ShownIn::Checkerboard {
                cell: [3.0, 2.0],
                corner,
            },
            [
                "..###...", "..###...", "##...###", "##...###", "..###...", "..###...",
            ],
        );
        // Cells that end within pixels, and such as no pixel tells apart.
        check(
            ShownIn::Checkerboard {
                cell: [1.5, 1e9],
                corner: [-0.5, -10.0],
            },
            ["#+.#+.#+"; 6],
        );
        check(
            ShownIn::Checkerboard {
                cell: [0.25, 0.5],
                corner: [0.0, 0.0],
            },
            ["++++++++"; 6],
        );
    }

    #[test]
    fn a_line_divides_at_any_angle() {
        let line = |point, towards| ShownIn::HalfPlane { point, towards };
        check(line([2.5, 0.0], [5.0, 0.0]), ["...#####"; 6]);
        check(line([2.0, 9.0], [-1e-9, 0.0]), ["##+....."; 6]);
        check(line([7.5, 7.5], [-1.0, -1e-300]), ["########"; 6]);
        check(
            line([0.0, 3.0], [0.0, 1.0]),
            [
                "........", "........", "........", "++++++++", "########", "########",
            ],
        );
        let cover = Cover::new(line([3.0, 3.0], [1.0, 1.0]), SIZE).unwrap().unwrap();
        assert_eq!(cover.of_256(3, 3), 128);
        assert_eq!((cover.of_256(4, 3), cover.of_256(3, 4)), (256, 256));
        assert_eq!((cover.of_256(2, 3), cover.of_256(0, 0)), (0, 0));
    }

    #[test]
    fn a_picture_of_every_nth_pixel_shows_the_same_part() {
        let full = ShownIn::Checkerboard {
            cell: [4.0, 2.0],
            corner: [1.5, -0.5],
        };
        let expected = ShownIn::Checkerboard {
            cell: [2.0, 1.0],
            corner: [0.5, -0.5],
        };
        assert_eq!(full.seen_by(2.0, [0.5, 0.5]), expected);
    }

    #[test]
    fn nonsense_is_refused() {
        let board = |cell, corner| ShownIn::Checkerboard { cell, corner };
        let line = |point, towards| ShownIn::HalfPlane { point, towards };
        for (shown_in, words) in [
            (
                board([0.0, 1.0], [0.0; 2]),
                "a checkerboard's cell must be a positive",
            ),
            (board([1.0, f64::NAN], [0.0; 2]), "cell must be a positive"),
            (board([1.0, f64::INFINITY], [0.0; 2]), "found inf"),
            (board([1.0; 2], [0.0, f64::NAN]), "corner"),
            (
                line([f64::INFINITY, 0.0], [1.0, 0.0]),
                "dividing line must be finite",
            ),
            (line([0.0; 2], [0.0; 2]), "must be a positive number, found 0"),
            (line([0.0; 2], [f64::NAN, 1.0]), "found NaN"),
        ] {
            let error = Cover::new(shown_in, SIZE).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let absurd = board([1e300, 1e-300], [1e99, -1e99]);
        assert!(Cover::new(absurd, SIZE).is_ok());
    }
}
