/** TypeScript types from JSON Schemas. */

import type { Schema } from "../description/description.js";

/** Names that a type of a service cannot have: the module uses them itself, or the language does. */
const TAKEN = new Set(
  ("Promise Uint8Array hallway any bigint boolean never null number object string symbol undefined unknown void " +
    "break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if import in instanceof new return super switch this throw true try typeof var while with").split(" "),
);

/** Integers that a JavaScript number always holds. */
const SAFE_INTEGERS: readonly unknown[] = ["int8", "int16", "int32", "uint8", "uint16", "uint32"];

/** A name that a type can have. */
export function typeName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=[0-9])|^$/, "_");
  return TAKEN.has(plain) ? `${plain}_` : plain;
}

/** What a property is called, in quotes where it has to be. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A comment for people and editors; nothing if there is nothing to say. */
export function comment(docs: string, indent = ""): string {
  const lines = docs.trim().replaceAll("*/", "*\\/").split("\n");
  if (docs.trim() === "") return "";
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

/** The type of the values that a schema describes. */
export function typeOf(schema: Schema | undefined, indent = ""): string {
  if (schema === undefined || typeof schema === "boolean") return schema === false ? "never" : "unknown";
  const parts = [
    reference(schema["$ref"]),
    literals(schema),
    union(schema["anyOf"], indent),
    union(schema["oneOf"], indent),
    intersection(schema["allOf"], indent),
    ...named(schema, indent),
  ].filter((part) => part !== undefined);
  const [only] = parts;
  if (only === undefined) return "unknown";
  return parts.length === 1 ? only : parts.map(inBrackets).join(" & ");
}

function reference(ref: unknown): string | undefined {
  return typeof ref === "string" && ref.startsWith("#/$defs/") ? typeName(ref.slice("#/$defs/".length)) : undefined;
}

function literals(schema: Exclude<Schema, boolean>): string | undefined {
  const choices = "const" in schema ? [schema["const"]] : schema["enum"];
  if (!Array.isArray(choices)) return undefined;
  return unique(choices.map((choice) => (isLiteral(choice) ? JSON.stringify(choice) : "unknown"))).join(" | ");
}

function isLiteral(value: unknown): boolean {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function union(choices: unknown, indent: string): string | undefined {
  if (!Array.isArray(choices)) return undefined;
  const types = unique(choices.map((each) => typeOf(toSchema(each), indent)));
  // A plain `string` would swallow the known names, and no editor would offer them.
  const isOpen = types.some((type) => type.startsWith('"'));
  return types.map((type) => (isOpen ? type.replace(/^string\b/, "(string & {})") : type)).join(" | ");
}

function intersection(all: unknown, indent: string): string | undefined {
  if (!Array.isArray(all)) return undefined;
  return unique(all.map((each) => inBrackets(typeOf(toSchema(each), indent)))).join(" & ");
}

/** By the keyword `type`, unless the values are listed one by one. */
function named(schema: Exclude<Schema, boolean>, indent: string): string[] {
  if ("const" in schema || "enum" in schema) return [];
  const { type } = schema;
  const hasMembers = "properties" in schema || "additionalProperties" in schema;
  const names: unknown[] = Array.isArray(type) ? type : [type ?? (hasMembers ? "object" : undefined)];
  const types = names.map((name) => ofType(name, schema, indent)).filter((found) => found !== undefined);
  return types.length === 0 ? [] : [unique(types).join(" | ")];
}

function ofType(name: unknown, schema: Exclude<Schema, boolean>, indent: string): string | undefined {
  switch (name) {
    case "string":
      return schema["contentEncoding"] === "base64" ? "Uint8Array" : "string";
    case "integer":
      return SAFE_INTEGERS.includes(schema["format"]) ? "number" : "hallway.Integer64";
    case "number":
    case "boolean":
    case "null":
      return name;
    case "array":
      return list(schema, indent);
    case "object":
      return object(schema, indent);
    default:
      return undefined;
  }
}

function list({ prefixItems, items }: { readonly [keyword: string]: unknown }, indent: string): string {
  const others = items === undefined ? "unknown" : typeOf(toSchema(items), indent);
  if (!Array.isArray(prefixItems)) return `${inBrackets(others)}[]`;
  const first = prefixItems.map((each) => typeOf(toSchema(each), indent));
  const rest = items === undefined || items === false ? [] : [`...${inBrackets(others)}[]`];
  return `[${[...first, ...rest].join(", ")}]`;
}

function object(schema: Exclude<Schema, boolean>, indent: string): string {
  const properties = Object.entries(isObject(schema["properties"]) ? schema["properties"] : {});
  const required: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const others = schema["additionalProperties"];
  const map = isObject(others) ? `{ [name: string]: ${typeOf(toSchema(others), indent)} }` : undefined;
  if (properties.length === 0) return map ?? "{ [name: string]: unknown }";
  const members = properties.map(([name, each]) => {
    const schema = toSchema(each);
    const inner = `${indent}  `;
    const optional = required.includes(name) ? "" : "?";
    return `${docsOf(schema, inner)}${inner}${propertyName(name)}${optional}: ${typeOf(schema, inner)};\n`;
  });
  const body = `{\n${members.join("")}${indent}}`;
  return map === undefined ? body : `${body} & ${map}`;
}

function docsOf(schema: Schema, indent: string): string {
  const docs = typeof schema === "boolean" ? undefined : schema["description"];
  return typeof docs === "string" ? comment(docs, indent) : "";
}

function inBrackets(type: string): string {
  return /^[A-Za-z0-9_$.]+(\[\])*$/.test(type) ? type : `(${type})`;
}

function toSchema(value: unknown): Schema {
  return typeof value === "boolean" || isObject(value) ? value : true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unique(types: string[]): string[] {
  return [...new Set(types)];
}
