// The JSON-RPC library of editors, as one uses it: node vscode-jsonrpc.cjs SOCKET MBOX
const assert = require("node:assert");
const net = require("node:net");
const rpc = require("vscode-jsonrpc/node");

const [socket, mbox] = process.argv.slice(2);
const stream = net.connect(socket);
const daemon = rpc.createMessageConnection(new rpc.StreamMessageReader(stream), new rpc.StreamMessageWriter(stream));

async function refusal(request) {
  const error = await request.then((value) => assert.fail(`answered: ${JSON.stringify(value)}`), (error) => error);
  assert(error instanceof rpc.ResponseError, error);
  return error;
}

async function main() {
  daemon.listen();

  // By position, by name, and without any parameter.
  assert.strictEqual(await daemon.sendRequest("mail.count", "from:alice is:unread"), 10);
  const found = await daemon.sendRequest("mail.search", { query: "from:alice is:unread", limit: 3 });
  assert.strictEqual(found.length, 3);
  assert.strictEqual(await daemon.sendRequest("hallway.ping"), null);
  const byPosition = new rpc.RequestType2("mail.search");
  assert.strictEqual((await daemon.sendRequest(byPosition, "from:alice", 2)).length, 2);

  // The service says no, and so does the protocol.
  const no = await refusal(daemon.sendRequest("mail.search", { query: "roof from:" }));
  assert.deepStrictEqual([no.code, no.data.code, no.data.details.column], [-32000, "bad_query", 6]);
  const unknown = await refusal(daemon.sendRequest("mail.serach", { query: "" }));
  assert.strictEqual(unknown.code, rpc.ErrorCodes.MethodNotFound);
  assert.match(unknown.message, /did you mean `search`/);
  const unfit = await refusal(daemon.sendRequest(byPosition, "from:alice", "many"));
  assert.strictEqual(unfit.code, rpc.ErrorCodes.InvalidParams);
  assert.match(unfit.message, /`limit`/);

  // Progress by a token, as in the Language Server Protocol.
  const kinds = [];
  const progress = new rpc.ProgressType();
  const told = daemon.onProgress(progress, "the import", (value) => kinds.push(value));
  const report = await daemon.sendRequest("mail.import", { path: mbox, workDoneToken: "the import" });
  told.dispose();
  assert.strictEqual(report.added + report.duplicate, 3000);
  assert.deepStrictEqual([kinds[0].kind, kinds[0].title, kinds.at(-1)], ["begin", "mail.import", { kind: "end" }]);
  assert(kinds.length > 2 && kinds.slice(1, -1).every(({ kind }) => kind === "report"), JSON.stringify(kinds));

  // A stream, and taking it back.
  const items = [];
  const cancel = new rpc.CancellationTokenSource();
  const all = new Promise((resolve) =>
    daemon.onNotification("$/item", (params) => items.push(params) === 3002 && resolve()));
  const stream = refusal(daemon.sendRequest("mail.arrivals", { since: 55 }, cancel.token));
  await all;
  assert.deepStrictEqual(items.slice(0, 2).map(({ seq, item }) => [seq, item.id]), [[56, 56], [57, 57]]);
  cancel.cancel();
  assert.strictEqual((await stream).code, -32800);

  // The connection lives.
  assert.strictEqual(await daemon.sendRequest("mail.count", "from:alice is:unread"), 10);
  daemon.dispose();
  stream.destroy?.();
}

main().then(() => { console.log("all is well"); process.exit(0); }, (error) => { console.error(error); process.exit(1); });
