//! What a scene file may hold; docs/scene-file.md describes it for people.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::cli::render::parse::{Annotate, Project};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneFile {
    #[serde(default = "default_size")]
    pub size: [u32; 2],
    #[serde(default)]
    pub background: [u8; 3],
    #[serde(default = "one")]
    pub passes: u32,
    #[serde(default)]
    pub annotate: Written,
    pub volumes: BTreeMap<String, VolumeEntry>,
    pub view: ViewEntry,
    pub layers: Vec<LayerEntry>,
    #[serde(default)]
    pub quality: QualityEntry,
    pub sharpening: Option<SharpeningEntry>,
    pub compare: Option<CompareEntry>,
}

fn default_size() -> [u32; 2] {
    [512, 512]
}

fn one() -> u32 {
    1
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    None,
    #[default]
    Letters,
    All,
}

impl From<Written> for Annotate {
    fn from(written: Written) -> Self {
        match written {
            Written::None => Self::None,
            Written::Letters => Self::Letters,
            Written::All => Self::All,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeEntry {
    pub path: PathBuf,
    pub series: Option<String>,
    pub modality: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewEntry {
    Plane(PlaneEntry),
    Curve(CurveEntry),
    Projection(ProjectionEntry),
    Rendering(RenderingEntry),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaneEntry {
    #[serde(default)]
    pub orientation: OrientationEntry,
    pub at: Option<[f64; 3]>,
    pub mm_per_pixel: Option<f64>,
    #[serde(default)]
    pub turned_degrees: f64,
    #[serde(default)]
    pub mirrored: Vec<Mirror>,
    pub slab: Option<SlabEntry>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mirror {
    Horizontally,
    Vertically,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum OrientationEntry {
    Named(Straight),
    Normal([f64; 3]),
}

impl Default for OrientationEntry {
    fn default() -> Self {
        Self::Named(Straight::Axial)
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Straight {
    Axial,
    Coronal,
    Sagittal,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlabEntry {
    pub thickness_mm: f64,
    #[serde(default)]
    pub project: ProjectEntry,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectEntry {
    #[default]
    Max,
    Min,
    Mean,
    Sum,
}

impl From<ProjectEntry> for Project {
    fn from(entry: ProjectEntry) -> Self {
        match entry {
            ProjectEntry::Max => Self::Max,
            ProjectEntry::Min => Self::Min,
            ProjectEntry::Mean => Self::Mean,
            ProjectEntry::Sum => Self::Sum,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurveEntry {
    pub points: Vec<[f64; 3]>,
    pub down: [f64; 3],
    #[serde(default)]
    pub straightened: bool,
    pub mm_per_pixel: f64,
    pub slab: Option<SlabEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraEntry {
    #[serde(default)]
    pub azimuth: f64,
    #[serde(default)]
    pub elevation: f64,
    pub at: Option<[f64; 3]>,
    pub mm_per_pixel: Option<f64>,
    pub eye_mm: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionEntry {
    #[serde(default)]
    pub camera: CameraEntry,
    #[serde(default)]
    pub project: ProjectEntry,
    #[serde(default)]
    pub depth_weight: f64,
    pub depth_mm: Option<[f64; 2]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderingEntry {
    #[serde(default)]
    pub camera: CameraEntry,
    pub depth_mm: Option<[f64; 2]>,
    /// Direction that light comes from; without it from the viewer's head.
    pub light: Option<[f64; 3]>,
    #[serde(default)]
    pub occlusion: f64,
    #[serde(default)]
    pub shadow: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerEntry {
    pub volume: String,
    /// Width and level.
    pub window: Option<[f64; 2]>,
    /// The values shown as 0 and 1.
    pub range: Option<[f64; 2]>,
    pub palette: Option<String>,
    #[serde(default)]
    pub interpolation: InterpolationEntry,
    pub opacity: Option<f64>,
    /// Three rows of four numbers.
    pub scene_from_volume: Option<[[f64; 4]; 3]>,
    pub material: Option<MaterialEntry>,
    #[serde(default)]
    pub clip: ClipEntry,
    pub shown_in: Option<ShownInEntry>,
    pub contours: Option<ContoursEntry>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ShownInEntry {
    Checkerboard { cell: [f64; 2], corner: [f64; 2] },
    HalfPlane { point: [f64; 2], towards: [f64; 2] },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContoursEntry {
    pub levels: Vec<f64>,
    pub color: [u8; 3],
    #[serde(default = "one_and_a_half")]
    pub width_pixels: f64,
}

fn one_and_a_half() -> f64 {
    1.5
}

/// How the layers are compared.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CompareEntry {
    Checkerboard {
        cell_mm: f64,
        #[serde(default)]
        shift: [f64; 2],
    },
    Swipe {
        place: f64,
        #[serde(default)]
        towards_degrees: f64,
    },
    SideBySide,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterpolationEntry {
    Nearest,
    #[default]
    Linear,
    Cubic,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialEntry {
    pub preset: Option<String>,
    pub transfer: Option<TransferEntry>,
    pub surfaces: Option<Vec<SurfaceEntry>>,
    pub labels: Option<BTreeMap<u16, StyleEntry>>,
    pub shading: Option<ShadingEntry>,
    pub tint: Option<TintEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferEntry {
    pub opacity: Vec<(f64, f64)>,
    pub color: Vec<(f64, [u8; 3])>,
    #[serde(default = "one_mm")]
    pub unit_mm: f64,
    pub gradient_opacity: Option<Vec<(f64, f64)>>,
}

fn one_mm() -> f64 {
    1.0
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurfaceEntry {
    pub threshold: f64,
    pub color: [u8; 3],
    pub opacity: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StyleEntry {
    pub color: [u8; 3],
    pub opacity: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadingEntry {
    pub ambient: f64,
    pub diffuse: f64,
    pub specular: f64,
    pub shininess: f64,
    #[serde(default)]
    pub even_below: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TintEntry {
    pub labels: String,
    pub styles: BTreeMap<u16, StyleEntry>,
    #[serde(default = "one_mm")]
    pub others: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipEntry {
    #[serde(default)]
    pub planes: Vec<ClipPlaneEntry>,
    #[serde(rename = "box")]
    pub crop: Option<BoxEntry>,
    #[serde(default)]
    pub cuts: Vec<CutEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipPlaneEntry {
    pub point: [f64; 3],
    pub normal: [f64; 3],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxEntry {
    pub low: [f64; 3],
    pub high: [f64; 3],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutEntry {
    #[serde(default)]
    pub camera: CameraEntry,
    pub outline: Vec<[f64; 2]>,
    #[serde(default)]
    pub removes: RemovesEntry,
    pub depth_mm: Option<[f64; 2]>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovesEntry {
    #[default]
    Inside,
    Outside,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityEntry {
    pub step_mm: Option<f64>,
    pub jitter: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharpeningEntry {
    pub amount: f64,
    #[serde(default = "one")]
    pub radius_pixels: u32,
}
