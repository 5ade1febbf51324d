"""Places of a test's own, the pad of notes in them, and servers that do what no server should."""

import faulthandler
import io
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, List, Optional, Tuple

import hallway

#: Longer than anything takes on a busy machine, shorter than anybody waits for a test that hangs.
PATIENCE = 60.0

#: The server with the pad of notes. `cargo test` builds it, and says where it is.
NOTES = os.environ.get("HALLWAY_NOTES", "")

#: The server that does what no server should.
HOSTILE = os.environ.get("HALLWAY_HOSTILE", "")

#: Where `clients/install` has put what the tests use.
VENV = Path(os.environ.get("HALLWAY_VENV", ""))

SOURCES = Path(__file__).resolve().parents[1]


class World(unittest.TestCase):
    """A test with a runtime directory, a data directory and a state directory of its own."""

    def setUp(self) -> None:
        self.assertTrue(NOTES, "HALLWAY_NOTES names no program: run `cargo test -p hallway-clients`")
        # A test that hangs ends the tests, and tells where it stood.
        faulthandler.dump_traceback_later(2 * PATIENCE, exit=True)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        self.root = Path(tempfile.mkdtemp(prefix="hallway-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.run_dir = self.root / "run"
        self.env = {
            "HALLWAY_RUNTIME_DIR": str(self.run_dir),
            "XDG_DATA_HOME": str(self.root / "data"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "HOME": str(self.root),
            "PATH": os.environ["PATH"],
        }

    def install(self, program: str = NOTES, args: Optional[List[str]] = None, **more: Any) -> Path:
        """Writes the service file of `notes`."""
        services = self.root / "data" / "hallway" / "services"
        services.mkdir(parents=True, exist_ok=True)
        for path in (services, services.parent):
            path.chmod(0o700)
        file = services / "notes.json"
        args = ["daemon"] if args is None else args
        file.write_text(json.dumps({"service": "notes", "program": program, "args": args, **more}))
        file.chmod(0o600)
        return file

    def script(self, text: str) -> str:
        """A program of a test's own."""
        path = self.root / "program"
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o700)
        return str(path)

    def waiting(self) -> str:
        """A command for a script that waits until the test ends."""
        gate = self.root / "gate"
        os.mkfifo(gate)

        def open_gate() -> None:
            try:
                os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                pass  # Nobody waits at it.

        self.addCleanup(open_gate)
        return f"exec cat {gate}"

    def connect(self, **options: Any) -> hallway.Client:
        """A client of the daemon `notes`, which is started and, at the end of the test, stopped."""
        client = hallway.connect("notes", env=self.env, **options)
        self.addCleanup(self.stop_daemon)
        self.addCleanup(client.close)
        return client

    def fails(self, **options: Any) -> hallway.Unreachable:
        """The error of a connection that cannot be made."""
        with self.assertRaises(hallway.Unreachable) as failed:
            self.connect(**options)
        self.assertEqual(failed.exception.outcome, hallway.Outcome.NOT_DISPATCHED)
        return failed.exception

    def stop_daemon(self) -> None:
        try:
            with hallway.connect("notes", env=self.env, start=False) as client:
                pid = client.status()["pid"]
                client.stop()
        except hallway.CallError:
            return
        wait_for_end(pid)

    def kill_daemon(self, client: hallway.Client) -> None:
        """Ends the daemon as a crash would, and waits until it is gone."""
        pid = client.status()["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid)

    def python(self, text: str, *args: str, **options: Any) -> "subprocess.Popen[str]":
        """A Python process of its own."""
        return self.process([sys.executable, "-c", text, *args], **options)

    def process(self, command: List[str], **options: Any) -> "subprocess.Popen[str]":
        """A process with the test's environment, whose output is read."""
        env = {**self.env, "PYTHONPATH": str(SOURCES / "src")}
        return subprocess.Popen(
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )


def wait_for_end(pid: int) -> None:
    """Waits until a process is gone: in the kernel where that can, since a daemon is no child of ours."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([fd], [], [], PATIENCE)
    os.close(fd)
    assert ended, f"process {pid} does not end"


class Conversation:
    """A connection to a server, by bytes alone."""

    def __init__(self, stream: socket.socket, framing: str = "length") -> None:
        self.stream = stream
        stream.settimeout(PATIENCE)
        self._input = stream.makefile("rb")
        self._frame, self._read = _FRAMINGS[framing]

    def send(self, body: bytes) -> None:
        self.stream.sendall(self._frame(body))

    def receive(self) -> Optional[bytes]:
        """The next body; `None` at the end."""
        try:
            return self._read(self._input)
        except ConnectionResetError:
            return None

    def message(self) -> Dict[str, Any]:
        """The next message."""
        body = self.receive()
        assert body is not None, "the connection has ended"
        message: Dict[str, Any] = json.loads(body)
        return message

    def say(self, **message: Any) -> None:
        self.send(json.dumps({"v": 1, **message}).encode())

    def close(self) -> None:
        self._input.close()
        self.stream.close()


def _read_length(stream: BinaryIO) -> Optional[bytes]:
    prefix = stream.read(4)
    return _read_body(stream, struct.unpack(">I", prefix)[0]) if prefix else None


def _read_line(stream: BinaryIO) -> Optional[bytes]:
    line = stream.readline()
    assert not line or line.endswith(b"\n"), f"a line that does not end: {line!r:.200}"
    return line[:-1] if line else None


def _read_content_length(stream: BinaryIO) -> Optional[bytes]:
    header = stream.readline()
    if not header:
        return None
    name, _, length = header.partition(b": ")
    assert name == b"Content-Length" and stream.readline() == b"\r\n", f"no header: {header!r:.200}"
    return _read_body(stream, int(length))


def _read_body(stream: BinaryIO, length: int) -> bytes:
    body = stream.read(length)
    assert len(body) == length, "the connection ended within a message"
    return body


#: How a body is written and how one is read, by hand.
_FRAMINGS: Dict[str, Tuple[Callable[[bytes], bytes], Callable[[BinaryIO], Optional[bytes]]]] = {
    "length": (lambda body: struct.pack(">I", len(body)) + body, _read_length),
    "lines": (lambda body: body + b"\n", _read_line),
    "content_length": (lambda body: b"Content-Length: %d\r\n\r\n" % len(body) + body, _read_content_length),
}


def read_frame(framing: str, data: bytes) -> bytes:
    """The first body in some bytes."""
    body = _FRAMINGS[framing][1](io.BytesIO(data))
    assert body is not None, "there is nothing"
    return body


class Server:
    """A server that a test plays: each connection is given to `play`, one after the other."""

    def __init__(self, test: World, *plays: Callable[[Conversation], object]) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        # A name of its own: several may follow each other in one test.
        self.path = str(test.root / f"played-{id(self)}.sock")
        Path(self.path).unlink(missing_ok=True)
        self._listener.bind(self.path)
        self._listener.listen()
        self._plays = plays
        self._failed: List[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        test.addCleanup(self.end)

    @property
    def address(self) -> str:
        return f"unix:{self.path}"

    def _run(self) -> None:
        for play in self._plays:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            conversation = Conversation(stream)
            try:
                play(conversation)
            except (BrokenPipeError, ConnectionResetError):
                pass
            except BaseException as error:
                self._failed.append(error)
            finally:
                conversation.close()

    def end(self) -> None:
        """Waits for what is played to end, and tells of what went wrong in it."""
        if self._listener.fileno() < 0:
            return
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive(), "the played server waits for something that never comes"
        assert not self._failed, self._failed
