//! Which directory holds the sockets: the rule that every language follows.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::env::ours;
use super::{Env, LifecycleError};

/// The runtime directory as chosen by the rule, before anybody looked into it.
///
/// The first row that applies decides. Names are byte strings; an empty variable counts as unset; `euid` is the
/// *effective* user; "belongs to us" means owned by `euid`.
///
/// | # | directory | applies if | else |
/// |---|---|---|---|
/// | 1 | `$HALLWAY_RUNTIME_DIR` | it is set | not absolute: **error**, never the next row |
/// | 2 | `$XDG_RUNTIME_DIR/hallway` | it is set, absolute, a directory, belongs to us, no access for group and others | next row, reason kept |
/// | 3 | `/run/user/<euid>/hallway` | as above, for `/run/user/<euid>` | next row, reason kept |
/// | 4 | `$XDG_CACHE_HOME/hallway/run` | it is set, absolute, and its nearest existing ancestor-or-self belongs to us | next row, reason kept |
/// | 5 | `$HOME/.cache/hallway/run` | `$HOME` is set, absolute, and its nearest existing ancestor-or-self belongs to us | next row |
/// | 6 | `<home>/.cache/hallway/run` | the password file has a home for `euid`, same condition | **error** listing the reasons |
///
/// The chosen directory itself is then opened without following a link and must be a directory that belongs to us
/// without access for group and others. If it is not, that is an **error**, never the next row: a client that quietly
/// went elsewhere would start a second daemon. If it is missing, whoever starts a daemon makes it with mode 0700 (in
/// rows 1 to 3 that one directory, in the others its parents too), and for everyone else nothing is running.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RuntimePath {
    /// The directory.
    pub path: PathBuf,
    /// The rule that gave it.
    pub rule: Rule,
    /// The candidates before it that did not apply although they were there.
    pub skipped: Vec<Skipped>,
}

/// Where the runtime directory's path came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// `$HALLWAY_RUNTIME_DIR`.
    Explicit,
    /// `$XDG_RUNTIME_DIR/hallway`.
    XdgRuntime,
    /// `/run/user/<euid>/hallway`.
    RunUser,
    /// `$XDG_CACHE_HOME/hallway/run`.
    XdgCache,
    /// `.cache/hallway/run` under the home directory.
    HomeCache,
}

/// A candidate that the rule passed over.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Skipped {
    /// The directory that was looked at.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
}

impl RuntimePath {
    /// Applies the rule.
    ///
    /// # Errors
    /// [`LifecycleError::DirUnsafe`] if `HALLWAY_RUNTIME_DIR` is relative, [`LifecycleError::NoDir`] if no row applies.
    pub fn choose(env: &Env) -> Result<Self, LifecycleError> {
        if let Some(path) = env.var("HALLWAY_RUNTIME_DIR").map(PathBuf::from) {
            return explicit(path);
        }
        let euid = Uid::effective().to_string();
        let mut skipped = Vec::new();
        let mut offer = |rule, base: Option<PathBuf>, check: Check, below: &str| {
            let base = base?;
            match check(&base) {
                Ok(()) => Some((rule, normal(&base.join(below)))),
                Err(reason) => {
                    skipped.push(Skipped { path: base, reason });
                    None
                }
            }
        };
        let var = |name| env.var(name).map(PathBuf::from);
        let chosen = offer(Rule::XdgRuntime, var("XDG_RUNTIME_DIR"), private, "hallway")
            .or_else(|| offer(Rule::RunUser, Some(env.run_user.join(euid)), private, "hallway"))
            .or_else(|| offer(Rule::XdgCache, var("XDG_CACHE_HOME"), ours, "hallway/run"))
            .or_else(|| offer(Rule::HomeCache, env.home(), ours, ".cache/hallway/run"));
        match chosen {
            Some((rule, path)) => Ok(Self { path, rule, skipped }),
            None => Err(LifecycleError::NoDir {
                what: "private directory for sockets",
                variable: "HALLWAY_RUNTIME_DIR",
                tried: skipped.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

type Check = fn(&Path) -> Result<(), String>;

fn explicit(path: PathBuf) -> Result<RuntimePath, LifecycleError> {
    if !path.is_absolute() {
        let rule =
            "HALLWAY_RUNTIME_DIR must be absolute, since the daemon runs in another directory".to_owned();
        return Err(LifecycleError::DirUnsafe {
            path,
            rule,
            remedy: "set it to an absolute path".to_owned(),
        });
    }
    Ok(RuntimePath { path: normal(&path), rule: Rule::Explicit, skipped: Vec::new() })
}

/// Drops `.` and trailing slashes: `link/` would be followed where `link` is refused.
fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Tells whether a directory exists and is ours alone; if not, why not.
fn private(dir: &Path) -> Result<(), String> {
    if !dir.is_absolute() {
        return Err("it is not absolute".to_owned());
    }
    let found = std::fs::metadata(dir).map_err(|error| error.to_string())?;
    let euid = Uid::effective().as_raw();
    match found.mode() & 0o777 {
        _ if crate::chaos::without("ownership") => Ok(()),
        _ if !found.is_dir() => Err("it is not a directory".to_owned()),
        _ if found.uid() != euid => Err(format!("it belongs to uid {}, not to uid {euid}", found.uid())),
        mode if mode & 0o077 != 0 => Err(format!("its mode is {mode:04o}, which lets others in")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
