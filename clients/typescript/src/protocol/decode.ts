/** The native envelope, version 1, as it is read. Written for people in `spec/wire.md`. */

import { isUtf8 } from "node:buffer";

import { eachMember, type Raw } from "../json/read.js";
import { BRACE, NotJson, Scanner } from "../json/scan.js";
import { anything, flag, given, object, optional, text, texts, u32, u64, WrongMember } from "./members.js";
import { type Goaway, type Hello, type Progress, type Received, Refusal, type WireError } from "./message.js";

/** The version that every message carries; a message without one is of the first. */
const VERSION = 1;

const ID_MAX = Number.MAX_SAFE_INTEGER;

const KINDS = ["call", "result", "item", "error", "grant", "cancel", "progress", "lagged", "hello", "goaway"] as const;
type Kind = (typeof KINDS)[number];

/** Kinds that speak of a call that their receiver has made. */
const ANSWERS: readonly Kind[] = ["result", "error", "item", "lagged", "progress"];

/** Everything but the kinds that an envelope may have. */
const PLACES: readonly string[] = ["v", "id", "params", "seq", "deadline_ms", "window", "trace", "key"];

/** Reads one body. Throws `Refusal`. */
export function decode(body: Buffer): Received {
  const envelope = new Envelope();
  try {
    envelope.take(body);
    return envelope.message();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof NotJson || error instanceof WrongMember) {
      throw new Refusal("bad_message", error.message, envelope.idIfAny(), undefined, envelope.answers());
    }
    throw error;
  }
}

/** Finds out from the first bytes of a body whom a refusal of it goes to. */
export function refuse(head: Buffer, code: string, message: string, details: unknown): Refusal {
  const envelope = new Envelope();
  try {
    envelope.take(head);
  } catch (error) {
    // It is cut short.
    if (!(error instanceof NotJson)) throw error;
  }
  return new Refusal(code, message, envelope.idIfAny(), details, envelope.answers());
}

/** The members of one envelope, values still raw. */
class Envelope {
  readonly #members = new Map<string, Raw>();
  #kind: Kind | undefined;
  #otherKind: Kind | undefined;
  #repeated: string | undefined;
  #length = 0;

  /** Takes the members in, up to the first fault. */
  take(body: Buffer): void {
    this.#length = body.length;
    const whole = isUtf8(body);
    const scanner = new Scanner(whole ? body.toString("utf8") : readablePart(body));
    scanner.blanks();
    if (!scanner.takes(BRACE)) throw scanner.wrong("a message is an object");
    eachMember(scanner, (name, value) => this.#take(name, value));
    scanner.end();
    if (!whole) throw scanner.wrong("not UTF-8");
  }

  /** Whether a member takes most of the message. */
  #isLong({ text }: Raw): boolean {
    return 2 * text.length > this.#length;
  }

  answers(): boolean | undefined {
    return this.#kind && ANSWERS.includes(this.#kind);
  }

  idIfAny(): number | undefined {
    try {
      return this.#id();
    } catch {
      return undefined;
    }
  }

  message(): Received {
    this.#checkVersion();
    const id = this.#id();
    if (this.#repeated !== undefined) throw new WrongMember(`\`${this.#repeated}\` stands there twice`);
    const kind = this.#kind;
    if (kind === undefined) return id === undefined ? { kind: "unknown" } : { kind: "unknown", id };
    if (this.#otherKind) throw new WrongMember(`both ${kind} and ${this.#otherKind}: a message is of one kind`);
    const value = this.#members.get(kind);
    if (value === undefined) throw new WrongMember(`\`${kind}\` is missing`);
    return this.#read(kind, id, value);
  }

  #take(name: string, value: Raw): void {
    const kind = KINDS.find((kind) => kind === name);
    // A member that is neither is from a newer version.
    if (kind === undefined && !PLACES.includes(name)) return;
    if (this.#members.has(name)) this.#repeated = name;
    if (kind !== undefined && kind !== this.#kind) {
      if (this.#kind === undefined) this.#kind = kind;
      else this.#otherKind = kind;
    }
    this.#members.set(name, value);
  }

  #id(): number | undefined {
    const raw = this.#members.get("id");
    if (raw === undefined) return undefined;
    const id = /^[0-9]+$/.test(raw.text) ? Number(raw.text) : 0;
    if (id < 1 || id > ID_MAX) throw new WrongMember(`\`id\` must be a whole number from 1 to ${ID_MAX}`);
    return id;
  }

  /** Another version may have another kind of id, so that nothing else is looked at before it. */
  #checkVersion(): void {
    const raw = this.#members.get("v");
    if (raw === undefined) return;
    const version = u64("v", raw);
    if (version === VERSION) return;
    const message = `protocol version ${version} is not spoken here, only version ${VERSION}`;
    throw new Refusal("unsupported_version", message, this.idIfAny(), { supported: [VERSION] }, this.answers());
  }

  #read(kind: Kind, id: number | undefined, value: Raw): Received {
    const place = (name: string): Raw | undefined => this.#members.get(name);
    const required = (): number => {
      if (id === undefined) throw new WrongMember("`id` is missing");
      return id;
    };
    switch (kind) {
      case "call":
        return {
          kind,
          id,
          method: text("call", value),
          params: optional((_, raw) => raw, "params", place("params")),
          deadline_ms: optional(u64, "deadline_ms", place("deadline_ms")),
          window: optional(u32, "window", place("window")),
          trace: optional(text, "trace", place("trace")),
          key: optional(text, "key", place("key")),
        };
      case "result":
        return { kind, id: required(), value };
      case "error":
        return { kind, id, error: readError(value) };
      case "item": {
        // It may have to wait for long, and with it what it is a part of.
        const kept = this.#isLong(value) ? value : value.alone();
        return { kind, id: required(), seq: optional(u64, "seq", place("seq")), value: kept };
      }
      case "lagged":
        return { kind, id: required(), ...readLagged(value) };
      case "progress":
        return { kind, id: required(), progress: readProgress(value) };
      // Whatever value it has: the name is the message.
      case "cancel":
        return { kind, id: required() };
      case "grant":
        return { kind, id: required(), items: u32("grant", value) };
      case "hello":
        return { kind, hello: readHello(value) };
      case "goaway":
        return { kind, goaway: readGoaway(value) };
    }
  }
}

/** What can be read of a body that is not UTF-8: the text up to the first fault. */
function readablePart(body: Buffer): string {
  const text = body.toString("utf8");
  let [bytes, from] = [0, 0];
  for (;;) {
    const at = text.indexOf("\ufffd", from);
    if (at < 0) return text;
    bytes += Buffer.byteLength(text.slice(from, at));
    // It may also have been sent.
    if (body.toString("latin1", bytes, bytes + 3) !== "\xef\xbf\xbd") return text.slice(0, at);
    bytes += 3;
    from = at + 1;
  }
}

function readError(raw: Raw): WireError {
  const members = object("error", raw, ["code", "message", "details", "retryable"]);
  const code = members.get("code");
  if (code === undefined) throw new WrongMember("`error.code` is missing");
  return {
    code: text("error.code", code),
    message: given(text, "error.message", members.get("message"), ""),
    details: optional(anything, "error.details", members.get("details")),
    retryable: given(flag, "error.retryable", members.get("retryable"), false),
  };
}

function readLagged(raw: Raw): Pick<Received & { kind: "lagged" }, "missed" | "next"> {
  const members = object("lagged", raw, ["missed", "next"]);
  const [missed, next] = [members.get("missed"), members.get("next")];
  if (missed === undefined || next === undefined) throw new WrongMember("`lagged` has `missed` and `next`");
  return { missed: u64("lagged.missed", missed), next: u64("lagged.next", next) };
}

function readProgress(raw: Raw): Progress {
  const members = object("progress", raw, ["done", "total", "message"]);
  const message = given(text, "progress.message", members.get("message"), "");
  return {
    done: given(u64, "progress.done", members.get("done"), 0),
    total: optional(u64, "progress.total", members.get("total")),
    message: message === "" ? undefined : message,
  };
}

function readHello(raw: Raw): Hello {
  const members = object("hello", raw, ["program", "features", "token", "calls_max", "frame_max"]);
  const member = (name: string): Raw | undefined => members.get(name);
  return {
    program: given<string | undefined>(text, "hello.program", member("program"), undefined),
    features: given<string[] | undefined>(texts, "hello.features", member("features"), undefined),
    token: optional(text, "hello.token", member("token")),
    calls_max: optional(u32, "hello.calls_max", member("calls_max")),
    frame_max: optional(u64, "hello.frame_max", member("frame_max")),
  };
}

function readGoaway(raw: Raw): Goaway {
  const members = object("goaway", raw, ["code", "message", "last"]);
  return {
    code: given(text, "goaway.code", members.get("code"), ""),
    message: given(text, "goaway.message", members.get("message"), ""),
    last: given(u64, "goaway.last", members.get("last"), 0),
  };
}
