/** How every file of `spec/vectors` is read. The format is described in `spec/vectors/README.md`. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository, seen from `dist/test/support`. */
export const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));

/** Every file, by the runner that it belongs to. */
const FILES: Record<string, string> = {
  "admin.json": "conversations",
  "envelope.json": "messages",
  "errors.json": "conversations",
  "framing.json": "framing",
  "hello.json": "conversations",
  "hostile-server.json": "hostile_server",
  "json-edge.json": "messages",
  "jsonrpc.json": "conversations",
  "msgpack.json": "not_applicable",
  "newer.json": "conversations",
  "paths.json": "paths",
  "recognition.json": "recognition",
  "restricted.json": "conversations",
  "service-files.json": "service_files",
  "sidecar.json": "conversations",
  "starting.json": "not_applicable",
};

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Members = { [name: string]: Json };

/** One case: its name, and the members that its runner knows. */
export interface Case {
  name: string;
  members: Members;
}

/** The names of the files that belong to a runner. */
export function filesOf(runner: string): string[] {
  return Object.keys(FILES).filter((file) => FILES[file] === runner);
}

/** The files that there are. */
export function filesThere(): string[] {
  return readdirSync(`${ROOT}spec/vectors`).filter((file) => file !== "README.md");
}

export function filesKnown(): string[] {
  return Object.keys(FILES);
}

/** The cases of a file. A member that is not `known`, no case, or two of one name are mistakes. */
export function cases(file: string, known: readonly string[]): Case[] {
  const parsed = JSON.parse(readFileSync(`${ROOT}spec/vectors/${file}`, "utf8")) as Members;
  assert.deepEqual(Object.keys(parsed), ["about", "cases"], `${file} has other members`);
  const all = parsed["cases"] as Members[];
  assert.ok(all.length > 0, `${file} holds no case`);
  const names = new Set<string>();
  return all.map((members) => {
    const name = members["name"];
    assert.equal(typeof name, "string", `${file}: a case without a name`);
    assert.ok(!names.has(name as string), `${file}: two cases are called ${String(name)}`);
    names.add(name as string);
    for (const member of Object.keys(members)) {
      assert.ok(member === "name" || known.includes(member), `${file}: ${String(name)}: unknown member ${member}`);
    }
    return { name: name as string, members };
  });
}

/** Bytes, in any of the four ways in which a case writes them. */
export function bytes(written: Json | undefined): Buffer {
  if (typeof written === "string") return Buffer.from(written);
  if (Array.isArray(written)) return Buffer.concat(written.map(bytes));
  assert.ok(written !== null && typeof written === "object", "no bytes");
  const names = Object.keys(written).join();
  if (names === "hex") {
    const digits = (written["hex"] as string).replace(/\s/g, "");
    assert.match(digits, /^([0-9a-f]{2})*$/);
    return Buffer.from(digits, "hex");
  }
  assert.equal(names, "repeat,times");
  const repeated = bytes(written["repeat"]);
  const times = written["times"] as number;
  return Buffer.alloc(repeated.length * times, repeated);
}
