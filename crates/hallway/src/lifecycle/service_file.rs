//! How a client that knows only a daemon's name starts it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::service_dir::ServiceDir;
use super::{Env, Instance, Launcher, LifecycleError};

/// The most bytes of a service file. Ours have a few hundred; a command line of more is a mistake.
const MAX_SERVICE_FILE: usize = 64 * 1024;

/// What a service file's name ends in.
const SUFFIX: &str = ".json";

/// Which program serves an instance, and how it is started: for clients in every language.
///
/// One file for each instance, `NAME.json` in `$XDG_DATA_HOME/hallway/services`, else in
/// `~/.local/share/hallway/services`. [`Daemon::run`](super::Daemon::run) writes it, and so may a program's `install`;
/// its `uninstall` removes it. The last writer wins.
///
/// The file decides what is executed. So it, `services` and `hallway` are refused, in reading as in writing, if they
/// belong to somebody else, can be written by group or others, or are links; they are never repaired. Only a *file*
/// that is not as it must be is replaced when it is written, since nothing of it remains.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceFile {
    /// The instance.
    pub instance: Instance,
    /// The program, by its absolute path.
    pub program: PathBuf,
    /// Its arguments, which make it this instance's daemon.
    pub args: Vec<String>,
    /// The program's version, for people.
    pub version: String,
    /// What the service is for, in a sentence.
    pub description: String,
    /// The variables that the daemon gets besides [`PASSED_ENV`](super::PASSED_ENV).
    pub env: Vec<String>,
}

impl ServiceFile {
    /// Says that a program, without arguments, serves an instance.
    #[must_use]
    pub fn new(instance: Instance, program: impl Into<PathBuf>) -> Self {
        let (version, description) = (String::new(), String::new());
        Self { instance, program: program.into(), args: Vec::new(), version, description, env: Vec::new() }
    }

    /// Says that the program that is running, without arguments, serves an instance.
    ///
    /// # Errors
    /// [`LifecycleError::Io`], also if its file was removed or replaced since it was started.
    pub fn this_program(instance: Instance) -> Result<Self, LifecycleError> {
        let found = std::env::current_exe().and_then(|program| {
            let there = program.try_exists()?;
            there.then_some(program).ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        let program = found.map_err(LifecycleError::io("find", Path::new("the running program")))?;
        Ok(Self::new(instance, program))
    }

    /// Returns where an instance's file is, or would be.
    ///
    /// # Errors
    /// [`LifecycleError::NoDir`] for a user without a home.
    pub fn path(env: &Env, instance: &Instance) -> Result<PathBuf, LifecycleError> {
        Ok(ServiceDir::path_in(env)?.join(file_name(instance)))
    }

    /// Reads an instance's file. Whether its program is there is not looked at.
    ///
    /// # Errors
    /// [`LifecycleError::NotInstalled`], [`LifecycleError::ServiceFileUnsafe`], [`LifecycleError::BadServiceFile`],
    /// [`LifecycleError::Io`].
    pub fn read(env: &Env, instance: &Instance) -> Result<Self, LifecycleError> {
        let path = Self::path(env, instance)?;
        let text = match ServiceDir::existing(env)? {
            Some(dir) => dir.read(&file_name(instance), MAX_SERVICE_FILE as u64 + 1)?,
            None => None,
        };
        match text.map(|text| Self::parse(instance, &text)) {
            Some(Ok(file)) => Ok(file),
            Some(Err(reason)) => Err(LifecycleError::BadServiceFile { path, reason }),
            None => Err(LifecycleError::NotInstalled { instance: instance.clone(), path }),
        }
    }

    /// Writes the file, whole or not at all, unless it says the same already; tells whether it was written.
    ///
    /// The file gets mode 0600; directories that are missing are made with mode 0700.
    ///
    /// # Errors
    /// [`LifecycleError::BadServiceFile`] if it could not be read back, [`LifecycleError::ServiceFileUnsafe`],
    /// [`LifecycleError::Io`].
    pub fn write(&self, env: &Env) -> Result<bool, LifecycleError> {
        let path = Self::path(env, &self.instance)?;
        let text = self.to_text().map_err(|reason| LifecycleError::BadServiceFile { path, reason })?;
        if Self::read(env, &self.instance).is_ok_and(|file| file == *self) {
            return Ok(false);
        }
        ServiceDir::make(env)?.replace(&file_name(&self.instance), &text)?;
        Ok(true)
    }

    /// Removes an instance's file, whatever it holds; `false` if there is none.
    ///
    /// # Errors
    /// [`LifecycleError::ServiceFileUnsafe`] of a directory, [`LifecycleError::Io`].
    pub fn remove(env: &Env, instance: &Instance) -> Result<bool, LifecycleError> {
        ServiceDir::existing(env)?.map_or(Ok(false), |dir| dir.remove(&file_name(instance)))
    }

    /// Lists the instances that have a file, by name, with what it says or why it is refused.
    ///
    /// # Errors
    /// [`LifecycleError::ServiceFileUnsafe`] of a directory, [`LifecycleError::Io`].
    pub fn list(env: &Env) -> Result<BTreeMap<Instance, Result<Self, LifecycleError>>, LifecycleError> {
        let names = ServiceDir::existing(env)?.map_or(Ok(Vec::new()), |dir| dir.names())?;
        let instances = names.iter().filter_map(|name| name.strip_suffix(SUFFIX)?.parse::<Instance>().ok());
        let mut found: BTreeMap<_, _> =
            instances.map(|instance| (instance.clone(), Self::read(env, &instance))).collect();
        // One that was removed meanwhile is none.
        found.retain(|_, file| !matches!(file, Err(LifecycleError::NotInstalled { .. })));
        Ok(found)
    }

    /// Returns how the daemon is started.
    #[must_use]
    pub fn launcher(&self) -> Launcher {
        let launcher = self.args.iter().fold(Launcher::new(&self.program), |launcher, arg| launcher.arg(arg));
        self.env.iter().fold(launcher, |launcher, name| launcher.pass_env(OsString::from(name)))
    }

    fn parse(instance: &Instance, text: &[u8]) -> Result<Self, String> {
        check_size(text)?;
        // By way of a map, so that only an object is read: a list of the values would do, too, otherwise.
        let members: Map<String, Value> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let text: Text = serde_json::from_value(members.into()).map_err(|error| error.to_string())?;
        let Text { service, program, args, version, description, env } = text;
        if service != instance.service() {
            return Err(format!("it is of the service {service:?}"));
        }
        let file = Self { instance: instance.clone(), program, args, version, description, env };
        file.check().map(|()| file)
    }

    fn to_text(&self) -> Result<Vec<u8>, String> {
        self.check()?;
        let Self { instance, program, args, version, description, env } = self.clone();
        let service = instance.service().to_owned();
        let text = Text { service, program, args, version, description, env };
        let mut text = serde_json::to_vec_pretty(&text).map_err(|error| error.to_string())?;
        text.push(b'\n');
        check_size(&text).map(|()| text)
    }

    fn check(&self) -> Result<(), String> {
        if !self.program.is_absolute() {
            return Err(format!("the program {:?} is no absolute path", self.program));
        }
        if self.program.as_os_str().as_encoded_bytes().contains(&0) {
            return Err("there is a NUL in the program's path".to_owned());
        }
        if self.args.iter().any(|arg| arg.contains('\0')) {
            return Err("there is a NUL in an argument".to_owned());
        }
        match self.env.iter().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            Some(name) => Err(format!("{name:?} is no name of a variable")),
            None => Ok(()),
        }
    }
}

/// The file's members, in the order in which they are written. Others are ignored.
#[derive(Serialize, Deserialize)]
struct Text {
    service: String,
    program: PathBuf,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    env: Vec<String>,
}

fn file_name(instance: &Instance) -> String {
    format!("{instance}{SUFFIX}")
}

fn check_size(text: &[u8]) -> Result<(), String> {
    if text.len() > MAX_SERVICE_FILE {
        return Err(format!("it has more than {MAX_SERVICE_FILE} bytes"));
    }
    Ok(())
}
