//! A newly started daemon's first question: is it my turn?

use std::time::Instant;

use super::connect::connect_in;
use super::{Instance, InstanceLock, LifecycleError, RuntimeDir, SpawnLock, Starting};

/// Whose turn it is to serve an instance.
#[derive(Debug)]
#[non_exhaustive]
pub enum Turn {
    /// This process's. It opens its stores, publishes, and says that it is ready.
    Mine(InstanceLock),
    /// Another daemon serves. This process says [`Ready::yielded`](super::Ready::yielded) and exits with 0.
    Yielded,
}

/// Takes the instance's lock, or finds out that another daemon serves it.
///
/// First the claim to be the only one that starts, which a launcher hands down and a daemon in the foreground waits for
/// here; `starting` keeps it until the last word. So whoever holds the instance's lock is not starting: either it
/// answers, or it is leaving and the lock comes free within its drain deadline.
///
/// # Errors
/// [`LifecycleError::DeadlinePassed`] if neither happened; [`LifecycleError::LockUnusable`] and
/// [`LifecycleError::ServerUid`].
pub fn acquire_or_yield(
    dir: &RuntimeDir,
    instance: &Instance,
    starting: &mut Starting,
    deadline: Instant,
) -> Result<Turn, LifecycleError> {
    claim(dir, instance, starting, deadline)?;
    match InstanceLock::try_acquire(dir, instance) {
        Err(LifecycleError::LockHeld { .. }) if answers(dir, instance, deadline)? => {
            return Ok(Turn::Yielded);
        }
        Err(LifecycleError::LockHeld { .. }) => {}
        taken => return taken.map(mine),
    }
    match InstanceLock::acquire(dir, instance, deadline) {
        // Its socket may have been gone for a moment only, by a stranger's hand.
        Err(LifecycleError::DeadlinePassed { .. }) if answers(dir, instance, Instant::now())? => {
            Ok(Turn::Yielded)
        }
        taken => taken.map(mine),
    }
}

fn mine(lock: InstanceLock) -> Turn {
    lock.not_served_yet();
    Turn::Mine(lock)
}

/// Takes the instance's lock for a daemon whose socket listens already, in a supervisor's hands: that it answers tells
/// nothing. Another daemon is waited for, which can only be one that is leaving.
#[cfg(feature = "tokio")]
pub(super) fn acquire_activated(
    dir: &RuntimeDir,
    instance: &Instance,
    starting: &mut Starting,
    deadline: Instant,
) -> Result<InstanceLock, LifecycleError> {
    claim(dir, instance, starting, deadline)?;
    let lock = InstanceLock::acquire(dir, instance, deadline)?;
    lock.not_served_yet();
    Ok(lock)
}

/// Becomes the only one that starts, if a launcher has not made it that already.
fn claim(
    dir: &RuntimeDir,
    instance: &Instance,
    starting: &mut Starting,
    deadline: Instant,
) -> Result<(), LifecycleError> {
    let handed = match starting.take_handed() {
        Some(handed) => SpawnLock::adopt(dir, instance, handed)?,
        None => None,
    };
    starting.hold(handed.map_or_else(|| SpawnLock::acquire(dir, instance, deadline), Ok)?);
    Ok(())
}

fn answers(dir: &RuntimeDir, instance: &Instance, deadline: Instant) -> Result<bool, LifecycleError> {
    match connect_in(dir, instance, deadline) {
        Ok(_) => Ok(true),
        Err(LifecycleError::NotRunning { .. } | LifecycleError::DeadlinePassed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
