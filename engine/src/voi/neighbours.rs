//! Which voxels touch.

/// Which voxels count as neighbours; distances in mm play no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Neighbours {
    /// Those that share a face.
    Six,
    /// Those that share a face or an edge.
    Eighteen,
    /// Those that share a face, an edge or a corner: the usual choice for lesions.
    #[default]
    TwentySix,
}

/// Steps (columns, rows, slices) to the neighbours: over faces, then edges, then corners.
const STEPS: [[isize; 3]; 26] = [
    [0, 0, -1],
    [0, -1, 0],
    [-1, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [0, -1, -1],
    [-1, 0, -1],
    [1, 0, -1],
    [0, 1, -1],
    [-1, -1, 0],
    [1, -1, 0],
    [-1, 1, 0],
    [1, 1, 0],
    [0, -1, 1],
    [-1, 0, 1],
    [1, 0, 1],
    [0, 1, 1],
    [-1, -1, -1],
    [1, -1, -1],
    [-1, 1, -1],
    [1, 1, -1],
    [-1, -1, 1],
    [1, -1, 1],
    [-1, 1, 1],
    [1, 1, 1],
];

impl Neighbours {
    /// How many columns further a run touches one in the row that is `rows` rows and `slices` slices away;
    /// `None` when the rows do not touch at all. Both steps are -1, 0 or 1.
    pub(super) fn reach(self, rows: isize, slices: isize) -> Option<usize> {
        match (self, rows.abs() + slices.abs()) {
            (Self::Six, 0 | 1) | (Self::Eighteen, 2) => Some(0),
            (Self::Six, _) => None,
            (Self::Eighteen | Self::TwentySix, _) => Some(1),
        }
    }

    /// Steps (columns, rows, slices) from a voxel to its neighbours, always in the same order.
    pub(super) fn steps(self) -> &'static [[isize; 3]] {
        match self {
            Self::Six => &STEPS[..6],
            Self::Eighteen => &STEPS[..18],
            Self::TwentySix => &STEPS,
        }
    }
}
