"""The way to a daemon: connect, and start one if nobody answers. Any number of clients may do so at once."""

import os
import socket
import time
from functools import partial
from typing import Optional

from .clock import uptime_ms
from .errors import Unreachable
from .instance import Instance
from .limits import STARTS_MAX
from .paths import Env, log_path, runtime_path
from .phase import OnPhase
from .runtime_dir import RuntimeDir


def reach(
    env: Env, instance: Instance, *, start: bool, within: float, on_phase: Optional[OnPhase] = None
) -> socket.socket:
    """Connects to an instance's daemon, started if need be and allowed. `within` is in seconds."""
    came, deadline = uptime_ms(), time.monotonic() + within
    stream = _connect(env, instance, deadline)
    if stream is not None:
        return stream
    if not start:
        path = os.path.join(runtime_path(env).path, f"{instance}.sock")
        raise Unreachable("not_running", f"{instance} is not running (nobody answers at {path})")
    try:
        return _start(env, instance, came, deadline, on_phase or (lambda phase: None))
    except Unreachable as error:
        if error.code == "deadline_passed" and "log:" not in error.message:
            error.message += f" (log: {log_path(env, instance)})"
        raise


def _connect(env: Env, instance: Instance, deadline: float) -> Optional[socket.socket]:
    where = RuntimeDir.existing(env)
    if where is None:
        return None
    with where:
        return where.connect(instance, deadline)


def _start(env: Env, instance: Instance, came: int, deadline: float, on_phase: OnPhase) -> socket.socket:
    # Only whoever starts a daemon pays for knowing how.
    from .last_start import Record
    from .launch import Launched
    from .service_file import read_service_file, service_file_path
    from .spawn_lock import take_spawn_lock

    file = read_service_file(env, instance)
    with RuntimeDir.make(env) as where:
        for _ in range(STARTS_MAX):
            claim = take_spawn_lock(where, instance, deadline)
            try:
                # Whoever had the lock before has started one.
                stream = where.connect(instance, deadline)
                if stream is not None:
                    return stream
                record = Record(where, instance, *claim)
                begin = partial(record.begin, record.failures(came))
                try:
                    launched = Launched(env, where.path, file, instance, claim.fd, begin)
                except Unreachable as error:
                    record.forget()
                    if error.code == "cannot_launch":
                        path = service_file_path(env, instance)
                        how = "run the service's program once from where it is now, or remove"
                        error.message += f"; {path} names it: {how} {path}"
                    raise
            finally:
                # From here on the daemon has it: the lock stays taken until it serves or is dead.
                os.close(claim.fd)
            ready = launched.listen(deadline, on_phase)
            stream = where.connect(instance, deadline)
            if stream is not None:
                return stream
            if not ready:
                raise launched.died(deadline)
            came = uptime_ms()
        path = where.path_of(f"{instance}.sock")
    said = f"{STARTS_MAX} daemons of {instance} said that they were ready and none answers at {path}"
    raise Unreachable("unanswered", f"{said} (log: {log_path(env, instance)})")
