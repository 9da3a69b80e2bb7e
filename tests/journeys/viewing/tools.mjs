// Each tool of a reader's once, on one series: what it does is seen in the picture or told of the view.

import { expect } from "../site.mjs";
import { apart, differs } from "./pixels.mjs";

/** Presets that body parts are read with (V2D-14), by the names of `engine::colormap`. */
const PRESETS = ["brain", "nasopharynx", "lung", "mediastinum", "abdomen", "liver", "spleen", "pancreas", "kidney", "limbs", "limb_bone"];
const LEAST_PALETTES = 60;
const CINE_PER_S = 8;
const CINE_S = 4;

/** The picture of the only view, exact. */
async function pictureOf(reader) {
  return (await reader.record()).pictures[0];
}

const active = (reader) => reader.page.evaluate(() => window.look.viewer.active);
const slice = async (reader) => (await reader.view(await active(reader))).slice[0];

/** Letters of directions by where they lie. */
async function letters(reader) {
  return reader.page.evaluate(() => {
    const [view] = window.look.views();
    const found = view.marks.filter(({ kind, text }) => kind === "text" && /^[APRLHF]{1,3}$/.test(text));
    const by = (n, sign) => found.toSorted((a, b) => sign * (a.at[n] - b.at[n]))[0].text;
    return { top: by(1, 1), bottom: by(1, -1), left: by(0, 1), right: by(0, -1) };
  });
}

/** Does rows of the menu of the picture, which stays open. */
async function onImage(reader, ...rows) {
  await reader.press("tools_image");
  for (const row of rows) await reader.item(reader.t(row)).click();
  await reader.page.keyboard.press("Escape");
  await reader.settle();
}

async function cineMenu(reader, press, steps_per_s) {
  await reader.press("cine");
  if (steps_per_s) await reader.page.locator(`nm-viewer .menu .slider[aria-label="${reader.t("cine_speed")}"]`).fill(String(steps_per_s));
  await reader.page.locator("nm-viewer .menu .act.main", { hasText: reader.t(press) }).click();
  await reader.page.keyboard.press("Escape");
}

async function grid(reader, rows, columns) {
  await reader.press("layout");
  await reader.page.locator(`nm-viewer .menu .grid-button[title="${rows} × ${columns}"]`).click();
}

const viewCount = (reader, count) => reader.waitFor((count) => window.look.viewer.viewNumbers.length === count, `${count} views`, count);

/** A series of the strip is chosen by keys. */
async function bySeriesKeys(reader, modality) {
  const key = await reader.page.evaluate((modality) => window.look.viewer.state.series.find((one) => one.modality === modality).key, modality);
  await reader.page.locator(`nm-viewer .series[data-series="${key}"]`).focus();
  await reader.page.keyboard.press("Enter");
  await reader.waitFor((key) => window.look.viewer.activeView?.layers[0].series === key, `the ${modality} that was chosen`, key);
}

const CHECKS = {
  async "V2D-05: thumbnails, by mouse and by keys"(reader) {
    await reader.waitFor(() => [...window.look.viewer.root.querySelectorAll(".series img")].every((one) => !one.hidden && one.naturalWidth > 0), "a thumbnail of each series");
    await bySeriesKeys(reader, "PT");
    await bySeriesKeys(reader, "CT");
  },

  async "V2D-12: by one, and on and on"(reader) {
    const before = await slice(reader);
    await reader.page.locator("nm-viewer .view").first().focus();
    await reader.page.keyboard.press("ArrowRight");
    await reader.settle();
    expect((await slice(reader)) === before + 1, `slice ${before + 1}, found ${await slice(reader)}`);
    await reader.page.keyboard.press("ArrowLeft");
    await reader.wheel(await active(reader), 10);
    await reader.settle();
    expect((await slice(reader)) === before + 10, `slice ${before + 10}, found ${await slice(reader)}`);
  },

  async "V2D-03: tiles and stack, place and window stay"(reader) {
    const view = await active(reader);
    await reader.drag(view, [0.5, 0.5], [0.55, 0.4]);
    await reader.settle();
    const before = await reader.view(view);
    await reader.choose("tools_view", reader.t("kind_tiles"));
    await reader.settle();
    const tiled = await reader.view(view);
    expect("tiles" in tiled.kind, `tiles, found ${JSON.stringify(tiled.kind)}`);
    await reader.choose("tools_view", reader.t("kind_stack"));
    await reader.settle();
    const after = await reader.view(view);
    expect(after.kind === "stack" && after.slice[0] === before.slice[0] && after.layers[0].window.join() === before.layers[0].window.join(), `slice ${before.slice[0]} and window ${before.layers[0].window}, found ${after.slice[0]} and ${after.layers[0].window}`);
  },

  async "V2D-20: one click gives the first picture"(reader, { first }) {
    await reader.press("reset_view");
    const { most } = apart((await pictureOf(reader)).rgba, first.rgba);
    expect(most === 0, `the first picture, found ${most} apart`);
  },

  async "V2D-15: inverted is 255 less the value"(reader, { first }) {
    await onImage(reader, "invert");
    const inverted = await pictureOf(reader);
    const { width, height } = first;
    let worst = 0;
    for (let y = Math.floor(height * 0.45); y < height * 0.55; y += 1) {
      for (let x = Math.floor(width * 0.45); x < width * 0.55; x += 1) {
        const at = (y * width + x) * 4;
        worst = Math.max(worst, Math.abs(first.rgba[at] + inverted.rgba[at] - 255));
      }
    }
    expect(worst === 0, `255 less each value, found ${worst} off`);
    await onImage(reader, "invert");
  },

  async "V2D-19: quarter turns and mirrors, and letters follow"(reader, { first }) {
    const before = await letters(reader);
    await onImage(reader, "rotate_right");
    const turned = await letters(reader);
    expect(turned.top === before.left && turned.right === before.top && turned.bottom === before.right, `letters to be turned from ${JSON.stringify(before)}, found ${JSON.stringify(turned)}`);
    await onImage(reader, "rotate_right", "rotate_right", "rotate_right", "flip_horizontally");
    const mirrored = await letters(reader);
    expect(mirrored.left === before.right && mirrored.right === before.left && mirrored.top === before.top, `letters to be mirrored from ${JSON.stringify(before)}, found ${JSON.stringify(mirrored)}`);
    await onImage(reader, "flip_vertically", "flip_horizontally", "flip_vertically");
    const { share } = apart((await pictureOf(reader)).rgba, first.rgba);
    expect(share < 0.001, `the first picture after all turns, found ${(100 * share).toFixed(2)} % of pixels otherwise`);
  },

  async "V2D-17: palettes"(reader) {
    await reader.waitFor(() => window.look.viewer.catalogue, "the catalogue");
    const names = await reader.page.evaluate(() => window.look.viewer.catalogue.palettes.map(({ name }) => name));
    expect(new Set(names).size >= LEAST_PALETTES, `${LEAST_PALETTES} palettes, found ${names.length}`);
    const seen = [];
    await reader.page.locator(`nm-viewer .panel button.choice[aria-label^="${reader.t("control_set_palette")}"]`).first().click();
    for (const name of ["viridis", "hot_iron", "pet"]) {
      await reader.item(reader.t.palette(name)).click();
      seen.push(await pictureOf(reader));
      expect(seen.slice(0, -1).every((other) => differs(other, seen.at(-1))), `${name} to look otherwise`);
    }
    await reader.item(reader.t.palette("gray")).click();
    await reader.page.keyboard.press("Escape");
  },

  async "V2D-14: windows by body part"(reader) {
    const { controls } = await reader.ask({ controls: { viewport: await active(reader) } });
    const presets = controls.find(({ command }) => command === "set_window").setting.window.presets;
    const missing = PRESETS.filter((name) => !presets.includes(name));
    expect(!missing.length, `presets of all body parts, found none for ${missing}`);
    const windows = {};
    for (const name of ["lung", "liver", "limb_bone"]) {
      await reader.page.locator("nm-viewer .panel .limits .choice").first().click();
      await reader.item(reader.t.preset(name)).click();
      await reader.settle();
      [windows[name]] = (await reader.view(await active(reader))).layers.map((layer) => layer.window);
    }
    const center = ([low, high]) => (low + high) / 2;
    expect(center(windows.lung) < -300 && center(windows.liver) > 0 && center(windows.limb_bone) > center(windows.liver), `windows of lung, liver and bone, found ${JSON.stringify(windows)}`);
  },

  async "V2D-10: texts off and on"(reader) {
    const number = await active(reader);
    const texts = () => reader.page.evaluate((number) => window.look.textsOf(window.look.viewer.views.get(number)).length, number);
    const before = await texts();
    for (const isOn of [false, true]) {
      await reader.press("more");
      await reader.page.locator("nm-viewer .menu details summary", { hasText: reader.t("texts") }).click();
      await reader.page.locator("nm-viewer .menu label", { hasText: reader.t("text_corners") }).locator("input").setChecked(isOn);
      await reader.page.keyboard.press("Escape");
      await reader.settle();
      const now = await texts();
      expect(isOn ? now === before : now < before, `${isOn ? before : `fewer than ${before}`} texts, found ${now}`);
    }
  },

  async "V2D-11: a key image is marked and not"(reader) {
    for (const count of [1, 0]) {
      await reader.press("key_image");
      await reader.waitFor((count) => window.look.viewer.keyImages.length === count, `${count} key images`, count);
    }
  },

  async "V2D-37: F6 takes the picture for the film"(reader) {
    const before = await reader.countTold("nm-film");
    await reader.page.locator("nm-viewer .view").first().focus();
    await reader.page.keyboard.press("F6");
    await reader.told("nm-film", before);
  },

  async "V2D-27: cine at its speed, and paused"(reader) {
    await cineMenu(reader, "cine_play", CINE_PER_S);
    const rate = await reader.page.evaluate(async (seconds) => {
      const { viewer } = window.look;
      const seen = [];
      const end = viewer.on("view", () => {
        const { slice } = viewer.activeView;
        if (slice[0] !== seen.at(-1)?.at) seen.push({ at: slice[0], count: slice[1], ms: performance.now() });
      });
      await window.look.pause(seconds * 1000);
      end();
      const steps = seen.slice(1).reduce((sum, one, n) => sum + ((one.at - seen[n].at + one.count) % one.count), 0);
      return (1000 * steps) / (seen.at(-1).ms - seen[0].ms);
    }, CINE_S);
    expect(Math.abs(rate / CINE_PER_S - 1) <= 0.1, `${CINE_PER_S} slices a second, found ${rate.toFixed(2)}`);
    await cineMenu(reader, "cine_pause");
    await reader.settle();
    const rested = await slice(reader);
    await reader.page.waitForTimeout(500);
    expect((await slice(reader)) === rested, `slice ${rested} while it rests, found ${await slice(reader)}`);
    return `${rate.toFixed(2)} of ${CINE_PER_S} slices a second`;
  },

  async "V2D-08: layouts"(reader) {
    for (const [rows, columns] of [[1, 2], [2, 2], [2, 3], [3, 4]]) {
      await grid(reader, rows, columns);
      await viewCount(reader, rows * columns);
    }
    await reader.press("layout");
    await reader.page.locator(`nm-viewer .menu input[aria-label="${reader.t("layout_rows")}"]`).fill("2");
    await reader.page.locator(`nm-viewer .menu input[aria-label="${reader.t("layout_columns")}"]`).fill("5");
    await reader.page.locator("nm-viewer .menu form button").click();
    await viewCount(reader, 10);
    await grid(reader, 1, 1);
    await viewCount(reader, 1);
    await reader.settle();
  },

  async "V2D-09: a layout that is left is found as it was"(reader) {
    const before = await reader.view(await active(reader));
    for (let turn = 0; turn < 3; turn += 1) {
      await grid(reader, 2, 2);
      await viewCount(reader, 4);
      await grid(reader, 1, 1);
      await viewCount(reader, 1);
    }
    await reader.settle();
    const after = await reader.view(await active(reader));
    expect(JSON.stringify([after.slice, after.zoom, after.layers]) === JSON.stringify([before.slice, before.zoom, before.layers]), "the view as it was");
  },

  async "V2D-13: magnified and moved, views that are linked go along"(reader) {
    await grid(reader, 1, 2);
    await viewCount(reader, 2);
    const numbers = await reader.page.evaluate(() => window.look.viewer.viewNumbers);
    const key = await reader.page.evaluate(() => window.look.viewer.state.series.find((one) => one.modality === "CT").key);
    for (const viewport of numbers) await reader.do({ show: { viewport, kind: "plane", series: [key], axis: "axial" } });
    await reader.settle();
    const shown = () => Promise.all(numbers.map((viewport) => reader.view(viewport)));
    const before = await shown();
    await reader.drag(numbers[0], [0.5, 0.5], [0.5, 0.35], { button: "right" });
    await reader.settle();
    const magnified = await shown();
    expect(magnified[0].zoom > before[0].zoom * 1.2 && Math.abs(magnified[1].zoom / magnified[0].zoom - 1) < 1e-6, `both to be magnified alike, found ${magnified.map(({ zoom }) => zoom)}`);
    await reader.drag(numbers[0], [0.5, 0.5], [0.6, 0.6], { button: "middle" });
    await reader.settle();
    const moved = await shown();
    const far = (n) => Math.hypot(...moved[n].focus_mm.map((value, axis) => value - magnified[n].focus_mm[axis]));
    expect(far(0) > 5 && Math.abs(far(1) - far(0)) < 1e-3, `both to be moved alike, found ${[far(0), far(1)]} mm`);
  },
};

/** Goes through all checks on one series. */
export async function allTools(reader) {
  await reader.told("nm-ready");
  await reader.settle();
  const context = { first: await pictureOf(reader) };
  const said = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      const found = await check(reader, context);
      if (found) said.push(found);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
  }
  return [`${Object.keys(CHECKS).length} checks`, ...said].join(", ");
}
