//! Selections of key objects (PS3.16 TID 2010) as plain data, the same for writing and reading.

use super::measurement_report::Observer;
use super::{Code, ImageReference, ObjectReference};

/// Objects that were picked out, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyObjects {
    /// What they were picked for: one of PS3.16 CID 7010, such as [`KeyObjects::OF_INTEREST`].
    pub title: Code,
    /// What the title means more exactly: of a rejection for its quality, why (CID 7011); of the best in a set, of
    /// which (CID 7012).
    pub modifiers: Vec<Code>,
    /// Language of the description.
    pub language: Option<Code>,
    /// Who picked them.
    pub observers: Vec<Observer>,
    /// Key Object Description; may be empty.
    pub description: String,
    /// The objects.
    pub objects: Vec<KeyObject>,
}

impl KeyObjects {
    /// What is to be looked at.
    pub const OF_INTEREST: Code = Code::new("113000", "DCM", "Of Interest");
    /// Not to be used: the quality does not suffice.
    pub const REJECTED_FOR_QUALITY: Code = Code::new("113001", "DCM", "Rejected for Quality Reasons");
    /// For who sent the patient.
    pub const FOR_REFERRING_PROVIDER: Code = Code::new("113002", "DCM", "For Referring Provider");
    /// For surgery.
    pub const FOR_SURGERY: Code = Code::new("113003", "DCM", "For Surgery");
    /// For teaching.
    pub const FOR_TEACHING: Code = Code::new("113004", "DCM", "For Teaching");
    /// For a conference.
    pub const FOR_CONFERENCE: Code = Code::new("113005", "DCM", "For Conference");
    /// For therapy.
    pub const FOR_THERAPY: Code = Code::new("113006", "DCM", "For Therapy");
    /// For the patient.
    pub const FOR_PATIENT: Code = Code::new("113007", "DCM", "For Patient");
    /// For research.
    pub const FOR_RESEARCH: Code = Code::new("113009", "DCM", "For Research");
    /// Of doubtful quality.
    pub const QUALITY_ISSUE: Code = Code::new("113010", "DCM", "Quality Issue");
    /// The best of a set.
    pub const BEST_IN_SET: Code = Code::new("113013", "DCM", "Best In Set");
    /// To be printed.
    pub const FOR_PRINTING: Code = Code::new("113018", "DCM", "For Printing");
    /// To go with a report.
    pub const FOR_REPORT_ATTACHMENT: Code = Code::new("113020", "DCM", "For Report Attachment");
    /// For a tumour board.
    pub const FOR_TUMOR_BOARD: Code = Code::new("128203", "DCM", "For Tumor Board");

    /// A selection of images, without more said of it.
    #[must_use]
    pub fn of_images(title: Code, images: impl IntoIterator<Item = ImageReference>) -> Self {
        Self {
            title,
            modifiers: Vec::new(),
            language: None,
            observers: Vec::new(),
            description: String::new(),
            objects: images.into_iter().map(KeyObject::image).collect(),
        }
    }
}

/// An object that was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyObject {
    /// The object; with frames where some of an image's are meant.
    pub object: ImageReference,
    /// What kind of object it is.
    pub kind: KeyObjectKind,
    /// The presentation state to show an image with.
    pub presentation_state: Option<ObjectReference>,
}

/// The kinds of objects that a document tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyObjectKind {
    /// An image, or frames of one.
    Image,
    /// A waveform, such as an ECG.
    Waveform,
    /// Any other: a report, a segmentation's surface, a registration, a presentation state.
    Composite,
}

impl KeyObject {
    /// An image that was picked.
    #[must_use]
    pub fn image(object: ImageReference) -> Self {
        Self {
            object,
            kind: KeyObjectKind::Image,
            presentation_state: None,
        }
    }

    /// An object that was picked and is neither image nor waveform.
    #[must_use]
    pub fn composite(reference: ObjectReference) -> Self {
        Self {
            object: ImageReference {
                reference,
                frames: Vec::new(),
            },
            kind: KeyObjectKind::Composite,
            presentation_state: None,
        }
    }
}
