//! A data set under construction: attributes by tag and Rust type.

use dicom_core::dictionary::DataDictionary;
use dicom_core::dictionary::DataDictionaryEntry;
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dicom::Code;

/// Attributes of an object or of a sequence item, kept in tag order.
///
/// Each method sets one attribute and gives the data set back, so that calls can be chained.
#[derive(Debug, Clone)]
pub struct Dataset {
    object: InMemDicomObject,
}

impl Code {
    /// The item of a code sequence: Long Code Value above 16 characters, URN Code Value for a URN (PS3.3 8.1).
    #[must_use]
    pub fn item(&self) -> Dataset {
        let mut item = Dataset::new();
        let value = self.value.as_ref();
        if value.starts_with("urn:") {
            item.text(tags::URN_CODE_VALUE, value);
        } else if value.len() > 16 {
            item.text(tags::LONG_CODE_VALUE, value);
        } else {
            item.text(tags::CODE_VALUE, value);
        }
        if !self.scheme.is_empty() {
            item.text(tags::CODING_SCHEME_DESIGNATOR, self.scheme.as_ref());
        }
        item.text(tags::CODE_MEANING, self.meaning.as_ref());
        item
    }
}

impl Default for Dataset {
    fn default() -> Self {
        Self::new()
    }
}

impl Dataset {
    /// An empty data set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            object: InMemDicomObject::new_empty(),
        }
    }

    /// The attributes as dicom-rs holds them.
    #[must_use]
    pub fn as_object(&self) -> &InMemDicomObject {
        &self.object
    }

    /// Sets one text value; the VR is that of the data dictionary.
    pub fn text(&mut self, tag: Tag, value: impl Into<String>) -> &mut Self {
        self.value(tag, vr_of(tag), PrimitiveValue::Str(value.into()))
    }

    /// Sets several text values.
    pub fn texts(&mut self, tag: Tag, values: &[&str]) -> &mut Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.value(tag, vr_of(tag), PrimitiveValue::Strs(values))
    }

    /// Sets a text value where there is one; else the attribute is there without a value (type 2).
    pub fn text_or_empty(&mut self, tag: Tag, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(tag, value),
            None => self.empty(tag),
        }
    }

    /// Sets the attribute without a value.
    pub fn empty(&mut self, tag: Tag) -> &mut Self {
        self.value(tag, vr_of(tag), PrimitiveValue::Empty)
    }

    /// Sets decimal strings (DS) of at most 16 characters each, see [`decimal_string`].
    pub fn decimals(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        let values = values.iter().map(|value| decimal_string(*value)).collect();
        self.value(tag, VR::DS, PrimitiveValue::Strs(values))
    }

    /// Sets integer strings (IS).
    pub fn integers(&mut self, tag: Tag, values: &[i64]) -> &mut Self {
        let values = values.iter().map(i64::to_string).collect();
        self.value(tag, VR::IS, PrimitiveValue::Strs(values))
    }

    /// Sets unsigned 16-bit numbers (US).
    pub fn unsigned(&mut self, tag: Tag, values: &[u16]) -> &mut Self {
        self.value(tag, VR::US, PrimitiveValue::U16(values.into()))
    }

    /// Sets signed 16-bit numbers (SS).
    pub fn signed(&mut self, tag: Tag, values: &[i16]) -> &mut Self {
        self.value(tag, VR::SS, PrimitiveValue::I16(values.into()))
    }

    /// Sets unsigned 32-bit numbers (UL).
    pub fn longs(&mut self, tag: Tag, values: &[u32]) -> &mut Self {
        self.value(tag, VR::UL, PrimitiveValue::U32(values.into()))
    }

    /// Sets double precision numbers (FD).
    pub fn doubles(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        self.value(tag, VR::FD, PrimitiveValue::F64(values.into()))
    }

    /// Sets attribute tags (AT).
    pub fn tags(&mut self, tag: Tag, values: &[Tag]) -> &mut Self {
        self.value(tag, VR::AT, PrimitiveValue::Tags(values.into()))
    }

    /// Sets bytes (OB).
    pub fn bytes(&mut self, tag: Tag, values: Vec<u8>) -> &mut Self {
        self.value(tag, VR::OB, PrimitiveValue::U8(values.into()))
    }

    /// Sets 16-bit words (OW).
    pub fn words(&mut self, tag: Tag, values: Vec<u16>) -> &mut Self {
        self.value(tag, VR::OW, PrimitiveValue::U16(values.into()))
    }

    /// Sets the items of a sequence.
    pub fn sequence(&mut self, tag: Tag, items: Vec<Self>) -> &mut Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|item| item.object).collect();
        self.object
            .put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// Sets a sequence of one item.
    pub fn item(&mut self, tag: Tag, item: Self) -> &mut Self {
        self.sequence(tag, vec![item])
    }

    /// Sets a code sequence of one code.
    pub fn code(&mut self, tag: Tag, code: Code) -> &mut Self {
        self.item(tag, code.item())
    }

    /// Sets a value of a stated VR, for private attributes and those whose VR depends on others.
    pub fn value(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> &mut Self {
        self.object.put(DataElement::new(tag, vr, value));
        self
    }

    /// Leaves an attribute out.
    pub fn remove(&mut self, tag: Tag) -> &mut Self {
        self.object.remove_element(tag);
        self
    }
}

fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary
        .by_tag(tag)
        .map_or(VR::UN, |entry| entry.vr().relaxed())
}

/// Writes a number as a decimal string (DS, PS3.5 6.2): at most 16 characters, as exactly as they allow.
///
/// Numbers that are not finite have no decimal string; they give `0`.
///
/// ```
/// use engine::dicom::write::decimal_string;
/// assert_eq!(decimal_string(1.5), "1.5");
/// assert_eq!(decimal_string(-1.0 / 3.0), "-0.3333333333333");
/// assert_eq!(decimal_string(1.0e-7 / 3.0), "3.33333333333e-8");
/// ```
#[must_use]
pub fn decimal_string(value: f64) -> String {
    const LONGEST: usize = 16;
    if !value.is_finite() {
        return "0".to_owned();
    }
    let plain = format!("{value}");
    if plain.len() <= LONGEST {
        return plain;
    }
    let fixed = (0..LONGEST).rev().map(|digits| format!("{value:.digits$}"));
    let scientific = (0..LONGEST).rev().map(|digits| format!("{value:.digits$e}"));
    let error = |text: &String| {
        text.parse()
            .map_or(f64::INFINITY, |read: f64| (read - value).abs())
    };
    // Rounding the largest numbers up would leave the range of f64.
    let fits = |text: &String| text.len() <= LONGEST && error(text).is_finite();
    fixed
        .filter(fits)
        .take(1)
        .chain(scientific.filter(fits).take(1))
        .min_by(|a, b| error(a).total_cmp(&error(b)))
        .expect("the scientific form without decimals has at most 7 characters")
}

#[cfg(test)]
mod tests {
    use super::decimal_string;

    fn check(value: f64, relative: f64) {
        let text = decimal_string(value);
        let read: f64 = text.parse().unwrap();
        assert!(text.len() <= 16, "{text}");
        assert!(
            (read - value).abs() <= relative * value.abs(),
            "{text} for {value}"
        );
    }

    #[test]
    fn decimal_strings_fit_and_keep_ten_digits() {
        let values = [
            0.1 + 0.2,
            1.0 / 3.0,
            -123.456_789_012_345_67,
            6.022_140_857e23,
            1e-300 / 3.0,
            -9.87e-12 / 7.0,
        ];
        values.into_iter().for_each(|value| check(value, 1e-9));
        check(0.0, 0.0);
        check(f64::MAX, 1e-8);
        check(f64::MIN_POSITIVE, 1e-8);
    }
}
