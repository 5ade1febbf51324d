/** `paths.json`: which names an instance may have, and which directory its socket is in. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { ReachError } from "../../src/errors.js";
import { Env } from "../../src/lifecycle/env.js";
import { Instance } from "../../src/lifecycle/instance.js";
import { runtimePath } from "../../src/lifecycle/runtime_path.js";
import { cases, filesOf, type Members } from "../support/cases.js";

const OUTCOMES = ["service", "instance", "directory", "refused"];

for (const file of filesOf("paths")) {
  for (const { name, members } of cases(file, ["name_of", "env", "make", ...OUTCOMES])) {
    test(`${file}: ${name}`, (t) => {
      const expected = Object.fromEntries(Object.entries(members).filter(([name]) => OUTCOMES.includes(name)));
      assert.deepEqual(outcome(t, members), expected);
    });
  }
}

function outcome(t: TestContext, members: Members): Members {
  try {
    const name = members["name_of"];
    return typeof name === "string" ? parts(name) : { directory: directory(t, members) };
  } catch (error) {
    assert.ok(error instanceof ReachError);
    return { refused: error.code };
  }
}

function parts(text: string): Members {
  const { service, name } = Instance.parse(text);
  return name === undefined ? { service } : { service, instance: name };
}

function directory(t: TestContext, members: Members): string {
  const root = mkdtempSync(join(tmpdir(), "hallway-ts-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [dir, mode] of Object.entries((members["make"] ?? {}) as Record<string, string>)) {
    mkdirSync(join(root, dir));
    chmodSync(join(root, dir), Number.parseInt(mode, 8));
  }
  return runtimePath(new Env(environment(members, root))).path.replace(root, "$ROOT");
}

function environment(members: Members, root: string): Record<string, string> {
  const given = Object.entries((members["env"] ?? {}) as Record<string, string>);
  return Object.fromEntries(given.map(([name, value]) => [name, value.replace("$ROOT", root)]));
}
