/** The native envelope as it is written: `v` first, then the members in the order of `spec/wire.md`. */

import { write } from "../json/write.js";
import type { Message } from "./message.js";

/** Writes one message; payloads are JSON already. Throws `NotWritable`. */
export function encode(message: Message<string>): string {
  switch (message.kind) {
    case "call":
      return envelope(
        member("id", message.id),
        member("call", message.method),
        payload("params", message.params),
        member("deadline_ms", message.deadline_ms),
        member("window", message.window),
        member("trace", message.trace),
        member("key", message.key),
      );
    case "result":
      return envelope(member("id", message.id), payload("result", message.value));
    case "error": {
      const { code, message: words, details, retryable } = message.error;
      return envelope(member("id", message.id), member("error", { code, message: words, details, retryable }));
    }
    case "item":
      return envelope(member("id", message.id), member("seq", message.seq), payload("item", message.value));
    case "lagged":
      return envelope(member("id", message.id), member("lagged", { missed: message.missed, next: message.next }));
    case "progress":
      return envelope(member("id", message.id), member("progress", message.progress));
    case "cancel":
      return envelope(member("id", message.id), member("cancel", true));
    case "grant":
      return envelope(member("id", message.id), member("grant", message.items));
    case "hello":
      return envelope(member("hello", message.hello));
    case "goaway":
      return envelope(member("goaway", message.goaway));
    case "unknown":
      return envelope(member("id", message.id));
  }
}

function envelope(...members: string[]): string {
  return `{"v":1${members.join("")}}`;
}

function member(name: string, value: unknown): string {
  return payload(name, value === undefined ? undefined : write(value));
}

function payload(name: string, json: string | undefined): string {
  return json === undefined ? "" : `,"${name}":${json}`;
}
