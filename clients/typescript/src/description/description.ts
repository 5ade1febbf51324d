/** What a service offers: the answer of `hallway.describe`, and the source of everything dynamic. */

/** A JSON Schema (2020-12). */
export type Schema = boolean | { readonly [keyword: string]: unknown };

/** A service. */
export interface Description {
  readonly name: string;
  /** `major.minor`; a client of another major version does not fit. */
  readonly version: string;
  readonly docs: string;
  readonly methods: readonly Method[];
  /** The named types that schemas refer to as `#/$defs/NAME`. */
  readonly types: Readonly<Record<string, Schema>>;
}

/** A method. */
export interface Method {
  readonly name: string;
  readonly docs: string;
  /** How it answers: `unary`, `stream`, `subscription`, `notification`, or in a way that is not known here. */
  readonly kind: string;
  /** Whether running it twice is the same as once. */
  readonly idempotent: boolean;
  readonly params: readonly Param[];
  /** Of the result, or of one element. */
  readonly result: Schema;
  readonly errors: readonly ErrorCode[];
}

/** A parameter. */
export interface Param {
  readonly name: string;
  readonly docs: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly default?: unknown;
}

/** One way to say no. */
export interface ErrorCode {
  readonly code: string;
  readonly docs: string;
  readonly retryable: boolean;
  readonly details?: Schema | undefined;
}

/** A description is not as `spec/wire.md` says. */
export class BadDescription extends Error {
  override name = "BadDescription";
}

/** Whether a service is one of those that every daemon has, and not what this one is there for. */
export function isReserved(service: string): boolean {
  return service === "hallway" || service.startsWith("hallway.");
}

/** Reads the answer of `hallway.describe`. Unknown members are ignored. Throws `BadDescription`. */
export function readDescriptions(value: unknown): Description[] {
  return list("the description", value).map((each) => {
    const service = members("a service", each);
    return {
      name: text("name", service["name"]),
      version: text("version", service["version"]),
      docs: text("docs", service["docs"] ?? ""),
      methods: list("methods", service["methods"]).map(readMethod),
      types: members("$defs", service["$defs"] ?? {}) as Record<string, Schema>,
    };
  });
}

function readMethod(value: unknown): Method {
  const method = members("a method", value);
  return {
    name: text("name", method["name"]),
    docs: text("docs", method["docs"] ?? ""),
    kind: text("kind", method["kind"]),
    idempotent: method["idempotent"] === true,
    params: list("params", method["params"] ?? []).map(readParam),
    result: schema(method["result"]),
    errors: list("errors", method["errors"] ?? []).map(readError),
  };
}

function readParam(value: unknown): Param {
  const param = members("a parameter", value);
  return {
    name: text("name", param["name"]),
    docs: text("docs", param["docs"] ?? ""),
    schema: schema(param["schema"]),
    required: param["required"] === true,
    ...("default" in param && { default: param["default"] }),
  };
}

function readError(value: unknown): ErrorCode {
  const error = members("an error", value);
  return {
    code: text("code", error["code"]),
    docs: text("docs", error["docs"] ?? ""),
    retryable: error["retryable"] === true,
    details: error["details"] === undefined ? undefined : schema(error["details"]),
  };
}

/** Anything that is no schema says nothing, which is the schema `true`. */
function schema(value: unknown): Schema {
  const isSchema = typeof value === "boolean" || (typeof value === "object" && value !== null && !Array.isArray(value));
  return isSchema ? (value as Schema) : true;
}

function members(what: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadDescription(`${what} is no object`);
}

function list(what: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BadDescription(`${what} is no list`);
}

function text(what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new BadDescription(`${what} is no text`);
}
