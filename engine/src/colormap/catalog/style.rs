//! Maps in the manner of workstations that readers come from.
//!
//! The knots are ours, chosen by eye after the order of colours that such readers describe. They are no
//! vendor's tables, and nothing here claims to be one.

use crate::colormap::Family;
use crate::colormap::palette::{Palette, Source};

const ORIGIN: &str = "Uptake, own colours in that manner; not a vendor's table";

const fn style(
    name: &'static str,
    title_zh: &'static str,
    title_en: &'static str,
    source: Source,
) -> Palette {
    Palette {
        name,
        title_zh,
        title_en,
        family: Family::Style,
        origin: ORIGIN,
        licence: "as Uptake",
        source,
    }
}

pub(super) const PALETTES: &[Palette] = &[
    style(
        "style_ge_color",
        "GE 风格 彩色",
        "GE style, colour",
        Source::Knots(GE_COLOR),
    ),
    style(
        "style_ge_warm_metal",
        "GE 风格 暖金属",
        "GE style, warm metal",
        Source::Knots(GE_WARM_METAL),
    ),
    style(
        "style_ge_hot_iron",
        "GE 风格 热铁",
        "GE style, hot iron",
        Source::Knots(GE_HOT_IRON),
    ),
    style(
        "style_ge_pet_gray",
        "GE 风格 PET 反灰",
        "GE style, PET inverse grey",
        Source::Formula(|t| [(1.0 - t).powf(0.85); 3]),
    ),
    style(
        "style_siemens_hot_metal",
        "西门子风格 热金属",
        "Siemens style, hot metal",
        Source::Knots(SIEMENS_HOT_METAL),
    ),
    style(
        "style_siemens_rainbow",
        "西门子风格 彩虹",
        "Siemens style, rainbow",
        Source::Knots(SIEMENS_RAINBOW),
    ),
    style(
        "style_siemens_pet_gray",
        "西门子风格 PET 反灰",
        "Siemens style, PET inverse grey",
        Source::Formula(|t| [1.0 - t.powf(0.9); 3]),
    ),
    style(
        "style_siemens_warm",
        "西门子风格 暖色",
        "Siemens style, warm",
        Source::Knots(SIEMENS_WARM),
    ),
    style(
        "style_philips_rainbow",
        "飞利浦风格 彩虹",
        "Philips style, rainbow",
        Source::Knots(PHILIPS_RAINBOW),
    ),
    style(
        "style_philips_hot_metal",
        "飞利浦风格 热金属",
        "Philips style, hot metal",
        Source::Knots(PHILIPS_HOT_METAL),
    ),
    style(
        "style_philips_pet_gray",
        "飞利浦风格 PET 反灰",
        "Philips style, PET inverse grey",
        Source::Formula(|t| [1.0 - t * t * (1.5 - 0.5 * t); 3]),
    ),
    style("style_heart", "心肌灌注", "Heart perfusion", Source::Knots(HEART)),
    style("style_brain", "脑灌注", "Brain perfusion", Source::Knots(BRAIN)),
];

const GE_COLOR: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.1, [70, 0, 110]),
    (0.22, [30, 20, 210]),
    (0.36, [0, 150, 220]),
    (0.5, [0, 190, 60]),
    (0.64, [230, 230, 0]),
    (0.78, [255, 130, 0]),
    (0.9, [230, 0, 0]),
    (1.0, [255, 255, 255]),
];

const GE_WARM_METAL: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.2, [60, 10, 40]),
    (0.45, [165, 45, 30]),
    (0.7, [240, 140, 30]),
    (0.88, [255, 220, 130]),
    (1.0, [255, 255, 245]),
];

const GE_HOT_IRON: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.4, [200, 0, 0]),
    (0.6, [255, 90, 0]),
    (0.8, [255, 200, 40]),
    (1.0, [255, 255, 230]),
];

const SIEMENS_HOT_METAL: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.3, [120, 0, 0]),
    (0.55, [240, 60, 0]),
    (0.75, [255, 160, 0]),
    (0.92, [255, 245, 120]),
    (1.0, [255, 255, 255]),
];

const SIEMENS_RAINBOW: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.15, [0, 0, 160]),
    (0.35, [0, 120, 255]),
    (0.5, [0, 220, 160]),
    (0.62, [90, 240, 0]),
    (0.75, [255, 240, 0]),
    (0.9, [255, 60, 0]),
    (1.0, [200, 0, 0]),
];

const SIEMENS_WARM: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.25, [75, 30, 10]),
    (0.5, [170, 85, 30]),
    (0.75, [235, 165, 80]),
    (1.0, [255, 245, 220]),
];

const PHILIPS_RAINBOW: &[(f64, [u8; 3])] = &[
    (0.0, [10, 0, 30]),
    (0.12, [90, 0, 160]),
    (0.28, [0, 60, 255]),
    (0.44, [0, 210, 230]),
    (0.58, [40, 210, 40]),
    (0.72, [250, 250, 30]),
    (0.86, [255, 120, 0]),
    (1.0, [255, 20, 20]),
];

const PHILIPS_HOT_METAL: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.25, [60, 0, 90]),
    (0.45, [180, 20, 60]),
    (0.65, [250, 100, 20]),
    (0.85, [255, 215, 70]),
    (1.0, [255, 255, 255]),
];

const HEART: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.2, [30, 0, 100]),
    (0.4, [130, 0, 130]),
    (0.55, [220, 40, 40]),
    (0.7, [255, 140, 0]),
    (0.85, [255, 230, 60]),
    (1.0, [255, 255, 255]),
];

const BRAIN: &[(f64, [u8; 3])] = &[
    (0.0, [0, 0, 0]),
    (0.25, [0, 0, 150]),
    (0.45, [0, 140, 170]),
    (0.6, [20, 190, 60]),
    (0.75, [240, 230, 20]),
    (0.9, [240, 30, 0]),
    (1.0, [255, 255, 255]),
];
