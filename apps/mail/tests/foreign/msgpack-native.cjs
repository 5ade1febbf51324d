// The MessagePack library of npm, four bytes of length, and the native envelope: node msgpack-native.cjs SOCKET
const assert = require("node:assert");
const net = require("node:net");
const { encode, decode } = require("@msgpack/msgpack");

const stream = net.connect(process.argv[2]);
let held = Buffer.alloc(0);
const arrived = [];
let wake = () => {};
stream.on("data", (bytes) => {
  held = Buffer.concat([held, bytes]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32BE()) {
    const end = 4 + held.readUInt32BE();
    arrived.push(decode(held.subarray(4, end)));
    held = held.subarray(end);
  }
  wake();
});

function send(message) {
  const body = encode(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  stream.write(Buffer.concat([length, body]));
}

async function receive() {
  while (arrived.length === 0) await new Promise((resolve) => (wake = resolve));
  return arrived.shift();
}

async function main() {
  send({ v: 1, id: 1, call: "mail.search", params: { query: "from:alice is:unread", limit: 3 } });
  const answer = await receive();
  assert.strictEqual(answer.id, 1);
  assert.strictEqual(answer.result.length, 3);
  send({ id: 2, call: "mail.search", params: { query: "roof from:" } });
  const { error } = await receive();
  assert.deepStrictEqual([error.code, error.details.column], ["bad_query", 6]);
  send({ id: 3, call: "mail.raw", params: { id: 45 } });
  const pieces = [];
  let message = await receive();
  for (; "item" in message; message = await receive()) pieces.push(Buffer.from(message.item));
  assert.deepStrictEqual(message, { v: 1, id: 3, result: null });
  assert(Buffer.concat(pieces).toString().startsWith("Return-Path: <alice@example.org>"));
}

main().then(() => { console.log("all is well"); process.exit(0); }, (error) => { console.error(error); process.exit(1); });
