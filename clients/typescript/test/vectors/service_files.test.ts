/** `service-files.json`: where an instance's service file is, and what it says. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { ReachError } from "../../src/errors.js";
import { Env } from "../../src/lifecycle/env.js";
import { Instance } from "../../src/lifecycle/instance.js";
import { readServiceFile, serviceFilePath } from "../../src/lifecycle/service_file.js";
import { bytes, cases, filesOf, type Members } from "../support/cases.js";

const KNOWN = ["instance", "env", "path", "says", "refused", "text", "directory", "modes", "link"];

for (const file of filesOf("service_files")) {
  for (const { name, members } of cases(file, KNOWN)) {
    test(`${file}: ${name}`, (t) => {
      const root = mkdtempSync(join(tmpdir(), "hallway-ts-"));
      t.after(() => rmSync(root, { recursive: true }));
      const instance = Instance.parse(members["instance"] as string);
      if (members["path"] !== undefined) return assert.equal(place(members, instance, root), members["path"]);
      make(members, instance, root);
      if (members["refused"] === undefined) return assert.deepEqual(says(instance, root), members["says"]);
      assert.equal(members["says"], undefined);
      assert.throws(
        () => says(instance, root),
        (error: unknown) => error instanceof ReachError && error.code === members["refused"],
      );
    });
  }
}

function place(members: Members, instance: Instance, root: string): string {
  const given = Object.entries(members["env"] as Record<string, string>);
  const env = Object.fromEntries(given.map(([name, value]) => [name, value.replace("$ROOT", root)]));
  return serviceFilePath(new Env(env), instance).replace(root, "$ROOT");
}

function make(members: Members, instance: Instance, root: string): void {
  const at = (name: string): string => join(root, name);
  for (const dir of ["hallway", "hallway/services"]) mkdirSync(at(dir), { mode: 0o700 });
  if (members["text"] !== undefined) {
    writeFileSync(at(`hallway/services/${instance.stem}.json`), bytes(members["text"]), { mode: 0o600 });
  }
  if (members["directory"] !== undefined) mkdirSync(at(members["directory"] as string));
  for (const [name, mode] of Object.entries((members["modes"] ?? {}) as Record<string, string>)) {
    chmodSync(at(name), Number.parseInt(mode, 8));
  }
  if (members["link"] !== undefined) {
    renameSync(at(members["link"] as string), at("elsewhere"));
    symlinkSync(at("elsewhere"), at(members["link"] as string));
  }
}

/** What the file says, without what is empty. */
function says(instance: Instance, root: string): object {
  const file = readServiceFile(new Env({ XDG_DATA_HOME: root }), instance);
  return Object.fromEntries(Object.entries(file).filter(([, value]) => value.length > 0));
}
