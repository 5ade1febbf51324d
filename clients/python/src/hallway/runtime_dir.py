"""The private directory of sockets and locks, held open: checked once, and used through its descriptor ever after."""

import errno
import os
import socket
import stat
import struct
import time
from types import TracebackType
from typing import Optional, Tuple, Type

from .errors import Unreachable
from .instance import Instance
from .paths import Env, RuntimePath, runtime_path

#: The most bytes of a path in a socket address, without the closing NUL.
SOCKET_PATH_MAX = 107

#: The least time that a connection attempt is given, in seconds: a passed deadline still finds a daemon that is there.
ATTEMPT_MIN = 0.001


class RuntimeDir:
    """A directory that is ours alone."""

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self.fd = fd

    @classmethod
    def existing(cls, env: Env) -> Optional["RuntimeDir"]:
        """Opens the directory if it is there; makes nothing."""
        return _open_checked(runtime_path(env).path)

    @classmethod
    def make(cls, env: Env) -> "RuntimeDir":
        """Opens the directory, and makes it if it is missing."""
        chosen = runtime_path(env)
        found = _open_checked(chosen.path)
        if found is None:
            _make(chosen)
            found = _open_checked(chosen.path)
        if found is None:
            raise Unreachable("io", f"cannot open {chosen.path}: it was removed again")
        return found

    def __enter__(self) -> "RuntimeDir":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        os.close(self.fd)

    def path_of(self, name: str) -> str:
        """A file's full path, for people."""
        return os.path.join(self.path, name)

    def open(self, name: str, flags: int) -> int:
        """Opens a file in it, for us alone if it is made; never follows a link, never waits for a pipe."""
        return os.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=self.fd)

    def connect(self, instance: Instance, deadline: float) -> Optional[socket.socket]:
        """Connects to an instance's daemon, and verifies who answers before a byte is sent; `None` if nobody does."""
        name = f"{instance}.sock"
        path = self.path_of(name)
        return connect_unix(self._short_path(name), path, deadline)

    def _short_path(self, name: str) -> str:
        """A path to a file in exactly this directory, short however deep the directory lies."""
        if os.path.isdir("/proc/self/fd"):
            return f"/proc/self/fd/{self.fd}/{name}"
        path = self.path_of(name)
        if len(os.fsencode(path)) > SOCKET_PATH_MAX:
            message = f"{path} is longer than the {SOCKET_PATH_MAX} bytes of a socket path; set HALLWAY_RUNTIME_DIR"
            raise Unreachable("path_too_long", message)
        return path


def connect_unix(
    address: str, shown: str, deadline: float, foreign: str = "server_uid"
) -> Optional[socket.socket]:
    """Connects to a socket that a process of ours must serve; `None` if nobody does."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        while True:
            # A full queue is waited for in the kernel, which a socket that does not block would not do.
            left = max(deadline - time.monotonic(), ATTEMPT_MIN)
            _let_wait(stream, left)
            try:
                stream.connect(address)
            except (FileNotFoundError, ConnectionRefusedError):
                stream.close()
                return None
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    message = "the deadline passed while waiting for the daemon to accept the connection"
                    raise Unreachable("deadline_passed", message) from None
                continue
            pid, uid = _peer(stream)
            if pid:
                break
        _let_wait(stream, 0)
        if uid != os.geteuid():
            message = f"{shown} is served by uid {uid}, not by uid {os.geteuid()}: nothing was sent"
            raise Unreachable(foreign, message)
        return stream
    except OSError as error:
        stream.close()
        if isinstance(error, Unreachable):
            raise
        raise Unreachable("io", f"cannot connect to {shown}: {error.strerror or error}") from error


def _let_wait(stream: socket.socket, seconds: float) -> None:
    """How long the system may let us wait; 0 is for ever."""
    micros = int(seconds * 1_000_000)
    interval = struct.pack("@ll", micros // 1_000_000, micros % 1_000_000)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)


def _peer(stream: socket.socket) -> Tuple[int, int]:
    """Process and user at the other end; process 0 if a signal came before there was one."""
    credentials = struct.Struct("@iII")
    found = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    pid, uid, _gid = credentials.unpack(found)
    return pid, uid


def _open_checked(path: str) -> Optional[RuntimeDir]:
    def unsafe(rule: str, remedy: str) -> Unreachable:
        return Unreachable("dir_unsafe", f"{path} cannot be the runtime directory: {rule}; {remedy}")

    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise unsafe("it must be a directory, not a link or a file", f"remove {path}") from None
        raise Unreachable("io", f"cannot open {path}: {error.strerror}") from error
    try:
        found = os.fstat(fd)
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid != os.geteuid():
            who = f"it belongs to uid {found.st_uid}, and this process runs as uid {os.geteuid()}"
            message = f"{path} cannot be the runtime directory: {who}; set HALLWAY_RUNTIME_DIR to one of your own"
            raise Unreachable("dir_foreign", message)
        if mode & 0o077:
            rule = f"its mode is {mode:04o}, and group and others must have no access"
            raise unsafe(rule, f"run `chmod 700 {path}`")
    except BaseException:
        os.close(fd)
        raise
    return RuntimeDir(path, fd)


def _make(chosen: RuntimePath) -> None:
    """Makes the directory, for us alone; another process may do the same at the same time."""
    missing = [chosen.path]
    while chosen.with_parents and not os.path.isdir(os.path.dirname(missing[-1])):
        missing.append(os.path.dirname(missing[-1]))
    for path in reversed(missing):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        except OSError as error:
            raise Unreachable("io", f"cannot create {path}: {error.strerror}") from error
