"""The files of `spec/vectors` that the daemon answers: what a client can expect of it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest
from typing import Any, Callable, Dict, List, Tuple

from .cases import Case, run, run_cases, written
from .world import NOTES, Conversation, read_frame


#: The files, and what their servers hold beside the pad of notes.
CONVERSATIONS: Dict[str, List[str]] = {
    "admin.json": [],
    "errors.json": [],
    "hello.json": [],
    "jsonrpc.json": ["example"],
    "newer.json": ["jobs"],
    "restricted.json": [],
    "sidecar.json": ["mesh"],
}


class Served:
    """A server of its own for each conversation, so that none sees what another has left."""

    def __init__(self, *also: str) -> None:
        self._also = also

    def __enter__(self) -> "Served":
        self._root = tempfile.mkdtemp(prefix="hallway-")
        self._socket = os.path.join(self._root, "notes.sock")
        command = [NOTES, "serve", self._socket, *self._also]
        # What it says of handlers that panic, as they are asked to, is nobody's to read.
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        shutil.rmtree(self._root)

    def connect(self, listener: str = "unix", framing: str = "length") -> Conversation:
        where: Dict[str, Any] = {
            "unix": self._socket,
            "tcp": ("127.0.0.1", self._port),
            "restricted": f"{self._socket}.restricted",
        }
        stream = socket.socket(socket.AF_INET if listener == "tcp" else socket.AF_UNIX)
        stream.connect(where[listener])
        return Conversation(stream, framing)


class Conversations(unittest.TestCase):
    def test_conversations(self) -> None:
        for file, also in CONVERSATIONS.items():
            with self.subTest(file=file):
                run(file, {"listener", "framing", "steps"}, lambda case: _hold(case, *also))

    def test_recognition(self) -> None:
        with Served("mesh") as served:
            self.told: List[str] = []
            run("recognition.json", {"input", "speaks", "refused", "undecided"}, lambda c: self._recognise(served, c))
        # Each of them is seen in an answer, and not only taken for what says nothing.
        for what in ("length", "lines", "content_length", "refused"):
            self.assertGreater(self.told.count(what), 2, what)

    def test_the_runner_can_fail(self) -> None:
        ping = {"send": '{"id":1,"call":"hallway.ping"}'}
        for steps in [
            [ping, {"receive": {"id": 2}}],
            [ping, {"receive_exactly": '{"id":1,"result":null}'}],
            [ping, {"receive": {"id": 1, "result": None}}, {"receive": {}, "too": 1}],
            [ping, {"end": True}],
            [ping, {"finish": False}],
            [{"await": 1}],
        ]:
            with self.subTest(steps=steps), self.assertRaisesRegex(AssertionError, "1 of 1 cases failed"):
                run_cases("x.json", [{"name": "x", "steps": steps}], _hold)
        with Served() as served, self.assertRaisesRegex(AssertionError, "expected http"):
            self.told = []
            self._recognise(served, {"name": "x", "input": "GE /", "refused": "http"})

    def _recognise(self, served: Served, case: Case) -> None:
        conversation = served.connect()
        try:
            conversation.stream.sendall(written(case["input"]))
            conversation.stream.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: conversation.stream.recv(65536), b""))
        finally:
            conversation.close()
        what, how = _told(answer)
        self.told.append(what)
        if "refused" in case:
            found = how if what == "refused" else what
            assert found == case["refused"], f"expected {case['refused']}, found {found}: {answer!r:.200}"
        elif case.get("undecided"):
            # What ends before it is decided is answered with nothing, or as a message that is cut short.
            assert what != "refused", answer
        else:
            assert what == "nothing" or how == case["speaks"], f"expected {case['speaks']}, found {answer!r:.200}"


def _hold(case: Case, *also: str) -> None:
    with Served(*also) as served:
        conversation = served.connect(case.get("listener", "unix"), case.get("framing", "length"))
        try:
            for number, step in enumerate(case["steps"]):
                ((kind, value),) = step.items()
                assert kind in _STEPS, f"step {number + 1}: nobody knows {kind}"
                try:
                    _STEPS[kind](conversation, value)
                except AssertionError as error:
                    raise AssertionError(f"step {number + 1}: {error}") from error
        finally:
            conversation.close()


def _send(send: Callable[[bytes], None], value: Any) -> None:
    # A server that has had enough may have closed; the next step tells.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        send(written(value))


def _receive(conversation: Conversation, expected: Any) -> None:
    found = conversation.message()
    assert _holds(found, expected), f"expected {expected!r:.300}, received {found!r:.300}"


def _receive_exactly(conversation: Conversation, expected: str) -> None:
    found = conversation.receive()
    assert found == expected.encode(), f"expected {expected}, received {found!r:.300}"


def _end(conversation: Conversation, value: bool) -> None:
    assert value is True, "an end that is no end"
    conversation.stream.settimeout(5)
    found = conversation.receive()
    assert found is None, f"expected the end, received {found!r:.300}"


def _finish(conversation: Conversation, value: bool) -> None:
    assert value is True, "a finish that is none"
    conversation.stream.shutdown(socket.SHUT_WR)


_STEPS: Dict[str, Callable[[Conversation, Any], object]] = {
    "send": lambda conversation, value: _send(conversation.send, value),
    "send_raw": lambda conversation, value: _send(conversation.stream.sendall, value),
    "receive": _receive,
    "receive_exactly": _receive_exactly,
    "finish": _finish,
    "end": _end,
}


def _holds(found: Any, expected: Any) -> bool:
    """Whether all that is expected is there; objects may have more members."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(name in found and _holds(found[name], one) for name, one in expected.items())
    if isinstance(expected, list):
        same_length = isinstance(found, list) and len(found) == len(expected)
        return same_length and all(map(_holds, found, expected))
    return type(found) is type(expected) and bool(found == expected)


#: By what the readable refusal of a stranger says.
_REFUSALS = {"TLS": "tls", "SSH": "ssh", "of no message": "noise"}

#: The member that every answer of a dialect has.
_DIALECTS = {"v": "native", "jsonrpc": "jsonrpc", "type": "sidecar"}


def _told(answer: bytes) -> Tuple[str, str]:
    """What an answer tells of what the client was taken for: the framing, encoding and dialect, or a refusal."""
    if not answer:
        return "nothing", ""
    if answer.startswith(b"HTTP/1.1 400 "):
        return "refused", "http"
    if answer.startswith(b"Content-Length: "):
        return "content_length", _speaks("content_length", answer)
    if answer.startswith(b"\0"):
        return "length", _speaks("length", answer)
    first: Any = json.loads(answer.partition(b"\n")[0])
    # A list is the answer to one, and no refusal.
    error = first.get("error", {}) if isinstance(first, dict) else {}
    words = [name for text, name in _REFUSALS.items() if text in error.get("message", "")]
    if error.get("code") == "bad_frame" and words:
        return "refused", words[0]
    return "lines", _speaks("lines", answer)


def _speaks(framing: str, answer: bytes) -> str:
    """What the first message of an answer is in."""
    body = read_frame(framing, answer)
    if not body.startswith((b"{", b"[")):
        return f"{framing}/msgpack/native"
    message: Any = json.loads(body)
    first: Dict[str, Any] = message[0] if isinstance(message, list) else message
    (dialect,) = {name for member, name in _DIALECTS.items() if member in first}
    return f"{framing}/json/{dialect}"
