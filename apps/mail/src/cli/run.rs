//! Each command, as the calls that it is.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::CommandFactory as _;
use hallway::lifecycle::{Env, stop};
use hallway::server::AdminBlockingClient;
use hallway::{CallError, CallOptions, Event};

use super::arguments::{Arguments, CallArguments, Command, MarkArguments, TextFormat, WatchFormat};
use super::failure::Failure;
use super::output::{self, out};
use super::progress::Bar;
use super::reach::{reach, running};
use super::table;
use hallway_mail::Place;
use hallway_mail::service::MailBlockingClient;
use hallway_mail::{Envelope, Mark};

/// How long `stop` waits for the daemon to be gone: longer than it drains.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn run(place: &Place, command: Command) -> Result<(), Failure> {
    let mail = |call: CallArguments| reach(place, options(&call));
    match command {
        Command::Search { query, limit, sort, format, call } => {
            output::envelopes(&mail(call)?.search(query, limit, sort.into())??, format)?;
        }
        Command::Count { query, call } => {
            let count = mail(call)?.count(query)??;
            writeln!(out(), "{count}")?;
        }
        Command::Cat { id, raw: true, call, .. } => out().write_all(&mail(call)?.raw(id)??.0)?,
        Command::Cat { id, format, call, .. } => output::message(&mail(call)?.read(id)??, format)?,
        Command::Thread { id, format, call } => output::envelopes(&mail(call)?.thread(id)??, format)?,
        Command::Mark { ids, mark, call } => {
            let changed = mail(call)?.mark(ids, mark.into())??;
            eprintln!("{changed} changed");
        }
        Command::Label { ids, add, remove, call } => {
            let changed = mail(call)?.label(ids, add, remove)??;
            eprintln!("{changed} changed");
        }
        Command::Import { path, format } => import(place, &path, format)?,
        Command::Sync { format } => sync(place, format)?,
        Command::Watch { format, since } => watch(&mail(CallArguments::default())?, format, since)?,
        Command::Status { format } => status(place, format)?,
        Command::Reindex => reindex(place)?,
        Command::Stop => stop_daemon(place)?,
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, env!("CARGO_PKG_NAME"), &mut out());
        }
        Command::Daemon => return Err(Failure::usage("`daemon` runs in the foreground".to_owned())),
    }
    Ok(())
}

fn options(call: &CallArguments) -> CallOptions {
    call.deadline.map_or_else(CallOptions::new, |after| CallOptions::new().deadline(after))
}

fn import(place: &Place, path: &Path, format: TextFormat) -> Result<(), Failure> {
    // The daemon has a working directory of its own.
    let path = std::fs::canonicalize(path)
        .map_err(|error| Failure::usage(format!("there is no mailbox at {}: {error}", path.display())))?;
    let mail = reach(place, CallOptions::new())?;
    let bar = Bar::new("Importing");
    let report = mail.with(bar.options()).import(path)??;
    bar.finish(&format!("{} new messages", report.added));
    Ok(output::report(&report, format)?)
}

fn sync(place: &Place, format: TextFormat) -> Result<(), Failure> {
    let mail = reach(place, CallOptions::new())?;
    let bar = Bar::new("Reading the mailbox");
    let report = mail.with(bar.options()).sync()??;
    bar.finish(&format!("{} new messages", report.added));
    Ok(output::report(&report, format)?)
}

fn reindex(place: &Place) -> Result<(), Failure> {
    let mail = reach(place, CallOptions::new())?;
    let bar = Bar::new("Indexing");
    mail.with(bar.options()).reindex()??;
    bar.finish("done");
    Ok(())
}

/// Prints what arrives; when the daemon goes away, goes on with the next one where this one left off.
fn watch(mail: &MailBlockingClient, format: WatchFormat, since: Option<u64>) -> Result<(), Failure> {
    let mut last = since;
    loop {
        for event in mail.arrivals(last)? {
            match event {
                Ok(Event::Item { seq, value }) => {
                    last = Some(seq);
                    arrived(&value, seq, format)?;
                }
                Ok(Event::Lagged { missed, next }) => {
                    last = next.checked_sub(1);
                    eprintln!("{missed} messages were missed");
                }
                Err(CallError::Closed { .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn arrived(envelope: &Envelope, seq: u64, format: WatchFormat) -> Result<(), Failure> {
    let mut out = out();
    match format {
        WatchFormat::Table => table::print_line(&mut out, envelope, 0)?,
        WatchFormat::Jsonl => {
            output::json_line(&mut out, &serde_json::json!({ "seq": seq, "message": envelope }))?;
        }
    }
    Ok(out.flush()?)
}

fn status(place: &Place, format: TextFormat) -> Result<(), Failure> {
    let client = running(place)?;
    let status = AdminBlockingClient::new(client.clone()).status()?;
    let stats = MailBlockingClient::new(client).stats()??;
    Ok(output::status(&status, &stats, format)?)
}

fn stop_daemon(place: &Place) -> Result<(), Failure> {
    let was_running = stop(&Env::process(), place.instance(), Instant::now() + STOP_DEADLINE)?;
    eprintln!(
        "the daemon of {} {}",
        place.instance(),
        if was_running { "has stopped" } else { "was not running" }
    );
    Ok(())
}

impl From<MarkArguments> for Mark {
    fn from(mark: MarkArguments) -> Self {
        match mark {
            MarkArguments { read: true, .. } => Self::Read,
            MarkArguments { unread: true, .. } => Self::Unread,
            MarkArguments { flagged: true, .. } => Self::Flagged,
            MarkArguments { unflagged: true, .. } => Self::Unflagged,
            // The command line allows exactly one.
            MarkArguments { .. } => Self::Replied,
        }
    }
}
