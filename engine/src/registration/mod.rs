//! Where a moving volume lies in a fixed one: found by hand, from landmarks.

mod hand;

pub use hand::{
    ByHand, Change, ChangeError, LandmarkError, LandmarkModel, LandmarkPair, Landmarks, Pose, STEPS, Suspect,
    fit_landmarks,
};
