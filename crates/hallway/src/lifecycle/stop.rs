//! Stopping a daemon from outside.

use std::time::{Duration, Instant};

use super::{Connector, Env, Instance, InstanceLock, LifecycleError, RuntimeDir, SpawnLock, StartError};
use crate::blocking::Client;
use crate::client::{CallError, CallOptions};
use crate::server::AdminBlockingClient;

/// Asks the daemon of an instance to stop, and waits until it has: when this returns, its process has let go
/// of its store, and the next one can start. One that is starting is waited for and then stopped; one that
/// is leaving already is waited for. `false`: none was running.
///
/// # Errors
/// When it cannot be asked, or is not gone by the deadline.
pub fn stop(env: &Env, instance: &Instance, deadline: Instant) -> Result<bool, CallError> {
    let Some(dir) = RuntimeDir::existing(env).map_err(failed)? else { return Ok(false) };
    // Whoever starts has it until it serves, and nobody starts while we have it.
    let _nobody_starts = SpawnLock::acquire(&dir, instance, deadline).map_err(failed)?;
    let asked = ask(env, instance, deadline)?;
    match InstanceLock::try_acquire(&dir, instance) {
        Ok(_free) => Ok(asked),
        Err(LifecycleError::LockHeld { .. }) => {
            InstanceLock::acquire(&dir, instance, deadline).map_err(failed).map(|_released| true)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Asks. `false`: there is nobody to ask, or not any more.
fn ask(env: &Env, instance: &Instance, deadline: Instant) -> Result<bool, CallError> {
    match client(env, instance, deadline).and_then(|client| AdminBlockingClient::new(client).stop()) {
        Ok(()) => Ok(true),
        Err(error) if is_not_running(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reaches a daemon that runs, to ask about itself what every daemon answers.
pub(super) fn client(env: &Env, instance: &Instance, deadline: Instant) -> Result<Client, CallError> {
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let connector = Connector::new(instance.clone()).in_env(env.clone()).within(left);
    Client::builder().options(CallOptions::new().deadline(left)).connect(connector)
}

pub(super) fn is_not_running(error: &CallError) -> bool {
    error.code() == NOT_RUNNING
}

fn failed(error: LifecycleError) -> CallError {
    StartError::from(error).into()
}

/// The code of [`LifecycleError::NotRunning`].
const NOT_RUNNING: &str = "not_running";
