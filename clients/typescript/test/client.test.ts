/** The client against a live daemon. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CallError, connect, type Event, type HallwayError, type Progress, ReachError, ServiceError } from "hallway";

import { failure } from "./support/failure.js";
import { Pad, World } from "./support/world.js";
import type { Note } from "./support/notes.js";

const told = ({ name, code, outcome, retryable }: HallwayError): unknown[] => [name, code, outcome, retryable];

test("a service's methods are functions of the client", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  assert.deepEqual(await notes.find({ word: "3" }), [{ number: 3, text: "note 3" }]);
  assert.equal((await notes.find({ word: "note", limit: 2 })).length, 2);
  assert.deepEqual(await notes.call("notes.find", { word: "3" }), [{ number: 3, text: "note 3" }]);
  assert.equal(notes.find.name, "find");
  assert.ok(Object.keys(notes).includes("watch"));
  assert.equal((notes as object as Record<string, unknown>)["serach"], undefined);
  const names = notes.descriptions.map(({ name, version }) => `${name} ${version}`);
  assert.deepEqual(names.sort(), ["hallway 1.0", "hallway.daemon 1.0", "mesh 1.0", "notes 1.2"]);
  const hallway = notes.service<{ ping(): Promise<null> }>("hallway");
  assert.equal(await hallway.ping(), null);
  assert.throws(() => notes.service("news"), TypeError);
});

test("the service's no is kept apart from a conversation that fails", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const empty = await failure(notes.add({ text: "" }));
  assert.ok(empty instanceof ServiceError);
  assert.deepEqual(told(empty), ["ServiceError", "empty", "completed", false]);
  assert.deepEqual(empty.details, { length: 0 });
  assert.equal(empty.message, "a note of 0 characters is no note");
  assert.deepEqual(told(await failure(notes.add({ text: "locked" }))), ["ServiceError", "locked", "completed", true]);

  const failing: [() => Promise<unknown>, code: string, outcome: string][] = [
    [() => notes.crash(), "internal", "unknown"],
    [() => notes.odd(), "bad_result", "unknown"],
    [() => notes.call("notes.find", { word: 3 }), "bad_params", "not_dispatched"],
    [() => notes.call("notes.find", {}), "bad_params", "not_dispatched"],
    [() => notes.call("notes.find", { word: "", loud: true }), "bad_params", "not_dispatched"],
    [() => notes.call("notes.serach"), "unknown_method", "not_dispatched"],
    [() => notes.call("news.find"), "unknown_method", "not_dispatched"],
    [() => notes.long({ bytes: 17_000_000 }), "result_too_long", "unknown"],
    [() => notes.add({ text: "x".repeat(17_000_000) }), "frame_too_long", "not_dispatched"],
    [() => notes.add({ text: "\ud800" }), "params_not_encodable", "not_dispatched"],
    [() => notes.call("notes.add", { text: Number.NaN }), "params_not_encodable", "not_dispatched"],
    [() => notes.call("notes.numbers", { to: 3 }), "unexpected_result", "completed"],
  ];
  for (const [call, code, outcome] of failing) {
    const error = await failure(call());
    assert.deepEqual(told(error), ["CallError", code, outcome, false], error.message);
  }
  // The connection has lived through all that.
  assert.equal(await notes.call("hallway.ping"), null);
});

test("whole numbers of 64 bits are exact, and a rounded one is no whole number", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const numbers = [2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
  for (const count of numbers) {
    assert.equal(await notes.import({ count }), count, String(count));
    const limited = notes.stream("notes.numbers", { to: count });
    assert.deepEqual(await limited.next(), { value: 1, done: false });
    await limited.return();
  }
  for (const count of [2 ** 53, 2n ** 64n, -1, 1.5]) {
    assert.equal((await failure(notes.import({ count }))).code, "bad_params", String(count));
  }
  const told: Progress[] = [];
  await notes.import({ count: 2n ** 63n }, { onProgress: (progress) => told.push(progress) });
  assert.deepEqual(told.map(({ done, total }) => [done, total]), [[0, 2n ** 63n], [2n ** 63n, 2n ** 63n]]);
});

test("binary data is bytes", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  for (const data of [new Uint8Array(), new Uint8Array([0, 1, 255]), Buffer.from("note"), new Uint8Array(70_000)]) {
    const echoed = await notes.echo({ data });
    assert.ok(echoed instanceof Uint8Array && !(echoed instanceof Buffer));
    assert.deepEqual([...echoed], [...data]);
  }
  assert.equal((await failure(notes.call("notes.echo", { data: "no base64" }))).code, "bad_params");
});

test("a stream is an async iterator, and whoever leaves it takes it back", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  let sum = 0;
  for await (const number of notes.numbers({ to: 1000 })) sum += Number(number);
  assert.equal(sum, 500_500);
  for await (const number of notes.numbers({ to: 2n ** 64n - 1n }, { window: 1 })) if (number === 100) break;
  const two = notes.numbers({ to: 2 });
  assert.deepEqual(await Promise.all([two.next(), two.next(), two.next()]), [
    { value: 1, done: false },
    { value: 2, done: false },
    { value: undefined, done: true },
  ]);
  assert.deepEqual(await two.next(), { value: undefined, done: true });
  const refused = notes.stream("notes.numbers", { to: "far" });
  assert.equal((await failure(refused.next())).code, "bad_params");
  assert.deepEqual(await refused.next(), { value: undefined, done: true });
  // What was taken back does not run any more: its places are free.
  await until(async () => ((await notes.call("hallway.status")) as { calls_open: number }).calls_open === 1);
});

test("a reader that is slow slows its own stream only", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const slow = notes.numbers({ to: 1_000_000 });
  assert.deepEqual(await slow.next(), { value: 1, done: false });
  let count = 0;
  for await (const _ of notes.numbers({ to: 10_000 })) count += 1;
  assert.equal(count, 10_000);
  assert.equal(await notes.call("hallway.ping"), null);
  for (let number = 2; number <= 200; number += 1) assert.equal((await slow.next()).value, number);
  await slow.return();
});

test("a subscription tells numbers and gaps, and goes on where it was", async (t) => {
  const world = World.withNotes(t);
  const notes = await world.connect(t);
  const seen: Event<Note>[] = [];
  for await (const event of notes.watch({ since: 1 })) {
    seen.push(event);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [
    { kind: "lagged", missed: 2, next: 4 },
    { kind: "item", seq: 4, value: { number: 4, text: "note 4" } },
    { kind: "item", seq: 5, value: { number: 5, text: "note 5" } },
  ]);
  const resumed = notes.watch({ since: 4 }, { resume: true });
  assert.deepEqual(await resumed.next(), { value: seen[2], done: false });
  const broken = notes.watch({ since: 4 });
  assert.deepEqual(await broken.next(), { value: seen[2], done: false });
  await world.kill();
  const lost = await failure(broken.next());
  assert.deepEqual(told(lost).slice(0, 1), ["CallError"]);
  assert.equal(lost.outcome, "unknown");
  // A new daemon has the same five notes: nothing was missed, and the next is heard.
  const next = resumed.next();
  await until(async () => (await status(notes)).calls_open === 2);
  await notes.add({ text: "a sixth" });
  const { value } = await next;
  assert.deepEqual(value, { kind: "item", seq: 6, value: { number: 6, text: "a sixth" } });
  await resumed.return();
});

test("aborting takes a call back, on the wire too", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const control = new AbortController();
  const calls = [notes.sleep({}, { signal: control.signal }), notes.call("notes.sleep", {}, { signal: control.signal })];
  const stream = notes.watch({}, { signal: control.signal });
  await until(async () => (await status(notes)).calls_open === 4);
  control.abort(new Error("enough"));
  for (const call of [...calls, stream.next()]) {
    const error = await failure(call);
    assert.deepEqual(told(error), ["CallError", "cancelled", "unknown", false]);
    assert.equal((error.cause as Error).message, "enough");
  }
  await until(async () => (await status(notes)).calls_open === 1);
  const late = await failure(notes.sleep({}, { signal: control.signal }));
  assert.deepEqual(told(late), ["CallError", "cancelled", "not_dispatched", false]);
});

test("a deadline travels, and is kept here too", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const error = await failure(notes.sleep({}, { timeout: 20 }));
  assert.deepEqual(told(error), ["CallError", "deadline_exceeded", "unknown", false]);
  assert.match(error.message, /deadline/);
  const stream = notes.watch({}, { timeout: 20 });
  assert.equal((await failure(stream.next())).code, "deadline_exceeded");
  // 30 days are more than a timer of Node's takes.
  assert.equal(await notes.call("hallway.ping", {}, { timeout: 1e12 }), null);
  await assert.rejects(notes.sleep({}, { timeout: Number.NaN }), RangeError);
  await until(async () => (await status(notes)).calls_open === 1);
});

test("progress comes as it is told; a callback that throws ends its call and no other", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const heard: unknown[] = [];
  const onProgress = ({ done, total, message }: Progress): void => void heard.push([done, total, message]);
  assert.equal(await notes.import({ count: 3 }, { onProgress }), 3);
  assert.deepEqual(heard, [[0, 3, "reading"], [3, 3, undefined]]);
  const throws = (): void => {
    throw new RangeError("mine");
  };
  await assert.rejects(notes.import({ count: 3 }, { onProgress: throws }), RangeError);
  assert.equal(await notes.call("hallway.ping"), null);
});

test("the server may call its client", async (t) => {
  const world = World.withNotes(t);
  const asked: unknown[] = [];
  const answers = await world.connect(t, {
    serve: {
      "editor.confirm": async (params: unknown, { signal }) => {
        asked.push([params, signal.aborted]);
        return true;
      },
    },
  });
  assert.equal(await answers.clear(), true);
  assert.deepEqual(asked, [[{ question: "Throw all notes away?" }, false]]);
  // Whoever serves nothing answers `unknown_method`, which the pad takes for a no.
  assert.equal(await (await world.connect(t)).clear(), false);
});

test("many calls are under way at once", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const all = Array.from({ length: 3000 }, (_, index) => notes.import({ count: index }));
  assert.deepEqual(await Promise.all(all), Array.from({ length: 3000 }, (_, index) => index));
});

test("a daemon that was killed is replaced; what may have run is not sent again by itself", async (t) => {
  const world = World.withNotes(t);
  const notes = await world.connect(t);
  const sleeping = failure(notes.sleep());
  await until(async () => (await status(notes)).calls_open === 2);
  const before = world.pid();
  await world.kill();
  const lost = await sleeping;
  assert.equal(lost.outcome, "unknown");
  assert.ok(["closed_by_peer", "io"].includes(lost.code), lost.code);
  assert.equal((await notes.find({ word: "3" })).length, 1);
  assert.notEqual(world.pid(), before);
});

test("a daemon that was asked to stop is replaced, and no call is lost", async (t) => {
  const world = World.withNotes(t);
  const notes = await world.connect(t);
  for (let round = 0; round < 5; round += 1) {
    const calls = Array.from({ length: 20 }, (_, count) => notes.import({ count }));
    const stopped = notes.call("hallway.stop");
    const more = Array.from({ length: 20 }, (_, count) => notes.import({ count }));
    await stopped;
    assert.deepEqual((await Promise.all([...calls, ...more])).length, 40);
  }
});

test("a closed client makes no call", async (t) => {
  const notes = await World.withNotes(t).connect(t);
  const open = failure(notes.sleep());
  const stream = notes.watch();
  await until(async () => (await status(notes)).calls_open === 3);
  await notes[Symbol.asyncDispose]();
  assert.equal((await open).code, "closed_by_us");
  assert.equal((await failure(stream.next())).code, "closed_by_us");
  assert.deepEqual(told(await failure(notes.find({ word: "" }))), ["CallError", "closed_by_us", "not_dispatched", true]);
});

test("on TCP the token opens", async (t) => {
  const pad = await Pad.start(t, new World(t));
  const address = `tcp:127.0.0.1:${pad.port}`;
  const notes = await connect(address, { token: "open sesame" });
  assert.equal(await notes["import"]?.({ count: 3 }), 3);
  await notes.close();
  const refused = await failure(connect(address, { token: "sesame" }));
  assert.ok(refused instanceof CallError);
  assert.equal(refused.code, "unauthorized");
});

test("at a path, in every framing", async (t) => {
  const pad = await Pad.start(t, new World(t));
  for (const framing of ["length", "lines", "content_length"] as const) {
    const notes = await connect(`unix:${pad.socket}`, { framing });
    assert.equal(await notes["import"]?.({ count: 2n ** 63n }), 2n ** 63n);
    assert.equal((await notes.call("notes.long", { bytes: 1_000_000 }) as string).length, 1_000_000);
    await notes.close();
  }
});

test("addresses that are none, or lead elsewhere", async () => {
  const codes: [string, string][] = [
    ["tcp:127.0.0.1", "bad_address"],
    ["tcp:127.0.0.1:0", "bad_address"],
    ["tcp:localhost:80", "bad_address"],
    ["tcp:192.0.2.1:80", "not_loopback"],
    ["unix:relative", "bad_address"],
    ["http://x", "bad_address"],
    ["unix:/nowhere/x.sock", "unreachable"],
    ["Mail", "bad_name"],
  ];
  for (const [address, code] of codes) {
    const error = await failure(connect(address));
    assert.ok(error instanceof ReachError);
    assert.equal(error.code, code, address);
  }
});

async function status(client: { call(method: string): Promise<unknown> }): Promise<{ calls_open: number }> {
  return (await client.call("hallway.status")) as { calls_open: number };
}

/** Asks again until it is so: what happens at the other end is not told. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) assert.ok(Date.now() < end, "it does not come");
}
