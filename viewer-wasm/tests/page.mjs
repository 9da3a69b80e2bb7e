// The drawer in a real page: a study is opened, looked at and drawn by WebGPU in a worker, and every picture is held against
// those that the processor's renderer made of the same commands (examples/viewer_fixture.rs). Nothing of it is stored.
//
//   node viewer-wasm/tests/page.mjs PACKAGE FIXTURE
//
// PACKAGE is what scripts/wasm.sh writes; FIXTURE what the example `viewer_fixture` writes.

import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { chromium } = createRequire(join(here, "../../tests/journeys/package.json"))("playwright-core");
const [, , PACKAGE, FIXTURE] = process.argv;
const MEDIA = { js: "text/javascript", wasm: "application/wasm", html: "text/html" };
const BASE = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WEBGPU = ["--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist"];

const study = JSON.parse(readFileSync(join(FIXTURE, "study.json")));
const expected = JSON.parse(readFileSync(join(FIXTURE, "steps.json")));

function expect(holds, what) {
  if (!holds) throw new Error(`expected ${what}`);
}

/** What the server gives: the package, the study's metadata, and series as streams, which can be cut off. */
class Server {
  static async open() {
    const server = new Server();
    Object.assign(server, { asked: [], cutAfter: null, cut: null, status: null });
    server.http = createServer((request, answer) => server.answer(new URL(request.url, "http://localhost"), answer));
    await new Promise((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    return server;
  }

  answer(url, answer) {
    const { pathname } = url;
    this.asked.push(pathname + url.search);
    if (pathname === "/") return send(answer, "html", `<!doctype html><link rel="icon" href="data:,"><title>page</title>`);
    if (pathname.startsWith("/viewer/element/")) return send(answer, "js", readFileSync(join(here, "../element", basename(pathname))));
    if (pathname.startsWith("/viewer/wasm/")) return send(answer, pathname.split(".").pop(), readFileSync(join(PACKAGE, basename(pathname))));
    if (pathname === `/dicom-web/studies/${study.study}/metadata`) return send(answer, "json", readFileSync(join(FIXTURE, "metadata.json")));
    const series = pathname.match(/^\/viewer\/v1\/series\/[\d.]+\/([\d.]+)$/)?.[1];
    if (!Object.values(study.series).includes(series)) return answer.writeHead(404).end();
    if (this.status) return answer.writeHead(this.status).end();
    const bytes = streamFrom(readFileSync(join(FIXTURE, `${series}.stream`)), Number(url.searchParams.get("from") ?? 0));
    answer.writeHead(200, { "content-type": "application/vnd.uptake.series", "content-length": bytes.length });
    if (!this.cutAfter || this.cutAfter >= bytes.length) return answer.end(bytes);
    // It breaks when the test says so: a browser drops what nobody has read yet.
    answer.write(bytes.subarray(0, this.cutAfter));
    this.cut = () => answer.destroy();
    this.cutAfter = null;
  }

  close() {
    this.http.close();
    this.http.closeAllConnections();
  }
}

function send(answer, kind, bytes) {
  answer.writeHead(200, { "content-type": MEDIA[kind] ?? "application/json" });
  answer.end(bytes);
}

/** A stream's head, and its chunks from one on. */
function streamFrom(bytes, from) {
  const head = 12 + bytes.readUInt32LE(8);
  let at = head;
  while (bytes.readUInt32LE(at + 4) < from) at += 20 + bytes.readUInt32LE(at + 16);
  return Buffer.concat([bytes.subarray(0, head), bytes.subarray(at)]);
}

/** In the page: the worker, what it has said, and the last picture of each view. */
function inPage() {
  window.begin = (query, open) => {
    const state = { texts: [], pictures: {}, counted: 0, times: [] };
    window.state = state;
    state.worker = new Worker(`/viewer/element/local-worker.js${query}`, { type: "module" });
    state.worker.onerror = (event) => state.texts.push({ fault: event.message || "the worker could not be loaded" });
    state.worker.onmessage = ({ data }) => {
      if (typeof data === "string") return state.texts.push(JSON.parse(data));
      const length = new DataView(data).getUint32(8, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 12, length)));
      state.pictures[head.viewport] = { head, rgba: new Uint8Array(data, 12 + length) };
      state.counted += 1;
      state.times.push(performance.now());
      window.say({ shown: head.picture });
    };
    window.say({ open });
  };
  window.say = (what) => window.state.worker.postMessage(JSON.stringify(what));
  window.said = (name) => window.state.texts.filter((text) => name in text).map((text) => text[name]);
  /** The pictures of views once all of them are exact, of the last turn, and whole. */
  window.exact = async (views, sizes) => {
    // What was said before is done when a question is answered; what it changes is told with the answer.
    window.asked = (window.asked ?? 0) + 1;
    const number = window.asked;
    window.say({ ask: number, for: "marks" });
    let isHeard = false;
    for (let turn = 0; turn < 1200; turn += 1) {
      const fault = window.said("fault")[0] ?? window.said("closing")[0];
      if (fault) throw new Error(`the drawer ended: ${JSON.stringify(fault).slice(0, 300)}`);
      const turns = {};
      for (const view of window.said("view")) if (view.picture_changes) turns[view.viewport] = view.turn;
      const isDone = (view) => {
        const head = window.state.pictures[view]?.head;
        return head?.fidelity === "exact" && head.fraction === 1 && head.turn >= (turns[view] ?? 0) && head.width === sizes[view][0];
      };
      if (isHeard && views.every(isDone)) {
        const coded = (bytes) => {
          let text = "";
          for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
          return btoa(text);
        };
        return views.map((view) => ({ head: window.state.pictures[view].head, rgba: coded(window.state.pictures[view].rgba) }));
      }
      isHeard ||= window.said("answer").includes(number);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`expected exact pictures of ${views}, found ${JSON.stringify(Object.values(window.state.pictures).map((one) => one.head))}`);
  };
}

class Browser {
  static async open(flags) {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), "viewer-page-"));
    browser.context = await chromium.launchPersistentContext(browser.folder, { executablePath: "/usr/bin/chromium", headless: false, args: [...BASE, ...flags] });
    return browser;
  }

  async page(server) {
    const page = await this.context.newPage();
    page.on("console", (message) => message.type() === "error" && console.log("  page:", message.text()));
    await page.goto(server.url);
    await page.evaluate(inPage);
    return page;
  }

  async close() {
    await Promise.race([this.context.close(), new Promise((resolve) => setTimeout(resolve, 5000))]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** How far a picture is from the one that is expected. */
function difference(found, wanted) {
  expect(found.length === wanted.length, `${wanted.length} bytes of pixels, found ${found.length}`);
  let [most, over] = [0, 0];
  for (let at = 0; at < wanted.length; at += 1) {
    const apart = Math.abs(found[at] - wanted[at]);
    most = Math.max(most, apart);
    if (apart > 2) over += 1;
  }
  return { most, over: over / wanted.length };
}

/** Goes through the fixture's steps; `check` is given each picture beside the one that is expected. */
async function walk(page, query, check) {
  await page.evaluate(([query, open]) => window.begin(query, open), [query, expected.open]);
  for (const step of expected.steps) {
    const begun = Date.now();
    await page.evaluate((said) => said.forEach(window.say), step.say);
    const views = step.pictures.map((picture) => picture.viewport);
    const found = await page.evaluate(([views, sizes]) => window.exact(views, sizes), [views, expected.sizes]);
    const told = step.pictures.map((picture, n) => {
      const wanted = readFileSync(join(FIXTURE, picture.file));
      return check(step, picture, difference(Buffer.from(found[n].rgba, "base64"), wanted));
    });
    console.log(`  ${step.name}: ${Date.now() - begun} ms, ${told.join(", ")}`);
  }
}

const journeys = {
  /** Pictures by WebGPU are those of the processor's renderer. */
  async pictures(server, gpu) {
    const page = await gpu.page(server);
    await walk(page, "", (step, picture, { most, over }) => {
      expect(over <= 0.001, `view ${picture.viewport} of "${step.name}" as the processor draws it, found ${(100 * over).toFixed(2)} % of values more than 2 apart, the farthest ${most}`);
      return `${picture.viewport}: ${most}`;
    });
    const drawers = await page.evaluate(() => window.said("opened").map((opened) => opened.drawer));
    expect(drawers[0] === "gpu", `drawn by "gpu", found ${drawers}`);
    await storesNothing(page);
  },

  /** Where there is no WebGPU the processor draws, to the same bytes as elsewhere. */
  async processor(server, _, plain) {
    const page = await plain.page(server);
    await walk(page, "", (step, picture, { most }) => {
      expect(most <= 1, `view ${picture.viewport} of "${step.name}" as it is drawn elsewhere, found ${most} apart`);
      return `${picture.viewport}: ${most}`;
    });
    const drawers = await page.evaluate(() => window.said("opened").map((opened) => opened.drawer));
    expect(drawers[0] === "cpu", `drawn by "cpu", found ${drawers}`);
  },

  /** Fast scrolling: the page is answered all along, and the last place is what is seen. */
  async scrolling(server, gpu) {
    const page = await gpu.page(server);
    const alone = { ...expected.open, series: study.series.CT };
    await page.evaluate(([open]) => window.begin("", open), [alone]);
    await page.evaluate(() => window.say({ sizes: { 1: [256, 256] }, scale: 1 }));
    await page.evaluate(() => window.exact([1], { 1: [256, 256] }));
    const seen = await page.evaluate(async () => {
      const before = window.state.counted;
      const begun = performance.now();
      // Without pause, until some have been seen: whoever waited for a rest would see none.
      for (let n = 0; n < 60 || (window.state.counted - before < 8 && performance.now() - begun < 60_000); n += 1) {
        window.say({ do: { scroll: { viewport: 1, steps: n % 40 < 20 ? 1 : -1 } }, gesture: 1 });
        await new Promise((resolve) => setTimeout(resolve, 16));
      }
      const took_s = (performance.now() - begun) / 1000;
      const pictures = window.state.counted - before;
      window.say({ do: { go_to_slice: { viewport: 1, slice: 7 } } });
      window.say({ rest: null });
      await window.exact([1], { 1: [256, 256] });
      return { pictures, took_s, slice: window.said("view").at(-1).slice };
    });
    expect(seen.pictures >= 8, `8 pictures while it scrolls, found ${seen.pictures}`);
    expect(seen.slice[0] === 7, `slice 7 at last, found ${seen.slice}`);
    console.log(`  ${(seen.pictures / seen.took_s).toFixed(1)} pictures a second`);
  },

  /** A stream that is cut goes on; a series that is refused is said in words. */
  async interruptions(server, gpu) {
    const page = await gpu.page(server);
    server.cutAfter = Math.floor(readFileSync(join(FIXTURE, `${study.series.CT}.stream`)).length / 2);
    server.asked = [];
    const alone = { ...expected.open, series: study.series.CT };
    await page.evaluate((open) => window.begin("", open), alone);
    await page.evaluate(() => window.say({ sizes: { 1: [128, 128] }, scale: 1 }));
    await page.waitForFunction(() => window.said("loading").some((loading) => loading.fraction > 0), null, { timeout: 60000 });
    server.cut();
    await page.evaluate(() => window.exact([1], { 1: [128, 128] }));
    const from = server.asked.filter((path) => path.includes(study.series.CT)).map((path) => Number(new URL(path, server.url).searchParams.get("from")));
    expect(from.length === 2 && from[0] === 0 && from[1] > 0, `a second stream that goes on, found ${from}`);

    server.status = 403;
    const next = await gpu.page(server);
    await next.evaluate((open) => window.begin("", open), alone);
    await next.evaluate(() => window.say({ sizes: { 1: [128, 128] }, scale: 1 }));
    await next.waitForFunction(() => window.said("empty").some((empty) => empty.why?.includes("403")), null, { timeout: 60000 });
    server.status = null;
  },

  /** A graphics device that is lost is opened again, or the server goes on: the view is seen either way. */
  async loss(server, gpu) {
    const page = await gpu.page(server);
    const alone = { ...expected.open, series: study.series.CT };
    await page.evaluate((open) => window.begin("", open), alone);
    await page.evaluate(() => window.say({ sizes: { 1: [128, 128] }, scale: 1 }));
    await page.evaluate(() => window.exact([1], { 1: [128, 128] }));
    const other = await gpu.context.newPage();
    // The page of this address ends the browser's graphics process, and is never shown.
    await other.goto("chrome://gpukill", { timeout: 3000 }).catch(() => {});
    const before = await page.evaluate(() => window.state.counted);
    await page.evaluate(() => {
      window.say({ do: { go_to_slice: { viewport: 1, slice: 3 } } });
      window.say({ rest: null });
    });
    await page.waitForFunction((before) => window.state.counted > before || window.said("closing").length > 0, before, { timeout: 60000 });
    const [closing] = await page.evaluate(() => window.said("closing"));
    expect(closing === undefined || (closing.remote === true && closing.snapshot?.state), `a picture or a way to the server, found ${JSON.stringify(closing)}`);
    console.log(`  ${closing ? `the server goes on: ${closing.reason}` : "opened again"}`);
  },

  /** What a page cannot hold goes to the server, with the view as it was. */
  async limits(server, gpu) {
    const page = await gpu.page(server);
    await page.evaluate((open) => window.begin("?memory_bytes=100000", open), expected.open);
    await page.evaluate((sizes) => window.say({ sizes, scale: 1 }), expected.sizes);
    await page.waitForFunction(() => window.said("closing").length > 0, null, { timeout: 60000 });
    const [closing] = await page.evaluate(() => window.said("closing"));
    expect(closing.remote === true && closing.again_in_s === 0 && closing.snapshot?.state, `a way to the server, found ${JSON.stringify(closing).slice(0, 200)}`);
    expect(/may hold/.test(closing.reason), `what the page may hold, found ${closing.reason}`);
  },

  /** What is no message ends the conversation without another try. */
  async nonsense(server, gpu) {
    const page = await gpu.page(server);
    await page.evaluate((open) => window.begin("", open), expected.open);
    await page.waitForFunction(() => window.said("opened").length > 0, null, { timeout: 60000 });
    await page.evaluate(() => window.state.worker.postMessage("{}"));
    await page.waitForFunction(() => window.said("closing").length > 0, null, { timeout: 60000 });
    const [closing] = await page.evaluate(() => window.said("closing"));
    expect(closing.remote === undefined && closing.again_in_s === undefined, `an end, found ${JSON.stringify(closing)}`);
  },
};

/** Nothing of what was looked at lies in the browser. */
async function storesNothing(page) {
  const stored = await page.evaluate(async () => {
    const databases = await indexedDB.databases();
    const names = await caches.keys();
    return { databases: databases.length, caches: names.length, local: localStorage.length, session: sessionStorage.length };
  });
  for (const [where, count] of Object.entries(stored)) expect(count === 0, `nothing stored in ${where}, found ${count}`);
}

const server = await Server.open();
const gpu = await Browser.open(WEBGPU);
const plain = await Browser.open([]);
let failures = 0;
try {
  for (const [name, journey] of Object.entries(journeys)) {
    const begun = Date.now();
    try {
      await journey(server, gpu, plain);
      console.log(`${name}: ${Date.now() - begun} ms`);
    } catch (error) {
      failures += 1;
      console.log(`${name}: FAILED ${error.message}`);
    }
  }
} finally {
  await Promise.all([gpu.close(), plain.close()]);
  server.close();
}
process.exit(failures > 0 ? 1 : 0);
