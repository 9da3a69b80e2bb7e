import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as drawing from "../drawing.js";

const close = (found, expected, by = 1e-9) => found.flat(2).forEach((value, n) => assert.ok(Math.abs(value - expected.flat(2)[n]) < by, `${found} is not ${expected}`));

test("its measures are the engine's", () => {
  const source = readFileSync(new URL("../../../engine/src/presentation/drawing/mod.rs", import.meta.url), "utf8");
  for (const name of ["TEXT_POINTS", "TEXT_ASCENT", "OUTLINE_POINTS", "OUTLINE_COLOR", "HANDLE_POINTS", "ARROW_HEAD_POINTS"]) {
    const written = new RegExp(`pub const ${name}: [^=]+= ([^;]+);`).exec(source)[1];
    assert.deepEqual(drawing[name], JSON.parse(written.replace(/(\d)\.0\b/g, "$1")), name);
  }
});

test("a text's anchor is where it says", () => {
  // A box of 40 by 10: its line is 8.8 below its top.
  const rows = [["top_left", [0, 8.8]], ["center", [-20, 3.8]], ["bottom_right", [-40, -1.2]], ["left", [0, 3.8]], ["top", [-20, 8.8]]];
  for (const [anchor, expected] of rows) close(drawing.textOrigin(anchor, 40, 10), expected);
});

test("an arrow's head ends at its tip and shrinks with short arrows", () => {
  const { base, corners } = drawing.arrowHead([0, 0], [20, 0], 1);
  close([base], [[11, 0]]);
  close(corners, [[20, 0], [11, 3.5], [11, -3.5]]);
  const short = drawing.arrowHead([0, 0], [4.5, 0], 1);
  close(short.corners, [[4.5, 0], [0, 1.75], [0, -1.75]]);
  assert.equal(drawing.arrowHead([3, 3], [3, 3], 1), null);
});

test("conjugate half axes give the ellipse through their ends", () => {
  for (const axes of [[[5, 0], [0, 2]], [[3, 4], [-1, 2]], [[0, 3], [3, 0]], [[2, 2], [2, -1]]]) {
    const { radii: [a, b], turn } = drawing.ellipseOf(axes);
    for (let angle = 0; angle < 6.3; angle += 0.37) {
      const [x, y] = [0, 1].map((n) => Math.cos(angle) * axes[0][n] + Math.sin(angle) * axes[1][n]);
      const u = (x * Math.cos(turn) + y * Math.sin(turn)) / a;
      const v = (-x * Math.sin(turn) + y * Math.cos(turn)) / b;
      assert.ok(Math.abs(u * u + v * v - 1) < 1e-9, `${axes} at ${angle}`);
    }
  }
});

test("dashes count their round ends", () => {
  close(drawing.dashOf({ dash: [5, 4], width_points: 1.4 }, 2), [7.2, 10.8]);
  assert.deepEqual(drawing.dashOf({ dash: null, width_points: 1 }, 1), []);
});

test("what is near is found, handles before lines", () => {
  const style = { color: [255, 255, 255, 255], width_points: 1, dash: null, outline: true };
  const marks = [
    { kind: "polyline", points: [[0, 0], [100, 0]], closed: false, style },
    { kind: "handle", at: [100, 0], shape: "square", selected: false, color: style.color },
    { kind: "ellipse", center: [50, 50], axes: [[20, 0], [0, 20]], style, fill: null },
    { kind: "text", at: [0, 90], anchor: "top_left", text: "R", size: 1 },
  ];
  const rows = [[[50, 3], "line"], [[98, 2], "handle"], [[50, 20], null], [[70, 52], "line"], [[50, 50], null], [[0, 90], null]];
  for (const [at, expected] of rows) assert.equal(drawing.near(marks, at, 5), expected, at.join());
});

test("a canvas is asked for outlines first and for pixel centres", () => {
  const calls = [];
  const context = new Proxy({}, { get: (_, name) => (...given) => calls.push([name, ...given]), set: (_, name, value) => calls.push([name, value]) });
  drawing.draw(context, [{ kind: "polyline", points: [[0, 0], [4, 0]], closed: false, style: { color: [255, 0, 0, 128], width_points: 2, dash: null, outline: true } }, { kind: "unheard of" }], 2);
  assert.deepEqual(calls.find(([name]) => name === "setTransform"), ["setTransform", 1, 0, 0, 1, 0.5, 0.5]);
  const widths = calls.filter(([name]) => name === "lineWidth").map(([, width]) => width);
  assert.deepEqual(widths, [4 + 2 * 1.2 * 2, 4]);
  const colors = calls.filter(([name]) => name === "strokeStyle").map(([, color]) => color);
  assert.deepEqual(colors, ["rgb(0 0 0 / 1)", `rgb(255 0 0 / ${128 / 255})`]);
});
