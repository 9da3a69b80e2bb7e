//! What is searched, and how.

use super::deformable::Flexibility;
use super::metric::Similarity;
use super::model::Model;
use crate::geometry::{Affine, Patient, Point};

/// Where a search begins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Start {
    /// From many places: as the frames of reference have it, body on body, surface on surface; the best is
    /// followed up.
    #[default]
    Automatic,
    /// From this `moving_from_fixed`, found by hand or before, and not far from it.
    From(Affine<Patient, Patient>),
}

/// Says of a place, LPS in mm, whether it counts.
pub type Region<'a> = &'a (dyn Fn(Point<Patient>) -> bool + Sync);

/// What a search may do.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Which maps may be found.
    pub model: Model,
    /// What makes the images alike; `None` takes correlation for two images of one unit, else mutual information.
    pub similarity: Option<Similarity>,
    /// How far the map may bend after that; `None` for not at all.
    pub deformable: Option<Flexibility>,
    /// Where to begin.
    pub start: Start,
    /// Which places of the fixed volume's patient space count; `None` for the body and some air around it.
    pub region: Option<Region<'a>>,
}
