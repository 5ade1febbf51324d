/** What is done with the servers of `hostile-server.json`, and what comes of it. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { HallwayError } from "hallway";

import { Client } from "../../src/client/client.js";
import type { Event } from "../../src/client/stream.js";
import { length } from "../../src/framing/length.js";
import { toAddress } from "../../src/transport/address.js";
import { type Json, type Members, ROOT } from "./cases.js";
import { World } from "./world.js";

/** A process that plays the server of one case. */
export class HostileServer {
  private constructor(
    readonly socket: string,
    readonly child: ChildProcess,
    readonly over: Promise<unknown>,
    readonly said: () => string,
  ) {}

  static async start(t: TestContext, members: Members): Promise<HostileServer> {
    const program = process.env["HALLWAY_HOSTILE"] ?? join(ROOT, "target/debug/hallway-hostile");
    assert.ok(existsSync(program), `${program} is missing: cargo build -p hallway-clients`);
    const socket = join(new World(t).run, "hostile.sock");
    const child = spawn(program, [socket], { stdio: ["pipe", "pipe", "pipe"] });
    const over = new Promise((resolve) => child.once("close", resolve));
    // Nobody waits for a server whose client has failed.
    t.after(() => child.kill());
    let said = "";
    child.stderr.on("data", (text) => (said += String(text)));
    child.stdin.end(`${JSON.stringify(members)}\n`);
    for await (const text of child.stdout) if (String(text).includes("\n")) break;
    return new HostileServer(socket, child, over, () => said);
  }

  /** What the server says of its client, which has closed. */
  async end(): Promise<void> {
    assert.equal(await this.over, 0, this.said());
  }
}

/** Does one thing after the other; each has to end as it is said. */
export async function actOut(socket: string, members: Members): Promise<void> {
  const reach = toAddress(`unix:${socket}`);
  assert.ok(reach);
  let connected = (): void => undefined;
  const isConnected = new Promise<void>((resolve) => (connected = resolve));
  const reachAndTell = async (): Promise<Socket> => {
    const reached = await reach();
    setImmediate(connected);
    return reached;
  };
  const client = new Client(reachAndTell, { framing: length, hello: { program: "test 1.0" }, handlers: {} });
  const acts = [...(members["acts"] as Members[])];
  if (members["then"] !== undefined) acts.push({ call: "notes.find", ends: { value: "alive" } });
  let opened: AsyncIterable<unknown> | undefined;
  try {
    for (const act of acts) {
      if (act["open"] !== undefined) {
        const options = act["window"] === undefined ? {} : { window: act["window"] as number };
        const subscribes = act["open"] === "subscription";
        opened = subscribes ? client.subscribe("notes.watch", {}, options) : client.stream("notes.numbers", {}, options);
        // What comes next is to be sent after it.
        await isConnected;
      } else if (act["take"] !== undefined) {
        assert.ok(opened);
        const taken: Members[] = [];
        const end = await ending(takeAll(opened, taken));
        assert.deepEqual([taken, end], [act["take"], act["ends"]]);
      } else {
        const timeout = act["timeout_ms"] === undefined ? {} : { timeout: act["timeout_ms"] as number };
        const text = "x".repeat((act["bytes"] as number | undefined) ?? 0);
        const ends = act["ends"] as Members;
        const end = await ending(client.call(act["call"] as string, { text }, timeout));
        // Which of two counts is first is not always told.
        if (!("code" in ends)) delete end["code"];
        assert.deepEqual(end, ends);
      }
    }
  } finally {
    await client.close();
  }
}

async function ending(something: Promise<unknown>): Promise<Members> {
  try {
    return { value: (await something) as Json };
  } catch (error) {
    assert.ok(error instanceof HallwayError, String(error));
    return { code: error.code, outcome: error.outcome };
  }
}

/** Takes everything, and tells of it in runs. */
async function takeAll(opened: AsyncIterable<unknown>, taken: Members[]): Promise<null> {
  for await (const arrival of opened) {
    const last = taken.at(-1);
    if (!isEvent(arrival)) {
      if (last) last["items"] = (last["items"] as number) + 1;
      else taken.push({ items: 1 });
    } else if (arrival.kind === "lagged") {
      taken.push({ missed: Number(arrival.missed), next: Number(arrival.next) });
    } else if (last && last["to"] === Number(arrival.seq) - 1) {
      last["to"] = Number(arrival.seq);
    } else {
      taken.push({ from: Number(arrival.seq), to: Number(arrival.seq) });
    }
  }
  return null;
}

function isEvent(arrival: unknown): arrival is Event<unknown> {
  return typeof arrival === "object" && arrival !== null && "kind" in arrival;
}
