/** A conversation on a socket. What is said within one turn of the event loop leaves in one write. */

import type { Socket } from "node:net";

import { LostError } from "../errors.js";
import { OUTBOUND_HIGH, OUTBOUND_MAX } from "../limits.js";
import { type Opening, Session } from "./session.js";

/** How long what is in line may take to leave when a connection ends, in milliseconds. */
const LAST_WORDS_MS = 1000;

export class Connection {
  readonly session: Session;
  /** Resolves when the socket is closed. */
  readonly over: Promise<void>;
  readonly #socket: Socket;
  #line: Buffer[] = [];
  #lineBytes = 0;
  #ending = false;
  /** Those that wait until the peer reads, or until a call ends. */
  #waiting: (() => void)[] = [];
  #keepsAlive = true;

  constructor(socket: Socket, opening: Opening) {
    this.#socket = socket;
    this.session = new Session(opening, {
      write: (frame) => this.#write(frame),
      hasRoom: () => this.#hasRoom(),
      closed: () => this.#closed(),
      ended: () => this.#settle(),
    });
    socket.on("data", (bytes) => this.session.receive(bytes));
    socket.on("drain", () => {
      this.session.pump();
      this.#settle();
    });
    socket.on("error", (error) => this.session.close({ code: "io", reason: error.message }));
    socket.on("end", () => this.session.close({ code: "closed_by_peer", reason: "the peer closed the connection" }));
    this.over = new Promise((resolve) => {
      socket.on("close", () => {
        this.session.close({ code: "closed_by_peer", reason: "the peer closed the connection" });
        resolve();
      });
    });
  }

  /** Whether a call can be sent now; if not, wait for `room`. */
  get hasRoom(): boolean {
    return this.#hasRoom() && this.session.outgoing.hasPlace;
  }

  /** Waits until the peer reads, and has a place for a call. Also returns when the connection has ended. */
  async room(): Promise<void> {
    while (!this.hasRoom && this.session.outgoing.goesOn) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Whether an idle connection keeps the process alive; one with open calls does always. */
  keepAlive(keeps: boolean): void {
    this.#keepsAlive = keeps;
    this.holdProcess();
  }

  /** To be called when a call has begun: the process lives at least until its end. */
  holdProcess(): void {
    if (this.#keepsAlive || this.session.outgoing.size > 0) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Ends the connection once what is in line is written. Open calls hear of it at once. */
  close(): void {
    this.session.close({ code: "closed_by_us", reason: "the client was closed" });
  }

  #hasRoom(): boolean {
    return this.#lineBytes + this.#socket.writableLength < OUTBOUND_HIGH;
  }

  #write(frame: Buffer): void {
    if (this.#line.length === 0) process.nextTick(() => this.#flush());
    this.#line.push(frame);
    this.#lineBytes += frame.length;
    if (this.#lineBytes + this.#socket.writableLength > OUTBOUND_MAX) {
      this.session.close({ code: "protocol_violation", reason: "the peer calls and does not read the answers" });
      this.#socket.destroy();
    }
  }

  #flush(): void {
    const [first] = this.#line;
    if (first) this.#socket.write(this.#line.length === 1 ? first : Buffer.concat(this.#line, this.#lineBytes));
    this.#line = [];
    this.#lineBytes = 0;
    if (this.#ending) this.#socket.destroySoon();
  }

  #closed(): void {
    this.#ending = true;
    process.nextTick(() => this.#flush());
    // A peer that does not read keeps nobody.
    const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS);
    this.#socket.once("close", () => clearTimeout(timer));
    this.#settle();
  }

  /** Something has changed for those who wait. */
  #settle(): void {
    if (!this.#keepsAlive) this.holdProcess();
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The error of a call that came too late. */
export function closedByUs(): LostError {
  return new LostError({ code: "closed_by_us", reason: "the client was closed" }, "not_dispatched");
}
