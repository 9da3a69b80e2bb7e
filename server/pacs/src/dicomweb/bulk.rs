//! Binary values: inline where they are short, elsewhere by address where they are long.

use dicom_core::{PrimitiveValue, Tag, VR};

/// What becomes of binary values.
pub struct BulkData<'a> {
    /// Bytes up to which a value is inline.
    pub inline_bytes: usize,
    /// Gives the address of a longer value: its tag, or for one in an item `SEQUENCE/ITEM/TAG`, items counted from 0.
    pub uri: &'a dyn Fn(&str) -> String,
    /// Values that the data set leaves out, such as the pixel data, in order of tags.
    pub left_out: &'a [(Tag, VR)],
}

/// Representations whose values are bytes.
pub(super) fn is_binary(vr: VR) -> bool {
    matches!(vr, VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN)
}

/// The key of an attribute: eight hexadecimal digits.
pub(super) fn key(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.0, tag.1)
}

/// The bytes of a value as little endian has them, which is what inline binary is in.
pub(super) fn little_endian(value: &PrimitiveValue) -> Vec<u8> {
    match value {
        PrimitiveValue::U8(bytes) => bytes.to_vec(),
        PrimitiveValue::U16(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        PrimitiveValue::U32(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        PrimitiveValue::U64(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        PrimitiveValue::F32(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        PrimitiveValue::F64(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        other => other.to_bytes().into_owned(),
    }
}
