import assert from "node:assert/strict";
import { test } from "node:test";
import { painted, told } from "../held.js";

const drawing = (turn, name = `m${turn}`) => ({ turn, marks: [name] });
const names = (held) => held.map(({ turn, marks }) => `${turn}:${marks[0]}`);

test("lines wait for the picture that they belong to", () => {
  let { held, now } = told([], drawing(1), true, undefined);
  assert.equal(now, null);
  ({ held, now } = told(held, drawing(2), true, undefined));
  ({ held, now } = told(held, drawing(3), true, undefined));
  assert.deepEqual([names(held), now], [["1:m1", "2:m2", "3:m3"], null]);
  ({ held, now } = painted(held, 2));
  assert.deepEqual([names(held), now.marks], [["3:m3"], ["m2"]], "those of the picture, not the latest");
  ({ held, now } = painted(held, 7));
  assert.deepEqual([held, now.marks], [[], ["m3"]], "a later picture has them too");
  assert.deepEqual(painted([], 8), { held: [], now: null });
});

test("lines of a picture that is seen are drawn at once", () => {
  const { held, now } = told([drawing(2), drawing(5)], drawing(3), true, 4);
  assert.deepEqual([names(held), now.marks], [["5:m5"], ["m3"]]);
});

test("lines without a new picture are drawn at once and are those of the next", () => {
  const { held, now } = told([drawing(4), drawing(5)], drawing(6, "cursor"), false, 3);
  assert.deepEqual([names(held), now.marks], [["4:m4", "5:cursor"], ["cursor"]]);
  assert.deepEqual(told([], drawing(6), false, 3), { held: [], now: drawing(6) });
});

test("a drawer without pictures does not fill the memory", () => {
  let held = [];
  for (let turn = 0; turn < 50; turn += 1) ({ held } = told(held, drawing(turn), true, undefined));
  assert.ok(held.length <= 12 && held.at(-1).turn === 49);
});
