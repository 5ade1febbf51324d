/** A user of their own for one test: directories, service files, daemons; all gone at the end. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";

import { connect, type Connected, type ConnectOptions } from "hallway";

import { ROOT } from "./cases.js";
import type { Notes } from "./notes.js";

/** How long a test waits for what has to come, in milliseconds. */
export const PATIENCE_MS = 60_000;

/** The daemon that the tests talk to. */
export function notesProgram(): string {
  const program = process.env["HALLWAY_NOTES"] ?? join(ROOT, "target/debug/hallway-notes");
  assert.ok(existsSync(program), `${program} is missing: cargo build -p hallway-clients`);
  return program;
}

export class World {
  readonly root = mkdtempSync(join(tmpdir(), "hallway-ts-"));
  readonly run = join(this.root, "run");
  readonly env: Record<string, string>;

  constructor(t: TestContext) {
    for (const dir of ["run", "home", "data", "data/hallway", "data/hallway/services", "state"]) {
      mkdirSync(join(this.root, dir), { mode: 0o700 });
    }
    this.env = {
      HOME: join(this.root, "home"),
      PATH: process.env["PATH"] ?? "",
      HALLWAY_RUNTIME_DIR: this.run,
      XDG_DATA_HOME: join(this.root, "data"),
      XDG_STATE_HOME: join(this.root, "state"),
    };
    t.after(async () => {
      await this.#stopDaemons();
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  /** A world in which `notes` is installed. */
  static withNotes(t: TestContext): World {
    const world = new World(t);
    world.install("notes", notesProgram(), ["daemon", "notes"]);
    return world;
  }

  /** Writes the service file of an instance. */
  install(instance: string, program: string, args: string[] = [], env: string[] = []): string {
    const path = join(this.root, "data/hallway/services", `${instance}.json`);
    const service = instance.split("@")[0];
    writeFileSync(path, JSON.stringify({ service, program, args, env }), { mode: 0o600 });
    return path;
  }

  /** Writes a program of the shell's. */
  script(name: string, text: string): string {
    const path = join(this.root, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o700);
    return path;
  }

  async connect(t: TestContext, options: ConnectOptions = {}): Promise<Connected<Notes>> {
    const client = await connect<Notes>("notes", { env: this.env, ...options });
    t.after(() => client.close());
    return client;
  }

  /** What the log of an instance says. */
  log(instance: string): string {
    return readFileSync(join(this.root, "state/hallway", `${instance}.log`), "utf8");
  }

  /** The process that serves an instance. */
  pid(instance = "notes"): number {
    const record = JSON.parse(readFileSync(join(this.run, `${instance}.json`), "utf8")) as { pid: number };
    return record.pid;
  }

  /** Kills the daemon of an instance, and waits until its socket refuses. */
  async kill(instance = "notes"): Promise<void> {
    const pid = this.pid(instance);
    process.kill(pid, "SIGKILL");
    await gone(pid);
  }

  async #stopDaemons(): Promise<void> {
    if (!existsSync(join(this.run, "notes.json"))) return;
    const pid = this.pid();
    if (isAlive(pid)) process.kill(pid, "SIGTERM");
    await gone(pid);
  }
}

/** Waits until a process has gone: nothing tells of one that is nobody's child. */
async function gone(pid: number): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (isAlive(pid)) {
    assert.ok(Date.now() < end, `process ${pid} does not end`);
    await setTimeout(5);
  }
}

function isAlive(pid: number): boolean {
  try {
    // The third word is the state; a zombie is gone.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^\S+ \(.*\) Z/.test(stat);
  } catch {
    return false;
  }
}

/** Starts a process and collects what it says. */
export async function run(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string; cwd?: string } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(program, args, { env: options.env ?? process.env, cwd: options.cwd, stdio: "pipe" });
  // A program may end before it has read anything.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, stdout: await stdout, stderr: await stderr };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = "";
  for await (const piece of stream) all += String(piece);
  return all;
}

/** A server of one conversation, on two sockets and on TCP; it ends with the test. */
export class Pad {
  private constructor(
    readonly socket: string,
    readonly port: number,
    readonly child: ChildProcess,
  ) {}

  /** `also` names services beside the pad of notes. */
  static async start(t: TestContext, world: World, also: readonly string[] = []): Promise<Pad> {
    const socket = join(world.run, "pad.sock");
    const child = spawn(notesProgram(), ["serve", socket, ...also], { stdio: ["pipe", "pipe", "ignore"] });
    const ended = new Promise((resolve) => child.once("close", resolve));
    t.after(async () => {
      child.stdin.end();
      await ended;
    });
    let said = "";
    for await (const piece of child.stdout) {
      said += String(piece);
      if (said.includes("\n")) break;
    }
    const port = Number(said);
    assert.ok(port > 0, `no port: ${said}`);
    return new Pad(socket, port, child);
  }
}
