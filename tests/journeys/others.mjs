// The viewer in browsers of other makers, which have no WebGPU here and stream: node others.mjs UPTAKE [PICTURES]
//
// Chromium sets the site up and reads first; Firefox, WebKit and WebKit as large as a phone must read the same.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Site, browser, chiefOf, expect } from "./site.mjs";
import { expectSame, FINGER, MOUSE, view } from "./viewing/steps.mjs";
import { firefox, webkit, within } from "./webdriver.mjs";

const [uptake, shots] = process.argv.slice(2);
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844, scale: 3 };
const RUN_MS = 480_000;
const LANGUAGE = { name: "uptake_language", value: "zh-CN" };

/** Chromium, by the names that the other browsers have. */
class Chromium {
  constructor(page) {
    Object.assign(this, { name: "Chromium", page });
  }

  go(address) {
    return this.page.goto(address);
  }

  run(call, given) {
    return this.page.evaluate(call, given);
  }

  move([x, y]) {
    return this.page.mouse.move(x, y);
  }

  click([x, y]) {
    return this.page.mouse.click(x, y);
  }

  async drag(from, to) {
    await this.page.mouse.move(...from);
    await this.page.mouse.down();
    await this.page.mouse.move(...to, { steps: 3 });
    await this.page.mouse.up();
  }

  async wheel(at, deltaY) {
    await this.page.mouse.move(...at);
    await this.page.mouse.wheel(0, deltaY);
  }

  screenshot() {
    return this.page.screenshot();
  }
}

/** Takes the demo's PET-CT in for the hospital; gives its study and the hottest voxel of a lesion, by the demo's own truth. */
async function demo(site) {
  const folder = mkdtempSync(join(tmpdir(), "demo-"));
  const run = (...args) => execFileSync(uptake, args, { stdio: ["ignore", "pipe", "pipe"] });
  try {
    run("demo", "--size", "tiny", join(folder, "demo"));
    const petct = join(folder, "demo", "petct");
    const truth = JSON.parse(readFileSync(join(petct, "truth.json")));
    const here = ["--config", site.config, "--data", site.data];
    const [{ id }] = run("site", "organisations", ...here, "--json").toString().trim().split("\n").map((line) => JSON.parse(line));
    // The archive has one process at a time.
    await site.stop();
    run("pacs", "import", ...here, "--organisation", String(id), petct);
    await site.serve();
    const { max, max_voxel } = truth.lesions[0].stored.mask;
    const { first_voxel_mm, spacing_mm } = truth.pet;
    return { study: truth.study_instance_uid, lesion: { suv: max, place_mm: max_voxel.map((at, n) => first_voxel_mm[n] + at * spacing_mm[n]) } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const looker = (engine, name) => async (what) => {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  writeFileSync(join(shots, `viewer-${name}-${what}.png`), await engine.screenshot());
};

/** Sets the site up with Chromium, and reads with it; gives the session of whoever did, the study and what was read. */
async function begin(site) {
  const engine = await browser();
  try {
    const chief = await chiefOf(site, engine, DESK);
    const { study, lesion } = await demo(site);
    const chromium = new Chromium(chief.page);
    const read = await view(chromium, `${site.url}/view/${study}`, { hand: MOUSE, lesion, look: looker(chromium, "chromium") });
    const errors = chief.errors.filter((text) => !/status of 4\d\d/.test(text));
    expect(!errors.length, `no errors in Chromium, found ${JSON.stringify(errors)}`);
    const session = (await chief.context.cookies()).find(({ name }) => name === "uptake_session");
    return { session, study, lesion, read };
  } finally {
    await engine.close();
  }
}

/** The same in a browser that has just been opened, by whoever has the session. */
async function walk(site, engine, name, hand, { session, study, lesion }) {
  try {
    await engine.go(`${site.url}/sign-in`);
    for (const { name, value } of [session, LANGUAGE]) await engine.cookie(name, value);
    return await view(engine, `${site.url}/view/${study}`, { hand, lesion, look: looker(engine, name) });
  } finally {
    await engine.end();
  }
}

const said = ({ line_mm, value, planes }) => `${planes[0].size.join(" x ")} pixels, ${line_mm.toFixed(1)} mm, ${value}`;

async function journeys() {
  const site = await Site.start(uptake, 18200 + (process.pid % 500) * 2);
  process.once("exit", () => site.server.kill());
  try {
    const given = await begin(site);
    console.log(`journey: the viewer streams to Chromium without WebGPU: ${said(given.read)}`);
    for (const [name, open] of Object.entries({ firefox, webkit })) {
      const found = await walk(site, await open(DESK), name, MOUSE, given);
      expectSame(found, given.read, name);
      console.log(`journey: the viewer streams to ${name}, which reads and paints the same: ${said(found)}`);
    }
    const found = await walk(site, await webkit(PHONE), "webkit-phone", FINGER, given);
    expect(found.value === given.read.value, `${given.read.value} on a phone, found ${found.value}`);
    console.log(`journey: the viewer streams to webkit as large as a phone, to a finger: ${said(found)}`);
  } finally {
    await site.end();
  }
}

// Whatever ends this ends what it started.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
try {
  await within(RUN_MS, "the viewer's journeys to end", journeys());
} catch (error) {
  console.error(`journey: ${error.message}`);
  process.exit(1);
}
