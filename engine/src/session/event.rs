//! What a session tells its hosts.

use serde::{Deserialize, Serialize};

/// What has changed, or is to be said. Events carry no name of the patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Event {
    /// These views look different now.
    Redraw {
        /// Their numbers.
        viewports: Vec<u32>,
    },
    /// There are other views, or they lie elsewhere.
    LayoutChanged,
    /// Measurements or texts came, went or changed.
    MarksChanged,
    /// Volumes of interest came, went or changed.
    VoisChanged,
    /// Settings changed: what panels show is to be asked anew.
    ControlsChanged,
    /// Series lie otherwise on each other.
    AlignmentChanged,
    /// Key images were marked or unmarked.
    KeyImagesChanged,
    /// Pictures were taken onto the film, off it, or changed there.
    FilmChanged,
    /// People came, went, pointed or present.
    ParticipantsChanged,
    /// Something to be read beside the pictures.
    Remark {
        /// One sentence.
        text: String,
    },
    /// A command was refused; nothing changed.
    Refused {
        /// Why, in one sentence.
        text: String,
    },
}
