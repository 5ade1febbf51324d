/** Every example of the README runs, in a directory like a reader's, and says what the README says. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { blocks } from "./support/blocks.js";
import { ROOT } from "./support/cases.js";
import { run, World } from "./support/world.js";

const PACKAGE = join(ROOT, "clients/typescript");
const TSC = join(PACKAGE, "node_modules/typescript/bin/tsc");
const STRICT = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals"];
const NODE = ["--module", "nodenext", "--target", "es2022", "--lib", "es2024", "--types", "node"];

test("the README's examples", async (t) => {
  const world = World.withNotes(t);
  const dir = join(world.root, "mine");
  mkdirSync(dir);
  const env = { ...world.env, HALLWAY: ROOT, npm_config_audit: "false", npm_config_fund: "false" };
  const found = blocks(join(PACKAGE, "README.md"));
  // The first one shows what the reader is about to get, and needs what is set up after it.
  const setup = found.findIndex(({ language }) => language === "sh");
  const ordered = [...found.slice(setup, setup + 1), ...found.slice(0, setup), ...found.slice(setup + 1)];
  const kinds = new Map<string, number>();
  let said: string | undefined;
  for (const { language, text } of ordered) {
    kinds.set(language, (kinds.get(language) ?? 0) + 1);
    if (language === "text") {
      assert.equal(said, text);
      said = undefined;
      continue;
    }
    assert.equal(said ?? "", "", "what an example says is not in the README");
    said = await example(dir, env, language, text);
    if (language === "sh") said = undefined;
  }
  assert.deepEqual(Object.fromEntries(kinds), { sh: 2, js: 5, ts: 1, text: 6 });
});

async function example(dir: string, env: Record<string, string>, language: string, text: string): Promise<string> {
  if (language === "sh") return command("sh", ["-ec", text], dir, env);
  const [, name] = /^\/\/ (\S+)\n/.exec(text) ?? [];
  assert.ok(name, `an example without a name:\n${text}`);
  writeFileSync(join(dir, name), text);
  if (language === "js") return command(process.execPath, [name], dir, env);
  assert.equal(language, "ts");
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  const types = ["--typeRoots", join(PACKAGE, "node_modules/@types")];
  await command(process.execPath, [TSC, ...STRICT, ...NODE, ...types, name], dir, env);
  return command(process.execPath, [name.replace(/ts$/, "js")], dir, env);
}

async function command(program: string, args: string[], cwd: string, env: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, { env, cwd });
  assert.equal(code, 0, `${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
