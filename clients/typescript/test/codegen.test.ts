/** Types from descriptions: of a live daemon, and of schemas that are hard to say in TypeScript. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { toModule } from "../src/codegen/module.js";
import { type Description, readDescriptions } from "../src/description/description.js";
import { ROOT } from "./support/cases.js";
import { run, World } from "./support/world.js";

const PACKAGE = join(ROOT, "clients/typescript");
const MAIN = join(PACKAGE, "dist/src/codegen/main.js");

test("what the tests use is what the daemon describes", async (t) => {
  const world = World.withNotes(t);
  const written = await run(process.execPath, [MAIN, "notes"], { env: world.env });
  const path = join(PACKAGE, "test/support/notes.ts");
  assert.equal(written.stdout, readFileSync(path, "utf8"), `write it anew: node dist/src/codegen/main.js notes > ${path}`);

  const notes = await world.connect(t);
  const all = (await notes.call("hallway.describe")) as Description[];
  // With the one service that is not of every daemon, no name is needed.
  const description = JSON.stringify(all.filter(({ name }) => name !== "mesh"));
  const fromFile = await run(process.execPath, [MAIN, "--from", "-"], { env: world.env, input: description });
  assert.equal(fromFile.stdout, written.stdout);
  const one = await run(process.execPath, [MAIN, "--from", "-", "hallway"], { env: world.env, input: description });
  assert.match(one.stdout, /export interface Hallway \{/);
});

test("what cannot be written is told", async (t) => {
  const world = World.withNotes(t);
  const usage = await run(process.execPath, [MAIN], { env: world.env });
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /^usage: hallway-codegen NAME/);
  const gone = await run(process.execPath, [MAIN, "gone"], { env: world.env });
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /\[not_installed\]\n$/);
  const none = await run(process.execPath, [MAIN, "notes", "news"], { env: world.env });
  assert.match(none.stderr, /^name one of the services: .*notes/);
});

test("a module is as `hallway codegen typescript` writes it", () => {
  const golden = (name: string) => readFileSync(join(ROOT, "clients/codegen", name), "utf8");
  const [description] = readDescriptions([JSON.parse(golden("odd.json"))]);
  assert.ok(description);
  assert.equal(toModule(description), golden("odd.ts"));
});

const HARD: Description[] = readDescriptions([
  {
    name: "hard-one",
    version: "3.1",
    docs: "Ends */ too early.",
    methods: [
      {
        name: "with-dash",
        kind: "unary",
        params: [{ name: "delete", schema: { type: "string" }, required: true }, { name: "2", schema: true }],
        result: { $ref: "#/$defs/Tree" },
        errors: [{ code: "a-b", docs: "", retryable: false }],
      },
      { name: "told", kind: "notification", params: [], result: false },
      { name: "newer", kind: "telepathy", params: [], result: { enum: ["a", 1, null, { b: 1 }] } },
    ],
    $defs: {
      Tree: {
        type: "object",
        properties: {
          left: { anyOf: [{ $ref: "#/$defs/Tree" }, { type: "null" }] },
          "odd name": { type: ["integer", "null"], format: "int32" },
          big: { type: "integer", format: "int64" },
          pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false },
          many: { type: "array", items: { oneOf: [{ const: "x" }, { type: "boolean" }] } },
          map: { type: "object", additionalProperties: { contentEncoding: "base64", type: "string" } },
        },
        required: ["big"],
      },
      Open: {
        anyOf: [
          { type: "string", const: "waiting" },
          { type: "object", properties: { running: { type: "number" } }, required: ["running"] },
          { type: ["string", "object"], description: "What a newer peer may say." },
        ],
      },
      HardOne: { allOf: [{ $ref: "#/$defs/Promise" }, { type: "object", properties: { kind: { const: "k" } } }] },
      Promise: { type: "object" },
      "Of<T>": { type: "array" },
    },
  },
]);

test("schemas that are hard to say compile under every strict flag", async (t) => {
  const [description] = HARD;
  assert.ok(description);
  const module = toModule(description);
  for (const part of [
    "export interface HardOneService {",
    "export type Promise_ =",
    "export type Of_T_ = unknown[];",
    '"with-dash"(params: {',
    "left?: Tree | null;",
    '"odd name"?: number | null;',
    "big: hallway.Integer64;",
    "pair?: [string, number];",
    'many?: ("x" | boolean)[];',
    "map?: { [name: string]: Uint8Array };",
    '"a-b": undefined;',
    'export type Open = "waiting" | {\n  running: number;\n} | (string & {}) | { [name: string]: unknown };',
    "told(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<void>;",
    "Ends *\\/ too early.",
  ]) {
    assert.ok(module.includes(part), `no ${part} in\n${module}`);
  }
  const dir = join(PACKAGE, "dist/codegen-test");
  mkdirSync(dir, { recursive: true });
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "hard.ts"), module);
  const use = 'import type { HardOneService, Open, Tree } from "./hard.js";\nexport declare const s: HardOneService;\n' +
    'export const tree: Promise<Tree> = s["with-dash"]({ delete: "x" });\nexport const big: Promise<bigint | number> = tree.then((t) => t.big);\n' +
    'export const open: Open[] = ["waiting", "paused", { running: 1 }, { paused: { until: 3 } }];\n';
  writeFileSync(join(dir, "use.ts"), use);
  writeFileSync(join(dir, "odd.ts"), readFileSync(join(ROOT, "clients/codegen/odd.ts")));
  writeFileSync(join(dir, "tsconfig.json"), '{ "extends": "../../tsconfig.json", "compilerOptions": { "noEmit": true }, "include": ["."], "exclude": [] }');
  const compiled = await run(process.execPath, [join(PACKAGE, "node_modules/typescript/bin/tsc"), "-p", dir], {});
  assert.equal(compiled.code, 0, compiled.stdout);
});
