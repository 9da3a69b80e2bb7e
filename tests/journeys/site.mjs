// A site of the journeys' own, and people with browsers: real pages in a real browser, codes of a real authenticator.

import { spawn, execFileSync } from "node:child_process";
import { createDecipheriv, createECDH, createHash, createHmac, hkdfSync, randomBytes, verify } from "node:crypto";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url)("axe-core").source;
export const PASSWORD = "Nuclear_1";

/** Starts `uptake serve` on a new folder and gives its address and the first administrator's link. */
export class Site {
  static async start(uptake, port) {
    const folder = mkdtempSync(join(tmpdir(), "journeys-"));
    const site = new Site();
    Object.assign(site, { uptake, folder, data: join(folder, "data"), port });
    site.post = await Post.open();
    site.push = await PushService.open();
    site.config = join(folder, "uptake.toml");
    const mail = `host = "127.0.0.1"\nport = ${site.post.port}\nsecurity = "none"\nfrom = "uptake@hospital.example"`;
    const push = `services = [${JSON.stringify(site.push.origin)}]\ncontact = "mailto:it@hospital.example"`;
    writeFileSync(site.config, `[site]\npublic_url = "http://127.0.0.1:${port}"\n[site.mail]\n${mail}\n[site.push]\n${push}\n`);
    await site.serve();
    return site;
  }

  async serve() {
    const address = ["--http", `127.0.0.1:${this.port}`, "--dicom", `127.0.0.1:${this.port + 1}`];
    this.server = spawn(this.uptake, ["serve", "--config", this.config, "--data", this.data, ...address], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    await new Promise((resolve, reject) => {
      this.server.stdout.on("data", (piece) => {
        text += piece;
        if (text.includes("\ndata ")) setTimeout(resolve, 200);
      });
      this.server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    this.url = /^http +(\S+)/m.exec(text)[1];
    this.link = /^first administrator +(\S+)/m.exec(text)?.[1];
  }

  async stop() {
    this.server.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.server.on("exit", resolve));
    this.server.kill("SIGTERM");
    await ended;
  }

  /** Backs the site up while it is served; what it has is not used again. */
  lose() {
    this.backup = join(this.folder, "backup");
    execFileSync(this.uptake, ["backup", "--data", this.data, "--to", this.backup]);
  }

  /** Makes it anew elsewhere, with what the backup has. */
  restore() {
    this.data = join(this.folder, "restored");
    execFileSync(this.uptake, ["restore", "--data", this.data, "--from", this.backup]);
  }

  async end() {
    this.post.close();
    this.push.close();
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a captcha shows: read from the database, as the picture is made not to be read by programs. */
  captcha(token) {
    const hash = createHash("sha256").update(token).digest("hex");
    const script = "import sqlite3,sys;print(sqlite3.connect(sys.argv[1]).execute('select content from one_time where token=?',(sys.argv[2],)).fetchone()[0])";
    return execFileSync("/usr/bin/python3", ["-c", script, join(this.data, "index.sqlite"), hash]).toString().trim();
  }
}

/** A server of mail (RFC 5321), which refuses everybody until it is told to take what comes. */
class Post {
  static async open() {
    const post = new Post();
    Object.assign(post, { takes: false, letters: [] });
    post.server = createServer((socket) => post.answer(socket));
    await new Promise((resolve) => post.server.listen(0, "127.0.0.1", resolve));
    post.port = post.server.address().port;
    return post;
  }

  answer(socket) {
    let [text, letter] = ["", null];
    socket.on("error", () => {});
    socket.write("220 post.example\r\n");
    socket.on("data", (piece) => {
      text += piece;
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (letter !== null && line !== ".") letter += `${line}\n`;
        else if (letter !== null) {
          this.letters.push(letter);
          letter = null;
          socket.write("250 taken\r\n");
        } else if (/^DATA/i.test(line)) {
          letter = "";
          socket.write("354 go on\r\n");
        } else if (/^RCPT/i.test(line) && !this.takes) socket.write("550 nobody of that name\r\n");
        else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
        else socket.write("250 well\r\n");
      }
    });
  }

  /** The last letter as text. */
  async letter() {
    for (let turn = 0; turn < 100 && !this.letters.length; turn += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    const letter = this.letters.at(-1) ?? "";
    const [head, body] = [letter.slice(0, letter.indexOf("\n\n")), letter.slice(letter.indexOf("\n\n") + 2)];
    if (/base64/i.test(head)) return Buffer.from(body, "base64").toString();
    const bytes = body.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    return /quoted-printable/i.test(head) ? Buffer.from(bytes, "latin1").toString() : body;
  }

  close() {
    this.server.close();
  }
}

/** A browser's push service (RFC 8030): holds the site to RFC 8292, and reads as that browser would what is encrypted for it (RFC 8291). */
class PushService {
  static async open() {
    const service = new PushService();
    const keys = createECDH("prime256v1");
    keys.generateKeys();
    Object.assign(service, { keys, auth: randomBytes(16), messages: [], wrong: [] });
    service.server = createHttpServer((request, response) => {
      const pieces = [];
      request.on("data", (piece) => pieces.push(piece));
      request.on("end", () => response.writeHead(service.take(request, Buffer.concat(pieces))).end());
    });
    await new Promise((resolve) => service.server.listen(0, "127.0.0.1", resolve));
    service.origin = `http://127.0.0.1:${service.server.address().port}`;
    return service;
  }

  /** What the browser gives a site; it may change its address. */
  subscription(address = 1) {
    const [p256dh, auth] = [this.keys.getPublicKey(), this.auth].map((bytes) => bytes.toString("base64url"));
    return { endpoint: `${this.origin}/send/${address}`, keys: { p256dh, auth } };
  }

  take(request, body) {
    try {
      this.check(request.headers.authorization);
      this.messages.push({ path: request.url, text: this.read(body) });
      return 201;
    } catch (error) {
      this.wrong.push(String(error));
      return 403;
    }
  }

  check(authorization) {
    const [, signed, signature, key] = /^vapid t=([\w-]+\.[\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(authorization);
    const point = Buffer.from(key, "base64url");
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
    const jwk = { key: { kty: "EC", crv: "P-256", x, y }, format: "jwk", dsaEncoding: "ieee-p1363" };
    const claims = JSON.parse(Buffer.from(signed.split(".")[1], "base64url"));
    const left = claims.exp - Date.now() / 1000;
    expect(verify("sha256", Buffer.from(signed), jwk, Buffer.from(signature, "base64url")), "a signature of the key");
    expect(claims.aud === this.origin && left > 0 && left <= 86400, `claims for ${this.origin}, found ${JSON.stringify(claims)}`);
  }

  read(body) {
    const [salt, sender, sealed, tag] = [body.subarray(0, 16), body.subarray(21, 86), body.subarray(86, -16), body.subarray(-16)];
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), this.keys.getPublicKey(), sender]);
    const agreed = hkdfSync("sha256", this.keys.computeSecret(sender), this.auth, info, 32);
    const derive = (what, length) => Buffer.from(hkdfSync("sha256", agreed, salt, `Content-Encoding: ${what}\0`, length));
    const open = createDecipheriv("aes-128-gcm", derive("aes128gcm", 16), derive("nonce", 12));
    open.setAuthTag(tag);
    const text = Buffer.concat([open.update(sealed), open.final()]);
    return text.subarray(0, text.lastIndexOf(2)).toString();
  }

  /** The messages, once there are so many. */
  async arrived(count) {
    for (let turn = 0; turn < 100 && this.messages.length < count; turn += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(this.messages.length === count && !this.wrong.length, `${count} pushed, found ${this.messages.length} ${this.wrong}`);
    return this.messages;
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** The code of an authenticator (RFC 6238) for a secret in base 32, at a time. */
export function code(secret, at = Date.now()) {
  let bits = "";
  for (const letter of secret.replace(/=+$/, "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1000000).padStart(6, "0");
}

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"];
/** Of a browser whose graphics card the processor imitates: with these alone WebGPU draws there what is seen. */
export const WEBGPU = ["--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist"];

export async function browser(more = []) {
  return chromium.launch({ executablePath: CHROMIUM, headless: false, args: [...FLAGS, ...more] });
}

/** A browser that keeps what it keeps in a folder. */
export async function browserIn(folder, more = []) {
  return chromium.launchPersistentContext(folder, { executablePath: CHROMIUM, headless: false, args: [...FLAGS, ...more] });
}

/** Somebody with a browser window of their own. */
export class Person {
  static async open(site, engine, { mobile, language = "zh-CN", width = 1280, height = 900, touch = false } = {}) {
    const person = new Person();
    const context = await engine.newContext({ locale: language, viewport: { width, height }, hasTouch: touch, isMobile: touch });
    Object.assign(person, { site, mobile, context, page: await context.newPage(), secret: null });
    person.errors = [];
    person.page.on("console", (message) => message.type() === "error" && person.errors.push(message.text()));
    person.page.on("pageerror", (error) => person.errors.push(String(error)));
    person.page.on("dialog", (dialog) => dialog.accept());
    return person;
  }

  async go(path) {
    await this.page.goto(path.startsWith("http") ? path : this.site.url + path);
  }

  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) await this.page.fill(`main [name="${name}"]`, value);
  }

  /** Sends the form of a field, and waits for the page that it leads to. */
  async send(name) {
    const button = this.page.locator(`main form:has([name="${name}"]) button[type="submit"]`).first();
    await Promise.all([this.page.waitForLoadState("load"), button.click()]);
    await this.page.waitForLoadState("load");
  }

  async readCaptcha() {
    const token = this.page.locator('main [name="captcha_token"]');
    if ((await token.count()) === 0) return;
    await this.page.fill('main [name="captcha"]', this.site.captcha(await token.inputValue()));
  }

  async signIn(password = PASSWORD) {
    await this.go("/sign-in");
    for (let turn = 0; turn < 2; turn += 1) {
      await this.fill({ mobile: this.mobile, password });
      await this.readCaptcha();
      await this.send("mobile");
      if (!(await this.page.locator('main [name="captcha_token"]').count())) break;
    }
    if (this.secret && this.page.url().endsWith("/sign-in/code")) {
      // A code is taken once: the next one is due when this one was used.
      while (code(this.secret) === this.lastCode) await new Promise((resolve) => setTimeout(resolve, 500));
      this.lastCode = code(this.secret);
      await this.fill({ code: this.lastCode });
      await this.send("code");
    }
  }

  async setUpSecondFactor() {
    await this.go("/second-factor");
    this.secret = await this.page.locator("main ol code").innerText();
    this.lastCode = code(this.secret);
    await this.fill({ code: this.lastCode });
    await this.send("code");
  }

  async changePassword(current, password = PASSWORD) {
    await this.go("/password");
    await this.fill({ current, password, again: password });
    await this.send("current");
  }

  async text() {
    return this.page.locator("body").innerText();
  }
}

/** Something happens in a service worker; gives what it did with notification and windows, which only a person could have it do. */
export function happens(worker, kind, given) {
  return worker.evaluate(
    async ([kind, { data, subscription }]) => {
      const did = [];
      self.clients.openWindow = async (to) => void did.push(`open ${to}`);
      WindowClient.prototype.focus = async function () {
        did.push(`focus ${new URL(this.url).pathname}`);
      };
      const event = new Event(kind);
      let waits;
      Object.assign(event, {
        notification: { data, close: () => did.push("close") },
        newSubscription: { toJSON: () => subscription },
        waitUntil: (promise) => (waits = promise),
      });
      self.dispatchEvent(event);
      await waits;
      return did.join(", ");
    },
    [kind, given],
  );
}

export function expect(holds, what) {
  if (!holds) throw new Error(`expected ${what}`);
}

export async function expectText(person, words) {
  const text = await person.text();
  expect(text.includes(words), `${JSON.stringify(words)} on ${person.page.url()}, found ${JSON.stringify(text.slice(0, 600))}`);
}

/** A picture of what is shown now. */
export async function picture(person, folder, name) {
  mkdirSync(folder, { recursive: true });
  await person.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Shows a page in a language and a theme. */
async function show(person, path, [language, theme]) {
  const cookies = [["uptake_language", language], ["uptake_theme", theme]];
  await person.context.addCookies(cookies.map(([key, value]) => ({ name: key, value, url: person.site.url })));
  await person.go(path);
}

async function showAsBefore(person) {
  await person.context.clearCookies({ name: "uptake_language" });
  await person.context.clearCookies({ name: "uptake_theme" });
  await person.page.setViewportSize({ width: 1280, height: 900 });
}

const LOOKS = [["zh-CN", "light"], ["en", "dark"]];

/** Labels, names, roles, contrast, order: nothing that WCAG 2.1 AA asks for is missing on a page, as axe sees it. */
export async function accessible(person, path) {
  for (const look of LOOKS) {
    await show(person, path, look);
    await person.page.evaluate(AXE);
    const found = await person.page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    const said = found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
    expect(!said.length, `${path} (${look}) to be accessible, found ${said.join("; ")}`);
  }
  await showAsBefore(person);
}

/** Pictures of a page at three sizes, in both languages, light and dark. */
export async function pictures(person, folder, name, path) {
  mkdirSync(folder, { recursive: true });
  for (const look of LOOKS) {
    for (const [width, height] of [[1920, 1080], [1280, 800], [390, 844]]) {
      await person.page.setViewportSize({ width, height });
      await show(person, path, look);
      await person.page.waitForTimeout(150);
      const wide = await person.page.evaluate(() => {
        const beyond = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
        const name = (one) => `${one.localName}.${one.className}`;
        return document.documentElement.scrollWidth > innerWidth ? beyond.map(name).slice(0, 5).join() || "something" : "";
      });
      expect(!wide, `${path} not to be wider than ${width}, found ${wide}`);
      await person.page.screenshot({ path: join(folder, `${name}-${width}-${look[0]}.png`), fullPage: true });
    }
  }
  await showAsBefore(person);
}

/** The first administrator makes a hospital; gives whoever manages it, signed in. */
export async function chiefOf(site, engine, options) {
  const system = await Person.open(site, engine, { mobile: "13900000001" });
  await system.go(site.link);
  await system.fill({ name: "王系统", mobile: system.mobile, password: PASSWORD, again: PASSWORD });
  await system.send("name");
  await system.signIn();
  await system.setUpSecondFactor();
  await system.go("/platform/organisations/new");
  await system.fill({ name: "第一人民医院", administrator: "赵主任", mobile: "13700000001" });
  await system.send("name");
  const first = await system.page.locator("main code.long").innerText();
  await system.context.close();
  const chief = await Person.open(site, engine, { mobile: "13700000001", ...options });
  await chief.signIn(first);
  await chief.changePassword(first);
  await chief.setUpSecondFactor();
  return chief;
}
