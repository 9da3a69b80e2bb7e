import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fitting from "../fitting.js";

const { boxOf, fewHandles, fitted, isLight, LARGER, LINE, MARGIN, onWhite, rolesOf } = fitting;

/** As wide as usual letters are; Chinese ones are squares. */
const measure = (text, height) => [...text].reduce((sum, letter) => sum + (/[⺀-鿿]/.test(letter) ? 1 : 0.6) * height, 0);

const text = (words, at, anchor, size = 1) => ({ kind: "text", text: words, at, anchor, size, color: [255, 255, 255, 255], outline: true, angle_rad: 0 });
const style = { color: [255, 255, 255, 255], width_points: 1.4, dash: null, outline: true };

/** What engine's page.rs draws of corners, bar, letters and ruler. */
function page(corners, [width, height], scale, { bar = true, letters = ["A", "P", "R", "L"], ruler = 60 } = {}) {
  const [margin, line] = [MARGIN * scale, LINE * scale];
  const above = (size) => (0.88 - 0.738) * 13 * size * scale;
  const put = (words, [x, top], anchor, size = 1) => text(words, [x - 0.5, top - above(size) - 0.5], anchor, size);
  const [topLeft, topRight, bottomLeft] = corners;
  const lines = (all, x, top, anchor) => all.map((words, n) => put(words, [x, top + n * line], anchor));
  const marks = [...lines(topLeft, margin, margin, "top_left"), ...lines(topRight, width - margin, margin, "top_right"), ...lines(bottomLeft, margin, height - margin - line * bottomLeft.length, "top_left")];
  const [top, bottom, right] = [height * 0.3, height * 0.7, width - margin - 2 * scale];
  if (bar) {
    marks.push({ kind: "color_ramp", upper_left: [right - 9 * scale, top], lower_right: [right, bottom], colors: [[0, 0, 0]], style });
    marks.push(put("1749", [width - margin, top - line], "top_right"), put("SUVbw", [width - margin, top - 2 * line], "top_right"), put("0", [width - margin, bottom + 0.3 * line], "top_right"));
  }
  const half = (line * LARGER) / 2;
  const edge = bar ? right - 9 * scale - margin : width - margin;
  const [head, feet, left, rightLetter] = letters;
  marks.push(put(left, [margin, height / 2 - half], "top_left", LARGER), put(rightLetter, [edge, height / 2 - half], "top_right", LARGER), put(head, [width / 2, margin], "top", LARGER), put(feet, [width / 2, height - margin - 2 * half], "top", LARGER));
  const [from, low] = [width - margin - 2 * scale - ruler * scale, height - margin - 3 * scale];
  marks.push({ kind: "polyline", points: [[from, low - 5 * scale], [from, low], [right, low], [right, low - 5 * scale]], closed: false, style }, put("100 mm", [(from + right) / 2, low - 5 * scale - line], "top"));
  return marks;
}

const REAL = [["STS_013", "STS_013", "M", "082Y"], ["County Hospital, Department of Nuclear Medicine", "2000-08-13", "14:56:19", "IBSI_1_STS_013_PET_image"], ["58 / 114", "3 / 8", "-176.2, -127.3, -1715.8 mm", "100 %", "W 2500 L 500", "W 5 L 2.5"]];
const CHINESE = [["体模全身检查患者", "PETCT0001", "M"], ["第一人民医院核医学科", "2024-06-07", "08:45:00", "全身断层显像衰减校正"], ["0.0, 16.6, 321.0 mm", "100 %", "W 400 L 40"]];
const MARK = { ...text("12.3 mm", [80, 80], "bottom_left"), color: [255, 220, 60, 255] };

const texts = (marks) => marks.filter(({ kind }) => kind === "text").map((mark) => mark.text);

test("its measures are the engine's", () => {
  const source = readFileSync(new URL("../../../engine/src/presentation/drawing/page.rs", import.meta.url), "utf8");
  for (const name of ["MARGIN", "LINE", "LARGER", "CAPITAL"]) {
    const written = new RegExp(`const ${name}: f64 = ([\\d.]+);`).exec(source)[1];
    assert.equal(fitting[name], Number(written), name);
  }
});

test("nothing lies over anything else at any size, and directions and names stay", () => {
  const sides = [160, 173, 190, 205, 213, 246, 300, 357, 412, 640, 1200];
  let checked = 0;
  for (const corners of [REAL, CHINESE]) {
    for (const width of sides) {
      for (const height of sides) {
        for (const [scale, letters] of [[0.8, ["A", "P", "R", "L"]], [1, ["HA", "FP", "RAH", "LPF"]]]) {
          const given = [...page(corners, [width, height], scale, { letters, ruler: (width / scale) * 0.2 }), MARK];
          const marks = fitted(given, [width, height], scale, measure);
          const boxes = marks.slice(0, -1).map((mark) => boxOf(mark, scale, measure));
          const where = `${width} x ${height} at ${scale}: ${texts(marks).join(" | ")}`;
          for (const [n, one] of boxes.entries()) {
            assert.ok(one[0] >= 0 && one[2] <= width && one[1] >= 0 && one[3] <= height, where);
            for (const other of boxes.slice(0, n)) assert.ok(one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] + 1e-9 || other[3] <= one[1] + 1e-9, `${where}: ${one} ${other}`);
          }
          for (const letter of letters) assert.ok(texts(marks).includes(letter), where);
          assert.ok(texts(marks).some((words) => words.startsWith(corners[0][0].slice(0, 2))) && texts(marks).some((words) => words.startsWith(corners[0][1].slice(0, 2))), where);
          assert.deepEqual(marks.at(-1), MARK, "a measurement is nothing to be moved");
          checked += 1;
        }
      }
    }
  }
  assert.equal(checked, 484);
});

test("numbers are whole or not there", () => {
  for (const width of [160, 180, 200, 240]) {
    for (const words of texts(fitted(page(REAL, [width, 200], 0.8), [width, 200], 0.8, measure))) {
      if (/\d/.test(words) && !words.endsWith("…")) assert.ok([...REAL.flat(), "1749", "0", "100 mm"].includes(words), words);
      else if (words.endsWith("…")) assert.ok([...REAL[0].slice(0, 2), REAL[1][0], REAL[1][3]].some((whole) => whole.startsWith(words.slice(0, -1))), words);
    }
  }
});

test("where there is room all is as it was told", () => {
  const given = page(CHINESE, [1200, 900], 1);
  const marks = fitted(given, [1200, 900], 1, measure);
  assert.equal(marks.length, given.length);
  for (const mark of given.filter(({ kind }) => kind === "text")) {
    const found = marks.find((one) => one.text === mark.text && one.anchor === mark.anchor);
    assert.ok(Math.hypot(found.at[0] - mark.at[0], found.at[1] - mark.at[1]) < 1e-9, mark.text);
  }
  assert.equal(fitted([MARK], [100, 100], 1, measure).length, 1);
});

test("what matters least goes first", () => {
  const left = (side) => texts(fitted(page(CHINESE, [side, side], 0.8), [side, side], 0.8, measure));
  const [small, large] = [left(160), left(330)];
  for (const words of ["08:45:00", "100 %", "SUVbw"]) assert.ok(!small.includes(words) && large.includes(words), `${words}: ${small} / ${large}`);
  for (const words of ["PETCT0001", "W 400 L 40"]) assert.ok(small.includes(words), `${words}: ${small}`);
});

test("a window that the letter below stands in the way of goes above it", () => {
  const marks = fitted(page(REAL, [166, 330], 0.8), [166, 330], 0.8, measure);
  const [window, letter] = ["W 2500 L 500", "P"].map((words) => boxOf(marks.find((mark) => mark.text === words), 0.8, measure));
  assert.ok(window[2] > letter[0] - 4 && window[3] <= letter[1], `${window} ${letter}`);
});

test("lines are told apart by how they are written", () => {
  assert.deepEqual(rolesOf("top_left", REAL[0]), ["identity", "identity", "more_identity", "more_identity"]);
  assert.deepEqual(rolesOf("top_right", REAL[1]), ["institution", "date", "time", "description"]);
  assert.deepEqual(rolesOf("bottom_left", REAL[2]), ["slice", "phase", "place", "zoom", "window", "window"]);
  assert.deepEqual(rolesOf("bottom_left", ["PT 3 / 9", "12, 7", "W 0.5 L -3"]), ["slice", "place", "window"]);
});

test("a line of many points keeps few handles", () => {
  const handle = (n) => ({ kind: "handle", at: [n, 0], shape: "square", selected: false, color: [255, 220, 60, 255] });
  const handles = (count) => Array.from({ length: count }, (_, n) => handle(n * 4));
  const ats = (marks) => marks.filter(({ kind }) => kind === "handle").map(({ at }) => at[0]);
  assert.deepEqual(ats(fewHandles([MARK, ...handles(17), MARK], 1)), [0, 16, 32, 48, 64]);
  assert.equal(fewHandles([MARK, ...handles(17), MARK], 1).filter((mark) => mark === MARK).length, 2);
  assert.equal(fewHandles(handles(16), 1).length, 16);
});

test("on white what is white is dark, and colours stay", () => {
  const [dark, line, yellow] = onWhite([text("A", [0, 0], "top"), { kind: "polyline", points: [], style }, MARK]);
  assert.ok(dark.color[0] < 40 && dark.outline_color[0] === 255 && line.style.color[0] < 40);
  assert.deepEqual(yellow, MARK);
  assert.deepEqual(["#ffffff", "#000000", "#f0f921", "#440154"].map(isLight), [true, false, true, false]);
});
