"""Starting a daemon's process, and listening to it until it serves."""

import os
import socket
import subprocess
import threading
import time
from typing import Callable, Dict, List, NamedTuple, Optional

from . import encoding
from .errors import Unreachable
from .instance import Instance
from .paths import Env, log_path
from .phase import OnPhase, Phase
from .service_file import ServiceFile

#: The variables that a daemon gets from whoever starts it, with those that begin with one of `PASSED_PREFIXES`.
PASSED_ENV = (
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PATH",
    "LANG",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "RUST_BACKTRACE",
    "RUST_LOG",
)
PASSED_PREFIXES = ("LC_", "HALLWAY_")

#: The longest line that is listened to, in bytes; longer ones are noise.
LINE_MAX = 64 * 1024

#: How much of the log an error quotes, in bytes and in lines.
TAIL_MAX, TAIL_LINES = 4 * 1024, 20

#: How long a daemon that closed its channel without a word has to end, so that the error can tell how it ended.
EXIT_GRACE = 1.0


class Launched:
    """A daemon that was started and has not said its last word yet."""

    def __init__(
        self,
        env: Env,
        directory: str,
        file: ServiceFile,
        instance: Instance,
        claim: int,
        begin: Callable[[Optional[str], int], None],
    ) -> None:
        """Starts it, and hands it the claim, a descriptor, to be the only one that starts.

        `begin` hears first which log it gets, and how long that is.
        """
        self._instance = instance
        self._log = _Log(log_path(env, instance), f"{instance} by pid {os.getpid()}")
        begin(None if self._log.fd is None else self._log.path, self._log.start)
        self._ours, theirs = socket.socketpair()
        try:
            child = subprocess.Popen(
                [file.program, *file.args],
                stdin=claim,
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL if self._log.fd is None else self._log.fd,
                env=_environment(env, directory, file.env),
            )
        except OSError as error:
            self._ours.close()
            message = f"cannot start {file.program} as the daemon of {instance}: {error.strerror or error}"
            raise Unreachable("cannot_launch", message) from error
        finally:
            theirs.close()
            self._log.close()
        self._exit = _Reaper(child)

    def listen(self, deadline: float, on_phase: OnPhase) -> bool:
        """Listens until the daemon's last word; `False` if it ended without one."""
        last = None
        with self._ours:
            for line in self._lines(deadline, lambda: last):
                word = _word(line)
                if isinstance(word, Phase):
                    last = word.name
                    on_phase(word)
                elif isinstance(word, _Failed):
                    message = f"the daemon of {self._instance} cannot start: {word.message} (log: {self._log.path})"
                    raise Unreachable(word.code, message)
                elif word is not None:
                    return True
        return False

    def died(self, deadline: float) -> Unreachable:
        """The error that tells how the daemon ended, and quotes what it logged."""
        status = self._exit.status(min(max(deadline - time.monotonic(), 0), EXIT_GRACE))
        how = "it closed its start-up channel and does not serve"
        if status is not None:
            how = f"exit status: {status}" if status >= 0 else f"signal: {-status}"
        what = f"the daemon of {self._instance} gave up while starting ({how})"
        message = f"{what}; its log, {self._log.path}, ends:\n{self._log.tail()}"
        return Unreachable("daemon_died", message)

    def _lines(self, deadline: float, last: Callable[[], Optional[str]]) -> "_Lines":
        return _Lines(self._ours, deadline, lambda: self._late(last()))

    def _late(self, phase: Optional[str]) -> Unreachable:
        during = f" (last phase: {phase})" if phase else ""
        what = "the deadline passed while waiting for its daemon to start"
        message = f"{self._instance} is not ready: {what}{during} (log: {self._log.path})"
        return Unreachable("deadline_passed", message)


class _Failed(NamedTuple):
    code: str
    message: str


class _Ready:
    """It serves, or another one does."""


class _Lines:
    """The lines that come from a channel, up to its end or a deadline."""

    def __init__(self, channel: socket.socket, deadline: float, late: Callable[[], Unreachable]) -> None:
        self._channel, self._deadline, self._late = channel, deadline, late
        self._held = b""
        self._noise = False
        self._ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> bytes:
        while True:
            line, feed, rest = self._held.partition(b"\n")
            if feed:
                self._held = rest
                noise, self._noise = self._noise, False
                if not noise:
                    return line
                continue
            if self._ended:
                raise StopIteration
            if len(self._held) > LINE_MAX:
                self._held, self._noise = b"", True
            more = self._receive()
            self._ended = not more
            # What is said last need not end its line.
            self._held += more or (b"\n" if self._held else b"")

    def _receive(self) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        self._channel.settimeout(left)
        try:
            return self._channel.recv(4096)
        except socket.timeout:
            raise self._late() from None
        except ConnectionResetError:
            return b""


def _word(line: bytes) -> object:
    """What a line says, if it is said to us: a library may print before the daemon has its output in hand."""
    try:
        said = encoding.decode(line.decode())
    except ValueError:
        return None
    if type(said) is not dict:
        return None
    failed, ready, name = said.get("failed"), said.get("ready"), said.get("phase")
    if type(failed) is dict:
        return _Failed(str(failed.get("code", "")), str(failed.get("message", "")))
    if type(ready) is dict:
        return _Ready()
    if type(name) is str:
        return Phase(name, said.get("detail"), said.get("done"), said.get("total"))
    return None


def _environment(env: Env, directory: str, also: List[str]) -> Dict[str, str]:
    """Nothing of ours but the directory and what the list names."""
    passed = {
        name: value
        for name, value in env.items()
        if name in PASSED_ENV or name.startswith(PASSED_PREFIXES) or name in also
    }
    return {**passed, "HALLWAY_RUNTIME_DIR": directory, "HALLWAY_READY": "1"}


class _Reaper:
    """Waits for the daemon on a thread of its own: it outlives us, and if it does not, it leaves no zombie."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="hallway-reaper", daemon=True).start()

    def _run(self) -> None:
        self._child.wait()
        self._ended.set()

    def status(self, within: float) -> Optional[int]:
        return self._child.returncode if self._ended.wait(within) else None


class _Log:
    """The daemon's log at the moment of a start. A daemon without one is better than none."""

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        self.fd: Optional[int] = None
        self.start = 0
        self._trouble = ""
        try:
            _make_private(os.path.dirname(path))
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self.fd = os.open(path, flags, 0o600)
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            os.write(self.fd, f"--- {now} start of {what}\n".encode())
            self.start = os.fstat(self.fd).st_size
        except OSError as error:
            self._trouble = f"(it could not be written: {error.strerror})"
            self.close()

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def tail(self) -> str:
        """The last lines since the start."""
        return self._trouble or log_tail(self.path, self.start)


def log_tail(path: str, start: int) -> str:
    """The last lines of a log since a start, without control characters."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            # A log that is shorter than it was is a new one.
            start = start if start <= size else 0
            file.seek(max(start, size - TAIL_MAX))
            text = file.read(TAIL_MAX).decode(errors="replace")
    except OSError as error:
        return f"(it cannot be read: {error.strerror})"
    lines = text.splitlines()[-TAIL_LINES:]
    return "\n".join("".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in line) for line in lines)


def _make_private(path: str) -> None:
    if not os.path.isdir(path):
        _make_private(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
