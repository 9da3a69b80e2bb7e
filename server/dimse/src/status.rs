//! Statuses of answers (PS3.7 Annex C, PS3.4).

use dicom_core::Tag;

/// The status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

/// What a status means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Done.
    Success,
    /// Done, with a reservation.
    Warning,
    /// More answers follow.
    Pending,
    /// Ended by C-CANCEL.
    Cancel,
    /// Not done.
    Failure,
}

impl Status {
    /// Success.
    pub const SUCCESS: Self = Self(0x0000);
    /// Ended by C-CANCEL.
    pub const CANCEL: Self = Self(0xFE00);
    /// An answer; more may follow.
    pub const PENDING: Self = Self(0xFF00);
    /// An answer; optional keys were not supported.
    pub const PENDING_KEYS_UNSUPPORTED: Self = Self(0xFF01);
    /// No such attribute (N-services).
    pub const NO_SUCH_ATTRIBUTE: Self = Self(0x0105);
    /// Processing failure (N-services).
    pub const PROCESSING_FAILURE: Self = Self(0x0110);
    /// Duplicate SOP instance (N-CREATE).
    pub const DUPLICATE_INSTANCE: Self = Self(0x0111);
    /// No such SOP instance.
    pub const NO_SUCH_INSTANCE: Self = Self(0x0112);
    /// Invalid argument value.
    pub const INVALID_ARGUMENT: Self = Self(0x0115);
    /// Invalid attribute value (N-services).
    pub const INVALID_ATTRIBUTE: Self = Self(0x0106);
    /// Missing attribute (N-services).
    pub const MISSING_ATTRIBUTE: Self = Self(0x0120);
    /// SOP class not supported.
    pub const CLASS_NOT_SUPPORTED: Self = Self(0x0122);
    /// No such action.
    pub const NO_SUCH_ACTION: Self = Self(0x0123);
    /// Not authorized.
    pub const NOT_AUTHORIZED: Self = Self(0x0124);
    /// Unrecognized operation.
    pub const UNRECOGNIZED_OPERATION: Self = Self(0x0211);
    /// Mistyped argument: a field of the command that must be there is not.
    pub const MISTYPED_ARGUMENT: Self = Self(0x0212);
    /// Out of resources, as a full disk.
    pub const OUT_OF_RESOURCES: Self = Self(0xA700);
    /// Out of resources: cannot count the matches.
    pub const CANNOT_COUNT: Self = Self(0xA701);
    /// Out of resources: no sub-operation could be done.
    pub const CANNOT_PERFORM: Self = Self(0xA702);
    /// Move destination unknown.
    pub const DESTINATION_UNKNOWN: Self = Self(0xA801);
    /// The data set does not match its SOP class; also an identifier that does not match its query model.
    pub const CLASS_MISMATCH: Self = Self(0xA900);
    /// Sub-operations done, some of them with failures or warnings.
    pub const SOME_FAILED: Self = Self(0xB000);
    /// Cannot understand, unable to process.
    pub const CANNOT_UNDERSTAND: Self = Self(0xC000);

    /// What it means.
    pub fn category(self) -> Category {
        match self.0 {
            0x0000 => Category::Success,
            0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => Category::Warning,
            0xFE00 => Category::Cancel,
            0xFF00 | 0xFF01 => Category::Pending,
            _ => Category::Failure,
        }
    }

    /// Whether it was done, perhaps with a reservation.
    pub fn is_done(self) -> bool {
        matches!(self.category(), Category::Success | Category::Warning)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

/// A status and what is said beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The status.
    pub status: Status,
    /// Error Comment: at most 64 characters leave, and no value of a data set may be in it.
    pub comment: Option<String>,
    /// Attributes that caused the status.
    pub offending: Vec<Tag>,
}

impl Outcome {
    /// A status with words.
    pub fn new(status: Status, comment: impl Into<String>) -> Self {
        Self {
            status,
            comment: Some(comment.into()),
            offending: Vec::new(),
        }
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self {
            status,
            comment: None,
            offending: Vec::new(),
        }
    }
}
