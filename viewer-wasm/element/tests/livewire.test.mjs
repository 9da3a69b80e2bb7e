import assert from "node:assert/strict";
import { test } from "node:test";
import { band, begun, mayEnd, with_ } from "../drafts.js";
import { clicked, joined, Livewire } from "../livewire.js";
import { curveTarget } from "../conversation.js";
import { fits, isDrawing } from "../tools.js";

const spot = (x, y) => [x, y, 100, 100];

/** A drawer that goes round corners: first across, then down; later answers may come first. */
function viewer(asked, delays = []) {
  return {
    problem: (error) => asked.push(error.message),
    ask: async ({ livewire: { from, to } }) => {
      asked.push([from.slice(0, 2), to.slice(0, 2)]);
      await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0));
      if (to[0] < 0) throw new Error("too far");
      return [from, spot(to[0], from[1]), to];
    },
  };
}

test("ways are joined without their common points, and thinned where there are too many", () => {
  assert.deepEqual(joined([[spot(0, 0), spot(1, 0)], [spot(1, 0), spot(1, 1)]]), [spot(0, 0), spot(1, 0), spot(1, 1)]);
  const many = Array.from({ length: 9001 }, (_, n) => spot(n, 0));
  const few = joined([many]);
  assert.ok(few.length <= 4000 && few.length > 2900, `${few.length}`);
  assert.deepEqual(few[0], many[0]);
});

test("a click adds, closes, or is the second of a double click", () => {
  const points = [spot(10, 10), spot(50, 10), spot(50, 50)];
  assert.equal(clicked(points, spot(80, 80)), "add");
  assert.equal(clicked(points, spot(51, 50)), "same");
  assert.equal(clicked(points, spot(14, 13)), "close");
  assert.equal(clicked(points.slice(0, 2), spot(14, 13)), "add", "two points close nothing");
});

test("an outline goes along the ways in the order of its points, whenever they come", async () => {
  const asked = [];
  const shown = [];
  const wire = new Livewire(viewer(asked, [30, 5]), { number: 4 }, spot(0, 0), (marks) => shown.push(marks));
  wire.add(spot(20, 30));
  wire.add(spot(60, 40));
  const points = await wire.finish();
  assert.deepEqual(points.map(([x, y]) => [x, y]), [[0, 0], [20, 0], [20, 30], [60, 30], [60, 40], [0, 40], [0, 0]]);
  assert.deepEqual(asked.at(-1), [[60, 40], [0, 0]], "it is closed along edges");
  assert.ok(shown.length >= 1);
});

test("the pointer's way is asked one at a time, the last place last", async () => {
  const asked = [];
  const shown = [];
  const wire = new Livewire(viewer(asked, [10]), { number: 4 }, spot(0, 0), (marks) => shown.push(marks));
  wire.hover(spot(1, 1));
  wire.hover(spot(2, 2));
  wire.hover(spot(3, 3));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual(asked, [[[0, 0], [1, 1]], [[0, 0], [3, 3]]]);
  assert.deepEqual(shown.at(-1)[0].points.at(-1), [3, 3]);
  assert.equal(await wire.finish(), null, "one point is no outline");
});

test("where no way is found it is straight, and said once", async () => {
  const asked = [];
  const wire = new Livewire(viewer(asked), { number: 4 }, spot(9, 9), () => {});
  wire.add(spot(-5, 3));
  wire.add(spot(-6, 9));
  const points = await wire.finish();
  assert.deepEqual(points.slice(0, 3).map(([x, y]) => [x, y]), [[9, 9], [-5, 3], [-6, 9]]);
  assert.equal(asked.filter((one) => one === "too far").length, 1);
});

test("a curve is drawn point by point and shown where there is room", () => {
  let draft = with_(begun("curve"), spot(1, 1));
  assert.equal(mayEnd(draft), false);
  draft = with_(draft, spot(9, 9));
  assert.equal(mayEnd(draft), true);
  assert.equal(band(draft, spot(20, 20))[0].closed, false);
  const isShown = (shown) => (n) => shown.includes(n);
  assert.equal(curveTarget([1, 2, 3], 2, isShown([1, 2, 3])), 3);
  assert.equal(curveTarget([1, 2, 3], 3, isShown([1, 2, 3])), 1);
  assert.equal(curveTarget([1, 2, 3, 4], 2, isShown([1, 2, 3])), 4, "an empty one first");
  assert.equal(curveTarget([1], 1, isShown([1])), 1);
  assert.ok(isDrawing("curve") && isDrawing("livewire") && !isDrawing("pan"));
  const plane = { tools: ["scroll", "livewire"], marks: ["freehand"] };
  const mip = { tools: ["turn"], marks: ["freehand"] };
  assert.deepEqual([fits("curve", plane), fits("livewire", plane), fits("curve", mip), fits("livewire", mip)], [true, true, false, false]);
});
