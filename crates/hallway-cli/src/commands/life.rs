//! `hallway start`, `stop` and `restart`.

use std::time::Instant;

use hallway::CallError;
use hallway::lifecycle::{self, Env, State};
use hallway::service::ServiceError as _;

use crate::args::Within;
use crate::failure::Failure;
use crate::service;

pub(crate) fn start(name: &str, within: &Within) -> Result<(), Failure> {
    let instance = service::known(name)?;
    let ran = service::state(&instance)? == State::Running;
    service::starting(&instance, within.deadline)
        .at_once()
        .reach()
        .map_err(|error| service::explain(error.into(), &instance))?;
    eprintln!("{instance} {}", if ran { "runs already" } else { "has started" });
    Ok(())
}

pub(crate) fn stop(name: &str, within: &Within) -> Result<(), Failure> {
    let instance = service::known(name)?;
    let was_running = lifecycle::stop(&Env::process(), &instance, Instant::now() + within.deadline)?;
    eprintln!("{instance} {}", if was_running { "has stopped" } else { "was not running" });
    Ok(())
}

pub(crate) fn restart(name: &str, within: &Within) -> Result<(), Failure> {
    let instance = service::known(name)?;
    let replaced = lifecycle::restart(&Env::process(), &instance, Instant::now() + within.deadline)?;
    if !replaced.map_err(|error| CallError::Remote(error.to_wire()))? {
        return Err(service::not_running(&instance));
    }
    eprintln!("{instance} has been replaced");
    Ok(())
}
