//! Coded concepts (PS3.3 section 8), the same for reading and writing.

use std::borrow::Cow;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::read::attributes::Attributes as _;

/// A coded concept: a value, the scheme that it is of, and what it means to people.
///
/// Two codes are equal when all three are; [`Code::is`] leaves the meaning aside, whose wording producers vary.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Code {
    /// Code Value (0008,0100), Long Code Value (0008,0119) or URN Code Value (0008,0120).
    pub value: Cow<'static, str>,
    /// Coding Scheme Designator (0008,0102): `SCT`, `DCM`, `UCUM`.
    pub scheme: Cow<'static, str>,
    /// Code Meaning (0008,0104).
    pub meaning: Cow<'static, str>,
}

impl Code {
    /// Makes a code known at compile time.
    #[must_use]
    pub const fn new(value: &'static str, scheme: &'static str, meaning: &'static str) -> Self {
        Self {
            value: Cow::Borrowed(value),
            scheme: Cow::Borrowed(scheme),
            meaning: Cow::Borrowed(meaning),
        }
    }

    /// Makes a code of texts that are known only when the program runs.
    #[must_use]
    pub fn owned(value: impl Into<String>, scheme: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self {
            value: Cow::Owned(value.into()),
            scheme: Cow::Owned(scheme.into()),
            meaning: Cow::Owned(meaning.into()),
        }
    }

    /// Whether both name one concept: the same value of the same scheme, whatever the meaning's wording.
    ///
    /// ```
    /// use engine::dicom::Code;
    /// let mean = Code::new("373098007", "SCT", "Mean");
    /// assert!(mean.is(&Code::new("373098007", "SCT", "Mean Value of population")));
    /// assert!(!mean.is(&Code::new("373098007", "DCM", "Mean")));
    /// ```
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.value == other.value && self.scheme == other.scheme
    }

    /// Reads the first item of a code sequence.
    pub(crate) fn of(object: &InMemDicomObject, tag: Tag) -> Option<Self> {
        Self::of_item(object.item(tag)?)
    }

    /// Reads one item of a code sequence.
    pub(crate) fn of_item(item: &InMemDicomObject) -> Option<Self> {
        let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE]
            .into_iter()
            .find_map(|tag| item.text(tag))?;
        Some(Self::owned(
            value,
            item.text(tags::CODING_SCHEME_DESIGNATOR).unwrap_or_default(),
            item.text(tags::CODE_MEANING).unwrap_or_default(),
        ))
    }
}

/// The meaning alone: what people read.
impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.meaning.is_empty() {
            &self.value
        } else {
            &self.meaning
        })
    }
}
