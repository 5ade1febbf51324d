/** Starting a daemon's process and listening to it until it serves. */

import { type ChildProcess, spawn } from "node:child_process";

import { ReachError } from "../errors.js";
import type { Env } from "./env.js";
import type { Instance } from "./instance.js";
import type { OpenDir } from "./open_dir.js";
import type { ServiceFile } from "./service_file.js";
import { logPath, StartLog } from "./start_log.js";
import { type Phase, type Word, Words } from "./words.js";

/** How long a daemon that closed its channel without a word has to end, so that the error can tell how it ended. */
const EXIT_GRACE_MS = 1000;

/** What a launch needs to know. */
export interface Launch {
  env: Env;
  dir: OpenDir;
  instance: Instance;
  file: ServiceFile;
  /** The file's path, for people. */
  named: string;
  /** When the caller stops waiting. */
  deadline: Deadline;
  onPhase: (phase: Phase) => void;
}

/** A moment that the caller waits for at the longest. */
export interface Deadline {
  /** Milliseconds until then. */
  left(): number;
  /** Aborted when it has come, or the caller has gone. */
  readonly signal: AbortSignal;
  /** What to tell of a deadline that passed, or of a caller that went. */
  error(waitedFor: string): Error;
}

/** A daemon that was started and has closed its channel without a last word. */
export interface Silent {
  /** The error that tells how it ended, and what its log says since this start. */
  died(): Promise<ReachError>;
}

/**
 * Starts the daemon and listens until its last word: `undefined`, if it says that somebody serves.
 *
 * Node cannot lock a file, so nothing is handed down as the start lock: the daemon takes it itself, and leaves if
 * another one serves.
 */
export async function launch(launch: Launch): Promise<Silent | undefined> {
  const { env, dir, instance, file } = launch;
  const path = logPath(env, instance);
  const log = new StartLog(path, `${instance.stem} by pid ${process.pid}`);
  let child: ChildProcess;
  try {
    child = spawn(file.program, file.args, {
      env: { ...env.forDaemon(file.env), HALLWAY_RUNTIME_DIR: dir.path, HALLWAY_READY: "1" },
      stdio: ["ignore", "pipe", log.fd ?? "ignore"],
      detached: true,
    });
    await spawned(child);
  } catch (error) {
    throw cannotLaunch(launch, error);
  } finally {
    log.close();
  }
  const ended = exit(child);
  try {
    if (await listen(child, launch, path)) return undefined;
  } finally {
    child.stdout?.destroy();
    // It outlives this process; if it dies before, Node reaps it.
    child.unref();
  }
  return {
    died: async () => {
      const how = await soon(ended, Math.min(EXIT_GRACE_MS, launch.deadline.left()));
      const ending = how ?? "it closed its start-up channel and does not serve";
      const words = `the daemon of ${instance.stem} gave up while starting (${ending})`;
      return new ReachError("daemon_died", `${words}; its log, ${path}, ends:\n${log.tail()}`);
    },
  };
}

/** Whether the last word was that somebody serves; `false` if there was none. */
async function listen(child: ChildProcess, launch: Launch, log: string): Promise<boolean> {
  const { instance, deadline, onPhase } = launch;
  const words = new Words();
  const { stdout } = child;
  if (!stdout) return false;
  stdout.setEncoding("utf8");
  let last = "";
  const hear = (word: Word): boolean => {
    if (word.kind === "failed") {
      const message = `the daemon of ${instance.stem} cannot start: ${word.message} (log: ${log})`;
      throw new ReachError(word.code || "daemon_died", message);
    }
    if (word.kind === "phase") {
      last = ` (last phase: ${word.phase.name})`;
      onPhase(word.phase);
    }
    return word.kind === "ready";
  };
  return new Promise<boolean>((resolve, reject) => {
    const late = (): void => reject(deadline.error(`its daemon to start${last} (log: ${log})`));
    const take = (heard: Word[]): void => {
      try {
        if (heard.some(hear)) resolve(true);
      } catch (error) {
        reject(error as Error);
      }
    };
    if (deadline.signal.aborted) return late();
    deadline.signal.addEventListener("abort", late, { once: true });
    stdout.on("data", (text: string) => take(words.receive(text)));
    // Reset by a daemon that closed it with something unread.
    stdout.on("error", () => resolve(false));
    stdout.on("close", () => {
      take(words.end());
      resolve(false);
    });
  });
}

async function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}

function cannotLaunch({ instance, file, named }: Launch, error: unknown): ReachError {
  const reason = error instanceof Error ? error.message : String(error);
  const message =
    `cannot start ${file.program} as the daemon of ${instance.stem}: ${reason}; ${named} names it: run the service's ` +
    `program once from where it is now, or remove ${named}`;
  return new ReachError("cannot_launch", message, { cause: error });
}

/** How the process ended, in words. */
async function exit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `exit status: ${code}` : `signal: ${signal}`));
  });
}

async function soon<T>(something: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, milliseconds, undefined)));
  try {
    return await Promise.race([something, late]);
  } finally {
    clearTimeout(timer);
  }
}
