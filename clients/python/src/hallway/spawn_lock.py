"""The right to start a daemon: `flock` on `NAME.spawn`, which every language's clients take, and nobody removes."""

import errno
import fcntl
import os
import stat
import threading
import time
from typing import Optional

from .errors import Unreachable
from .instance import Instance
from .runtime_dir import RuntimeDir

#: How often a lock is taken anew because its file was replaced meanwhile; more is no accident.
REPLACED_MAX = 16


def take_spawn_lock(where: RuntimeDir, instance: Instance, deadline: float) -> int:
    """Waits for the lock in the kernel; the descriptor that holds it is the caller's to hand down and close."""
    name = f"{instance}.spawn"
    for _ in range(REPLACED_MAX):
        fd = _open(where, name)
        try:
            locked = _lock(fd, deadline)
        except OSError as error:
            os.close(fd)
            raise _unusable(where.path_of(name), error.strerror or str(error)) from error
        if locked is None:
            message = "the deadline passed while waiting for a daemon that another process starts"
            raise Unreachable("deadline_passed", message)
        if _is_current(where, name, locked):
            return locked
        os.close(locked)
    raise _unusable(where.path_of(name), "somebody keeps replacing it")


def _open(where: RuntimeDir, name: str) -> int:
    # For reading, which is enough for a lock and works if somebody took the right to write away.
    flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(name, flags, 0o600, dir_fd=where.fd)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise _unusable(where.path_of(name), str(reason)) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _unusable(where.path_of(name), "it is not a regular file")
    return fd


def _lock(fd: int, deadline: float) -> Optional[int]:
    """Locks; `None`, and the descriptor closed, once the deadline has passed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd
    except BlockingIOError:
        pass
    # The kernel's wait has no deadline, so it is a thread's, which frees at once what nobody waits for any more.
    waiting = _Waiting(fd)
    threading.Thread(target=waiting.run, name="hallway-lock", daemon=True).start()
    return waiting.result(deadline)


class _Waiting:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._changed = threading.Condition()
        self._granted = self._abandoned = False
        self._error: Optional[OSError] = None

    def run(self) -> None:
        error = None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except OSError as failed:
            error = failed
        with self._changed:
            self._granted, self._error = True, error
            self._changed.notify()
            if self._abandoned:
                os.close(self._fd)

    def result(self, deadline: float) -> Optional[int]:
        with self._changed:
            try:
                self._changed.wait_for(lambda: self._granted, max(deadline - time.monotonic(), 0))
            finally:
                self._abandoned = not self._granted
            if self._abandoned:
                return None
            if self._error is not None:
                raise self._error
            return self._fd


def _is_current(where: RuntimeDir, name: str, fd: int) -> bool:
    """Whether what is locked is still what has the name."""
    try:
        there = os.stat(name, dir_fd=where.fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))


def _unusable(path: str, reason: str) -> Unreachable:
    remedy = "remove it, or set HALLWAY_RUNTIME_DIR to a local directory"
    return Unreachable("lock_unusable", f"{path} cannot be locked: {reason}; {remedy}")
