//! The way to the daemon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hallway::CallOptions;
use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Phase};

use super::failure::Failure;
use super::progress::Bar;
use hallway_mail::daemon::{NEW_MAILBOX, SAMPLE};
use hallway_mail::service::MailBlockingClient;
use hallway_mail::{Place, sample};

/// A client of the daemon, which is started if none runs. The first time that a mailbox is looked into, this
/// waits until all of it has been taken in: an answer from half a mailbox would be a wrong one.
pub(crate) fn reach(place: &Place, options: CallOptions) -> Result<MailBlockingClient, Failure> {
    let new = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&new);
    let connector = Connector::new(place.instance().clone())
        .starting(place.launcher().map_err(Failure::Output)?)
        .on_phase(move |phase| say(&phase, &told));
    let client = MailBlockingClient::new(Client::builder().program(PROGRAM).connect(connector)?);
    if new.load(Ordering::Relaxed) {
        let bar = Bar::new("Reading the mailbox");
        let report = client.with(bar.options()).sync()??;
        bar.finish(&format!("{} messages taken in", report.added));
    }
    Ok(client.with(options))
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
fn say(phase: &Phase, new: &AtomicBool) {
    match phase.name.as_str() {
        SAMPLE => {
            let messages = sample::sample().count();
            eprintln!(
                "First run: taking in the sample mailbox of {messages} messages. `--mailbox PATH` is for your own."
            );
        }
        NEW_MAILBOX => new.store(true, Ordering::Relaxed),
        other => eprintln!("{other} {}", phase.detail.as_deref().unwrap_or_default()),
    }
}
