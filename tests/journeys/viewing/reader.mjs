// Somebody who looks at studies: a page with a viewer, worked by mouse, keys and fingers as a person works it.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { words } from "../../../viewer-wasm/element/words.js";
import { expect } from "../site.mjs";
import { hear, lay, put, watch } from "./page.mjs";

/** Everything is slow on a machine that imitates a graphics card. */
export const WAIT_MS = 60_000;
export class Reader {
  /** Opens studies in a new page of a context. `attributes` are the element's. */
  static async open(context, url, attributes) {
    return Reader.on(await context.newPage(), url, { mode: "remote", tools: "full", lang: "zh-CN", ...attributes });
  }

  /** The same on a page that is open. */
  static async on(page, url, attributes) {
    const reader = new Reader();
    Object.assign(reader, { url, page, context: page.context() });
    await reader.begin(attributes);
    return reader;
  }

  /** On a page of the site, which has a viewer. */
  static async at(page, url, language) {
    const reader = new Reader();
    Object.assign(reader, { url, page, context: page.context() });
    await reader.watch(language);
    return reader;
  }

  async begin(attributes) {
    const { page } = this;
    // The open archive has no pages: a document of its origin becomes one.
    if (!page.url().startsWith(this.url)) await page.goto(`${this.url}/viewer/element/nm-viewer.js`);
    await page.evaluate(lay);
    await page.evaluate(hear);
    await page.evaluate(put, attributes);
    await this.watch(attributes.lang);
  }

  async watch(language) {
    const { page } = this;
    this.errors = [];
    this.t = words(language);
    page.setDefaultTimeout(WAIT_MS);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    await page.waitForFunction(() => document.querySelector("nm-viewer")?.viewer);
    await page.evaluate(watch);
  }

  /** What the element said of an event, once it has said it more than `before` times. */
  async told(name, before = 0) {
    const found = await this.page.waitForFunction(([name, before]) => window.told.filter((one) => one.name === name)[before], [name, before]);
    return (await found.jsonValue()).detail;
  }

  async countTold(name) {
    return this.page.evaluate((name) => window.told.filter((one) => one.name === name).length, name);
  }

  async settle() {
    await this.page.evaluate((ms) => window.look.settle(ms), WAIT_MS);
  }

  /** The pictures of all views, exact, and what is read. */
  async record() {
    await this.settle();
    const pictures = await this.page.evaluate(() => window.look.pictures());
    return { pictures: pictures.map((one) => ({ ...one, rgba: Buffer.from(one.rgba, "base64") })), readouts: await this.page.evaluate(() => window.look.readouts()) };
  }

  async ask(question) {
    return this.page.evaluate((question) => window.look.host.ask(question), question);
  }

  async do(command) {
    await this.page.evaluate((command) => window.look.host.do(command), command);
  }

  /** What a view was told to show. */
  async view(viewport) {
    return this.page.evaluate((viewport) => {
      const { marks, ...rest } = window.look.viewer.state.views.get(viewport) ?? { marks: [] };
      return rest;
    }, viewport);
  }

  /** Numbers of the views that show something. */
  async views() {
    return this.page.evaluate(() => window.look.views().map(({ number }) => number));
  }

  /** The first view of a kind with layers of these modalities. */
  async find(kind, modalities) {
    return this.page.evaluate(([kind, modalities]) => {
      const name = (kind) => (typeof kind === "string" ? kind : Object.keys(kind)[0]);
      const { state } = window.look.viewer;
      const found = window.look.views().find(({ number }) => {
        const view = state.views.get(number);
        return name(view.kind) === kind && view.layers.map(({ modality }) => modality).join() === modalities;
      });
      return found?.number ?? null;
    }, [kind, modalities]);
  }

  /** The first plane of one layer that is looked at along an axis of the body: 0 from the side, 1 from the front, 2 from the feet. */
  async findAlong(modality, axis) {
    return this.page.evaluate(([modality, axis]) => {
      const { state } = window.look.viewer;
      const found = window.look.views().find(({ number }) => {
        const { kind, layers, axes } = state.views.get(number);
        return kind === "plane" && layers.length === 1 && layers[0].modality === modality && Math.abs(axes[2][axis]) > 0.9;
      });
      return found?.number ?? null;
    }, [modality, axis]);
  }

  /** Waits until something holds in the page. */
  async waitFor(holds, what, given) {
    await this.page.waitForFunction(holds, given, { timeout: WAIT_MS }).catch((error) => expect(false, `${what}: ${error.message}`));
  }

  // Mouse and keys

  picture(viewport) {
    return this.page.locator(`nm-viewer .picture[data-view="${viewport}"]`);
  }

  /** Where a part of a view lies on the page. */
  async place(viewport, [x, y]) {
    const box = await this.picture(viewport).boundingBox();
    return [box.x + box.width * x, box.y + box.height * y];
  }

  async click(viewport, at, options) {
    await this.page.mouse.click(...(await this.place(viewport, at)), options);
  }

  async hover(viewport, at) {
    await this.page.mouse.move(...(await this.place(viewport, at)), { steps: 3 });
  }

  async drag(viewport, from, to, { button = "left", steps = 6 } = {}) {
    await this.page.mouse.move(...(await this.place(viewport, from)));
    await this.page.mouse.down({ button });
    await this.page.mouse.move(...(await this.place(viewport, to)), { steps });
    await this.page.mouse.up({ button });
  }

  async wheel(viewport, notches) {
    await this.page.mouse.move(...(await this.place(viewport, [0.5, 0.5])));
    for (let n = 0; n < Math.abs(notches); n += 1) await this.page.mouse.wheel(0, 100 * Math.sign(notches));
  }

  /** A button of the viewer by its word. */
  button(word, values) {
    return this.page.locator("nm-viewer").getByRole("button", { name: this.t(word, values), exact: true }).first();
  }

  async press(word, values) {
    await this.button(word, values).click();
  }

  /** Chooses a row of a menu of the bar. */
  async choose(menu, row) {
    await this.press(menu);
    await this.item(row).click();
  }

  /** A row of the menu that is open, by its text. */
  item(text) {
    return this.page.locator("nm-viewer .menu :is(button.item, .option)").filter({ has: this.page.getByText(text, { exact: true }) }).first();
  }

  /** Types into a field as a person does, up to Enter. */
  async fill(field, text) {
    await field.fill(String(text));
    await field.press("Enter");
  }

  async tab(name) {
    await this.page.locator(`nm-viewer .tab[data-tab="${name}"]`).click();
  }

  async waitForToast(text) {
    await this.page.locator("nm-viewer .toast", { hasText: text }).first().waitFor();
  }

  // What is seen

  async shoot(folder, name) {
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** Nothing went wrong in the page. */
  hasNoErrors() {
    expect(!this.errors.length, `no errors in the page, found ${this.errors.join("; ")}`);
  }

  async close() {
    this.hasNoErrors();
    await this.page.close();
  }
}
