//! Lesions of two to four exams, matched into tracks.
//!
//! [`follow`] takes the masks of each exam, each on its own grid, and where each exam's patient space lies in that
//! of the reference exam. Lesions of neighbouring exams that overlap are linked; of the rest, those near each other
//! are linked one to one. Lesions linked with one another, over however many exams, are one [`Track`]: its fragments
//! belong together, as RECIST 1.1 adds up the fragments of a lesion that split. A reader's corrections are
//! [`FollowUp::linked`], [`FollowUp::unlinked`] and [`FollowUp::merged`]. What the measures of the tracks mean is
//! left to [`response`](crate::lesion::response).

mod assignment;
mod body;
mod matching;
mod relink;
mod tracks;

use crate::geometry::{Route, SingularError};
use crate::voi::Mask;

pub use relink::RelinkError;
pub use tracks::{Arrival, Departure, FollowUp, LesionRef, Link, Means, Track};

/// Exams that can be followed at once.
pub const EXAMS: std::ops::RangeInclusive<usize> = 2..=4;

/// The lesions of one exam.
#[derive(Debug, Clone)]
pub struct Exam<'a> {
    /// One mask a lesion, each on a grid in this exam's patient space; results number lesions by this order.
    pub lesions: &'a [Mask],
    /// The way from this exam's patient space to the reference exam's: the identity for one frame of reference, else
    /// along or against a registration of the two, which may bend.
    pub reference_from_exam: Route,
}

/// What makes two lesions one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Least part of the smaller lesion that the other must cover for the two to overlap, 0 to 1. A single voxel
    /// of a large lesion that touches its neighbour's place must not merge the two.
    pub least_overlap: f64,
    /// Lesions without overlap are linked when their centers are nearer than this many radii of the larger one, of
    /// the sphere of the same volume …
    pub radii: f64,
    /// … or nearer than this, in mm, whichever is more.
    pub least_reach_mm: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            least_overlap: 0.1,
            radii: 1.5,
            least_reach_mm: 15.0,
        }
    }
}

/// Why lesions cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to compare, or too much.
    #[error("lesions are followed over two to four exams, found {0}")]
    Exams(usize),
    /// A lesion without voxels has no place.
    #[error("a lesion must have at least one voxel, found none in lesion {lesion} of exam {exam}")]
    Empty {
        /// Which exam, from 0.
        exam: usize,
        /// Which of its lesions, from 0.
        lesion: usize,
    },
    /// The way from an exam to the reference exam cannot be undone.
    #[error("the transform of exam {exam} must have an inverse: {source}")]
    Transform {
        /// Which exam, from 0.
        exam: usize,
        /// What is wrong with it.
        source: SingularError,
    },
    /// A lesion lies where a bending way to the reference exam folds.
    #[error(
        "lesion {lesion} of exam {exam} has no one place in the reference exam: the transform folds there"
    )]
    Nowhere {
        /// Which exam, from 0.
        exam: usize,
        /// Which of its lesions, from 0.
        lesion: usize,
    },
}

/// Matches the lesions of `exams`, earliest first.
///
/// Neighbouring exams are matched first; a lesion that is gone in one exam and back in a later one is matched across
/// the gap. Overlap is the mean of what either mask covers of the other, counted at voxel centers, so that it does
/// not matter which exam came first. Among lesions without overlap, pairs in reach are chosen one to one with the
/// least total distance, where leaving a pair apart costs its reach: two close lesions are not torn apart to make two
/// far pairs. The result does not depend on the order of the lesions in their exam, but for their numbers.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::lesion::follow_up::{Arrival, Exam, LesionRef, Options, follow};
/// use engine::voi::Mask;
/// let axes = [Vector::new(4.0, 0.0, 0.0), Vector::new(0.0, 4.0, 0.0), Vector::new(0.0, 0.0, 4.0)];
/// let grid = Grid::new([30, 9, 9], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let cube = |x| Mask::from_predicate(grid.clone(), move |[i, ..]| (x..x + 3).contains(&i));
/// let (before, after) = ([cube(2)], [cube(3), cube(20)]);
/// let exam = |lesions| Exam { lesions, reference_from_exam: Affine::identity().into() };
/// let followed = follow(&[exam(&before), exam(&after)], &Options::default()).unwrap();
/// assert_eq!(followed.tracks().len(), 2);
/// assert_eq!(followed.arrival(LesionRef { exam: 1, lesion: 0 }), Some(Arrival::Persistent));
/// assert_eq!(followed.arrival(LesionRef { exam: 1, lesion: 1 }), Some(Arrival::New));
/// ```
///
/// # Errors
///
/// [`Error`] for less than two or more than four exams, a lesion without voxels, a transform without inverse or one
/// that folds at a lesion.
pub fn follow(exams: &[Exam], options: &Options) -> Result<FollowUp, Error> {
    if !EXAMS.contains(&exams.len()) {
        return Err(Error::Exams(exams.len()));
    }
    let placed = body::place(exams)?;
    let links = matching::links(&placed, options);
    Ok(FollowUp::new(&placed, links))
}

#[cfg(test)]
mod tests;
