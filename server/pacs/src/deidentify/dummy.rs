//! Dummies: values that are legal in their representation and tell nothing (PS3.15 E.2).

use dicom_core::{PrimitiveValue, VR};

/// What stands for text that was replaced.
pub(super) const TEXT: &str = "REMOVED";

/// Gives a dummy of representation `vr`; empty for one that has none.
pub(super) fn value(vr: VR) -> PrimitiveValue {
    match vr {
        VR::AE | VR::CS | VR::LO | VR::SH | VR::LT | VR::ST | VR::UC | VR::UT | VR::PN => {
            PrimitiveValue::from(TEXT)
        }
        VR::AS => PrimitiveValue::from("000Y"),
        VR::DA => PrimitiveValue::from("19000101"),
        VR::DT => PrimitiveValue::from("19000101000000"),
        VR::TM => PrimitiveValue::from("000000"),
        VR::DS | VR::IS => PrimitiveValue::from("0"),
        VR::UR => PrimitiveValue::from("urn:removed"),
        VR::FL | VR::OF => PrimitiveValue::from(0.0_f32),
        VR::FD | VR::OD => PrimitiveValue::from(0.0_f64),
        VR::US | VR::OW => PrimitiveValue::from(0_u16),
        VR::SS => PrimitiveValue::from(0_i16),
        VR::UL | VR::OL => PrimitiveValue::from(0_u32),
        VR::SL => PrimitiveValue::from(0_i32),
        VR::UV | VR::OV => PrimitiveValue::from(0_u64),
        VR::SV => PrimitiveValue::from(0_i64),
        VR::OB | VR::UN => PrimitiveValue::U8([0_u8, 0].as_slice().into()),
        _ => PrimitiveValue::Empty,
    }
}

/// Whether a value of this representation is text that anybody may have typed.
pub(super) fn is_text(vr: VR) -> bool {
    matches!(
        vr,
        VR::AE | VR::LO | VR::SH | VR::LT | VR::ST | VR::UC | VR::UT | VR::PN | VR::UR
    )
}
