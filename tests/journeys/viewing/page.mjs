// What a journey has in the page itself: the events that the element told, its pictures once they are exact, and what a
// reader reads beside them. It runs in the browser: nothing of this file is at hand there but what it makes.

/** Keeps what elements tell, from the start of a page on. */
export function hear() {
  window.told = [];
  const names = ["nm-ready", "nm-problem", "nm-painted", "nm-viewchange", "nm-measure", "nm-lesions", "nm-keyimage", "nm-film", "nm-preference"];
  for (const name of names) document.addEventListener(name, ({ detail }) => window.told.push({ name, detail }));
}

/** Makes a document of a page that has none. */
export function lay() {
  document.open();
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>page</title>`;
  document.write(`<!doctype html><html lang="zh-CN"><head>${head}<style>html,body{margin:0;height:100%;background:#000}nm-viewer{display:block;height:100vh;height:100dvh}</style></head><body></body></html>`);
  document.close();
}

/** Puts a viewer on it. */
export function put(attributes) {
  const host = document.createElement("nm-viewer");
  for (const [name, value] of Object.entries(attributes)) host.setAttribute(name, value);
  document.body.append(host);
  return import("/viewer/element/nm-viewer.js").then(() => undefined);
}

/** Makes `window.look`. */
export function watch() {
  const host = document.querySelector("nm-viewer");
  const { viewer } = host;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  /** The last picture of each view, and when pictures came. */
  const seen = new Map();
  const painted = viewer.painted.bind(viewer);
  viewer.painted = (view, picture) => {
    seen.set(view, { fraction: picture.fraction, fidelity: picture.fidelity, at_ms: performance.now() });
    painted(view, picture);
  };

  /** Every note that was said, also those that have passed. */
  const notes = [...viewer.status.toasts.children].map((note) => note.textContent);
  new MutationObserver((changes) => notes.push(...changes.flatMap(({ addedNodes }) => [...addedNodes]).map((note) => note.textContent))).observe(viewer.status.toasts, { childList: true });

  /** Views of the page that show something. */
  const views = () => [...viewer.views.views.values()].filter((view) => !view.element.classList.contains("is-empty"));
  const isExact = (view) => {
    const { fidelity, fraction } = seen.get(view) ?? {};
    return fidelity === "exact" && fraction === 1 && !view.held.length && !view.next && view.shape.join() === view.size.join();
  };

  /** Waits until all that was done is seen, pixel for pixel. */
  const settle = async (wait_ms) => {
    const until = performance.now() + wait_ms;
    // Pieces of a movement are told with the next image; what was told is done when a question is answered.
    await frame();
    await frame();
    await host.ask("marks");
    await frame();
    while (!views().length || !views().every(isExact)) {
      if (performance.now() > until) {
        const found = views().map((view) => ({ view: view.number, size: view.size, shape: view.shape, held: view.held.length, ...seen.get(view) }));
        throw new Error(`expected exact pictures, found ${JSON.stringify(found)}`);
      }
      await pause(30);
    }
  };

  const inBase64 = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  };
  const pixelsOf = (canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d");
    context.drawImage(canvas, 0, 0);
    return inBase64(context.getImageData(0, 0, copy.width, copy.height).data);
  };
  const pictures = () => views().map((view) => ({ view: view.number, width: view.pixels.width, height: view.pixels.height, rgba: pixelsOf(view.pixels) }));

  const textsOf = (view) => view.marks.filter(({ kind }) => kind === "text").map(({ text }) => text);
  const shownTexts = (selector) => [...viewer.root.querySelectorAll(selector)].map((one) => one.innerText.replace(/\s+/g, " ").trim());
  /** What is read: of the views, the lists beside them, and what the drawer says of them. */
  const readouts = async () => {
    const summary = ({ marks, turn, picture_changes, ...rest }) => rest;
    return {
      views: Object.fromEntries(views().map((view) => [view.number, summary(viewer.state.views.get(view.number))])),
      texts: Object.fromEntries(views().map((view) => [view.number, textsOf(view)])),
      marks: await host.ask("marks"),
      vois: await host.ask("vois"),
      key_images: await host.ask("key_images"),
      listed: { lesions: shownTexts(".panel tbody tr"), marks: shownTexts(".panel .marks li"), facts: shownTexts(".facts span") },
    };
  };

  window.look = { host, viewer, seen, notes, views, settle, pictures, pixelsOf, textsOf, readouts, shownTexts, pause, frame };
}
