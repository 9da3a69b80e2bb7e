// A program of somebody else, as the person meets it: asked on a page, sent back, and then what the program sees.

import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { expect, expectText } from "./site.mjs";

const SCOPES = "openid profile studies.find";

/** A program on the person's own machine: keeps no secret, waits where the browser comes back to. */
class Program {
  static async open(site, clientId) {
    const program = new Program();
    Object.assign(program, { site, clientId, came: [] });
    program.server = createServer((request, answer) => {
      const url = new URL(request.url, "http://127.0.0.1");
      if (url.pathname === "/back") program.came.push(url.searchParams);
      answer.setHeader("content-type", "text/html; charset=utf-8");
      answer.end("<!doctype html><title>骨扫描助手</title><h1>骨扫描助手已收到回复</h1>");
    });
    await new Promise((resolve) => program.server.listen(0, "127.0.0.1", resolve));
    program.back = `http://127.0.0.1:${program.server.address().port}/back`;
    return program;
  }

  /** Where a browser is sent to ask the person. */
  address(more = {}) {
    this.verifier = randomBytes(32).toString("base64url");
    this.state = randomBytes(8).toString("hex");
    this.nonce = randomBytes(8).toString("hex");
    const challenge = createHash("sha256").update(this.verifier).digest("base64url");
    const asked = { client_id: this.clientId, response_type: "code", redirect_uri: this.back, scope: SCOPES, state: this.state, nonce: this.nonce };
    return `/oauth/authorize?${new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: "S256", ...more })}`;
  }

  /** What a browser brought, which is for what was asked last. */
  async answer(person) {
    await person.page.waitForURL(`${this.back}?**`);
    await expectText(person, "骨扫描助手已收到回复");
    const came = this.came.at(-1);
    expect(came.get("state") === this.state, "the state that was sent");
    expect(came.get("iss") === this.site.url, `${this.site.url} as iss, found ${came.get("iss")}`);
    return came;
  }

  async redeem(code) {
    const asked = { grant_type: "authorization_code", code, redirect_uri: this.back, code_verifier: this.verifier, client_id: this.clientId };
    const answer = await fetch(`${this.site.url}/oauth/token`, { method: "POST", body: new URLSearchParams(asked) });
    return [answer.status, await answer.json()];
  }

  async ask(path, token) {
    const answer = await fetch(this.site.url + path, { headers: { authorization: `Bearer ${token}`, accept: "application/dicom+json, application/json" } });
    return [answer.status, await answer.json()];
  }

  close() {
    this.server.close();
  }
}

/** The security administrator lets a program in, a person refuses it, agrees, and takes it back. */
export async function consent(site, security, person, look) {
  await security.go("/platform/clients/new");
  await security.fill({ name: "骨扫描助手", redirect_uris: "http://127.0.0.1/back" });
  await security.page.selectOption('main [name="kind"]', "public");
  const hospital = security.page.locator('main [name="organisation"] option', { hasText: "第一人民医院" });
  await security.page.selectOption('main [name="organisation"]', await hospital.getAttribute("value"));
  await security.page.check('main [name="grant_types"][value="authorization_code"]');
  for (const scope of SCOPES.split(" ")) await security.page.check(`main [name="scopes"][value="${scope}"]`);
  await security.send("name");
  const clientId = (await security.page.locator("main dd code").first().innerText()).trim();
  const program = await Program.open(site, clientId);
  try {
    await look(person, "consent", program.address());
    // Whoever says no sends nothing but that.
    await person.go(program.address());
    await expectText(person, "允许“骨扫描助手”访问吗？");
    await person.page.click('main button[name="answer"][value="deny"]');
    const refused = await program.answer(person);
    expect(refused.get("error") === "access_denied" && !refused.has("code"), "the refusal and no code");
    // Whoever agrees is sent back with a code, good once.
    await person.go(program.address());
    await person.page.click('main button[name="answer"][value="allow"]');
    const agreed = await program.answer(person);
    const [status, given] = await program.redeem(agreed.get("code"));
    expect(status === 200 && given.scope === SCOPES, `tokens for ${SCOPES}, found ${status} ${JSON.stringify(given)}`);
    const claims = JSON.parse(Buffer.from(given.id_token.split(".")[1], "base64url").toString());
    expect(claims.nonce === program.nonce && claims.aud === clientId && claims.name, `the person's claims, found ${JSON.stringify(claims)}`);
    const [found, studies] = await program.ask("/dicom-web/studies", given.access_token);
    expect(found === 200 && Array.isArray(studies), `studies, found ${found}`);
    const [, known] = await program.ask("/oauth/userinfo", given.access_token);
    expect(known.sub === claims.sub && known.name === claims.name, "the same person by userinfo");
    const [taken] = await program.ask("/archive/studies/1.2.3/zip", given.access_token);
    expect(taken === 403, `403 for what was not asked for, found ${taken}`);
    const [again] = await program.redeem(agreed.get("code"));
    expect(again === 400, `a code that is good once, found ${again}`);
    // A code that comes twice was seen by somebody else: what it gave ends.
    const [after] = await program.ask("/dicom-web/studies", given.access_token);
    expect(after === 401, `a token that ended with the code, found ${after}`);
    await person.go("/security");
    await expectText(person, "骨扫描助手");
    await look(person, "security", "/security");
  } finally {
    program.close();
  }
}
