//! Bytes of a value to the value (PS3.5 section 6.2).

use dicom_core::value::C;
use dicom_core::{PrimitiveValue, Tag, VR};

use super::charset::CharacterSet;

/// Text of more parts stays one string with backslashes.
const MAX_PARTS: usize = 256;

/// Gives the value of `bytes` in representation `vr`; a rest too short for one more number is left out.
pub(super) fn primitive(vr: VR, bytes: &[u8], big_endian: bool, charset: &CharacterSet) -> PrimitiveValue {
    if bytes.is_empty() {
        return PrimitiveValue::Empty;
    }
    macro_rules! numbers {
        ($variant:ident, $number:ty) => {
            PrimitiveValue::$variant(
                bytes
                    .chunks_exact(size_of::<$number>())
                    .map(|chunk| {
                        let chunk = chunk.try_into().expect("chunks have the number's size");
                        if big_endian {
                            <$number>::from_be_bytes(chunk)
                        } else {
                            <$number>::from_le_bytes(chunk)
                        }
                    })
                    .collect::<C<$number>>(),
            )
        };
    }
    match vr {
        VR::US | VR::OW => numbers!(U16, u16),
        VR::SS => numbers!(I16, i16),
        VR::UL | VR::OL => numbers!(U32, u32),
        VR::SL => numbers!(I32, i32),
        VR::UV | VR::OV => numbers!(U64, u64),
        VR::SV => numbers!(I64, i64),
        VR::FL | VR::OF => numbers!(F32, f32),
        VR::FD | VR::OD => numbers!(F64, f64),
        VR::AT => tags(bytes, big_endian),
        VR::LT | VR::ST | VR::UT => one(charset.decode(bytes, false)),
        VR::LO | VR::SH | VR::UC => parts(charset.decode(bytes, false)),
        VR::PN => parts(charset.decode(bytes, true)),
        VR::UR => one(plain(bytes)),
        VR::AE | VR::AS | VR::CS | VR::DA | VR::DS | VR::DT | VR::IS | VR::TM | VR::UI => parts(plain(bytes)),
        // OB, UN, and a sequence whose items could not be told.
        _ => PrimitiveValue::U8(bytes.iter().copied().collect()),
    }
}

fn tags(bytes: &[u8], big_endian: bool) -> PrimitiveValue {
    let number = |b: &[u8]| {
        if big_endian {
            u16::from_be_bytes([b[0], b[1]])
        } else {
            u16::from_le_bytes([b[0], b[1]])
        }
    };
    PrimitiveValue::Tags(
        bytes
            .chunks_exact(4)
            .map(|chunk| Tag(number(&chunk[..2]), number(&chunk[2..])))
            .collect(),
    )
}

/// Text of the basic repertoire; what lies outside it is kept as Latin-1, so that nothing is lost.
fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn one(text: String) -> PrimitiveValue {
    PrimitiveValue::Str(without_padding(text))
}

fn without_padding(mut text: String) -> String {
    text.truncate(text.trim_end_matches([' ', '\0']).len());
    text
}

fn parts(text: String) -> PrimitiveValue {
    let text = without_padding(text);
    match text.bytes().filter(|byte| *byte == b'\\').count() + 1 {
        1 => PrimitiveValue::Str(text),
        n if n > MAX_PARTS => PrimitiveValue::Str(text),
        _ => PrimitiveValue::Strs(
            text.split('\\')
                .map(|part| part.trim_end_matches([' ', '\0']).to_owned())
                .collect(),
        ),
    }
}
