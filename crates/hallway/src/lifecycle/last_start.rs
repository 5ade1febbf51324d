//! What became of an instance's last start: why a hundred clients that wait for a daemon that fails start one, and not
//! a hundred one after the other, and why one that fails over and over is let rest.
//!
//! It is one line of JSON in the start lock's own file, and only the holder of that lock writes it: the launcher as it
//! starts a daemon, the daemon with each word, and whoever gets the lock next if the daemon died without a last one.
//! So whoever holds the lock reads facts, not guesses; anybody else reads it for display.

use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

use super::clock::{boot_id, uptime_ms};
use super::files::Kind;
use super::log::StartMark;
use super::ready::Line;
use super::{Failure, Instance, Launcher, RuntimeDir, SpawnLock};

/// The most bytes that are read of it. The longest word has 8 KiB, and the rest is a path.
const MAX_BYTES: usize = 64 * 1024;

/// Starts that fail in a row before the next one has to wait: a person who has just put something right, or a
/// client whose daemon was killed under it, is not kept.
const FREE_STARTS: u32 = 2;

/// How long the first start that has to wait does so; each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause: six starts a minute are no load, and nobody waits for long after the cause is gone.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is known of an instance's last start. [`SpawnLock::last_start`] reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LastStart {
    /// The boot that the times belong to.
    boot: String,
    /// When it began, in milliseconds since the boot.
    began: u64,
    /// How many starts before it had failed in a row.
    failures: u32,
    /// Another text for another program, or another way to start it.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    /// The daemon's log, and where in it this start begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<PathBuf>,
    log_from: u64,
    /// What the daemon said last.
    said: Line,
    /// When it said its last word, or was found dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<u64>,
}

/// What whoever has the start lock, and finds nobody serving, does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Starts a daemon.
    Start {
        /// So many starts before have failed in a row.
        failures: u32,
    },
    /// Tells how the last start failed, and starts none.
    Tell {
        /// So many starts have failed in a row, the last one included.
        failures: u32,
        /// How long it is until one may be started again.
        pause: Duration,
    },
}

/// Who asks what to do next, and when.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Asking {
    /// This boot.
    pub boot: String,
    /// Now, in milliseconds since the boot.
    pub now: u64,
    /// When it began to ask for the daemon.
    pub came: u64,
    /// Which program it would start, as in [`LastStart`].
    pub program: Option<String>,
    /// Whether the last daemon that served has been of use: see [`InstanceLock::served`](super::InstanceLock::served).
    pub served: bool,
}

impl Asking {
    /// Asks now, for a daemon that has been wanted since `came`.
    pub(super) fn now(came: u64, launcher: &Launcher, served: bool) -> Self {
        Self { boot: boot_id(), now: uptime_ms(), came, program: fingerprint(launcher), served }
    }
}

impl LastStart {
    /// Reads what a start lock's file says; `None` if that is nothing.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let line = text.split(|byte| *byte == b'\n').next()?;
        serde_json::from_slice(line).ok()
    }

    /// Looks, for people, what is written down of an instance's last start; `None` if that is nothing. While a start is
    /// under way it is what the daemon has said so far.
    #[must_use]
    pub fn look(dir: &RuntimeDir, instance: &Instance) -> Option<Self> {
        Self::read(&dir.open_file(&Kind::Spawn.of(instance), OFlag::O_RDONLY).ok()?)
    }

    /// Why it failed, if it did and said so.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.said.failed.as_ref()
    }

    /// Whether the daemon said that it serves.
    #[must_use]
    pub fn was_ready(&self) -> bool {
        self.said.ready.is_some()
    }

    /// Whether it ended without a last word: asked when nobody has the start lock.
    #[must_use]
    pub fn died(&self) -> bool {
        self.began != 0 && !self.said.is_last()
    }

    /// What whoever holds the start lock, and finds nobody serving, does next.
    ///
    /// A failure is told to everybody who was waiting when it happened. One that came before is told only during the
    /// pause that follows several in a row. A daemon that was ready and is gone counts as failed if it never was of use.
    #[must_use]
    pub fn next(&self, asking: &Asking) -> Next {
        // Nothing is known of a start that nobody began: there, no boot is named either.
        let other_boot = self.boot != asking.boot || self.began > asking.now || self.began == 0;
        let changed = self.program.is_some() && asking.program.is_some() && self.program != asking.program;
        if other_boot || changed || (self.was_ready() && asking.served) {
            return Next::Start { failures: 0 };
        }
        let failures = self.failures.saturating_add(1);
        let ended = self.ended.unwrap_or(self.began);
        let pause = ended.saturating_add(milliseconds(pause_after(failures))).saturating_sub(asking.now);
        let waited_through = ended > asking.came && !self.was_ready();
        match pause {
            0 if !waited_through => Next::Start { failures },
            pause => Next::Tell { failures, pause: Duration::from_millis(pause) },
        }
    }

    /// The lines that the daemon has logged since it was started.
    pub(super) fn logged(&self) -> Option<(PathBuf, String)> {
        let mark = StartMark::at(self.log.clone()?, self.log_from);
        Some((mark.path().to_owned(), mark.tail()))
    }

    /// What it is busy with, while it starts.
    pub(super) fn phase(&self) -> Option<&Line> {
        Some(&self.said).filter(|said| self.ended.is_none() && said.phase.is_some())
    }

    pub(super) fn read(file: &File) -> Option<Self> {
        let mut text = vec![0; MAX_BYTES];
        let count = file.read_at(&mut text, 0).ok()?;
        Self::parse(text.get(..count)?)
    }

    /// Over what was there, in one write: what is left of something longer stands behind the end of the line.
    fn write(&self, file: &File) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        file.write_all_at(&text, 0)?;
        file.set_len(text.len() as u64)
    }
}

impl SpawnLock {
    /// What became of the last start, now that none is under way. One that ended without a last word ended while the
    /// lock was waited for, or else it is not known when.
    #[must_use]
    pub fn last_start(&self) -> Option<LastStart> {
        self.settle(if self.was_waited_for() { Some(uptime_ms()) } else { None })
    }

    /// The same, by somebody who knows that the daemon is dead since just now.
    pub(super) fn settle(&self, ended: Option<u64>) -> Option<LastStart> {
        let mut last = LastStart::read(self.file())?;
        if last.ended.is_none() {
            last.ended = Some(ended.unwrap_or(last.began));
            self.write_down(&last);
        }
        Some(last)
    }

    /// A daemon is about to be started.
    pub(super) fn begin(&self, launcher: &Launcher, failures: u32, mark: Option<&StartMark>) {
        self.write_down(&LastStart {
            program: fingerprint(launcher),
            log: mark.map(|mark| mark.path().to_owned()),
            log_from: mark.map_or(0, StartMark::offset),
            ..LastStart::begun(failures)
        });
    }

    /// No daemon was started after all.
    pub(super) fn forget(&self) {
        if let Some(file) = self.writable() {
            let _for_display_only = file.set_len(0);
        }
    }

    fn write_down(&self, last: &LastStart) {
        if let Some(file) = self.writable() {
            // Clients do without.
            let _on_a_full_disk = last.write(&file);
        }
    }
}

impl LastStart {
    fn begun(failures: u32) -> Self {
        Self { boot: boot_id(), began: uptime_ms(), failures, ..Self::default() }
    }
}

/// The daemon's words, written down for those who cannot hear them.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    start: LastStart,
}

impl Journal {
    /// Goes on with what the launcher has begun; begins where none has, or one that knows nothing of this.
    pub(super) fn of(claim: &SpawnLock) -> Option<Self> {
        let last = LastStart::read(claim.file()).filter(|last| last.ended.is_none());
        Some(Self { file: claim.writable()?, start: last.unwrap_or_else(|| LastStart::begun(0)) })
    }

    pub(super) fn write(&mut self, said: &Line) {
        if said.is_last() {
            self.start.ended = Some(uptime_ms());
        }
        self.start.said = said.clone();
        // Clients do without.
        let _on_a_full_disk = self.start.write(&self.file);
    }
}

fn pause_after(failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(FREE_STARTS + 1) else { return Duration::ZERO };
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Tells one program, and one way to start it, from another: a file that was replaced is another one.
fn fingerprint(launcher: &Launcher) -> Option<String> {
    let identity = identity(launcher.program())?;
    let mut hasher = DefaultHasher::new();
    (launcher.program(), launcher.args(), identity).hash(&mut hasher);
    Some(format!("{:016x}", hasher.finish()))
}

fn identity(program: &Path) -> Option<(u64, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt as _;

    let found = std::fs::metadata(program).ok()?;
    Some((found.dev(), found.ino(), found.ctime(), found.ctime_nsec()))
}
