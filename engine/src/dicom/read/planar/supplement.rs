//! Supplemental palettes (PS3.3 C.8.16.2.1.1.1): stored values from some value on are colours, such as a
//! perfusion map over the grey image that it was computed from.

use codec::colour::Palette;
use codec::{FrameDescription, Photometric};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::attributes::Attributes;
use super::picture;
use super::source::Source;

/// Where frames of each modality say how they are presented.
const FRAME_TYPES: [Tag; 3] = [
    tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::MR_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::PET_FRAME_TYPE_SEQUENCE,
];

/// The colours of a frame that is partly in colour.
#[derive(Debug, Clone)]
pub(super) struct Supplement {
    /// The lowest stored value that is a colour.
    pub(super) first: f64,
    /// Red, green and blue of every pixel; those of grey ones mean nothing.
    pub(super) rgb: Vec<u8>,
}

/// Gives the colours of a monochrome frame, decoded to `values`; `None` when it has none.
pub(super) fn read(
    source: &mut Source<'_>,
    values: &[u8],
    description: &FrameDescription,
) -> Option<Supplement> {
    let of_frame = FRAME_TYPES
        .iter()
        .find_map(|sequence| source.group(*sequence)?.text(tags::PIXEL_PRESENTATION));
    let presentation = of_frame.or_else(|| source.object.text(tags::PIXEL_PRESENTATION))?;
    let descriptor = source
        .object
        .numbers(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR);
    let first = source.as_stored(*descriptor.get(1)?);
    let is_asked = presentation == "COLOR" && description.photometric == Photometric::Monochrome2;
    if !is_asked {
        return None;
    }
    let colours = Palette::from_object(source.object, description.signed)
        .and_then(|palette| palette.rgb(values, description));
    match colours {
        Ok((rgb, layout)) => Some(Supplement {
            first,
            rgb: picture::rgb8(rgb, &layout),
        }),
        Err(error) => {
            source.warn("supplemental-palette", format!("shown in grey: {error}"));
            None
        }
    }
}
