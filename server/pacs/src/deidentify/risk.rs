//! Whether pixels may bear text, and who answers for it. In doubt they may.

use std::fmt;

use codec::dataset::Object;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::options::Request;
use super::{Error, text};

/// Why pixels may tell who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Risk {
    /// Burned In Annotation (0028,0301) is YES.
    Stated,
    /// Burned In Annotation is not NO, and the images are not of a kind that is made by reconstruction alone.
    Unstated,
    /// Ultrasound machines write names into the image.
    Ultrasound,
    /// A secondary capture: whatever was on a screen or paper.
    SecondaryCapture,
    /// Image Type names a screen, a protocol or a report.
    Screenshot,
    /// A movie.
    Video,
    /// Recognizable Visual Features (0028,0302) is YES; only a person's confirmation answers it.
    Face,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stated => "Burned In Annotation is YES",
            Self::Unstated => "Burned In Annotation is not NO and the images may bear text",
            Self::Ultrasound => "ultrasound images bear text",
            Self::SecondaryCapture => "secondary captures may bear text",
            Self::Screenshot => "the image is a screen, protocol or report page",
            Self::Video => "movies may bear text",
            Self::Face => "Recognizable Visual Features is YES",
        })
    }
}

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// Documents and models: PDF, CDA, STL, OBJ, MTL.
const DOCUMENTS: &str = "1.2.840.10008.5.1.4.1.1.104.";

/// Images made by reconstruction or counting, which carry text only when somebody added it.
const RECONSTRUCTED: &[&str] = &[
    "2", "2.1", "2.2", "4", "4.1", "4.4", "20", "128", "128.1", "130", "481.2", "66.4", "66.7", "30",
];

/// Values of Image Type that pages and screens have.
const SCREENS: &[&str] = &[
    "SCREEN",
    "CAPTURE",
    "PROT",
    "REPORT",
    "DOSE_INFO",
    "DOSE INFO",
    "RESULT",
    "SUMMARY",
    "CURVE",
    "GRAPH",
];

/// Third values of Image Type that secondary images made of slices have.
const GEOMETRIC: &[&str] = &[
    "AXIAL",
    "MPR",
    "REFORMATTED",
    "LOCALIZER",
    "TOMO",
    "GATED TOMO",
    "RECON TOMO",
    "RECON GATED TOMO",
    "STATIC",
    "DYNAMIC",
    "GATED",
    "WHOLE BODY",
];

/// Gives the risk of an object's pixels; `None` for none known.
pub(super) fn of(object: &Object) -> Result<Option<Risk>, Error> {
    let data_set = &object.data_set;
    let read = |tag| text(data_set, tag);
    let class = read(tags::SOP_CLASS_UID);
    if class.starts_with(DOCUMENTS) || data_set.get(tags::ENCAPSULATED_DOCUMENT).is_some() {
        return Err(Error::Document);
    }
    if !class.starts_with("1.2.840.10008.") {
        return Err(Error::PrivateClass);
    }
    if object.pixels.is_none() {
        return Ok(None);
    }
    let burned_in = read(tags::BURNED_IN_ANNOTATION);
    let kind = class.strip_prefix(STORAGE).unwrap_or_default();
    let image_type = read(tags::IMAGE_TYPE).to_uppercase();
    let is_ultrasound = ["3", "3.1", "6", "6.1", "6.2", "6.3"].contains(&kind)
        || ["US", "IVUS"].contains(&read(tags::MODALITY).as_str());
    let is_capture = kind == "7" || kind.starts_with("7.") || data_set.get(tags::CONVERSION_TYPE).is_some();
    let is_video = is_video(&object.transfer_syntax_uid);
    let risks = [
        (read(tags::RECOGNIZABLE_VISUAL_FEATURES) == "YES", Risk::Face),
        (burned_in == "YES", Risk::Stated),
        (is_ultrasound, Risk::Ultrasound),
        (is_capture, Risk::SecondaryCapture),
        (is_video, Risk::Video),
        (
            SCREENS.iter().any(|word| image_type.contains(word)),
            Risk::Screenshot,
        ),
        (
            burned_in != "NO" && !is_reconstructed(object, kind, &image_type),
            Risk::Unstated,
        ),
    ];
    Ok(risks.into_iter().find(|(is_so, _)| *is_so).map(|(_, risk)| risk))
}

/// MPEG-2, MPEG-4 and HEVC (PS3.5 A.4.5 to A.4.12).
fn is_video(syntax_uid: &str) -> bool {
    syntax_uid
        .strip_prefix("1.2.840.10008.1.2.4.10")
        .is_some_and(|rest| !rest.is_empty())
}

fn is_reconstructed(object: &Object, kind: &str, image_type: &str) -> bool {
    let number = |tag: Tag| {
        object
            .data_set
            .get(tag)
            .and_then(|element| element.to_int::<u32>().ok())
    };
    let is_grey = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1) == 1;
    // Pages among slices have 8 bits; gamma cameras' own images may.
    let is_deep =
        number(tags::BITS_ALLOCATED).is_none_or(|bits| bits > 8) || ["20", "66.4", "66.7"].contains(&kind);
    let mut values = image_type.split('\\').map(str::trim);
    let (is_secondary, third) = (
        values.nth(1) == Some("SECONDARY"),
        values.next().unwrap_or_default(),
    );
    RECONSTRUCTED.contains(&kind) && is_grey && is_deep && (!is_secondary || GEOMETRIC.contains(&third))
}

/// Lets an object with a risk pass under a mask or a confirmation; gives the risk and who confirmed.
pub(super) fn answer(
    risk: Option<Risk>,
    object: &Object,
    request: &Request,
) -> Result<(Option<Risk>, Option<String>), Error> {
    let Some(risk) = risk else {
        return Ok((None, None));
    };
    if request.mask.is_some() && risk != Risk::Face {
        return Ok((Some(risk), None));
    }
    let Some(confirmation) = &request.confirmation else {
        return Err(Error::Pixels(risk));
    };
    if confirmation.person.trim().is_empty() {
        return Err(Error::Confirmation {
            expected: "a person's name",
            found: "none",
        });
    }
    let series = text(&object.data_set, tags::SERIES_INSTANCE_UID);
    if series.is_empty() || series != confirmation.series_instance_uid {
        return Err(Error::Confirmation {
            expected: "the object's series",
            found: "another",
        });
    }
    Ok((Some(risk), Some(confirmation.person.clone())))
}
