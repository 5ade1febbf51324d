"""What became of an instance's last start: one line in the start lock's own file, written by whoever holds that lock.

So many clients that wait for a daemon that fails start one, and all hear why; and one that fails over and over is let
rest. The daemon writes its words down there itself.
"""

import os
from typing import Any, Dict, NamedTuple, Optional

from . import encoding
from .clock import boot_id, uptime_ms
from .errors import Unreachable
from .instance import Instance
from .launch import log_tail
from .runtime_dir import RuntimeDir

#: The most bytes that are read of it.
BYTES_MAX = 64 * 1024

#: Starts that may fail in a row before the next one has to wait.
FREE_STARTS = 2

#: How long the first start that has to wait does so, and the longest wait, in milliseconds; each is twice the one before.
FIRST_PAUSE, LONGEST_PAUSE = 250, 10_000

#: The largest number of failures in a row that the file has room for.
FAILURES_MAX = 2**32 - 1

#: What `NAME.lock` holds if the daemon that was has been of use.
SERVED = b"served\n"


class Asking(NamedTuple):
    """Who asks what to do next, and when: times are in milliseconds since the boot."""

    boot: str
    now: int
    #: When it began to ask for the daemon.
    came: int
    #: Which program it would start, if that is known.
    program: Optional[str]
    #: Whether the last daemon that served has been of use.
    served: bool


class Next(NamedTuple):
    """What whoever has the start lock, and finds nobody serving, does."""

    #: It starts a daemon; if not, it tells how the last one failed.
    start: bool
    #: So many starts have failed in a row.
    failures: int
    #: How long until one may be started, in milliseconds.
    pause: int = 0


class LastStart(NamedTuple):
    """What is known of the last start; nothing, if there was none."""

    boot: str = ""
    began: int = 0
    failures: int = 0
    program: Optional[str] = None
    log: Optional[str] = None
    log_from: int = 0
    said: Dict[str, Any] = {}
    ended: Optional[int] = None

    @classmethod
    def parse(cls, content: bytes) -> "LastStart":
        """What the lock's file says."""
        try:
            line = encoding.decode(content.partition(b"\n")[0].decode())
        except ValueError:
            return cls()
        if type(line) is not dict:
            return cls()
        known = {name: line[name] for name in cls._fields if line.get(name) is not None}
        fits = all(type(value) is _TYPES[name] for name, value in known.items())
        return cls(**known) if fits else cls()

    def written(self) -> bytes:
        return encoding.encode({name: value for name, value in self._asdict().items() if value is not None}) + b"\n"

    def was_ready(self) -> bool:
        return type(self.said.get("ready")) is dict

    def next(self, asking: Asking) -> Next:
        """What is done next: a failure is told to all who waited when it happened, and in the pause after several."""
        # Of a start that nobody began nothing is known.
        other_boot = self.boot != asking.boot or not 0 < self.began <= asking.now
        changed = None not in (self.program, asking.program) and self.program != asking.program
        if other_boot or changed or (self.was_ready() and asking.served):
            return Next(True, 0)
        failures = min(self.failures + 1, FAILURES_MAX)
        ended = self.began if self.ended is None else self.ended
        pause = max(ended + _pause_after(failures) - asking.now, 0)
        waited_through = ended > asking.came and not self.was_ready()
        return Next(not pause and not waited_through, failures, pause)


_TYPES = {
    "boot": str,
    "began": int,
    "failures": int,
    "program": str,
    "log": str,
    "log_from": int,
    "said": dict,
    "ended": int,
}


def _pause_after(failures: int) -> int:
    doublings = failures - FREE_STARTS - 1
    # Long before sixteen doublings, it is the longest.
    return 0 if doublings < 0 else min(FIRST_PAUSE << min(doublings, 16), LONGEST_PAUSE)


class Record:
    """The file, in the hands of who has locked it."""

    def __init__(self, where: RuntimeDir, instance: Instance, claim: int, waited: bool) -> None:
        self._where, self._instance, self._claim, self._waited = where, instance, claim, waited
        self._last = LastStart.parse(os.pread(claim, BYTES_MAX, 0))
        if self._last.began and self._last.ended is None:
            # The daemon died. If the lock had to be waited for, that was just now; else nobody knows when.
            self._last = self._last._replace(ended=uptime_ms() if waited else self._last.began)
            self._write(self._last.written())

    def failures(self, came: int) -> int:
        """How many starts have failed in a row, if another one is to be made; raises how the last one failed if not."""
        if not self._waited and self._last.said.get("failed") is None:
            # Nobody was starting. If that one died, it was dead already, whenever that was found out.
            came = uptime_ms()
        # No program is named, since no two languages would call one by the same text: theirs and ours count together.
        asking = Asking(boot_id(), uptime_ms(), came, None, self._has_served())
        start, failures, pause = self._last.next(asking)
        if start:
            return failures
        error = self._failed(failures)
        if pause:
            rest = max(pause / 1000, 0.1)
            error.message += f"\nit has failed {failures} times in a row and is not started again for {rest:.1f} s"
        raise error

    def begin(self, failures: int, log: Optional[str], log_from: int) -> None:
        """A daemon is about to be started."""
        begun = LastStart(boot=boot_id(), began=uptime_ms(), failures=failures, log=log, log_from=log_from)
        try:
            self._write(begun.written())
        except encoding.Unencodable:
            # A path need not be text.
            self._write(begun._replace(log=None).written())

    def forget(self) -> None:
        """No daemon was started after all."""
        self._write(b"")

    def _failed(self, failures: int) -> Unreachable:
        last, instance = self._last, self._instance
        failed = last.said.get("failed")
        logged = f" (log: {last.log})" if last.log else ""
        if type(failed) is dict:
            message = f"the daemon of {instance} cannot start: {failed.get('message', '')}{logged}"
            return Unreachable(str(failed.get("code", "")), message)
        if last.was_ready():
            path = self._where.path_of(f"{instance}.sock")
            said = f"{failures} daemons of {instance} said that they were ready and none answers at {path}"
            return Unreachable("unanswered", said + logged)
        ends = f"; its log, {last.log}, ends:\n{log_tail(last.log, last.log_from)}" if last.log else ""
        return Unreachable("daemon_died", f"the daemon of {instance} gave up while starting{ends}")

    def _has_served(self) -> bool:
        try:
            fd = self._where.open(f"{self._instance}.lock", os.O_RDONLY)
        except OSError:
            # It is not held against a daemon that somebody took its file away.
            return True
        try:
            return os.read(fd, len(SERVED)) == SERVED
        finally:
            os.close(fd)

    def _write(self, line: bytes) -> None:
        """In one write, over what was there. Where that cannot be, clients do without."""
        try:
            fd = self._where.open(f"{self._instance}.spawn", os.O_RDWR)
        except OSError:
            return
        try:
            if os.path.samestat(os.fstat(fd), os.fstat(self._claim)):
                os.pwrite(fd, line, 0)
                os.ftruncate(fd, len(line))
        except OSError:
            pass
        finally:
            os.close(fd)
