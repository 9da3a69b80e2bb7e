// Browsers by the commands of WebDriver (W3C): WebKit by its driver, over HTTP; Firefox by the same commands over a socket of its own
// (Marionette), as no package brings its driver.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 60_000;
const COMMAND_MS = 60_000;
const END_MS = 10_000;

/** Each command by method and path of HTTP, and by Firefox's name. */
const COMMANDS = {
  new: ["POST", "", "WebDriver:NewSession"],
  delete: ["DELETE", "", "WebDriver:DeleteSession"],
  timeouts: ["POST", "/timeouts", "WebDriver:SetTimeouts"],
  navigate: ["POST", "/url", "WebDriver:Navigate"],
  cookie: ["POST", "/cookie", "WebDriver:AddCookie"],
  execute: ["POST", "/execute/async", "WebDriver:ExecuteAsyncScript"],
  actions: ["POST", "/actions", "WebDriver:PerformActions"],
  rect: ["POST", "/window/rect", "WebDriver:SetWindowRect"],
  picture: ["GET", "/screenshot", "WebDriver:TakeScreenshot"],
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A promise that fails with a sentence when it takes too long. */
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`expected ${what} within ${ms / 1000} s`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A program in a process group of its own, which ends with all that it started. */
class Program {
  constructor(command, args, env = {}, more = []) {
    this.name = command;
    this.child = spawn(command, args, { detached: true, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe", ...more] });
    this.said = "";
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (piece) => (this.said = (this.said + piece).slice(-4000)));
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => resolve(error.message));
      this.child.on("exit", (code, signal) => resolve(`it ended with ${code ?? signal}`));
    });
  }

  /** What is waited for, unless the program ends before. */
  async ready(what, promise) {
    const over = this.ended.then((how) => {
      throw new Error(`expected ${this.name} to give ${what}, but ${how}: ${this.said.trim().split("\n").slice(-3).join(" | ")}`);
    });
    return within(START_MS, `${what} of ${this.name}`, Promise.race([promise, over]));
  }

  /** Sends a signal to all of the group; says whether there was one. */
  signal(name) {
    try {
      return this.child.pid !== undefined && process.kill(-this.child.pid, name);
    } catch {
      return false;
    }
  }

  async end() {
    if (this.signal("SIGTERM")) await Promise.race([this.ended, pause(END_MS)]);
    // Of a group whose first has ended others may be left.
    this.signal("SIGKILL");
  }
}

/** Commands of WebDriver over HTTP. */
class Http {
  constructor(port) {
    this.address = `http://127.0.0.1:${port}/session`;
  }

  async isUp() {
    return fetch(this.address.replace(/session$/, "status")).then((answer) => answer.ok, () => false);
  }

  async call([method, path], body) {
    const headers = { "content-type": "application/json" };
    const sent = method === "POST" ? { method, headers, body: JSON.stringify(body) } : { method };
    const answer = await fetch(this.address + (this.session ? `/${this.session}` : "") + path, sent);
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
    if (value?.sessionId) this.session = value.sessionId;
    return value;
  }
}

/** Commands of WebDriver over Firefox's socket: each message has its length before it. */
class Marionette {
  static async open(port) {
    const link = new Marionette();
    Object.assign(link, { waiting: new Map(), number: 0, text: Buffer.alloc(0) });
    while (!link.socket) {
      link.socket = await new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => resolve(socket));
        socket.on("error", () => resolve(null));
      });
      if (!link.socket) await pause(200);
    }
    const hello = new Promise((resolve) => link.waiting.set("hello", { resolve }));
    link.socket.on("data", (piece) => link.take(piece));
    link.socket.on("close", () => link.over());
    await hello;
    return link;
  }

  take(piece) {
    this.text = Buffer.concat([this.text, piece]);
    for (;;) {
      const colon = this.text.indexOf(":");
      const length = Number(this.text.subarray(0, colon));
      if (colon < 0 || this.text.length < colon + 1 + length) return;
      const message = JSON.parse(this.text.subarray(colon + 1, colon + 1 + length));
      this.text = this.text.subarray(colon + 1 + length);
      const [, number, error, value] = Array.isArray(message) ? message : [1, "hello", null, message];
      const waits = this.waiting.get(number);
      this.waiting.delete(number);
      if (error) waits?.reject(new Error(`${error.error}: ${error.message}`));
      else waits?.resolve(value && "value" in value ? value.value : value);
    }
  }

  over() {
    for (const { reject } of this.waiting.values()) reject?.(new Error("the browser closed its socket"));
    this.waiting.clear();
  }

  call([, , name], body) {
    this.number += 1;
    const { number } = this;
    const text = Buffer.from(JSON.stringify([0, number, name, body ?? {}]));
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.socket.write(Buffer.concat([Buffer.from(`${text.length}:`), text]));
    });
  }
}

/** What is open when the process ends goes with it. */
const opened = new Set();
process.once("exit", () => {
  for (const browser of opened) browser.abandon();
});

/** A browser with one window, whose page is as large as asked for. */
class Browser {
  static async open(name, start, { width, height }) {
    const browser = new Browser();
    Object.assign(browser, { name, programs: [], folder: mkdtempSync(join(tmpdir(), "browser-")) });
    opened.add(browser);
    try {
      await start(browser);
      await browser.do("timeouts", { script: COMMAND_MS, pageLoad: COMMAND_MS });
      await browser.resize(width, height);
    } catch (error) {
      await browser.end();
      throw new Error(`${name} could not be opened: ${error.message}`);
    }
    return browser;
  }

  /** Starts a program that ends with the browser. What it keeps, it keeps in the browser's folder. */
  program(command, args, env = {}, more = []) {
    const program = new Program(command, args, { HOME: this.folder, XDG_RUNTIME_DIR: this.folder, XDG_CONFIG_HOME: join(this.folder, ".config"), ...env }, more);
    this.programs.push(program);
    return program;
  }

  /** A command by its name in the table. */
  do(name, body) {
    return within(COMMAND_MS, `an answer to ${name} of ${this.name}`, this.link.call(COMMANDS[name], body));
  }

  /** The window is larger than its page by what is around it. */
  async resize(width, height) {
    await this.do("rect", { width, height });
    const [across, down] = await this.run(() => [outerWidth - innerWidth, outerHeight - innerHeight]);
    await this.do("rect", { width: width + across, height: height + down });
    const found = await this.run(() => [innerWidth, innerHeight]);
    if (found.join() !== [width, height].join()) throw new Error(`expected a page of ${width} x ${height}, found ${found.join(" x ")}`);
  }

  async go(address) {
    await this.do("navigate", { url: address });
  }

  /** What a function gives in the page. Its argument and what it gives are JSON; promises are waited for. */
  async run(call, given = null) {
    const script = `const done = arguments[1]; Promise.resolve(arguments[0]).then(${call}).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.do("execute", { script, args: [given] });
    if (error) throw new Error(`${this.name}: ${error}`);
    return value ?? null;
  }

  async cookie(name, value) {
    await this.do("cookie", { cookie: { name, value, path: "/" } });
  }

  async mouse(actions) {
    await this.do("actions", { actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }] });
  }

  async move([x, y]) {
    await this.mouse([{ type: "pointerMove", x, y }]);
  }

  async drag(from, to) {
    const [[x, y], [right, bottom]] = [from, to];
    const half = { type: "pointerMove", x: Math.round((x + right) / 2), y: Math.round((y + bottom) / 2), duration: 50 };
    const end = { type: "pointerMove", x: right, y: bottom, duration: 50 };
    await this.mouse([{ type: "pointerMove", x, y }, { type: "pointerDown", button: 0 }, half, end, { type: "pause", duration: 50 }, { type: "pointerUp", button: 0 }]);
  }

  async click([x, y]) {
    await this.mouse([{ type: "pointerMove", x, y }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }]);
  }

  async wheel([x, y], deltaY) {
    await this.do("actions", { actions: [{ type: "wheel", id: "wheel", actions: [{ type: "scroll", x, y, deltaX: 0, deltaY, duration: 0 }] }] });
  }

  async screenshot() {
    return Buffer.from(await this.do("picture"), "base64");
  }

  async end() {
    if (this.link) await this.do("delete").catch(() => {});
    for (const program of this.programs.reverse()) await program.end();
    this.abandon();
    opened.delete(this);
  }

  abandon() {
    for (const program of this.programs) program.signal("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

const PREFERENCES = { "marionette.port": 0, "browser.startup.page": 0, "browser.aboutwelcome.enabled": false, "datareporting.policy.dataSubmissionEnabled": false, "network.captive-portal-service.enabled": false };

/** Firefox, without a screen. */
export function firefox(size) {
  return Browser.open("Firefox", async (browser) => {
    const profile = join(browser.folder, "profile");
    mkdirSync(profile);
    writeFileSync(join(profile, "user.js"), Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
    const program = browser.program(process.env.FIREFOX ?? "firefox-esr", ["--headless", "--marionette", "--no-remote", "--profile", profile]);
    const told = join(profile, "MarionetteActivePort");
    browser.link = await program.ready("a port", (async () => {
      while (!existsSync(told) || !readFileSync(told, "utf8")) await pause(100);
      return Marionette.open(Number(readFileSync(told, "utf8")));
    })());
    await browser.do("new", {});
  }, size);
}

/** WebKit, on a screen of memory; `scale` is of device pixels. */
export function webkit({ scale = 1, ...size }) {
  return Browser.open("WebKit", async (browser) => {
    const screen = `${size.width * scale + 200}x${size.height * scale + 300}x24`;
    const display = browser.program("Xvfb", ["-displayfd", "3", "-screen", "0", screen, "-nolisten", "tcp"], {}, ["pipe"]);
    const number = await display.ready("a display", new Promise((resolve) => display.child.stdio[3].once("data", (text) => resolve(String(text).trim()))));
    // Its buttons would make the window wider than a phone.
    mkdirSync(join(browser.folder, ".config/gtk-3.0"), { recursive: true });
    writeFileSync(join(browser.folder, ".config/gtk-3.0/gtk.css"), "button, entry, toolbar, headerbar { padding: 0; margin: 0; min-width: 0; }\n");
    const port = await freePort();
    // Its sandbox needs namespaces, which containers and root do not give.
    const env = { DISPLAY: `:${number}`, GDK_BACKEND: "x11", GDK_SCALE: String(scale), NO_AT_BRIDGE: "1", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" };
    const driver = browser.program("WebKitWebDriver", ["-p", String(port)], env);
    const link = new Http(port);
    const options = { "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] } };
    await driver.ready("a session", (async () => {
      while (!(await link.isUp())) await pause(100);
      await link.call(COMMANDS.new, { capabilities: { alwaysMatch: options } });
    })());
    browser.link = link;
  }, size);
}

function miniBrowser() {
  const folders = readdirSync("/usr/lib").map((name) => join("/usr/lib", name)).filter((folder) => /-linux-/.test(folder));
  const found = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith("webkit2gtk-")).map((name) => join(folder, name, "MiniBrowser"))).find(existsSync);
  if (!found) throw new Error("expected MiniBrowser of webkit2gtk-driver below /usr/lib, found none");
  return found;
}
