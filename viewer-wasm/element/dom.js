// Elements made by script: no markup is parsed, so that no text from outside ever becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: properties, attributes with a dash, listeners under `on`, children. */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    const isAttribute = key.includes("-") || key === "role" || key === "for";
    if (value === undefined || value === null || (value === false && isAttribute)) continue;
    if (key === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (key === "style") for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "class") element.classList.add(...value.split(" "));
    else if (isAttribute) element.setAttribute(key, value === true ? "true" : value);
    else element[key] = value;
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drawing of lines on a square of 20, from the text of its paths. */
export function svg(paths, extra = "") {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 20 20");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("class", `icon ${extra}`.trim());
  for (const text of paths) {
    const path = document.createElementNS(SVG, "path");
    const isFilled = text.startsWith("!");
    path.setAttribute("d", isFilled ? text.slice(1) : text);
    if (isFilled) path.setAttribute("class", "filled");
    picture.append(path);
  }
  return picture;
}

/** Calls `call` at most once in `pause_ms`, with the last arguments; the last call is never lost. */
export function throttled(call, pause_ms) {
  let timer = null;
  let waiting = null;
  const run = () => {
    if (waiting === null) {
      timer = null;
      return;
    }
    const given = waiting;
    waiting = null;
    timer = setTimeout(run, pause_ms);
    call(...given);
  };
  return (...given) => {
    waiting = given;
    if (timer === null) run();
  };
}

/** Calls `call`, whose promise never fails, once at a time: of those that come meanwhile the last, and that one surely. */
export function newest(call) {
  let waiting = null;
  let isBusy = false;
  return async (...given) => {
    waiting = given;
    if (isBusy) return;
    isBusy = true;
    while (waiting !== null) {
      const next = waiting;
      waiting = null;
      await call(...next);
    }
    isBusy = false;
  };
}

/** Moves the focus among the children of a bar with arrows, Home and End: one stop for Tab. */
export function roving(bar, selector, isVertical = false) {
  const items = () => [...bar.querySelectorAll(selector)].filter((item) => !item.disabled && item.offsetParent !== null);
  const settle = () => {
    const all = items();
    const current = all.find((item) => item.tabIndex === 0) ?? all[0];
    for (const item of all) item.tabIndex = item === current ? 0 : -1;
  };
  bar.addEventListener("focusin", (event) => {
    const found = event.target.closest?.(selector);
    if (!found) return;
    for (const item of items()) item.tabIndex = item === found ? 0 : -1;
  });
  bar.addEventListener("keydown", (event) => {
    if (!event.target.closest?.(selector)) return;
    const [back, on] = isVertical ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    const all = items();
    const at = all.indexOf(event.target.closest(selector));
    const to = { [back]: at - 1, [on]: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    all[(to + all.length) % all.length].focus();
  });
  return settle;
}
