//! Registration by hand: what a person drags, turns, types, or says with pairs of landmarks.
//!
//! [`ByHand`] holds where the moving image lies now, with undo and redo; a [`Change`] is plain data, so that a view,
//! a form and a command say the same. [`fit_landmarks`] finds the map that pairs of places ask for, how far each
//! pair is off, and how wrong the map may be elsewhere. Which pixel is which place is left to the views, the
//! automatic search to the rest of `registration`.

mod by_hand;
mod change;
mod landmarks;
mod pose;

pub use by_hand::{ByHand, STEPS};
pub use change::{Change, ChangeError};
pub use landmarks::{LandmarkError, LandmarkPair, Landmarks, Suspect, fit_landmarks};
pub use pose::Pose;
