//! The one place where the environment is read.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

/// The variables that a daemon gets from whoever starts it.
///
/// Besides these it gets all that begin with `LC_` or `HALLWAY_`, and what its [`Launcher`](super::Launcher) names.
/// A daemon serves callers from everywhere, so nothing of the first one's shell may colour what the others see; what
/// a call needs of its caller's environment is a parameter of that call.
pub const PASSED_ENV: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PATH",
    "LANG",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "RUST_BACKTRACE",
    "RUST_LOG",
];

/// Where the system keeps the users' runtime directories.
const RUN_USER: &str = "/run/user";

/// The environment that decides where things are: the process's own, or a given one.
#[derive(Debug, Clone)]
pub struct Env {
    given: Option<BTreeMap<OsString, OsString>>,
    pub(super) run_user: PathBuf,
}

impl Env {
    /// Takes the process's environment.
    #[must_use]
    pub fn process() -> Self {
        Self { given: None, run_user: RUN_USER.into() }
    }

    /// Takes the given variables and no others.
    pub fn of<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        let given = vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { given: Some(given), run_user: RUN_USER.into() }
    }

    /// The same environment as it would be without a variable.
    #[cfg(feature = "tokio")]
    pub(super) fn without(&self, name: &str) -> Self {
        let vars = self.given.clone().unwrap_or_else(|| std::env::vars_os().collect());
        let given = vars.into_iter().filter(|(known, _)| known != name).collect();
        Self { given: Some(given), run_user: self.run_user.clone() }
    }

    /// Returns a variable's value; an empty one counts as unset.
    pub(super) fn var(&self, name: &str) -> Option<OsString> {
        let value = match &self.given {
            None => std::env::var_os(name),
            Some(vars) => vars.get(OsStr::new(name)).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// Returns what a daemon may know of this environment.
    pub(super) fn for_daemon(&self, also: &[OsString]) -> Vec<(OsString, OsString)> {
        let passes = |name: &OsStr| {
            let prefixed =
                name.to_str().is_some_and(|name| name.starts_with("LC_") || name.starts_with("HALLWAY_"));
            prefixed
                || PASSED_ENV.iter().any(|passed| name == *passed)
                || also.iter().any(|passed| name == passed)
        };
        let all: Vec<_> = match &self.given {
            None => std::env::vars_os().collect(),
            Some(vars) => vars.clone().into_iter().collect(),
        };
        all.into_iter().filter(|(name, _)| passes(name)).collect()
    }

    /// Returns the home directory: `$HOME` if it is ours, else the one of the password file.
    ///
    /// After `sudo` or `su` the variable may still name another user's, and nothing of ours belongs there.
    pub(super) fn home(&self) -> Option<PathBuf> {
        let home = self.var("HOME").map(PathBuf::from);
        home.filter(|home| ours(home).is_ok())
            .or_else(|| User::from_uid(Uid::effective()).ok().flatten().map(|user| user.dir))
    }

    /// Returns the state directory: `$XDG_STATE_HOME/hallway` if that is ours, else `~/.local/state/hallway`.
    pub(super) fn state_dir(&self) -> Option<PathBuf> {
        Some(self.user_dir("XDG_STATE_HOME", ".local/state")?.join("hallway"))
    }

    /// Returns the directory of all programs' data: `$XDG_DATA_HOME` if that is ours, else `~/.local/share`.
    pub(super) fn data_dir(&self) -> Option<PathBuf> {
        self.user_dir("XDG_DATA_HOME", ".local/share")
    }

    fn user_dir(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let given = self.var(variable).map(PathBuf::from).filter(|dir| ours(dir).is_ok());
        given.or_else(|| Some(self.home()?.join(below_home)))
    }
}

/// Tells whether a directory is absolute and ours, or would be ours once made; if not, why not.
pub(super) fn ours(dir: &Path) -> Result<(), String> {
    if !dir.is_absolute() {
        return Err("it is not absolute".to_owned());
    }
    let euid = Uid::effective().as_raw();
    match dir.ancestors().find_map(|dir| std::fs::metadata(dir).ok()) {
        Some(found) if found.uid() == euid => Ok(()),
        Some(found) => Err(format!("it belongs to uid {}, not to uid {euid}", found.uid())),
        None => Err("it cannot be reached".to_owned()),
    }
}
