/** The environment that decides where things are: the process's own, or a given one. */

import { statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, isAbsolute } from "node:path";

/** Variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What a daemon gets from whoever starts it, besides what begins with `LC_` or `HALLWAY_` and what its file names. */
const PASSED: readonly string[] = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "PATH",
  "LANG",
  "TZ",
  "TMPDIR",
  "XDG_RUNTIME_DIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "DBUS_SESSION_BUS_ADDRESS",
  "RUST_BACKTRACE",
  "RUST_LOG",
];

export class Env {
  constructor(readonly variables: Variables = process.env) {}

  /** A variable's value; an empty one counts as unset. */
  var(name: string): string | undefined {
    return this.variables[name] || undefined;
  }

  /** The home directory: `$HOME` if it is ours, else the one of the password file. */
  home(): string | undefined {
    const home = this.var("HOME");
    // After `sudo` the variable may still name another user's, and nothing of ours belongs there.
    return home !== undefined && notOurs(home) === undefined ? home : passwordHome();
  }

  /** `$XDG_DATA_HOME` if that is ours, else `~/.local/share`. */
  dataDir(): string | undefined {
    return this.#userDir("XDG_DATA_HOME", ".local/share");
  }

  /** `$XDG_STATE_HOME/hallway` if that is ours, else `~/.local/state/hallway`. */
  stateDir(): string | undefined {
    const dir = this.#userDir("XDG_STATE_HOME", ".local/state");
    return dir === undefined ? undefined : `${dir}/hallway`;
  }

  /** What a daemon may know of this environment. */
  forDaemon(also: readonly string[]): Record<string, string> {
    const passed = Object.entries(this.variables).filter(([name, value]) => {
      const passes = /^(LC_|HALLWAY_)/.test(name) || PASSED.includes(name) || also.includes(name);
      return passes && value !== undefined;
    });
    return Object.fromEntries(passed) as Record<string, string>;
  }

  #userDir(variable: string, belowHome: string): string | undefined {
    const given = this.var(variable);
    if (given !== undefined && notOurs(given) === undefined) return given;
    const home = this.home();
    return home === undefined ? undefined : `${home}/${belowHome}`;
  }
}

/** The effective user. */
export function euid(): number {
  return process.geteuid?.() ?? -1;
}

/** Why a directory is not absolute and ours, and would not be ours once made; `undefined` if it is. */
export function notOurs(dir: string): string | undefined {
  if (!isAbsolute(dir)) return "it is not absolute";
  for (let at = dir; ; at = dirname(at)) {
    const found = statSync(at, { throwIfNoEntry: false });
    if (found) return found.uid === euid() ? undefined : `it belongs to uid ${found.uid}, not to uid ${euid()}`;
    if (at === dirname(at)) return "it cannot be reached";
  }
}

function passwordHome(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    // The user is not in the password file.
    return undefined;
  }
}
