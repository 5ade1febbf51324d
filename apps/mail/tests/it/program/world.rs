//! A place of its own for each test: its own sockets, data, log and home, and no daemon left when it is over.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Env, Instance, stop};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    root: TempDir,
}

/// What a command has printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["run", "state", "data", "home"] {
            fs::DirBuilder::new().mode(0o700).create(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    /// A path inside.
    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(inside)
    }

    /// Any program, in this world.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// The program under test.
    pub(crate) fn mail<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.program(BINARY);
        command.args(arguments);
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        run(&mut self.mail(arguments))
    }

    /// Runs the program, which has to succeed and to print nothing on standard error, and gives what it prints.
    pub(crate) fn ok<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        ran.out
    }

    /// The same world after the daemon with the sample has come up.
    pub(crate) fn with_sample(self) -> Self {
        let ran = self.run(["count"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "57\n"), "{}", ran.err);
        self
    }

    /// What `status` says of the daemon with the sample, or of another one.
    pub(crate) fn status(&self, mailbox: Option<&Path>) -> Value {
        let mailbox = mailbox.into_iter().flat_map(|path| [OsStr::new("--mailbox"), path.as_os_str()]);
        let arguments = mailbox.chain(["status", "--format", "json"].map(OsStr::new));
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Waits until `status` is as wanted; `None` while it cannot be asked.
    pub(crate) fn wait_until(&self, wanted: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        loop {
            let ran = self.run(["status", "--format", "json"]);
            if ran.code == 0 && wanted(&serde_json::from_str(&ran.out).unwrap()) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{ran:?}");
        }
    }

    /// Kills a daemon as the system does when memory runs out.
    pub(crate) fn kill(&self, mailbox: Option<&Path>) {
        let pid = self.status(mailbox)["daemon"]["pid"].to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    }

    /// The names in the runtime directory that end so.
    pub(crate) fn in_run(&self, ending: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path("run")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> =
            names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect();
        names.sort();
        names
    }

    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HALLWAY_RUNTIME_DIR", self.path("run")),
            ("XDG_STATE_HOME", self.path("state")),
            ("XDG_DATA_HOME", self.path("data")),
            ("HOME", self.path("home")),
            ("TZ", "UTC".into()),
            ("LANG", "C.UTF-8".into()),
        ]
    }
}

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hallway-mail");

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Ran::from(output)
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let env = Env::of(self.environment());
        for name in self.in_run(".sock") {
            let instance: Instance = name.parse().unwrap();
            if let Err(error) = stop(&env, &instance, Instant::now() + PATIENCE) {
                eprintln!("{name} did not stop: {error}");
                let record = fs::read(self.path(format!("run/{name}.json"))).unwrap_or_default();
                let record: Value = serde_json::from_slice(&record).unwrap_or_default();
                let _gone = Command::new("kill").args(["-9", &record["pid"].to_string()]).status();
            }
        }
        if std::thread::panicking() {
            for entry in fs::read_dir(self.path("state/hallway")).into_iter().flatten().flatten() {
                eprintln!(
                    "{}:\n{}",
                    entry.path().display(),
                    fs::read_to_string(entry.path()).unwrap_or_default()
                );
            }
        }
    }
}

/// A Maildir with the messages given by name inside it.
pub(crate) fn maildir(root: &Path, files: &[(&str, &[u8])]) {
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    for (name, raw) in files {
        fs::write(root.join(name), raw).unwrap();
    }
}

/// Delivers a message as mail servers do: written in `tmp`, renamed into `new`.
pub(crate) fn deliver(maildir: &Path, name: &str, raw: &[u8]) {
    fs::write(maildir.join("tmp").join(name), raw).unwrap();
    fs::rename(maildir.join("tmp").join(name), maildir.join("new").join(name)).unwrap();
}

/// A short message.
pub(crate) fn letter(subject: &str) -> Vec<u8> {
    format!(
        "From: Ada Vance <ada@example.org>\r\nTo: bo@example.net\r\nDate: Mon, 5 Jan 2026 09:30:00 +0000\r\n\
         Message-ID: <{}@example.org>\r\nSubject: {subject}\r\n\r\nAbout {subject}.\r\n",
        subject.replace(' ', "-")
    )
    .into_bytes()
}

/// Writes an mbox of `count` letters.
pub(crate) fn mbox(path: &Path, count: usize) {
    let mut raw = Vec::new();
    for n in 0..count {
        raw.extend_from_slice(b"From ada@example.org Mon Jan  5 09:30:00 2026\n");
        raw.extend_from_slice(&letter(&format!("number {n}")));
        raw.push(b'\n');
    }
    fs::write(path, raw).unwrap();
}
