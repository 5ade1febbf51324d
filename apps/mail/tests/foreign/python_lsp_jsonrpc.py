"""The JSON-RPC library of a Python language server, as one uses it: python_lsp_jsonrpc.py SOCKET"""

import socket
import sys
import threading

from pylsp_jsonrpc.endpoint import Endpoint
from pylsp_jsonrpc.exceptions import JsonRpcException, JsonRpcMethodNotFound
from pylsp_jsonrpc.streams import JsonRpcStreamReader, JsonRpcStreamWriter

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
reader = JsonRpcStreamReader(connection.makefile("rb"))
writer = JsonRpcStreamWriter(connection.makefile("wb"))

items, two = [], threading.Event()


def item(params):
    items.append(params["item"]["id"])
    if len(items) == 2:
        two.set()


daemon = Endpoint({"$/item": item}, writer.write)
threading.Thread(target=reader.listen, args=(daemon.consume,), daemon=True).start()


def call(method, params=None):
    return daemon.request(method, params).result(timeout=30)


def refusal(method, params):
    try:
        answer = call(method, params)
    except JsonRpcException as error:
        return error
    raise AssertionError(f"answered: {answer}")


assert call("hallway.ping") is None
assert call("mail.count", ["from:alice is:unread"]) == 10
assert len(call("mail.search", {"query": "from:alice", "limit": 2})) == 2

no = refusal("mail.search", ["roof from:"])
assert (no.code, no.data["code"], no.data["details"]["column"]) == (-32000, "bad_query", 6), no
assert isinstance(refusal("mail.serach", []), JsonRpcMethodNotFound)

stream = daemon.request("mail.arrivals", {"since": 55})
assert two.wait(timeout=30)
assert items == [56, 57], items
assert call("hallway.status")["calls_open"] == 2
(taken_back,) = [id for id, future in daemon._server_request_futures.items() if future is stream]
daemon.notify("$/cancelRequest", {"id": taken_back})
try:
    raise AssertionError(f"answered: {stream.result(timeout=30)}")
except JsonRpcException as error:
    assert error.code == -32800, error
assert call("hallway.status")["calls_open"] == 1
print("all is well")
