// What is left on the device after somebody has looked: nothing of images, nothing of who the patient is.

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { browserIn, expect } from "../site.mjs";

/** Bytes of a search: as short as will not be met by chance. */
const WINDOW_BYTES = 64;
/** Of a window at least so many values differ: air is nobody's image. */
const LEAST_VALUES = 12;
const MOST_WINDOWS = 400;

/** Windows of bytes that say something, spread over all of them. */
function windowsOf(bytes, count) {
  const found = [];
  const step = Math.max(WINDOW_BYTES, Math.floor(bytes.length / (count * 4)));
  for (let at = 0; at + WINDOW_BYTES <= bytes.length && found.length < count; at += step) {
    const window = bytes.subarray(at, at + WINDOW_BYTES);
    if (new Set(window).size >= LEAST_VALUES) found.push(window);
  }
  return found;
}

/** Tables that all pictures of a coding share lie before this. */
const AFTER_TABLES = 1024;

/** The pixel data of an object that is stored as it was measured. */
function pixelsOf(file) {
  const at = file.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]));
  return file.subarray(at + 12);
}

/** What must not be found, by what it is. */
async function needlesOf(archive, study, { frames, sent }) {
  const needles = [];
  const add = (what, list) => needles.push(...list.map((bytes) => ({ what, bytes })));
  for (const file of frames) add("voxels", windowsOf(pixelsOf(file), 8));
  for (const { series } of await archive.series(study)) {
    const answer = await fetch(`${archive.own}/viewer/v1/series/${study}/${series}?overview=quarter&from=0`);
    add("frames as sent", windowsOf(Buffer.from(await answer.arrayBuffer()), 40));
  }
  for (const picture of sent) add("pictures as sent", windowsOf(picture.subarray(AFTER_TABLES), 6));
  const facts = (await archive.patient(study)).filter((fact) => fact.length > 2);
  add("the patient in UTF-8", facts.map((fact) => Buffer.from(fact)));
  add("the patient in UTF-16", facts.map((fact) => Buffer.from(fact, "utf16le")));
  // Whatever of it were kept would be kept under its address.
  add("addresses of images", [Buffer.from(study)]);
  return needles;
}

function filesBelow(folder) {
  return readdirSync(folder).map((name) => join(folder, name)).flatMap((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isDirectory() ? filesBelow(path) : found?.isFile() ? [path] : [];
  });
}

/** Files of a folder in which bytes are found, with what they are. */
function scan(folder, needles) {
  let bytes = 0;
  const found = [];
  for (const path of filesBelow(folder)) {
    const content = readFileSync(path);
    bytes += content.length;
    for (const { what, bytes: wanted } of needles) if (content.includes(wanted)) found.push(`${what} in ${path.slice(folder.length + 1)}`);
  }
  return { bytes, found: [...new Set(found)] };
}

/** What the page itself could keep. */
async function storesNothing(reader) {
  const stored = await reader.page.evaluate(async () => ({
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    local: localStorage.length,
    session: sessionStorage.length,
    cookies: document.cookie.length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    files: await navigator.storage.getDirectory().then(async (root) => (await Array.fromAsync(root.keys())).length),
  }));
  for (const [where, count] of Object.entries(stored)) expect(count === 0, `nothing stored in ${where}, found ${count}`);
}

/** Looks at a study with each drawer in a browser that keeps a profile, then searches the profile. */
export async function leavesNothing({ archive, study, flags, frames, open }) {
  const folder = mkdtempSync(join(tmpdir(), "viewing-profile-"));
  const sent = [];
  try {
    const context = await browserIn(folder, flags);
    try {
      for (const mode of ["local", "remote"]) {
        const reader = await open(context, mode, (picture) => sent.push(picture));
        await reader.told("nm-ready");
        await reader.settle();
        const fused = await reader.find("plane", "CT,PT");
        for (let turn = 0; turn < 3; turn += 1) await reader.wheel(fused, 2);
        await reader.settle();
        await storesNothing(reader);
        await reader.close();
      }
    } finally {
      await context.close();
    }
    expect(sent.length > 3, `pictures from the server, found ${sent.length}`);
    const needles = await needlesOf(archive, study, { frames, sent: sent.slice(-MOST_WINDOWS / 6) });
    const { bytes, found } = scan(folder, needles);
    expect(!found.length, `nothing of the images or the patient in the profile, found ${found.join("; ")}`);
    // The search sees what is there: the address that was looked at is among what the browser keeps.
    const control = scan(folder, [{ what: "the address", bytes: Buffer.from(`${archive.url}/viewer/element/nm-viewer.js`) }]);
    expect(control.found.length > 0, "the visited address in the profile");
    return `${needles.length} searches in ${(bytes / 1e6).toFixed(1)} MB`;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
