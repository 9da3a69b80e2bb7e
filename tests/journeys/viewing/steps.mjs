// The steps that every browser takes: open, scroll, window, measure, probe. Each gives what is read then.

import { pixelsAStep } from "../../../viewer-wasm/element/gestures.js";
import { expect } from "../site.mjs";

const WAIT_MS = 60_000;

/** In the page: puts the element there anew, so that nothing that it says is missed; twice, as a page may while it opens. */
async function begun({ isPhone }) {
  // No driver makes a window's pointer coarse: the element is told so as a phone's browser would tell it.
  const asks = window.matchMedia.bind(window);
  if (isPhone) window.matchMedia = (query) => (/pointer: coarse/.test(query) ? { matches: true } : asks(query));
  const element = document.querySelector("nm-viewer");
  const seen = { problems: [] };
  const words = (selector) => [...element.shadowRoot.querySelectorAll(selector)].map((one) => one.textContent);
  window.journey = { seen: () => seen, words };
  element.addEventListener("nm-ready", ({ detail }) => Object.assign(seen, { ready: detail, said: words(".toast") }));
  element.addEventListener("nm-measure", ({ detail }) => (seen.marks = detail));
  element.addEventListener("nm-problem", ({ detail }) => seen.problems.push(detail));
  window.addEventListener("error", ({ message }) => seen.problems.push(message));
  window.addEventListener("unhandledrejection", ({ reason }) => seen.problems.push(String(reason)));
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => seen.problems.push(`${violatedDirective} ${blockedURI}`));
  const place = document.createComment("");
  for (let turn = 0; turn < 2; turn += 1) {
    element.replaceWith(place);
    place.replaceWith(element);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** In the page: what the steps ask it. */
function asked() {
  const element = document.querySelector("nm-viewer");
  const shadow = element.shadowRoot;
  const view = (number) => shadow.querySelector(`.view[data-view="${number}"]`);
  const told = (number) => element.viewer.state.views.get(number);
  const box = (one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return { left, top, width, height };
  };
  /** What a view's canvas has on the screen: the mean of its colours, the part that is not as its first pixel, and all of it as one number. */
  const painted = (number) => {
    const { width, height } = view(number).querySelector(".pixels");
    const copy = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
    copy.drawImage(view(number).querySelector(".pixels"), 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let [sum, other, hash] = [0, 0, 0];
    for (let n = 0; n < data.length; n += 4) {
      const color = data[n] * 65536 + data[n + 1] * 256 + data[n + 2];
      sum += data[n] + data[n + 1] + data[n + 2];
      other += data[n] !== data[0] || data[n + 1] !== data[1] || data[n + 2] !== data[2];
      hash = (Math.imul(hash, 31) + color) | 0;
    }
    return { size: [width, height], mean: (sum / data.length) * (4 / 3), part: (other / data.length) * 4, hash };
  };
  Object.assign(window.journey, {
    views: () => [...shadow.querySelectorAll(".view")].map(({ dataset, ariaLabel }) => ({ number: Number(dataset.view), label: ariaLabel, fidelity: dataset.fidelity })),
    /** What is read in a view and on it. */
    view: (number) => {
      const texts = told(number).marks.filter(({ kind }) => kind === "text").map(({ text }) => text);
      const windows = texts.filter((text) => /^W /.test(text)).join(", ");
      return { label: view(number).ariaLabel, windows, texts, fidelity: view(number).dataset.fidelity, ...painted(number) };
    },
    slices: (number) => told(number).slice[1],
    box: (number) => box(view(number).querySelector(".picture")),
    /** Where a button lies, once it lies still: sheets come from below. */
    button: (word) => {
      const is = (one) => one.getClientRects().length && !one.disabled && [one.ariaLabel, one.textContent.trim()].includes(word);
      const found = [...shadow.querySelectorAll(".bar button, .menu button")].filter(is).at(-1);
      return found && !found.closest(".menu")?.getAnimations().length ? box(found) : null;
    },
    /** The place of the body below a point of the page, and the values there. */
    probe: async ({ number, point: [x, y] }) => {
      const { left, top, width, height } = box(view(number).querySelector(".picture"));
      const { width: across, height: down } = view(number).querySelector(".over");
      const at = [((x - left) / width) * across - 0.5, ((y - top) / height) * down - 0.5, across, down];
      return element.ask({ probe: { viewport: number, at } });
    },
    /** What a finger does. No driver of a desk's browser has one: the page makes what a screen would. */
    touch: ({ name, point: [x, y] }) => {
      const event = { pointerId: 1, pointerType: "touch", isPrimary: true, clientX: x, clientY: y, bubbles: true, composed: true, cancelable: true };
      shadow.elementFromPoint(x, y).dispatchEvent(new PointerEvent(name, event));
    },
  });
}

const ask = (browser, what, given) => browser.run(({ what, given }) => window.journey[what](given), { what, given });

/** What `call` gives, once that is something. */
async function until(what, call) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; ) {
    const found = await call();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error(`expected ${what} within ${WAIT_MS / 1000} s`);
}

/** The view once it is at rest and `holds`. */
function rested(browser, number, what, holds = () => true) {
  return until(`${browser.name} to show ${what}`, async () => {
    const view = await ask(browser, "view", number);
    return view.fidelity === "exact" && holds(view) ? view : null;
  });
}

const middleOf = ({ left, top, width, height }) => [Math.round(left + width / 2), Math.round(top + height / 2)];

async function press(browser, word) {
  await browser.click(middleOf(await until(`a button ${word} in ${browser.name}`, () => ask(browser, "button", word))));
}

/** A study's page: the element says who draws, and paints. */
async function open(browser, address, isPhone) {
  await browser.go(address);
  await browser.run(begun, { isPhone });
  const { ready, said } = await until(`nm-ready in ${browser.name}`, async () => {
    const seen = await ask(browser, "seen");
    return seen.ready ? seen : null;
  });
  expect(ready.where === "remote" && ready.drawer === "server" && ready.why === "no_gpu", `${browser.name} to stream as it has no WebGPU, found ${JSON.stringify(ready)}`);
  expect(said.includes("浏览器没有 WebGPU，由服务器绘制"), `${browser.name} to say so, found ${said}`);
  await browser.run(asked);
  return until(`${browser.name} to paint all views`, async () => {
    const views = await ask(browser, "views");
    return views.length && views.every(({ fidelity }) => fidelity === "exact") ? views : null;
  });
}

const figureOf = ({ figures }, name) => figures.find((figure) => figure.name === name)?.value;
const placeOf = (probe) => ["x", "y", "z"].map((name) => figureOf(probe, name));
const distance = (a, b) => Math.hypot(...a.map((value, n) => value - b[n]));

/** The point of the page over a place of the body, in a plane across it that lies straight. */
async function pointOver(browser, number, [x, y]) {
  const { left, top, width, height } = await ask(browser, "box", number);
  const points = [[left + width * 0.25, top + height * 0.25], [left + width * 0.75, top + height * 0.75]];
  const places = [];
  for (const point of points) places.push(placeOf(await ask(browser, "probe", { number, point })));
  const along = (n, value) => Math.round(points[0][n] + ((value - places[0][n]) / (places[1][n] - places[0][n])) * (points[1][n] - points[0][n]));
  return [along(0, x), along(1, y)];
}

/** What a mouse does, its left button the window's where nothing else is chosen. */
export const MOUSE = {
  scroll: async (browser, number, notches) => browser.wheel(middleOf(await ask(browser, "box", number)), notches * 100),
  window: (browser, from, to) => browser.drag(from, to),
  line: async (browser, from, to) => {
    await press(browser, "测量");
    await press(browser, "长度");
    await browser.drag(from, to);
    await press(browser, "窗宽窗位");
  },
  probe: async (browser, point, place) => {
    await browser.move([point[0] - 6, point[1]]);
    await browser.move(point);
    const written = ([x, y, z]) => `${[x, y, z].map((value) => value.toFixed(1)).join(", ")} mm`;
    const valueAt = (what, isThere) => until(`the value ${what} below the views of ${browser.name}`, async () => {
      const [at, ...values] = (await ask(browser, "words", ".line .probe span")).reverse();
      return at && isThere(at) ? values.find((text) => text.includes("SUV")) : null;
    });
    const found = await valueAt(`at ${written(place)}`, (at) => at === written(place));
    // The slice changes under a pointer that rests, and comes back.
    await browser.wheel(point, 100);
    await valueAt("of the next slice", (at) => at !== written(place));
    await browser.wheel(point, -100);
    expect((await valueAt("of the slice before", (at) => at === written(place))) === found, `${found} again in ${browser.name}`);
    return found;
  },
};

const touch = (browser, name, point) => ask(browser, "touch", { name, point });

async function finger(browser, from, to) {
  await touch(browser, "pointerdown", from);
  for (const part of [0.25, 0.5, 0.75, 1]) await touch(browser, "pointermove", from.map((value, n) => Math.round(value + part * (to[n] - value))));
  await touch(browser, "pointerup", to);
}

async function choose(browser, word) {
  await press(browser, "工具");
  await press(browser, word);
}

/** What a finger does: what is chosen below, and a long press. */
export const FINGER = {
  scroll: async (browser, number, steps) => {
    const box = await ask(browser, "box", number);
    const [x, y] = middleOf(box);
    await finger(browser, [x, y], [x, y + steps * Math.ceil(1.5 * pixelsAStep(await ask(browser, "slices", number), box.height))]);
  },
  window: async (browser, from, to) => {
    await choose(browser, "窗宽窗位");
    await finger(browser, from, to);
  },
  line: async (browser, from, to) => {
    await choose(browser, "长度");
    await finger(browser, from, to);
    await choose(browser, "翻层");
  },
  probe: async (browser, point) => {
    await touch(browser, "pointerdown", point);
    const found = await until("a value above the finger", async () => (await ask(browser, "words", ".bubble:not([hidden]) > div")).find((text) => text.includes("SUV")));
    await touch(browser, "pointerup", point);
    await until("no value without a finger", async () => !(await ask(browser, "words", ".bubble:not([hidden])")).length);
    return found;
  },
};

/**
 * Opens a study, scrolls the fused view, windows it, measures and probes; gives what was read.
 *
 * `hand` is one of those above; `lesion` is `{place_mm, suv}` of a voxel whose value is known; `look(name)` takes a picture.
 */
export async function view(browser, address, { hand, lesion, look }) {
  try {
    return await viewed(browser, address, { hand, lesion, look });
  } catch (error) {
    await look("failed").catch(() => {});
    throw error;
  }
}

async function viewed(browser, address, { hand, lesion, look }) {
  const views = await open(browser, address, hand === FINGER);
  const { number } = views.find(({ label }) => label.includes("CT + PET"));
  const first = await rested(browser, number, "the fused plane");
  expect(first.part > 0.05, `something painted in ${browser.name}, found ${JSON.stringify(first)}`);
  await look("opened");

  await hand.scroll(browser, number, -1);
  const scrolled = await rested(browser, number, "another slice and its picture", ({ label, hash }) => label !== first.label && hash !== first.hash);
  const box = await ask(browser, "box", number);
  const from = middleOf(box);
  await hand.window(browser, from, [from[0] + 24, from[1] - 12]);
  const windowed = await rested(browser, number, "another window and its picture", ({ windows, hash }) => windows !== scrolled.windows && hash !== scrolled.hash);

  const start = await pointOver(browser, number, lesion.place_mm);
  const end = [Math.round(box.left + box.width * 0.7), Math.round(box.top + box.height * 0.7)];
  const [here, there] = [await ask(browser, "probe", { number, point: start }), await ask(browser, "probe", { number, point: end })].map(placeOf);
  await hand.line(browser, start, end);
  const line = await until(`a line in ${browser.name}`, async () => (await ask(browser, "seen")).marks?.find(({ kind }) => kind === "length"));
  const line_mm = figureOf(line, "length");
  expect(Math.abs(line_mm - distance(here, there)) < 0.05, `a line of ${distance(here, there)} mm in ${browser.name}, found ${line_mm}`);
  await rested(browser, number, `a line of ${line_mm} mm`, ({ texts }) => texts.includes(`${line_mm.toFixed(1)} mm`));

  const value = await hand.probe(browser, start, here);
  expect(value === `PET${lesion.suv.toFixed(2)} SUV`, `SUV ${lesion.suv.toFixed(2)} of the lesion in ${browser.name}, found ${value}`);
  await look("measured");
  const { problems } = await ask(browser, "seen");
  expect(!problems.length, `no problem in ${browser.name}, found ${JSON.stringify(problems)}`);
  return { planes: [first, scrolled, windowed].map(({ label, windows, size, mean, hash }) => ({ label, windows, size, mean, hash })), line_mm, value };
}

/** Whether two browsers read the same; their pictures too, pixel for pixel where a view has as many in both. */
export function expectSame(found, read, name) {
  const words = ({ planes, value }) => JSON.stringify([value, ...planes.map(({ label, windows }) => [label, windows])]);
  expect(words(found) === words(read), `${name} to read ${words(read)}, found ${words(found)}`);
  for (const [n, plane] of found.planes.entries()) {
    const other = read.planes[n];
    const isSame = plane.size.join() === other.size.join() ? plane.hash === other.hash : Math.abs(plane.mean / other.mean - 1) < 0.02;
    expect(isSame, `${name} to paint ${JSON.stringify(other)}, found ${JSON.stringify(plane)}`);
  }
}
