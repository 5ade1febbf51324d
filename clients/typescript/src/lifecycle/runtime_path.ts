/** Which directory holds the sockets: the rule of `spec/wire.md`. */

import { statSync } from "node:fs";
import { isAbsolute } from "node:path";

import { ReachError } from "../errors.js";
import { type Env, euid, notOurs } from "./env.js";

/** The directory as chosen by the rule, before anybody looked into it. */
export interface RuntimePath {
  path: string;
  /** Whether its parents are made as well if they are missing. */
  withParents: boolean;
}

/** Applies the rule: the first row that applies decides. Throws `dir_unsafe` and `no_dir`. */
export function runtimePath(env: Env): RuntimePath {
  const explicit = env.var("HALLWAY_RUNTIME_DIR");
  if (explicit !== undefined) return { path: absolute(explicit), withParents: false };
  const tried: string[] = [];
  const rows: [base: string | undefined, why: (dir: string) => string | undefined, below: string][] = [
    [env.var("XDG_RUNTIME_DIR"), notPrivate, "hallway"],
    [`/run/user/${euid()}`, notPrivate, "hallway"],
    [env.var("XDG_CACHE_HOME"), notOurs, "hallway/run"],
    [env.home(), notOurs, ".cache/hallway/run"],
  ];
  for (const [base, why, below] of rows) {
    if (base === undefined) continue;
    const reason = why(base);
    if (reason === undefined) return { path: normal(`${base}/${below}`), withParents: why === notOurs };
    tried.push(`${base}: ${reason}`);
  }
  const reasons = tried.join("; ");
  throw new ReachError(
    "no_dir",
    `there is no private directory for sockets (${reasons}); set HALLWAY_RUNTIME_DIR to one`,
  );
}

function absolute(path: string): string {
  if (isAbsolute(path)) return normal(path);
  const rule = "HALLWAY_RUNTIME_DIR must be absolute, since the daemon runs in another directory";
  throw new ReachError(
    "dir_unsafe",
    `${path} cannot be the runtime directory: ${rule}; set it to an absolute path`,
  );
}

/** Without `.` and trailing slashes: `link/` would be followed where `link` is refused. `..` stays. */
function normal(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}

/** Why a directory is not ours alone; `undefined` if it is. */
function notPrivate(dir: string): string | undefined {
  if (!isAbsolute(dir)) return "it is not absolute";
  const found = statSync(dir, { throwIfNoEntry: false });
  if (!found) return "it does not exist";
  if (!found.isDirectory()) return "it is not a directory";
  if (found.uid !== euid()) return `it belongs to uid ${found.uid}, not to uid ${euid()}`;
  const mode = found.mode & 0o777;
  return mode & 0o077 ? `its mode is ${octal(mode)}, which lets others in` : undefined;
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
