//! What a project asks for: what is kept, what a person vouches for.

use std::fmt;

use super::mask::PixelMask;

/// What becomes of dates and times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dates {
    /// They go, as the basic profile says.
    #[default]
    Removed,
    /// Retain Longitudinal Temporal Information with Modified Dates: moved by the patient's own number of days.
    Shifted,
    /// Retain Longitudinal Temporal Information with Full Dates.
    Kept,
}

/// Options of PS3.15 E.3 that take a person's or a model's judgement; they are refused, never pretended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cleaning {
    /// Clean Descriptors (E.3.5).
    Descriptors,
    /// Clean Structured Content (E.3.4).
    StructuredContent,
    /// Clean Graphics (E.3.3).
    Graphics,
    /// Clean Pixel Data (E.3.1).
    PixelData,
    /// Clean Recognizable Visual Features (E.3.2).
    VisualFeatures,
}

impl fmt::Display for Cleaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Descriptors => "Clean Descriptors takes a person who reads the descriptions; without the option they are removed",
            Self::StructuredContent => {
                "Clean Structured Content takes a person who reads the report; without the option its text is replaced"
            }
            Self::Graphics => "Clean Graphics takes a person who looks at overlays and annotations; without the option they are removed",
            Self::PixelData => "Clean Pixel Data takes a person who says where text is: give a pixel mask",
            Self::VisualFeatures => "Clean Recognizable Visual Features takes a model that finds faces, and there is none here",
        })
    }
}

/// What is kept beyond the basic profile; by default nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What becomes of dates and times.
    pub dates: Dates,
    /// Retain UIDs.
    pub keep_uids: bool,
    /// Retain Device Identity.
    pub keep_device: bool,
    /// Retain Institution Identity.
    pub keep_institution: bool,
    /// Retain Patient Characteristics.
    pub keep_patient_characteristics: bool,
    /// Retain Safe Private: the numeric attributes of `safe_private.csv`.
    pub keep_safe_private: bool,
    /// What SUV is computed from: weight, size, sex, age, times, the manufacturers' factors.
    ///
    /// Times are kept as [`Dates::Shifted`] when `dates` is [`Dates::Removed`]; other dates still go.
    pub keep_suv: bool,
    /// Options asked for that take a person or a model.
    pub cleaning: Vec<Cleaning>,
}

/// Whom the patient is called instead; without, a code made of the key and the Patient ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Patient ID (0010,0020) of the new object.
    pub id: String,
    /// Patient's Name (0010,0010) of the new object.
    pub name: String,
}

/// A named person's word that they looked at the pixels of a series and found no identifying text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// Who says so; not written into the object.
    pub person: String,
    /// The series that they looked at, as it is called before de-identification.
    pub series_instance_uid: String,
}

/// How one object is to be de-identified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// What is kept.
    pub options: Options,
    /// Whom the patient is called instead.
    pub subject: Option<Subject>,
    /// What is blackened in the pixels.
    pub mask: Option<PixelMask>,
    /// Who vouches for the pixels.
    pub confirmation: Option<Confirmation>,
}
