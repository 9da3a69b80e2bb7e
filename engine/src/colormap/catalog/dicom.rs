//! The well-known palettes of DICOM PS3.6 Annex B.

use super::tables;
use crate::colormap::Family;
use crate::colormap::palette::{Palette, Source};

pub(super) const PALETTES: &[Palette] = tables! {
    Family::Dicom, "DICOM PS3.6 Annex B", "values of a public standard";
    "hot_iron" "热铁" "Hot Iron",
    "pet" "PET" "PET",
    "hot_metal_blue" "热金属蓝" "Hot Metal Blue",
    "pet_20_step" "PET 20 级" "PET 20 Step",
    "spring" "春" "Spring",
    "summer" "夏" "Summer",
    "fall" "秋" "Fall",
    "winter" "冬" "Winter",
};
