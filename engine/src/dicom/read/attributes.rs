//! Values of attributes, as text, numbers, items, dates; forgiving about padding, never about meaning.

use dicom_core::PrimitiveValue;
use dicom_core::value::Value;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

pub(crate) use dicom_core::Tag;

/// Reads values of a data set by tag. What is absent, empty or not of the kind asked for is `None` or empty.
pub(crate) trait Attributes {
    /// The first value as text without padding.
    fn text(&self, tag: Tag) -> Option<String>;
    /// All values as text without padding; an empty one in between stays, so that places keep their meaning.
    fn texts(&self, tag: Tag) -> Vec<String>;
    /// The first value as a finite number.
    fn number(&self, tag: Tag) -> Option<f64>;
    /// All values as finite numbers; empty when any of them is none.
    fn numbers(&self, tag: Tag) -> Vec<f64>;
    /// All values as numbers, exactly `N` of them.
    fn numbers_of<const N: usize>(&self, tag: Tag) -> Option<[f64; N]>;
    /// The first value as a whole number.
    fn integer(&self, tag: Tag) -> Option<i64>;
    /// The items of a sequence.
    fn items(&self, tag: Tag) -> &[InMemDicomObject];
    /// The first item of a sequence.
    fn item(&self, tag: Tag) -> Option<&InMemDicomObject>;
}

impl Attributes for InMemDicomObject {
    fn text(&self, tag: Tag) -> Option<String> {
        self.texts(tag).into_iter().next().filter(|text| !text.is_empty())
    }

    fn texts(&self, tag: Tag) -> Vec<String> {
        self.get(tag).map(element_texts).unwrap_or_default()
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        let element = self.get(tag)?;
        match element.value().primitive()? {
            PrimitiveValue::Str(_) | PrimitiveValue::Strs(_) | PrimitiveValue::U8(_) => {
                number_of(element_texts(element).first()?)
            }
            other => other.to_float64().ok().filter(|number| number.is_finite()),
        }
    }

    fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.get(tag) else {
            return Vec::new();
        };
        let Some(value) = element.value().primitive() else {
            return Vec::new();
        };
        let numbers: Option<Vec<f64>> = match value {
            PrimitiveValue::Str(_) | PrimitiveValue::Strs(_) | PrimitiveValue::U8(_) => {
                element_texts(element)
                    .iter()
                    .map(|text| number_of(text))
                    .collect()
            }
            other => other
                .to_multi_float64()
                .ok()
                .filter(|numbers| numbers.iter().all(|n| n.is_finite())),
        };
        numbers.unwrap_or_default()
    }

    fn numbers_of<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.numbers(tag).try_into().ok()
    }

    fn integer(&self, tag: Tag) -> Option<i64> {
        let number = self.number(tag)?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    }

    fn items(&self, tag: Tag) -> &[InMemDicomObject] {
        self.get(tag)
            .and_then(|element| element.value().items())
            .unwrap_or_default()
    }

    fn item(&self, tag: Tag) -> Option<&InMemDicomObject> {
        self.items(tag).first()
    }
}

fn element_texts(element: &InMemElement) -> Vec<String> {
    let split = |text: &str| text.split('\\').map(trimmed).collect();
    match element.value() {
        Value::Primitive(PrimitiveValue::Str(text)) => split(text),
        Value::Primitive(PrimitiveValue::Strs(texts)) => texts.iter().map(|text| trimmed(text)).collect(),
        // Private elements of implicit data sets arrive as bytes: text when they read as text.
        Value::Primitive(PrimitiveValue::U8(bytes)) => {
            let printable = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | 0);
            if bytes.iter().all(printable) {
                split(&String::from_utf8_lossy(bytes))
            } else {
                Vec::new()
            }
        }
        Value::Primitive(PrimitiveValue::Empty) => Vec::new(),
        Value::Primitive(other) => other.to_multi_str().iter().map(|text| trimmed(text)).collect(),
        _ => Vec::new(),
    }
}

fn trimmed(text: &str) -> String {
    text.trim_matches([' ', '\0', '\t', '\r', '\n']).to_owned()
}

fn number_of(text: &str) -> Option<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
}

/// Gives a private attribute: of the block that its creator reserved, else of the fixed tag.
///
/// Vendors' elements are found by creator in conformant objects; anonymisers drop creators and keep elements.
pub(crate) fn private_text(object: &InMemDicomObject, tag: Tag, creators: &[&str]) -> Option<String> {
    let reserved = (0x10..=0xFFu16).find(|block| {
        let creator = object.text(Tag(tag.0, *block)).unwrap_or_default();
        creators.iter().any(|known| creator.eq_ignore_ascii_case(known))
    });
    let found = reserved.and_then(|block| object.text(Tag(tag.0, block << 8 | tag.1 & 0xFF)));
    found.or_else(|| object.text(tag))
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, PrimitiveValue, VR};

    use super::{Attributes, InMemDicomObject, Tag, private_text};

    const SPACING: Tag = Tag(0x0028, 0x0030);

    fn with(value: PrimitiveValue) -> InMemDicomObject {
        InMemDicomObject::from_element_iter([DataElement::new(SPACING, VR::DS, value)])
    }

    #[test]
    fn numbers_stand_whatever_the_padding() {
        assert_eq!(
            with(PrimitiveValue::from(" 0.5 \\0.25 ")).numbers_of(SPACING),
            Some([0.5, 0.25])
        );
        assert_eq!(
            with(PrimitiveValue::Strs(
                ["1".into(), "2\0".into()].into_iter().collect()
            ))
            .numbers(SPACING),
            [1.0, 2.0]
        );
        assert_eq!(
            with(PrimitiveValue::from("1\\x")).numbers(SPACING),
            Vec::<f64>::new()
        );
        assert_eq!(with(PrimitiveValue::from("nan")).number(SPACING), None);
        assert_eq!(
            with(PrimitiveValue::U8(b"12.5 ".iter().copied().collect())).number(SPACING),
            Some(12.5)
        );
        assert_eq!(with(PrimitiveValue::Empty).text(SPACING), None);
    }

    #[test]
    fn private_elements_are_found_by_creator_then_by_tag() {
        let factor =
            |block: u16| DataElement::new(Tag(0x7053, block << 8), VR::DS, PrimitiveValue::from("0.5"));
        let creator = DataElement::new(
            Tag(0x7053, 0x0011),
            VR::LO,
            PrimitiveValue::from("Philips PET Private Group"),
        );
        let creators = ["Philips PET Private Group"];
        let moved = InMemDicomObject::from_element_iter([creator, factor(0x11)]);
        assert_eq!(
            private_text(&moved, Tag(0x7053, 0x1000), &creators).as_deref(),
            Some("0.5")
        );
        let bare = InMemDicomObject::from_element_iter([factor(0x10)]);
        assert_eq!(
            private_text(&bare, Tag(0x7053, 0x1000), &creators).as_deref(),
            Some("0.5")
        );
    }
}
