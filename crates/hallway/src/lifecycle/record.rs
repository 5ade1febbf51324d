//! Who serves an instance: for people to read, never for a decision.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use serde::{Deserialize, Serialize};

use super::files::Kind;
use super::{Env, Instance, InstanceLock, LifecycleError, RuntimeDir, RuntimePath, ServiceFile, State};

/// The most bytes of a record that are read; ours have a few hundred.
const MAX_RECORD: u64 = 64 * 1024;

/// What a daemon says of itself in `NAME.json`. Readers ignore fields that they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Record {
    /// Its process id when it started.
    pub pid: u32,
    /// The program that it runs.
    pub program: String,
    /// The version of the service or program.
    pub version: String,
    /// The version of this library.
    pub hallway: String,
    /// When it started, as RFC 3339 in UTC.
    pub started: String,
    /// Its socket.
    pub socket: String,
}

impl Record {
    /// Describes this process as the daemon that holds the lock.
    #[must_use]
    pub fn of(lock: &InstanceLock, version: &str) -> Self {
        Self {
            pid: std::process::id(),
            program: std::env::current_exe().unwrap_or_default().to_string_lossy().into_owned(),
            version: version.to_owned(),
            hallway: env!("CARGO_PKG_VERSION").to_owned(),
            // Wall clock: shown to people, nothing is decided by it.
            started: rfc3339(SystemTime::now()),
            socket: lock.dir().path_of(&Kind::Socket.of(lock.instance())).to_string_lossy().into_owned(),
        }
    }

    /// Writes the record, whole or not at all. [`Published::withdraw`](super::Published::withdraw) removes it.
    ///
    /// # Errors
    /// [`LifecycleError::Io`].
    pub fn write(&self, lock: &InstanceLock) -> Result<(), LifecycleError> {
        let (dir, new) = (lock.dir(), Kind::NewRecord.of(lock.instance()));
        let path = dir.path_of(&new);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| LifecycleError::io("write", &path)(std::io::Error::from(error)))?;
        dir.unlink(&new)?;
        let mut file = dir
            .open_file(&new, OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL)
            .map_err(LifecycleError::io("create", &path))?;
        file.write_all(&text).map_err(LifecycleError::io("write", &path))?;
        dir.rename(&new, &Kind::Record.of(lock.instance()))
    }

    /// Reads the record of an instance; `None` if there is none that can be read.
    #[must_use]
    pub fn read(dir: &RuntimeDir, instance: &Instance) -> Option<Self> {
        let file = dir.open_file(&Kind::Record.of(instance), OFlag::O_RDONLY).ok()?;
        let mut text = Vec::new();
        file.take(MAX_RECORD).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// An instance that left a trace, or could be started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listed {
    /// The instance.
    pub instance: Instance,
    /// How it is.
    pub state: State,
    /// Where its socket is or would be.
    pub socket: PathBuf,
    /// What its daemon said of itself.
    pub record: Option<Record>,
    /// Whether there is a [`ServiceFile`] to start it by; that can still be refused.
    pub installed: bool,
}

/// Lists the instances that have a socket, a record or a service file, or are starting, by name.
///
/// # Errors
/// [`LifecycleError::Io`], and what [`RuntimeDir::existing`] refuses.
pub fn list(env: &Env) -> Result<Vec<Listed>, LifecycleError> {
    let listed: Result<Vec<_>, _> =
        instances(env)?.iter().map(|instance| Listed::look_at(env, instance)).collect();
    let mut listed = listed?;
    // A lock's file says nothing when nobody has it.
    listed.retain(|one| one.installed || one.record.is_some() || one.state != State::Stopped);
    Ok(listed)
}

/// Names the instances that have left a file of any kind, or could be started. Nobody is asked how they are.
///
/// # Errors
/// As for [`list`].
pub fn instances(env: &Env) -> Result<BTreeSet<Instance>, LifecycleError> {
    let mut found: BTreeSet<Instance> = ServiceFile::list(env).unwrap_or_default().into_keys().collect();
    if let Some(dir) = RuntimeDir::existing(env)? {
        found.extend(traces(&dir)?);
    }
    Ok(found)
}

impl Listed {
    /// Looks at one instance, whether anything is known of it or not.
    ///
    /// # Errors
    /// As for [`list`].
    pub fn look_at(env: &Env, instance: &Instance) -> Result<Self, LifecycleError> {
        let dir = RuntimeDir::existing(env)?;
        Ok(Self {
            state: dir.as_ref().map_or(State::Stopped, |dir| State::of(dir, instance)),
            socket: RuntimePath::choose(env)?.path.join(Kind::Socket.of(instance)),
            record: dir.as_ref().and_then(|dir| Record::read(dir, instance)),
            installed: !matches!(ServiceFile::read(env, instance), Err(LifecycleError::NotInstalled { .. })),
            instance: instance.clone(),
        })
    }
}

/// The instances of which there are files in the directory.
fn traces(dir: &RuntimeDir) -> Result<BTreeSet<Instance>, LifecycleError> {
    let fail = |errno| LifecycleError::io("list", dir.path())(errno);
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut entries = Dir::openat(dir, Path::new("."), flags, Mode::empty()).map_err(fail)?;
    let mut found = BTreeSet::new();
    for entry in entries.iter() {
        let entry = entry.map_err(fail)?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let kinds = [Kind::Socket, Kind::Record, Kind::Lock, Kind::Spawn];
        let stem = kinds.iter().find_map(|kind| name.strip_suffix(kind.suffix()));
        found.extend(stem.and_then(|stem| stem.parse::<Instance>().ok()));
    }
    Ok(found)
}

/// Writes a time as RFC 3339 in UTC, to the second.
#[must_use]
// Wall clock: what is written for people.
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Counted in eras of 400 years from 1 March 0000, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_as_text() {
        // As printed by `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_154_592, "2026-11-20T06:03:12Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
