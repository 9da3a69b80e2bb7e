import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { coalesced, dragged, meant, notches, pixelsAStep, toolOf, turnAbout, twoFingers, twoOrThree, wheeled } from "../gestures.js";

const look = (name) => JSON.parse(readFileSync(new URL(`../../../engine/looks/${name}.json`, import.meta.url)));
const plane = { viewport: 1, kind: "plane", slice: [10, 400], layers: [{ modality: "CT" }] };
const mip = { viewport: 2, kind: "projection", layers: [{ modality: "PT" }] };

test("the tool of a button is the look's, that of the bar is the left one's", () => {
  const rows = [
    ["uptake", 0, [], null, "window"],
    ["uptake", 1, [], null, "pan"],
    ["uptake", 0, ["shift"], null, "crosshair"],
    ["uptake", 0, [], "length", "length"],
    ["uptake", 0, ["shift"], "length", "crosshair"],
    ["uptake", "wheel", ["ctrl"], null, "zoom"],
    ["ge", 2, [], null, "scroll"],
    ["ge", 0, ["ctrl"], null, "rotate"],
    ["siemens", 2, [], null, "none"],
    ["siemens", 0, [], "pan", "pan"],
    ["philips", 2, [], null, "zoom"],
  ];
  for (const [name, button, modifiers, chosen, expected] of rows) assert.equal(toolOf(button, modifiers, look(name).mouse, chosen), expected, `${name} ${button} ${modifiers}`);
});

test("what cannot be paged turns, what cannot be crossed jumps", () => {
  const rows = [
    ["scroll", "plane", "scroll"],
    ["scroll", "projection", "turn"],
    ["scroll", { rendering: { preset: null } }, "turn"],
    ["crosshair", { projection: { of: "maximum" } }, "jump"],
    ["crosshair", "rendering", "turn"],
    ["rotate", "plane", "turn"],
    ["rotate", "stack", "rotate"],
    ["pan", "curved", "none"],
    ["zoom", "curved", "zoom"],
  ];
  for (const [tool, kind, expected] of rows) assert.equal(meant(tool, kind), expected);
});

test("a drag becomes the command of its tool", () => {
  const from = [10, 20, 200, 100];
  const to = [14, 26, 200, 100];
  const given = { from, to, start: from, by: [4, 6], layer: 1, rest: {}, height: 400 };
  assert.deepEqual(dragged("window", plane, given), { drag_window: { viewport: 1, layer: 1, by: [4, 6] } });
  assert.deepEqual(dragged("pan", plane, given), { pan: { viewport: 1, from, to } });
  assert.deepEqual(dragged("rotate", plane, given), { turn: { viewport: 1, from, to } });
  assert.deepEqual(dragged("crosshair", plane, given), { crosshair: { viewport: 1, at: to } });
  assert.deepEqual(dragged("crosshair", mip, given), { jump_to_maximum: { viewport: 2, layer: 1, at: to } });
  assert.equal(dragged("none", plane, given), null);
  const { zoom } = dragged("zoom", plane, given);
  assert.ok(zoom.factor < 1 && zoom.about === from, "down makes smaller, about where it began");
});

test("a drag pages whole steps and keeps what is left", () => {
  assert.equal(pixelsAStep(400, 400), 2);
  assert.equal(pixelsAStep(10, 900), 18);
  const rest = {};
  const piece = (pixels) => dragged("scroll", plane, { by: [0, pixels], rest, height: 1200 });
  assert.equal(piece(2), null);
  assert.deepEqual(piece(2), { scroll: { viewport: 1, steps: 1 } });
  assert.deepEqual(piece(8), { scroll: { viewport: 1, steps: 3 } });
  assert.deepEqual(piece(-3), { scroll: { viewport: 1, steps: -1 } });
});

test("the wheel pages, magnifies or turns", () => {
  const at = [50, 50, 100, 100];
  assert.deepEqual(wheeled("scroll", plane, 2, at), { scroll: { viewport: 1, steps: 2 } });
  assert.ok(wheeled("zoom", plane, -1, at).zoom.factor > 1);
  const { turn } = wheeled("scroll", mip, 1, at);
  assert.deepEqual([turn.from.slice(0, 2), turn.to[0] > 50, turn.to[1]], [[50, 50], true, 50]);
});

test("notches of a wheel count whole, pieces of a touchpad add up", () => {
  const rest = {};
  assert.equal(notches({ deltaMode: 0, deltaY: 120 }, rest), 1);
  assert.equal(notches({ deltaMode: 0, deltaY: -100 }, rest), -1);
  assert.equal(notches({ deltaMode: 1, deltaY: 3 }, rest), 1);
  const pieces = Array.from({ length: 10 }, () => notches({ deltaMode: 0, deltaY: 10 }, rest));
  assert.equal(pieces.reduce((a, b) => a + b, 0), 4);
});

test("an angle about the middle takes the short way", () => {
  assert.ok(Math.abs(turnAbout([100, 50, 100, 100], [50, 100, 100, 100]) - Math.PI / 2) < 1e-12);
  assert.ok(Math.abs(turnAbout([0, 51, 100, 100], [0, 49, 100, 100]) - 0.04) < 1e-4);
});

test("two fingers pan, magnify and, past a little, turn", () => {
  const held = {};
  const pair = (x, y, radius, angle) => [[x - radius * Math.cos(angle), y - radius * Math.sin(angle), 400, 400], [x + radius * Math.cos(angle), y + radius * Math.sin(angle), 400, 400]];
  const moved = twoFingers(plane, pair(100, 100, 50, 0), pair(110, 100, 100, 0.05), held);
  assert.deepEqual(moved.map((command) => Object.keys(command)[0]), ["pan", "zoom"]);
  assert.ok(Math.abs(moved[1].zoom.factor - 2) < 1e-9);
  const turned = twoFingers(plane, pair(110, 100, 100, 0.05), pair(110, 100, 100, 0.2), held).at(-1);
  assert.ok(Math.abs(turned.rotate.angle_rad - 0.2) < 1e-9, "with what was held back");
  const further = twoFingers(plane, pair(110, 100, 100, 0.2), pair(110, 100, 100, 0.25), held).at(-1);
  assert.ok(Math.abs(further.rotate.angle_rad - 0.05) < 1e-9);
});

test("a double tap goes into space and back", () => {
  assert.deepEqual(twoOrThree({ ...plane, layers: [{ modality: "PT" }] }), { set_kind: { viewport: 1, kind: { projection: { of: "maximum" } } } });
  assert.deepEqual(twoOrThree(plane), { set_kind: { viewport: 1, kind: { rendering: { preset: null } } } });
  assert.deepEqual(twoOrThree(mip), { set_kind: { viewport: 2, kind: "plane" } });
});

test("pieces of a movement become one command", () => {
  const all = [
    { scroll: { viewport: 1, steps: 2 } },
    { scroll: { viewport: 1, steps: -1 } },
    { pan: { viewport: 1, from: [1], to: [2] } },
    { zoom: { viewport: 1, factor: 2 } },
    { pan: { viewport: 1, from: [2], to: [3] } },
    { zoom: { viewport: 1, factor: 1.5 } },
    { scroll: { viewport: 2, steps: 1 } },
    { drag_window: { viewport: 1, layer: 0, by: [1, 2] } },
    { drag_window: { viewport: 1, layer: 1, by: [1, 2] } },
    { move_handle: { viewport: 1, mark: 3, handle: 0, to: [1] } },
    { move_handle: { viewport: 1, mark: 3, handle: 0, to: [2] } },
    { add_mark: { viewport: 1 } },
    { add_mark: { viewport: 1 } },
  ];
  assert.deepEqual(all.reduce(coalesced, []), [
    { scroll: { viewport: 1, steps: 1 } },
    { pan: { viewport: 1, from: [1], to: [3] } },
    { zoom: { viewport: 1, factor: 3 } },
    { scroll: { viewport: 2, steps: 1 } },
    { drag_window: { viewport: 1, layer: 0, by: [1, 2] } },
    { drag_window: { viewport: 1, layer: 1, by: [1, 2] } },
    { move_handle: { viewport: 1, mark: 3, handle: 0, to: [2] } },
    { add_mark: { viewport: 1 } },
    { add_mark: { viewport: 1 } },
  ]);
});
