import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as drafts from "../drafts.js";
import { MARK_TOOLS } from "../tools.js";

const at = (x, y) => [x, y, 400, 300];
const drawn = (kind, ...points) => points.reduce(drafts.with_, drafts.begun(kind));

test("every kind of mark of the engine can be drawn", () => {
  const source = readFileSync(new URL("../../../engine/src/session/state/drawn.rs", import.meta.url), "utf8");
  const names = /pub enum MarkKind \{([\s\S]*?)\n\}/.exec(source)[1].match(/^ {4}([A-Z]\w+),/gm).map((line) => line.trim().replace(",", "").toLowerCase());
  // An outline along edges becomes a mark by hand, a curve a view.
  assert.deepEqual(MARK_TOOLS.filter((tool) => tool !== "livewire").sort(), names.sort());
  assert.deepEqual(Object.keys(drafts.POINTS).filter((kind) => kind !== "curve").sort(), names);
});

test("a mark is whole with its points", () => {
  const rows = [["length", 2], ["angle", 3], ["cobb", 4], ["bidirectional", 4], ["cardiothoracic", 6], ["text", 1], ["circle", 2], ["ellipse", 2]];
  for (const [kind, count] of rows) {
    const points = Array.from({ length: count }, (_, n) => at(10 * n, 5 * n));
    assert.equal(drafts.isWhole(drawn(kind, ...points.slice(1))), false, kind);
    assert.equal(drafts.isWhole(drawn(kind, ...points)), true, kind);
  }
});

test("what has as many points as one likes may end with the fewest", () => {
  for (const [kind, least] of [["polyline", 2], ["polygon", 3], ["spline", 3]]) {
    const points = Array.from({ length: least }, (_, n) => at(10 * n, 7 * n * n));
    assert.equal(drafts.mayEnd(drawn(kind, ...points.slice(1))), false, kind);
    assert.equal(drafts.mayEnd(drawn(kind, ...points)), true, kind);
    assert.equal(drafts.isWhole(drawn(kind, ...points)), false, kind);
  }
});

test("an ellipse is dragged as a box and told by its axes", () => {
  const told = drafts.addMark(drawn("ellipse", at(10, 20), at(50, 40)), 7);
  assert.deepEqual(told, { add_mark: { viewport: 7, kind: "ellipse", points: [at(10, 30), at(50, 30), at(30, 20)], text: "" } });
});

test("a click is no drag", () => {
  assert.equal(drafts.isMeant(drawn("length", at(10, 10), at(12, 11)), 5), false);
  assert.equal(drafts.isMeant(drawn("length", at(10, 10), at(16, 11)), 5), true);
  assert.equal(drafts.isMeant(drawn("angle", at(1, 1)), 5), true);
});

test("a line by hand leaves out what lies close", () => {
  assert.equal(drawn("freehand", at(0, 0), at(1, 1), at(4, 0), at(4.5, 0.5)).points.length, 2);
});

test("the band follows the pointer", () => {
  const [line, ...handles] = drafts.band(drawn("length", at(1, 2)), at(9, 9));
  assert.deepEqual(line.points, [[1, 2], [9, 9]]);
  assert.deepEqual(handles.map(({ at: place }) => place), [[1, 2]]);
  const [box] = drafts.band(drawn("rectangle", at(0, 0)), at(4, 2));
  assert.deepEqual([box.points, box.closed], [[[0, 0], [4, 0], [4, 2], [0, 2]], true]);
  const cobb = drafts.band(drawn("cobb", at(0, 0), at(4, 0), at(0, 9)), at(4, 8)).filter(({ kind }) => kind === "polyline");
  assert.deepEqual(cobb.map(({ points }) => points.length), [2, 2]);
  assert.deepEqual(drafts.band(drafts.begun("length"), null), []);
});
