"""Finding the daemon, and starting it."""

import fcntl
import json
import os
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

import hallway
from hallway import Phase, spawn_lock

from .world import NOTES, PATIENCE, World, wait_for_end

#: How many processes race. The full count, with three languages, is a gate of its own.
PROCESSES = 12

CLIENT = """
import hallway
with hallway.connect("notes") as notes:
    notes.find(word="note")
    print(notes.status()["pid"])
"""


class Starting(World):
    def test_a_daemon_is_started_once(self) -> None:
        self.install()
        first, second = self.connect(), self.connect(start=False)
        self.assertEqual(first.status()["pid"], second.status()["pid"])
        self.assertEqual(self.run_dir.stat().st_mode & 0o777, 0o700)
        log = (self.root / "state" / "hallway" / "notes.log").read_text()
        self.assertIn(f"start of notes by pid {os.getpid()}", log)
        self.assertIn("serving", log)

    def test_nothing_is_started_where_that_is_not_wanted(self) -> None:
        self.install()
        error = self.fails(start=False)
        self.assertEqual(error.code, "not_running")
        self.assertFalse(self.run_dir.exists())

    def test_what_is_not_installed_is_named(self) -> None:
        error = self.fails()
        self.assertEqual(error.code, "not_installed")
        self.assertIn("services/notes.json", error.message)

    def test_names_and_addresses_that_are_none(self) -> None:
        for name, code in [
            ("../x", "bad_name"),
            ("Mail", "bad_name"),
            ("unix:relative", "bad_address"),
            ("tcp:127.0.0.1", "bad_address"),
            ("http://x", "bad_address"),
            ("tcp:localhost:1", "bad_address"),
            ("tcp:192.0.2.1:1", "not_loopback"),
            (f"unix:{self.root}/none", "unreachable"),
            ("tcp:127.0.0.1:1", "unreachable"),
        ]:
            with self.subTest(name=name), self.assertRaises(hallway.Unreachable) as failed:
                hallway.connect(name, env=self.env)
            self.assertEqual(failed.exception.code, code)

    def test_a_path_far_too_long_for_a_socket(self) -> None:
        deep = self.root / ("d" * 100) / ("e" * 100)
        deep.mkdir(parents=True, mode=0o700)
        self.env["HALLWAY_RUNTIME_DIR"] = str(deep / "run")
        self.install()
        self.assertEqual(len(self.connect().find(word="3")), 1)

    def test_many_processes_in_two_languages_and_one_daemon(self) -> None:
        self.install()
        in_rust = [self.process([NOTES, "pid", "notes"]) for _ in range(PROCESSES // 2)]
        in_python = [self.python(CLIENT) for _ in range(PROCESSES)]
        said = [client.communicate(timeout=PATIENCE) for client in (*in_rust, *in_python)]
        self.addCleanup(self.stop_daemon)
        self.assertEqual(len({out for out, _ in said}), 1, said)
        self.assertTrue(said[0][0].strip().isdecimal(), said)
        log = (self.root / "state" / "hallway" / "notes.log").read_text()
        self.assertEqual(log.count("serving"), 1, log)

    def test_many_threads_and_one_daemon(self) -> None:
        self.install()
        pids: List[int] = []
        threads = [threading.Thread(target=lambda: pids.append(self.connect().status()["pid"])) for _ in range(PROCESSES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual((len(pids), len(set(pids))), (PROCESSES, 1))

    def test_a_daemon_that_was_killed_leaves_nothing_in_the_way(self) -> None:
        self.install()
        for _ in range(3):
            client = self.connect()
            self.kill_daemon(client)
            self.assertTrue((self.run_dir / "notes.sock").exists())
            client.close()
        self.connect().ping()

    def test_the_daemon_gets_what_is_listed_and_nothing_else(self) -> None:
        self.install(self.script(f"env > {self.root}/env; readlink /proc/self/fd/0 > {self.root}/input; exit 7"), env=["EDITOR"])
        self.env.update(EDITOR="ed", SECRET="s", LC_ALL="C", HALLWAY_X="1", LD_PRELOAD="", PYTHONPATH="x", USER="u")
        self.fails()
        lines = (self.root / "env").read_text().splitlines()
        env: Dict[str, str] = dict(line.split("=", 1) for line in lines)
        for made_by_the_shell in ("PWD", "SHLVL", "_"):
            env.pop(made_by_the_shell, None)
        passed = {name: self.env[name] for name in ("EDITOR", "LC_ALL", "HALLWAY_X", "USER", "PATH", "HOME")}
        passed.update({name: value for name, value in self.env.items() if name.startswith("XDG_")})
        self.assertEqual(env, {**passed, "HALLWAY_RUNTIME_DIR": str(self.run_dir), "HALLWAY_READY": "1"})
        self.assertEqual((self.root / "input").read_text().strip(), str(self.run_dir / "notes.spawn"))

    def test_the_start_lock_is_the_daemons_until_it_ends(self) -> None:
        held = f"flock --nonblock {self.run_dir}/notes.spawn true || echo held"
        self.install(self.script(f"{held} > {self.root}/held; exit 7"))
        self.assertEqual(self.fails().code, "daemon_died")
        self.assertEqual((self.root / "held").read_text(), "held\n")
        with open(self.run_dir / "notes.spawn") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_last_words_come_at_once(self) -> None:
        words = {"failed": {"code": "index_locked", "message": "the index is used by pid 12"}}
        self.install(self.script(f"echo noise; echo '{json.dumps(words)}'; {self.waiting()}"))
        began = time.monotonic()
        error = self.fails()
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(error.code, "index_locked")
        self.assertIn("the index is used by pid 12", error.message)

    def test_a_daemon_that_dies_without_a_word_is_quoted(self) -> None:
        self.install(self.script("echo 'cannot find the \033[31mindex' >&2; exit 7"))
        error = self.fails()
        self.assertEqual(error.code, "daemon_died")
        for text in ("exit status: 7", "cannot find the \\x1b[31mindex", "notes.log"):
            self.assertIn(text, error.message)
        self.install(self.script("kill -9 $$"))
        self.assertIn("signal: 9", self.fails().message)

    def test_a_daemon_that_says_ready_and_does_not_answer(self) -> None:
        # It lets the start lock go as one that serves does.
        self.install(self.script(f"exec < /dev/null; echo start >> {self.root}/starts; echo '{{\"ready\":{{}}}}'"))
        self.assertEqual(self.fails().code, "unanswered")
        self.assertEqual((self.root / "starts").read_text().count("start"), 3)

    def test_phases_are_told(self) -> None:
        phase = {"phase": "importing", "detail": "inbox.mbox", "done": 3, "total": 10}
        # What it says last need not end its line, and what is too long is noise.
        noise = "head -c 100000 /dev/zero | tr '\\0' x; echo"
        self.install(self.script(f"{noise}; echo '{json.dumps(phase)}'; printf '{{\"phase\":\"x\"}}'; exit 1"))
        heard: List[Phase] = []
        self.assertEqual(self.fails(on_phase=heard.append).code, "daemon_died")
        self.assertEqual(heard, [Phase("importing", "inbox.mbox", 3, 10), Phase("x")])

    def test_a_daemon_that_is_not_ready_in_time_goes_on(self) -> None:
        self.install(self.script(f"echo '{{\"phase\":\"migrating\"}}'; {self.waiting()}"))
        error = self.fails(within=0.5)
        self.assertEqual(error.code, "deadline_passed")
        self.assertIn("migrating", error.message)

    def test_somebody_else_starts_it_for_too_long(self) -> None:
        self.install()
        self.run_dir.mkdir(mode=0o700)
        with open(self.run_dir / "notes.spawn", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            error = self.fails(within=0.2)
            self.assertEqual(error.code, "deadline_passed")
            self.assertIn("notes.log", error.message)
        self.connect().ping()

    def test_a_program_that_cannot_be_executed_is_named(self) -> None:
        file = self.install(str(self.root / "gone"))
        error = self.fails()
        self.assertEqual(error.code, "cannot_launch")
        self.assertIn(str(self.root / "gone"), error.message)
        self.assertIn(str(file), error.message)

    def test_a_dead_daemon_is_no_zombie(self) -> None:
        self.install(self.script(f"echo $$ > {self.root}/pid; exit 7"))
        self.fails()
        wait_for_end(int((self.root / "pid").read_text()))
        self.assertFalse(Path(f"/proc/{(self.root / 'pid').read_text().strip()}").exists())


class LastStarts(World):
    """What a client that did not start the daemon learns of how that ended."""

    def test_who_waited_hears_the_failure_and_starts_no_other(self) -> None:
        self.install(self.script(f"echo start >> {self.root}/starts; echo '{{\"phase\":\"x\"}}'; {self.waiting()}"))
        starting, waiting = threading.Event(), threading.Event()
        errors: List[hallway.Unreachable] = []

        def ask(on_phase: Any) -> threading.Thread:
            thread = threading.Thread(target=lambda: errors.append(self.fails(on_phase=on_phase)))
            thread.start()
            return thread

        def wait(this: Any, deadline: float) -> Any:
            waiting.set()
            return result(this, deadline)

        result = spawn_lock._Waiting.result
        with mock.patch.object(spawn_lock._Waiting, "result", wait):
            first = ask(lambda phase: starting.set())
            self.assertTrue(starting.wait(PATIENCE))
            second = ask(None)
            self.assertTrue(waiting.wait(PATIENCE))
            (self.root / "gate").write_text("it is lost\n")
            for thread in (first, second):
                thread.join(PATIENCE)
        self.assertEqual([error.code for error in errors], ["daemon_died"] * 2)
        self.assertEqual((self.root / "starts").read_text().count("start"), 1)

    def test_failures_are_counted(self) -> None:
        self.install(self.script("exit 7"))
        for failures in range(3):
            self.fails()
            self.assertEqual(self._last()["failures"], failures)
        self.assertEqual(self._last()["log"], str(self.root / "state" / "hallway" / "notes.log"))

    def test_a_log_whose_path_is_no_text(self) -> None:
        self.install(self.script("exit 7"))
        self.env["XDG_STATE_HOME"] = str(self.root / "st\udcff")
        self.assertEqual(self.fails().code, "daemon_died")
        self.assertNotIn("log", self._last())

    def test_a_daemon_that_failed_often_is_let_rest_by_every_language(self) -> None:
        self.install()
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        said = {"failed": {"code": "index_locked", "message": "the index is used by pid 12"}}
        last = {"boot": boot, "began": now, "failures": 8, "said": said, "ended": now}
        self.run_dir.mkdir(mode=0o700)
        (self.run_dir / "notes.spawn").write_text(json.dumps(last) + "\n")
        error = self.fails()
        self.assertEqual(error.code, "index_locked")
        in_rust = self.process([NOTES, "pid", "notes"]).communicate(timeout=PATIENCE)[1]
        for said_of_it in (error.message, in_rust):
            self.assertIn("the index is used by pid 12", said_of_it)
        self.assertIn("it has failed 9 times in a row", error.message)
        self.assertFalse((self.run_dir / "notes.sock").exists())
        # Once a daemon is there, nothing of this is looked at.
        (self.run_dir / "notes.spawn").write_text("")
        self.connect().ping()

    def test_a_daemon_that_was_not_started_has_not_failed(self) -> None:
        self.install(str(self.root / "gone"))
        self.assertEqual(self.fails().code, "cannot_launch")
        self.assertEqual((self.run_dir / "notes.spawn").read_bytes(), b"")

    def _last(self) -> Dict[str, Any]:
        last: Dict[str, Any] = json.loads((self.run_dir / "notes.spawn").read_text())
        return last


class Unsafe(World):
    """What could be somebody else's is refused."""

    def test_directories(self) -> None:
        self.install()
        for mode in (0o750, 0o701, 0o777):
            self.run_dir.mkdir(exist_ok=True)
            self.run_dir.chmod(mode)
            self.assertEqual(self.fails().code, "dir_unsafe")
        self.run_dir.rmdir()
        self.run_dir.symlink_to(self.root)
        self.assertEqual(self.fails().code, "dir_unsafe")

    def test_locks(self) -> None:
        self.install()
        self.run_dir.mkdir(mode=0o700)
        (self.run_dir / "notes.spawn").symlink_to(self.root / "elsewhere")
        self.assertEqual(self.fails().code, "lock_unusable")
        (self.run_dir / "notes.spawn").unlink()
        os.mkfifo(self.run_dir / "notes.spawn", 0o600)
        self.assertEqual(self.fails().code, "lock_unusable")

    def test_a_foreign_directory_and_service_file(self) -> None:
        self.assertEqual(os.geteuid(), 0, "only root can give files away: run this as root")
        file = self.install()
        self.run_dir.mkdir(mode=0o700)
        os.chown(self.run_dir, 1001, 1001)
        self.assertEqual(self.fails().code, "dir_foreign")
        os.chown(self.run_dir, 0, 0)
        for path in (file, file.parent, file.parent.parent):
            os.chown(path, 1001, 1001)
            self.assertEqual(self.fails().code, "service_file_unsafe")
            os.chown(path, 0, 0)
        self.connect().ping()

    def test_a_foreign_server_hears_nothing(self) -> None:
        self.assertEqual(os.geteuid(), 0, "only root can run something as somebody else: run this as root")
        self.install()
        self.run_dir.mkdir(mode=0o700)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.run_dir / "notes.sock"))
        ready, listening = os.pipe()
        child = os.fork()
        if child == 0:
            # Who listens is who serves, whoever made the socket.
            os.setuid(1002)
            listener.listen()
            os.write(listening, b"1")
            heard = 0
            for _ in range(2):
                stream, _ = listener.accept()
                with stream:
                    heard += len(stream.recv(100))
            os._exit(heard)
        os.read(ready, 1)
        self.assertEqual(self.fails().code, "server_uid")
        with self.assertRaises(hallway.Unreachable) as failed:
            hallway.connect(f"unix:{self.run_dir}/notes.sock")
        self.assertEqual(failed.exception.code, "foreign_peer")
        _, status = os.waitpid(child, 0)
        self.assertEqual(os.WEXITSTATUS(status), 0, "it heard something")
        os.close(ready)
        os.close(listening)


class Tcp(World):
    def test_a_token_lets_in(self) -> None:
        process = subprocess.Popen(
            [NOTES, "serve", str(self.root / "s")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.addCleanup(process.communicate)
        assert process.stdout is not None
        address = f"tcp:127.0.0.1:{int(process.stdout.readline())}"
        with hallway.connect(address, token="open sesame") as notes:
            self.assertEqual(len(notes.find(word="3")), 1)
        for token in ("open", None):
            with self.assertRaises(hallway.ConnectionLost) as lost, hallway.connect(address, token=token) as notes:
                notes.ping()
            self.assertEqual(lost.exception.code, "unauthorized")
            self.assertEqual(lost.exception.outcome, hallway.Outcome.NOT_DISPATCHED)
        with hallway.connect(f"unix:{self.root}/s") as notes:
            self.assertEqual(notes.numbers(to=3).__next__(), 1)
