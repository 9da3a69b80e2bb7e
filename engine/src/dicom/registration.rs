//! The words of registration objects (PS3.3 C.20.2, C.20.3), for writing and reading alike.

use super::Code;
use crate::geometry::{Affine, Patient};

/// How far a matrix may be from what its type says: a thousandth of a millimetre a metre.
const SAME: f64 = 1e-6;

/// What a registration was found by, of PS3.16 CID 7100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistrationMethod {
    /// Both are in one frame of reference.
    FrameOfReferenceIdentity,
    /// Places that were marked in both.
    Fiducials,
    /// The scanner knows it.
    AcquisitionEquipment,
    /// The images' values.
    ImageContent,
    /// A person's eye.
    Visual,
    /// The images' values and places that were marked in both.
    ImageContentAndFiducials,
}

impl RegistrationMethod {
    /// All methods, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::FrameOfReferenceIdentity,
        Self::Fiducials,
        Self::AcquisitionEquipment,
        Self::ImageContent,
        Self::Visual,
        Self::ImageContentAndFiducials,
    ];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> Code {
        let (value, meaning) = match self {
            Self::FrameOfReferenceIdentity => ("125021", "Frame of Reference Identity"),
            Self::Fiducials => ("125022", "Fiducial Alignment"),
            Self::AcquisitionEquipment => ("125023", "Acquisition Equipment Alignment"),
            Self::ImageContent => ("125024", "Image Content-based Alignment"),
            Self::Visual => ("125025", "Visual Alignment"),
            Self::ImageContentAndFiducials => ("125026", "Image Content and Fiducial Based Alignment"),
        };
        Code::new(value, "DCM", meaning)
    }

    /// The method of a code; `None` for other codes, which the context group allows.
    #[must_use]
    pub fn of(code: &Code) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.code().is(code))
    }
}

/// What a matrix does, Frame of Reference Transformation Matrix Type (PS3.3 C.20.2.1.2); from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatrixType {
    /// It turns and moves.
    Rigid,
    /// It scales along the axes, then turns and moves.
    RigidScale,
    /// It may also shear or mirror.
    Affine,
}

impl MatrixType {
    /// The narrowest type of a map, to a millionth.
    ///
    /// ```
    /// use engine::dicom::registration::MatrixType;
    /// use engine::geometry::{Affine, Patient, Vector};
    /// let step = Affine::<Patient, Patient>::translation(Vector::new(0.0, 0.0, 12.5));
    /// assert_eq!(MatrixType::of(&step), MatrixType::Rigid);
    /// assert_eq!(MatrixType::of(&Affine::new(step.linear * 1.1, step.origin)), MatrixType::RigidScale);
    /// assert_eq!(MatrixType::of(&Affine::new(-step.linear, step.origin)), MatrixType::Affine);
    /// ```
    #[must_use]
    pub fn of(map: &Affine<Patient, Patient>) -> Self {
        Self::within(map, SAME)
    }

    /// The narrowest type of a map, whose scales and cosines may be off by `tolerance`.
    pub(super) fn within(map: &Affine<Patient, Patient>, tolerance: f64) -> Self {
        let scales = [0, 1, 2].map(|axis| map.axis(axis).norm());
        let along = [0, 1, 2].map(|axis| map.axis(axis) * scales[axis].recip());
        let upright = |a: usize, b: usize| along[a].dot(along[b]).abs() <= tolerance;
        if !(upright(0, 1) && upright(1, 2) && upright(2, 0) && map.linear.determinant() > 0.0) {
            return Self::Affine;
        }
        if scales.iter().all(|scale| (scale - 1.0).abs() <= tolerance) {
            Self::Rigid
        } else {
            Self::RigidScale
        }
    }

    /// The defined term.
    #[must_use]
    pub const fn term(self) -> &'static str {
        match self {
            Self::Rigid => "RIGID",
            Self::RigidScale => "RIGID_SCALE",
            Self::Affine => "AFFINE",
        }
    }

    /// The type of a term.
    #[must_use]
    pub fn of_term(term: &str) -> Option<Self> {
        [Self::Rigid, Self::RigidScale, Self::Affine]
            .into_iter()
            .find(|kind| kind.term() == term)
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{Matrix3, Vector3};

    use super::{MatrixType, RegistrationMethod};
    use crate::dicom::Code;
    use crate::geometry::{Affine, Patient, Point, Vector};

    #[test]
    fn the_type_is_the_narrowest_that_holds() {
        let turn = Affine::<Patient, Patient>::rotation(
            Point::new(3.0, -20.0, 900.0),
            Vector::new(0.3, 1.0, -0.2),
            1.1,
        )
        .unwrap();
        let check = |linear: Matrix3<f64>, expected: MatrixType| {
            let found = MatrixType::of(&Affine::new(linear, turn.origin));
            assert_eq!(found, expected, "{linear}");
            assert_eq!(MatrixType::of_term(found.term()), Some(found));
        };
        let scaled = Matrix3::from_diagonal(&Vector3::new(1.0, 0.9, 1.05));
        let sheared = Matrix3::new(1.0, 0.01, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
        let mirrored = Matrix3::from_diagonal(&Vector3::new(-1.0, 1.0, 1.0));
        check(turn.linear, MatrixType::Rigid);
        check(turn.linear * 1.0000001, MatrixType::Rigid);
        // Scales come first: after the turn they shear.
        check(turn.linear * scaled, MatrixType::RigidScale);
        check(scaled * turn.linear, MatrixType::Affine);
        check(turn.linear * sheared, MatrixType::Affine);
        check(turn.linear * mirrored, MatrixType::Affine);
        check(Matrix3::zeros(), MatrixType::Affine);
        check(Matrix3::repeat(f64::NAN), MatrixType::Affine);
    }

    #[test]
    fn methods_are_known_by_their_codes() {
        for method in RegistrationMethod::ALL {
            assert_eq!(RegistrationMethod::of(&method.code()), Some(method));
        }
        assert_eq!(RegistrationMethod::of(&Code::new("125027", "DCM", "")), None);
    }
}
