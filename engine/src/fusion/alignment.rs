//! May two volumes be laid over each other?

use crate::geometry::{Affine, Patient};
use crate::volume::Volume;

/// Why two volumes lie where they do over each other.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Alignment {
    /// Both carry one frame of reference: the scanner aligned them.
    SameFrameOfReference,
    /// A registration was given: from the upper volume's patient space to the lower one's.
    Registered(Affine<Patient, Patient>),
}

impl Alignment {
    /// Where the upper volume's patient space lies in the lower one's.
    #[must_use]
    pub fn lower_from_upper(&self) -> Affine<Patient, Patient> {
        match self {
            Self::SameFrameOfReference => Affine::identity(),
            Self::Registered(lower_from_upper) => *lower_from_upper,
        }
    }
}

/// Why two volumes are not known to be aligned. A host may still show them, with this text beside them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlignmentError {
    /// They were scanned in different frames of reference.
    #[error(
        "volumes laid over each other must share a frame of reference or be registered, found {lower} and {upper}"
    )]
    DifferentFramesOfReference {
        /// Frame of Reference UID of the lower volume.
        lower: String,
        /// Frame of Reference UID of the upper volume.
        upper: String,
    },
    /// One of them names no frame of reference.
    #[error("volumes laid over each other must name their frame of reference or be registered, found none")]
    NoFrameOfReference,
    /// The registration cannot be undone.
    #[error("a registration must be a finite map with an inverse")]
    Singular,
}

/// Says how `upper` lies over `lower`: by registration where one is given, else by their frame of reference.
///
/// Frames of reference are compared as they stand (PS3.3 C.7.4.1): equal UIDs share an origin, anything
/// else is not assumed to.
///
/// # Errors
///
/// [`AlignmentError`] when the two are not known to be aligned.
pub fn align(
    lower: &Volume,
    upper: &Volume,
    lower_from_upper: Option<Affine<Patient, Patient>>,
) -> Result<Alignment, AlignmentError> {
    if let Some(registration) = lower_from_upper {
        let usable = registration.inverse().is_ok();
        return usable
            .then_some(Alignment::Registered(registration))
            .ok_or(AlignmentError::Singular);
    }
    match (lower.frame_of_reference_uid(), upper.frame_of_reference_uid()) {
        (Some(lower), Some(upper)) if lower == upper => Ok(Alignment::SameFrameOfReference),
        (Some(lower), Some(upper)) => Err(AlignmentError::DifferentFramesOfReference {
            lower: lower.to_owned(),
            upper: upper.to_owned(),
        }),
        _ => Err(AlignmentError::NoFrameOfReference),
    }
}

#[cfg(test)]
mod tests {
    use super::{Alignment, AlignmentError, align};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn volume(frame_of_reference_uid: Option<&str>) -> Volume {
        let axes = [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let grid = Grid::new([1, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        Volume::new(grid, Voxels::U8([0].into()), Rescale::IDENTITY, Unit::Unspecified)
            .unwrap()
            .in_frame_of_reference(frame_of_reference_uid.map(str::to_owned))
    }

    #[test]
    fn different_frames_are_never_fused_silently() {
        let (a, b, none) = (volume(Some("1.2")), volume(Some("1.3")), volume(None));
        assert_eq!(align(&a, &a, None), Ok(Alignment::SameFrameOfReference));
        assert!(matches!(
            align(&a, &b, None),
            Err(AlignmentError::DifferentFramesOfReference { .. })
        ));
        assert_eq!(align(&none, &none, None), Err(AlignmentError::NoFrameOfReference));
        let registration = Affine::identity();
        assert_eq!(
            align(&a, &b, Some(registration)),
            Ok(Alignment::Registered(registration))
        );
        let nothing = Affine::new(registration.linear * 0.0, registration.origin);
        assert_eq!(align(&a, &b, Some(nothing)), Err(AlignmentError::Singular));
    }
}
