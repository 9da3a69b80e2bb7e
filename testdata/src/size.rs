//! How large a study is: grids and what else depends on the size.

use engine::geometry::{Affine, Grid, Point, Vector};

/// How large a study is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Size {
    /// For tests: all parts below 2 MB, coarse voxels.
    Tiny,
    /// For demonstrations: voxels as a clinical scan shows them, below 100 MB.
    #[default]
    Normal,
    /// For benches: CT 512 x 512 x 400, PET 200 x 200 x 300.
    Bench,
}

impl Size {
    /// Finds a size by its name: `tiny`, `normal`, `bench`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tiny, Self::Normal, Self::Bench]
            .into_iter()
            .find(|size| size.name() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Normal => "normal",
            Self::Bench => "bench",
        }
    }

    /// The CT's voxels, first slice at the feet.
    pub(crate) fn ct_grid(self) -> Grid {
        match self {
            Self::Tiny => upright([64, 64, 72], [7.8125, 7.8125, 15.0], [-246.1, -220.3, -214.0]),
            Self::Normal => upright(
                [288, 288, 360],
                [1.736_111, 1.736_111, 3.0],
                [-249.1, -232.5, -217.5],
            ),
            Self::Bench => upright(
                [512, 512, 400],
                [0.976_562_5, 0.976_562_5, 2.7],
                [-249.5, -232.9, -217.5],
            ),
        }
    }

    /// The PET's voxels, first slice at the feet; another grid than the CT's in every respect.
    pub(crate) fn pet_grid(self) -> Grid {
        match self {
            Self::Tiny => upright([48, 48, 90], [11.0, 11.0, 11.8], [-257.2, -249.6, -211.3]),
            Self::Normal => upright([144, 144, 328], [4.0, 4.0, 3.27], [-284.7, -277.1, -215.6]),
            Self::Bench => upright(
                [200, 200, 300],
                [2.734_375, 2.734_375, 3.6],
                [-270.8, -263.2, -216.4],
            ),
        }
    }
}

/// A grid along the patient's axes.
pub(crate) fn upright(size: [usize; 3], spacing_mm: [f64; 3], first_mm: [f64; 3]) -> Grid {
    let [x, y, z] = spacing_mm;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Grid::new(size, Affine::from_axes(axes, Point::from(first_mm))).expect("positive spacing spans space")
}
