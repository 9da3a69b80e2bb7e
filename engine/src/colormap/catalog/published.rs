//! Published maps, as tables: whose steps look even, those that part from a middle, those that meet again.

use super::tables;
use crate::colormap::Family;
use crate::colormap::palette::{Palette, Source};

const KOVESI: &str = "P. Kovesi, Good colour maps: how to design them, arXiv:1509.03700";
const CRAMERI: &str = "F. Crameri, Scientific colour maps, doi:10.5281/zenodo.1243862";

/// Even steps for the eye, most of them readable without colour vision.
pub(super) const MATPLOTLIB: &[Palette] = tables! {
    Family::Perceptual, "S. van der Walt, N. Smith, E. Firing", "CC0-1.0";
    "viridis" "翠绿" "Viridis",
    "magma" "岩浆" "Magma",
    "inferno" "地狱火" "Inferno",
    "plasma" "等离子" "Plasma",
};

pub(super) const CIVIDIS: &[Palette] = tables! {
    Family::Perceptual, "J. Nunez, C. Anderton, R. Renslow 2018", "CC0-1.0";
    "cividis" "色觉友好" "Cividis",
};

pub(super) const TURBO: &[Palette] = tables! {
    Family::Perceptual, "A. Mikhailov, Google", "Apache-2.0";
    "turbo" "涡轮" "Turbo",
};

pub(super) const CET_LINEAR: &[Palette] = tables! {
    Family::Perceptual, KOVESI, "CC-BY-4.0";
    "cet_l3" "火焰（CET-L3）" "Fire (CET-L3)",
    "cet_l4" "黑红黄（CET-L4）" "Black, red, yellow (CET-L4)",
    "cet_l5" "黑绿黄（CET-L5）" "Black, green, yellow (CET-L5)",
    "cet_l6" "黑蓝青（CET-L6）" "Black, blue, cyan (CET-L6)",
    "cet_l8" "蓝紫黄（CET-L8）" "Blue, magenta, yellow (CET-L8)",
    "cet_l9" "蓝绿黄白（CET-L9）" "Blue, green, yellow, white (CET-L9)",
    "cet_l16" "黑蓝绿黄白（CET-L16）" "Black, blue, green, yellow, white (CET-L16)",
    "cet_l17" "白橙红蓝（CET-L17）" "White, orange, red, blue (CET-L17)",
    "cet_l18" "白黄橙红（CET-L18）" "White, yellow, orange, red (CET-L18)",
    "cet_l19" "白青紫红（CET-L19）" "White, cyan, magenta, red (CET-L19)",
    "cet_l20" "古尔德（CET-L20）" "Gouldian (CET-L20)",
    "cet_r2" "均匀彩虹（CET-R2）" "Even rainbow (CET-R2)",
    "cet_r4" "深彩虹（CET-R4）" "Deep rainbow (CET-R4)",
    "cet_i1" "等亮度（CET-I1）" "One lightness (CET-I1)",
};

pub(super) const CRAMERI_LINEAR: &[Palette] = tables! {
    Family::Perceptual, CRAMERI, "MIT";
    "batlow" "巴特洛" "Batlow",
    "batlow_k" "巴特洛（黑底）" "Batlow, from black",
    "batlow_w" "巴特洛（白顶）" "Batlow, to white",
    "davos" "达沃斯" "Davos",
    "oslo" "奥斯陆" "Oslo",
    "lajolla" "拉霍亚" "La Jolla",
    "tokyo" "东京" "Tokyo",
    "hawaii" "夏威夷" "Hawaii",
    "lapaz" "拉巴斯" "La Paz",
    "bilbao" "毕尔巴鄂" "Bilbao",
    "devon" "德文" "Devon",
    "turku" "图尔库" "Turku",
    "acton" "阿克顿" "Acton",
    "imola" "伊莫拉" "Imola",
    "nuuk" "努克" "Nuuk",
    "lipari" "利帕里" "Lipari",
    "navia" "纳维亚" "Navia",
};

pub(super) const CET_DIVERGING: &[Palette] = tables! {
    Family::Diverging, KOVESI, "CC-BY-4.0";
    "cet_d1" "蓝白红（CET-D1）" "Blue, white, red (CET-D1)",
    "cet_d3" "绿白红（CET-D3）" "Green, white, red (CET-D3)",
    "cet_d7" "蓝灰黄（CET-D7）" "Blue, grey, yellow (CET-D7)",
    "cet_d8" "蓝灰红（CET-D8）" "Blue, grey, red (CET-D8)",
};

pub(super) const CRAMERI_DIVERGING: &[Palette] = tables! {
    Family::Diverging, CRAMERI, "MIT";
    "vik" "维克" "Vik",
    "roma" "罗马" "Roma",
    "berlin" "柏林" "Berlin",
    "broc" "布罗克" "Broc",
    "cork" "科克" "Cork",
    "lisbon" "里斯本" "Lisbon",
    "tofino" "托菲诺" "Tofino",
};

pub(super) const CET_CYCLIC: &[Palette] = tables! {
    Family::Cyclic, KOVESI, "CC-BY-4.0";
    "cet_c2" "六色环（CET-C2）" "Six colours (CET-C2)",
    "cet_c5" "灰环（CET-C5）" "Grey (CET-C5)",
};

pub(super) const CRAMERI_CYCLIC: &[Palette] = tables! {
    Family::Cyclic, CRAMERI, "MIT";
    "roma_o" "罗马环" "Roma, cyclic",
    "vik_o" "维克环" "Vik, cyclic",
};
