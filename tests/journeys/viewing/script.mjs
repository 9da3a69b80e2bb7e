// What a reader of PET-CT does from opening to reset, step by step; what is seen and read after each step is kept, so that it
// can be held against the same steps drawn elsewhere.

import { expect } from "../site.mjs";
import { differs, holdPictures, holdSame, worstOf } from "./pixels.mjs";

/** Lesions that stay after the table was read: each is a layer of every picture, which an imitated graphics card draws slowly. */
const KEPT_LESIONS = 2;

const approximately = (found, wanted) => Math.abs(found - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted));

/** A field of the panel for the layer of a modality. */
async function typeWindow(reader, modality, word, text) {
  const card = reader.page.locator("nm-viewer .panel .card.layer", { has: reader.page.locator(`.badge[data-modality="${modality}"]`) });
  await reader.fill(card.locator(`input.typed[aria-label="${reader.t(word)}"]`), text);
}

const windowOf = async (reader, viewport, modality) => (await reader.view(viewport)).layers.find((layer) => layer.modality === modality).window;

/** Deletes lesions by their rows, the last first, until so many are left. */
async function deleteLesions(reader, kept) {
  const rows = reader.page.locator("nm-viewer .panel tbody tr");
  for (let left = await rows.count(); left > kept; left -= 1) {
    await rows.last().hover();
    await rows.last().locator("button.plain").click();
    await reader.waitFor((left) => window.look.viewer.vois.length < left, "one lesion less", left);
  }
}

const STEPS = {
  async opened() {},

  async scrolled(reader, { fused }) {
    const before = (await reader.view(fused)).slice[0];
    await reader.wheel(fused, 4);
    await reader.settle();
    const after = (await reader.view(fused)).slice[0];
    expect(after === before + 4, `slice ${before + 4} after four notches, found ${after}`);
  },

  async windowed(reader, { fused, ct }) {
    const before = await windowOf(reader, fused, "PT");
    await reader.drag(fused, [0.5, 0.5], [0.5, 0.3]);
    await reader.settle();
    const dragged = await windowOf(reader, fused, "PT");
    expect(dragged[1] !== before[1], `another window than ${before} after a drag, found ${dragged}`);
    await typeWindow(reader, "PT", "window_high", 7);
    await reader.settle();
    const typed = await windowOf(reader, fused, "PT");
    expect(approximately(typed[1], 7), `7 as typed, found ${typed}`);
    await reader.click(ct, [0.5, 0.6]);
    await typeWindow(reader, "CT", "window_width", 300);
    await typeWindow(reader, "CT", "window_center", 50);
    await reader.settle();
    const levels = await windowOf(reader, ct, "CT");
    expect(approximately(levels[0], -100) && approximately(levels[1], 200), `-100 to 200 as typed, found ${levels}`);
  },

  async probed(reader, { fused }) {
    await reader.hover(fused, [0.45, 0.5]);
    await reader.page.locator("nm-viewer .probe .value").nth(1).waitFor();
    const said = await reader.page.evaluate(() => window.look.shownTexts(".probe .value"));
    expect(said.some((text) => /^CT.*HU$/.test(text)) && said.some((text) => /^PET.*SUV$/.test(text)), `values of CT and PET under the pointer, found ${said}`);
    const { size: [width, height] } = await reader.view(fused);
    return { said: { texts: said, figures: await reader.ask({ probe: { viewport: fused, at: [0.45 * width, 0.5 * height, width, height] } }) } };
  },

  async measured(reader, { ct, pet }) {
    await reader.choose("tools_measure", reader.t("tool_length"));
    await reader.drag(ct, [0.35, 0.5], [0.65, 0.55]);
    await reader.choose("tools_measure", reader.t("tool_ellipse"));
    await reader.drag(pet, [0.3, 0.35], [0.6, 0.65]);
    await reader.press("tool_window");
    await reader.tab("marks");
    await reader.waitFor(() => window.look.viewer.marks.length === 2, "two marks");
    await reader.settle();
    const [length, ellipse] = await reader.ask("marks");
    const figure = (mark, name) => mark.figures.find((one) => one.name === name);
    expect(figure(length, "length")?.unit === "mm" && figure(length, "length").value > 10, `a length in mm, found ${JSON.stringify(length.figures)}`);
    expect(figure(ellipse, "mean")?.unit === "SUVbw", `an ellipse with its mean SUV, found ${JSON.stringify(ellipse.figures)}`);
  },

  async mixed(reader, { fused }) {
    await reader.tab("view");
    await reader.click(fused, [0.5, 0.1]);
    await reader.fill(reader.page.locator(`nm-viewer .panel input.typed[aria-label="${reader.t("control_set_ratio")}"]`), 30);
    const card = reader.page.locator("nm-viewer .panel .card.layer", { has: reader.page.locator('.badge[data-modality="PT"]') });
    await card.locator(`button.choice[aria-label^="${reader.t("control_set_palette")}"]`).click();
    await reader.item(reader.t.palette("pet")).click();
    await reader.page.keyboard.press("Escape");
    await reader.settle();
    const upper = (await reader.view(fused)).layers[1];
    expect(upper.palette === "pet" && approximately(upper.ratio, 0.3), `the palette pet at 30 %, found ${JSON.stringify(upper)}`);
  },

  async turned(reader, { mip }, before) {
    await reader.press("tool_rotate");
    await reader.drag(mip, [0.4, 0.5], [0.6, 0.5]);
    await reader.press("tool_window");
    await reader.settle();
    return { changed: [mip], before };
  },

  async rendered(reader, { coronal }) {
    await reader.click(coronal, [0.5, 0.9]);
    await reader.press("kind_rendering");
    await reader.settle();
    const { kind } = await reader.view(coronal);
    expect(kind === "rendering" || "rendering" in kind, `a rendering, found ${JSON.stringify(kind)}`);
    return { changed: [coronal] };
  },

  async detected(reader, { fused }) {
    await reader.click(fused, [0.5, 0.1]);
    await reader.tab("lesions");
    await reader.page.locator("nm-viewer .panel .tab-body:not([hidden]) .acts button").first().click();
    await reader.waitFor((least) => window.look.viewer.vois.length >= least, "lesions", KEPT_LESIONS);
    const rows = await reader.page.evaluate(() => window.look.shownTexts(".panel tbody tr"));
    const vois = await reader.ask("vois");
    expect(rows.length === vois.length && rows.every((row) => /\d+\.\d\d/.test(row)), `a row with numbers for each of ${vois.length} lesions, found ${rows}`);
    await deleteLesions(reader, KEPT_LESIONS);
    await reader.page.locator("nm-viewer .panel tbody .name").first().click();
    return { said: { rows, vois } };
  },

  async marked(reader, { fused }) {
    await reader.click(fused, [0.5, 0.1]);
    await reader.press("key_image");
    await reader.waitFor(() => window.look.viewer.keyImages.length === 1, "a key image");
    await reader.tab("view");
  },

  async laid(reader) {
    const before = await reader.views();
    await reader.press("layout");
    await reader.page.locator(`nm-viewer .menu .grid-button[title="1 × 2"]`).click();
    await reader.waitFor(() => window.look.viewer.viewNumbers.length === 2, "two views");
    await reader.settle();
    return { before };
  },

  async undone(reader, _, { kept }) {
    await reader.press("undo");
    await reader.waitFor((count) => window.look.viewer.viewNumbers.length === count, "the views from before", kept.laid.before.length);
    await reader.settle();
    const now = await reader.views();
    expect(now.join() === kept.laid.before.join(), `views ${kept.laid.before} again, found ${now}`);
  },

  /** What was found and measured is no way of showing: it is taken away by itself. */
  async reset(reader) {
    await reader.choose("more", reader.t("reset_all"));
    await reader.tab("lesions");
    await deleteLesions(reader, 0);
    await reader.tab("marks");
    await reader.press("marks_clear");
    await reader.waitFor(() => window.look.viewer.marks.length === 0, "no marks");
    await reader.tab("view");
  },
};

/** Does all steps; gives what is seen and read after each. Screenshots go by `shoot(name)`. */
export async function readThrough(reader, shoot = async () => {}) {
  await reader.told("nm-ready");
  await reader.settle();
  const views = {
    ct: await reader.find("plane", "CT"),
    pet: await reader.find("plane", "PT"),
    fused: await reader.find("plane", "CT,PT"),
    mip: await reader.find("projection", "PT"),
    coronal: await reader.findAlong("CT", 1),
  };
  for (const [name, view] of Object.entries(views)) expect(view, `a view for ${name} as PET-CT is hung`);
  const [records, kept] = [[], {}];
  for (const [name, step] of Object.entries(STEPS)) {
    const begun = Date.now();
    kept[name] = await step(reader, views, { kept });
    const record = { name, ...(await reader.record()), said: kept[name]?.said, took_ms: Date.now() - begun };
    for (const view of kept[name]?.changed ?? []) {
      const of = (pictures) => pictures.find((one) => one.view === view);
      expect(differs(of(record.pictures), of(records.at(-1).pictures)), `view ${view} to look otherwise when ${name}`);
    }
    records.push(record);
    await shoot(name);
  }
  const [first, last] = [records[0], records.at(-1)];
  holdSame(last.pictures, first.pictures, "reset");
  const difference = firstDifference(last.readouts.texts, first.readouts.texts);
  expect(!difference, `the first texts after reset, expected ${difference}`);
  return records;
}

/** What anybody does first with images of any kind: opens, pages, windows, turns them round; each step as `readThrough` gives it. */
export async function glance(reader) {
  await reader.told("nm-ready");
  await reader.settle();
  const [view] = await reader.views();
  const steps = {
    opened: async () => {},
    scrolled: () => reader.wheel(view, 2),
    windowed: () => reader.drag(view, [0.5, 0.5], [0.6, 0.4]),
    turned: async () => {
      await reader.press("tools_image");
      for (const row of ["rotate_right", "invert"]) await reader.item(reader.t(row)).click();
      await reader.page.keyboard.press("Escape");
    },
  };
  const records = [];
  for (const [name, step] of Object.entries(steps)) {
    const begun = Date.now();
    await step();
    records.push({ name, ...(await reader.record()), took_ms: Date.now() - begun });
  }
  const { pictures: [first] } = records[0];
  expect(differs(records.at(-1).pictures[0], first), "a picture that was turned round to look otherwise");
  return records;
}

/** Where two values differ first, as a path, or null; numbers may differ by what arithmetic does. */
export function firstDifference(found, wanted, path = "") {
  if (typeof found === "number" && typeof wanted === "number") return approximately(found, wanted) ? null : `${path}: ${wanted}, found ${found}`;
  if (found === null || wanted === null || typeof found !== "object" || typeof wanted !== "object") return found === wanted ? null : `${path}: ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`;
  const keys = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  for (const key of keys) {
    const difference = firstDifference(found[key] ?? null, wanted[key] ?? null, `${path}/${key}`);
    if (difference) return difference;
  }
  return null;
}

/** Two ways through are the same: pictures by the bounds of renderers, words and numbers as they are read. */
export function holdAlike(found, wanted) {
  const worst = found.map((one, n) => {
    const difference = firstDifference({ ...one.readouts, said: one.said }, { ...wanted[n].readouts, said: wanted[n].said });
    expect(!difference, `the same readouts when ${one.name}, expected ${difference}`);
    return { name: one.name, ...holdPictures(one.pictures, wanted[n].pictures, one.name) };
  });
  return { pictures: found.reduce((all, one) => all + one.pictures.length, 0), ...worstOf(worst) };
}
