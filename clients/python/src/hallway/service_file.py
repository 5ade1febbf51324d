"""How a client that knows only a daemon's name starts it: `NAME.json` in the directory of service files.

The file decides what is executed, so only what nobody else could have written is read, and no link is followed.
"""

import errno
import os
import stat
from typing import Any, List, NamedTuple, Optional

from . import encoding
from .errors import Unreachable
from .instance import Instance
from .paths import Env, data_dir

#: The most bytes of a service file.
SERVICE_FILE_MAX = 64 * 1024

#: Where the files are in the user's data directory.
BELOW_DATA = ("hallway", "services")


class ServiceFile(NamedTuple):
    """Which program serves an instance, and how it is started."""

    program: str
    args: List[str] = []
    version: str = ""
    description: str = ""
    #: The variables that the daemon gets besides the usual ones.
    env: List[str] = []


def service_file_path(env: Env, instance: Instance) -> str:
    """Where an instance's file is, or would be."""
    return os.path.join(data_dir(env), *BELOW_DATA, f"{instance}.json")


def read_service_file(env: Env, instance: Instance) -> ServiceFile:
    """Reads an instance's file. Whether its program is there is not looked at."""
    path = service_file_path(env, instance)
    content = _read(data_dir(env), f"{instance}.json")
    if content is None:
        how = "run its program once, or the program's `install`"
        message = f"{instance} does not run and cannot be started: there is no {path}; {how}"
        raise Unreachable("not_installed", message)
    try:
        return _parse(instance, content)
    except _Bad as reason:
        message = f"{path} is no usable service file: {reason}; remove it, and run the service's program once"
        raise Unreachable("bad_service_file", message) from None


class _Bad(ValueError):
    """Why it is no service file."""


def _parse(instance: Instance, content: bytes) -> ServiceFile:
    if len(content) > SERVICE_FILE_MAX:
        raise _Bad(f"it has more than {SERVICE_FILE_MAX} bytes")
    try:
        members = encoding.decode(content.decode())
    except ValueError as error:
        raise _Bad(str(error)) from None
    if type(members) is not dict:
        raise _Bad("it is no object")
    service = _text(members, "service")
    program, args, env = _text(members, "program"), _texts(members, "args"), _texts(members, "env")
    version, description = _text(members, "version", ""), _text(members, "description", "")
    if service != instance.service:
        raise _Bad(f"it is of the service {service!r}")
    if not os.path.isabs(program):
        raise _Bad(f"the program {program!r} is no absolute path")
    if any("\0" in text for text in [program, *args]):
        raise _Bad("there is a NUL in the program's path or in an argument")
    for name in env:
        if not name or "=" in name or "\0" in name:
            raise _Bad(f"{name!r} is no name of a variable")
    return ServiceFile(program, args, version, description, env)


def _text(members: Any, name: str, absent: Optional[str] = None) -> str:
    value = members.get(name, absent)
    if type(value) is not str:
        raise _Bad(f"`{name}` must be text")
    return value


def _texts(members: Any, name: str) -> List[str]:
    value = members.get(name, [])
    if type(value) is not list or any(type(one) is not str for one in value):
        raise _Bad(f"`{name}` must be a list of text")
    return value


def _read(data: str, name: str) -> Optional[bytes]:
    """Goes down to the file one name at a time, so that a link on the way is seen."""
    try:
        fd = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreachable("io", f"cannot open {data}: {error.strerror}") from error
    path = data
    try:
        for below in (*BELOW_DATA, name):
            path = os.path.join(path, below)
            inner = _open(fd, below, path, stat.S_IFREG if below is name else stat.S_IFDIR)
            if inner is None:
                return None
            os.close(fd)
            fd = inner
        with os.fdopen(os.dup(fd), "rb") as file:
            return file.read(SERVICE_FILE_MAX + 1)
    finally:
        os.close(fd)


def _open(parent: int, name: str, path: str, kind: int) -> Optional[int]:
    """Opens what has a name, if anything has; what others could have written is refused."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        # A link, a socket.
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise _misplaced(path, kind) from None
        raise Unreachable("io", f"cannot open {path}: {error.strerror}") from error
    try:
        _check(os.fstat(fd), path, kind)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _check(found: os.stat_result, path: str, kind: int) -> None:
    """Whoever can write to it decides what is executed."""
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_IFMT(found.st_mode) != kind:
        raise _misplaced(path, kind)
    if found.st_uid != os.geteuid():
        rule = f"it belongs to uid {found.st_uid}, and this process runs as uid {os.geteuid()}"
        raise _untrusted(path, rule, f"remove {path}")
    if mode & 0o022:
        rule = f"its mode is {mode:04o}, and group and others must not be able to write"
        raise _untrusted(path, rule, f"look at what it says, then run `chmod go-w {path}`")


def _misplaced(path: str, kind: int) -> Unreachable:
    what = "directory" if kind == stat.S_IFDIR else "regular file"
    return _untrusted(path, f"it is not a {what}", f"remove {path}")


def _untrusted(path: str, rule: str, remedy: str) -> Unreachable:
    message = f"{path} decides what is executed and cannot be trusted: {rule}; {remedy}"
    return Unreachable("service_file_unsafe", message)
