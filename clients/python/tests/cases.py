"""How every file of `spec/vectors` is read: its README describes the format."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Set

SPEC = Path(__file__).resolve().parents[3] / "spec"

#: Every file, and why its cases are not for this client, if they are not.
FILES: Dict[str, str] = {
    "admin.json": "",
    "envelope.json": "",
    "errors.json": "",
    "framing.json": "",
    "hello.json": "",
    "hostile-server.json": "",
    "json-edge.json": "",
    "jsonrpc.json": "",
    "msgpack.json": "this client speaks JSON: Python's standard library has no MessagePack",
    "newer.json": "",
    "paths.json": "",
    "recognition.json": "",
    "restricted.json": "",
    "service-files.json": "",
    "sidecar.json": "",
    "starting.json": "",
}

Case = Dict[str, Any]


def read(file: str, members: Set[str]) -> List[Case]:
    """The cases of a file; a member that nobody knows is a mistake, and so are two cases of one name."""
    with open(SPEC / "vectors" / file, encoding="utf-8") as text:
        content = json.load(text)
    assert set(content) == {"about", "cases"}, f"{file}: {set(content)}"
    assert not FILES[file], f"{file}: {FILES[file]}"
    names = [case["name"] for case in content["cases"]]
    assert names and len(names) == len(set(names)), f"{file}: two cases of one name, or none at all"
    for case in content["cases"]:
        unknown = set(case) - members - {"name"}
        assert not unknown, f"{file}: {case['name']}: unknown members {unknown}"
    return list(content["cases"])


def run(file: str, members: Set[str], check: Callable[[Case], object]) -> int:
    """Runs every case of a file, and reports all that fail by name; how many there are."""
    return run_cases(file, read(file, members), check)


def run_cases(file: str, cases: List[Case], check: Callable[[Case], object]) -> int:
    failed = []
    for case in cases:
        try:
            check(case)
        except Exception as error:
            failed.append(f"{file}: {case['name']}: {type(error).__name__}: {error}")
    assert not failed, f"{len(failed)} of {len(cases)} cases failed:\n" + "\n".join(failed)
    return len(cases)


def same(found: object, expected: object) -> None:
    """Compares, also numbers by their type: 1 is not 1.0, nor true."""
    if _exact(found) != _exact(expected):
        raise AssertionError(f"expected {expected!r:.300}, found {found!r:.300}")


def _exact(value: Any) -> Any:
    """A value with the types of what is in it."""
    if isinstance(value, dict):
        return {name: _exact(one) for name, one in value.items()}
    return [_exact(one) for one in value] if isinstance(value, (list, tuple)) else (type(value), repr(value))


def written(value: Any) -> bytes:
    """Bytes as a case writes them."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return b"".join(map(written, value))
    if set(value) == {"hex"}:
        return bytes.fromhex(value["hex"])
    if set(value) == {"repeat", "times"}:
        return written(value["repeat"]) * int(value["times"])
    raise AssertionError(f"bytes are not written so: {value!r:.100}")
