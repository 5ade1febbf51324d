// Holds what `rpc.discover` answers to the official schema of OpenRPC: node openrpc.cjs SOCKET
const assert = require("node:assert");
const net = require("node:net");
const readline = require("node:readline");
const Ajv = require("ajv");
const Ajv2020 = require("ajv/dist/2020");
const official = require("@open-rpc/meta-schema").default;
const ofSchemas = require("@json-schema-tools/meta-schema").default;

function validator() {
  // The two name a draft that knows each other only by name; what they use of it, draft 7 has.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const { $schema: _, ...schemas } = ofSchemas;
  // One writes the other's name without the slash at its end.
  ajv.addSchema(schemas, "https://meta.json-schema.tools");
  const { $schema: __, ...documents } = official;
  return ajv.compile(documents);
}

function at(document, reference) {
  assert(reference.startsWith("#/"), reference);
  const found = reference.slice(2).split("/").reduce((value, name) => value?.[name], document);
  assert(found !== undefined, `${reference} leads nowhere`);
}

function references(value, visit) {
  if (value === null || typeof value !== "object") return;
  if (typeof value.$ref === "string") visit(value.$ref);
  Object.values(value).forEach((inner) => references(inner, visit));
}

async function main() {
  const stream = net.connect(process.argv[2]);
  stream.write('{"jsonrpc":"2.0","id":"discover","method":"rpc.discover"}\n');
  const { value: line } = await readline.createInterface(stream)[Symbol.asyncIterator]().next();
  const { result: document } = JSON.parse(line);

  const valid = validator();
  assert(valid(document), JSON.stringify(valid.errors, null, 2));
  // And it is no schema that everything fits.
  assert(!valid({ ...document, methods: [{ name: "x" }] }));
  assert(!valid({ ...document, methods: [{ name: "x", params: [{ name: "y", schema: { type: 5 } }] }] }));

  let seen = 0;
  references(document, (reference) => {
    if (reference === official.$id) return;
    seen += 1;
    at(document, reference);
  });
  assert(seen > 10, `${seen} references`);

  // Each schema is one that calls can be held to.
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "https://meta.open-rpc.org/" });
  ajv.addSchema({ $id: "document:", components: document.components });
  const whole = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document:#/components/'));
  for (const method of document.methods) {
    for (const { schema } of [...method.params, ...(method.result ? [method.result] : [])]) ajv.compile(whole(schema));
  }

  const search = document.methods.find(({ name }) => name === "mail.search");
  assert.deepStrictEqual(search.params.map(({ name, required }) => [name, required]),
    [["query", true], ["limit", false], ["sort", false]]);
  assert.strictEqual(search.params[1].schema.default, 50);
  const codes = document.methods.flatMap(({ errors = [] }) => errors.map(({ code }) => code));
  assert(codes.length > 5 && codes.every((code) => code === -32000));
  const names = document.methods.map(({ name }) => name);
  for (const name of ["hallway.ping", "hallway.stop", "rpc.discover", "mail.arrivals"]) assert(names.includes(name), name);
  assert.strictEqual(new Set(names).size, names.length);
}

main().then(() => { console.log("all is well"); process.exit(0); }, (error) => { console.error(error); process.exit(1); });
