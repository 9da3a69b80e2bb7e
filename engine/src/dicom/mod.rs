//! DICOM bytes to and from volumes, masks and SUV attributes.
