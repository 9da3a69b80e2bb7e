import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { EN } from "../words-en.js";
import { ZH } from "../words-zh.js";
import * as images from "../words-images.js";
import { familyOf, number, words } from "../words.js";
import { inChinese } from "../refusals.js";
import { MARK_TOOLS, MOVE_TOOLS, VOI_TOOLS } from "../tools.js";

const engine = new URL("../../../engine/", import.meta.url);
const own = new URL("../", import.meta.url);
const read = (path, base = engine) => readFileSync(new URL(path, base), "utf8");

test("both languages have the same keys and braces", () => {
  assert.deepEqual(Object.keys(ZH), Object.keys(EN));
  const braces = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const key of Object.keys(ZH)) {
    assert.ok(ZH[key] && EN[key], key);
    assert.deepEqual(braces(ZH[key]), braces(EN[key]), key);
    assert.ok(!/[一-鿿]/.test(EN[key]), `${key}: ${EN[key]}`);
  }
});

test("every word that the modules ask for is there", () => {
  const asked = new Set();
  for (const file of readdirSync(own).filter((name) => name.endsWith(".js"))) {
    const text = read(file, own);
    for (const [, key] of text.matchAll(/\bt\("(\w+)"/g)) asked.add(key);
    for (const [, key] of text.matchAll(/\b(?:word|onWord|title): "(\w+)"/g)) asked.add(key);
    for (const [, key] of text.matchAll(/\b(?:toast|askText|act|tick)\("(\w+)"/g)) asked.add(key);
  }
  assert.ok(asked.size > 120, `${asked.size} keys found`);
  assert.deepEqual([...asked].filter((key) => !(key in ZH)), []);
});

test("tools, kinds and reasons have words", () => {
  const keys = [...MOVE_TOOLS, ...MARK_TOOLS, ...VOI_TOOLS].map((name) => `tool_${name}`);
  for (const kind of ["stack", "tiles", "interleaved", "plane", "curved", "projection", "rendering"]) keys.push(`kind_${kind}`);
  for (const why of read("capability.js", own).matchAll(/why: "(\w+)"/g)) keys.push(`drawer_why_${why[1]}`);
  for (const command of read("src/session/controls.rs").matchAll(/(?:of_layer|view)\(\s*"(\w+)"/g)) keys.push(`control_${command[1]}`);
  assert.ok(keys.includes("control_set_slab") && keys.includes("drawer_why_memory"));
  assert.deepEqual(keys.filter((key) => !(key in ZH)), []);
});

test("figures of the engine have words", () => {
  const names = ["figures.rs", "readouts.rs"].flatMap((file) => [...read(`src/session/${file}`).matchAll(/(?:figure|of|of_series)\("(\w+)"/g)].map((found) => found[1]));
  assert.ok(names.includes("peak_global_pv") && names.includes("cobb_angle"));
  assert.deepEqual(names.filter((name) => !(`figure_${name}` in ZH)), []);
});

test("titles of window presets, renderings, protocols and palettes are the engine's", () => {
  const standard = [...read("src/presentation/preset/standard.rs").matchAll(/\(\s*"([a-z_0-9]+)",\s*"([^"]+)",\s*"([^"]+)",/g)];
  assert.deepEqual(images.WINDOWS, Object.fromEntries(standard.map(([, name, zh, en]) => [name, [zh, en]])));
  const head = (text, key) => new RegExp(`# ${key}: (.*)`).exec(text)[1];
  const files = readdirSync(new URL("presets/", engine)).filter((name) => name.endsWith(".csv")).sort();
  assert.deepEqual(images.RENDERINGS, Object.fromEntries(files.map((name) => {
    const text = read(`presets/${name}`);
    return [name.slice(0, -4), [head(text, "zh"), head(text, "en"), head(text, "modality")]];
  })));
  const hanging = readdirSync(new URL("hanging/", engine)).map((name) => JSON.parse(read(`hanging/${name}`)));
  assert.deepEqual(images.PROTOCOLS, Object.fromEntries(hanging.map(({ name, title }) => [name, [title.zh, title.en]])));
  const catalogue = ["dicom", "formula", "published", "style"].map((name) => read(`src/colormap/catalog/${name}.rs`)).join("");
  const palettes = [...catalogue.matchAll(/"([a-z_0-9]+)",?\s+"([^"]*[一-鿿PSMR][^"]*)",?\s+"([^"]+)"/g)];
  for (const [, name, zh, en] of palettes) assert.deepEqual(images.PALETTES[name]?.slice(0, 2), [zh, en], name);
  assert.ok(palettes.length > 90, `${palettes.length} palettes read`);
  for (const name of readdirSync(new URL("colormaps/", engine)).filter((file) => file.endsWith(".csv"))) assert.ok(images.PALETTES[name.slice(0, -4)], name);
  for (const [, , family] of Object.values(images.PALETTES)) assert.ok(images.FAMILIES[family], family);
});

test("names are read in the reader's language", () => {
  const [zh, en] = [words("zh-CN"), words("en-GB")];
  assert.equal(zh.palette("hot_iron_inverted"), "热铁（反）");
  assert.equal(en.palette("hot_iron_inverted"), "Hot Iron (inverted)");
  assert.equal(zh.preset("suv_0_7"), "SUV 0–7");
  assert.equal(zh.preset("lung"), "肺");
  assert.equal(en.preset("our_own"), "our own");
  assert.equal(familyOf("gray_inverted"), "ramp");
  assert.equal(words("fr").language, "zh-CN");
  assert.equal(en("lost", { seconds: 3 }), "The link was lost; trying again in 3 s");
});

test("numbers have the digits that their unit is read with", () => {
  const rows = [[41.7, "HU", "42"], [-0.2, "HU", "0"], [3.14159, "SUVbw", "3.14"], [12.34, "mm", "12.3"], [0.01234, "Bq/ml", "0.012"], [1234.5, "Bq/ml", "1235"], [NaN, "mm", "–"], [7, "px", "7"]];
  for (const [value, unit, expected] of rows) assert.equal(number(value, unit), expected);
  assert.equal(words("en").value(30, "deg"), "30.0°");
  assert.equal(words("zh").value(12, "counts"), "12 计数");
});

test("the engine's refusals are read in Chinese", () => {
  const rows = [
    ["no view has the number 7", "没有编号为 7 的视图"],
    ["there is nothing to take back", "没有可撤销的操作"],
    ['the voxels of "1.2.3" have not come yet', "此序列尚未读取完"],
    ["12 lesions; 3 sites of uptake were taken for physiological", "检出 12 个病灶；3 处摄取判为生理性"],
    ["a window needs a series in the view, found nothing", "窗需要视图中有序列，现为无内容"],
    ["something new", "something new"],
  ];
  for (const [text, expected] of rows) assert.equal(inChinese(text), expected);
});

test("every kind of refusal has a pattern", () => {
  const source = read("src/session/error.rs");
  const examples = [...source.matchAll(/#\[error\("((?:[^"\\]|\\.)+)"\)\]/g)].map((found) => found[1]).filter((text) => !/^\{\d?\}$/.test(text));
  const values = { 0: "7", 1: "1.2.3", what: "points", expected: "2 to 4", found: "3", layers: "2", key: "1.2.3", reason: "no space" };
  const filled = examples.map((text) => text.replace(/\{(\w+):\?\}/g, (_, name) => `"${values[name]}"`).replace(/\{(\w+)\}/g, (_, name) => values[name]));
  const same = filled.filter((text) => inChinese(text) === text);
  assert.ok(examples.length > 15, `${examples.length} refusals read`);
  assert.deepEqual(same, []);
});
