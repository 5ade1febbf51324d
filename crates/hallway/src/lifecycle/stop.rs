//! Stopping a daemon from outside.

use std::time::Instant;

use super::{Connector, Env, Instance, InstanceLock, RuntimeDir, StartError};
use crate::blocking::Client;
use crate::client::CallError;
use crate::server::AdminBlockingClient;

/// Asks the daemon of an instance to stop, and waits until it has: when this returns, its process has let go
/// of its store, and the next one can start. `false`: none was running.
///
/// # Errors
/// When it cannot be asked, or is not gone by the deadline.
pub fn stop(env: &Env, instance: &Instance, deadline: Instant) -> Result<bool, CallError> {
    let connector =
        Connector::new(instance.clone()).within(deadline.saturating_duration_since(Instant::now()));
    let client = match Client::builder().connect(connector.in_env(env.clone())) {
        Ok(client) => AdminBlockingClient::new(client),
        Err(error) if error.code() == NOT_RUNNING => return Ok(false),
        Err(error) => return Err(error),
    };
    client.stop()?;
    drop(client);
    let gone = RuntimeDir::open(env).and_then(|dir| InstanceLock::acquire(&dir, instance, deadline));
    gone.map(|_released| true).map_err(|error| StartError::from(error).into())
}

/// The code of [`LifecycleError::NotRunning`](super::LifecycleError::NotRunning).
const NOT_RUNNING: &str = "not_running";
