/** What a daemon says on its standard output while it starts: JSON objects, one a line. */

import type { Integer64 } from "../protocol/message.js";
import { Raw } from "../json/read.js";

/** The longest line that is listened to, in characters; longer ones are noise. */
const LINE_MAX = 64 * 1024;

/** What a starting daemon is busy with. */
export interface Phase {
  /** A word for programs: `importing`, `migrating`. */
  name: string;
  /** A few words for people. */
  detail?: string | undefined;
  /** How much is done, of `total`. */
  done?: Integer64 | undefined;
  total?: Integer64 | undefined;
}

/** One thing that a starting daemon says. */
export type Word =
  | { kind: "phase"; phase: Phase }
  /** The last word: it serves, or another one does. */
  | { kind: "ready" }
  /** The last word: it cannot serve. */
  | { kind: "failed"; code: string; message: string };

/** Text in, words out, in whatever pieces the text comes. Does no I/O. */
export class Words {
  #line = "";
  #overlong = false;

  receive(text: string): Word[] {
    const words: Word[] = [];
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      const word = this.#overlong ? undefined : parse(line);
      this.#overlong = false;
      if (word) words.push(word);
    }
    if (this.#line.length > LINE_MAX) {
      this.#line = "";
      this.#overlong = true;
    }
    return words;
  }

  /** The stream has ended: its last line may lack a line feed. */
  end(): Word[] {
    return this.receive("\n");
  }
}

/** A line that is none of ours is a library's that prints before the daemon has its output in hand. */
function parse(line: string): Word | undefined {
  const { phase, detail, done, total, ready, failed } = members(line);
  if (isObject(failed)) {
    return { kind: "failed", code: text(failed["code"]) ?? "", message: text(failed["message"]) ?? "" };
  }
  if (isObject(ready)) return { kind: "ready" };
  if (typeof phase !== "string") return undefined;
  return { kind: "phase", phase: { name: phase, detail: text(detail), done: integer(done), total: integer(total) } };
}

function members(line: string): Record<string, unknown> {
  try {
    const value = Raw.of(line).read();
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function integer(value: unknown): Integer64 | undefined {
  return typeof value === "number" || typeof value === "bigint" ? value : undefined;
}
