"""The right to start a daemon: `flock` on `NAME.spawn`, which every language's clients take, and nobody removes."""

import errno
import fcntl
import os
import stat
import threading
import time
from typing import NamedTuple, Optional

from .errors import Unreachable
from .instance import Instance
from .runtime_dir import RuntimeDir

#: How often a lock is taken anew because its file was replaced meanwhile; more is no accident.
REPLACED_MAX = 16


class Claim(NamedTuple):
    """The right to start a daemon."""

    #: The descriptor that holds the lock: the caller's to hand down and close.
    fd: int
    #: Whether somebody else had it first: a start that has ended, ended in that time.
    waited: bool


def take_spawn_lock(where: RuntimeDir, instance: Instance, deadline: float) -> Claim:
    """Waits for the lock in the kernel."""
    name = f"{instance}.spawn"
    waited = False
    for _ in range(REPLACED_MAX):
        fd = _open(where, name)
        try:
            free = _try_lock(fd)
            locked = fd if free else _wait_for_lock(fd, deadline)
        except OSError as error:
            os.close(fd)
            raise _unusable(where.path_of(name), error.strerror or str(error)) from error
        if locked is None:
            message = "the deadline passed while waiting for a daemon that another process starts"
            raise Unreachable("deadline_passed", message)
        waited = waited or not free
        if _is_current(where, name, locked):
            return Claim(locked, waited)
        os.close(locked)
    raise _unusable(where.path_of(name), "somebody keeps replacing it")


def _open(where: RuntimeDir, name: str) -> int:
    # For reading, which is enough for a lock and works if somebody took the right to write away.
    try:
        fd = where.open(name, os.O_RDONLY | os.O_CREAT)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise _unusable(where.path_of(name), str(reason)) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _unusable(where.path_of(name), "it is not a regular file")
    return fd


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_lock(fd: int, deadline: float) -> Optional[int]:
    """Locks; `None`, and the descriptor closed, once the deadline has passed."""
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
