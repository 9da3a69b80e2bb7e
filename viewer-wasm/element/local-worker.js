// Draws in the page: the session and the renderer of /viewer/wasm, in a worker, so that the page never waits. It takes and
// posts the messages of docs/viewer-session.md; series come over docs/viewer-protocol.md. Nothing of them is stored.

import start, { Page, graphics, studies } from "/viewer/wasm/viewer_wasm.js";

const PACKAGE = "/viewer/wasm/viewer_wasm_bg.wasm";
/** Of a device's memory, what voxels may take here. */
const SHARE = 0.25;
/** What is assumed of browsers that do not say, and the most that a page's memory holds beside copies, in bytes. */
const UNKNOWN_BYTES = 2 ** 30;
const MOST_BYTES = 1.5 * 2 ** 30;
/** Frames are taken in for so long before what the element says is heard. */
const WORK_MS = 8;
const SAVED_EVERY_MS = 1000;
/** A picture that is being made goes before frames, for so long. */
const DRAW_MS = 24;
/** Waits between attempts at a stream that is cut off; after the last the series has failed. */
const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000, 15000, 15000];
/** What is fetched of patients is kept nowhere. */
const FETCHED = { cache: "no-store", credentials: "same-origin" };

const asked = new URL(import.meta.url).searchParams;
const memory_bytes = Number(asked.get("memory_bytes")) || Math.min(MOST_BYTES, navigator.deviceMemory ? navigator.deviceMemory * 2 ** 30 * SHARE : UNKNOWN_BYTES);

let page = null;
let isOver = false;
let early = [];
let isDrawing = false;
let drawn = Promise.resolve();
let timer = null;
/** What was the case lately, in words of the session: after a fault nothing can be asked of it. */
let saved = null;
let savedAt_ms = 0;
const fetching = new AbortController();

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A turn of the event loop without the 4 ms that timers wait for.
const turns = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => turns.shift()();
const turn = () => new Promise((resolve) => {
  turns.push(resolve);
  channel.port2.postMessage(null);
});

onmessage = ({ data }) => {
  if (isOver || typeof data !== "string") return;
  if (page) guarded(() => {
    page.take(data);
    look();
  });
  else if (early.push(data) === 1) opened(data).catch(failed);
};

/** Ends with the text of a closing; the element starts another drawer. */
function over(closing) {
  if (isOver) return;
  isOver = true;
  clearTimeout(timer);
  fetching.abort();
  postMessage(closing);
  close();
}

/** What was thrown: the text of a closing, or a fault, after which nothing here is to be trusted. */
function failed(error) {
  if (typeof error === "string" && error.startsWith('{"closing"')) return over(error);
  if (!isOver) console.error(error);
  const isMemory = error instanceof RangeError || /memory|alloc/i.test(String(error?.message));
  const reason = isMemory ? "the page has no memory left" : "the viewer in the page failed";
  over(JSON.stringify({ closing: { reason, again_in_s: 0, remote: true, snapshot: saved && JSON.parse(saved) } }));
}

function guarded(work) {
  try {
    return work();
  } catch (error) {
    failed(error);
  }
}

async function opened(text) {
  await start({ module_or_path: PACKAGE });
  const wanted = studies(text);
  const [device, ...metadata] = await Promise.all([graphics(memory_bytes), ...wanted.map(metadataOf)]);
  if (isOver) return;
  page = Page.open(text, metadata, device, memory_bytes);
  for (const said of early.slice(1)) page.take(said);
  early = [];
  look();
}

async function metadataOf(study) {
  const answer = await fetch(`/dicom-web/studies/${study}/metadata`, { ...FETCHED, headers: { accept: "application/dicom+json" }, signal: fetching.signal });
  if (!answer.ok) throw JSON.stringify({ closing: { reason: `the study cannot be had: ${answer.status}`, again_in_s: 0, remote: true } });
  return answer.text();
}

/** After anything has changed: says what is to be said, fetches what is wanted, draws what is due. */
function look() {
  tell();
  if (!isDrawing) drawn = draw().catch(failed);
}

function tell() {
  for (const text of page.texts()) postMessage(text);
  for (const wanted of page.wanted()) {
    const { study, series } = wanted;
    wanted.free();
    load(study, series).catch(failed);
  }
}

async function draw() {
  isDrawing = true;
  clearTimeout(timer);
  try {
    for (let picture = await page.draw(); picture && !isOver; picture = await page.draw()) {
      tell();
      postMessage(picture.buffer, [picture.buffer]);
      await turn();
    }
  } finally {
    isDrawing = false;
  }
  if (isOver) return;
  tell();
  if (performance.now() - savedAt_ms > SAVED_EVERY_MS) [saved, savedAt_ms] = [page.snapshot(), performance.now()];
  // A picture that the element never answers is given up after a while: nothing tells of that.
  timer = setTimeout(() => guarded(look), Math.min(1000, Math.max(8, page.nextInMs() ?? 1000)));
}

/** The slice that is seen first comes before all others. What is wrong with it the whole stream tells. */
async function ahead(study, series) {
  const from = page.ahead(series);
  if (from === undefined) return;
  const cut = () => null;
  const answer = await fetch(addressOf(study, series, "none", from), { ...FETCHED, signal: fetching.signal }).catch(cut);
  const reader = answer?.ok ? answer.body.getReader() : null;
  for (let piece = await reader?.read().catch(cut); piece?.value && !isOver; piece = await reader.read().catch(cut)) {
    if (page.pushAhead(series, piece.value)) break;
  }
  reader?.cancel().catch(cut);
  if (!isOver) look();
}

const addressOf = (study, series, overview, from) => `/viewer/v1/series/${study}/${series}?overview=${overview}&from=${from}`;

/** Loads a series; a stream that is cut off goes on where it was. */
async function load(study, series) {
  await ahead(study, series);
  for (let attempt = 0; !isOver; attempt += 1) {
    const from = page.begin(series);
    if (from === undefined) return;
    const came = await stream(study, series, from);
    if (isOver || came.isOver) return look();
    if (came.refused || attempt >= WAITS_MS.length) {
      page.fail(series, came.refused ?? "the connection was lost");
      return look();
    }
    if (came.hasFrames) attempt = 0;
    await pause(WAITS_MS[attempt]);
  }
}

/** One stream of a series, as far as it goes. */
async function stream(study, series, from) {
  const came = { isOver: false, hasFrames: false, refused: null };
  const cut = () => null;
  const answer = await fetch(addressOf(study, series, "quarter", from), { ...FETCHED, signal: fetching.signal }).catch(cut);
  if (!answer?.ok) {
    // What the server cannot do now it may do later.
    if (answer && answer.status < 500) came.refused = `the series cannot be had: ${answer.status}`;
    return came;
  }
  const reader = answer.body.getReader();
  for (;;) {
    const piece = await reader.read().catch(cut);
    if (!piece || piece.done || isOver) return came;
    if (await takeIn(series, piece.value, came)) {
      came.isOver = true;
      reader.cancel().catch(cut);
      return came;
    }
  }
}

let frames_at_once = 4;

/** Takes a piece in, in turns with what else there is to do; gives whether the series is over. */
async function takeIn(series, bytes, came) {
  page.push(series, bytes);
  for (let hasMore = true; hasMore && !isOver; ) {
    const begun = performance.now();
    const worked = page.work(series, frames_at_once);
    if (!worked) return true;
    const took_ms = performance.now() - begun;
    const frames = worked[0];
    hasMore = worked[1] === 1;
    if (frames > 0) {
      came.hasFrames = true;
      frames_at_once = Math.max(1, Math.min(64, Math.round((frames * WORK_MS) / Math.max(took_ms, 0.1))));
      look();
    }
    await (isDrawing ? Promise.race([drawn, pause(DRAW_MS)]) : turn());
  }
  return false;
}
