// An open archive of the journeys' own, with studies in it: `uptake serve --open` on a folder that ends with it.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "../site.mjs";

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "../../..");
/** What draws in the page. */
const DRAWER = "viewer_wasm_bg.wasm";
const TYPES = { css: "text/css", js: "text/javascript", wasm: "application/wasm" };
/** Objects are sent in bodies of about so many bytes. */
const BODY_BYTES = 48 * 2 ** 20;

export class Archive {
  static async start(uptake) {
    const archive = new Archive();
    Object.assign(archive, { uptake, folder: mkdtempSync(join(tmpdir(), "viewing-")), proxies: [], demos: new Map() });
    archive.own = await archive.serve();
    archive.folders = await archive.foldersBeside();
    archive.url = Object.keys(archive.folders).length ? (await archive.proxy("127.0.0.1")).url : archive.own;
    return archive;
  }

  /**
   * What is not the program's own: the element of `VIEWER_ELEMENT` where somebody works on it, and the drawer of
   * `target/viewer` where the program was built without one.
   */
  async foldersBeside() {
    const folders = {};
    if (process.env.VIEWER_ELEMENT) folders["/viewer/element/"] = process.env.VIEWER_ELEMENT;
    if (!(await fetch(`${this.own}/viewer/wasm/${DRAWER}`, { method: "HEAD" })).ok) {
      const beside = join(REPOSITORY, "target/viewer");
      expect(existsSync(join(beside, DRAWER)), "the drawer of the page, in the program or in target/viewer: scripts/wasm.sh makes it");
      folders["/viewer/wasm/"] = beside;
    }
    return folders;
  }

  /** Serves where the system has ports free; gives the address of HTTP. */
  async serve() {
    const address = ["--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"];
    const args = ["serve", "--open", "--data", join(this.folder, "data"), ...address];
    this.server = spawn(this.uptake, args, { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    await new Promise((resolve, reject) => {
      this.server.stdout.on("data", (piece) => {
        text += piece;
        if (text.includes("\ndata ")) resolve();
      });
      this.server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      this.server.on("error", reject);
    });
    return /^http +(\S+)/m.exec(text)[1];
  }

  /** Writes the demo studies that `uptake demo` makes and takes one in, once; gives its study UID. */
  async demo(name) {
    if (this.demos.has(name)) return this.demos.get(name);
    const made = join(this.folder, "demo");
    if (!existsSync(made)) execFileSync(this.uptake, ["demo", "--size", "tiny", made], { stdio: "ignore" });
    this.demos.set(name, await this.load(this.demoFolder(name)));
    return this.demos.get(name);
  }

  demoFolder(name) {
    return join(this.folder, "demo", name);
  }

  /** Takes in all objects below a folder over DICOMweb; gives the study UID of the last of them. */
  async load(folder) {
    let [body, bytes, study] = [[], 0, null];
    const send = async () => {
      if (!body.length) return;
      const headers = { "content-type": 'multipart/related; type="application/dicom"; boundary=b', accept: "application/dicom+json" };
      const answer = await fetch(`${this.own}/dicom-web/studies`, { method: "POST", headers, body: new Blob([...body, "--b--\r\n"]) });
      expect(answer.status === 200, `${folder} to be taken, found ${answer.status}`);
      study = (await answer.json())["00081199"].Value[0]["00081190"]?.Value[0].match(/studies\/([\d.]+)/)[1] ?? study;
      [body, bytes] = [[], 0];
    };
    for (const path of filesBelow(folder)) {
      const file = readFileSync(path);
      if (file.subarray(128, 132).toString("latin1") !== "DICM") continue;
      body.push("--b\r\ncontent-type: application/dicom\r\n\r\n", file, "\r\n");
      bytes += file.length;
      if (bytes > BODY_BYTES) await send();
    }
    await send();
    return study;
  }

  /** The series of a study that have images. */
  async series(study) {
    const answer = await fetch(`${this.own}/dicom-web/studies/${study}/series`, { headers: { accept: "application/dicom+json" } });
    const all = (await answer.json()).map((one) => ({ series: one["0020000E"].Value[0], modality: one["00080060"].Value[0] }));
    return all.filter(({ modality }) => ["CT", "PT", "NM"].includes(modality));
  }

  /** Some of the files that were taken in from the demo, as they are. */
  frames(name, count) {
    const all = filesBelow(this.demoFolder(name)).filter((path) => path.endsWith(".dcm"));
    const step = Math.max(1, Math.floor(all.length / count));
    return all.filter((_, n) => n % step === 0).map((path) => readFileSync(path));
  }

  /** Who the patient of a study is: names in all alphabets, number, day of birth where there is one. */
  async patient(study) {
    const answer = await fetch(`${this.own}/dicom-web/studies/${study}/metadata`, { headers: { accept: "application/dicom+json" } });
    const [first] = await answer.json();
    const names = Object.values(first["00100010"]?.Value?.[0] ?? {}).flatMap((name) => [name, ...name.split("^")]);
    const others = ["00100020", "00100030"].flatMap((tag) => first[tag]?.Value ?? []);
    return [...names, ...others].filter(Boolean);
  }

  /** Whether the program was built with what draws in the page. */
  get hasDrawer() {
    return !("/viewer/wasm/" in this.folders);
  }

  /**
   * The same archive at an address of this machine that is not its own loopback, as a browser elsewhere sees it; `cut`
   * breaks all connections that are open. An open archive answers the loopback alone, so a proxy asks it there.
   */
  async elsewhere() {
    const own = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    expect(own, "an address of this machine besides the loopback");
    return this.proxy(own);
  }

  async proxy(address) {
    const proxy = await Proxy.open(this.own, address, this.folders);
    this.proxies.push(proxy);
    return proxy;
  }

  async end() {
    for (const proxy of this.proxies) proxy.close();
    this.server.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.server.on("exit", resolve));
    this.server.kill("SIGTERM");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A proxy before the archive, at an address of its own; what lies below some paths it answers from folders. */
class Proxy {
  static async open(url, address, folders) {
    const proxy = new Proxy();
    Object.assign(proxy, { to: new URL(url), folders, sockets: new Set() });
    proxy.server = createServer((asked, answer) => proxy.answer(asked, answer));
    proxy.server.on("upgrade", (asked, socket) => proxy.join(asked, socket));
    proxy.server.on("connection", (socket) => {
      proxy.sockets.add(socket);
      socket.on("close", () => proxy.sockets.delete(socket));
    });
    await new Promise((resolve) => proxy.server.listen(0, address, resolve));
    proxy.url = `http://${address}:${proxy.server.address().port}`;
    return proxy;
  }

  /** The same question, as the archive is asked on its loopback. */
  ask({ method, url, headers }) {
    const own = { ...headers, host: this.to.host, ...(headers.origin ? { origin: this.to.origin } : {}) };
    return request({ host: this.to.hostname, port: this.to.port, path: url, method, headers: own });
  }

  answer(asked, answer) {
    const path = new URL(asked.url, this.to).pathname;
    const below = Object.keys(this.folders).find((start) => path.startsWith(start));
    if (!below) return this.carry(asked, answer);
    const bytes = readFileSync(join(this.folders[below], basename(path)));
    answer.writeHead(200, { "content-type": TYPES[path.split(".").pop()], "content-length": bytes.length, "cache-control": "no-cache" });
    return answer.end(asked.method === "HEAD" ? undefined : bytes);
  }

  carry(asked, answer) {
    const further = this.ask(asked);
    further.on("response", (found) => {
      answer.writeHead(found.statusCode, found.headers);
      found.pipe(answer);
    });
    further.on("error", () => answer.destroy());
    asked.pipe(further);
  }

  /** A WebSocket: after the answer's head bytes go as they come. */
  join(asked, near) {
    const further = this.ask(asked);
    further.on("upgrade", (found, far) => {
      const head = Object.entries(found.headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
      near.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n`);
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on("error", () => {});
        from.on("close", () => to.destroy());
        from.pipe(to);
      }
    });
    further.on("response", () => near.destroy());
    further.on("error", () => near.destroy());
    further.end();
  }

  cut() {
    for (const socket of this.sockets) socket.destroy();
  }

  close() {
    this.server.close();
    this.cut();
  }
}

function filesBelow(folder) {
  const names = readdirSync(folder).map((name) => join(folder, name)).sort();
  return names.flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]));
}

/**
 * The folder of a set of real data such as `petct/sts-001`, or null: where `testdata/shared-data` unpacks it, unpacked
 * here if no test has yet.
 */
export function realSet(name) {
  const unpacked = join(REPOSITORY, "target/shared-data");
  const group = name.split("/")[0];
  const packed = join(process.env.UPTAKE_SHARED_DATA ?? join(REPOSITORY, "../shared/data"), `${group}.tar.xz`);
  if (!existsSync(join(unpacked, group)) && existsSync(packed)) {
    execFileSync("mkdir", ["-p", unpacked]);
    execFileSync("tar", ["-xJf", packed, "-C", unpacked]);
  }
  const folder = join(unpacked, name);
  if (existsSync(folder)) return folder;
  expect(process.env.UPTAKE_REQUIRE_SHARED_DATA !== "1", `the real set ${name} in ${packed}`);
  return null;
}
