/** A connection whose every byte the test decides. */

import assert from "node:assert/strict";
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

import { PATIENCE_MS } from "./world.js";

export class RawPeer {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  /** What came first, in one piece. */
  first: Buffer | undefined;
  #ended = false;
  #changed: () => void = () => undefined;

  constructor(t: TestContext, socket: Socket) {
    this.#socket = socket;
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

  static async connect(t: TestContext, to: NetConnectOpts): Promise<RawPeer> {
    const socket = connect({ ...to, allowHalfOpen: true });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawPeer(t, socket);
  }

  send(body: Buffer | string): void {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(body));
    this.sendRaw(Buffer.concat([length, Buffer.from(body)]));
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
    const whole = (): boolean => this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE(0);
    await this.#until(() => whole() || this.#ended);
    if (!whole()) {
      assert.equal(this.#bytes.length, 0, `the end came within a message: ${this.#bytes.toString()}`);
      return undefined;
    }
    const end = 4 + this.#bytes.readUInt32BE(0);
    const body = this.#bytes.toString("utf8", 4, end);
    this.#bytes = this.#bytes.subarray(end);
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
