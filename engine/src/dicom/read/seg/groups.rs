//! The functional groups of frames (PS3.3 C.7.6.16).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dicom::read::attributes::Attributes;
use crate::geometry::{Patient, Point, Vector};

/// The functional groups of each frame: its own, else those shared by all.
pub(super) struct Groups<'a> {
    pub object: &'a InMemDicomObject,
    shared: Option<&'a InMemDicomObject>,
    pub per_frame: &'a [InMemDicomObject],
}

impl<'a> Groups<'a> {
    pub(super) fn of(object: &'a InMemDicomObject) -> Self {
        Self {
            object,
            shared: object.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE),
            per_frame: object.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
        }
    }

    pub(super) fn group(&self, frame: usize, tag: Tag) -> Option<&'a InMemDicomObject> {
        let own = self.per_frame.get(frame).and_then(|groups| groups.item(tag));
        own.or_else(|| self.shared.and_then(|shared| shared.item(tag)))
    }

    pub(super) fn measure(&self, tag: Tag) -> Option<f64> {
        self.group(0, tags::PIXEL_MEASURES_SEQUENCE)?
            .number(tag)
            .map(f64::abs)
            .filter(|mm| *mm > 0.0)
    }

    /// Distance between rows, then between columns, mm.
    pub(super) fn pixel_spacing_mm(&self) -> Option<[f64; 2]> {
        let measures = self.group(0, tags::PIXEL_MEASURES_SEQUENCE)?;
        measures
            .numbers_of(tags::PIXEL_SPACING)
            .filter(|spacing: &[f64; 2]| spacing.iter().all(|mm| *mm > 0.0))
    }

    pub(super) fn position(&self, frame: usize) -> Option<Point<Patient>> {
        let group = self.group(frame, tags::PLANE_POSITION_SEQUENCE)?;
        group.numbers_of(tags::IMAGE_POSITION_PATIENT).map(Point::from)
    }

    pub(super) fn orientation(&self, frame: usize) -> Option<[Vector<Patient>; 2]> {
        let group = self.group(frame, tags::PLANE_ORIENTATION_SEQUENCE)?;
        directions(group.numbers_of(tags::IMAGE_ORIENTATION_PATIENT)?)
    }

    pub(super) fn segment(&self, frame: usize) -> Option<u16> {
        let group = self.group(frame, tags::SEGMENT_IDENTIFICATION_SEQUENCE)?;
        u16::try_from(group.integer(tags::REFERENCED_SEGMENT_NUMBER)?).ok()
    }
}

/// Directions of rows and columns; `None` unless they are at right angles, to within the standard's rounding.
pub(super) fn directions([a, b, c, d, e, f]: [f64; 6]) -> Option<[Vector<Patient>; 2]> {
    let row = Vector::new(a, b, c).normalized()?;
    let column = Vector::new(d, e, f).normalized()?;
    (row.dot(column).abs() < 1e-2).then_some([row, column])
}
