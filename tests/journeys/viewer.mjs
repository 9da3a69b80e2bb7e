// Readers' ways through the viewer, in a real browser: node viewer.mjs UPTAKE [PICTURES]
//
// UPTAKE is a built `uptake`; it serves an open archive of the journeys' own. `VIEWER_ELEMENT` names a folder with the element's
// files, for whoever works on them; the journeys of one name alone are run by `VIEWING=name`; with `VIEWING_LONG` all
// of them are, and a real PET-CT is read through as the demo's is.

import { devices } from "playwright-core";

import { browser, expect, WEBGPU } from "./site.mjs";
import { Archive, realSet } from "./viewing/archive.mjs";
import * as drawers from "./viewing/drawers.mjs";
import { looks, SCREENS } from "./viewing/looks.mjs";
import { Reader } from "./viewing/reader.mjs";
import { glance, holdAlike, readThrough } from "./viewing/script.mjs";
import { secondWindow } from "./viewing/screens.mjs";
import { sitePage } from "./viewing/site-page.mjs";
import { leavesNothing } from "./viewing/storage.mjs";
import { allTools } from "./viewing/tools.mjs";
import { byTouch } from "./viewing/touch.mjs";

const [uptake, shots] = process.argv.slice(2);
const DESK = { viewport: { width: 1180, height: 600 } };

/** A context of its own, whose pages are closed with it. */
async function inContext(engine, options, journey) {
  const context = await engine.newContext({ locale: "zh-CN", ...options });
  try {
    return await journey(context);
  } finally {
    await context.close();
  }
}

/** Opens a study on a desk, by the server unless told otherwise, and lets somebody read. */
async function onDesk(engine, archive, attributes, read, url = archive.url) {
  return inContext(engine, DESK, async (context) => {
    const reader = await Reader.open(context, url, attributes);
    const found = await read(reader);
    await reader.close();
    return found;
  });
}

/** Reads a study by the server, then by the page: the same pictures and readouts. */
async function alike(engine, archive, shown, name, read) {
  const records = {};
  for (const mode of ["remote", "local"]) {
    records[mode] = await onDesk(engine, archive, { ...shown, mode }, async (reader) => {
      const { drawer } = await reader.told("nm-ready");
      expect(drawer === (mode === "local" ? "gpu" : "server"), `drawn by ${mode}, found ${drawer}`);
      return read(reader, (step) => reader.shoot(shots, `${name}-${mode}-${step}`));
    });
    console.log(`  ${name}, ${mode}: ${records[mode].map(({ name, took_ms }) => `${name} ${(took_ms / 1000).toFixed(1)} s`).join(", ")}`);
  }
  return figures(holdAlike(records.local, records.remote));
}

/** Somebody with a phone or a tablet, upright and on its side. */
async function onDevice(engine, archive, study, name, tools) {
  const { defaultBrowserType, ...device } = devices[name];
  const facts = await archive.patient(study);
  const turned = { width: device.viewport.height, height: device.viewport.width };
  const label = name.split(" ")[0].toLowerCase();
  return inContext(engine, device, async (context) => {
    const reader = await Reader.open(context, archive.url, { study, mode: "auto", tools });
    const found = await byTouch(reader, facts, await archive.demo("geometry"), (step) => reader.shoot(shots, `${label}-${step}`));
    await reader.page.setViewportSize(turned);
    await reader.settle();
    await reader.shoot(shots, `${label}-turned`);
    await reader.close();
    return found;
  });
}

const figures = ({ pictures, most, share, decibel }) => [pictures && `${pictures} pictures`, `farthest ${most} of 255`, `${(100 * share).toFixed(3)} % beyond 2`, `at least ${decibel.toFixed(1)} dB`].filter(Boolean).join(", ");

const journeys = {
  /** Open, scroll, window, probe, measure, fuse, MIP, VR, lesions, key image, layout, undo, reset: V2D-20, V2D-21. Local and remote are alike. */
  "demo PET-CT": async ({ browsers, archive, demo }) => alike(await browsers.get("webgpu"), archive, { study: demo }, "demo", readThrough),

  /** The same of a real PET-CT, where the data are: its first steps, or with `VIEWING_LONG` all of it. */
  async "real PET-CT"({ browsers, archive }) {
    const folder = realSet("petct/sts-001");
    const read = process.env.VIEWING_LONG ? readThrough : glance;
    return folder ? alike(await browsers.get("webgpu"), archive, { study: await archive.load(folder) }, "real", read) : "no shared data";
  },

  /** A first look at a series of real CT and nuclear medicine, volumes and planar images, where the data are. Local and remote are alike. */
  async "real CT and NM"({ browsers, archive }) {
    const told = [];
    for (const set of ["ct/variable-spacing-ge", "nm/lung-kidney-static", "nm/wg04-nm1-bone-wholebody"]) {
      const folder = realSet(set);
      if (!folder) continue;
      const study = await archive.load(folder);
      // Alone: whole volumes of 512 columns in space are more than an imitated graphics card draws within a minute.
      const [{ series }] = await archive.series(study);
      told.push(`${set}: ${await alike(await browsers.get("webgpu"), archive, { study, series }, set.split("/")[1], glance)}`);
    }
    return told.join("; ") || "no shared data";
  },

  /** From the server to the page and back: the view stays. */
  "switching while looking": async ({ browsers, archive, demo }) => figures(await onDesk(await browsers.get("webgpu"), archive, { study: demo }, drawers.switching)),

  /** A browser without WebGPU streams by itself and says why: V2D-33, V2D-35. */
  "no WebGPU": async ({ browsers, archive, demo }) => onDesk(await browsers.get("plain"), archive, { study: demo, mode: "auto" }, (reader) => drawers.streamsBecause(reader, "no_gpu")),

  /** So does one on plain http from elsewhere, also when its link is cut: V2D-35. */
  async "plain http"({ browsers, archive, demo }) {
    const proxy = await archive.elsewhere();
    return onDesk(await browsers.get("webgpu"), archive, { study: demo, mode: "auto" }, async (reader) => {
      const text = await drawers.streamsBecause(reader, "insecure");
      await drawers.cutLink(reader, text, proxy);
      return text;
    }, proxy.url);
  },

  /** A patient's phone: fingers, series, name. V2D-13, V2D-29, V2D-30, V2D-31, V2D-32, V2D-33, V2D-36. */
  phone: async ({ browsers, archive, demo }) => onDevice(await browsers.get("plain"), archive, demo, "Pixel 7", "patient"),

  /** A reader's tablet: the same with all tools. */
  tablet: async ({ browsers, archive, demo }) => onDevice(await browsers.get("plain"), archive, demo, "iPad (gen 7)", "full"),

  /** Nothing of images is left on the device: V2D-34. */
  async "nothing left behind"({ browsers, archive, demo }) {
    await browsers.close();
    const open = async (context, mode, sent) => {
      const page = await context.newPage();
      page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => typeof payload !== "string" && sent(payload)));
      return Reader.on(page, archive.url, { study: demo, mode, tools: "full", lang: "zh-CN" });
    };
    return leavesNothing({ archive, study: demo, flags: WEBGPU, frames: archive.frames("petct", 24), open });
  },

  /** A second window follows and shows its own views. */
  "second window": async ({ browsers, archive, demo }) => {
    const other = await archive.demo("nema");
    return onDesk(await browsers.get("plain"), archive, { study: demo }, (reader) => secondWindow(reader, other, (one, name) => one.shoot(shots, name)));
  },

  /** Every tool once: V2D-03, V2D-05, V2D-08 to V2D-15, V2D-17, V2D-19, V2D-20, V2D-27, V2D-37. */
  async "all tools"({ browsers, archive, demo }) {
    const { series } = (await archive.series(demo)).find(({ modality }) => modality === "CT");
    return onDesk(await browsers.get("plain"), archive, { study: demo, series }, allTools);
  },

  /** The page of the site, signed in, drawn in the page under its policy; a clinician's; without the patient. V2D-31, NM-24. */
  async "the site's page"({ browsers, archive, demo }) {
    const told = { uptake, engine: await browsers.get("webgpu"), port: 19300 + (process.pid % 500) * 2 };
    const shoot = (reader, name) => reader.shoot(shots, name);
    return sitePage({ ...told, folder: archive.demoFolder("petct"), study: demo, facts: await archive.patient(demo), hasDrawer: archive.hasDrawer, shoot });
  },

  /** What people look at, in both languages and in each form: nothing beyond the screen or over each other. Large screens for pictures alone. */
  async looks({ browsers, archive, demo }) {
    const engine = await browsers.get("plain");
    for (const [size, [width, height]] of Object.entries(SCREENS).slice(0, shots ? undefined : 1)) {
      for (const [tools, lang] of [["full", "zh-CN"], ["full", "en"], ["clinic", "zh-CN"], ["patient", "en"]]) {
        await inContext(engine, { viewport: { width, height } }, async (context) => {
          const reader = await Reader.open(context, archive.url, { study: demo, tools, lang });
          await looks(reader, (name) => reader.shoot(shots, `${size}-${tools}-${lang}-${name}`));
          await reader.close();
        });
      }
    }
  },

  /** What draws in the page fails: the server goes on. */
  "worker fails": async ({ browsers, archive, demo }) => onDesk(await browsers.get("webgpu"), archive, { study: demo, mode: "local" }, drawers.workerFails),

  /** What draws in the page cannot be loaded: the server draws. */
  "package fails": async ({ browsers, archive, demo }) => inContext(await browsers.get("webgpu"), DESK, async (context) => {
    await context.route("**/viewer/wasm/*.wasm", (route) => (route.request().method() === "HEAD" ? route.fulfill({ contentType: "application/wasm" }) : route.abort()));
    const reader = await Reader.open(context, archive.url, { study: demo, mode: "local" });
    await drawers.packageFails(reader);
    await reader.close();
  }),

  /** The graphics device is lost. It ends the browser's graphics: the last with it. */
  "device lost": async ({ browsers, archive, demo }) => onDesk(await browsers.get("webgpu"), archive, { study: demo, mode: "local" }, drawers.deviceLost),
};

/** Walked with `VIEWING_LONG` alone: what others walk too, or the eye judges. */
const LONG = new Set(["real CT and NM", "tablet", "looks"]);

/** One browser at a time: both want the machine for themselves. */
class Browsers {
  static FLAGS = { webgpu: WEBGPU, plain: [] };

  async get(kind) {
    if (this.kind === kind) return this.engine;
    await this.close();
    Object.assign(this, { kind, engine: await browser(Browsers.FLAGS[kind]) });
    return this.engine;
  }

  async close() {
    await this.engine?.close();
    this.kind = null;
    this.engine = null;
  }
}

const browsers = new Browsers();
const archive = await Archive.start(uptake);
let failures = 0;
try {
  const demo = await archive.demo("petct");
  for (const [name, journey] of Object.entries(journeys)) {
    const isWanted = process.env.VIEWING ? new RegExp(process.env.VIEWING).test(name) : process.env.VIEWING_LONG || !LONG.has(name);
    if (!isWanted) continue;
    const begun = Date.now();
    try {
      const found = await journey({ browsers, archive, demo });
      console.log(`viewing: ${name} (${[found, `${((Date.now() - begun) / 1000).toFixed(1)} s`].filter(Boolean).join("; ")})`);
    } catch (error) {
      failures += 1;
      console.log(`viewing: ${name} FAILED: ${error.stack}`);
    }
  }
} finally {
  await browsers.close();
  await archive.end();
}
process.exit(failures > 0 ? 1 : 0);
