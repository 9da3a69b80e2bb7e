//! Lesions: what becomes of them from one exam to the next, and what that means by the published criteria.
//!
//! [`follow_up`] matches the lesions of two to four exams into tracks; [`response`] turns their measures into
//! categories, each with its reasons. Measuring inside a mask is left to `voi`.

pub mod follow_up;
pub mod response;
