//! One series over another (Blending Softcopy Presentation State, PS3.3 A.33.4, C.11.14).

use super::{Content, Layout, Modality, SoftcopyWindow};
use crate::dicom::{ImageReference, ObjectReference};

/// How one series of grey images lies, coloured, over another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BlendingState {
    /// What it is called, and by whom it was made.
    pub content: Content,
    /// The images below, shown in grey.
    pub underlying: BlendedImages,
    /// The images above, shown in colour.
    pub superimposed: BlendedImages,
    /// Relative Opacity (0070,0403) of the images above: 0 hides them, 1 hides those below.
    pub opacity: f32,
    /// Grey to colour, for the images above.
    pub palette: Palette,
    /// Registrations that say how the two lie to each other; none where they share a frame of reference.
    pub registrations: Vec<ObjectReference>,
    /// How they lie on the screen, and what is drawn on them.
    pub layout: Layout,
}

/// One of the two sets of images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BlendedImages {
    /// The images; all of one study.
    pub images: Vec<ImageReference>,
    /// Stored values to real ones, in place of what the images say; `None` leaves stored values as they are, which few
    /// images mean and some readers refuse.
    pub modality: Option<Modality>,
    /// Real values to grey.
    pub windows: Vec<SoftcopyWindow>,
}

/// Colours for successive greys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Palette {
    /// Red, green and blue from 0 to 65535; the first is for the lowest grey.
    pub colours: Vec<[u16; 3]>,
    /// Palette Color Lookup Table UID (0028,1199) of a palette that is known by one.
    pub uid: Option<String>,
}
