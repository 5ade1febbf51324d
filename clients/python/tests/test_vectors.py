"""The files of `spec/vectors` that this client's own code answers."""

import os
import re
import stat
import tempfile
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from hallway import HallwayError, encoding, protocol
from hallway.errors import DID_NOT_RUN, MAY_HAVE_RUN, WireError
from hallway.framing import BadFrame, Frames, TooLong, frame
from hallway.instance import Instance
from hallway.last_start import Asking, LastStart
from hallway.limits import FRAME_MAX
from hallway.paths import runtime_path
from hallway.protocol import Call, Message, Refusal
from hallway.service_file import read_service_file, service_file_path

from .cases import FILES, SPEC, Case, read, run, run_cases, same, written

#: What of `framing.json` is for servers: this client speaks one framing, and is answered in it.
OTHER_FRAMINGS = ("lines", "content_length")


class Vectors(unittest.TestCase):
    def test_no_file_is_forgotten(self) -> None:
        found = {path.name for path in (SPEC / "vectors").iterdir()} - {"README.md"}
        self.assertEqual(found, set(FILES))

    def test_framing(self) -> None:
        cases = read("framing.json", {"framing", "max", "input", "frames", "end"})
        self.assertEqual({case["framing"] for case in cases}, {"length", *OTHER_FRAMINGS})
        ours = [case for case in cases if case["framing"] not in OTHER_FRAMINGS]
        self.assertGreater(run_cases("framing.json", ours, _frames), 20)

    def test_envelope(self) -> None:
        run("envelope.json", {"body", "message", "refused", "payload", "golden"}, _message)

    def test_json_edge(self) -> None:
        run("json-edge.json", {"body", "message", "refused", "payload", "golden"}, _message)

    def test_paths(self) -> None:
        members = {"name_of", "env", "make", "service", "instance", "directory", "refused"}
        run("paths.json", members, _path)

    def test_service_files(self) -> None:
        members = {"instance", "env", "text", "directory", "modes", "link", "path", "says", "refused"}
        run("service-files.json", members, _service_file)

    def test_starting(self) -> None:
        run("starting.json", {"file", "asking", "start", "tell", "pause"}, _starting)

    def test_the_codes_are_those_of_errors_md(self) -> None:
        text = (SPEC / "errors.md").read_text(encoding="utf-8")
        table = text.partition("<!-- codes: protocol/code.rs -->")[2].partition("\n\n")[0]
        rows = re.findall(r"^\| `(\w+)` \| (no|maybe) \|", table, re.MULTILINE)
        self.assertGreater(len(rows), 10)
        self.assertEqual({code for code, ran in rows if ran == "no"}, DID_NOT_RUN)
        self.assertEqual({code for code, ran in rows if ran == "maybe"}, MAY_HAVE_RUN)


class TheRunnerCanFail(unittest.TestCase):
    def test_each_check_tells_a_wrong_outcome(self) -> None:
        length: Case = {"name": "x", "framing": "length", "input": {"hex": "00000001 31"}, "frames": [], "end": "between"}
        cases: List[Tuple[Callable[[Case], None], Case]] = [
            (_frames, length),
            (_message, {"name": "x", "body": '{"id":7,"result":1}', "message": {"kind": "result", "id": 7, "value": 1.0}}),
            (_message, {"name": "x", "body": '{"id":7,"result":1}', "refused": {"id": 7, "code": "bad_message"}}),
            (_message, {"name": "x", "body": "{", "message": {"kind": "unknown"}}),
            (_path, {"name": "x", "name_of": "mail", "service": "news"}),
            (_path, {"name": "x", "name_of": "mail", "refused": "bad_name"}),
            (_service_file, {"name": "x", "instance": "mail", "text": "{}", "says": {"program": "/x"}}),
            (_starting, {"name": "x", "file": "", "asking": {"boot": "b", "now": 1, "came": 1}, "start": 1}),
            (_starting, {"name": "x", "file": "", "asking": {"boot": "b", "now": 1, "came": 1}, "tell": 0}),
        ]
        for check, case in cases:
            with self.subTest(case=case), self.assertRaisesRegex(AssertionError, "1 of 1 cases failed"):
                run_cases("x.json", [case], check)

    def test_unknown_members_and_kinds_are_refused(self) -> None:
        with self.assertRaisesRegex(AssertionError, "unknown members"):
            read("paths.json", {"name_of"})
        with self.assertRaisesRegex(AssertionError, "not written so"):
            written({"base64": "AA=="})


def _frames(case: Case) -> None:
    data = written(case["input"])
    expected: List[Any] = []
    for one in case["frames"]:
        if set(one) == {"body"}:
            expected.append(written(one["body"]))
        else:
            assert set(one) == {"too_long"}, one
            expected.append((one["too_long"]["size"], one["too_long"]["id"]))
    for size in (max(len(data), 1), 1, 2, 3, 7, 64, 4096):
        # By single bytes only what is short enough for it.
        if size >= len(data) / 10_000:
            same(_in_pieces(data, size, case.get("max", FRAME_MAX)), (expected, case["end"]))


def _in_pieces(data: bytes, size: int, longest: int) -> Any:
    frames = Frames(longest)
    found: List[Any] = []
    try:
        for at in range(0, len(data), size):
            for body in frames.receive(data[at : at + size]):
                if isinstance(body, TooLong):
                    refusal = protocol.head(body.head, WireError("frame_too_long"))
                    found.append((body.size, refusal.id))
                else:
                    found.append(body)
    except BadFrame:
        return found, "bad_frame"
    return found, "within" if frames.is_within() else "between"


def _message(case: Case) -> None:
    body = written(case["body"])
    # Once more as it arrives.
    (arrived,) = Frames().receive(frame(body))
    same(arrived, body)
    try:
        message = protocol.decode(body)
    except Refusal as refusal:
        return same({"code": refusal.error.code, "id": refusal.id}, _refused(case))
    expected, payload = case.get("message"), case.get("payload")
    same(_normal(message, payload is None), expected)
    if payload == "unreadable":
        same(isinstance(_payload(message), encoding.Unreadable), True)
    elif payload is not None:
        same(_payload(message), encoding.decode(written(payload["raw"]).decode()))
    if case.get("golden"):
        same(_normal(protocol.decode(_written(message)), payload is None), expected)


def _refused(case: Case) -> Dict[str, Any]:
    refused = case.get("refused", {})
    return {"code": refused.get("code"), "id": refused.get("id")}


def _payload(message: Message) -> Any:
    return message.value.params if message.kind == "call" else message.value


def _normal(message: Message, with_payload: bool) -> Dict[str, Any]:
    """The form in which the files write a message: its kind, and the members that it has."""
    kind, id, value, seq = message
    members: Dict[str, Any] = {"kind": kind, "id": id}
    if kind == "call":
        members.update(value._asdict())
        if not with_payload:
            del members["params"]
    elif kind in ("result", "item"):
        members["seq"] = seq
        found = {name: member for name, member in members.items() if member is not None}
        return {**found, "value": value} if with_payload else found
    elif kind in ("error", "progress", "goaway"):
        members[kind] = {name: member for name, member in value._asdict().items() if member not in (None, "")}
        if kind in ("error", "goaway"):
            members[kind].setdefault("message", "")
            members[kind].setdefault("code", "")
    elif kind == "lagged":
        members.update(value._asdict())
    elif kind == "hello":
        members["hello"] = value
    elif kind == "grant":
        members["items"] = value
    return {name: member for name, member in members.items() if member is not None}


def _written(message: Message) -> bytes:
    kind, id, value, seq = message
    if isinstance(value, Call):
        members = value._asdict()
        return protocol.encode("call", id, members.pop("method"), **members)
    if kind in ("error", "lagged", "progress", "goaway"):
        value = {name: member for name, member in value._asdict().items() if member is not None}
    return protocol.encode(kind, id, value, seq=seq)


def _path(case: Case) -> None:
    members = ("service", "instance", "directory", "refused")
    expected = {name: case[name] for name in members if name in case}
    try:
        found = _name(case["name_of"]) if "name_of" in case else _directory(case)
    except HallwayError as error:
        found = {"refused": error.code}
    same(found, expected)


def _name(text: str) -> Dict[str, str]:
    instance = Instance.parse(text)
    same(str(instance), text)
    found = {"service": instance.service}
    return found if instance.name is None else {**found, "instance": instance.name}


def _directory(case: Case) -> Dict[str, str]:
    with tempfile.TemporaryDirectory() as root:
        for name, mode in case.get("make", {}).items():
            os.mkdir(f"{root}/{name}")
            os.chmod(f"{root}/{name}", int(mode, 8))
        env = {name: value.replace("$ROOT", root) for name, value in case["env"].items()}
        return {"directory": runtime_path(env).path.replace(root, "$ROOT")}


def _service_file(case: Case) -> None:
    expected: Any = case.get("path") or case.get("says") or case.get("refused")
    instance = Instance.parse(case["instance"])
    with tempfile.TemporaryDirectory() as root:
        if "path" in case:
            env = {name: value.replace("$ROOT", root) for name, value in case["env"].items()}
            return same(service_file_path(env, instance).replace(root, "$ROOT"), expected)
        _make(case, Path(root))
        try:
            says = read_service_file({"XDG_DATA_HOME": root}, instance)._asdict()
        except HallwayError as error:
            return same(error.code, expected)
        same({name: value for name, value in says.items() if value}, expected)


def _make(case: Case, root: Path) -> None:
    services = root / "hallway" / "services"
    services.mkdir(parents=True)
    for path in (root / "hallway", services):
        path.chmod(stat.S_IRWXU)
    if "text" in case:
        file = services / f"{case['instance']}.json"
        file.write_bytes(written(case["text"]))
        file.chmod(0o600)
    if "directory" in case:
        (root / case["directory"]).mkdir()
    for name, mode in case.get("modes", {}).items():
        (root / name).chmod(int(mode, 8))
    if "link" in case:
        (root / case["link"]).rename(root / "elsewhere")
        (root / case["link"]).symlink_to(root / "elsewhere")


def _starting(case: Case) -> None:
    asking = Asking(**{"program": None, "served": False, **case["asking"]})
    what, failures, pause = LastStart.parse(written(case["file"])).next(asking)
    found = {"start" if what else "tell": failures, **({"pause": pause} if pause else {})}
    same(found, {name: case[name] for name in ("start", "tell", "pause") if name in case})
