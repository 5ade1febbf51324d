"""The README: every example is run, and prints what it shows. The package: it installs."""

import re
import shutil
import subprocess
import sys
from typing import List, Tuple

from .world import SOURCES, VENV, World


class Readme(World):
    def test_every_example_runs(self) -> None:
        self.install()
        self.connect()
        blocks = fenced((SOURCES / "README.md").read_text())
        kinds = [kind for kind, _ in blocks]
        self.assertEqual(set(kinds), {"python", "text", "console"}, "a kind of example that nobody runs")
        self.assertGreater(kinds.count("python"), 8)
        # One session for all of Python, as a reader types it; what belongs together is parted by a mark.
        session, shown = "", []
        for (kind, text), (next_kind, output) in zip(blocks, [*blocks[1:], ("", "")]):
            if kind == "console":
                # Commands run in between, where they stand.
                session += f"import subprocess; subprocess.run({commands(text)!r}, shell=True)\n"
                session += "print('----', flush=True)\n"
                shown.append("".join(line for line in text.splitlines(True) if not line.startswith("$ ")))
            elif kind == "python":
                session += f"{text}\nprint('----', flush=True)\n"
                shown.append(output if next_kind == "text" else "")
        ran = self.python(session, cwd=self.root)
        printed, complaint = ran.communicate()
        self.assertEqual((ran.returncode, complaint), (0, ""))
        parts = printed.split("----\n")
        self.assertEqual(parts.pop(), "")
        for found, expected in zip(parts, shown):
            self.assertEqual(found, expected)
        self.assertEqual(len(parts), len(shown))

    def test_the_runner_sees_every_fence(self) -> None:
        text = "a\n```python\nprint(1)\n```\n\n```text\n1\n```\n"
        self.assertEqual(fenced(text), [("python", "print(1)\n"), ("text", "1\n")])
        self.assertEqual(commands("$ echo a\nb\n$ c\n"), "exec 2>&1\necho a\nc\n")

    def test_the_package_installs(self) -> None:
        source, target = self.root / "source", self.root / "target"
        shutil.copytree(SOURCES, source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
        pip = [str(VENV / "bin" / "pip"), "install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
        ran = subprocess.run([*pip, "--target", str(target), str(source)], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertTrue((target / "hallway" / "py.typed").exists())
        code = "import hallway, importlib.metadata as m; print(hallway.__file__, m.version('hallway') == hallway.__version__)"
        env = {"PYTHONPATH": str(target)}
        said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        self.assertEqual(said.stdout, f"{target}/hallway/__init__.py True\n", said.stderr)


def fenced(text: str) -> List[Tuple[str, str]]:
    """The fenced blocks of a document: what stands behind the opening fence, and the text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> str:
    lines = [line[2:] for line in text.splitlines(True) if line.startswith("$ ")]
    return "exec 2>&1\n" + "".join(lines)
