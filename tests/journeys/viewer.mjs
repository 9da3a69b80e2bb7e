// Readers' ways through the viewer, in a real browser: node viewer.mjs UPTAKE [PICTURES]
//
// UPTAKE is a built `uptake`; it serves an open archive of the journeys' own. `VIEWER_ELEMENT` names a folder with the element's
// files, for whoever works on them; the journeys of one name alone are run by `VIEWING=name`.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { browser, expect, ROUTED, WEBGPU } from "./site.mjs";
import { Archive, realSet, REPOSITORY } from "./viewing/archive.mjs";
import { Reader, withFiles } from "./viewing/reader.mjs";
import { holdAlike, readThrough } from "./viewing/script.mjs";

const [uptake, shots] = process.argv.slice(2);
const DESK = { viewport: { width: 1200, height: 720 } };

/** A context of its own, whose pages are closed with it. */
async function inContext(engine, archive, options, journey) {
  const context = await withFiles(await engine.newContext({ locale: "zh-CN", ...options }), archive);
  try {
    return await journey(context);
  } finally {
    await context.close();
  }
}

/** Reads a study through with a drawer. */
async function readBy(mode, engine, archive, study, name) {
  return inContext(engine, archive, DESK, async (context) => {
    const reader = await Reader.open(context, archive.url, { study, mode });
    const { drawer } = await reader.told("nm-ready");
    expect(drawer === (mode === "local" ? "gpu" : "server"), `drawn by ${mode}, found ${drawer}`);
    const records = await readThrough(reader, (step) => reader.shoot(shots, `${name}-${mode}-${step}`));
    await reader.close();
    return records;
  });
}

const figures = ({ pictures, most, share, decibel }) => `${pictures} pictures, farthest ${most} of 255, ${(100 * share).toFixed(3)} % beyond 2, at least ${decibel.toFixed(1)} dB`;
const steps = (records) => records.map(({ name, took_ms }) => `${name} ${(took_ms / 1000).toFixed(1)} s`).join(", ");

const journeys = {
  /** Open, scroll, window, probe, measure, fuse, MIP, VR, lesions, key image, layout, undo, reset: V2D-20, V2D-21. Local and remote are alike. */
  async "demo PET-CT"({ webgpu, archive }) {
    const study = await archive.demo("petct");
    const remote = await readBy("remote", webgpu, archive, study, "demo");
    console.log(`  remote: ${steps(remote)}`);
    const local = await readBy("local", webgpu, archive, study, "demo");
    console.log(`  local: ${steps(local)}`);
    return figures(holdAlike(local, remote));
  },

  /** The same of a real PET-CT, where the data are. */
  async "real PET-CT"({ webgpu, archive }) {
    const folder = realSet("petct/sts-001");
    if (!folder) return "no shared data";
    const study = await archive.load(folder);
    const remote = await readBy("remote", webgpu, archive, study, "real");
    console.log(`  remote: ${steps(remote)}`);
    const local = await readBy("local", webgpu, archive, study, "real");
    console.log(`  local: ${steps(local)}`);
    return figures(holdAlike(local, remote));
  },
};

const archive = await Archive.start(uptake);
let failures = 0;
try {
  const hasDrawer = (await archive.hasPackage()) || existsSync(join(REPOSITORY, "target/viewer/viewer_wasm_bg.wasm"));
  expect(hasDrawer, "the drawer of the page, in the program or in target/viewer: scripts/wasm.sh makes it");
  const webgpu = await browser([...WEBGPU, ROUTED]);
  try {
    for (const [name, journey] of Object.entries(journeys)) {
      if (process.env.VIEWING && !name.includes(process.env.VIEWING)) continue;
      const begun = Date.now();
      try {
        const found = await journey({ webgpu, archive });
        console.log(`viewing: ${name} (${[found, `${((Date.now() - begun) / 1000).toFixed(1)} s`].filter(Boolean).join("; ")})`);
      } catch (error) {
        failures += 1;
        console.log(`viewing: ${name} FAILED: ${error.message}\n${error.stack}`);
      }
    }
  } finally {
    await webgpu.close();
  }
} finally {
  await archive.end();
}
process.exit(failures > 0 ? 1 : 0);
