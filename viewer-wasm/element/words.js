// Words by key in the reader's language, with what goes into their braces; titles of what the engine names; numbers.

import { ZH } from "./words-zh.js";
import { EN } from "./words-en.js";
import { PALETTES, FAMILIES, PROTOCOLS, RENDERINGS, WINDOWS } from "./words-images.js";
import { inChinese } from "./refusals.js";

const INVERTED = "_inverted";
const UNITS = { SUVbw: "SUV", mm2: "mm²", deg: "°", 1: "", "Bq/ml": "Bq/mL" };
const DIGITS = { HU: 0, counts: 0, px: 0, mm: 1, mm2: 0, deg: 1, SUVbw: 2, mL: 2, g: 1 };

/** The words of a language, `zh-CN` or `en`, as a function with helpers. */
export function words(language) {
  const isChinese = !/^en/i.test(language ?? "");
  const table = isChinese ? ZH : EN;
  const title = ([zh, en]) => (isChinese ? zh : en);
  const t = (key, values = {}) => (table[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const named = (titles, name) => (titles[name] ? title(titles[name]) : name);
  return Object.assign(t, {
    language: isChinese ? "zh-CN" : "en",
    isChinese,
    has: (key) => key in table,
    kind: (name) => t(`kind_${name}`),
    modality: (name) => (name === "PT" ? "PET" : name),
    preset: (name) => named(WINDOWS, name) === name ? suvPreset(name) : named(WINDOWS, name),
    rendering: (name) => named(RENDERINGS, name),
    protocol: (name) => named(PROTOCOLS, name),
    palette: (name) => {
      const plain = name.endsWith(INVERTED) ? name.slice(0, -INVERTED.length) : name;
      return named(PALETTES, plain) + (plain === name ? "" : t("palette_inverted"));
    },
    family: (name) => named(FAMILIES, name),
    figure: (name) => (`figure_${name}` in table ? t(`figure_${name}`) : name),
    unit: (unit) => UNITS[unit] ?? (`unit_${unit}` in table ? t(`unit_${unit}`) : unit),
    look: (look) => look.title?.[isChinese ? "zh" : "en"] ?? look.name,
    refusal: (text) => (isChinese ? inChinese(text) : text),
    remark: (text) => (isChinese ? inChinese(text) : text),
    number,
    value: (value, unit) => [number(value, unit), UNITS[unit] ?? (`unit_${unit}` in table ? t(`unit_${unit}`) : unit)].filter(Boolean).join(unit === "deg" ? "" : " "),
    joined: (parts) => parts.join(isChinese ? "，" : ", "),
  });
}

function suvPreset(name) {
  const range = /^suv_0_(\d+(?:\.\d+)?)$/.exec(name);
  return range ? `SUV 0–${range[1]}` : name.replaceAll("_", " ");
}

/** A number with as many digits as its unit is read with; small ones keep three that count. */
export function number(value, unit) {
  if (!Number.isFinite(value)) return "–";
  const digits = DIGITS[unit] ?? (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 3);
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** The family of a palette's name; `style` for those that are not known. */
export function familyOf(name) {
  const plain = name.endsWith(INVERTED) ? name.slice(0, -INVERTED.length) : name;
  return PALETTES[plain]?.[2] ?? "style";
}

/** Families in the order of a menu. */
export const FAMILY_ORDER = Object.keys(FAMILIES);

/** The modality that a volume rendering is for. */
export function renderingFor(name) {
  return RENDERINGS[name]?.[2] ?? null;
}
