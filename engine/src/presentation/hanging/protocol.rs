//! The document of a hanging protocol.

use serde::{Deserialize, Serialize};

use super::rule::{SeriesRule, StudyChoice};
use super::{HangingError, MAX_DOCUMENT_BYTES, check};
use crate::presentation::{Layout, WindowPresets};

/// What people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// A way of hanging studies of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What it is called in commands and looks: lower-case letters, digits, `-`.
    pub name: String,
    /// What people read.
    pub title: Title,
    /// The series that it speaks of, in the order in which they are looked for.
    pub series: Vec<NamedSeries>,
    /// When it fits: when one of these is met.
    pub matches: Vec<Rule>,
    /// How the screen is parted.
    pub layout: Layout,
    /// How screens beside the main one are parted; it fits only where there are as many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_screens: Vec<Layout>,
    /// What its cells show.
    pub views: Vec<ViewRule>,
}

/// A series by a name that the protocol gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSeries {
    /// The name.
    pub name: String,
    /// Where it is looked for.
    #[serde(default)]
    pub study: StudyChoice,
    /// What it must be.
    pub is: SeriesRule,
    /// Among several, what it should be, the most important first. After that more images are better, then
    /// what comes first.
    #[serde(default)]
    pub prefer: Vec<SeriesRule>,
    /// Names before it that it must differ from.
    #[serde(default)]
    pub other_than: Vec<String>,
}

/// When a protocol fits: all of it must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names of series that must be there.
    pub needs: Vec<String>,
    /// What must not be there.
    #[serde(default)]
    pub without: Vec<Without>,
    /// Least number of screens.
    #[serde(default)]
    pub screens_at_least: Option<u32>,
    /// Least width of the main screen, in pixels.
    #[serde(default)]
    pub width_at_least: Option<u32>,
}

/// A series that must not be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Without {
    /// Where it is looked for.
    #[serde(default)]
    pub study: StudyChoice,
    /// What it is.
    pub is: SeriesRule,
}

/// What a cell shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewRule {
    /// Which screen: 0 for the main one, 1 for the first of the further ones.
    #[serde(default)]
    pub screen: usize,
    /// Place in the cells of that screen's layout, from 0.
    pub cell: usize,
    /// How it is shown.
    pub kind: ViewKind,
    /// What lies lowest.
    pub base: LayerRule,
    /// What lies over it, from low to high.
    #[serde(default)]
    pub overlays: Vec<LayerRule>,
    /// Share of the overlays, 0 to 1; left out, it is the look's.
    #[serde(default)]
    pub fusion_ratio: Option<f64>,
    /// What it shares with other views.
    #[serde(default)]
    pub links: Links,
}

/// How a cell shows its layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ViewKind {
    /// Images as they were made, one at a time.
    Stack,
    /// Several images at once.
    Tiles {
        /// Rows of images.
        rows: u32,
        /// Columns of images.
        columns: u32,
    },
    /// Planes across the body.
    Axial,
    /// Planes parallel to the front.
    Coronal,
    /// Planes parallel to the side.
    Sagittal,
    /// Maximum intensity projection.
    Mip,
    /// Volume rendering.
    VolumeRendering {
        /// Name of a preset of `render`.
        preset: String,
    },
}

impl ViewKind {
    /// Whether it needs a volume.
    #[must_use]
    pub fn needs_volume(&self) -> bool {
        !matches!(self, Self::Stack | Self::Tiles { .. })
    }

    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Stack => "a stack",
            Self::Tiles { .. } => "tiles",
            Self::Axial => "axial planes",
            Self::Coronal => "coronal planes",
            Self::Sagittal => "sagittal planes",
            Self::Mip => "a MIP",
            Self::VolumeRendering { .. } => "a volume rendering",
        }
    }
}

/// A series in a view, and how it looks there; what is left out is the look's or the department's choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRule {
    /// Name of the series.
    pub series: String,
    /// The frame seen from there, of planar series.
    #[serde(default)]
    pub frame_view: Option<String>,
    /// Window.
    #[serde(default)]
    pub window: Option<WindowRule>,
    /// Name of a palette.
    #[serde(default)]
    pub palette: Option<String>,
    /// Whether the palette is turned round.
    #[serde(default)]
    pub inverted: bool,
}

/// Which values are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum WindowRule {
    /// What the image asks for, or what suits its values.
    Auto,
    /// A preset of the department for the series' modality, by name; for a volume in another unit than the
    /// presets of that modality have (HU, SUV) it is as [`WindowRule::Auto`].
    Preset(String),
    /// From one value to another.
    Range {
        /// Shown as the first colour.
        low: f64,
        /// Shown as the last colour.
        high: f64,
        /// Their unit; for a volume in another unit it is as [`WindowRule::Auto`].
        unit: WindowUnit,
    },
}

/// Unit of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WindowUnit {
    /// Hounsfield units.
    Hu,
    /// Standardized uptake value by body weight.
    Suv,
    /// Becquerels per millilitre.
    BqMl,
    /// Counts.
    Counts,
    /// Percent of the largest value of the volume.
    PercentOfMax,
}

/// Groups of views that change together; views with the same name in a field share it.
///
/// Windows and palettes are shared series by series: a fused view and a PET view share those of the PET.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// Place along the slices.
    pub scroll: Option<String>,
    /// Magnification.
    pub zoom: Option<String>,
    /// Shift of the image.
    pub pan: Option<String>,
    /// Window.
    pub window: Option<String>,
    /// Palette.
    pub palette: Option<String>,
    /// Turning of projections, renderings, and of planes in their plane.
    pub rotation: Option<String>,
    /// Cross that marks one place in patient space.
    pub crosshair: Option<String>,
}

impl Protocol {
    /// Reads a document.
    ///
    /// `windows` are the presets that it may name.
    ///
    /// # Errors
    ///
    /// [`HangingError`] for bytes that are too many, are not such a document, or name what does not exist.
    pub fn read(bytes: &[u8], windows: &WindowPresets) -> Result<Self, HangingError> {
        let protocol: Self = read_json("a hanging protocol", bytes)?;
        protocol.check(windows)?;
        Ok(protocol)
    }

    /// Checks that names refer to what exists and numbers are within their limits.
    ///
    /// # Errors
    ///
    /// [`HangingError::Invalid`] with the first that does not.
    pub fn check(&self, windows: &WindowPresets) -> Result<(), HangingError> {
        check::protocol(self, windows).map_err(|problem| HangingError::Invalid {
            what: "hanging protocol",
            name: self.name.clone(),
            problem,
        })
    }

    /// Layouts of its screens, the main one's first.
    pub fn screens(&self) -> impl Iterator<Item = &Layout> {
        std::iter::once(&self.layout).chain(&self.further_screens)
    }

    /// The series of a name.
    pub(super) fn named(&self, name: &str) -> Option<&NamedSeries> {
        self.series.iter().find(|series| series.name == name)
    }
}

/// Reads a document within the limit of its size.
pub(super) fn read_json<T: for<'a> Deserialize<'a>>(
    what: &'static str,
    bytes: &[u8],
) -> Result<T, HangingError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        let found = bytes.len();
        return Err(HangingError::TooLong { what, found });
    }
    serde_json::from_slice(bytes).map_err(|error| HangingError::Json {
        what,
        problem: error.to_string(),
    })
}
