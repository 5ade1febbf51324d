/** A connection whose every byte the test decides. */

import assert from "node:assert/strict";
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

import { PATIENCE_MS } from "./world.js";

/** Where a body stands in some bytes, and where the next message begins. */
interface Span {
  start: number;
  stop: number;
  end: number;
}

/** How a body is written, and where the first one of some bytes is if it is whole: by hand. */
interface Framing {
  write(body: Buffer): Buffer;
  find(bytes: Buffer): Span | undefined;
}

const FRAMINGS: Record<string, Framing> = {
  length: {
    write(body) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return Buffer.concat([length, body]);
    },
    find: (bytes) => (bytes.length < 4 ? undefined : span(bytes, 4, bytes.readUInt32BE(0))),
  },
  lines: {
    write: (body) => Buffer.concat([body, Buffer.from("\n")]),
    find(bytes) {
      const stop = bytes.indexOf("\n");
      return stop < 0 ? undefined : { start: 0, stop, end: stop + 1 };
    },
  },
  content_length: {
    write: (body) => Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]),
    find(bytes) {
      const header = bytes.indexOf("\r\n\r\n");
      if (header < 0) return undefined;
      const [, length] = /^Content-Length: (\d+)$/.exec(bytes.toString("latin1", 0, header)) ?? [];
      assert.ok(length !== undefined, `no header: ${bytes.toString("latin1", 0, header)}`);
      return span(bytes, header + 4, Number(length));
    },
  },
};

function span(bytes: Buffer, start: number, length: number): Span | undefined {
  const end = start + length;
  return bytes.length < end ? undefined : { start, stop: end, end };
}

/** The first body of some bytes. */
export function firstBody(framing: string, bytes: Buffer): Buffer {
  const found = FRAMINGS[framing]?.find(bytes);
  assert.ok(found, `not in ${framing}: ${bytes.toString()}`);
  return bytes.subarray(found.start, found.stop);
}

export class RawPeer {
  readonly #socket: Socket;
  readonly #framing: Framing;
  #bytes = Buffer.alloc(0);
  /** What came first, in one piece. */
  first: Buffer | undefined;
  #ended = false;
  #changed: () => void = () => undefined;

  constructor(t: TestContext, socket: Socket, framing = "length") {
    this.#socket = socket;
    const known = FRAMINGS[framing];
    assert.ok(known, `no framing ${framing}`);
    this.#framing = known;
    socket.on("data", (bytes) => {
      this.first ??= bytes;
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#changed();
    });
    for (const event of ["end", "error", "close"]) {
      socket.on(event, () => {
        this.#ended = true;
        this.#changed();
      });
    }
    t.after(() => socket.destroy());
  }

  static async connect(t: TestContext, to: NetConnectOpts, framing?: string): Promise<RawPeer> {
    const socket = connect({ ...to, allowHalfOpen: true });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawPeer(t, socket, framing);
  }

  send(body: Buffer | string): void {
    this.sendRaw(this.#framing.write(Buffer.from(body)));
  }

  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends nothing more. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause();
  }

  /** The next body; `undefined` at the end. */
  async receive(): Promise<string | undefined> {
    let found: Span | undefined;
    await this.#until(() => (found = this.#framing.find(this.#bytes)) !== undefined || this.#ended);
    if (!found) {
      assert.equal(this.#bytes.length, 0, `the end came within a message: ${this.#bytes.toString()}`);
      return undefined;
    }
    const body = this.#bytes.toString("utf8", found.start, found.stop);
    this.#bytes = this.#bytes.subarray(found.end);
    return body;
  }

  /** The next message, which has to come. */
  async message(): Promise<Record<string, unknown>> {
    const body = await this.receive();
    assert.ok(body !== undefined, "the end came in place of a message");
    return JSON.parse(body) as Record<string, unknown>;
  }

  /** Everything up to the end. */
  async rest(): Promise<Buffer> {
    await this.#until(() => this.#ended);
    return this.#bytes;
  }

  async #until(condition: () => boolean): Promise<void> {
    const timer = setTimeout(() => {
      this.#ended = true;
      this.#changed();
    }, PATIENCE_MS);
    while (!condition()) await new Promise<void>((resolve) => (this.#changed = resolve));
    clearTimeout(timer);
  }
}

/** A server of the test's own: every connection goes to `serve`. */
export async function rawServer(t: TestContext, path: string, serve: (peer: RawPeer) => void): Promise<Server> {
  const server = createServer((socket) => serve(new RawPeer(t, socket)));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return server;
}
