//! Finding a service's instances, and reaching their daemons.
//!
//! Two ways to reach one: [`running`] never starts anything, [`starting`] does. Everything else that is known of a
//! service is what its daemon says.

mod catalog;
mod memory;
mod reach;
mod source;
mod target;

pub(crate) use catalog::{Catalog, Found};
pub(crate) use memory::memory;
pub(crate) use reach::Reach;
pub(crate) use source::descriptions;
pub(crate) use target::Target;

use std::time::Duration;

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Env, Instance, Rule, RuntimeDir, ServiceFile, State, instances};
use hallway::server::{AdminBlockingClient, Status};
use hallway::service::near;
use hallway::{CallError, CallOptions};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::plain;

/// What this program is called in a daemon's log.
pub(crate) const PROGRAM: &str = concat!("hallway ", env!("CARGO_PKG_VERSION"));

/// How long a daemon may take to say how it is and what it offers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the name of an instance.
pub(crate) fn instance(name: &str) -> Result<Instance, Failure> {
    Ok(name.parse::<Instance>()?)
}

/// Reads the name of an instance that runs or can be started; says which there are if there is none such.
pub(crate) fn known(name: &str) -> Result<Instance, Failure> {
    let instance = instance(name)?;
    if is_known(&instance)? { Ok(instance) } else { Err(unknown(&instance)) }
}

/// Whether anything is known of an instance.
pub(crate) fn is_known(instance: &Instance) -> Result<bool, Failure> {
    Ok(state(instance)? != State::Stopped || ServiceFile::path(&Env::process(), instance)?.exists())
}

/// How an instance is.
pub(crate) fn state(instance: &Instance) -> Result<State, Failure> {
    let dir = RuntimeDir::existing(&Env::process())?;
    Ok(dir.map_or(State::Stopped, |dir| State::of(&dir, instance)))
}

/// A state in a word.
pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Starting => "starting",
        State::Draining => "leaving",
        State::Dead => "dead",
        State::Stopped => "stopped",
        _ => "unknown",
    }
}

/// A rule for the runtime directory in a word.
pub(crate) fn rule_name(rule: Rule) -> &'static str {
    match rule {
        Rule::Explicit => "HALLWAY_RUNTIME_DIR",
        Rule::XdgRuntime => "XDG_RUNTIME_DIR",
        Rule::RunUser => "/run/user",
        Rule::XdgCache => "XDG_CACHE_HOME",
        Rule::HomeCache => "the home directory",
        _ => "a rule that this build does not know",
    }
}

/// A client of a daemon that runs. Starts nothing.
pub(crate) fn running(instance: &Instance, within: Duration) -> Result<Client, Failure> {
    let connector = Connector::new(instance.clone()).within(within);
    let options = CallOptions::new().deadline(within);
    let client = Client::builder().program(PROGRAM).options(options).connect(connector);
    client.map_err(|error| explain(error, instance))
}

/// What reaches a daemon, and starts it by its service file if need be.
pub(crate) fn starting(instance: &Instance, within: Duration) -> Connector {
    let name = instance.to_string();
    Connector::new(instance.clone()).installed().within(within).on_phase(move |phase| {
        let far = match (phase.done, phase.total) {
            (Some(done), Some(total)) => format!(" ({done} of {total})"),
            (Some(done), None) => format!(" ({done})"),
            _ => String::new(),
        };
        let detail = phase.detail.map(|detail| format!(" {detail}")).unwrap_or_default();
        eprintln!("{}", plain::line(&format!("{name} is starting: {}{detail}{far}", phase.name)));
    })
}

/// How a daemon says that it is. Starts nothing.
pub(crate) fn status(instance: &Instance, within: Duration) -> Result<Status, Failure> {
    Ok(AdminBlockingClient::new(running(instance, within)?).status()?)
}

/// What a daemon that runs says that it offers. Starts nothing.
pub(crate) fn describe(instance: &Instance, within: Duration) -> Result<Catalog, Failure> {
    let services = AdminBlockingClient::new(running(instance, within)?).describe(None)?;
    Ok(Catalog::new(instance, services))
}

/// Why a daemon could not be reached, and what to do about it.
pub(crate) fn explain(error: CallError, instance: &Instance) -> Failure {
    match error.code() {
        "not_running" => not_running(instance),
        "not_installed" => unknown(instance),
        _ => Failure::from(error),
    }
}

/// Nobody serves an instance, and none was to be started.
pub(crate) fn not_running(instance: &Instance) -> Failure {
    match is_known(instance) {
        Ok(true) => Failure::new(Exit::Unreachable, "not_running", format!("{instance} is not running"))
            .hint(format!("`hallway start {instance}` starts it")),
        Ok(false) => unknown(instance),
        Err(failure) => failure,
    }
}

fn unknown(instance: &Instance) -> Failure {
    let (message, hint) = unknown_words(instance);
    Failure::new(Exit::Unreachable, "not_installed", message).hint(hint)
}

/// That there is no such service, and what to do about it.
pub(crate) fn unknown_words(instance: &Instance) -> (String, &'static str) {
    let all = instances(&Env::process()).unwrap_or_default();
    let names: Vec<&str> =
        all.iter().filter(|one| is_known(one).unwrap_or(false)).map(Instance::stem).collect();
    let message = near::unknown(&format!("service `{instance}`"), instance.stem(), &names);
    (message, "a service is known once its program has run, or after the program's `install`")
}
