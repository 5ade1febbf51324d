"""An agent as the people write one who have never heard of hallway: JSON lines with a type and a payload over a
Unix socket, a task that listens, and requests that are told apart by a `request_id` inside their messages.

    agent.py SOCKET talk        says and asks everything once
    agent.py SOCKET reconnect   loses its sidecar, and connects again when a line comes on standard input
"""

import asyncio
import json
import sys
import uuid

TIMEOUT = 30


class MeshClient:
    def __init__(self, path):
        self.path = path
        self.connected = False
        self.events = asyncio.Queue()
        self._lists = []
        self._pending = {}

    async def start(self):
        # A line of the sidecar's may be long: asyncio's own limit is 64 KiB.
        self._reader, self._writer = await asyncio.open_unix_connection(self.path, limit=16 * 1024 * 1024)
        self.connected = True
        self._listener = asyncio.create_task(self._listen())

    async def stop(self):
        self.connected = False
        self._listener.cancel()
        self._writer.close()

    async def _send_ipc(self, type, payload=None, **more):
        line = json.dumps({"type": type, "payload": payload if payload is not None else {}, **more})
        self._writer.write(line.encode() + b"\n")
        try:
            await self._writer.drain()
        except ConnectionError:
            self._lost()
            raise ConnectionError("the sidecar has gone") from None

    async def _listen(self):
        try:
            while line := await self._reader.readline():
                self._dispatch(json.loads(line))
        except ConnectionError:
            pass  # It was killed before it had read all that was said to it.
        self._lost()

    def _lost(self):
        self.connected = False
        for waiting in [*self._lists, *self._pending.values()]:
            if not waiting.done():
                waiting.set_exception(ConnectionError("the sidecar has gone"))

    def _dispatch(self, message):
        type, payload = message["type"], message.get("payload")
        inner = payload.get("message") if isinstance(payload, dict) else None
        asked = inner.get("request_id") if isinstance(inner, dict) else None
        waiting = self._pending.get(message.get("request_id") or asked)
        if waiting is not None and not waiting.done():
            waiting.set_result(inner if asked else message)
        elif type == "peer_list" and self._lists:
            self._lists.pop(0).set_result(payload["peers"])
        else:
            self.events.put_nowait(message)

    async def send(self, peer, message):
        await self._send_ipc("send", {"target_peer": peer, "message": message})

    async def broadcast(self, message):
        await self._send_ipc("broadcast", {"message": message})

    async def connect(self, peer):
        await self._send_ipc("connect", {"target_peer_id": peer})

    async def list_peers(self):
        waiting = asyncio.get_running_loop().create_future()
        self._lists.append(waiting)
        await self._send_ipc("list_peers")
        return await asyncio.wait_for(waiting, TIMEOUT)

    async def request(self, peer, message):
        """Asks a peer: its answer bears the request's id, inside."""
        id = message.setdefault("request_id", uuid.uuid4().hex[:12])
        return await self._wait(id, self.send(peer, message))

    async def command(self, type, payload=None):
        """Asks the sidecar itself, which gives the id back beside the type."""
        id = uuid.uuid4().hex[:12]
        return await self._wait(id, self._send_ipc(type, payload, request_id=id))

    async def _wait(self, id, sending):
        self._pending[id] = asyncio.get_running_loop().create_future()
        try:
            await sending
            return await asyncio.wait_for(self._pending[id], TIMEOUT)
        finally:
            del self._pending[id]

    async def event(self):
        event = await asyncio.wait_for(self.events.get(), TIMEOUT)
        return {"type": event["type"], "payload": event["payload"]}


def tell(what, value):
    print(json.dumps([what, value], sort_keys=True), flush=True)


async def talk(mesh):
    tell("peers", await mesh.list_peers())
    await mesh.connect("peer-new")
    tell("event", await mesh.event())
    tell("peers", await mesh.list_peers())
    # All at once, and none of them waits for another.
    lists = await asyncio.gather(*(mesh.list_peers() for _ in range(50)))
    tell("lists", [len(lists), len(set(map(tuple, lists)))])
    answers = await asyncio.gather(*(mesh.request("peer-new", {"number": number}) for number in range(50)))
    tell("requests", [answer["number"] for answer in answers] == list(range(50)))
    await mesh.broadcast({"text": "all"})
    for _ in range(3):
        tell("event", await mesh.event())
    await mesh.send("peer-new", "bye")
    tell("event", await mesh.event())
    await mesh.send("peer-new", {"text": "too late"})
    error = await mesh.event()
    tell("error", [error["type"], error["payload"]["code"]])
    await mesh._send_ipc("lsit_peers")
    error = await mesh.event()
    tell("error", [error["type"], error["payload"]["code"]])
    mesh._writer.write(b'{"type": "send", "payload": oops}\n')
    error = await mesh.event()
    tell("error", [error["type"], error["payload"]["code"]])
    long = await mesh.request("peer-abc", {"text": "x" * 1_000_000})
    tell("long", len(long["text"]))
    reply = await mesh.command("list_peers")
    tell("command", [reply["type"], reply["payload"]])
    reply = await mesh.command("hallway.status")
    tell("command", [reply["type"], reply["payload"]["connections"]["now"]])
    reply = await mesh.command("connect", {"target_peer_id": "nobody"})
    tell("command", [reply["type"], reply["payload"]["code"]])


async def reconnect(mesh):
    tell("peers", await mesh.list_peers())
    waiting = asyncio.create_task(mesh.command("notes.sleep"))
    await asyncio.sleep(0)
    try:
        await waiting
    except ConnectionError as lost:
        tell("lost", [str(lost), mesh.connected])
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await mesh.start()
    tell("peers", await mesh.list_peers())


async def main(path, act):
    mesh = MeshClient(path)
    await mesh.start()
    await act(mesh)
    await mesh.stop()


asyncio.run(main(sys.argv[1], {"talk": talk, "reconnect": reconnect}[sys.argv[2]]))
