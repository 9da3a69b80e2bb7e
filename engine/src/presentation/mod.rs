//! What to show: planes through the body, window presets, letters and texts around a picture, marks over it and
//! the fonts of their texts.
//!
//! All of it is plain data; `render` makes pixels of it.

pub mod fonts;

mod annotation;
mod camera;
mod curve;
mod drawing;
pub mod hanging;
mod layout;
mod plane;
mod preset;

pub use annotation::{Annotations, ColorBar, Corners, Letters, ScaleBar, scale_bar};
pub use camera::{Camera, Direction, Ray};
pub use curve::{CurveError, CurvedPlane, Side, Straight};
pub use drawing::{
    ARROW_HEAD_POINTS, Anchor, Drawing, HANDLE_POINTS, HandleShape, Mark, OUTLINE_COLOR, OUTLINE_POINTS,
    Place, Rgba, Style, TEXT_ASCENT, TEXT_POINTS, Text,
};
pub use fonts::{FontError, Fonts};
pub use layout::{Cell, Layout, LayoutError, MAX_CELLS, MAX_LINES, Rectangle};
pub use plane::{ImagePlane, MAX_SIDE, Orientation, PlaneError, Size};
pub use preset::{MAX_PRESETS, WindowPreset, WindowPresetError, WindowPresets, ct_window};
