//! A daemon's log: appended, rotated by size, marked at each start, quoted when a start fails.

use std::fs::{DirBuilder, File, OpenOptions, rename};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::{dup2_stderr, dup2_stdout};

use super::{Env, Instance, LifecycleError, RuntimePath};

/// The size at which a log is put aside. One older log is kept beside it, so an instance's logs take twice this.
const MAX_LOG: u64 = 4 * 1024 * 1024;

/// The most bytes of a log that an error quotes.
const MAX_TAIL: u64 = 4 * 1024;

/// The most lines of a log that an error quotes.
const MAX_TAIL_LINES: usize = 20;

/// Returns where an instance logs: `NAME.log` in `$XDG_STATE_HOME/hallway`, else in `~/.local/state/hallway`, and for a
/// user without a home in the runtime directory.
///
/// # Errors
/// As for [`RuntimePath::choose`], if that is needed.
pub fn log_path(env: &Env, instance: &Instance) -> Result<PathBuf, LifecycleError> {
    let dir = env.state_dir().map_or_else(|| RuntimePath::choose(env).map(|chosen| chosen.path), Ok)?;
    Ok(dir.join(format!("{instance}.log")))
}

/// The running daemon's log, a [`Write`] for a `tracing` subscriber (inside a `Mutex`).
///
/// Each write is one record: it is never split over two files, and it is one line, whatever is in it. Line feeds and
/// other control characters are escaped, so that nothing that a peer sends, and somebody logs, looks like a record.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
    stdio: bool,
}

impl LogFile {
    /// Opens the log, and makes it (0600) and its directory (0700) if they are missing.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_limit(path.into(), MAX_LOG)
    }

    fn with_limit(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = open_append(&path)?;
        let size = file.metadata()?.len();
        let mut log = Self { path, file, size, limit, stdio: false };
        if log.size >= log.limit {
            log.rotate()?;
        }
        Ok(log)
    }

    /// Points standard output and error at the log, also after each rotation, so that a panic is found in it.
    ///
    /// # Errors
    /// The system's.
    pub fn capture_stdio(&mut self) -> io::Result<()> {
        self.stdio = true;
        self.redirect()
    }

    /// Returns the log's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn rotate(&mut self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        rename(&self.path, &aside)?;
        self.file = open_append(&self.path)?;
        self.size = 0;
        if self.stdio { self.redirect() } else { Ok(()) }
    }

    fn redirect(&self) -> io::Result<()> {
        dup2_stderr(&self.file)?;
        dup2_stdout(&self.file)?;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let line = one_line(record);
        if self.size > 0 && self.size.saturating_add(line.len() as u64) > self.limit && self.rotate().is_err()
        {
            // A log that cannot be put aside grows on; it is tried again a whole log later.
            self.size = 0;
        }
        self.file.write_all(line.as_bytes())?;
        self.size += line.len() as u64;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard error as a log: each write is one line of it, as in a [`LogFile`].
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub(super) struct Foreground(pub(super) io::Stderr);

#[cfg(feature = "tokio")]
impl Write for Foreground {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0.write_all(one_line(record).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A log at the moment of a start.
#[derive(Debug)]
pub(super) struct StartMark {
    path: PathBuf,
    offset: u64,
}

impl StartMark {
    /// Marks a start in the log and returns the log for the daemon's output.
    pub(super) fn write(path: &Path, what: &str) -> io::Result<(File, Self)> {
        let LogFile { mut file, .. } = LogFile::open(path)?;
        // Wall clock: shown to people, as in every line of a log.
        let now = super::rfc3339(std::time::SystemTime::now());
        file.write_all(format!("--- {now} start of {what}\n").as_bytes())?;
        let offset = file.metadata()?.len();
        Ok((file, Self { path: path.to_owned(), offset }))
    }

    /// The mark of a start that another process has made.
    pub(super) fn at(path: PathBuf, offset: u64) -> Self {
        Self { path, offset }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How long the log was, after the mark.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the last lines that were logged since, without control characters.
    pub(super) fn tail(&self) -> String {
        let bytes = self.read().unwrap_or_else(|error| format!("(cannot be read: {error})").into_bytes());
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().map(printable).collect();
        let skipped = lines.len().saturating_sub(MAX_TAIL_LINES);
        lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        let end = file.metadata()?.len();
        // A log shorter than it was is a new one.
        let start = if end < self.offset { 0 } else { self.offset };
        file.seek(SeekFrom::Start(start.max(end.saturating_sub(MAX_TAIL))))?;
        let mut tail = Vec::new();
        file.take(MAX_TAIL).read_to_end(&mut tail)?;
        Ok(tail)
    }
}

fn open_append(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags.bits()).open(path)
}

/// A record as one line, ended by a line feed.
fn one_line(record: &[u8]) -> String {
    let record = String::from_utf8_lossy(record);
    let mut line = printable(record.strip_suffix('\n').unwrap_or(&record));
    line.push('\n');
    line
}

/// Shows control characters rather than sending them to a terminal, and what else begins a line or turns its direction.
fn printable(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => shown.push(c),
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                shown.extend(c.escape_unicode());
            }
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests;
