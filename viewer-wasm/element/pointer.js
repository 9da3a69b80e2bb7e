// Mouse, pen and touch on the views. What a movement means is in gestures.js and drafts.js; here is whose it is.

import * as gestures from "./gestures.js";
import { near } from "./drawing.js";
import { newest, throttled } from "./dom.js";
import { isDrawing } from "./tools.js";
import { Drawn } from "./drawn.js";

/** Reach of a mouse and of a finger, in CSS pixels. */
const REACH = { mouse: 7, pen: 10, touch: 20 };
const PROBE_PAUSE_MS = 90;

export class Pointer {
  constructor(viewer) {
    this.viewer = viewer;
    this.fingers = new Map();
    this.drawn = new Drawn(viewer);
    this.wheelRest = {};
    const area = viewer.views.element;
    const on = (name, call, options) => area.addEventListener(name, call, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event, true));
    on("pointerleave", () => this.left());
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("dblclick", (event) => this.doubleClick(event));
    on("contextmenu", (event) => event.preventDefault());
    // A middle click would begin to scroll the page.
    on("mousedown", (event) => event.button === 1 && event.preventDefault());
    this.look = newest((over) => this.ask(over));
    this.probeAt = newest((held, spot) => this.askFor(held, spot));
    this.hover = throttled(() => this.held || this.look(this.over), PROBE_PAUSE_MS);
    // What lies under a pointer that rests is another value on another slice.
    viewer.on("view", ({ view }) => view && view.viewport === this.over?.view.number && this.hover());
    this.pointAt = throttled((viewport, at) => viewer.do({ point: { viewport, at } }), 100);
  }

  viewOf(event) {
    const element = event.target.closest?.(".view");
    return element ? this.viewer.views.get(Number(element.dataset.view)) : null;
  }

  down(event) {
    const view = this.viewOf(event);
    if (!view || event.target.closest("button")) return;
    view.element.focus({ preventScroll: true });
    this.viewer.activate(view.number);
    const told = this.viewer.state.views.get(view.number);
    view.element.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") return this.touched(event, view, told);
    if (told) this.begin(event, view, told);
    return undefined;
  }

  /** A gesture of one pointer begins: with a tool, on a mark, or as a draft. */
  begin(event, view, told) {
    const spot = view.spot(event);
    const button = event.pointerType === "touch" ? 0 : event.button;
    const modifiers = gestures.modifiersOf(event);
    const tool = gestures.toolOf(button, modifiers, this.viewer.mouse, this.viewer.tool);
    const held = {
      id: event.pointerId, view, told, tool, button, spot, start: spot, last: spot,
      at: [event.clientX, event.clientY], begun: [event.clientX, event.clientY],
      rest: {}, gesture: this.viewer.gesture(), moved: 0, type: event.pointerType, modifiers,
    };
    this.held = held;
    if (button === 0 && isDrawing(tool)) {
      held.draws = true;
      this.drawn.down(held);
      return;
    }
    if (this.drawn.isBusy) this.drawn.cancel();
    if (button !== 0 || modifiers.length) return;
    const marks = view.marks;
    const reach = REACH[event.pointerType] ?? REACH.mouse;
    const place = [spot[0] / view.factor, spot[1] / view.factor];
    if (near(marks, place, (reach * this.viewer.views.scale) / view.factor)) this.askWhose(held, reach);
  }

  /** What lies under the pointer is the drawer's to say; until it has, movements wait. */
  askWhose(held, reach) {
    held.waits = true;
    const { viewport } = held.told;
    const reach_pixels = Math.min(64, reach * this.viewer.views.scale);
    this.viewer.ask({ hit: { viewport, at: held.start, reach_pixels } }).then(
      (hit) => {
        held.hit = hit?.mark ?? null;
        held.voi = hit?.voi?.on_outline ? hit.voi : null;
        held.waits = false;
        if (held.hit) this.viewer.chooseMark(held.hit.mark);
        else if (held.voi) this.viewer.chooseVoi(held.voi.voi);
        if (held.lastEvent && held === this.held) this.drag(held, held.lastEvent);
      },
      () => { held.waits = false; },
    );
  }

  move(event) {
    if (event.pointerType === "touch") return this.touchMoved(event);
    const held = this.held;
    if (held && held.id === event.pointerId) return this.drag(held, event);
    const view = this.viewOf(event);
    if (!view || !this.viewer.state.views.has(view.number)) return undefined;
    const spot = view.spot(event);
    this.drawn.hover(view, spot);
    this.over = { view, spot };
    this.hover();
    const over = near(view.marks, [spot[0] / view.factor, spot[1] / view.factor], (REACH.mouse * this.viewer.views.scale) / view.factor);
    view.element.dataset.near = over === "handle" ? over : "";
    if (this.viewer.isShared) this.pointAt(view.number, spot);
    return undefined;
  }

  drag(held, event) {
    const { clientX, clientY } = event;
    held.moved = Math.max(held.moved, Math.hypot(clientX - held.begun[0], clientY - held.begun[1]));
    held.lastEvent = { clientX, clientY };
    if (held.waits) return;
    const spot = held.view.spot(event);
    if (held.draws) {
      this.drawn.drag(held, spot);
      return;
    }
    if (held.moved < gestures.CLICK_PIXELS) return;
    const by = [clientX - held.at[0], clientY - held.at[1]];
    held.at = [clientX, clientY];
    const viewport = held.told.viewport;
    let command;
    if (held.hit) {
      const { mark, handle } = held.hit;
      command = handle === null ? { move_mark: { mark, viewport, from: held.last, to: spot } } : { move_handle: { mark, handle, viewport, to: spot } };
    } else if (held.voi) command = { move_voi: { voi: held.voi.voi, viewport, from: held.last, to: spot } };
    else {
      const told = this.viewer.state.views.get(viewport) ?? held.told;
      const height = held.view.element.clientHeight;
      command = gestures.dragged(held.tool, told, { from: held.last, to: spot, start: held.start, by, layer: this.viewer.layerOf(told), rest: held.rest, height });
      held.view.element.dataset.tool = held.tool;
    }
    held.last = spot;
    if (command) this.viewer.doSoon(command, held.gesture);
    held.didSomething ||= Boolean(command);
  }

  up(event, isCancelled = false) {
    if (event.pointerType === "touch") return this.touchEnded(event, isCancelled);
    const held = this.held;
    if (!held || held.id !== event.pointerId) return undefined;
    return this.end(held, event, isCancelled);
  }

  end(held, event, isCancelled) {
    this.held = null;
    delete held.view.element.dataset.tool;
    if (held.draws) {
      if (isCancelled) this.drawn.cancel();
      else this.drawn.up(held, held.view.spot(event));
      return;
    }
    if (held.didSomething) this.viewer.rest();
    else if (held.moved < gestures.CLICK_PIXELS && !isCancelled && held.button === 0) this.click(held);
  }

  /** A click without a movement: the cross where that is the tool; else what lies there is chosen, or nothing. */
  click(held) {
    const what = gestures.meant(held.tool, held.told.kind);
    if (!held.hit && !held.voi && ["crosshair", "jump"].includes(what)) {
      const command = gestures.dragged(held.tool, held.told, { from: held.start, to: held.start, start: held.start, by: [0, 0], layer: this.viewer.layerOf(held.told), rest: {}, height: 1 });
      this.viewer.doSoon(command, held.gesture);
      this.viewer.rest();
    } else if (!held.hit && !held.voi && !held.waits && this.viewer.hasChosen) {
      this.viewer.chooseMark(null);
    }
  }

  doubleClick(event) {
    const view = this.viewOf(event);
    if (!view || event.target.closest("button")) return;
    if (this.drawn.finish()) return;
    if (this.lastTouch && performance.now() - this.lastTouch < 800) return;
    if (isDrawing(this.viewer.tool)) return;
    this.viewer.maximize(view.number);
  }

  wheel(event) {
    const view = this.viewOf(event);
    const told = view && this.viewer.state.views.get(view.number);
    if (!told) return;
    event.preventDefault();
    this.viewer.activate(view.number);
    // A touchpad's pinch comes as a wheel with Ctrl, whatever the table says.
    const tool = gestures.toolOf("wheel", gestures.modifiersOf(event), this.viewer.mouse);
    const used = tool === "none" && event.ctrlKey ? "zoom" : tool === "none" ? "scroll" : tool;
    const notches = gestures.notches(event, this.wheelRest);
    if (!notches) return;
    const command = gestures.wheeled(used, told, notches, view.spot(event));
    if (!command) return;
    if (!this.wheelGesture) this.wheelGesture = this.viewer.gesture();
    this.viewer.doSoon(command, this.wheelGesture);
    clearTimeout(this.wheelTimer);
    this.wheelTimer = setTimeout(() => {
      this.wheelGesture = null;
      this.viewer.rest();
    }, 200);
  }

  left() {
    this.over = null;
    this.hover();
    this.drawn.hover(null, null);
    if (this.viewer.isShared) this.pointAt(null, null);
  }

  /** Values under the pointer for the line below the views. */
  ask(over) {
    if (!over) return this.viewer.showProbe(null);
    return this.viewer.ask({ probe: { viewport: over.view.number, at: over.spot } }).then(
      (found) => this.viewer.showProbe(this.over ? found : null, over.view),
      () => this.viewer.showProbe(null),
    );
  }

  // Touch: one finger uses the tool, two move, magnify and turn, a long press probes, a double tap goes to 3D and back.

  touched(event, view, told) {
    this.lastTouch = performance.now();
    this.fingers.set(event.pointerId, { view, spot: view.spot(event) });
    if (!told) return;
    if (this.fingers.size === 2) {
      this.stopOne();
      this.pair = { told, view, held: {}, gesture: this.viewer.gesture(), spots: [...this.fingers.values()].map((finger) => finger.spot) };
      return;
    }
    if (this.fingers.size > 2) return;
    this.begin(event, view, told);
    const held = this.held;
    if (held.draws) return;
    this.pressTimer = setTimeout(() => {
      if (this.held === held && held.moved < gestures.CLICK_PIXELS * 2) this.press(held);
    }, gestures.LONG_PRESS_MS);
  }

  stopOne() {
    clearTimeout(this.pressTimer);
    if (this.held?.draws) this.drawn.cancel();
    this.held = null;
    this.viewer.showBubble(null);
  }

  press(held) {
    held.probes = true;
    navigator.vibrate?.(12);
    this.probeAt(held, held.last);
  }

  askFor(held, spot) {
    return this.viewer.ask({ probe: { viewport: held.told.viewport, at: spot } }).then(
      (found) => held === this.held && this.viewer.showBubble(found, held.view, spot),
      () => {},
    );
  }

  touchMoved(event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    finger.spot = finger.view.spot(event);
    if (this.pair) {
      const spots = [...this.fingers.values()].map((one) => one.spot);
      const { told, held, gesture } = this.pair;
      const now = this.viewer.state.views.get(told.viewport) ?? told;
      for (const command of gestures.twoFingers(now, this.pair.spots, spots, held)) this.viewer.doSoon(command, gesture);
      this.pair.spots = spots;
      return;
    }
    const held = this.held;
    if (!held || held.id !== event.pointerId) return;
    if (held.probes) this.probeAt(held, finger.spot);
    else {
      this.drag(held, event);
      if (held.moved >= gestures.CLICK_PIXELS * 2) clearTimeout(this.pressTimer);
    }
  }

  touchEnded(event, isCancelled) {
    this.lastTouch = performance.now();
    this.fingers.delete(event.pointerId);
    clearTimeout(this.pressTimer);
    if (this.pair) {
      if (this.fingers.size < 2) {
        this.pair = null;
        this.viewer.rest();
      }
      return;
    }
    const held = this.held;
    if (!held || held.id !== event.pointerId) return;
    if (held.probes) {
      this.held = null;
      this.viewer.showBubble(null);
      return;
    }
    const isTap = held.moved < gestures.CLICK_PIXELS * 2 && !held.draws && !isCancelled;
    const now = performance.now();
    if (isTap && this.tap && now - this.tap.at < gestures.DOUBLE_TAP_MS && this.tap.view === held.view) {
      this.tap = null;
      this.held = null;
      this.viewer.do(gestures.twoOrThree(held.told));
      return;
    }
    this.tap = isTap ? { at: now, view: held.view } : null;
    this.end(held, event, isCancelled);
  }
}
