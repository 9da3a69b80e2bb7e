//! What came of hanging.

use super::facts::SeriesIndex;
use super::protocol::{Links, Title, ViewKind, WindowRule};
use crate::presentation::Layout;

/// Studies, hung.
#[derive(Debug, Clone, PartialEq)]
pub struct Hung {
    /// Name of the protocol.
    pub protocol: String,
    /// What people read of it.
    pub title: Title,
    /// How the main screen is parted.
    pub layout: Layout,
    /// How the screens beside it are parted.
    pub further_screens: Vec<Layout>,
    /// What cells show; a cell without a view is free.
    pub views: Vec<HungView>,
    /// Why this protocol, in one sentence.
    pub reason: String,
}

/// What a cell shows.
#[derive(Debug, Clone, PartialEq)]
pub struct HungView {
    /// Which screen, 0 for the main one.
    pub screen: usize,
    /// Place in the cells of that screen's layout.
    pub cell: usize,
    /// How it is shown.
    pub kind: ViewKind,
    /// What is shown, or why nothing is.
    pub content: Content,
}

/// What is in a view.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Series.
    Shown(Box<Shown>),
    /// Nothing.
    Empty(Empty),
}

/// Series in a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What lies lowest.
    pub base: HungLayer,
    /// What lies over it, from low to high.
    pub overlays: Vec<HungLayer>,
    /// Share of the overlays, 0 to 1.
    pub fusion_ratio: f64,
    /// What it shares with other views.
    pub links: Links,
}

/// A series in a view.
#[derive(Debug, Clone, PartialEq)]
pub struct HungLayer {
    /// Which series.
    pub series: SeriesIndex,
    /// Which frame, of planar series.
    pub frame: Option<u32>,
    /// Its window; a preset exists in the department's set.
    pub window: WindowRule,
    /// Name of its palette.
    pub palette: String,
    /// Whether the palette is turned round.
    pub inverted: bool,
    /// Whether it lies in another frame of reference than the base, or does not say: then it is shown over
    /// the base only once a registration is at hand.
    pub needs_registration: bool,
}

/// Why a view shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Empty {
    /// No series is what the protocol asks for.
    #[error("{series} is missing: no series of {study} is {wanted}")]
    Missing {
        /// Name of the series in the protocol.
        series: String,
        /// Where it was looked for.
        study: String,
        /// What it should be.
        wanted: String,
    },
    /// The series cannot be cut or projected.
    #[error("{series} has no volume, which {kind} need")]
    NoVolume {
        /// Name of the series in the protocol.
        series: String,
        /// How it should be shown.
        kind: &'static str,
    },
    /// The series has no such frame.
    #[error("{series} has no frame seen from {view}")]
    NoFrame {
        /// Name of the series in the protocol.
        series: String,
        /// Where it should be seen from.
        view: String,
    },
}
