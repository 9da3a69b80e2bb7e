//! How the stored values of a volume are kept in a texture.
//!
//! Whole numbers keep every bit, in as many bytes as they came: a CT keeps single HU over its whole range.
//! Every format is read as `texture_3d<f32>`, so that one set of shaders serves all.

use std::borrow::Cow;

use crate::volume::Voxels;

/// How stored values are kept in texels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// 16-bit integers as parts of 65535; signed ones moved up by 32768.
    Norm16,
    /// 16-bit integers as two bytes apart, each a part of 255: what every device has. Only read by hand, as
    /// filters keep too few bits of the upper byte.
    TwoBytes,
    /// Bytes as parts of 255. Only read by hand: some devices filter them in 8 bits.
    Byte,
    /// Single precision.
    Float,
}

impl Coding {
    pub(super) fn of(voxels: &Voxels, features: wgpu::Features) -> Self {
        match voxels {
            Voxels::I16(_) | Voxels::U16(_)
                if features.contains(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM) =>
            {
                Self::Norm16
            }
            Voxels::I16(_) | Voxels::U16(_) => Self::TwoBytes,
            Voxels::U8(_) => Self::Byte,
            Voxels::F32(_) => Self::Float,
        }
    }

    pub(super) const fn format(self) -> wgpu::TextureFormat {
        match self {
            Self::Norm16 => wgpu::TextureFormat::R16Unorm,
            Self::TwoBytes => wgpu::TextureFormat::Rg8Unorm,
            Self::Byte => wgpu::TextureFormat::R8Unorm,
            Self::Float => wgpu::TextureFormat::R32Float,
        }
    }

    pub(super) const fn bytes(self) -> u64 {
        match self {
            Self::Byte => 1,
            Self::Norm16 | Self::TwoBytes => 2,
            Self::Float => 4,
        }
    }

    /// Whole numbers from the parts of a texel; 0 where the texel is the value.
    pub(super) const fn scale(self) -> [f32; 2] {
        match self {
            Self::Norm16 => [65_535.0, 0.0],
            Self::TwoBytes => [255.0; 2],
            Self::Byte => [255.0, 0.0],
            Self::Float => [0.0; 2],
        }
    }

    /// Whether the device's own filter is exact enough for pictures.
    pub(super) fn is_filterable(self, features: wgpu::Features) -> bool {
        match self {
            Self::Norm16 => true,
            Self::Float => features.contains(wgpu::Features::FLOAT32_FILTERABLE),
            Self::TwoBytes | Self::Byte => false,
        }
    }
}

/// What signed integers are moved by, so that none is negative.
const SIGNED_BY: u16 = 0x8000;

/// What is added to whole numbers read from texels.
pub(super) fn offset(voxels: &Voxels) -> f32 {
    if matches!(voxels, Voxels::I16(_)) {
        -f32::from(SIGNED_BY)
    } else {
        0.0
    }
}

/// Stand for what shaders may not hold: see `shaders/shared/volume.wgsl`.
const NONE: f32 = -3.4e38;
pub(super) const INFINITE: f32 = 3.35e38;
const LARGEST: f32 = 3.3e38;

/// The bytes of texels for the values `range` of a volume, in reading order.
pub(super) fn texels(voxels: &Voxels, range: std::ops::Range<usize>) -> Cow<'_, [u8]> {
    match voxels {
        Voxels::U16(values) => Cow::Borrowed(bytemuck::cast_slice(&values[range])),
        Voxels::U8(values) => Cow::Borrowed(&values[range]),
        Voxels::I16(values) => {
            let moved = values[range].iter().map(|value| *value as u16 ^ SIGNED_BY);
            Cow::Owned(moved.flat_map(u16::to_le_bytes).collect())
        }
        Voxels::F32(values) if has_holes(&values[range.clone()]) => {
            let plain = values[range].iter().map(|value| without_holes(*value));
            Cow::Owned(plain.flat_map(f32::to_le_bytes).collect())
        }
        Voxels::F32(values) => Cow::Borrowed(bytemuck::cast_slice(&values[range])),
    }
}

/// Whether some values are not numbers, infinite, or too near to what stands for those.
pub(super) fn has_holes(values: &[f32]) -> bool {
    let is_number = |value: &f32| value.abs() <= LARGEST;
    values
        .iter()
        .fold(false, |holes, value| holes | !is_number(value))
}

fn without_holes(value: f32) -> f32 {
    if value.is_nan() {
        NONE
    } else if value.is_infinite() {
        INFINITE.copysign(value)
    } else {
        value.clamp(-LARGEST, LARGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, INFINITE, NONE, has_holes, offset, texels};
    use crate::volume::Voxels;

    #[test]
    fn signed_integers_keep_every_bit() {
        let voxels = Voxels::I16([i16::MIN, -1, 0, i16::MAX].into());
        let bytes = texels(&voxels, 0..4);
        let texels: &[[u8; 2]] = bytemuck::cast_slice(&bytes);
        let read = texels
            .iter()
            .map(|t| f32::from(u16::from_le_bytes(*t)) + offset(&voxels));
        assert_eq!(read.collect::<Vec<_>>(), [-32_768.0, -1.0, 0.0, 32_767.0]);
    }

    #[test]
    fn what_is_no_number_is_replaced() {
        let values = [1.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX];
        let voxels = Voxels::F32(values.into());
        assert!(has_holes(&values) && !has_holes(&values[..1]));
        let bytes = texels(&voxels, 0..5);
        let texels: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
        assert_eq!(texels, [1.5, NONE, INFINITE, -INFINITE, 3.3e38]);
    }

    #[test]
    fn integers_take_no_more_room_than_they_came_in() {
        let voxels = Voxels::I16([0; 2].into());
        for features in [wgpu::Features::empty(), wgpu::Features::TEXTURE_FORMAT_16BIT_NORM] {
            assert_eq!(Coding::of(&voxels, features).bytes(), 2);
        }
    }
}
