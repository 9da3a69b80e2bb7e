//! What is known of the open studies.

use serde::{Deserialize, Serialize};

/// All that hanging goes by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The studies, in any order.
    pub studies: Vec<StudyFacts>,
    /// The screens, the main one first.
    pub screens: Vec<ScreenFacts>,
}

/// A study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StudyFacts {
    /// 0 for what is read now, 1 for the latest before it, 2 for the one before that, by study date and time.
    pub prior: u32,
    /// Its series; images that are shown one by one (DX, CR, MG) count as a series each.
    pub series: Vec<SeriesFacts>,
}

impl StudyFacts {
    /// Modalities of its series, each once, in their order.
    #[must_use]
    pub fn modalities(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for series in &self.series {
            if !found.contains(&series.modality.as_str()) {
                found.push(&series.modality);
            }
        }
        found
    }
}

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScreenFacts {
    /// Columns, in pixels.
    pub width: u32,
    /// Rows, in pixels.
    pub height: u32,
}

/// A series; texts are as the objects have them, empty where they have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeriesFacts {
    /// Modality (0008,0060).
    pub modality: String,
    /// Body Part Examined (0018,0015).
    pub body_part: String,
    /// Series Description (0008,103E).
    pub description: String,
    /// Protocol Name (0018,1030).
    pub protocol_name: String,
    /// Image Type (0008,0008), all values: `WHOLE BODY`, `DYNAMIC`, `RECON TOMO`.
    pub image_type: Vec<String>,
    /// Whether its values are uptake, not transmission or anatomy.
    pub is_emission: bool,
    /// Slices or frames.
    pub images: u32,
    /// How its slices lie.
    pub orientation: SeriesOrientation,
    /// Whether its slices make a volume that can be cut in any direction.
    pub has_volume: bool,
    /// Whether attenuation was corrected (0028,0051), where that is known.
    pub is_attenuation_corrected: Option<bool>,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference_uid: Option<String>,
    /// View Position (0018,5101): `CC`, `MLO`, `PA`, `LL`.
    pub view_position: Option<String>,
    /// Image Laterality (0020,0062) or Laterality (0020,0060).
    pub laterality: Option<Laterality>,
    /// What each frame of a planar series is seen from (View Code Sequence): `anterior`, `posterior`; empty
    /// where frames do not say.
    pub frame_views: Vec<String>,
}

impl SeriesFacts {
    /// The first frame that is seen from there.
    pub(super) fn frame_of(&self, view: &str) -> Option<u32> {
        let same = |found: &String| found.trim().eq_ignore_ascii_case(view.trim());
        self.frame_views
            .iter()
            .position(same)
            .and_then(|frame| u32::try_from(frame).ok())
    }
}

/// How the slices of a series lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SeriesOrientation {
    /// Across the body.
    Axial,
    /// Parallel to the front.
    Coronal,
    /// Parallel to the side.
    Sagittal,
    /// In another direction.
    Oblique,
    /// Nowhere in patient space.
    #[default]
    None,
}

/// Side of a paired part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Laterality {
    /// The patient's right.
    #[serde(rename = "R")]
    Right,
    /// The patient's left.
    #[serde(rename = "L")]
    Left,
    /// Both.
    #[serde(rename = "B")]
    Both,
}

/// A series of [`Facts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesIndex {
    /// Place in [`Facts::studies`].
    pub study: usize,
    /// Place in [`StudyFacts::series`].
    pub series: usize,
}

impl Facts {
    /// The series at an index.
    #[must_use]
    pub fn series(&self, at: SeriesIndex) -> Option<&SeriesFacts> {
        self.studies.get(at.study)?.series.get(at.series)
    }

    /// All series of the studies that `wanted` names by their order, in order.
    pub(super) fn all(
        &self,
        wanted: impl Fn(u32) -> bool,
    ) -> impl Iterator<Item = (SeriesIndex, &SeriesFacts)> {
        let studies = self.studies.iter().enumerate();
        studies
            .filter(move |(_, facts)| wanted(facts.prior))
            .flat_map(|(study, facts)| {
                let series = facts.series.iter().enumerate();
                series.map(move |(series, facts)| (SeriesIndex { study, series }, facts))
            })
    }
}
