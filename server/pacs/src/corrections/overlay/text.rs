//! Texts of an object encoded anew in UTF-8, sequence within sequence, everything else byte for byte.

use codec::dataset::{CharacterSet, Layout, Place};
use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::Error;
use super::write::Encoding;

/// The character set of a data set or item, by its own Specific Character Set (0008,0005).
pub(super) fn stated(layout: &Layout<'_>, elements: &[Place]) -> Option<CharacterSet> {
    let element = elements
        .iter()
        .find(|element| element.tag == tags::SPECIFIC_CHARACTER_SET)?;
    let text = String::from_utf8_lossy(&layout.bytes[element.value.clone()]);
    let text = text.trim_end_matches([' ', '\0']);
    let terms: Vec<&str> = text.split('\\').map(str::trim).collect();
    Some(CharacterSet::of(&terms))
}

/// Gives an element with its texts in UTF-8; `None` where no byte changes.
pub(super) fn in_unicode(
    layout: &Layout<'_>,
    element: &Place,
    charset: &CharacterSet,
) -> Result<Option<Vec<u8>>, Error> {
    let vr = element.representation();
    let encoding = Encoding {
        is_explicit: element.is_explicit,
        is_big_endian: element.is_big_endian,
    };
    let value = &layout.bytes[element.value.clone()];
    match vr {
        Some(VR::SH | VR::LO | VR::ST | VR::LT | VR::UC | VR::UT | VR::PN) => {
            if value.is_ascii() && !value.contains(&0x1B) {
                return Ok(None);
            }
            let text =
                unicode(value, charset, vr == Some(VR::PN)).ok_or(Error::UnreadableText(element.tag))?;
            if text.as_bytes() == value {
                return Ok(None);
            }
            let text = text.trim_end_matches([' ', '\0']);
            let length = text.len().next_multiple_of(2);
            let mut bytes = encoding.header(element.tag, element.vr, Some(length))?;
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len() + length - text.len(), b' ');
            Ok(Some(bytes))
        }
        // Of a defined length and unknown representation: whoever reads it has bytes, and keeps them.
        _ if element.vr == Some(VR::UN) && !element.is_delimited => Ok(None),
        Some(VR::SQ) => sequence(layout, element, charset, encoding),
        None if element.is_delimited => sequence(layout, element, charset, encoding),
        _ => Ok(None),
    }
}

/// Reads text for certain: a set that is stated and kept to, or UTF-8 that is valid where nothing is stated.
fn unicode(value: &[u8], charset: &CharacterSet, is_name: bool) -> Option<String> {
    if !charset.is_known() {
        return String::from_utf8(value.to_vec())
            .ok()
            .filter(|text| !text.contains('\u{1B}'));
    }
    let text = charset.decode(value, is_name);
    (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

fn sequence(
    layout: &Layout<'_>,
    element: &Place,
    charset: &CharacterSet,
    encoding: Encoding,
) -> Result<Option<Vec<u8>>, Error> {
    // What is within an unknown element is implicit little endian, its own header is not.
    let outer = match element.vr {
        Some(VR::UN) => Encoding {
            is_explicit: true,
            is_big_endian: layout.is_big_endian,
        },
        _ => encoding,
    };
    let (mut body, mut changed) = (Vec::new(), false);
    for item in layout.items(element)? {
        let elements = layout.elements_of(&item)?;
        let mut within = Vec::new();
        let mut item_changed = false;
        // An item that states its own set keeps it.
        let own = stated(layout, &elements).is_some();
        for element in &elements {
            let new = if own {
                None
            } else {
                in_unicode(layout, element, charset)?
            };
            item_changed |= new.is_some();
            match new {
                Some(new) => within.extend(new),
                None => within.extend_from_slice(&layout.bytes[element.whole.clone()]),
            }
        }
        if !item_changed {
            body.extend_from_slice(&layout.bytes[item.whole.clone()]);
            continue;
        }
        changed = true;
        let length = (!item.is_delimited).then_some(within.len());
        body.extend(encoding.header(item.tag, None, length)?);
        body.extend(within);
        body.extend_from_slice(&layout.bytes[item.value.end..item.whole.end]);
    }
    if !changed {
        return Ok(None);
    }
    let length = (!element.is_delimited).then_some(body.len());
    let mut bytes = outer.header(element.tag, element.vr, length)?;
    bytes.extend(body);
    bytes.extend_from_slice(&layout.bytes[element.value.end..element.whole.end]);
    Ok(Some(bytes))
}
