import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bindings, commandOf, commandText, isOffered, keyText, remapped, told } from "../keys.js";
import { words } from "../words.js";

const LOOKS = ["uptake", "ge", "siemens", "philips"];
const keysOf = (name) => JSON.parse(readFileSync(new URL(`../../../engine/looks/${name}.json`, import.meta.url))).keys;
const press = (key, held = {}) => ({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...held });

test("F6 and F7 take pictures for the film in every look", () => {
  for (const look of LOOKS) {
    const list = bindings(keysOf(look));
    assert.equal(commandOf(press("F6"), list), "film.add", look);
    assert.equal(commandOf(press("F7"), list), "film.add_series", look);
  }
});

test("what the reader changed comes first, and gives the film's keys away too", () => {
  const mine = remapped([], "window.preset.lung", "F6", []);
  const list = bindings(keysOf("ge"), mine);
  assert.equal(commandOf(press("F6"), list), "window.preset.lung");
  assert.equal(commandOf(press("F7"), list), "film.add_series");
  const moved = bindings(keysOf("ge"), remapped(mine, "film.add", "p", ["ctrl"]));
  assert.equal(commandOf(press("p", { ctrlKey: true }), moved), "film.add");
});

test("a command that got another key has its old one no more", () => {
  const list = bindings(keysOf("uptake"), remapped([], "view.reset", "q", []));
  assert.equal(commandOf(press("q"), list), "view.reset");
  assert.equal(commandOf(press("r"), list), null);
});

test("keys are met as they are pressed", () => {
  const list = bindings(keysOf("uptake"));
  const rows = [
    ["r", {}, "view.reset"],
    ["R", { shiftKey: true }, null],
    ["+", { shiftKey: true }, "fusion.more"],
    ["?", { shiftKey: true }, "help.keys"],
    ["z", { ctrlKey: true }, "edit.undo"],
    ["z", { metaKey: true }, "edit.undo"],
    ["z", {}, null],
    [" ", {}, "cine.toggle"],
    ["2", {}, "window.preset.lung"],
    ["Delete", {}, "mark.delete"],
  ];
  for (const [key, held, expected] of rows) assert.equal(commandOf(press(key, held), list), expected, key);
});

test("every command of every look has words in both languages", () => {
  for (const language of ["zh-CN", "en"]) {
    const t = words(language);
    for (const look of LOOKS) {
      for (const { command } of bindings(keysOf(look))) {
        const text = commandText(command, t);
        assert.ok(!text.startsWith("key_") && !/\{|_/.test(text), `${language} ${command}: ${text}`);
      }
    }
  }
});

test("keys are read as people write them", () => {
  assert.equal(keyText({ key: "z", modifiers: ["ctrl"] }), "Ctrl + Z");
  assert.equal(keyText({ key: " " }), "Space");
});

test("a key's command is one for the drawer", () => {
  const fused = { viewport: 3, layers: [{ modality: "CT" }, { modality: "PT", ratio: 0.95 }] };
  const rows = [
    ["view.reset", { reset: { viewport: 3 } }],
    ["fusion.more", { set_ratio: { viewport: 3, ratio: 1 } }],
    ["fusion.less", { set_ratio: { viewport: 3, ratio: 0.85 } }],
    ["window.preset.lung", { preset_window: { viewport: 3, layer: 0, name: "lung" } }],
    ["window.preset.suv_0_10", { preset_window: { viewport: 3, layer: 1, name: "suv_0_10" } }],
    ["film.add_series", { add_series_to_film: { viewport: 3 } }],
    ["key_image.toggle", { mark_key_image: { viewport: 3 } }],
    ["help.keys", null],
  ];
  for (const [command, expected] of rows) assert.deepEqual(told(command, fused, 1), expected);
  assert.equal(told("fusion.more", { viewport: 1, layers: [{ modality: "CT" }] }, 0), null);
  assert.equal(told("view.reset", undefined, 0), null);
});

test("patients have keys for looking alone", () => {
  for (const [command, expected] of [["slice.next", true], ["window.preset.lung", true], ["film.add", false], ["mark.delete", false], ["key_image.toggle", false]]) assert.equal(isOffered("patient", command), expected, command);
  assert.equal(isOffered("clinic", "film.add"), true);
});
