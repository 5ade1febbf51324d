/** A daemon's log at the moment of a start: where what it says goes, and what is quoted if the start fails. */

import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";

import type { Env } from "./env.js";
import type { Instance } from "./instance.js";
import { runtimePath } from "./runtime_path.js";

/** The most bytes of a log that an error quotes. */
const TAIL_MAX = 4 * 1024;

/** The most lines of a log that an error quotes. */
const TAIL_LINES_MAX = 20;

/** Where an instance logs. */
export function logPath(env: Env, instance: Instance): string {
  // For a user without a home, beside the sockets.
  return `${env.stateDir() ?? runtimePath(env).path}/${instance.stem}.log`;
}

export class StartLog {
  /** Open for appending; to be given to the daemon, then closed. `undefined`: it cannot be written. */
  readonly fd: number | undefined;
  readonly #path: string;
  #from = 0;
  #wrong: unknown;

  /** Marks a start in the log. A daemon without a log is better than none: the home may be read-only. */
  constructor(path: string, what: string) {
    this.#path = path;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
      this.fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      writeSync(this.fd, `--- ${new Date().toISOString()} start of ${what}\n`);
      this.#from = fstatSync(this.fd).size;
    } catch (error) {
      this.#wrong = error;
    }
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
  }

  /** The last lines that were logged since, without control characters. */
  tail(): string {
    if (this.#wrong !== undefined) return `(it could not be written: ${String(this.#wrong)})`;
    try {
      const lines = this.#read().split("\n").map(printable);
      if (lines.at(-1) === "") lines.pop();
      return lines.slice(-TAIL_LINES_MAX).join("\n");
    } catch (error) {
      return `(it cannot be read: ${String(error)})`;
    }
  }

  #read(): string {
    const fd = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const end = fstatSync(fd).size;
      // A log shorter than it was is a new one.
      const start = Math.max(end < this.#from ? 0 : this.#from, end - TAIL_MAX);
      const tail = Buffer.alloc(TAIL_MAX);
      return tail.toString("utf8", 0, readSync(fd, tail, 0, TAIL_MAX, start));
    } finally {
      closeSync(fd);
    }
  }
}

/** Shows control characters rather than sending them to a terminal. */
function printable(line: string): string {
  return line.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`);
}
