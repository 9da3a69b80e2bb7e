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
