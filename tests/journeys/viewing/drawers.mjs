// Who draws, and what becomes of a view when somebody else must: by choice, by the browser's limits, by faults.

import { expect } from "../site.mjs";
import { holdPictures, holdSame, worstOf } from "./pixels.mjs";
import { firstDifference } from "./script.mjs";

/** Between copies of where it was that the element keeps of a viewer that draws by itself, and a little. */
const REMEMBERED_MS = 5000;

/** Chooses who draws, as a reader does, and waits for it. */
async function switchTo(reader, mode) {
  const before = await reader.countTold("nm-ready");
  await reader.page.locator("nm-viewer .bar.top button.state[aria-haspopup]").last().click();
  await reader.item(reader.t(`mode_${mode}`)).click();
  return reader.told("nm-ready", before);
}

/** Moves, windows, mixes and magnifies: a view that nobody hangs by himself. */
async function compose(reader) {
  await reader.told("nm-ready");
  await reader.settle();
  const fused = await reader.find("plane", "CT,PT");
  await reader.wheel(fused, -5);
  await reader.drag(fused, [0.5, 0.6], [0.6, 0.4]);
  await reader.drag(fused, [0.5, 0.4], [0.45, 0.6], { button: "right" });
  await reader.do({ set_ratio: { viewport: fused, ratio: 0.7 } });
  return fused;
}

/** The same slices, windows, layers and lines. */
function holdViews(found, wanted, what) {
  const difference = firstDifference(found.readouts.views, wanted.readouts.views) ?? firstDifference(found.readouts.texts, wanted.readouts.texts);
  expect(!difference, `${what} to show the same, expected ${difference}`);
}

/** From the server to the page and back while somebody looks. */
export async function switching(reader) {
  await compose(reader);
  const before = await reader.record();
  const local = await switchTo(reader, "local");
  expect(local.drawer === "gpu", `drawn in the page, found ${JSON.stringify(local)}`);
  const during = await reader.record();
  holdViews(during, before, "the page");
  const worst = holdPictures(during.pictures, before.pictures, "the page's drawing");
  const remote = await switchTo(reader, "remote");
  expect(remote.drawer === "server", `drawn by the server, found ${JSON.stringify(remote)}`);
  const after = await reader.record();
  holdViews(after, before, "the server again");
  holdSame(after.pictures, before.pictures, "the server's drawing");
  return worstOf([worst]);
}

/** Notes that were said since the page was laid, of one text. */
const said = (reader, text) => reader.page.evaluate((text) => window.look.notes.filter((note) => note === text).length, text);

/** Where the page cannot draw the server does by itself, and it is said once why. */
export async function streamsBecause(reader, why) {
  const ready = await reader.told("nm-ready");
  expect(ready.where === "remote" && ready.why === why, `the server to draw because ${why}, found ${JSON.stringify(ready)}`);
  await reader.settle();
  const text = reader.t(`drawer_why_${why}`);
  expect((await said(reader, text)) === 1, `"${text}" to be said once, found ${await said(reader, text)} times`);
  return text;
}

/** A link that is cut is opened again, to the same view; why the server draws is not said again. */
export async function cutLink(reader, text, proxy) {
  const fused = await reader.find("plane", "CT,PT");
  await reader.wheel(fused, 2);
  const before = await reader.record();
  const count = await reader.countTold("nm-ready");
  const { session } = await reader.told("nm-ready");
  proxy.cut();
  const again = await reader.told("nm-ready", count);
  expect(again.session === session, `session ${session} again, found ${again.session}`);
  const after = await reader.record();
  holdViews(after, before, "the link again");
  expect((await said(reader, text)) === 1, `"${text}" not to be said again`);
}

/** A worker that fails while somebody looks: the server goes on where it was. */
export async function workerFails(reader) {
  const fused = await compose(reader);
  await reader.settle();
  await reader.page.waitForTimeout(REMEMBERED_MS);
  const before = await reader.view(fused);
  const [worker] = reader.page.workers();
  await worker.evaluate(() => void setTimeout(() => { throw new Error("a fault of the journey's own"); }));
  const problem = await reader.told("nm-problem");
  expect(problem.kind === "local-failed", `the failure to be told, found ${JSON.stringify(problem)}`);
  const ready = await reader.told("nm-ready", 1);
  expect(ready.drawer === "server" && ready.why === "failed", `the server to go on, found ${JSON.stringify(ready)}`);
  await reader.waitForToast(reader.t("drawer_why_failed"));
  await reader.settle();
  const difference = firstDifference(await reader.view(fused), { ...before, turn: (await reader.view(fused)).turn, picture_changes: (await reader.view(fused)).picture_changes });
  expect(!difference, `the view from before, expected ${difference}`);
}

/** A package that cannot be loaded: the server draws from the start. */
export async function packageFails(reader) {
  const problem = await reader.told("nm-problem");
  expect(problem.kind === "local-failed", `the failure to be told, found ${JSON.stringify(problem)}`);
  const ready = await reader.told("nm-ready");
  expect(ready.drawer === "server" && ready.why === "failed", `the server to draw, found ${JSON.stringify(ready)}`);
  await reader.settle();
}

/** The browser's graphics process ends: the page opens the device again, or the server goes on. */
export async function deviceLost(reader) {
  const fused = await compose(reader);
  await reader.settle();
  await reader.page.waitForTimeout(REMEMBERED_MS);
  const before = (await reader.view(fused)).slice[0];
  const other = await reader.context.newPage();
  // The page of this address ends the graphics process, and is never shown.
  await other.goto("chrome://gpukill", { timeout: 3000 }).catch(() => {});
  await other.close();
  await reader.do({ scroll: { viewport: fused, steps: 3 } });
  await reader.waitFor(([fused, slice]) => window.look.viewer.state.views.get(fused)?.slice[0] === slice || window.look.viewer.where === "remote", "the view to go on", [fused, before + 3]);
  await reader.settle();
  const { slice: [now] } = await reader.view(fused);
  const where = await reader.page.evaluate(() => window.look.viewer.where);
  expect(now === before + 3 || (where === "remote" && now === before), `slice ${before + 3}, or ${before} with the server, found ${now} with ${where}`);
  return where === "remote" ? "the server went on" : "opened again in the page";
}
