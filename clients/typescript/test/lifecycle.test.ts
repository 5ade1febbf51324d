/** Finding daemons and starting them: alone, at the same time as others, and when it goes wrong. */

import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { connect, type ConnectOptions, type Phase, ReachError } from "hallway";

import { ROOT } from "./support/cases.js";
import { notesProgram, run, World } from "./support/world.js";

async function refused(world: World, name: string, options: ConnectOptions = {}): Promise<ReachError> {
  try {
    await connect(name, { env: world.env, ...options });
  } catch (error) {
    assert.ok(error instanceof ReachError, String(error));
    assert.equal(error.outcome, "not_dispatched");
    return error;
  }
  assert.fail("it connected");
}

test("a daemon that does not run is started, as the service file says", async (t) => {
  const world = new World(t);
  const script = world.script("start", `env > ${world.root}/env\nls -l /proc/$$/fd > ${world.root}/fds\nexec ${notesProgram()} daemon notes`);
  world.install("notes", script, [], ["EDITOR"]);
  const env = { ...world.env, EDITOR: "ed", LC_ALL: "C", LD_LIBRARY_PATH: "/x", NODE_OPTIONS: "", SECRET: "s" };
  const notes = await world.connect(t, { env });
  assert.equal((await notes.find({ word: "3" })).length, 1);
  const seen = Object.fromEntries(readFileSync(`${world.root}/env`, "utf8").split("\n").map((line) => line.split("=")));
  assert.equal(seen["HALLWAY_READY"], "1");
  assert.equal(seen["HALLWAY_RUNTIME_DIR"], world.run);
  assert.equal(seen["EDITOR"], "ed");
  assert.equal(seen["LC_ALL"], "C");
  for (const name of ["LD_LIBRARY_PATH", "NODE_OPTIONS", "SECRET"]) assert.equal(seen[name], undefined, name);
  const fds = readFileSync(`${world.root}/fds`, "utf8");
  assert.match(fds, /0 -> \/dev\/null/);
  assert.match(fds, /1 -> socket:/);
  assert.match(fds, /2 -> .*\/state\/hallway\/notes\.log/);
  assert.match(world.log("notes"), /^--- .* start of notes by pid \d+\n/);
  assert.equal(statSync(join(world.root, "state/hallway/notes.log")).mode & 0o777, 0o600);
  assert.equal(statSync(join(world.root, "state/hallway")).mode & 0o777, 0o700);
});

test("a directory that is missing is made, and its path may be long", async (t) => {
  const world = World.withNotes(t);
  const deep = join(world.root, "d".repeat(200));
  mkdirSync(deep, { mode: 0o700 });
  const dir = join(deep, "hallway");
  const notes = await connect("notes", { env: { ...world.env, HALLWAY_RUNTIME_DIR: dir } });
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  assert.ok(existsSync(join(dir, "notes.sock")));
  await notes.call("hallway.stop");
  await notes.close();
});

test("`start: false` never starts", async (t) => {
  const world = World.withNotes(t);
  const error = await refused(world, "notes", { start: false });
  assert.equal(error.code, "not_running");
  assert.match(error.message, new RegExp(`${world.run}/notes.sock`));
  assert.ok(!existsSync(join(world.run, "notes.lock")));
  await world.connect(t);
  const second = await world.connect(t, { start: false });
  await second.close();
  await world.kill();
  assert.equal((await refused(world, "notes", { start: false })).code, "not_running");
});

test("a daemon that cannot start says why at once, in its own words", async (t) => {
  const world = new World(t);
  const phases: Phase[] = [];
  const said = [
    "a library greets you",
    '{"phase":"importing","detail":"inbox.mbox","done":3,"total":18446744073709551615}',
    '{"failed":{"code":"index_locked","message":"the index is used by pid 12"}}',
  ];
  world.install("notes", world.script("fails", `${said.map((line) => `echo '${line}'`).join("\n")}\nexec sleep 60`));
  const before = performance.now();
  const error = await refused(world, "notes", { onPhase: (phase) => phases.push(phase) });
  assert.equal(error.code, "index_locked");
  assert.match(error.message, /the index is used by pid 12/);
  assert.deepEqual(phases, [{ name: "importing", detail: "inbox.mbox", done: 3, total: 2n ** 64n - 1n }]);
  assert.ok(performance.now() - before < 20_000);
});

test("a daemon that dies at the start is quoted", async (t) => {
  const world = new World(t);
  world.install("notes", world.script("dies", "echo 'no such \u001b[31mdisk' >&2\nexit 3"));
  const error = await refused(world, "notes");
  assert.equal(error.code, "daemon_died");
  assert.match(error.message, /exit status: 3/);
  assert.match(error.message, /no such \\u\{1b\}\[31mdisk$/);
  world.install("notes", world.script("killed", "kill -9 $$"));
  assert.match((await refused(world, "notes")).message, /signal: SIGKILL/);
});

test("a daemon that is not ready in time goes on starting", async (t) => {
  const world = new World(t);
  const ready = `echo '{"phase":"waiting"}'\nread line < ${world.root}/go\nexec ${notesProgram()} daemon notes`;
  world.install("notes", world.script("slow", `mkfifo ${world.root}/go\n${ready}`));
  const error = await refused(world, "notes", { within: 3000 });
  assert.equal(error.code, "deadline_passed");
  assert.match(error.message, /last phase: waiting/);
  await run("sh", ["-c", `echo go > ${world.root}/go`]);
  world.install("notes", world.script("not again", "exit 1"));
  const end = Date.now() + 60_000;
  while (!existsSync(join(world.run, "notes.sock"))) {
    assert.ok(Date.now() < end);
    await run("sleep", ["0.02"]);
  }
  await (await connect("notes", { env: world.env, start: false })).close();
});

test("daemons that say that they are ready and do not answer are not believed for ever", async (t) => {
  const world = new World(t);
  const script = world.script("lies", `echo start >> ${world.root}/starts\necho '{"ready":{"pid":1}}'`);
  world.install("notes", script);
  assert.equal((await refused(world, "notes")).code, "unanswered");
  assert.equal(readFileSync(`${world.root}/starts`, "utf8"), "start\n".repeat(3));
});

test("what cannot be executed is named with its file", async (t) => {
  const world = new World(t);
  assert.equal((await refused(world, "notes")).code, "not_installed");
  const file = world.install("notes", join(world.root, "gone"));
  const error = await refused(world, "notes");
  assert.equal(error.code, "cannot_launch");
  for (const part of [file, join(world.root, "gone")]) assert.ok(error.message.includes(part), error.message);
  chmodSync(file, 0o666);
  assert.equal((await refused(world, "notes")).code, "service_file_unsafe");
});

test("a directory that lets others in is refused, and never repaired", async (t) => {
  const world = World.withNotes(t);
  chmodSync(world.run, 0o755);
  const error = await refused(world, "notes");
  assert.equal(error.code, "dir_unsafe");
  assert.match(error.message, /chmod 700/);
  // These are our own words: no daemon was asked.
  assert.ok(!existsSync(join(world.root, "state/hallway")));
  assert.equal(statSync(world.run).mode & 0o777, 0o755);
});

test("a socket of somebody else gets no byte", async (t) => {
  const world = World.withNotes(t);
  const path = join(world.run, "notes.sock");
  let came = 0;
  const server = createServer((socket) => {
    came += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  assert.equal(process.geteuid?.(), 0, "this test gives a file away: run it as root, as in CI");
  chownSync(path, 65_534, 65_534);
  const error = await refused(world, "notes");
  assert.equal(error.code, "server_uid");
  assert.match(error.message, /uid 65534.*nothing was sent/);
  const address = await connect(`unix:${path}`).catch((error: unknown) => error);
  assert.equal((address as ReachError).code, "foreign_peer");
  chownSync(path, 0, 0);
  chmodSync(world.run, 0o777);
  const open = await connect(`unix:${path}`).catch((error: unknown) => error);
  assert.equal((open as ReachError).code, "foreign_peer");
  assert.equal(came, 0);
});

test("many processes at once start one daemon", async (t) => {
  const world = World.withNotes(t);
  const module = join(ROOT, "clients/typescript/dist/src/index.js");
  const program = `
    import { connect } from ${JSON.stringify(module)};
    const notes = await connect("notes", { within: 60_000 });
    const { pid } = await notes.call("hallway.status");
    console.log(pid, (await notes.find({ word: "3" })).length);
    await notes.close();`;
  const node = (): ReturnType<typeof run> => run(process.execPath, ["--input-type=module", "-e", program], { env: world.env });
  for (let round = 0; round < 2; round += 1) {
    const all = await Promise.all(Array.from({ length: 16 }, node));
    for (const { code, stderr } of all) assert.equal(code, 0, stderr);
    const told = new Set(all.map(({ stdout }) => stdout));
    assert.deepEqual([...told], [`${world.pid()} 1\n`]);
    await world.kill();
  }
});

test("an idle client keeps the process alive unless it is let go, and one with an open call does always", async (t) => {
  const world = World.withNotes(t);
  const module = join(ROOT, "clients/typescript/dist/src/index.js");
  const program = (rest: string): string[] => [
    "--input-type=module",
    "-e",
    `import { connect } from ${JSON.stringify(module)}; const notes = await connect("notes"); ${rest}`,
  ];
  const idle = await run(process.execPath, program("notes.unref(); console.log('idle');"), { env: world.env });
  assert.deepEqual(idle, { code: 0, stdout: "idle\n", stderr: "" });
  const busy = "notes.unref(); console.log(await notes.long({ bytes: 3 }));";
  const called = await run(process.execPath, program(busy), { env: world.env });
  assert.deepEqual(called, { code: 0, stdout: "xxx\n", stderr: "" });
  const held = "setTimeout(() => { console.log('held'); process.exit(0) }, 300).unref();";
  assert.equal((await run(process.execPath, program(held), { env: world.env })).stdout, "held\n");
});
