//! What an element says, read under limits.

use std::collections::BTreeMap;

use engine::session::{Command, Spot};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest text from an element; snapshots are the longest.
pub const MAX_TEXT_BYTES: usize = 8 << 20;
/// Most studies that are opened together.
pub const MAX_STUDIES: usize = 5;
/// Most views of which an element tells the size.
const MAX_VIEWS: usize = 256;
/// Longest side of a view: of a wall.
const MAX_SIDE: u32 = 8192;
/// Most pixels of all views together: four screens of 4K, and a half.
const MAX_PIXELS: u64 = 1 << 25;
/// Most screens.
const MAX_SCREENS: usize = 4;
/// Longest UID (PS3.5 9.1).
const MAX_UID: usize = 64;

/// What an element says.
#[derive(Debug, Clone, PartialEq)]
pub enum Says {
    /// The first: what it wants to see.
    Open(Open),
    /// A command, with the gesture it belongs to.
    Do(Box<Command>, Option<u64>),
    /// How large its views are.
    Sizes(Sizes),
    /// A picture is on the screen.
    Shown(u64),
    /// A gesture is over.
    Rest,
    /// Whether others who know the session's name may take part.
    Share(bool),
    /// A question with its number.
    Ask(u64, Question),
}

/// What an element wants to see.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Study Instance UIDs, the current one first.
    pub studies: Vec<String>,
    /// Series Instance UID of the one that is shown alone.
    #[serde(default)]
    pub series: Option<String>,
    /// Columns and rows of each screen, CSS pixels.
    #[serde(default)]
    pub screens: Vec<[u32; 2]>,
    /// A language tag.
    #[serde(default)]
    pub language: String,
    /// The session that goes on.
    #[serde(default)]
    pub session: Option<String>,
    /// A snapshot of a session that was elsewhere.
    #[serde(default)]
    pub snapshot: Option<Value>,
}

/// How large views are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Columns and rows by number, device pixels. Others are not on the page.
    pub sizes: BTreeMap<u32, [u32; 2]>,
    /// Device pixels a CSS pixel.
    #[serde(default = "one")]
    pub scale: f64,
}

fn one() -> f64 {
    1.0
}

/// A question.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// What can be set of a view.
    Controls {
        /// Which.
        viewport: u32,
    },
    /// What is under a pointer.
    Hit {
        /// In which view.
        viewport: u32,
        /// Where.
        at: Spot,
        /// How near.
        reach_pixels: f64,
    },
    /// The values under a pointer.
    Probe {
        /// In which view.
        viewport: u32,
        /// Where.
        at: Spot,
    },
    /// The way from one spot to another along edges, which an outline is drawn with.
    Livewire {
        /// In which view.
        viewport: u32,
        /// Where the outline has come to.
        from: Spot,
        /// Where the pointer is.
        to: Spot,
    },
    /// Measurements with their numbers.
    Marks,
    /// Volumes of interest with their numbers.
    Vois,
    /// Pictures that matter.
    KeyImages,
    /// Palettes, looks, presets.
    Catalogue,
    /// A small picture of a series.
    Thumbnail {
        /// Which.
        series: String,
        /// Its longer side.
        side: u32,
    },
    /// All that is the case, for another drawer.
    Snapshot,
}

/// Why a text is none of an element's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Longer than is accepted.
    #[error("expected at most {MAX_TEXT_BYTES} bytes, found {0}")]
    Long(usize),
    /// Something else.
    #[error("expected {expected}, found {found}")]
    Other {
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
    },
}

fn other(expected: impl Into<String>, found: impl ToString) -> Malformed {
    Malformed::Other {
        expected: expected.into(),
        found: found.to_string(),
    }
}

impl Says {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`Malformed`].
    pub fn read(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(Malformed::Long(text.len()));
        }
        let read: Value = serde_json::from_str(text).map_err(|error| other("JSON", error))?;
        let Value::Object(mut said) = read else {
            return Err(other("an object", "something else"));
        };
        let says = if let Some(open) = said.remove("open") {
            Self::Open(Open::checked(part("open", open)?)?)
        } else if let Some(command) = said.remove("do") {
            let gesture = said.remove("gesture").map(|gesture| part("gesture", gesture));
            Self::Do(Box::new(part("a command", command)?), gesture.transpose()?)
        } else if said.contains_key("sizes") {
            let whole = Value::Object(std::mem::take(&mut said));
            Self::Sizes(Sizes::checked(part("sizes", whole)?)?)
        } else if let Some(picture) = said.remove("shown") {
            Self::Shown(part("a picture's number", picture)?)
        } else if said.remove("rest").is_some() {
            Self::Rest
        } else if let Some(is_shared) = said.remove("share") {
            Self::Share(part("true or false", is_shared)?)
        } else if let Some(number) = said.remove("ask") {
            let question = said.remove("for").unwrap_or_default();
            Self::Ask(
                part("a question's number", number)?,
                part("a question", question)?,
            )
        } else {
            return Err(other("open, do, sizes, shown, rest, share or ask", named(&said)));
        };
        if said.is_empty() {
            Ok(says)
        } else {
            Err(other("one message", named(&said)))
        }
    }
}

/// Names of keys, shortened: they come from outside.
fn named(said: &Map<String, Value>) -> String {
    let names = said
        .keys()
        .take(3)
        .map(|name| name.chars().take(24).collect::<String>());
    format!("{:?}", names.collect::<Vec<_>>())
}

fn part<T: serde::de::DeserializeOwned>(what: &str, value: Value) -> Result<T, Malformed> {
    serde_json::from_value(value).map_err(|error| other(what, error))
}

impl Open {
    fn checked(self) -> Result<Self, Malformed> {
        if !(1..=MAX_STUDIES).contains(&self.studies.len()) {
            return Err(other(format!("1 to {MAX_STUDIES} studies"), self.studies.len()));
        }
        let is_uid = |uid: &String| {
            let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
            (1..=MAX_UID).contains(&uid.len()) && uid.chars().all(is_digit)
        };
        if !self.studies.iter().chain(&self.series).all(is_uid) {
            return Err(other("UIDs", "something else"));
        }
        let is_screen = |screen: &[u32; 2]| screen.iter().all(|side| (1..=16_384).contains(side));
        if self.screens.len() > MAX_SCREENS || !self.screens.iter().all(is_screen) {
            return Err(other(
                format!("at most {MAX_SCREENS} screens of 1 to 16384 pixels a side"),
                "others",
            ));
        }
        Ok(self)
    }
}

impl Sizes {
    fn checked(self) -> Result<Self, Malformed> {
        let is_size = |size: &[u32; 2]| size.iter().all(|side| (1..=MAX_SIDE).contains(side));
        if self.sizes.len() > MAX_VIEWS || !self.sizes.values().all(is_size) {
            return Err(other(
                format!("at most {MAX_VIEWS} views of 1 to {MAX_SIDE} pixels a side"),
                "others",
            ));
        }
        let sizes = self.sizes.values();
        let pixels: u64 = sizes
            .map(|[width, height]| u64::from(*width) * u64::from(*height))
            .sum();
        if pixels > MAX_PIXELS {
            return Err(other(format!("at most {MAX_PIXELS} pixels in all"), pixels));
        }
        if !(0.25..=8.0).contains(&self.scale) {
            return Err(other("0.25 to 8 pixels a CSS pixel", self.scale));
        }
        Ok(self)
    }
}
