"""Generated modules: what they say, that they run, and that mypy believes them."""

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Tuple

import hallway
import hallway.aio
from hallway import __main__, codegen
from hallway.describe import Description
from hallway.schema import python_name, reader, type_text

from .world import SOURCES, VENV, World

#: A description with every shape of type, and with names that Python has for itself.
ODD: Dict[str, Any] = {
    "name": "odd-names",
    "version": "1.0",
    "docs": 'Says "hello".\n\nIn """three""" lines, with \\ in them.',
    "methods": [
        {
            "name": "import",
            "docs": 'Ends in a quote: "x"',
            "kind": "unary",
            "params": [
                {"name": "from", "schema": {"type": "string"}, "required": True, "docs": "Where from."},
                {"name": "since", "schema": {"type": ["integer", "null"]}, "required": False},
                {"name": "self", "schema": {"$ref": "#/$defs/Event"}, "required": True},
                {"name": "tags", "schema": {"type": "array", "items": {"type": "string"}}, "required": False, "default": []},
                {"name": "deep", "schema": {"type": "boolean"}, "required": False, "default": False},
            ],
            "result": {"$ref": "#/$defs/Tree"},
        },
        {"name": "watch", "kind": "subscription", "result": {"$ref": "#/$defs/Event"}},
        {"name": "list", "kind": "stream", "result": {"$ref": "#/$defs/Either"}},
        {"name": "tell", "kind": "notification", "params": [], "result": None},
        {"name": "str", "kind": "unary", "params": [{"name": "_x", "schema": {"type": "string"}, "required": True}]},
        {"name": "any", "kind": "unary", "params": [{"name": "x", "schema": True, "required": True}], "result": {}},
    ],
    "$defs": {
        "Event": {"type": "object", "properties": {"class": {"type": "string"}, "n": {"type": "number"}}, "required": ["n"]},
        "Tree": {
            "type": "object",
            "description": "A tree.",
            "properties": {
                "leaf": {"type": "string", "contentEncoding": "base64", "description": "What it holds."},
                "below": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
                "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Tree"}},
            },
            "required": ["leaf", "below", "by_name"],
        },
        "Either": {"oneOf": [{"$ref": "#/$defs/Tree"}, {"$ref": "#/$defs/Event"}, {"type": "null"}]},
        "Level": {"enum": ["low", "high", None]},
        "Alias": {"$ref": "#/$defs/Level"},
        "OddNames": {"type": "object"},
    },
}

#: An open enum: a name, an object of one member, and what a newer peer may say.
OPEN: Dict[str, Any] = {
    "anyOf": [
        {"type": "string", "const": "waiting"},
        {
            "type": "object",
            "properties": {"made": {"type": "string", "contentEncoding": "base64"}},
            "required": ["made"],
        },
        {"type": ["string", "object"]},
    ]
}


def mypy(*files: Path) -> Tuple[int, str]:
    """What `mypy --strict` says."""
    program = VENV / "bin" / "mypy"
    assert program.exists(), "there is no mypy: run `clients/install`, and the tests by `cargo test -p hallway-clients`"
    command = [str(program), "--strict", "--no-error-summary", *map(str, files)]
    env = {**os.environ, "MYPYPATH": str(SOURCES / "src")}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, cwd=SOURCES)
    return ran.returncode, ran.stdout + ran.stderr


def load(text: str, name: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
    return module


class Generated(World):
    def test_of_a_daemon(self) -> None:
        self.install()
        self.connect()
        client = self.python("import sys, runpy; sys.argv = ['x', 'notes']; runpy.run_module('hallway.codegen', run_name='__main__')")
        text, complaint = client.communicate()
        self.assertEqual((client.returncode, complaint), (0, ""))
        file = self.root / "notes.py"
        file.write_text(text)
        use = self.root / "use.py"
        use.write_text(
            "import hallway, hallway.aio, notes\n"
            "def use(pad: notes.Notes) -> int:\n"
            "    found: str = pad.find('x')[0]['text']\n"
            "    return len(found) + sum(pad.numbers(to=3)) + len(pad.echo(b'x'))\n"
            "async def wait(pad: notes.AsyncNotes) -> int:\n"
            "    async for event in pad.watch():\n"
            "        if isinstance(event, hallway.Event):\n"
            "            return event.seq + event.value['number']\n"
            "    return await pad.add('x')\n"
        )
        self.assertEqual(mypy(file, use), (0, ""))
        use.write_text("import notes\ndef use(pad: notes.Notes) -> str:\n    return pad.find(5)[0]['number']\n")
        status, said = mypy(file, use)
        self.assertEqual((status, said.count("error:")), (1, 2), said)
        self._it_runs(load(text, "notes"))

    def _it_runs(self, module: Any) -> None:
        notes = module.Notes(self.connect())
        self.assertEqual(notes.find("3"), [{"number": 3, "text": "note 3"}])
        self.assertEqual(list(notes.numbers(to=3)), [1, 2, 3])
        self.assertEqual(notes.echo(b"\xff"), b"\xff")
        self.assertEqual(next(notes.watch(since=4)).seq, 5)
        self.assertRaises(hallway.ServiceError, notes.add, "")
        self.assertIn("locked: Somebody else writes.", module.Notes.add.__doc__)

        async def run() -> None:
            async with hallway.aio.connect("notes", env=self.env) as client:
                pad = module.AsyncNotes(client)
                self.assertEqual(await pad.echo(b"\xff"), b"\xff")
                self.assertEqual([number async for number in pad.numbers(to=3)], [1, 2, 3])

        asyncio.run(run())

    def test_of_a_file_with_odd_names(self) -> None:
        described = self.root / "odd.json"
        described.write_text(json.dumps([ODD]))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(codegen.main([str(described)]), 0)
        file = self.root / "odd.py"
        file.write_text(out.getvalue())
        self.assertEqual(mypy(file), (0, ""), out.getvalue())
        module: Any = load(out.getvalue(), "odd")
        self.assertEqual(module.__doc__.split("\n")[0], 'Says "hello".')
        self.assertEqual(sorted(module.__all__), module.__all__)
        for name in ("OddNamesService", "AsyncOddNamesService", "Event_", "Tree", "Either", "Alias"):
            self.assertIn(name, module.__all__)
        self.assertEqual(module.OddNamesService.import_.__doc__.split("\n")[0], 'Ends in a quote: "x"')

    def test_what_cannot_be_generated(self) -> None:
        (self.root / "bad.json").write_text("[]")
        for source in ("../x", str(self.root / "bad.json"), str(self.root / "none.json")):
            with self.subTest(source=source), contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(codegen.main([source]), 1)
            self.assertIn("python -m hallway.codegen: ", said.getvalue())


class Shell(World):
    def run_shell(self, *arguments: str) -> Tuple[int, str, str]:
        command = [sys.executable, "-m", "hallway", *arguments]
        env = {**self.env, "PYTHONPATH": str(SOURCES / "src")}
        ran = subprocess.run(command, env=env, capture_output=True, text=True)
        return ran.returncode, ran.stdout, ran.stderr

    def test_a_call_from_the_shell(self) -> None:
        self.assertEqual(self.run_shell("call", "notes.find", "word=3")[0], 3)
        self.install()
        self.connect()
        found = '[{"number": 3, "text": "note 3"}]\n'
        self.assertEqual(self.run_shell("call", "notes.find", "word=3", "limit=1"), (0, found, ""))
        self.assertEqual(self.run_shell("call", "notes.numbers", "to=3"), (0, "1\n2\n3\n", ""))
        self.assertEqual(self.run_shell("call", "notes.echo", "data=AP8="), (0, '"AP8="\n', ""))
        status, _, said = self.run_shell("call", "notes.add", "text=")
        self.assertEqual((status, said), (1, "python -m hallway: a note of 0 characters is no note [empty]\n"))
        self.assertEqual(self.run_shell("call", "notes.sleep", "--timeout", "0.05")[0], 124)
        for wrong in (["notes.fnid"], ["notes.find"], ["notes.find", "word"], ["notes.find", "colour=1"]):
            self.assertEqual(self.run_shell("call", *wrong)[0], 2)

    def test_exit_codes(self) -> None:
        for code, status in [("deadline_passed", 124), ("not_running", 3)]:
            self.assertEqual(__main__._exit_code(hallway.Unreachable(code)), status)
        for code, status in [("closing", 3), ("unauthorized", 3), ("unknown_method", 4), ("busy", 1), ("internal", 1)]:
            self.assertEqual(__main__._exit_code(hallway.Refused(code)), status)


class Schemas(unittest.TestCase):
    def test_types_are_written_as_python_has_them(self) -> None:
        for schema, text in [
            ({"type": "string"}, "str"),
            ({"type": "string", "contentEncoding": "base64"}, "bytes"),
            ({"type": ["string", "null"], "contentEncoding": "base64"}, "Optional[bytes]"),
            ({"type": "array", "items": {"type": "integer"}}, "List[int]"),
            ({"type": "array"}, "List[Any]"),
            ({"type": "object", "additionalProperties": {"type": "boolean"}}, "Dict[str, bool]"),
            ({"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}, "Optional[A]"),
            ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "Union[int, str]"),
            ({"enum": ["a", "b"]}, "Literal['a', 'b']"),
            ({"const": 1}, "Literal[1]"),
            ({"anyOf": [{"type": "string", "const": "low"}, {"type": "string"}]}, "Union[Literal['low'], str]"),
            ({"enum": [1.5]}, "Any"),
            ({"type": "null"}, "None"),
            ({"type": 5}, "Any"),
            ({"$ref": "elsewhere"}, "Any"),
            (True, "Any"),
            ({}, "Any"),
        ]:
            self.assertEqual(type_text(schema), text)

    def test_names(self) -> None:
        for name, python in [("import", "import_"), ("a-b", "a_b"), ("2x", "_2x"), ("é", "_"), ("", "_"), ("None", "None_")]:
            self.assertEqual(python_name(name), python)

    def test_binary_data_is_found_wherever_it_is(self) -> None:
        defs = ODD["$defs"]
        tree = {"leaf": "AA==", "below": [{"leaf": "/w==", "below": [], "by_name": {}}], "by_name": {"x": {"leaf": ""}}}
        read = {"leaf": b"\0", "below": [{"leaf": b"\xff", "below": [], "by_name": {}}], "by_name": {"x": {"leaf": b""}}}
        cases: List[Tuple[Any, Any, Any]] = [
            ({"$ref": "#/$defs/Tree"}, tree, read),
            ({"$ref": "#/$defs/Either"}, tree, read),
            ({"$ref": "#/$defs/Either"}, {"n": 1, "class": "AA=="}, {"n": 1, "class": "AA=="}),
            ({"$ref": "#/$defs/Either"}, None, None),
            (OPEN, "waiting", "waiting"),
            (OPEN, {"made": "AA=="}, {"made": b"\0"}),
            (OPEN, {"paused": "AA=="}, {"paused": "AA=="}),
            ({"type": "array", "items": {"$ref": "#/$defs/Tree"}}, [tree], [read]),
        ]
        for schema, value, expected in cases:
            convert = reader(schema, defs)
            assert convert is not None
            self.assertEqual(convert(value), expected)
            for other in (5, "AA", [5], {"leaf": 5}):
                try:
                    convert(other)
                except hallway.UnexpectedResult:
                    pass
        self.assertIsNone(reader({"$ref": "#/$defs/Event"}, defs))
        convert = reader({"type": "string", "contentEncoding": "base64"}, {})
        assert convert is not None
        for text in ("?", "AA", "AAr_", "AA==\n"):
            self.assertRaises(hallway.UnexpectedResult, convert, text)

    def test_what_every_daemon_has_is_not_what_one_is_there_for(self) -> None:
        described = [{"name": name} for name in ("hallway", "hallway.daemon", "notes")]
        self.assertEqual(Description.chosen(described, None), {"name": "notes"})
        self.assertEqual(Description.chosen(described, "hallway.daemon"), {"name": "hallway.daemon"})


class Golden(unittest.TestCase):
    """`hallway codegen python` writes the same: `clients/codegen` holds what both have to."""

    def test_the_module_is_as_the_tool_writes_it(self) -> None:
        golden = SOURCES.parent / "codegen"
        described = json.loads((golden / "odd.json").read_text())
        self.assertEqual(codegen.module(described), (golden / "odd.py").read_text())
        self.assertEqual(mypy(golden / "odd.py"), (0, ""))


class Typed(unittest.TestCase):
    def test_the_package_and_its_tests_pass_mypy_strict(self) -> None:
        self.assertEqual(mypy(SOURCES / "src", SOURCES / "tests"), (0, ""))

    def test_mypy_is_really_asked(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            wrong = Path(root, "wrong.py")
            wrong.write_text("import hallway\nhallway.connect(5)\n")
            status, said = mypy(wrong)
        self.assertEqual((status, said.count("error:")), (1, 1), said)
