//! How one object names another.

/// An object named by another: its study, its series, what it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectReference {
    /// Study Instance UID; empty where the object that refers does not say it.
    pub study_instance_uid: String,
    /// Series Instance UID; empty where the object that refers does not say it.
    pub series_instance_uid: String,
    /// Referenced SOP Class UID (0008,1150).
    pub sop_class_uid: String,
    /// Referenced SOP Instance UID (0008,1155).
    pub sop_instance_uid: String,
}

/// An image, or some of its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// The object.
    pub reference: ObjectReference,
    /// Referenced Frame Number, from 1; all frames when empty.
    pub frames: Vec<u32>,
}

impl ImageReference {
    /// Whether it names a frame of an object; `frame` counts from 1.
    #[must_use]
    pub fn names(&self, sop_instance_uid: &str, frame: u32) -> bool {
        self.reference.sop_instance_uid == sop_instance_uid
            && (self.frames.is_empty() || self.frames.contains(&frame))
    }
}
