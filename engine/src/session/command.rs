//! Everything a reader can do, as plain data.
//!
//! A command is one JSON object, so that a mouse, a phone over a socket, a colleague, a script and a test say the same:
//!
//! ```
//! use engine::session::{Command, Entry};
//! let entry: Entry = serde_json::from_str(r#"{"do": {"scroll": {"viewport": 1, "steps": 3}}}"#).unwrap();
//! assert_eq!(entry.command, Command::Scroll { viewport: 1, steps: 3 });
//! ```
//!
//! Places in a picture are a [`Spot`]: a pixel together with the size of the picture it was seen in, so that a command
//! means the same for every host, whatever the size of its windows. Angles are in radians, lengths in mm, places in
//! patient space LPS.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::presentation::Layout;
use crate::session::search::Found;
use crate::session::state::{
    Axis, Comparing, KeyImage, Kind, MarkKind, Motion, Recipe, SlabKind, Texts, ViewShutter, ViewTable,
    ViewWindow,
};

/// A command with who gave it and the gesture it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which participant; none for the host itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<u32>,
    /// Commands of one gesture (a drag) are undone together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gesture: Option<u64>,
    /// What is done.
    #[serde(rename = "do")]
    pub command: Command,
}

impl From<Command> for Entry {
    fn from(command: Command) -> Self {
        Self {
            by: None,
            gesture: None,
            command,
        }
    }
}

/// A place in a picture: column, row (integers are pixel centres), and the picture's columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct Spot {
    /// Column.
    pub x: f64,
    /// Row.
    pub y: f64,
    /// Columns of the picture.
    pub width: f64,
    /// Rows of the picture.
    pub height: f64,
}

impl From<[f64; 4]> for Spot {
    fn from([x, y, width, height]: [f64; 4]) -> Self {
        Self { x, y, width, height }
    }
}

impl From<Spot> for [f64; 4] {
    fn from(spot: Spot) -> Self {
        [spot.x, spot.y, spot.width, spot.height]
    }
}

/// What of linked views goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The plane's place along its normal.
    Scroll,
    /// What lies in the middle.
    Pan,
    /// The scale.
    Zoom,
    /// The window of layers of one unit.
    Window,
    /// The palette of layers of one modality.
    Palette,
    /// The rotation of projections and renderings, and of planes in their plane.
    Rotation,
    /// The place that all views show.
    Crosshair,
}

impl Link {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Scroll,
        Self::Pan,
        Self::Zoom,
        Self::Window,
        Self::Palette,
        Self::Rotation,
        Self::Crosshair,
    ];
}

/// A change of where a moving series lies on a fixed one; see [`crate::registration::Change`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HandChange {
    /// Dragged in a view, so that what lay at `from` lies at `to`.
    Drag {
        /// In which view.
        viewport: u32,
        /// Where the pointer was.
        from: Spot,
        /// Where it is.
        to: Spot,
    },
    /// Turned in a view about its crosshair, so that what lay towards `from` lies towards `to`.
    Turn {
        /// In which view.
        viewport: u32,
        /// Where the pointer was.
        from: Spot,
        /// Where it is.
        to: Spot,
    },
    /// Moved by a step.
    MoveBy {
        /// To the patient's left, back and head.
        mm: [f64; 3],
    },
    /// Turned about the middle of the fixed series, right-handed.
    TurnBy {
        /// Direction to turn about.
        axis: [f64; 3],
        /// How far.
        angle_rad: f64,
    },
    /// Laid by numbers about the middle of the moving series.
    Place {
        /// How far its middle has come.
        translation_mm: [f64; 3],
        /// Angles about x, y and z.
        rotation_degrees: [f64; 3],
    },
    /// Laid as the landmarks say that were set.
    Landmarks,
    /// Laid as frames of reference have it: identity.
    Forget,
}

/// What a reader does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command {
    /// Opens studies, 1 to 5, and hangs them by the protocol that fits best or by the one that is named.
    Hang {
        /// Study Instance UIDs, in any order: the latest is the current one.
        studies: Vec<String>,
        /// Name of the protocol.
        #[serde(default)]
        protocol: Option<String>,
        /// Columns and rows of the screens, the main one first; one of any size if not said.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        screens: Vec<[u32; 2]>,
    },
    /// Changes the look: palettes, windows, arrangement, mouse and keys. No value is changed by it.
    SetLook {
        /// Its name.
        name: String,
    },
    /// Lays the views of a screen out anew; views that are no more in it are kept for when they are wanted again.
    SetLayout {
        /// How.
        layout: Layout,
        /// Which screen, from 0; the one after the last is added.
        #[serde(default, skip_serializing_if = "is_main")]
        screen: u32,
    },
    /// Goes back to a desk that was used or saved before, as it was left.
    UseDesk {
        /// Its name.
        name: String,
    },
    /// Saves the layout with all its views under a name.
    SaveDesk {
        /// The name.
        name: String,
    },
    /// Shows one view alone, or all again.
    Maximize {
        /// Which view; none for all.
        viewport: Option<u32>,
    },
    /// Shows series in a view: the first below, others laid over it.
    Show {
        /// In which view.
        viewport: u32,
        /// How.
        kind: Kind,
        /// Keys of the series.
        series: Vec<String>,
        /// The direction of planes.
        #[serde(default)]
        axis: Option<Axis>,
    },
    /// Shows a plane that follows a curve drawn in another view.
    ShowCurve {
        /// In which view.
        viewport: u32,
        /// The view it was drawn in.
        from: u32,
        /// Its points.
        points: Vec<Spot>,
        /// Whether its columns turn with it.
        #[serde(default)]
        straightened: bool,
    },
    /// Empties a view.
    Clear {
        /// Which.
        viewport: u32,
    },
    /// Shows the same series another way; place and window stay.
    SetKind {
        /// In which view.
        viewport: u32,
        /// How.
        kind: Kind,
    },
    /// Turns a plane to a direction of the body or to a normal; the place in the middle stays.
    SetAxis {
        /// In which view.
        viewport: u32,
        /// To where.
        axis: Axis,
    },
    /// Pages: slices of a stack, steps of a plane, pages of tiles; positive towards the end of the stack.
    Scroll {
        /// In which view.
        viewport: u32,
        /// How many.
        steps: i32,
    },
    /// Goes to a slice of the lowest layer.
    GoToSlice {
        /// In which view.
        viewport: u32,
        /// From 0.
        slice: u32,
    },
    /// Goes to a phase of a series over time or gate.
    GoToPhase {
        /// In which view.
        viewport: u32,
        /// From 0.
        phase: u32,
    },
    /// Moves the picture with the pointer.
    Pan {
        /// In which view.
        viewport: u32,
        /// Where the pointer was.
        from: Spot,
        /// Where it is.
        to: Spot,
    },
    /// Brings a place into the middle of the picture; its plane goes through it.
    CenterOn {
        /// In which view.
        viewport: u32,
        /// The place, in the space of the lowest layer.
        place_mm: [f64; 3],
    },
    /// Magnifies about a place, which stays where it is.
    Zoom {
        /// In which view.
        viewport: u32,
        /// By how much.
        factor: f64,
        /// About where; the middle if not said.
        #[serde(default)]
        about: Option<Spot>,
    },
    /// Sets the magnification: 1 fits the lowest layer into the view.
    SetZoom {
        /// In which view.
        viewport: u32,
        /// How much.
        zoom: f64,
    },
    /// Turns the picture clockwise in its plane.
    Rotate {
        /// In which view.
        viewport: u32,
        /// How far.
        angle_rad: f64,
    },
    /// Mirrors the picture left to right.
    FlipHorizontally {
        /// In which view.
        viewport: u32,
    },
    /// Mirrors the picture top to bottom.
    FlipVertically {
        /// In which view.
        viewport: u32,
    },
    /// Turns what is seen in space as a ball under the pointer: planes become oblique, projections turn.
    Turn {
        /// In which view.
        viewport: u32,
        /// Where the pointer was.
        from: Spot,
        /// Where it is.
        to: Spot,
    },
    /// Looks from a direction: 0, 0 from the front; azimuth turns to the patient's left, elevation to the head.
    LookFrom {
        /// In which view.
        viewport: u32,
        /// Azimuth.
        azimuth_rad: f64,
        /// Elevation.
        elevation_rad: f64,
    },
    /// Sets the window of a layer, in the unit of its values.
    SetWindow {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// The window; none for the usual one of its values.
        window: Option<ViewWindow>,
    },
    /// Sets the window of a layer by the name of a preset.
    PresetWindow {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// Name of the preset.
        name: String,
    },
    /// Changes the window of a layer by a movement of the pointer, in pixels: to the right wider, down brighter; of
    /// uptake, whose lower limit is 0, up lets more through.
    DragWindow {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// To the right and down.
        by: [f64; 2],
    },
    /// Chooses one of the views that the maker of images without a volume offers: their windows and tables.
    UseStatedWindow {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// Which, from 0.
        index: u32,
    },
    /// Sets a table in place of a window, of images without a volume.
    SetTable {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// The table; none for what is usual.
        table: Option<ViewTable>,
    },
    /// Covers a part of the pictures of a stack or tiles.
    SetShutter {
        /// In which view.
        viewport: u32,
        /// What is covered; none for nothing.
        shutter: Option<ViewShutter>,
    },
    /// Says how long a line on images without a volume is: all lengths on them follow.
    Calibrate {
        /// A mark of two points, or of the series whose calibration is taken back.
        mark: u64,
        /// Its length; none takes the calibration back.
        length_mm: Option<f64>,
    },
    /// Turns the colours of a layer round.
    Invert {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
    },
    /// Sets the palette of a layer.
    SetPalette {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// Name of the palette.
        name: String,
    },
    /// Sets the part of the upper layers in the mix: 0 shows only the lowest, 1 only the upper.
    SetRatio {
        /// In which view.
        viewport: u32,
        /// 0 to 1.
        ratio: f64,
    },
    /// Sets whether values between voxels are made or the nearest is taken.
    SetInterpolation {
        /// In which view.
        viewport: u32,
        /// Whether they are made.
        on: bool,
    },
    /// Makes a slab of a plane, or a plane again with 0 mm.
    SetSlab {
        /// In which view.
        viewport: u32,
        /// Half before the plane and half behind.
        thickness_mm: f64,
        /// What is made of the values.
        kind: SlabKind,
    },
    /// Sharpens the picture; values stay as they are.
    Sharpen {
        /// In which view.
        viewport: u32,
        /// 0 (not) to 10.
        amount: f64,
    },
    /// Chooses how a volume rendering looks.
    SetPreset {
        /// In which view.
        viewport: u32,
        /// Name of the preset.
        name: String,
    },
    /// Compares the layers of a fused plane.
    Compare {
        /// In which view.
        viewport: u32,
        /// How; none for the mix.
        how: Option<Comparing>,
    },
    /// Takes everything back that was done to a view since something was shown in it.
    Reset {
        /// Which view; all if not said.
        #[serde(default)]
        viewport: Option<u32>,
    },
    /// Shows the place under the pointer in all linked views.
    Crosshair {
        /// In which view.
        viewport: u32,
        /// Where.
        at: Spot,
    },
    /// Shows a place in all linked views.
    CrosshairAt {
        /// A view in whose space the place is.
        viewport: u32,
        /// The place.
        place_mm: [f64; 3],
    },
    /// Goes to the largest value of a layer along the line of sight: from a MIP to the lesion.
    JumpToMaximum {
        /// In which view.
        viewport: u32,
        /// Which layer, the lowest is 0.
        layer: u32,
        /// Where.
        at: Spot,
    },
    /// Sets whether something of linked views goes together.
    SetLink {
        /// What.
        link: Link,
        /// Whether.
        on: bool,
    },
    /// Sets whether a view is linked at all.
    SetLinked {
        /// Which.
        viewport: u32,
        /// Whether.
        on: bool,
    },
    /// Sets the groups of views that go together: those of one name share what the name stands for.
    SetGroups {
        /// Which view; all if not said.
        #[serde(default)]
        viewport: Option<u32>,
        /// Names by what is shared, where what is left out is shared with none; no groups go with all others.
        groups: Option<BTreeMap<Link, String>>,
    },
    /// Says by hand how far a series lies off another that shares no frame of reference with it.
    SetOffset {
        /// The series that lies off.
        moving: String,
        /// The series it is compared with.
        fixed: String,
        /// How far `moving` is to be moved; none takes the offset back.
        mm: Option<[f64; 3]>,
    },
    /// Plays slices, phases or a rotation, or stops.
    Play {
        /// In which view.
        viewport: u32,
        /// How; none stops.
        motion: Option<Motion>,
    },
    /// Tells that time has passed; what plays goes on.
    Tick {
        /// How much.
        elapsed_s: f64,
    },
    /// Sets which texts are shown.
    SetTexts {
        /// Which.
        texts: Texts,
    },
    /// Sets the fields in the corners for a modality; without a modality for all others.
    SetCorners {
        /// Modality (0008,0060).
        #[serde(default)]
        modality: Option<String>,
        /// Field names from top to bottom: upper left, upper right, lower left, lower right.
        fields: [Vec<String>; 4],
    },
    /// Hides who the patient is from every picture and event, or shows it again.
    Deidentify {
        /// Whether.
        on: bool,
    },
    /// Marks the picture that a view shows as a key image, or unmarks it.
    MarkKeyImage {
        /// In which view.
        viewport: u32,
    },
    /// Sets which pictures are key images, in place of those that were marked.
    SetKeyImages {
        /// The pictures, in order.
        images: Vec<KeyImage>,
    },
    /// Takes the picture of a view for prints and reports (F6).
    AddToFilm {
        /// Which view.
        viewport: u32,
    },
    /// Takes every slice of the lowest layer of a view as it is shown (F7).
    AddSeriesToFilm {
        /// Which view.
        viewport: u32,
    },
    /// Moves a picture of the film to another place in its order.
    MoveFilmItem {
        /// Which.
        item: u64,
        /// Where it will be, from 0.
        to: u32,
    },
    /// Sets what is written under a picture of the film, or that it was printed.
    EditFilmItem {
        /// Which.
        item: u64,
        /// The new text.
        #[serde(default)]
        caption: Option<String>,
        /// Whether it was printed.
        #[serde(default)]
        printed: Option<bool>,
    },
    /// Takes a picture off the film.
    DeleteFilmItem {
        /// Which.
        item: u64,
    },
    /// Draws a measurement or a text.
    AddMark {
        /// In which view.
        viewport: u32,
        /// What.
        kind: MarkKind,
        /// Its points, in the order in which they are set.
        points: Vec<Spot>,
        /// Its text, if it has one.
        #[serde(default)]
        text: String,
    },
    /// Draws a measurement or a text at places of the body.
    PlaceMark {
        /// In which view.
        viewport: u32,
        /// What.
        kind: MarkKind,
        /// Its points, in the space of the view's lowest layer.
        points_mm: Vec<[f64; 3]>,
        /// Its text, if it has one.
        #[serde(default)]
        text: String,
    },
    /// Draws a measurement or a text that was kept elsewhere, whatever views show.
    RestoreMark {
        /// The series it was drawn on.
        series: String,
        /// All series that it measures; the one alone if not said.
        #[serde(default)]
        layers: Vec<String>,
        /// What.
        kind: MarkKind,
        /// Its points, in the space of the series.
        points_mm: Vec<[f64; 3]>,
        /// Directions of the picture it was drawn on: right, down, away.
        axes: [[f64; 3]; 3],
        /// Whether that picture was a projection or rendering.
        #[serde(default)]
        is_in_space: bool,
        /// Its text, if it has one.
        #[serde(default)]
        text: String,
        /// Red, green, blue; that of new marks if not said.
        #[serde(default)]
        color: Option<[u8; 3]>,
    },
    /// Moves one point of a mark.
    MoveHandle {
        /// Which mark.
        mark: u64,
        /// Which of its points.
        handle: u32,
        /// In which view.
        viewport: u32,
        /// To where.
        to: Spot,
    },
    /// Moves a mark as a whole.
    MoveMark {
        /// Which.
        mark: u64,
        /// In which view.
        viewport: u32,
        /// Where the pointer was.
        from: Spot,
        /// Where it is.
        to: Spot,
    },
    /// Sets the text or the colour of a mark.
    EditMark {
        /// Which.
        mark: u64,
        /// The new text.
        #[serde(default)]
        text: Option<String>,
        /// Red, green, blue.
        #[serde(default)]
        color: Option<[u8; 3]>,
    },
    /// Chooses a mark, or none.
    SelectMark {
        /// Which.
        mark: Option<u64>,
    },
    /// Deletes a mark.
    DeleteMark {
        /// Which.
        mark: u64,
    },
    /// Deletes all marks, of one view or of all.
    ClearMarks {
        /// Which view; all if not said.
        #[serde(default)]
        viewport: Option<u32>,
    },
    /// Sets the colour of marks that are drawn from now on.
    SetColor {
        /// Red, green, blue.
        color: [u8; 3],
    },
    /// Makes a volume of interest on a layer.
    AddVoi {
        /// In which view.
        viewport: u32,
        /// On which layer, the lowest is 0.
        layer: u32,
        /// How it is made.
        recipe: Recipe,
        /// Its name; one is made up if not said.
        #[serde(default)]
        name: String,
    },
    /// Makes a volume of interest that was kept elsewhere, whatever views show.
    RestoreVoi {
        /// The series on whose voxels it lies.
        series: String,
        /// All series that it measures; the one alone if not said.
        #[serde(default)]
        layers: Vec<String>,
        /// How it is made.
        recipe: Recipe,
        /// Its name.
        name: String,
        /// Red, green, blue; the next in turn if not said.
        #[serde(default)]
        color: Option<[u8; 3]>,
    },
    /// Makes a volume of interest another way, about the numbers of its recipe; brush strokes stay.
    EditVoi {
        /// Which.
        voi: u64,
        /// How it is made now.
        #[serde(default)]
        recipe: Option<Recipe>,
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Red, green, blue.
        #[serde(default)]
        color: Option<[u8; 3]>,
    },
    /// Finds the lesions of a PET layer: each becomes a volume of interest; what is physiological does not.
    DetectLesions {
        /// In which view.
        viewport: u32,
        /// On which layer, the lowest is 0.
        layer: u32,
    },
    /// Paints on a volume of interest, or erases.
    Brush {
        /// Which.
        voi: u64,
        /// In which view.
        viewport: u32,
        /// Where the pointer went.
        path: Vec<Spot>,
        /// Radius.
        radius_mm: f64,
        /// Whether it takes away.
        #[serde(default)]
        erase: bool,
        /// Whether it is a ball; else a disc on the plane of the view, one slice thick.
        #[serde(default)]
        ball: bool,
    },
    /// Moves a volume of interest as a whole, with what was painted on it: one of a shape, or one that is painted only.
    MoveVoi {
        /// Which.
        voi: u64,
        /// In which view.
        viewport: u32,
        /// Where the pointer was.
        from: Spot,
        /// Where it is.
        to: Spot,
    },
    /// Chooses a volume of interest, or none.
    SelectVoi {
        /// Which.
        voi: Option<u64>,
    },
    /// Deletes a volume of interest.
    DeleteVoi {
        /// Which.
        voi: u64,
    },
    /// Changes by hand where a series lies on another.
    AlignByHand {
        /// The series that moves.
        moving: String,
        /// The series that stays.
        fixed: String,
        /// How.
        change: HandChange,
    },
    /// Sets a pair of places that are the same in the body.
    AddLandmark {
        /// The series that moves.
        moving: String,
        /// The series that stays.
        fixed: String,
        /// Where it is in the moving series.
        moving_mm: [f64; 3],
        /// Where it is in the fixed series.
        fixed_mm: [f64; 3],
    },
    /// Takes a pair of landmarks away.
    DeleteLandmark {
        /// The series that moves.
        moving: String,
        /// The series that stays.
        fixed: String,
        /// Which, from 0.
        index: u32,
    },
    /// Searches how a series lies on another, and lays in what it found, which then stands in the log in its place. It
    /// takes seconds: a host that must not wait uses [`crate::session::Session::search`].
    Align {
        /// The series that moves.
        moving: String,
        /// The series that stays.
        fixed: String,
        /// Begins where it lies now instead of anywhere.
        #[serde(default)]
        refine: bool,
    },
    /// Says where a series lies on another, as a registration object has it.
    RestoreJoint {
        /// The series that moves.
        moving: String,
        /// The series that stays.
        fixed: String,
        /// From the moving space to the fixed one, row by row.
        fixed_from_moving: [[f64; 4]; 3],
        /// Why it is to be looked at, where a search was not sure.
        #[serde(default)]
        to_check: Vec<String>,
    },
    /// Lays a series on another as a search found.
    LayFound(Found),
    /// A person takes part.
    Join {
        /// Their number.
        participant: u32,
        /// What the others call them.
        name: String,
    },
    /// A person takes part no more.
    Leave {
        /// Their number.
        participant: u32,
    },
    /// Shows the others where one points.
    Point {
        /// In which view; none when the pointer left.
        viewport: Option<u32>,
        /// Where.
        at: Option<Spot>,
    },
    /// Takes over, so that only the commands of one count; or gives it back.
    Present {
        /// Whether.
        on: bool,
    },
    /// Takes the last change back.
    Undo,
    /// Does again what was taken back.
    Redo,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_main(screen: &u32) -> bool {
    *screen == 0
}

impl Command {
    /// The name under which it stands in JSON.
    #[must_use]
    pub fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        }
    }
}
