// Phones and tablets: one finger, two fingers, a long press, a double tap, the strip of series. Fingers are those of the
// browser's own input, so that what the browser makes of them is tested too.

import { readFileSync } from "node:fs";

import { expect } from "../site.mjs";
import { differs } from "./pixels.mjs";

/** Longer than a press that probes, and than the press that takes hold of a series. */
const PRESS_MS = 800;
/** Pauses between pieces of a movement, as screens tell them. */
const PIECE_MS = 20;
const PIECES = 8;
/** What a hand takes from one gesture to the next: what follows sooner browsers may take for a part of it. */
const BETWEEN_MS = 350;
/** From two to three dimensions within this (V2D-33). */
const SWITCH_MS = 2000;

/** Fingers on the page. */
class Fingers {
  static async of(reader) {
    const fingers = new Fingers();
    fingers.reader = reader;
    fingers.input = await reader.context.newCDPSession(reader.page);
    return fingers;
  }

  async send(type, points) {
    await this.input.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  }

  /** Fingers go from places to places, all at once. */
  async move(from, to, { holds_ms = 0 } = {}) {
    await this.send("touchStart", from);
    if (holds_ms) await this.reader.page.waitForTimeout(holds_ms);
    for (let piece = 1; piece <= PIECES; piece += 1) {
      const part = piece / PIECES;
      await this.send("touchMove", from.map(([x, y], n) => [x + (to[n][0] - x) * part, y + (to[n][1] - y) * part]));
      await this.reader.page.waitForTimeout(PIECE_MS);
    }
    await this.send("touchEnd", []);
    await this.reader.page.waitForTimeout(BETWEEN_MS);
  }

  /** The same in parts of a view. */
  async moveOn(viewport, from, to, options) {
    const places = (parts) => Promise.all(parts.map((part) => this.reader.place(viewport, part)));
    await this.move(await places(from), await places(to), options);
  }

  async tap([x, y]) {
    await this.send("touchStart", [[x, y]]);
    await this.send("touchEnd", []);
  }
}

async function activeView(reader) {
  return reader.page.evaluate(() => window.look.viewer.active);
}

/** One finger pages, and windows where that is chosen. */
async function oneFinger(reader, fingers, view) {
  const before = await reader.view(view);
  await fingers.moveOn(view, [[0.5, 0.4]], [[0.5, 0.6]]);
  await reader.settle();
  const paged = await reader.view(view);
  expect(paged.slice[0] > before.slice[0], `a later slice than ${before.slice[0]}, found ${paged.slice[0]}`);
  await chooseTool(reader, "tool_window");
  await fingers.moveOn(view, [[0.5, 0.5]], [[0.5, 0.35]]);
  await chooseTool(reader, "tool_scroll");
  await reader.settle();
  const windowed = await reader.view(view);
  expect(windowed.layers.at(-1).window.join() !== paged.layers.at(-1).window.join(), `another window than ${paged.layers.at(-1).window}`);
  expect(windowed.slice[0] === paged.slice[0], `slice ${paged.slice[0]} still, found ${windowed.slice[0]}`);
}

/** A tool of the bar, or of the menu of tools where the bar has no room for it. */
async function chooseTool(reader, word) {
  const button = reader.button(word);
  if (await button.count()) return button.tap();
  await reader.button("tools").tap();
  return reader.item(reader.t(word)).tap();
}

/** Two fingers pinch, move and turn. */
async function twoFingers(reader, fingers, view) {
  const first = await reader.view(view);
  await fingers.moveOn(view, [[0.42, 0.5], [0.58, 0.5]], [[0.3, 0.5], [0.7, 0.5]]);
  await reader.settle();
  const pinched = await reader.view(view);
  expect(pinched.zoom > first.zoom * 1.5, `more than ${first.zoom} of magnification, found ${pinched.zoom}`);
  await fingers.moveOn(view, [[0.4, 0.4], [0.6, 0.4]], [[0.4, 0.6], [0.6, 0.6]]);
  await reader.settle();
  const moved = await reader.view(view);
  const far = Math.hypot(...moved.focus_mm.map((value, n) => value - pinched.focus_mm[n]));
  expect(far > 10 && Math.abs(moved.zoom / pinched.zoom - 1) < 0.05, `the picture to be moved and not magnified, found ${far} mm and ${moved.zoom}`);
  await fingers.moveOn(view, [[0.3, 0.5], [0.7, 0.5]], [[0.42, 0.35], [0.58, 0.65]]);
  await reader.settle();
  const turned = await reader.view(view);
  const cosine = turned.axes[0].reduce((sum, value, n) => sum + value * moved.axes[0][n], 0);
  expect(cosine < 0.95, `the picture to be turned, found a cosine of ${cosine}`);
}

/** A finger that stays shows what is under it, until it is lifted; what is shown stays as it is. */
async function longPress(reader, fingers, view) {
  const before = await reader.view(view);
  const [x, y] = await reader.place(view, [0.5, 0.5]);
  await fingers.send("touchStart", [[x, y]]);
  await reader.page.locator("nm-viewer .bubble:not([hidden])").waitFor();
  const said = await reader.page.locator("nm-viewer .bubble").innerText();
  expect(/(HU|SUV)/.test(said), `values under the finger, found ${said}`);
  await fingers.send("touchEnd", []);
  await reader.page.locator("nm-viewer .bubble").waitFor({ state: "hidden" });
  const after = await reader.view(view);
  expect(after.slice[0] === before.slice[0] && after.zoom === before.zoom, "the view as it was before the press");
}

/** Two taps show the volume in space, two more the plane again; gives how long the first picture took, in ms. */
async function doubleTap(reader, fingers, view) {
  await reader.settle();
  const place = await reader.place(view, [0.5, 0.5]);
  const [flat] = (await reader.record()).pictures.filter((one) => one.view === view);
  const begun_ms = await reader.page.evaluate(() => performance.now());
  await fingers.tap(place);
  await fingers.tap(place);
  await reader.waitFor(([view, begun_ms]) => {
    const { kind } = window.look.viewer.state.views.get(view);
    const isSpatial = ["projection", "rendering"].includes(typeof kind === "string" ? kind : Object.keys(kind)[0]);
    const shown = window.look.seen.get(window.look.viewer.views.get(view));
    return isSpatial && shown.at_ms > begun_ms && !window.look.viewer.views.get(view).held.length;
  }, "a view in space", [view, begun_ms]);
  const took_ms = await reader.page.evaluate(([view, begun_ms]) => window.look.seen.get(window.look.viewer.views.get(view)).at_ms - begun_ms, [view, begun_ms]);
  const [spatial] = (await reader.record()).pictures.filter((one) => one.view === view);
  expect(differs(spatial, flat), "another picture in space");
  const button = reader.button("two_or_three");
  if (await button.count()) await button.tap();
  else for (let tap = 0; tap < 2; tap += 1) await fingers.tap(place);
  await reader.waitFor((view) => window.look.viewer.state.views.get(view).kind === "plane", "the plane again", view);
  await reader.settle();
  return took_ms;
}

async function openStrip(reader) {
  if (!(await reader.page.locator("nm-viewer .strip").isVisible())) await reader.button("series").tap();
  await reader.page.locator("nm-viewer .series").first().waitFor();
  // It rises from below: places are taken once it lies.
  await reader.page.waitForTimeout(300);
}

const keysOfStrip = (reader) => reader.page.evaluate(() => [...window.look.viewer.root.querySelectorAll(".series")].map((card) => card.dataset.series));

async function middleOf(reader, key) {
  const box = await reader.page.locator(`nm-viewer .series[data-series="${key}"]`).boundingBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** The strip: a tap shows a series, a held one is laid elsewhere, a number jumps to its series. */
async function strip(reader, fingers) {
  await openStrip(reader);
  const [first, second] = await keysOfStrip(reader);
  await fingers.move([await middleOf(reader, second)], [await middleOf(reader, first)], { holds_ms: PRESS_MS });
  await reader.waitFor((second) => window.look.viewer.root.querySelector(".series").dataset.series === second, "the second series to be the first", second);
  await fingers.tap(await middleOf(reader, second));
  const view = await activeView(reader);
  await reader.waitFor(([view, key]) => window.look.viewer.state.views.get(view)?.layers.map(({ series }) => series).join() === key, "the series that was tapped", [view, second]);
  await jump(reader, "99");
  await reader.waitForToast(reader.t("series_none", { number: 99 }));
  const wanted = await reader.page.evaluate((key) => window.look.viewer.state.series.find((one) => one.key === key), first);
  await jump(reader, String(wanted.number));
  await reader.waitFor(([view, key]) => window.look.viewer.state.views.get(view)?.layers[0].series === key, `series ${wanted.number}`, [view, first]);
}

async function jump(reader, number) {
  await openStrip(reader);
  await reader.button("series_jump").tap();
  const field = reader.page.locator("nm-viewer dialog input");
  await field.fill(number);
  await field.press("Enter");
}

/** A strip that is wider than the screen goes along with a finger, which chooses nothing by that. */
async function swipe(reader, fingers, study) {
  const before = await reader.countTold("nm-ready");
  await reader.page.evaluate((study) => window.look.host.setAttribute("study", study), study);
  await reader.told("nm-ready", before);
  await reader.waitFor(() => window.look.viewer.state.series.length >= 5 && window.look.viewer.activeView, "the other study");
  await openStrip(reader);
  const shown = () => reader.page.evaluate(() => window.look.viewer.activeView.layers.map(({ series }) => series).join());
  const series = await shown();
  const [first, , third] = await keysOfStrip(reader);
  await fingers.move([await middleOf(reader, third)], [await middleOf(reader, first)]);
  await reader.waitFor(() => window.look.viewer.root.querySelector(".series-list").scrollLeft > 50, "the strip to go along");
  expect((await shown()) === series, "the series to stay that was shown");
}

/** Whoever the patient is stays unsaid: nowhere on the images, in the page, its title, or in what is exported. */
export async function hidesPatient(reader, facts, { isHidden = false } = {}) {
  const wordsOf = () => reader.page.evaluate(() => {
    const said = [];
    const gather = (node) => {
      for (const one of node.querySelectorAll("*")) {
        said.push(...[...one.attributes].map(({ value }) => value));
        if (one.shadowRoot) gather(one.shadowRoot);
      }
      said.push(node.textContent ?? "");
    };
    gather(document);
    for (const view of window.look.views()) said.push(...window.look.textsOf(view));
    return [document.title, location.href, ...said].join("\n");
  });
  const names = facts.filter((fact) => fact.length > 2);
  if (!isHidden) {
    const before = await wordsOf();
    expect(names.some((name) => before.includes(name)), `one of ${names.length} facts about the patient on the images at first`);
    const buttons = ["hide_name", "patient_text_off"].map((word) => reader.button(word));
    const counts = await Promise.all(buttons.map((button) => button.count()));
    const shown = buttons[counts.findIndex((count) => count > 0)];
    await (shown ? shown.click() : reader.choose("more", reader.t("patient_text_off")));
  }
  await reader.waitFor(([names]) => window.look.views().every((view) => window.look.textsOf(view).every((text) => !names.some((name) => text.includes(name)))), "patient texts off", [names]);
  await reader.settle();
  const after = await wordsOf();
  const left = names.filter((name) => after.includes(name));
  expect(!left.length, `nothing about the patient, found ${left.length} of ${names.length} facts`);
  if (await reader.button("more").count()) await exportsNothing(reader, names);
}

/** A picture that is taken along says nothing of the patient either: not in its name, not beside its pixels. */
async function exportsNothing(reader, names) {
  const [download] = await Promise.all([reader.page.waitForEvent("download"), reader.choose("more", reader.t("export_png"))]);
  const bytes = readFileSync(await download.path());
  expect(bytes.subarray(1, 4).toString() === "PNG" && bytes.length > 1000, `a PNG, found ${bytes.length} bytes`);
  const left = names.filter((name) => download.suggestedFilename().includes(name) || bytes.includes(name));
  expect(!left.length, `nothing about the patient in the file, found ${left.length} facts`);
}

/** All that fingers do on a device; gives what took how long. `other` is a study of many series. */
export async function byTouch(reader, facts, other, shoot) {
  const fingers = await Fingers.of(reader);
  await reader.told("nm-ready");
  await reader.settle();
  await shoot("opened");
  const view = (await reader.find("plane", "CT,PT")) ?? (await activeView(reader));
  await reader.page.evaluate((view) => window.look.viewer.activate(view), view);
  await oneFinger(reader, fingers, view);
  await longPress(reader, fingers, view);
  const took_ms = await doubleTap(reader, fingers, view);
  await twoFingers(reader, fingers, view);
  await shoot("two-fingers");
  await openStrip(reader);
  await shoot("strip");
  await strip(reader, fingers);
  await hidesPatient(reader, facts);
  await shoot("patient-hidden");
  if (await reader.page.evaluate(() => window.look.viewer.size === "phone")) await swipe(reader, fingers, other);
  expect(took_ms < SWITCH_MS, `a view in space within ${SWITCH_MS} ms, found ${Math.round(took_ms)} ms`);
  return `3D after ${Math.round(took_ms)} ms`;
}
