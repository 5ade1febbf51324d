/** A TypeScript module from a service's description: its types, its methods, the codes by which it says no. */

import type { Description, Method, Param, Schema } from "../description/description.js";
import { comment, propertyName, typeName, typeOf } from "./types.js";

/** Writes the module. */
export function toModule(description: Description): string {
  const { name, version, types } = description;
  const service = serviceName(description);
  const body = [
    ...Object.entries(types).map(([name, schema]) => toType(name, schema)),
    toErrors(description, service),
    toInterface(description, service),
  ].join("\n");
  const from = `${name} ${version}`;
  const head = `// Written by hallway-codegen from the description of ${from}. Not to be edited: write it anew.\n`;
  const uses = body.includes("hallway.") ? '\nimport type * as hallway from "hallway";\n' : "";
  return `${head}${uses}\n${body}`;
}

/** `mail-search` is `MailSearch`; where a type has that name, `MailSearchService`. */
function serviceName({ name, types }: Description): string {
  const words = name.split(/[^a-z0-9]+/).filter(Boolean);
  const joined = typeName(words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(""));
  const taken = Object.keys(types).map(typeName);
  return [joined, `${joined}Errors`].some((name) => taken.includes(name)) ? `${joined}Service` : joined;
}

function toType(name: string, schema: Schema): string {
  const docs = typeof schema === "object" && typeof schema["description"] === "string" ? schema["description"] : "";
  return `${comment(docs)}export type ${typeName(name)} = ${typeOf(schema)};\n`;
}

function toErrors({ methods }: Description, service: string): string {
  const codes = new Map(methods.flatMap(({ errors }) => errors.map((error) => [error.code, error])));
  if (codes.size === 0) return "";
  const members = [...codes.values()].map(({ code, docs, details }) => {
    const type = details === undefined ? "undefined" : typeOf(details, "  ");
    return `${comment(docs, "  ")}  ${propertyName(code)}: ${type};\n`;
  });
  const docs = `How ${service} says no: the \`code\` of a \`ServiceError\`, and what its \`details\` are.`;
  return `${comment(docs)}export interface ${service}Errors {\n${members.join("")}}\n`;
}

function toInterface({ docs, methods }: Description, service: string): string {
  const members = methods.map(toMethod).join("\n");
  return `${comment(docs)}export interface ${service} {\n${members}}\n`;
}

function toMethod(method: Method): string {
  const { name, docs, errors, params } = method;
  const no = errors.map(({ code, docs }) => `@throws \`${code}\`: ${docs}`.trimEnd());
  const words = comment([docs, no.join("\n")].filter(Boolean).join("\n\n"), "  ");
  const optional = params.some(({ required }) => required) ? "" : "?";
  const { options, result } = answers(method);
  return `${words}  ${propertyName(name)}(params${optional}: ${toParams(params)}, options?: ${options}): ${result};\n`;
}

function toParams(params: readonly Param[]): string {
  if (params.length === 0) return "{ [name: string]: never }";
  const members = params.map(({ name, docs, schema, required, default: standard }) => {
    const words = standard === undefined ? docs : `${docs}\n\n${JSON.stringify(standard)} if not given.`;
    const type = typeOf(schema, "    ");
    const declared = required ? `: ${type}` : `?: ${type} | undefined`;
    return `${comment(words, "    ")}    ${propertyName(name)}${declared};\n`;
  });
  return `{\n${members.join("")}  }`;
}

function answers({ kind, result }: Method): { options: string; result: string } {
  const type = typeOf(result, "  ");
  switch (kind) {
    case "stream":
      return { options: "hallway.StreamOptions", result: `hallway.Stream<${type}>` };
    case "subscription":
      return { options: "hallway.SubscribeOptions", result: `hallway.Stream<hallway.Event<${type}>>` };
    case "notification":
      return { options: "hallway.CallOptions", result: "Promise<void>" };
    default:
      return { options: "hallway.CallOptions", result: `Promise<${type}>` };
  }
}
