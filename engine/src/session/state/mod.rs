//! What a session is at one moment: everything that a snapshot keeps and undo brings back.
//!
//! It is plain data without voxels, and without anything that could be computed again: a volume of interest is its
//! recipe and its brush strokes, a view its direction, place and scale. Parts are shared between one moment and the
//! next, so that keeping a hundred moments costs little.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

mod desk;
mod drawn;
mod layer;

use crate::presentation::Layout;
use crate::session::command::Link;

pub use desk::{Desk, Groups, Hanging, Viewport};
pub use drawn::{Level, Mark, MarkKind, Paint, Recipe, SolidForm, Voi};
pub use layer::{ViewFunction, ViewLayer, ViewShutter, ViewTable, ViewWindow};

/// The look that a session begins with.
pub(super) const FIRST_LOOK: &str = "uptake";

/// Everything that a snapshot keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The desk in use.
    pub desk: Arc<Desk>,
    /// Name of the desk in use; empty until it is saved.
    pub desk_name: String,
    /// Other desks by name, as they were left.
    pub desks: BTreeMap<String, Arc<Desk>>,
    /// What hangs there; none for what was shown by hand.
    pub hanging: Option<Hanging>,
    /// Name of the look: palettes, windows, arrangements, mouse and keys that belong together.
    pub look: String,
    /// What of linked views goes together.
    pub links: BTreeSet<Link>,
    /// Where the fixed space lies, by moving and fixed space.
    pub joints: Vec<Arc<Joint>>,
    /// Measurements and texts by number.
    pub marks: BTreeMap<u64, Arc<Mark>>,
    /// The chosen mark.
    pub selected_mark: Option<u64>,
    /// Colour of marks to come.
    pub color: [u8; 3],
    /// Volumes of interest by number.
    pub vois: BTreeMap<u64, Arc<Voi>>,
    /// The chosen volume of interest.
    #[serde(default)]
    pub selected_voi: Option<u64>,
    /// The next number of a mark or a volume of interest.
    pub next: u64,
    /// Which texts are shown.
    pub texts: Texts,
    /// Fields in the corners by modality; under an empty name those of all others.
    pub corners: Arc<BTreeMap<String, [Vec<String>; 4]>>,
    /// Whether who the patient is stays hidden.
    pub is_deidentified: bool,
    /// Pictures that matter, in the order in which they were marked.
    pub key_images: Vec<KeyImage>,
    /// Pictures for prints and reports, in order.
    #[serde(default)]
    pub film: Vec<Arc<FilmItem>>,
    /// What the reader says a pixel's width covers, in mm, by the series of images without a volume.
    #[serde(default)]
    pub calibrations: BTreeMap<String, f64>,
}

/// What a view shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// How.
    pub kind: Kind,
    /// From the lowest to the uppermost; at least one.
    pub layers: Vec<ViewLayer>,
    /// To the right, down, and away from the viewer, of length 1, in the lowest layer's patient space. Mirrored pictures
    /// have a left-handed set.
    pub axes: [[f64; 3]; 3],
    /// The place in the middle of the picture, LPS mm.
    pub focus_mm: [f64; 3],
    /// 1 fits the lowest layer into the view.
    pub zoom: f64,
    /// The place that is marked and that others show; none if it is the middle.
    pub crosshair_mm: Option<[f64; 3]>,
    /// Phase of series over time or gate.
    pub phase: u32,
    /// Which of the slices of interleaved series is shown.
    #[serde(default)]
    pub turn: u32,
    /// A slab about a plane.
    pub slab: Option<ViewSlab>,
    /// What of the pictures of a stack or tiles is covered.
    #[serde(default)]
    pub shutter: Option<Arc<ViewShutter>>,
    /// How much is sharpened, 0 (not) to 10.
    pub sharpening: f64,
    /// How the layers are compared.
    pub comparing: Option<Comparing>,
    /// What plays.
    pub motion: Option<Motion>,
    /// Seconds since the last step of what plays.
    pub since_step_s: f64,
    /// Whether it goes with others.
    pub is_linked: bool,
    /// The groups that it is in, as a protocol or a reader said; none goes with all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Arc<Groups>>,
}

/// How series are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The slices of the lowest layer as they were made, one at a time.
    Stack,
    /// Several slices of the lowest layer in rows and columns.
    Tiles {
        /// Rows, 1 to 12.
        rows: u32,
        /// Columns, 1 to 12.
        columns: u32,
    },
    /// The slices of several series of parallel slices, one after the other by their place.
    Interleaved,
    /// A plane of any direction through the body.
    Plane,
    /// A plane that follows a curve from left to right.
    Curved {
        /// Places of the curve, LPS mm.
        points_mm: Vec<[f64; 3]>,
        /// In which direction its columns run down.
        down: [f64; 3],
        /// Whether they turn with the curve, to stay at right angles to it.
        straightened: bool,
    },
    /// Every pixel one value of those along its ray.
    Projection {
        /// Which.
        of: SlabKind,
    },
    /// Light that tissue sends and holds back.
    Rendering {
        /// What tissue looks like; none for window and palette.
        #[serde(default)]
        preset: Option<String>,
    },
}

impl Kind {
    /// Whether it is cut by a plane.
    #[must_use]
    pub fn is_plane(&self) -> bool {
        matches!(
            self,
            Self::Stack | Self::Tiles { .. } | Self::Interleaved | Self::Plane
        )
    }

    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Stack => "a stack",
            Self::Tiles { .. } => "tiles",
            Self::Interleaved => "interleaved series",
            Self::Curved { .. } => "a curved plane",
            Self::Plane => "a plane",
            Self::Projection { .. } => "a projection",
            Self::Rendering { .. } => "a volume rendering",
        }
    }
}

/// A direction of planes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Across the body.
    Axial,
    /// Parallel to the front.
    Coronal,
    /// Parallel to the side.
    Sagittal,
    /// By a normal of any length; see [`crate::presentation::Orientation::Oblique`].
    Normal([f64; 3]),
}

/// What is made of the values along a ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlabKind {
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
    /// The mean.
    Mean,
    /// The sum.
    Sum,
}

/// A slab about a plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewSlab {
    /// Half before the plane and half behind.
    pub thickness_mm: f64,
    /// What is made of the values.
    pub kind: SlabKind,
}

/// A way of looking at aligned layers; see [`crate::render::Comparison`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Comparing {
    /// In turn, in square cells.
    Checkerboard {
        /// Side of a cell.
        cell_mm: f64,
    },
    /// On either side of a line.
    Swipe {
        /// How far the line has come, 0 to 1.
        place: f64,
        /// Clockwise from the right.
        towards_rad: f64,
    },
}

/// What plays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Motion {
    /// Over what.
    pub over: Over,
    /// Steps in a second, 0.1 to 120.
    pub steps_per_s: f64,
    /// Whether it runs the other way.
    #[serde(default)]
    pub backward: bool,
    /// Whether it turns round at the ends instead of beginning again.
    #[serde(default)]
    pub swings: bool,
}

/// What a cine runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Slices.
    Slices,
    /// Phases over time or gate.
    Phases,
    /// A rotation about the axis to the head, in 72 steps.
    Rotation,
}

/// Which texts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The four corners.
    pub corners: bool,
    /// Lines in the corners that say who the patient is.
    pub patient: bool,
    /// Letters of directions at the edges.
    pub letters: bool,
    /// A ruler.
    pub scale_bar: bool,
    /// A colour bar.
    pub color_bar: bool,
    /// The crosshair.
    pub crosshair: bool,
    /// Where the planes of other views cut.
    pub reference_lines: bool,
    /// Measurements and texts.
    pub marks: bool,
    /// Overlays of images without a volume.
    #[serde(default = "yes")]
    pub overlays: bool,
}

const fn yes() -> bool {
    true
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            corners: true,
            patient: true,
            letters: true,
            scale_bar: true,
            color_bar: true,
            crosshair: true,
            reference_lines: false,
            marks: true,
            overlays: true,
        }
    }
}

/// How a space lies on another that shares no frame of reference with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joint {
    /// The space that moves.
    pub moving: String,
    /// The space that stays.
    pub fixed: String,
    /// From the moving space to the fixed one, row by row.
    pub fixed_from_moving: [[f64; 4]; 3],
    /// Where it comes from.
    pub origin: Origin,
    /// Places that are the same in the body: in the moving and in the fixed space.
    pub landmarks: Vec<[[f64; 3]; 2]>,
}

/// Where it comes from that two spaces are joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nothing joins them yet; landmarks are being set.
    None,
    /// An offset set by the reader: views are linked by it, nothing is fused.
    Offset,
    /// Laid by hand.
    Hand,
    /// Found by a search whose verdict was good.
    Search,
    /// Found by a search; to be looked at, and why.
    SearchToCheck(Vec<String>),
    /// Read from a registration object.
    Object,
}

/// A picture for a print or a report: what a view showed when it was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilmItem {
    /// Its number.
    pub number: u64,
    /// What it shows.
    pub shown: Shown,
    /// What is written under it.
    pub caption: String,
    /// Whether it was printed.
    pub is_printed: bool,
}

/// A picture that matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyImage {
    /// Which series.
    pub series: String,
    /// Which slice, from 0.
    pub slice: u32,
    /// Which phase, from 0.
    pub phase: u32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            desk: Arc::new(Desk::of(Layout::grid(1, 1).expect("one view"))),
            desk_name: String::new(),
            desks: BTreeMap::new(),
            hanging: None,
            look: FIRST_LOOK.to_owned(),
            links: Link::ALL.into(),
            joints: Vec::new(),
            marks: BTreeMap::new(),
            selected_mark: None,
            color: [255, 220, 60],
            vois: BTreeMap::new(),
            selected_voi: None,
            next: 1,
            texts: Texts::default(),
            corners: Arc::new(BTreeMap::from([(String::new(), usual_corners())])),
            is_deidentified: false,
            key_images: Vec::new(),
            film: Vec::new(),
            calibrations: BTreeMap::new(),
        }
    }
}

fn usual_corners() -> [Vec<String>; 4] {
    [
        &["PatientName", "PatientID", "PatientSex", "PatientAge"][..],
        &["InstitutionName", "StudyDate", "StudyTime", "SeriesDescription"],
        &["Slice", "Phase", "Place", "Zoom", "Window"],
        &[],
    ]
    .map(|fields| fields.iter().map(|field| (*field).to_owned()).collect())
}
