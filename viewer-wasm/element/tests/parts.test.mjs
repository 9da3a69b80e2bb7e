import assert from "node:assert/strict";
import { test } from "node:test";
import { barItems, sizeOf } from "../bars.js";
import { decide } from "../capability.js";
import { commandOf, levelOf, placeOf, valueAt, windowOf, windowRange } from "../controls.js";
import { canInvite, invitation } from "../consultation.js";
import { cellsOf, fresh, fusable, fusedIn, kindName, loadedOf, protocolsFor, showing, take, ticks } from "../conversation.js";
import { newest } from "../dom.js";
import { csv, isUptake, rowOf, totals } from "../lesions.js";
import { shownFigures } from "../marks.js";
import { cursorMarks, cursorsIn, everybody, mayPresent } from "../people.js";
import { byFamily, gradient, matches } from "../palettes.js";
import { featuresOf, secondAddress } from "../second-screen.js";
import { probeWords } from "../status.js";
import { byStudy, dayOf, movedBefore, ofNumber, ordered } from "../strip.js";
import { fits, MARK_TOOLS, MOVE_TOOLS, VOI_TOOLS } from "../tools.js";
import { devicePixels } from "../views.js";
import { words } from "../words.js";

test("who draws is decided by what there is, and why is said", () => {
  const all = { mode: "auto", isSecure: true, hasGpu: true, hasPackage: true, memory_bytes: 8 * 2 ** 30, study_bytes: 400 * 2 ** 20, isPhone: false };
  const rows = [
    [{}, "local", "capable"],
    [{ mode: "remote" }, "remote", "chosen"],
    [{ mode: "local" }, "local", "chosen"],
    [{ isSecure: false }, "remote", "insecure"],
    [{ mode: "local", isSecure: false }, "remote", "insecure"],
    [{ hasGpu: false }, "remote", "no_gpu"],
    [{ hasPackage: false }, "remote", "no_package"],
    [{ isPhone: true }, "remote", "phone"],
    [{ study_bytes: 3 * 2 ** 30 }, "remote", "memory"],
    [{ study_bytes: 3 * 2 ** 30, mode: "local" }, "local", "chosen"],
    [{ memory_bytes: null, study_bytes: 2 ** 30 }, "remote", "memory"],
    [{ study_bytes: null }, "local", "capable"],
  ];
  for (const [facts, where, why] of rows) assert.deepEqual(decide({ ...all, ...facts }), { where, why }, JSON.stringify(facts));
});

test("messages are laid into what is known", () => {
  const state = fresh();
  const view = { viewport: 1, turn: 1, size: [4, 4], picture_changes: true, kind: "stack", layers: [{ series: "a" }], marks: [] };
  assert.deepEqual(take(state, { opened: { session: "s", participant: 2, drawer: "gpu" } }), ["opened"]);
  assert.deepEqual(take(state, { view }), ["marks_drawn", "view"]);
  assert.deepEqual(take(state, { view: { ...view, turn: 2, marks: [{}] } }), ["marks_drawn"]);
  assert.deepEqual(take(state, { loading: { series: "a", fraction: 0.5 } }), ["loading"]);
  assert.equal(loadedOf(state, view), 0.5);
  assert.deepEqual(take(state, { layout: { look: "ge", screens: [] } }), ["layout", "look"]);
  assert.deepEqual(take(state, { layout: { look: "ge", screens: [] } }), ["layout"]);
  assert.deepEqual(take(state, { changed: ["marks", "film"] }), ["changed_marks", "changed_film"]);
  assert.deepEqual(take(state, { empty: { viewport: 1, why: null } }), ["empty", "view"]);
  assert.deepEqual([state.views.has(1), state.empty.get(1)], [false, null]);
  assert.deepEqual(take(state, { "of a later version": 1 }), []);
});

test("a view that is shown alone fills its own screen only", () => {
  const cell = (viewport, column) => ({ viewport, row: 0, column, row_span: 1, column_span: 1 });
  const layout = { maximized: 2, screens: [{ rows: 1, columns: 2, cells: [cell(1, 0), cell(2, 1)] }, { rows: 1, columns: 1, cells: [cell(101, 0)] }] };
  assert.deepEqual(cellsOf(layout, 0).cells, [cell(2, 0)]);
  assert.deepEqual(cellsOf(layout, 1).cells, [cell(101, 0)]);
  assert.deepEqual(cellsOf(layout, 2).cells, []);
  assert.equal(cellsOf({ ...layout, maximized: null }, 0).cells.length, 2);
});

test("a series is shown as the view is, where it can be", () => {
  const volume = { key: "v", is_volume: true };
  assert.deepEqual(showing(volume, { kind: "projection" }), { kind: { projection: { of: "maximum" } }, series: ["v"] });
  assert.deepEqual(showing(volume, { kind: "plane" }), { kind: "plane", series: ["v"] });
  assert.deepEqual(showing(volume, { kind: "tiles" }).kind, "stack");
  assert.deepEqual(showing({ key: "s", is_volume: false }, { kind: "plane" }).kind, "stack");
  assert.deepEqual(showing(volume, undefined).kind, "stack");
  assert.equal(kindName({ rendering: { preset: "ct-bone" } }), "rendering");
});

test("uptake is fused with the body, what is shown first", () => {
  const one = (key, modality, images, is_volume = true) => ({ key, modality, images, is_volume });
  const all = [one("scout", "CT", 500, false), one("ct", "CT", 400), one("thin", "CT", 900), one("pet", "PT", 300)];
  assert.deepEqual(fusable(all), ["thin", "pet"]);
  assert.deepEqual(fusable(all, ["ct"]), ["ct", "pet"]);
  assert.equal(fusable(all.slice(0, 3)), null);
});

test("one participant alone moves the clock", () => {
  const state = (participant, others, presenter = null) => ({ ...fresh(), participant, views: new Map([[1, { is_playing: true }]]), people: { participants: Object.fromEntries([participant, ...others].map((n) => [n, {}])), presenter } });
  assert.equal(ticks(state(1, [])), true);
  assert.equal(ticks(state(2, [1])), false);
  assert.equal(ticks(state(2, [1], 2)), true);
  assert.equal(ticks({ ...state(1, []), views: new Map([[1, { is_playing: false }]]) }), false);
});

test("bars fit their size", () => {
  assert.deepEqual([sizeOf(412, 915, true), sizeOf(915, 412, true), sizeOf(820, 1180, true), sizeOf(1280, 800, false), sizeOf(1366, 1024, true), sizeOf(3840, 2160, false)], ["phone", "phone", "middle", "wide", "middle", "wide"]);
  for (const form of ["full", "clinic", "patient"]) {
    for (const size of ["wide", "middle", "phone"]) {
      const { top, bottom } = barItems(form, size);
      assert.ok(top.length && Boolean(bottom) === (size === "phone"), `${form} ${size}`);
    }
  }
  assert.ok(!JSON.stringify(barItems("patient", "wide")).includes("measure"));
});

test("tools are offered where they do something", () => {
  const stack = { tools: ["scroll", "drag_window", "pan", "zoom", "crosshair", "brush", "move_voi"], marks: ["length"] };
  const mip = { tools: ["turn", "drag_window", "pan", "zoom", "jump_to_maximum"], marks: ["length"] };
  const rows = [["scroll", stack, true], ["length", stack, true], ["angle", stack, false], ["sphere", stack, true], ["sphere", mip, false], ["crosshair", mip, true], ["window", mip, true], ["eraser", stack, true], ["scroll", null, true]];
  for (const [tool, controls, expected] of rows) assert.equal(fits(tool, controls), expected, tool);
  assert.equal(new Set([...MOVE_TOOLS, ...MARK_TOOLS, ...VOI_TOOLS]).size, MOVE_TOOLS.length + MARK_TOOLS.length + VOI_TOOLS.length);
});

test("controls become commands", () => {
  assert.deepEqual(commandOf("set_slab", 1, null, 12, { kind: "mean" }), { set_slab: { viewport: 1, thickness_mm: 12, kind: "mean" } });
  assert.deepEqual(commandOf("set_palette", 1, 2, "pet"), { set_palette: { viewport: 1, layer: 2, name: "pet" } });
  assert.deepEqual(commandOf("invert", 1, 0, true), { invert: { viewport: 1, layer: 0 } });
  assert.equal(commandOf("of_a_later_version", 1, 0, 1), null);
  assert.deepEqual(windowOf([-160, 240]), { center: 40, width: 400 });
});

test("a window is read as it was told", () => {
  // PS3.3 C.11.2.1.2.1: 400 about 40 goes from -160 to 239.
  const told = { limits: [-160, 239], center: 40, width: 400 };
  assert.deepEqual(levelOf([-160, 239], told), { center: 40, width: 400 });
  assert.deepEqual(levelOf([-160, 300], told), { center: 70, width: 460 }, "limits that were moved since");
  assert.deepEqual(levelOf([0, 100], null), { center: 50, width: 100 });
});

test("cursors of others are seen with their names, and who presents may stop", () => {
  const people = { participants: { 3: { name: "三" }, 1: { name: "一" }, 2: { name: "二" } }, presenter: 2 };
  const state = { ...fresh(), participant: 1, people };
  assert.deepEqual(take(state, { cursors: [{ participant: 2, viewport: 4, at: [49.5, 49.5, 100, 100] }, { participant: 1, viewport: 4, at: [1, 1, 9, 9] }, { participant: 8, viewport: 4, at: [1, 1, 9, 9] }] }), ["cursors"]);
  assert.deepEqual(everybody(state).map(({ name, isMe, isPresenter }) => [name, isMe, isPresenter]), [["一", true, false], ["二", false, true], ["三", false, false]]);
  const found = cursorsIn(state, 4);
  assert.deepEqual(found.map(({ name }) => name), ["二"], "not one's own, nor of somebody who is gone");
  assert.deepEqual(cursorsIn(state, 5), []);
  const again = { ...state };
  take(again, { opened: { session: "s", participant: 1, drawer: "server" } });
  assert.deepEqual(cursorsIn(again, 4), [], "after a cut they are told anew");
  const marks = cursorMarks(found[0], [200, 200], 2);
  assert.deepEqual(marks.map(({ kind }) => kind), ["ellipse", "polygon", "polyline", "text"]);
  // The middle of a picture stays the middle of one twice as large.
  assert.deepEqual([marks[0].center, marks[1].rings[0][0]], [[99.5, 99.5], [99.5, 99.5]]);
  assert.equal(marks[3].text, "★ 二");
  const alone = { ...found[0], isPresenter: false, at: [98, 98, 100, 100] };
  const low = cursorMarks(alone, [200, 200], 1);
  assert.deepEqual([low[0].kind, low[2].anchor, low[2].text], ["polygon", "bottom_right", "二"], "names stay within the picture");
  assert.deepEqual([1, 2, 3].map((participant) => mayPresent({ people, participant })), ["wait", "give", "wait"]);
  assert.equal(mayPresent({ people: { ...people, presenter: null }, participant: 3 }), "take");
});

test("a slider goes there and back, along the logarithm where ratios count", () => {
  for (const [value, low, high, byRatio] of [[0.5, 0, 1, false], [1, 0.1, 20, true], [20, 0.1, 20, true], [-160, -1100, 2000, false]]) {
    const found = valueAt(placeOf(value, low, high, byRatio), low, high, byRatio);
    assert.ok(Math.abs(found - value) <= (byRatio ? 0.01 * value : (high - low) / 1000), `${value} came back as ${found}`);
  }
  assert.deepEqual([placeOf(-5, 0, 1), placeOf(9, 0, 1)], [0, 1000]);
  assert.deepEqual(windowRange("SUVbw", [0, 5]), [0, 20]);
  assert.deepEqual(windowRange("HU", [-2000, 100]), [-2000, 2000]);
  assert.deepEqual(windowRange("", [100, 300]), [0, 500]);
});

const figure = (name, value, unit, series = "pet") => ({ name, value, unit, series });
const voi = (name, max, volume) => ({ voi: max, name, series: "pet", figures: [figure("volume", volume, "mL", null), figure("max", 99, "HU", "ct"), figure("max", max, "SUVbw"), figure("mean", max / 2, "SUVbw"), figure("tlg", volume * 2, "g"), figure("peak_global_pv", max - 1, "SUVbw")], warnings: [] });

test("a lesion's numbers are those of its own series", () => {
  const row = rowOf(voi("L1", 12, 3));
  assert.deepEqual([row.suvmax.value, row.suvpeak.value, row.suvmean.value, row.mtv.value, row.tlg.value], [12, 11, 6, 3, 6]);
  assert.equal(isUptake([voi("L1", 12, 3)]), true);
  assert.deepEqual(totals([voi("L1", 12, 3), voi("L2", 7, 2)]), { suvmax: 12, mtv: 5, tlg: 10 });
});

test("the table as CSV keeps numbers whole and formulas still", () => {
  const text = csv([voi('=1+1 "x"', 12.345678, 3)], words("en"));
  assert.deepEqual(text.split("\r\n"), ['"Name","SUVmax (SUVbw)","SUVpeak (SUVbw)","SUVmean (SUVbw)","MTV (mL)","TLG (g)"', `"'=1+1 ""x""",12.345678,11.345678,6.172839,3,6`]);
});

test("the list of marks shows what is read first", () => {
  const names = shownFigures([figure("sd", 1), figure("mean", 2), figure("area", 3), figure("max", 4), figure("long_axis", 5), figure("perimeter", 6)]).map(({ name }) => name);
  assert.deepEqual(names, ["mean", "max", "area"]);
});

test("palettes lie by family and are found by name or title", () => {
  const families = byFamily(["viridis", "hot_iron", "gray", "gray_inverted"]);
  assert.deepEqual(families, [["dicom", ["hot_iron"]], ["ramp", ["gray", "gray_inverted"]], ["perceptual", ["viridis"]]]);
  assert.ok(matches("hot_iron", "热铁", "铁") && matches("hot_iron", "热铁", "hot i") && !matches("hot_iron", "热铁", "gray"));
  assert.equal(gradient(["#000000", "#ffffff"]), "linear-gradient(90deg, #000000, #ffffff)");
});

test("series lie as the reader laid them", () => {
  const all = ["a", "b", "c"].map((key, n) => ({ key, number: n + 1, study: n < 2 ? "1" : "2" }));
  assert.deepEqual(ordered(all, ["c"]).map(({ key }) => key), ["c", "a", "b"]);
  assert.deepEqual(movedBefore(all, [], "c", "b"), ["a", "c", "b"]);
  assert.deepEqual(movedBefore(all, ["a", "c", "b"], "a", null), ["c", "b", "a"]);
  assert.deepEqual(byStudy(all).map(([study, list]) => [study, list.length]), [["1", 2], ["2", 1]]);
  assert.equal(ofNumber(all, 2).key, "b");
  assert.equal(ofNumber(all, 9), null);
  assert.deepEqual(["20240607084500", "2026-11-02 09:12", "", null].map(dayOf), ["2024-06-07", "2026-11-02", "", ""]);
});

test("a probe is read with its series, colours and place", () => {
  const found = { figures: [figure("x", 1.04, "mm", null), figure("y", -2, "mm", null), figure("z", 3, "mm", null), figure("value", 41.7, "HU", "ct"), figure("value", 3.217, "SUVbw", "pet")] };
  const series = { ct: { modality: "CT" }, pet: { modality: "PT" } };
  const told = probeWords(found, (key) => series[key], words("en"));
  assert.deepEqual(told, { named: [{ label: "CT", value: "42 HU" }, { label: "PET", value: "3.22 SUV" }], where: "1.0, -2.0, 3.0 mm" });
  const color = { figures: [figure("column", 3, "px"), figure("row", 4, "px"), figure("red", 255, "1"), figure("green", 1, "1"), figure("blue", 0, "1")] };
  assert.deepEqual(probeWords(color, () => undefined, words("en")), { named: [{ label: "RGB", value: "255 1 0" }], where: "3, 4" });
});

test("the second window has the same page", () => {
  assert.equal(secondAddress("http://h/view/7?a=1"), "http://h/view/7?a=1&screen=2");
  assert.equal(featuresOf({ availLeft: 1920, availTop: 0, availWidth: 1200, availHeight: 1600 }), "popup,left=1920,top=0,width=1200,height=1600");
});

test("hanging protocols are offered for what is there", () => {
  const of = (...list) => list.map(([study, modality]) => ({ study, modality }));
  const names = ["pet-ct", "pet", "ct-stack", "pet-ct-compare", "pet-ct-compare-three", "pet-ct-compare-two-screens", "studies-two", "studies-three", "dx-two", "mr", "spect-ct", "bone-scan"];
  const petCt = of(["1", "PT"], ["1", "CT"]);
  assert.deepEqual(protocolsFor(names, petCt), ["pet-ct", "pet", "ct-stack"]);
  assert.deepEqual(protocolsFor(names, [...petCt, ...of(["2", "PT"])]), ["pet-ct", "pet", "ct-stack", "pet-ct-compare", "pet-ct-compare-two-screens", "studies-two"]);
  assert.deepEqual(protocolsFor(names, of(["1", "CR"])), ["dx-two"]);
});

test("where there is room for one view the fused one is found", () => {
  const shown = (count) => ({ shown: { layers: Array.from({ length: count }, () => ({})) } });
  const of = (viewports) => ({ state: { desk: { viewports } } });
  assert.equal(fusedIn(of({ 10: shown(2), 2: shown(1), 3: shown(2) })), 3);
  assert.equal(fusedIn(of({ 1: { shown: null }, 101: shown(2) })), null);
});

test("views are counted in device pixels", () => {
  const told = (inlineSize, blockSize) => ({ inlineSize, blockSize });
  assert.deepEqual(devicePixels([100.4, 50], 1.5, told(150, 75)), [150, 75], "the browser knows where a box begins");
  assert.deepEqual(devicePixels([412, 790], 2.625, told(412, 790)), [1082, 2074], "an emulated screen forgets its ratio");
  assert.deepEqual(devicePixels([412, 790], 2, undefined), [824, 1580]);
});

test("an invitation is this page's address with the session, and guests hand on none", () => {
  const name = "0123456789abcdef0123456789abcdef";
  assert.equal(invitation("https://h.example/view/1.2?with=1.3&screen=2", name), `https://h.example/view/1.2?with=1.3&session=${name}`);
  assert.equal(invitation(`https://h.example/view/1.2?session=${"0".repeat(32)}`, name), `https://h.example/view/1.2?session=${name}`);
  const viewer = { form: "full", screen: 0, invited: null };
  assert.ok(canInvite(viewer));
  for (const other of [{ form: "patient" }, { screen: 1 }, { invited: name }]) assert.ok(!canInvite({ ...viewer, ...other }));
});

test("of questions that come while one is asked, the last is asked", async () => {
  const [asked, answers] = [[], []];
  const ask = newest((spot) => {
    asked.push(spot);
    return new Promise((answer) => answers.push(answer));
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  for (const spot of [1, 2, 3]) ask(spot);
  assert.deepEqual(asked, [1]);
  answers[0]();
  await settled();
  assert.deepEqual(asked, [1, 3]);
  answers[1]();
  await settled();
  ask(4);
  assert.deepEqual(asked, [1, 3, 4]);
});
