//! How a client names a daemon: by instance, with or without the right to start it.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(feature = "tokio")]
use super::skew::{Own, Skew};
use super::{
    Env, Instance, Launcher, LifecycleError, Phase, ServiceFile, StartError, connect, ensure_running,
};
use crate::blocking;
use crate::connection::CallError;
use crate::transport::BlockingStream;

/// How long a daemon may take to answer or to come up, if the caller does not say.
const REACH_DEADLINE: Duration = Duration::from_secs(30);

/// Reaches the daemon of an instance, for both kinds of client, as often as they ask.
#[derive(Clone)]
pub struct Connector {
    env: Env,
    instance: Instance,
    start: Start,
    at_once: bool,
    within: Duration,
    on_phase: Arc<dyn Fn(Phase) + Send + Sync>,
    #[cfg(feature = "tokio")]
    skew: Option<(Own, OnSkew)>,
}

#[cfg(feature = "tokio")]
type OnSkew = Arc<dyn Fn(Skew) + Send + Sync>;

/// What to do where no daemon runs.
#[derive(Debug, Clone)]
enum Start {
    Nothing,
    With(Launcher),
    Installed,
}

impl Connector {
    /// Reaches a daemon that runs, and never starts one: what `status` and `stop` want.
    #[must_use]
    pub fn new(instance: Instance) -> Self {
        let on_phase = Arc::new(|_| ());
        Self {
            env: Env::process(),
            instance,
            start: Start::Nothing,
            at_once: false,
            within: REACH_DEADLINE,
            on_phase,
            #[cfg(feature = "tokio")]
            skew: None,
        }
    }

    /// Looks for the daemon where this environment says, rather than the process's own.
    #[must_use]
    pub fn in_env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Starts the daemon where none runs.
    #[must_use]
    pub fn starting(mut self, launcher: Launcher) -> Self {
        self.start = Start::With(launcher);
        self
    }

    /// Starts the daemon where none runs, in the way that its [`ServiceFile`] tells: enough for a client that
    /// knows nothing but the name.
    #[must_use]
    pub fn installed(mut self) -> Self {
        self.start = Start::Installed;
        self
    }

    /// Starts the daemon also where it has failed several times in a row: for a person who says `start`. See
    /// [`Launcher::at_once`].
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// How long to wait for the daemon each time it is to be reached; 30 seconds if not said. A daemon that
    /// is starting then goes on doing so.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// What to do with the phases that a starting daemon tells of.
    #[must_use]
    pub fn on_phase(mut self, act: impl Fn(Phase) + Send + Sync + 'static) -> Self {
        self.on_phase = Arc::new(act);
        self
    }

    /// Says which program this client is, named as [`Daemon::new`](super::Daemon::new) names the daemon's: a daemon
    /// that is an older version of it is replaced when it is idle, by what this connector starts daemons with. If it is
    /// not replaced, `on_skew` hears why, and the older daemon serves. A newer one is left alone.
    ///
    /// Costs the reading of the daemon's record each time that it is reached; a second connection and a call if that
    /// names another version, or none.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn replacing_older(
        mut self,
        program: &str,
        version: &str,
        on_skew: impl Fn(Skew) + Send + Sync + 'static,
    ) -> Self {
        self.skew = Some((Own::new(program, version), Arc::new(on_skew)));
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// When the daemon does not run and is not to be started, or cannot be; in its own words where it had
    /// any.
    pub fn reach(&self) -> Result<UnixStream, StartError> {
        let deadline = Instant::now() + self.within;
        #[cfg(feature = "tokio")]
        self.replace_older(deadline);
        match &self.start {
            Start::Nothing => Ok(connect(&self.env, &self.instance, deadline)?),
            Start::With(launcher) => self.ensure_running(launcher, deadline),
            Start::Installed => match connect(&self.env, &self.instance, deadline) {
                Err(LifecycleError::NotRunning { .. }) => self.start_installed(deadline),
                reached => Ok(reached?),
            },
        }
    }

    #[cfg(feature = "tokio")]
    fn replace_older(&self, deadline: Instant) {
        let Some((own, on_skew)) = &self.skew else { return };
        let launcher = match &self.start {
            Start::With(launcher) => Some(launcher),
            // The file names it already.
            Start::Installed => None,
            Start::Nothing => return,
        };
        if let Some(skew) = own.replace_older(&self.env, &self.instance, launcher, deadline) {
            on_skew(skew);
        }
    }

    fn start_installed(&self, deadline: Instant) -> Result<UnixStream, StartError> {
        let path = ServiceFile::path(&self.env, &self.instance)?;
        let launcher = ServiceFile::read(&self.env, &self.instance)?.launcher();
        self.ensure_running(&launcher, deadline).map_err(|error| error.named_by(path))
    }

    fn ensure_running(&self, launcher: &Launcher, deadline: Instant) -> Result<UnixStream, StartError> {
        let mut on_phase = |phase| (self.on_phase)(phase);
        let launcher = launcher.clone();
        let launcher = if self.at_once { launcher.at_once() } else { launcher };
        ensure_running(&self.env, &self.instance, &launcher, deadline, &mut on_phase)
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("instance", &self.instance)
            .field("start", &self.start)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

impl blocking::Connect for Connector {
    fn connect(&self) -> Result<Box<dyn BlockingStream>, CallError> {
        Ok(Box::new(self.reach()?))
    }
}

#[cfg(feature = "tokio")]
impl crate::client::Connect for Connector {
    async fn connect(&self) -> Result<crate::transport::Duplex, CallError> {
        let this = self.clone();
        // Starting waits in the kernel for locks and for the daemon's words.
        let reached = tokio::task::spawn_blocking(move || this.reach()).await;
        let stream =
            reached.map_err(|_| CallError::unreachable("unreachable", "the runtime shuts down"))??;
        Ok(crate::transport::unix::adopt(stream)?)
    }
}

impl From<StartError> for CallError {
    fn from(error: StartError) -> Self {
        Self::unreachable(error.code().to_owned(), error)
    }
}
