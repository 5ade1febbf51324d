/** The client's way to a daemon: connect, and start one if nobody answers. */

import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

import { CallError, ReachError } from "../errors.js";
import { after } from "../time.js";
import { connectIn } from "../transport/unix.js";
import type { Env } from "./env.js";
import type { Instance } from "./instance.js";
import type { Deadline } from "./launch.js";
import { ioError, type OpenDir } from "./open_dir.js";
import { existingRuntimeDir, makeRuntimeDir } from "./runtime_dir.js";
import { runtimePath } from "./runtime_path.js";
import { readServiceFile, serviceFilePath } from "./service_file.js";
import type { Phase } from "./words.js";

/** How long a daemon may take to answer or to come up, if the caller does not say, in milliseconds. */
export const REACH_DEADLINE_MS = 30_000;

/** How many daemons are started before none is believed: one may leave for idleness before it is reached. */
const STARTS_MAX = 3;

/** How long to rest before a full queue is tried again, in milliseconds: the kernel's own wait is not to be had here. */
const FULL_PAUSE_MS = 5;

/** How a daemon is reached. */
export interface ReachOptions {
  env: Env;
  instance: Instance;
  /** Whether it is started where none runs. */
  start: boolean;
  /** How long to wait for it, in milliseconds. */
  within: number;
  onPhase: (phase: Phase) => void;
  /** Gives up when aborted; a daemon that was started goes on starting. */
  signal: AbortSignal | undefined;
}

/** Connects to an instance's daemon; if nobody answers, starts it, as its service file says, and waits for it. */
export async function reach(options: ReachOptions): Promise<Socket> {
  const clock = new Clock(options);
  try {
    const socket = await connect(options, clock);
    if (socket) return socket;
    if (!options.start) throw notRunning(options);
    return await startAndConnect(options, clock);
  } finally {
    clock.stop();
  }
}

/** Connects if a daemon runs; makes nothing. */
async function connect(options: ReachOptions, clock: Clock): Promise<Socket | undefined> {
  const dir = existingRuntimeDir(options.env);
  if (!dir) return undefined;
  try {
    return await connectThrough(dir, options, clock);
  } finally {
    dir.close();
  }
}

async function startAndConnect(options: ReachOptions, clock: Clock): Promise<Socket> {
  const { env, instance, onPhase } = options;
  const named = serviceFilePath(env, instance);
  const file = readServiceFile(env, instance);
  const dir = makeRuntimeDir(env);
  // What only a start needs is loaded only for one.
  const { launch } = await import("./launch.js");
  try {
    for (let starts = 0; starts < STARTS_MAX; starts += 1) {
      const silent = await launch({ env, dir, instance, file, named, deadline: clock, onPhase });
      const socket = await connectThrough(dir, options, clock);
      if (socket) return socket;
      if (silent) throw await silent.died();
    }
    const told = `${STARTS_MAX} daemons of ${instance.stem} said that they were ready`;
    throw new ReachError("unanswered", `${told} and none answers at ${dir.path}/${instance.stem}.sock`);
  } finally {
    dir.close();
  }
}

async function connectThrough(dir: OpenDir, { instance }: ReachOptions, clock: Clock): Promise<Socket | undefined> {
  const name = `${instance.stem}.sock`;
  for (;;) {
    try {
      const attempt = await connectIn(dir, name, "server_uid");
      if (attempt.kind === "connected") return attempt.socket;
      if (attempt.kind === "absent") return undefined;
    } catch (error) {
      throw error instanceof ReachError ? error : ioError("connect to", `${dir.path}/${name}`, error);
    }
    await clock.rest(FULL_PAUSE_MS, "the daemon to accept the connection");
  }
}

function notRunning({ env, instance }: ReachOptions): ReachError {
  const path = `${runtimePath(env).path}/${instance.stem}.sock`;
  return new ReachError("not_running", `${instance.stem} is not running (nobody answers at ${path})`);
}

/** The caller's patience: a time, and its signal. */
class Clock implements Deadline {
  readonly #control = new AbortController();
  readonly #at: number;
  readonly #stopClock: () => void;
  readonly #options: ReachOptions;

  constructor(options: ReachOptions) {
    this.#options = options;
    this.#at = performance.now() + options.within;
    this.#stopClock = after(options.within, () => this.#control.abort());
    options.signal?.addEventListener("abort", this.#gone, { once: true });
    if (options.signal?.aborted) this.#control.abort();
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  left(): number {
    return Math.max(0, this.#at - performance.now());
  }

  error(waitedFor: string): Error {
    const { signal, instance } = this.#options;
    if (signal?.aborted) {
      const cause: unknown = signal.reason;
      return new CallError("cancelled", "the caller gave up", "not_dispatched", { cause });
    }
    const message = `${instance.stem} is not ready: the deadline passed while waiting for ${waitedFor}`;
    return new ReachError("deadline_passed", message, { retryable: true });
  }

  /** Waits a little; throws when the time is over. */
  async rest(milliseconds: number, waitedFor: string): Promise<void> {
    try {
      await setTimeout(milliseconds, undefined, { signal: this.signal });
    } catch {
      throw this.error(waitedFor);
    }
  }

  stop(): void {
    this.#stopClock();
    this.#options.signal?.removeEventListener("abort", this.#gone);
  }

  readonly #gone = (): void => this.#control.abort();
}
