"""Where a daemon's files are: the rules of `spec/wire.md`, which every language follows."""

import os
import pwd
import stat
from typing import List, Mapping, NamedTuple, Optional, Tuple

from .errors import Unreachable

Env = Mapping[str, str]

#: Where the system keeps the users' runtime directories.
RUN_USER = "/run/user"


class RuntimePath(NamedTuple):
    """The runtime directory as the rule gives it, before anybody has looked into it."""

    path: str
    #: Whether its parents are made too if they are missing.
    with_parents: bool


def runtime_path(env: Env) -> RuntimePath:
    """Applies the rule: the first row that applies decides."""
    explicit = env.get("HALLWAY_RUNTIME_DIR")
    if explicit:
        if not os.path.isabs(explicit):
            message = f"{explicit} cannot be the runtime directory: HALLWAY_RUNTIME_DIR must be an absolute path"
            raise Unreachable("dir_unsafe", message)
        return RuntimePath(_normal(explicit), False)
    home = home_dir(env)
    rows: List[Tuple[Optional[str], bool, str]] = [
        (env.get("XDG_RUNTIME_DIR"), False, "hallway"),
        (f"{RUN_USER}/{os.geteuid()}", False, "hallway"),
        (env.get("XDG_CACHE_HOME"), True, "hallway/run"),
        (home, True, ".cache/hallway/run"),
    ]
    skipped = []
    for base, below_ours, name in rows:
        if not base:
            continue
        reason = why_not_ours(base) if below_ours else _why_not_private(base)
        if reason is None:
            return RuntimePath(_normal(os.path.join(base, name)), below_ours)
        skipped.append(f"{base}: {reason}")
    message = f"there is no private directory for sockets ({'; '.join(skipped)}); set HALLWAY_RUNTIME_DIR to one"
    raise Unreachable("no_dir", message)


def data_dir(env: Env) -> str:
    """The directory of all programs' data."""
    data = _user_dir(env, "XDG_DATA_HOME", ".local/share")
    if data is None:
        message = "there is no directory for service files: this user has no home; set XDG_DATA_HOME to one"
        raise Unreachable("no_dir", message)
    return data


def log_path(env: Env, instance: object) -> str:
    """Where an instance logs."""
    state = _user_dir(env, "XDG_STATE_HOME", ".local/state")
    where = runtime_path(env).path if state is None else os.path.join(state, "hallway")
    return os.path.join(where, f"{instance}.log")


def home_dir(env: Env) -> Optional[str]:
    """The home directory: `$HOME` if it is ours (after `sudo` it may not be), else that of the password file."""
    home = env.get("HOME")
    if home and why_not_ours(home) is None:
        return home
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None


def why_not_ours(path: str) -> Optional[str]:
    """Why a directory is not absolute and ours, or would not be ours once it is made."""
    if not os.path.isabs(path):
        return "it is not absolute"
    while True:
        try:
            owner = os.stat(path).st_uid
        except OSError as error:
            parent = os.path.dirname(path.rstrip("/")) or "/"
            if parent == path:
                return f"it cannot be reached: {error.strerror}"
            path = parent
            continue
        return _why_foreign(owner)


def _user_dir(env: Env, variable: str, below_home: str) -> Optional[str]:
    given = env.get(variable)
    if given and why_not_ours(given) is None:
        return given
    home = home_dir(env)
    return None if home is None else os.path.join(home, below_home)


def _why_not_private(path: str) -> Optional[str]:
    if not os.path.isabs(path):
        return "it is not absolute"
    try:
        found = os.stat(path)
    except OSError as error:
        return error.strerror or str(error)
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a directory"
    if found.st_mode & 0o077:
        return f"its mode is {stat.S_IMODE(found.st_mode):04o}, which lets others in"
    return _why_foreign(found.st_uid)


def _why_foreign(owner: int) -> Optional[str]:
    euid = os.geteuid()
    return None if owner == euid else f"it belongs to uid {owner}, not to uid {euid}"


def _normal(path: str) -> str:
    """Without `.` and trailing slashes: `link/` would be followed where `link` is refused."""
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
