/** The private directory of sockets and locks, checked once and held open. */

import { constants, mkdirSync, openSync } from "node:fs";

import { ReachError } from "../errors.js";
import { type Env, euid } from "./env.js";
import { errno, ioError, OpenDir } from "./open_dir.js";
import { octal, runtimePath } from "./runtime_path.js";

/** Opens the runtime directory if it is there. Throws `dir_unsafe` and `dir_foreign`: it is never repaired. */
export function existingRuntimeDir(env: Env): OpenDir | undefined {
  return openChecked(runtimePath(env).path);
}

/** Opens the runtime directory, and makes it, for us alone, if it is missing. */
export function makeRuntimeDir(env: Env): OpenDir {
  const { path, withParents } = runtimePath(env);
  const there = openChecked(path);
  if (there) return there;
  try {
    mkdirSync(path, { mode: 0o700, recursive: withParents });
  } catch (error) {
    // Another process does the same at the same time.
    if (errno(error) !== "EEXIST") throw ioError("create", path, error);
  }
  const made = openChecked(path);
  if (made) return made;
  throw ioError("open", path, "it was removed again");
}

function openChecked(path: string): OpenDir | undefined {
  const dir = openNoLink(path);
  if (!dir) return undefined;
  try {
    check(dir);
    return dir;
  } catch (error) {
    dir.close();
    throw error;
  }
}

function openNoLink(path: string): OpenDir | undefined {
  try {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new OpenDir(path, openSync(path, flags));
  } catch (error) {
    if (errno(error) === "ENOENT") return undefined;
    if (errno(error) === "ELOOP" || errno(error) === "ENOTDIR") {
      throw unsafe(path, "it must be a directory, not a link or a file", `remove ${path}`);
    }
    throw ioError("open", path, error);
  }
}

function check({ path, stat }: OpenDir): void {
  if (stat.uid !== euid()) {
    const rule = `it belongs to uid ${stat.uid}, and this process runs as uid ${euid()}`;
    const remedy = "set HALLWAY_RUNTIME_DIR to a directory of your own, or run as its owner";
    throw new ReachError("dir_foreign", `${path} cannot be the runtime directory: ${rule}; ${remedy}`);
  }
  const mode = stat.mode & 0o7777;
  if (mode & 0o077) {
    const rule = `its mode is ${octal(mode)}, and group and others must have no access`;
    throw unsafe(path, rule, `run \`chmod 700 ${path}\``);
  }
}

function unsafe(path: string, rule: string, remedy: string): ReachError {
  return new ReachError("dir_unsafe", `${path} cannot be the runtime directory: ${rule}; ${remedy}`);
}
