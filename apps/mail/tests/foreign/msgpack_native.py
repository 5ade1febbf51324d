"""The MessagePack library of Python, four bytes of length, and the native envelope: msgpack_native.py SOCKET"""

import socket
import struct
import sys

import msgpack

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
stream = connection.makefile("rwb")


def send(**message):
    body = msgpack.packb(message)
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def receive():
    (length,) = struct.unpack(">I", stream.read(4))
    return msgpack.unpackb(stream.read(length))


send(v=1, id=1, call="mail.search", params={"query": "from:alice is:unread", "limit": 3})
answer = receive()
assert answer["id"] == 1 and len(answer["result"]) == 3, answer
send(id=2, call="mail.search", params={"query": "roof from:"})
error = receive()["error"]
assert (error["code"], error["details"]["column"]) == ("bad_query", 6), error
send(id=3, call="mail.raw", params={"id": 45})
raw = b""
while "item" in (message := receive()):
    raw += message["item"]
assert message == {"v": 1, "id": 3, "result": None}, message
assert raw.startswith(b"Return-Path: <alice@example.org>"), raw[:80]
print("all is well")
