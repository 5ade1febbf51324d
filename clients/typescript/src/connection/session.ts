/**
 * One connection's conversation, without I/O: bytes and calls go in, frames come out. It has no side: both ends may
 * call and both may serve.
 */

import { CallError, type Closed, fromWire, LostError } from "../errors.js";
import { BadFrame, type Framing } from "../framing/framing.js";
import { NotWritable } from "../json/write.js";
import { FRAME_MAX, STREAM_WINDOW } from "../limits.js";
import { encode } from "../protocol/encode.js";
import { type Call, type Hello, type Message, type Received, Refusal, type WireError } from "../protocol/message.js";
import { Inbox } from "./inbox.js";
import { type Handlers, Incoming, TooLong } from "./incoming.js";
import { type Fault, Outgoing, type Sink } from "./outgoing.js";

/** What a conversation needs of its connection. */
export interface Ends {
  /** Puts a frame in line to be written. */
  write(frame: Buffer): void;
  /** Whether the peer reads what is written. */
  hasRoom(): boolean;
  /** Nothing more is said: what is in line is written, then the connection ends. */
  closed(): void;
  /** A call has ended, so that there is place for another one. */
  ended(): void;
}

/** How a conversation begins. */
export interface Opening {
  framing: Framing;
  hello: Hello;
  handlers: Handlers;
}

export class Session {
  readonly outgoing = new Outgoing();
  readonly #incoming: Incoming;
  readonly #inbox: Inbox;
  readonly #ends: Ends;
  readonly #framing: Framing;
  #closed: Closed | undefined;

  /** Begins the conversation: our `hello` is the first thing in line. */
  constructor({ framing, hello, handlers }: Opening, ends: Ends) {
    this.#framing = framing;
    this.#ends = ends;
    this.#inbox = new Inbox(framing);
    this.#incoming = new Incoming(handlers, (message) => this.#send(message), () => ends.hasRoom());
    this.#send({ kind: "hello", hello });
  }

  /** Sends a call; what comes back goes to `sink`. Throws what cannot be sent, or that the connection has ended. */
  call(call: Omit<Call<string>, "kind" | "id">, sink: Sink): number {
    const id = this.outgoing.begin(sink, call.window ?? STREAM_WINDOW);
    try {
      this.#send({ kind: "call", ...call, id });
      return id;
    } catch (error) {
      this.outgoing.withdraw(id);
      throw unsendable(error);
    }
  }

  /** Sends a notification: nothing comes back. */
  notify(call: Omit<Call<string>, "kind" | "id">): void {
    if (this.#closed) throw new LostError(this.#closed, "not_dispatched");
    try {
      this.#send({ kind: "call", ...call });
    } catch (error) {
      throw unsendable(error);
    }
  }

  /** Takes a call back: nothing comes of it any more. */
  abandon(id: number): void {
    if (this.outgoing.abandon(id)) this.#send({ kind: "cancel", id });
  }

  grant(id: number, items: number): void {
    if (this.outgoing.grant(id, items)) this.#send({ kind: "grant", id, items });
  }

  /** Takes in what was read. */
  receive(input: Buffer): void {
    try {
      this.#inbox.receive(input, (received) => {
        // What stands behind the message that ended the conversation is nobody's any more.
        if (this.#closed) return;
        if (received instanceof Refusal) this.#refuse(received);
        else this.#act(received);
      });
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.#violation(error.message, { code: "bad_frame", message: error.message, retryable: false });
    }
  }

  /** The peer reads again: calls of its that waited may begin. */
  pump(): void {
    this.#incoming.pump();
  }

  /** Ends the conversation: every call on it, of either side, hears why. */
  close(closed: Closed): void {
    if (this.#closed) return;
    this.#closed = closed;
    this.outgoing.close(closed);
    this.#incoming.close();
    this.#ends.closed();
  }

  #send(message: Message<string>): void {
    if (this.#closed) return;
    const frame = this.#framing.frame(checked(encode(message)));
    this.#ends.write(frame);
  }

  /** Answers a message that cannot be acted on; one that may be the answer that somebody waits for ends it all. */
  #refuse({ id, code, message, details, answers }: Refusal): void {
    // Without an id nobody can say whose answer it was, if it was one: it most likely is of a call of ours.
    const awaited = id === undefined ? this.outgoing.size > 0 : this.outgoing.isOpen(id);
    if (awaited && answers !== false) {
      return this.#violation(`the peer sent an answer that cannot be read: ${message}`);
    }
    this.#heed(this.outgoing.stray());
    // With the id of a call of ours, the peer would take the refusal for the end of its own.
    const whom = answers === true ? undefined : id;
    this.#send({ kind: "error", id: whom, error: { code, message, details, retryable: false } });
  }

  #act(message: Received): void {
    const { outgoing } = this;
    switch (message.kind) {
      case "hello":
        return outgoing.hello(message.hello);
      case "call":
        return this.#incoming.begin(message);
      case "cancel":
        return this.#incoming.cancel(message.id);
      // No handler here streams.
      case "grant":
        return;
      case "result":
        this.#heed(outgoing.answered(message.id, { value: message.value }));
        return this.#ends.ended();
      case "error":
        if (message.id === undefined) {
          outgoing.words(message.error);
          return this.#heed(outgoing.stray());
        }
        this.#heed(outgoing.answered(message.id, { error: fromWire(message.error) }));
        return this.#ends.ended();
      case "item":
        return this.#heed(outgoing.item(message.id, message.seq, message.value));
      case "lagged":
        return this.#heed(outgoing.lagged(message.id, message.missed, message.next));
      case "progress":
        return this.#heed(outgoing.progress(message.id, message.progress));
      case "goaway":
        outgoing.goaway(message.goaway);
        return this.#ends.ended();
      case "unknown": {
        const { id } = message;
        this.#heed(outgoing.stray());
        const whom = id !== undefined && outgoing.isOpen(id) ? undefined : id;
        const words = "a message of no known kind: write `call`, `cancel`, `grant` or `hello`";
        this.#send({ kind: "error", id: whom, error: { code: "unknown_message", message: words, retryable: false } });
      }
    }
  }

  /** Ends the connection with a peer that breaks the rules. */
  #heed(fault: Fault): void {
    if (fault !== undefined) this.#violation(`the peer sent ${fault}`);
  }

  #violation(reason: string, error?: WireError): void {
    if (error) this.#send({ kind: "error", error });
    this.close({ code: "protocol_violation", reason });
  }
}

/** A body that fits into a frame. */
function checked(body: string): string {
  // No character takes more than three bytes of UTF-8 for each unit of UTF-16.
  const size = body.length * 3 > FRAME_MAX ? Buffer.byteLength(body) : 0;
  if (size > FRAME_MAX) throw new TooLong(size, FRAME_MAX);
  return body;
}

function unsendable(error: unknown): unknown {
  if (error instanceof TooLong) {
    const { size, max } = error;
    const message = `the parameters cannot be sent: ${error.message}`;
    return new CallError("frame_too_long", message, "not_dispatched", { details: { size, max } });
  }
  if (error instanceof NotWritable) return notEncodable(error);
  return error;
}

/** Parameters that hold something that cannot be written. */
export function notEncodable(error: NotWritable): CallError {
  const message = `the parameters cannot be sent: ${error.message}`;
  return new CallError("params_not_encodable", message, "not_dispatched", { cause: error });
}
