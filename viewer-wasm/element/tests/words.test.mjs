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

/** Sentences of errors in a source, with something in their braces. */
function sentences(text) {
  const values = { MAX_SIDE: "16384", MAX_POINTS: "256", MAX_LINES: "20", MAX_CELLS: "64", which: "fixed", what: "the radius", units: "GML", expected: "12", problem: "no name" };
  const found = [...text.matchAll(/#\[error\(\s*"((?:[^"\\]|\\.)+)"/g)].map(([, said]) => said).filter((said) => !/^\{\d?\}$/.test(said));
  return found.map((said) => said.replace(/\{(\w*)(?::[^}]*)?\}/g, (_, name) => values[name] ?? "7"));
}

test("what is said of numbers, volumes, registrations and planes is read in Chinese, with its numbers", () => {
  const files = ["suv/refusal.rs", "voi/caliper.rs", "voi/shape.rs", "voi/grow.rs", "voi/one_click.rs", "voi/threshold.rs", "voi/boundary.rs", "voi/statistics.rs", "voi/peak.rs", "voi/measurement.rs", "voi/polygon.rs", "presentation/plane.rs", "presentation/curve.rs", "presentation/hanging/hung.rs", "registration/error.rs", "registration/hand/change.rs", "registration/hand/landmarks/mod.rs", "lesion/detect.rs", "fusion/alignment.rs"];
  const said = files.flatMap((file) => sentences(read(`src/${file}`)));
  const within = (text, pattern) => [...text.matchAll(pattern)].map((found) => found[1].replace(/\{[^}]*\}/g, "7"));
  said.push(...within(read("src/lesion/detect.rs"), /warnings\s*\.push\(\s*(?:format!\()?"([^"]+)"/g), ...within(read("src/lesion/references.rs"), /doubts\.push\("([^"]+)"/g));
  said.push(...within(read("src/registration/verdict.rs"), /(?:write!\(\s*f,\s*|f\.write_str\()"([^"]+)"/g).map((text) => text.replace("the 7 volume", "the moving volume")));
  said.push(...within(read("src/session/picture/mod.rs"), /=> "(fused [^"]+)"/g), ...within(read("src/session/scale.rs"), /: &str = "([^"]+)"/g), ...within(read("src/session/picture/planar.rs"), /HIDDEN: &str = "([^"]+)"/g));
  const apply = new URL("src/session/apply/", engine);
  for (const name of readdirSync(apply).filter((file) => file.endsWith(".rs"))) said.push(...within(read(name, apply), /remark\((?:format!\(\s*)?\s*"([^"]+)"/g));
  said.push(...within(read("../viewer/src/arrivals.rs"), /(?:None => |ok_or\(|Failed\(|format!\()"([a-z{][^"]+)"/g));
  assert.ok(said.length > 130, `${said.length} sentences read`);
  const isEnglish = (text) => /\b[a-z]{3,}\b/.test(text.replace(/\b(half-lives|rms)\b/g, "").replace(/no name/g, ""));
  const digits = (text) => (text.match(/\d+(\.\d+)?/g) ?? []).sort().join();
  // Whose key has no name for a reader, and a place without one.
  assert.deepEqual(said.filter((text) => isEnglish(inChinese(text))), []);
  for (const text of said.filter((one) => !/frame of reference/.test(one))) assert.equal(digits(inChinese(text)), digits(text), text);
});

test("what is needed and what is found is read in Chinese", () => {
  const folders = ["src/session/apply/", "src/session/"].map((path) => new URL(path, engine));
  const sources = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".rs")).map((name) => read(name, folder)));
  const refusals = sources.flatMap((text) => [...text.matchAll(/NotShown \{([^}]*)\}/g)].map((found) => found[1]));
  const named = new Set(refusals.flatMap((text) => [...text.matchAll(/(?:what|expected|found): "([^"]+)"/g)].map((found) => found[1])));
  assert.ok(named.size > 40, `${named.size} found`);
  assert.deepEqual([...named].filter((what) => /[a-z]/.test(inChinese(`${what} needs ${what} in the view, found ${what}`))), []);
});

test("what makes SUV doubtful is read in Chinese, with its numbers", () => {
  const folder = new URL("src/suv/", engine);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".rs")).map((name) => read(name, folder).split("#[cfg(test)]")[0]);
  const direct = sources.flatMap((text) => [...text.matchAll(/notes\.warn\(\s*"[\w-]+",\s*(?:format!\(\s*)?"((?:[^"\\]|\\.)+)"/g)].map((found) => found[1]));
  const named = sources.flatMap((text) => [...text.matchAll(/let text =\s*format!\(\s*"((?:[^"\\]|\\.)+)"[^;]*;\s*notes\.warn/g)].map((found) => found[1]));
  const said = [...direct, ...named].map((text) => text.replace(/\{[^}]*\}/g, "7"));
  assert.ok(said.length >= 18, `${said.length} warnings read`);
  const digits = (text) => (text.match(/\d+/g) ?? []).sort().join();
  for (const text of said) {
    assert.notEqual(inChinese(text), text);
    if (!text.startsWith("Series Time")) assert.equal(digits(inChinese(text)), digits(text), text);
  }
});

test("how conversations end is read in Chinese", () => {
  const files = ["server/src/streaming/socket.rs", "server/src/streaming/host.rs", "server/src/streaming/sessions.rs", "server/src/streaming/opened.rs", "viewer-wasm/src/drawer.rs", "viewer-wasm/src/loading.rs", "viewer-wasm/src/page.rs", "viewer-wasm/element/link.js", "viewer-wasm/element/local-worker.js"];
  const source = files.map((file) => read(`../${file}`)).join("\n");
  const ends = ["expected at most {0} sessions, found as many; try again later", "there is no such session", "its images need {} MB, and this server has no more room now", "its images could not be read", "the session ended, or the viewer read too slowly", "the viewer does not answer", "the session ended", "the session ends here", "the server ends this session", "the viewer takes too long to read what it is told", "a picture could not be made", "a picture could not be coded", "the link was lost", "the connection was lost", "the series has changed while it was loaded; open it again", "the page may hold {most} MB of images; the series has {more} MB more", "a view wants more pictures than the page can make", "the viewer failed at {}"];
  for (const text of ends) {
    assert.ok(source.includes(`"${text}`), `${text} is said`);
    const said = text.replace(/\{\w*\}/g, "64");
    assert.ok(/^[^a-z]+$/.test(inChinese(said)) && inChinese(said).includes("64") === said.includes("64"), inChinese(said));
  }
});

test("limits of numbers are read in Chinese", () => {
  const folder = new URL("src/session/", engine);
  const sources = ["apply/look.rs", "apply/place.rs", "apply/marks.rs", "apply/vois.rs", "apply/motion.rs", "apply/align.rs", "apply/planar.rs", "snapshot.rs", "search.rs", "sight.rs"].map((name) => read(name, folder));
  const pairs = sources.flatMap((text) => [...text.matchAll(/within\(\s*"([^"]+)",\s*"([^"]+)"/g)]);
  assert.ok(pairs.length > 20, `${pairs.length} found`);
  for (const [, what, expected] of pairs) assert.ok(!/[a-z]{3,}/.test(inChinese(`${what} must be ${expected}, found 9`)), inChinese(`${what} must be ${expected}, found 9`));
  const counted = sources.flatMap((text) => [...text.matchAll(/at_most\("([^"]+)"/g)].map((found) => found[1]));
  for (const what of counted) assert.ok(!/[a-z]{3,}/.test(inChinese(`expected at most 5 ${what}, found 6`)), what);
  assert.equal(inChinese("the radius must be above 0, to 2000 mm, found -1"), "半径应大于 0、不超过 2000 mm，输入为 -1");
});

test("a sentence within another is read too", () => {
  const rows = [
    ["no SUV: no Radionuclide Half Life in the images; expected a value", "无法计算 SUV：图像缺少核素半衰期"],
    ["look at the registration: a place 12.3 mm away fits nearly as well; the map bends by up to 4.0 mm", "请核对配准：相距 12.3 mm 的位置同样吻合；变换最多弯曲 4.0 mm"],
    ['view 3 is empty: the voxels of "1.2" cannot be had: 4 of its images have not come', "视图 3 为空：无法读取此序列：有 4 幅图像未收到"],
    ["liver reference: placed without CT", "肝脏参考区：未借助 CT 放置"],
    ["view 6 is empty: prior_pet is missing: no series of the latest prior study is PT, uptake, with a volume", "视图 6 为空：缺少 既往 PET：最近一次既往检查中没有 PT、摄取图像、有容积 的序列"],
    ["1.2.840.1#2: statistics need at least one finite value, found 3 voxels without", "掩膜内没有有限值（3 个体素）"],
  ];
  for (const [text, expected] of rows) assert.equal(inChinese(text), expected);
});

test("what a refusal names is read in Chinese", () => {
  const folder = new URL("src/session/apply/", engine);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".rs")).map((name) => read(name, folder));
  const asked = sources.flatMap((text) => [...text.matchAll(/self\.shown(?:_mut)?\([^)"]*"([a-z ]+)"\)/g)].map((found) => found[1]));
  assert.ok(asked.length > 15, `${asked.length} found`);
  const unknown = [...new Set(asked)].filter((what) => /[a-z]/.test(inChinese(`${what} needs a plane in the view, found tiles`)));
  assert.deepEqual(unknown, []);
});
