/** How a client that knows only a daemon's name starts it: its service file, as `spec/wire.md` says. */

import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { isAbsolute } from "node:path";

import { ReachError } from "../errors.js";
import { Raw } from "../json/read.js";
import { type Env, euid } from "./env.js";
import type { Instance } from "./instance.js";
import { errno, ioError, OpenDir } from "./open_dir.js";
import { octal } from "./runtime_path.js";

/** The most bytes of a service file. */
const SIZE_MAX = 64 * 1024;

/** Where the files are, below the directory of all programs' data. */
const BELOW_DATA = ["hallway", "services"];

/** What a service file says. */
export interface ServiceFile {
  program: string;
  args: string[];
  version: string;
  description: string;
  /** Variables that the daemon gets besides the usual ones. */
  env: string[];
}

/** Where an instance's file is, or would be. Throws `no_dir` for a user without a home. */
export function serviceFilePath(env: Env, instance: Instance): string {
  return [dataDir(env), ...BELOW_DATA, fileName(instance)].join("/");
}

/** Reads an instance's file. Throws `not_installed`, `service_file_unsafe`, `bad_service_file`, `io`. */
export function readServiceFile(env: Env, instance: Instance): ServiceFile {
  const path = serviceFilePath(env, instance);
  const content = readTrusted(env, instance);
  if (content === undefined) {
    const remedy = "run its program once, or the program's `install`";
    const message = `${instance.stem} does not run and cannot be started: there is no ${path}; ${remedy}`;
    throw new ReachError("not_installed", message);
  }
  try {
    return parse(instance, content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${path} is no usable service file: ${reason}; remove it, and run the service's program once`;
    throw new ReachError("bad_service_file", message, { cause: error });
  }
}

/** Goes down to the file one name at a time, so that a link on the way is seen. One byte too many is enough to read. */
function readTrusted(env: Env, instance: Instance): Buffer | undefined {
  const data = dataDir(env);
  let dir: OpenDir;
  try {
    dir = new OpenDir(data, openSync(data, constants.O_RDONLY | constants.O_DIRECTORY));
  } catch (error) {
    if (errno(error) === "ENOENT") return undefined;
    throw ioError("open", data, error);
  }
  try {
    for (const name of BELOW_DATA) {
      const fd = openTrusted(dir, name, "directory");
      if (fd === undefined) return undefined;
      dir.close();
      dir = new OpenDir(`${dir.path}/${name}`, fd);
    }
    const fd = openTrusted(dir, fileName(instance), "file");
    return fd === undefined ? undefined : readAtMost(fd, SIZE_MAX + 1, `${dir.path}/${fileName(instance)}`);
  } finally {
    dir.close();
  }
}

/** Opens what has a name, if anything has; what others could have written is refused. */
function openTrusted(dir: OpenDir, name: string, kind: "directory" | "file"): number | undefined {
  const path = `${dir.path}/${name}`;
  let fd: number;
  try {
    fd = dir.open(name);
  } catch (error) {
    if (errno(error) === "ENOENT") return undefined;
    // A link, a socket.
    if (errno(error) === "ELOOP" || errno(error) === "ENXIO") throw misplaced(path, kind);
    throw ioError("open", path, error);
  }
  try {
    check(path, fstatSync(fd), kind);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Whoever can write to it decides what is executed. */
function check(path: string, found: Stats, kind: "directory" | "file"): void {
  if (!(kind === "directory" ? found.isDirectory() : found.isFile())) throw misplaced(path, kind);
  if (found.uid !== euid()) {
    const rule = `it belongs to uid ${found.uid}, and this process runs as uid ${euid()}`;
    throw untrusted(path, rule, `remove ${path}`);
  }
  const mode = found.mode & 0o7777;
  if (mode & 0o022) {
    const rule = `its mode is ${octal(mode)}, and group and others must not be able to write`;
    throw untrusted(path, rule, `look at what it says, then run \`chmod go-w ${path}\``);
  }
}

function misplaced(path: string, kind: string): ReachError {
  return untrusted(path, `it must be a ${kind}, not a link or anything else`, `remove ${path}`);
}

function untrusted(path: string, rule: string, remedy: string): ReachError {
  const message = `${path} decides what is executed and cannot be trusted: ${rule}; ${remedy}`;
  return new ReachError("service_file_unsafe", message);
}

function readAtMost(fd: number, most: number, path: string): Buffer {
  try {
    const content = Buffer.alloc(most);
    let length = 0;
    for (;;) {
      const count = readSync(fd, content, length, most - length, null);
      length += count;
      if (count === 0 || length === most) return content.subarray(0, length);
    }
  } catch (error) {
    throw ioError("read", path, error);
  } finally {
    closeSync(fd);
  }
}

function parse(instance: Instance, content: Buffer): ServiceFile {
  if (content.length > SIZE_MAX) throw new Error(`it has more than ${SIZE_MAX} bytes`);
  if (!isUtf8(content)) throw new Error("it is not UTF-8");
  const value = Raw.of(content.toString("utf8")).read();
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is no object");
  const members = value as Record<string, unknown>;
  const service = text("service", members["service"]);
  if (service !== instance.service) throw new Error(`it is of the service ${JSON.stringify(service)}`);
  const file = {
    program: text("program", members["program"]),
    args: texts("args", members["args"]),
    version: text("version", members["version"] === undefined ? "" : members["version"]),
    description: text("description", members["description"] === undefined ? "" : members["description"]),
    env: texts("env", members["env"]),
  };
  if (!isAbsolute(file.program)) throw new Error(`the program ${JSON.stringify(file.program)} is no absolute path`);
  if ([file.program, ...file.args].some((each) => each.includes("\0"))) throw new Error("there is a NUL in it");
  const wrong = file.env.find((name) => name === "" || /[=\0]/.test(name));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is no name of a variable`);
  return file;
}

function text(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`\`${name}\` must be text`);
}

function texts(name: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value as string[];
  throw new Error(`\`${name}\` must be a list of text`);
}

function fileName({ stem }: Instance): string {
  return `${stem}.json`;
}

function dataDir(env: Env): string {
  const dir = env.dataDir();
  if (dir !== undefined) return dir;
  const message = "there is no directory for service files (this user has no home); set XDG_DATA_HOME to one";
  throw new ReachError("no_dir", message);
}
