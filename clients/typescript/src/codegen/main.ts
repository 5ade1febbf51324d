#!/usr/bin/env node
/** `hallway-codegen NAME`: writes a typed module for a service to standard output. */

import { readFileSync } from "node:fs";
import { argv, stderr, stdout } from "node:process";

import { connect } from "../client/connect.js";
import { type Description, isReserved, readDescriptions } from "../description/description.js";
import { HallwayError } from "../errors.js";
import { toModule } from "./module.js";

const USAGE = `usage: hallway-codegen NAME [SERVICE]         asks the daemon of that name, and starts it if need be
       hallway-codegen --from FILE [SERVICE]  reads what \`hallway.describe\` answered; - is standard input
`;

async function main(args: readonly string[]): Promise<number> {
  const [first, ...others] = args;
  const isFile = first === "--from";
  const [source, service, tooMany] = isFile ? others : args;
  if (source === undefined || tooMany !== undefined || (source.startsWith("-") && !isFile)) {
    stderr.write(USAGE);
    return 2;
  }
  const descriptions = isFile ? fromFile(source) : await fromDaemon(source);
  const name = service ?? (isFile ? undefined : source.split("@")[0]);
  const found = descriptions.filter((each) => (name === undefined ? !isReserved(each.name) : each.name === name));
  const [only] = found;
  if (found.length !== 1 || !only) {
    const there = descriptions.map(({ name }) => name).join(", ");
    stderr.write(`name one of the services: ${there}\n`);
    return 1;
  }
  stdout.write(toModule(only));
  return 0;
}

function fromFile(path: string): Description[] {
  const value: unknown = JSON.parse(readFileSync(path === "-" ? 0 : path, "utf8"));
  return readDescriptions(Array.isArray(value) ? value : [value]);
}

async function fromDaemon(instance: string): Promise<readonly Description[]> {
  const client = await connect(instance);
  await client.close();
  return client.descriptions;
}

try {
  process.exitCode = await main(argv.slice(2));
} catch (error) {
  const code = error instanceof HallwayError ? ` [${error.code}]` : "";
  stderr.write(`${error instanceof Error ? error.message : String(error)}${code}\n`);
  process.exitCode = 1;
}
