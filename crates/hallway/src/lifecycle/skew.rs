//! A client and a daemon of different versions.
//!
//! A client only ever replaces an older daemon of its own program, never a newer one, so two clients of different
//! versions do not take turns. Versions that cannot be compared are left alone. Who wants both side by side gives each
//! an instance of its own.

use std::path::PathBuf;
use std::time::Instant;

use semver::Version;

use super::connect::connect;
use super::stop::client;
use super::{Env, Instance, Launcher, Record, RuntimeDir, ServiceFile};
use crate::blocking::Client;
use crate::client::CallOptions;
use crate::server::{AdminBlockingClient, ControlBlockingClient, Status};

/// A daemon older than its client, which was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skew {
    /// The daemon's program and version.
    pub daemon: String,
    /// The client's.
    pub client: String,
    /// Why the daemon was not replaced.
    pub because: String,
}

impl std::fmt::Display for Skew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { daemon, client, because } = self;
        write!(f, "the daemon is {daemon}, older than {client}, and was not replaced: {because}")
    }
}

/// Which program a client is.
#[derive(Debug, Clone)]
pub(super) struct Own {
    name: String,
    version: String,
}

impl Own {
    pub(super) fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned() }
    }

    /// Whether a daemon that calls itself so is an older one of the same program.
    fn is_newer_than(&self, daemon: &str) -> bool {
        let version = |text: &str| Version::parse(text).ok();
        daemon
            .rsplit_once(' ')
            .filter(|(name, _)| *name == self.name)
            .and_then(|(_, theirs)| Some(version(&self.version)? > version(theirs)?))
            .unwrap_or(false)
    }

    /// Has an older daemon replaced, if one runs and is idle. What it then is, whoever connects next finds out: this
    /// fails nobody's call.
    pub(super) fn replace_older(
        &self,
        env: &Env,
        instance: &Instance,
        launcher: Option<&Launcher>,
        deadline: Instant,
    ) -> Option<Skew> {
        if self.is_recorded(env, instance) {
            return None;
        }
        let (status, daemon) = self.older(env, instance, deadline)?;
        let because = match status.restart_failed {
            // Not again at each call: whoever asks for it by hand may try.
            Some(reason) => reason,
            None => match self.replace(&daemon, env, instance, launcher, deadline) {
                Ok(()) => return None,
                // Another client may have been faster.
                Err(reason) => self.older(env, instance, deadline).map(|_| reason)?,
            },
        };
        Some(Skew { daemon: status.program, client: format!("{} {}", self.name, self.version), because })
    }

    /// Whether the daemon's record names this very version. Then it is not asked, which spares nearly every call a
    /// connection. A record that is wrong replaces nothing; at worst, an older daemon is left for as long as it stays.
    fn is_recorded(&self, env: &Env, instance: &Instance) -> bool {
        let dir = RuntimeDir::existing(env).ok().flatten();
        let record = dir.and_then(|dir| Record::read(&dir, instance));
        record.is_some_and(|record| record.version == self.version)
    }

    /// The daemon, if one runs that is older. The client ends with that daemon, so that its successor is not taken for
    /// it; where none runs, or cannot be asked, there is nothing to replace.
    fn older(&self, env: &Env, instance: &Instance, deadline: Instant) -> Option<(Status, Client)> {
        let left = deadline.saturating_duration_since(Instant::now());
        let stream = connect(env, instance, deadline).ok()?;
        let client = Client::builder().options(CallOptions::new().deadline(left)).over(stream);
        let status = AdminBlockingClient::new(client.clone()).status().ok()?;
        self.is_newer_than(&status.program).then_some((status, client))
    }

    fn replace(
        &self,
        daemon: &Client,
        env: &Env,
        instance: &Instance,
        launcher: Option<&Launcher>,
        deadline: Instant,
    ) -> Result<(), String> {
        let before = ServiceFile::read(env, instance).ok();
        if let Some(launcher) = launcher {
            let file = self.service_file(instance, launcher, before.clone())?;
            file.write(env).map_err(|error| error.to_string())?;
        }
        let failed = match ControlBlockingClient::new(daemon.clone()).restart(true) {
            Ok(Ok(true)) => {
                let next = client(env, instance, deadline);
                next.and_then(|next| AdminBlockingClient::new(next).status())
                    .map(|status| status.restart_failed)
            }
            Ok(Ok(false)) => return Err("it is in use".to_owned()),
            Ok(Err(error)) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        };
        let reason = match failed {
            Ok(None) => return Ok(()),
            Ok(Some(reason)) => reason,
            // What became of it is not known; so what the file says is left as well.
            Err(error) => return Err(error.to_string()),
        };
        // The next start is with what has served.
        if let Some(before) = before
            && let Err(error) = before.write(env)
        {
            tracing::warn!(%error, "the service file names a program that could not serve");
        }
        Err(reason)
    }

    /// The file that names this client's program as the next daemon.
    fn service_file(
        &self,
        instance: &Instance,
        launcher: &Launcher,
        before: Option<ServiceFile>,
    ) -> Result<ServiceFile, String> {
        let (program, args) = launcher.command_line();
        let args: Result<Vec<String>, _> = args.iter().map(|arg| arg.clone().into_string()).collect();
        let args = args.map_err(|arg| format!("its successor's argument {arg:?} is not UTF-8"))?;
        let mut file = before.unwrap_or_else(|| ServiceFile::new(instance.clone(), PathBuf::new()));
        file.program = program.to_owned();
        file.args = args;
        file.version.clone_from(&self.version);
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_older_one_of_the_same_program_is_older() {
        let own = Own::new("mail", "1.10.0");
        for older in ["mail 1.9.9", "mail 0.1.0", "mail 1.10.0-rc.1"] {
            assert!(own.is_newer_than(older), "{older}");
        }
        for other in
            ["mail 1.10.0", "mail 1.10.1", "mail 2.0.0-a", "post 1.0.0", "mail", "mail 1", "", "mail  1.0.0"]
        {
            assert!(!own.is_newer_than(other), "{other}");
        }
        assert!(!Own::new("mail", "newest").is_newer_than("mail 0.1.0"));
    }
}
