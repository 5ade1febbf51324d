//! Having a daemon replaced from outside.

use std::time::Instant;

use super::stop::{client, is_not_running};
use super::{Env, Instance};
use crate::client::CallError;
use crate::server::{AdminBlockingClient, ControlBlockingClient, RestartError};

/// Has the daemon of an instance replaced by its successor, the installed program, and waits until that one serves.
/// No call of anybody fails of it. `false`: none was running, and none was started.
///
/// # Errors
/// The outer one when it cannot be asked, or does not answer by the deadline. The inner one when it was not replaced:
/// then the same daemon goes on serving.
pub fn restart(
    env: &Env,
    instance: &Instance,
    deadline: Instant,
) -> Result<Result<bool, RestartError>, CallError> {
    let client = match client(env, instance, deadline) {
        Err(error) if is_not_running(&error) => return Ok(Ok(false)),
        client => client?,
    };
    if let Err(error) = ControlBlockingClient::new(client.clone()).restart(false)? {
        return Ok(Err(error));
    }
    // On a new connection, which waits for whoever serves next.
    let failed = AdminBlockingClient::new(client).status()?.restart_failed;
    Ok(failed.map_or(Ok(true), |reason| Err(RestartError::SuccessorFailed { reason })))
}
