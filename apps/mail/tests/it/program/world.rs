//! A place of its own for each test, and mail to put into it.

use std::ffi::OsStr;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) use hallway_testkit::Ran;
use serde_json::Value;

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hallway-mail");

pub(crate) struct World(hallway_testkit::World);

impl World {
    pub(crate) fn new() -> Self {
        Self(hallway_testkit::World::new(BINARY))
    }

    /// The program under test.
    pub(crate) fn mail<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.0.program(arguments)
    }

    /// Any program.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        self.0.any(program)
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
}

impl Deref for World {
    type Target = hallway_testkit::World;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    Ran::of(command)
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
