/** Servers that break the rules: the client ends each call with the right error, and takes no harm. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import type { HallwayError } from "hallway";

import { Client } from "../src/client/client.js";
import { Inbox } from "../src/connection/inbox.js";
import type { Handlers } from "../src/connection/incoming.js";
import { length } from "../src/framing/length.js";
import { RETRIES_MAX } from "../src/limits.js";
import { toAddress } from "../src/transport/address.js";
import { failure } from "./support/failure.js";
import { type RawPeer, rawServer } from "./support/raw_peer.js";
import { World } from "./support/world.js";

/** A client of a server that the test plays. */
async function against(
  t: TestContext,
  serve: (peer: RawPeer, connection: number) => unknown,
  handlers: Handlers = {},
): Promise<Client> {
  const path = join(new World(t).run, "x.sock");
  let connections = 0;
  await rawServer(t, path, (peer) => void serve(peer, (connections += 1)));
  const reach = toAddress(`unix:${path}`);
  assert.ok(reach);
  const client = new Client(reach, { framing: length, hello: { program: "test 1.0" }, handlers });
  t.after(() => client.close());
  return client;
}

/** Waits for the client's `hello` and first call, and says hello. */
async function greet(peer: RawPeer): Promise<number> {
  assert.ok("hello" in (await peer.message()));
  const { id } = await peer.message();
  peer.send('{"v":1,"hello":{}}');
  return id as number;
}

/** Answers that no client can use, each with what its call then ends in. */
const ANSWERS: [name: string, body: string | Buffer, code: string, outcome: string][] = [
  ["not JSON", "{oops", "protocol_violation", "unknown"],
  ["an id without an answer", '{"id":1,"error":"no"}', "protocol_violation", "unknown"],
  ["an answer that is there twice", '{"id":1,"result":1,"result":2}', "protocol_violation", "unknown"],
  ["two kinds", '{"id":1,"result":1,"error":{"code":"busy"}}', "protocol_violation", "unknown"],
  ["another version", '{"v":2,"id":1,"result":1}', "protocol_violation", "unknown"],
  ["invalid UTF-8", Buffer.from('{"id":1,"result":"\xff"}', "latin1"), "protocol_violation", "unknown"],
  ["a value too deep", `{"id":1,"result":${"[".repeat(128)}${"]".repeat(128)}}`, "unexpected_result", "completed"],
  ["a bracket bomb", `{"id":1,"result":${"[".repeat(1_000_000)}`, "protocol_violation", "unknown"],
  ["half a surrogate", '{"id":1,"result":"\\ud800"}', "unexpected_result", "completed"],
  ["a number too large", '{"id":1,"result":1e400}', "unexpected_result", "completed"],
  ["items that nobody asked for", '{"id":1,"item":1}', "unexpected_result", "completed"],
];

for (const [name, body, code, outcome] of ANSWERS) {
  test(`an answer: ${name}`, async (t) => {
    const client = await against(t, async (peer) => {
      await greet(peer);
      peer.send(body);
    });
    const error = await failure(client.call("x.y"));
    assert.deepEqual([error.code, error.outcome], [code, outcome], error.message);
  });
}

/** Bytes that are no frames. */
const BYTES: [name: string, bytes: Buffer][] = [
  ["a length of zero", Buffer.from([0, 0, 0, 0])],
  ["an absurd length", Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ["an HTTP server", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["a server that speaks lines", Buffer.from('{"v":1,"hello":{}}\n')],
];

for (const [name, bytes] of BYTES) {
  test(`bytes: ${name}`, async (t) => {
    const client = await against(t, async (peer) => {
      await peer.message();
      peer.sendRaw(bytes);
    });
    const error = await failure(client.call("x.y"));
    assert.deepEqual([error.code, error.outcome], ["protocol_violation", "unknown"]);
  });
}

test("an answer that is longer than a message may be is read over, and its call ends", async (t) => {
  const client = await against(t, async (peer) => {
    const id = await greet(peer);
    peer.send(`{"v":1,"id":${id},"result":"${"x".repeat(17_000_000)}"}`);
  });
  assert.equal((await failure(client.call("x.y"))).code, "protocol_violation");
});

test("an announced length takes no memory", () => {
  const inbox = new Inbox(length);
  inbox.receive(Buffer.from([0, 0xff, 0xff, 0xff, 0x7b]), () => assert.fail());
  assert.ok(inbox.capacity <= 1024);
});

test("more items than were granted end the connection", async (t) => {
  const client = await against(t, async (peer) => {
    const id = await greet(peer);
    for (let item = 0; item < 5; item += 1) peer.send(`{"id":${id},"item":${item}}`);
  });
  const stream = client.stream("x.y", {}, { window: 4 });
  for (let item = 0; item < 4; item += 1) assert.equal((await stream.next()).value, item);
  assert.equal((await failure(stream.next())).code, "protocol_violation");
});

test("answers that nobody waits for are ignored", async (t) => {
  const client = await against(t, async (peer) => {
    const id = await greet(peer);
    for (const other of ['"result":1', '"item":1', '"error":{"code":"busy"}', '"progress":{}', '"cancel":1', '"grant":1']) {
      peer.send(`{"id":77,${other}}`);
    }
    peer.send(`{"id":${id},"result":1}`);
    peer.send(`{"id":${id},"result":2}`);
    peer.send(`{"id":${(await peer.message())["id"] as number},"result":3}`);
  });
  assert.equal(await client.call("x.y"), 1);
  assert.equal(await client.call("x.y"), 3);
});

test("an unknown kind is refused, and not under the id of a call of ours", async (t) => {
  const refusals: unknown[] = [];
  const client = await against(t, async (peer) => {
    const id = await greet(peer);
    peer.send(`{"id":${id},"teleport":1}`);
    refusals.push(await peer.message());
    peer.send('{"id":5,"teleport":1}');
    refusals.push(await peer.message());
    peer.send('{"id":6,"call":7}');
    refusals.push(await peer.message());
    peer.send(`{"id":${id},"result":1}`);
  });
  assert.equal(await client.call("x.y"), 1);
  const told = refusals.map((each) => {
    const { id, error } = each as { id?: number; error: { code: string } };
    return [id, error.code];
  });
  assert.deepEqual(told, [[undefined, "unknown_message"], [5, "unknown_message"], [6, "bad_message"]]);
});

test("a peer that ends before its hello has run nothing: the call is sent again by itself", async (t) => {
  let seen = 0;
  const client = await against(t, async (peer, connection) => {
    await peer.message();
    await peer.message();
    seen = connection;
    if (connection < 3) return peer.close();
    peer.send('{"hello":{}}');
    peer.send('{"id":1,"result":"third time"}');
  });
  assert.equal(await client.call("x.y"), "third time");
  assert.equal(seen, 3);
});

test("hello and the first calls are one write", async (t) => {
  let first = "";
  const client = await against(t, async (peer) => {
    const id = await greet(peer);
    first = peer.first?.toString() ?? "";
    for (let more = 0; more < 3; more += 1) peer.send(`{"id":${id + more},"result":${more}}`);
  });
  assert.deepEqual(await Promise.all([client.call("x.a"), client.call("x.b"), client.call("x.c")]), [0, 1, 2]);
  assert.match(first, /"hello".*x\.a.*x\.b.*x\.c/s);
});

test("who was not let in does not ask again", async (t) => {
  let seen = 0;
  const client = await against(t, async (peer, connection) => {
    seen = connection;
    await peer.message();
    peer.send('{"error":{"code":"unauthorized","message":"the token is wrong or missing"}}');
    peer.finish();
  });
  const error = await failure(client.call("x.y"));
  assert.deepEqual([error.code, error.message, seen], ["unauthorized", "the token is wrong or missing", 1]);
});

test("it is not tried for ever", async (t) => {
  let seen = 0;
  const client = await against(t, async (peer, connection) => {
    seen = connection;
    await peer.message();
    peer.close();
  });
  const error = await failure(client.call("x.y"));
  assert.equal(error.outcome, "not_dispatched");
  assert.equal(seen, 1 + RETRIES_MAX);
});

test("after its hello a call may have run, and is sent again only if that is the same as once", async (t) => {
  let seen = 0;
  const client = await against(t, async (peer, connection) => {
    seen = connection;
    await greet(peer);
    peer.close();
  });
  const error = await failure(client.call("x.y"));
  assert.deepEqual([error.outcome, seen], ["unknown", 1]);
  const method = { name: "y", docs: "", kind: "unary", idempotent: true, params: [], result: true, errors: [] };
  client.learn([{ name: "x", version: "1.0", docs: "", types: {}, methods: [method] }]);
  await failure(client.call("x.y"));
  assert.equal(seen, 2 + RETRIES_MAX);
});

test("goaway: what is above `last` goes to a new connection, what is below is still answered", async (t) => {
  const client = await against(t, async (peer, connection) => {
    const first = await greet(peer);
    if (connection === 2) return peer.send(`{"id":${first},"result":"new"}`);
    await peer.message();
    peer.send('{"goaway":{"code":"closing","message":"idle","last":1}}');
    peer.send(`{"id":${first},"result":"old"}`);
  });
  assert.deepEqual(await Promise.all([client.call("x.y"), client.call("x.y")]), ["old", "new"]);
});

test("busy in goaway is not_dispatched, and its reason is told", async (t) => {
  const client = await against(t, async (peer) => {
    await peer.message();
    peer.send('{"goaway":{"code":"busy","message":"4096 connections are open","last":0}}');
    peer.close();
  });
  const error = await failure(client.call("x.y"));
  assert.deepEqual([error.outcome, error.message], ["not_dispatched", "4096 connections are open"]);
});

test("calls of the server: bounded, cancelled, overdue, and refused in words", async (t) => {
  const aborted: string[] = [];
  const handlers: Handlers = {
    "a.never": (_params, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => (aborted.push("a"), resolve(1)))),
    "a.fails": () => {
      throw new Error("with a secret");
    },
    "a.bigint": () => 2n ** 63n,
    "a.told": (_params, { progress }) => progress({ done: 1, total: 2 }),
    "a.odd": () => new Map(),
  };
  const answers: unknown[] = [];
  const client = await against(
    t,
    async (peer) => {
      const id = await greet(peer);
      const ask = async (message: string, count = 1): Promise<void> => {
        if (message !== "") peer.send(message);
        for (; count > 0; count -= 1) {
          const { id, v: _, ...rest } = await peer.message();
          const error = rest["error"] as { code: string; message: string } | undefined;
          assert.ok(!error?.message.includes("secret"));
          answers.push([id, error?.code ?? rest]);
        }
      };
      await ask('{"id":1,"call":"a.never"}', 0);
      await ask('{"id":1,"call":"a.never"}');
      await ask('{"id":1,"cancel":true}');
      await ask('{"id":2,"call":"a.never","deadline_ms":1}');
      await ask('{"id":3,"call":"a.fails"}');
      await ask('{"id":4,"call":"a.bigint"}', 0);
      answers.push(await peer.receive());
      await ask('{"id":5,"call":"a.told"}', 2);
      await ask('{"id":6,"call":"a.odd"}');
      await ask('{"id":7,"call":"a.gone"}');
      await ask('{"id":8,"call":"a.bigint","params":[1]}');
      await ask('{"call":"a.gone"}', 0);
      for (let other = 0; other < 1025; other += 1) peer.send(`{"id":${100 + other},"call":"a.never"}`);
      await ask("");
      peer.send(`{"id":${id},"result":null}`);
    },
    handlers,
  );
  await client.call("x.y");
  assert.deepEqual(answers, [
    [1, "duplicate_id"],
    [1, "cancelled"],
    [2, "deadline_exceeded"],
    [3, "internal"],
    '{"v":1,"id":4,"result":9223372036854775808}',
    [5, { progress: { done: 1, total: 2 } }],
    [5, { result: null }],
    [6, "bad_result"],
    [7, "unknown_method"],
    [8, "bad_params"],
    [1124, "busy"],
  ]);
  await client.close();
  // Two were taken back; of the rest, those that ran hear that the connection has ended.
  assert.ok(aborted.length >= 2 + 64);
});

test("a peer that does not read makes calls wait, not memory grow", async (t) => {
  const client = await against(t, async (peer) => {
    await greet(peer);
    peer.pause();
  });
  const control = new AbortController();
  const calls = Array.from({ length: 100 }, () => {
    return client.call("x.y", { text: "x".repeat(100_000) }, { signal: control.signal });
  });
  const all = Promise.allSettled(calls);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  control.abort();
  const outcomes = (await all).map((each) => (each.status === "rejected" ? (each.reason as HallwayError).outcome : ""));
  assert.ok(outcomes.filter((outcome) => outcome === "not_dispatched").length > 50, outcomes.join());
  // Nor does closing wait for it.
  await client.close();
});

test("refusals of calls that crossed a farewell are no violation", async (t) => {
  const crossed = 150;
  const client = await against(t, async (peer, connection) => {
    // The others go on there.
    if (connection > 1) return;
    const id = await greet(peer);
    for (let number = 0; number < crossed; number += 1) await peer.message();
    peer.send(`{"goaway":{"code":"closing","message":"an upgrade","last":${id}}}`);
    for (let number = id + 1; number <= id + crossed; number += 1) {
      peer.send(`{"id":${number},"error":{"code":"closing","message":"no call is taken any more"}}`);
    }
    peer.send(`{"id":${id},"result":"first"}`);
  });
  const first = client.call("x.y");
  for (let number = 0; number < crossed; number += 1) client.call("x.y").catch(() => undefined);
  assert.equal(await first, "first");
});
