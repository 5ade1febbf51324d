"""Where a client connects: the daemon of an instance, or an address."""

import os
import socket
import time
from typing import Callable, Optional

from .errors import Unreachable
from .instance import Instance
from .phase import OnPhase
from .paths import Env
from .runtime_dir import connect_unix
from .start import reach

#: Connects, within so many seconds, again and again if need be. It blocks.
Reach = Callable[[float], socket.socket]


def resolve(name: str, *, env: Optional[Env], start: bool, on_phase: Optional[OnPhase]) -> Reach:
    """What `connect` is to reach: an instance's name, `unix:/path` or `tcp:127.0.0.1:PORT`."""
    scheme, colon, rest = name.partition(":")
    if not colon:
        instance = Instance.parse(name)
        where = os.environ if env is None else env
        return lambda within: reach(where, instance, start=start, within=within, on_phase=on_phase)
    if scheme == "unix" and os.path.isabs(rest):
        return lambda within: _unix(rest, within)
    host, _, port = rest.rpartition(":")
    if scheme == "tcp" and port.isdecimal() and int(port) < 2**16:
        return lambda within: _tcp(host.strip("[]"), int(port), within)
    raise Unreachable("bad_address", f"{name!r} is no address: write `unix:/path` or `tcp:127.0.0.1:PORT`")


def _unix(path: str, within: float) -> socket.socket:
    stream = connect_unix(path, path, time.monotonic() + within, foreign="foreign_peer")
    if stream is None:
        raise Unreachable("unreachable", f"nobody answers at {path}")
    return stream


def _tcp(host: str, port: int, within: float) -> socket.socket:
    import ipaddress

    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise Unreachable("bad_address", f"{host!r} is no IP address") from None
    if not loopback:
        raise Unreachable("not_loopback", f"{host} can be reached from other machines; use a loopback address")
    try:
        stream = socket.create_connection((host, port), timeout=within)
    except OSError as error:
        raise Unreachable("unreachable", f"nobody answers at {host}:{port}: {error}") from error
    stream.settimeout(None)
    # A call is one small write that somebody waits for.
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream
