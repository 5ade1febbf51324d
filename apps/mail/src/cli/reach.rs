//! The way to the daemon.

use std::time::Instant;

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Phase};
use hallway::{CallError, CallOptions};

use super::arguments::CallArguments;
use super::failure::Failure;
use super::progress::Bar;
use hallway_mail::daemon::SAMPLE;
use hallway_mail::service::{MailBlockingClient, MailError};
use hallway_mail::{Place, sample};

/// Asks the daemon, which is started if none runs, and shows how far a long answer has come.
pub(crate) fn ask<R>(
    place: &Place,
    call: &CallArguments,
    what: &'static str,
    question: impl FnOnce(&MailBlockingClient) -> Result<Result<R, MailError>, CallError>,
) -> Result<R, Failure> {
    let bar = Bar::new(what);
    let mail = reach(place, call)?;
    let options = mail.options.on_progress(bar.shows());
    Ok(question(&mail.client.with(options))??)
}

/// A client of the daemon, and what goes along with its calls.
pub(crate) struct Reached {
    pub(crate) client: MailBlockingClient,
    pub(crate) options: CallOptions,
}

/// Connects to the daemon, which is started if none runs. The deadline is for that and the call together.
pub(crate) fn reach(place: &Place, call: &CallArguments) -> Result<Reached, Failure> {
    let start = Instant::now();
    let mut connector = Connector::new(place.instance().clone())
        .starting(place.launcher().map_err(Failure::Output)?)
        .on_phase(|phase| say(&phase))
        .replacing_older(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), |skew| eprintln!("{skew}"));
    if let Some(deadline) = call.deadline {
        connector = connector.within(deadline);
    }
    let client = MailBlockingClient::new(Client::builder().program(PROGRAM).connect(connector)?);
    let left = call.deadline.map(|deadline| deadline.saturating_sub(start.elapsed()));
    let options = left.map_or_else(CallOptions::new, |left| CallOptions::new().deadline(left));
    Ok(Reached { client, options })
}

/// A connection to the daemon if it runs.
pub(crate) fn running(place: &Place) -> Result<Client, Failure> {
    let connected = Client::builder().program(PROGRAM).connect(Connector::new(place.instance().clone()));
    connected.map_err(|error| match error.code() {
        "not_running" => Failure::NotRunning(format!("the daemon of {} does not run", place.instance())),
        _ => error.into(),
    })
}

const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Tells of what a starting daemon does.
fn say(phase: &Phase) {
    if phase.name == SAMPLE {
        let messages = sample::sample().count();
        eprintln!(
            "First run: taking in the sample mailbox of {messages} messages. `--mailbox PATH` is for your own."
        );
    } else {
        eprintln!("{} {}", phase.name, phase.detail.as_deref().unwrap_or_default());
    }
}
