import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Link, Lost, parsePicture, pause_s } from "../link.js";

const picture = (head, coded = [1, 2, 3], magic = "UPTKPIC1") => {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(12 + text.length + coded.length);
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  bytes.set(text, 12);
  bytes.set(coded, 12 + text.length);
  return bytes.buffer;
};

/** A link over carriers that the test holds. */
function linked(kind = "remote") {
  const said = { messages: [], pictures: [], states: [], carriers: [] };
  const make = () => {
    const carrier = { sent: [], send: (text) => carrier.sent.push(JSON.parse(text)), close: () => { carrier.isClosed = true; } };
    said.carriers.push(carrier);
    return carrier;
  };
  const on = {
    message: (message) => said.messages.push(message),
    picture: (found) => said.pictures.push(found),
    state: (name, detail) => said.states.push([name, detail]),
  };
  let openings = 0;
  said.link = new Link(kind, () => ({ studies: ["1.2"], turn: (openings += 1) }), on, { socket: make, worker: make });
  said.link.connect();
  said.open = () => {
    const carrier = said.carriers.at(-1);
    carrier.onopen();
    carrier.ontext(JSON.stringify({ opened: { session: "s", participant: 1, drawer: "server" } }));
    return carrier;
  };
  return said;
}

test("a picture is its head and its bytes", () => {
  const found = parsePicture(picture({ picture: 4, coding: "png" }));
  assert.deepEqual([found.picture, found.coding, [...found.bytes]], [4, "png", [1, 2, 3]]);
});

test("what is no picture is refused", () => {
  assert.throws(() => parsePicture(picture({}, [], "NOPICTUR")), /expected a picture/);
  assert.throws(() => parsePicture(new ArrayBuffer(4)), /expected a picture/);
  const cut = picture({ picture: 1 }).slice(0, 16);
  assert.throws(() => parsePicture(cut), /expected a head of/);
});

test("nothing is said before the conversation is open", () => {
  const { link, carriers, open } = linked();
  assert.equal(link.say({ rest: null }), false);
  const carrier = open();
  assert.equal(link.say({ rest: null }), true);
  assert.deepEqual(carrier.sent, [{ open: { studies: ["1.2"], turn: 1 } }, { rest: null }]);
  assert.equal(carriers.length, 1);
});

test("questions are answered by their number", async () => {
  const { link, open } = linked();
  const carrier = open();
  const [first, second] = [link.ask("marks"), link.ask("vois")];
  carrier.ontext('{"answer": 2, "is": [7]}');
  carrier.ontext('{"answer": 1, "refused": "no"}');
  assert.deepEqual(await second, [7]);
  await assert.rejects(first, /^Error: no$/);
});

test("a link that breaks is opened again with pauses that grow", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { link, carriers, states, open } = linked();
  open().onend(1006, "");
  const waiting = states.at(-1);
  assert.deepEqual(waiting, ["lost", { again_in_s: 0.5, attempt: 1 }]);
  mock.timers.tick(500);
  assert.equal(carriers.length, 2);
  carriers[1].onend(1006, "");
  assert.equal(states.at(-1)[1].again_in_s, 1);
  mock.timers.tick(1000);
  open();
  assert.equal(states.at(-1)[0], "open");
  carriers[2].onend(1006, "");
  assert.equal(states.at(-1)[1].again_in_s, 0.5, "what was open begins anew");
  link.retry();
  assert.equal(carriers.length, 4);
  mock.timers.reset();
});

test("pauses end at fifteen seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 9].map(pause_s), [0.5, 1, 2, 4, 8, 15, 15]);
});

test("questions under way end with the link", async () => {
  const { link, open } = linked();
  const carrier = open();
  const waits = link.ask("marks");
  carrier.onend(1006, "");
  await assert.rejects(waits, Lost);
  await assert.rejects(link.ask("vois"), Lost);
  link.close();
});

test("a drawer that says good-bye is opened again when it says so, or not at all", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const soon = linked();
  const carrier = soon.open();
  carrier.ontext('{"closing": {"reason": "the server restarts", "again_in_s": 2}}');
  carrier.onend(1001, "");
  assert.deepEqual(soon.states.at(-1), ["lost", { again_in_s: 2, attempt: 1 }]);
  const over = linked();
  const other = over.open();
  other.ontext('{"closing": {"reason": "signed out"}}');
  other.onend(1000, "");
  assert.deepEqual(over.states.at(-1), ["closed", { reason: "signed out", snapshot: null }]);
  const refused = linked();
  refused.carriers[0].onend(1008, "expected a message, found 3 bytes");
  assert.deepEqual(refused.states.at(-1), ["closed", { reason: "expected a message, found 3 bytes", snapshot: null }]);
  mock.timers.tick(60_000);
  assert.deepEqual([over.carriers.length, refused.carriers.length], [1, 1]);
  mock.timers.reset();
});

test("a worker that ends is over", () => {
  const { carriers, states } = linked("local");
  carriers[0].onend(1011, "the worker could not be loaded");
  assert.deepEqual(states.at(-1), ["closed", { reason: "the worker could not be loaded", snapshot: null }]);
});

test("what a page's own drawer cannot do is another's, from where it was", () => {
  const { link, states, carriers, open } = linked("local");
  open().ontext('{"closing": {"reason": "the page has no memory left", "again_in_s": 0, "remote": true, "snapshot": {"uptake_session": 1}}}');
  assert.deepEqual(states.at(-1), ["closed", { reason: "the page has no memory left", snapshot: { uptake_session: 1 } }]);
  assert.deepEqual([link.isOpen, carriers.length, carriers[0].isClosed], [false, 1, true]);
});

test("what comes of a link that was left is not heard", () => {
  const { link, carriers, messages, pictures, open } = linked();
  const carrier = open();
  link.close();
  const before = messages.length;
  carrier.ontext('{"changed": ["marks"]}');
  carrier.onbytes(picture({ picture: 1 }));
  carrier.onend(1006, "");
  assert.deepEqual([messages.length, pictures.length, carriers.length, carrier.isClosed], [before, 0, 1, true]);
});

test("bytes and texts that are nothing do not end the conversation", () => {
  const warned = mock.method(console, "warn", () => {});
  const { states, pictures, open } = linked();
  const carrier = open();
  carrier.ontext("{");
  carrier.onbytes(new ArrayBuffer(3));
  assert.deepEqual([states.at(-1)[0], pictures.length, warned.mock.callCount()], ["open", 0, 1]);
  warned.mock.restore();
});
