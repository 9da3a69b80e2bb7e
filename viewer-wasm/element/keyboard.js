// Keys pressed anywhere in the viewer but in fields.

import { commandOf } from "./keys.js";

const FIELDS = "input:not([type=range]):not([type=checkbox]), textarea, select";
/** Keys that a focused control uses itself. */
const OWN = { button: ["Enter", " "], slider: ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"] };

export class Keyboard {
  constructor(viewer) {
    this.viewer = viewer;
    this.heard = (event) => this.key(event);
    viewer.root.addEventListener("keydown", this.heard);
    // Before anything has the focus, keys are the viewer's too.
    this.outside = (event) => event.target === document.body && !viewer.root.querySelector("dialog[open]") && this.key(event);
    document.addEventListener("keydown", this.outside);
  }

  end() {
    document.removeEventListener("keydown", this.outside);
  }

  key(event) {
    const target = event.composedPath()[0];
    if (event.defaultPrevented || event.isComposing || target.matches?.(FIELDS)) return;
    if (target.closest?.("button, [role=switch], summary") && OWN.button.includes(event.key)) return;
    if (target.matches?.(".slider") && OWN.slider.includes(event.key)) return;
    if (event.key === "Enter" && this.viewer.pointer.drawn.finish()) {
      event.preventDefault();
      return;
    }
    const command = commandOf(event, this.viewer.bindings);
    if (!command) return;
    if (this.viewer.run(command) !== false) event.preventDefault();
  }
}
