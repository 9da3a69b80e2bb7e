//! Maps that are computed: ramps, hues, steps of others.

use super::formulas;
use crate::colormap::Family;
use crate::colormap::palette::{Palette, Source};

const FORMULA: &str = "Uptake, by formula";
const OURS: &str = "as Uptake";

const fn made(
    family: Family,
    name: &'static str,
    title_zh: &'static str,
    title_en: &'static str,
    source: Source,
) -> Palette {
    Palette {
        name,
        title_zh,
        title_en,
        family,
        origin: FORMULA,
        licence: OURS,
        source,
    }
}

const fn ramp(name: &'static str, zh: &'static str, en: &'static str, color: fn(f64) -> [f64; 3]) -> Palette {
    made(Family::Ramp, name, zh, en, Source::Formula(color))
}

const fn hue(name: &'static str, zh: &'static str, en: &'static str, color: fn(f64) -> [f64; 3]) -> Palette {
    made(Family::Hue, name, zh, en, Source::Formula(color))
}

const fn steps(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    base: &'static str,
    count: u16,
) -> Palette {
    made(Family::Steps, name, zh, en, Source::Steps(base, count))
}

pub(super) const RAMPS: &[Palette] = &[
    ramp("gray", "灰阶", "Grey", |t| [t; 3]),
    ramp("gray_bright", "灰阶（提亮）", "Grey, gamma 0.5", |t| {
        [t.sqrt(); 3]
    }),
    ramp("gray_dark", "灰阶（压暗）", "Grey, gamma 2", |t| [t * t; 3]),
    ramp(
        "gray_logarithmic",
        "灰阶（对数）",
        "Grey, logarithmic",
        |t| [(99.0 * t).ln_1p() / 100.0_f64.ln(); 3],
    ),
    ramp("gray_sigmoid", "灰阶（S 形）", "Grey, S-shaped", |t| {
        [t * t * (3.0 - 2.0 * t); 3]
    }),
    ramp("hot", "热", "Hot", formulas::hot),
    ramp("hot_even", "热（均分）", "Hot, even thirds", formulas::hot_even),
    ramp("ice", "冰", "Ice", formulas::ice),
    ramp("cool", "冷", "Cool", formulas::cool),
    ramp("bone", "骨", "Bone", formulas::bone),
    ramp("copper", "铜", "Copper", formulas::copper),
    ramp("sepia", "褐", "Sepia", formulas::sepia),
    ramp("jet", "喷射", "Jet", formulas::jet),
    ramp("hsv", "色环", "Colour circle", formulas::hsv),
    ramp("rainbow", "彩虹", "Rainbow", formulas::rainbow),
    ramp(
        "rainbow_black",
        "彩虹（黑底）",
        "Rainbow, from black",
        formulas::rainbow_black,
    ),
    ramp("cubehelix", "立方螺旋", "Cubehelix", formulas::cubehelix),
];

pub(super) const DIVERGING: &[Palette] = &[
    made(
        Family::Diverging,
        "blue_white_red",
        "蓝白红",
        "Blue, white, red",
        Source::Formula(|t| formulas::from_white(t, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])),
    ),
    made(
        Family::Diverging,
        "green_white_magenta",
        "绿白紫",
        "Green, white, magenta",
        Source::Formula(|t| formulas::from_white(t, [0.0, 0.5, 0.0], [0.75, 0.0, 0.75])),
    ),
    made(
        Family::Diverging,
        "blue_black_red",
        "蓝黑红",
        "Blue, black, red",
        Source::Formula(|t| formulas::from_black(t, [0.25, 0.5, 1.0], [1.0, 0.25, 0.25])),
    ),
    made(
        Family::Diverging,
        "cyan_black_orange",
        "青黑橙",
        "Cyan, black, orange",
        Source::Formula(|t| formulas::from_black(t, [0.0, 1.0, 1.0], [1.0, 0.5, 0.0])),
    ),
];

pub(super) const HUES: &[Palette] = &[
    hue("red", "红", "Red", |t| formulas::single_hue(t, [1.0, 0.0, 0.0])),
    hue("orange", "橙", "Orange", |t| {
        formulas::single_hue(t, [1.0, 0.5, 0.0])
    }),
    hue("amber", "琥珀", "Amber", |t| {
        formulas::single_hue(t, [1.0, 0.75, 0.0])
    }),
    hue("yellow", "黄", "Yellow", |t| {
        formulas::single_hue(t, [1.0, 1.0, 0.0])
    }),
    hue("lime", "黄绿", "Lime", |t| {
        formulas::single_hue(t, [0.6, 1.0, 0.0])
    }),
    hue("green", "绿", "Green", |t| {
        formulas::single_hue(t, [0.0, 1.0, 0.0])
    }),
    hue("teal", "蓝绿", "Teal", |t| {
        formulas::single_hue(t, [0.0, 0.7, 0.6])
    }),
    hue("cyan", "青", "Cyan", |t| {
        formulas::single_hue(t, [0.0, 1.0, 1.0])
    }),
    hue("blue", "蓝", "Blue", |t| {
        formulas::single_hue(t, [0.0, 0.25, 1.0])
    }),
    hue("purple", "紫", "Purple", |t| {
        formulas::single_hue(t, [0.6, 0.2, 1.0])
    }),
    hue("magenta", "品红", "Magenta", |t| {
        formulas::single_hue(t, [1.0, 0.0, 1.0])
    }),
    hue("rose", "玫红", "Rose", |t| {
        formulas::single_hue(t, [1.0, 0.1, 0.5])
    }),
];

pub(super) const STEPS: &[Palette] = &[
    steps("gray_4_step", "灰阶 4 级", "Grey, 4 steps", "gray", 4),
    steps("gray_8_step", "灰阶 8 级", "Grey, 8 steps", "gray", 8),
    steps("gray_16_step", "灰阶 16 级", "Grey, 16 steps", "gray", 16),
    steps(
        "hot_iron_10_step",
        "热铁 10 级",
        "Hot iron, 10 steps",
        "hot_iron",
        10,
    ),
    steps(
        "hot_iron_20_step",
        "热铁 20 级",
        "Hot iron, 20 steps",
        "hot_iron",
        20,
    ),
    steps(
        "rainbow_4_step",
        "彩虹 4 级",
        "Rainbow, 4 steps",
        "rainbow_black",
        4,
    ),
    steps(
        "rainbow_8_step",
        "彩虹 8 级",
        "Rainbow, 8 steps",
        "rainbow_black",
        8,
    ),
    steps(
        "rainbow_10_step",
        "彩虹 10 级",
        "Rainbow, 10 steps",
        "rainbow_black",
        10,
    ),
    steps(
        "rainbow_16_step",
        "彩虹 16 级",
        "Rainbow, 16 steps",
        "rainbow_black",
        16,
    ),
    steps(
        "rainbow_20_step",
        "彩虹 20 级",
        "Rainbow, 20 steps",
        "rainbow_black",
        20,
    ),
    steps("batlow_10_step", "巴特洛 10 级", "Batlow, 10 steps", "batlow", 10),
];
