/** A directory that is used through its descriptor, so that nobody can swap it between the check and the use. */

import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from "node:fs";

import { ReachError } from "../errors.js";

export class OpenDir {
  constructor(
    /** For people. */
    readonly path: string,
    readonly fd: number,
  ) {}

  get stat(): Stats {
    return fstatSync(this.fd);
  }

  /** A path that names a file in exactly this directory, and is short, where the system can. */
  pathOf(name: string): string {
    return hasFdPaths() ? `/proc/self/fd/${this.fd}/${name}` : `${this.path}/${name}`;
  }

  /** Opens what has a name in it; a link is not followed. */
  open(name: string): number {
    return openSync(this.pathOf(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** The system's answer to a file operation. */
export function errno(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** The system refused. */
export function ioError(action: string, path: string, error: unknown): ReachError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ReachError("io", `cannot ${action} ${path}: ${reason}`, { cause: error });
}

/** Whether a path can go through a descriptor of ours. Some containers have no `/proc`. */
function hasFdPaths(): boolean {
  known ??= process.platform === "linux" && statSync("/proc/self/fd", { throwIfNoEntry: false }) !== undefined;
  return known;
}

let known: boolean | undefined;
