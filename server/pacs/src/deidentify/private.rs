//! Private attributes known to be safe: numbers and times of known meaning (PS3.15 E.3.10).

use std::collections::HashMap;
use std::sync::LazyLock;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::InMemDicomObject;

use super::options::{Dates, Options};
use super::{dates, text};

/// Creators, and what is kept of them: numeric rows of PS3.15 table E.3.10-1; with `suv`, what the SUV of three
/// manufacturers needs, of which the factors of Philips are in that table and the times of GE and Siemens are not.
const SOURCE: &str = include_str!("safe_private.csv");

const PHILIPS: &str = "Philips PET Private Group";

#[derive(Debug, Clone, Copy)]
struct Safe {
    creator: &'static str,
    vr: VR,
    suv: bool,
}

static SAFE: LazyLock<HashMap<(u16, u8, &'static str), Safe>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split(',');
        let group = u16::from_str_radix(cells.next()?, 16).ok()?;
        let element = u8::from_str_radix(cells.next()?, 16).ok()?;
        let creator = cells.next()?;
        let vr = cells.next()?.parse().ok()?;
        let suv = cells.next()? == "suv";
        Some(((group, element, creator), Safe { creator, vr, suv }))
    };
    SOURCE.lines().skip(1).filter_map(row).collect()
});

type Element = DataElement<InMemDicomObject>;

/// Gives the private elements of a data set or item that stay, creators among them; `shift_days` for their dates.
pub(super) fn kept(object: &InMemDicomObject, options: &Options, shift_days: i64) -> Vec<Element> {
    if !options.keep_safe_private && !options.keep_suv {
        return Vec::new();
    }
    let mut kept: Vec<Element> = Vec::new();
    for element in object.iter() {
        let tag = element.header().tag;
        if tag.0 % 2 == 0 || tag.1 < 0x1000 {
            continue;
        }
        let creator_at = Tag(tag.0, tag.1 >> 8);
        let creator = text(object, creator_at);
        let Some(safe) = known(tag, &creator, options) else {
            continue;
        };
        let Some(element) = checked(element, safe.vr, options.dates, shift_days) else {
            continue;
        };
        let block = |element: &Element| Tag(element.header().tag.0, element.header().tag.1 >> 8);
        if !creator.is_empty() && kept.last().is_none_or(|last| block(last) != creator_at) {
            kept.push(DataElement::new(
                creator_at,
                VR::LO,
                PrimitiveValue::from(safe.creator),
            ));
        }
        kept.push(element);
    }
    kept
}

/// Finds the row of a private attribute that the options keep.
fn known(tag: Tag, creator: &str, options: &Options) -> Option<Safe> {
    // Objects without creators carry Philips' factors too, and viewers read them; only numbers pass as such.
    let creator = match (creator, tag.0) {
        ("", 0x7053) if options.keep_suv => PHILIPS,
        (creator, _) => creator,
    };
    let safe = SAFE.get(&(tag.0, tag.1 as u8, creator))?;
    (options.keep_safe_private || safe.suv).then_some(*safe)
}

/// The element in its known representation; `None` when its value is not what the representation allows.
fn checked(element: &Element, vr: VR, kept_dates: Dates, shift_days: i64) -> Option<Element> {
    let tag = element.header().tag;
    let value = element.value().primitive()?;
    let size = match vr {
        VR::FL | VR::SL | VR::UL => 4,
        VR::FD => 8,
        VR::US | VR::SS => 2,
        _ => 0,
    };
    if size > 0 {
        let is_number =
            element.vr() == vr || (element.vr() == VR::UN && value.calculate_byte_len() % size == 0);
        return is_number.then(|| element.clone());
    }
    let text = match value {
        PrimitiveValue::U8(bytes) => String::from_utf8(bytes.to_vec()).ok()?,
        other => other.to_str().into_owned(),
    };
    let text = text.trim_matches([' ', '\0']);
    let allowed = |extra: &[u8]| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || extra.contains(&byte))
    };
    let text = match vr {
        VR::DT if kept_dates == Dates::Kept => dates::earlier(text, 0)?,
        VR::DT => dates::earlier(text, shift_days)?,
        VR::DS | VR::IS if allowed(b"+-.eE \\") => text.to_owned(),
        VR::CS
            if text.len() <= 64
                && text
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b"_ \\0123456789".contains(&b)) =>
        {
            text.to_owned()
        }
        _ => return None,
    };
    Some(DataElement::new(tag, vr, PrimitiveValue::from(text)))
}

#[cfg(test)]
mod tests {
    use super::{SAFE, SOURCE};

    #[test]
    fn every_line_is_a_row() {
        assert_eq!(SAFE.len(), SOURCE.lines().count() - 1);
        assert!(SAFE.contains_key(&(0x7053, 0x00, super::PHILIPS)));
    }
}
