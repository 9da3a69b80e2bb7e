import assert from "node:assert/strict";
import { test } from "node:test";
import { coalesced, dragged } from "../gestures.js";
import { areJoined, firstPair, pairsOf, stepOf, stepRead } from "../registration.js";

const one = (key, space, is_volume = true) => ({ key, space, is_volume });
const series = [one("ct", "1"), one("pet", "1"), one("mr", "9"), one("scout", "8", false)];
const keys = (pairs) => pairs.map((pair) => pair?.map(({ key }) => key).join(" on "));

test("volumes of another space are laid on each other", () => {
  assert.deepEqual(keys(pairsOf(series)), ["ct on mr", "pet on mr", "mr on ct", "mr on pet"]);
  assert.deepEqual(pairsOf(series.slice(0, 2)), []);
});

test("what is shown stays", () => {
  const pairs = pairsOf(series);
  assert.deepEqual(keys([firstPair(pairs, ["pet"]), firstPair(pairs, ["mr"]), firstPair(pairs, ["ct", "mr"]), firstPair(pairs, [])]), ["mr on pet", "ct on mr", "mr on ct", "ct on mr"]);
  assert.equal(firstPair([], ["ct"]), null);
});

test("a step is a command along or about an axis", () => {
  const pair = [series[2], series[0]];
  assert.deepEqual(stepOf(pair, "move", [0, 0, 1], -2), { align_by_hand: { moving: "mr", fixed: "ct", change: { move_by: { mm: [-0, -0, -2] } } } });
  const { angle_rad, axis } = stepOf(pair, "turn", [0, 1, 0], 90).align_by_hand.change.turn_by;
  assert.deepEqual([axis, angle_rad], [[0, 1, 0], Math.PI / 2]);
});

test("the upper series of a fused view is dragged, piece by piece as one", () => {
  const view = { viewport: 2, kind: "plane", layers: [{ series: "ct" }, { series: "mr" }] };
  const at = (x) => [x, 5, 100, 100];
  const drag = (from, to) => dragged("align", view, { from: at(from), to: at(to), start: at(0), by: [0, 0], layer: 1, rest: {}, height: 100 });
  assert.deepEqual(drag(1, 3), { align_by_hand: { moving: "mr", fixed: "ct", change: { drag: { viewport: 2, from: at(1), to: at(3) } } } });
  assert.equal(dragged("align", { ...view, layers: [{ series: "ct" }] }, { from: at(1), to: at(3) }), null);
  assert.deepEqual(coalesced(coalesced([], drag(1, 3)), drag(3, 8)), [drag(1, 8)]);
  const step = stepOf([series[2], series[0]], "move", [1, 0, 0], 2);
  assert.deepEqual(coalesced([drag(1, 3)], step), [drag(1, 3), step], "a step is no drag");
});

test("steps are typed within limits", () => {
  const rows = [["2", 2], ["0,5", 0.5], ["-3", 3], ["9999", 500], ["0", 0.1], ["", null], ["two", null]];
  for (const [text, expected] of rows) assert.equal(stepRead(text, "move"), expected, text);
  assert.equal(stepRead("400", "turn"), 180);
});

test("spaces are joined by what was found or laid, either way round", () => {
  const pair = [series[2], series[0]];
  const joint = (moving, fixed, origin) => [{ moving, fixed, origin }];
  assert.equal(areJoined(joint("9", "1", "hand"), pair), true);
  assert.equal(areJoined(joint("1", "9", { search_to_check: [] }), pair), true);
  assert.equal(areJoined(joint("9", "1", "none"), pair), false);
  assert.equal(areJoined(joint("9", "1", "offset"), pair), false, "an offset links views and lays nothing");
  assert.equal(areJoined(joint("7", "1", "hand"), pair), false);
});
