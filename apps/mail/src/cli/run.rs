//! Each command, as the calls that it is.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::CommandFactory as _;
use hallway::lifecycle::{Env, LifecycleError, ServiceFile, restart, stop};
use hallway::server::AdminBlockingClient;
use hallway::service::ServiceError as _;
use hallway::{CallError, Event};
use serde::Serialize;

use super::arguments::{Arguments, CallArguments, Command, MarkArguments, TextFormat, WatchFormat};
use super::failure::Failure;
use super::installed;
use super::output::{self, out};
use super::reach::{ask, reach, running};
use super::table;
use hallway_mail::Place;
use hallway_mail::service::MailBlockingClient;
use hallway_mail::{Envelope, Mark, MessageId};

/// The code of a daemon that leaves.
const CLOSING: &str = "closing";

/// How long `stop` waits for the daemon to be gone: longer than it drains.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// What is shown of a mailbox that is being looked into for the first time.
const READING: &str = "Reading the mailbox";

pub(crate) fn run(place: &Place, command: Command) -> Result<(), Failure> {
    match command {
        Command::Search { query, limit, sort, format, call } => {
            let found = ask(place, &call, READING, |mail| mail.search(query, limit, sort.into()))?;
            output::envelopes(&found, format)?;
            output::hint(found.len(), limit, format);
        }
        Command::Count { query, call } => {
            let count = ask(place, &call, READING, |mail| mail.count(query))?;
            output::line(count)?;
        }
        Command::Cat { id, raw: true, call, .. } => cat_raw(place, &call, id)?,
        Command::Cat { id, format, call, .. } => {
            output::message(&ask(place, &call, READING, |mail| mail.read(id))?, format)?;
        }
        Command::Thread { id, format, call } => {
            output::envelopes(&ask(place, &call, READING, |mail| mail.thread(id))?, format)?;
        }
        Command::Mark { ids, mark, call } => {
            let changed = ask(place, &call, READING, |mail| mail.mark(ids, mark.into()))?;
            eprintln!("{changed} changed");
        }
        Command::Label { ids, add, remove, call } => {
            let changed = ask(place, &call, READING, |mail| mail.label(ids, add, remove))?;
            eprintln!("{changed} changed");
        }
        Command::Import { path, format } => import(place, &path, format)?,
        Command::Sync { format } => {
            let report = ask(place, &CallArguments::default(), READING, MailBlockingClient::sync)?;
            output::report(&report, format)?;
        }
        Command::Watch { format, since } => watch(place, format, since)?,
        Command::Status { format } => status(place, format)?,
        Command::Reindex => {
            ask(place, &CallArguments::default(), "Indexing", MailBlockingClient::reindex)?;
            eprintln!("the index has been built anew");
        }
        Command::Stop => stop_daemon(place)?,
        Command::Install => installed::install(place)?,
        Command::Uninstall => installed::uninstall(place)?,
        Command::Mailboxes { format } => installed::list(format)?,
        Command::Restart => restart_daemon(place)?,
        Command::Units { dir, launchd } => units(place, &dir, launchd)?,
        Command::Completions { shell } => {
            // The generator panics where it cannot write, which to memory it can.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), env!("CARGO_PKG_NAME"), &mut script);
            let mut out = out();
            out.write_all(&script)?;
            out.flush()?;
        }
        Command::Daemon => return Err(Failure::usage("`daemon` runs in the foreground".to_owned())),
    }
    Ok(())
}

fn cat_raw(place: &Place, call: &CallArguments, id: MessageId) -> Result<(), Failure> {
    let mail = reach(place, call)?;
    let mut out = out();
    for chunk in mail.client.with(mail.options).raw(id)? {
        out.write_all(&chunk??.0)?;
    }
    Ok(out.flush()?)
}

fn import(place: &Place, path: &Path, format: TextFormat) -> Result<(), Failure> {
    // The daemon has a working directory of its own.
    let path = std::fs::canonicalize(path)
        .map_err(|error| Failure::usage(format!("there is no mailbox at {}: {error}", path.display())))?;
    if path.to_str().is_none() {
        let path = path.display();
        let advice = "use `--mailbox`, which takes any path, or rename it";
        return Err(Failure::usage(format!("the path {path} is not UTF-8 and cannot be sent: {advice}")));
    }
    let report = ask(place, &CallArguments::default(), "Importing", |mail| mail.import(path))?;
    Ok(output::report(&report, format)?)
}

/// Prints what arrives; when the daemon goes away, goes on with the next one where this one left off.
fn watch(place: &Place, format: WatchFormat, since: Option<u64>) -> Result<(), Failure> {
    let mail = reach(place, &CallArguments::default())?.client;
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
                    if missed > 0 {
                        eprintln!("{missed} messages were missed");
                    }
                }
                Err(CallError::Closed { .. }) => break,
                Err(error) if error.code() == CLOSING => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// An arrival as JSON.
#[derive(Serialize)]
struct Arrived<'a> {
    seq: u64,
    message: &'a Envelope,
}

fn arrived(envelope: &Envelope, seq: u64, format: WatchFormat) -> Result<(), Failure> {
    let mut out = out();
    match format {
        WatchFormat::Table => table::print_line(&mut out, envelope, 0)?,
        WatchFormat::Jsonl => {
            output::json_line(&mut out, &Arrived { seq, message: envelope })?;
        }
    }
    Ok(out.flush()?)
}

fn status(place: &Place, format: TextFormat) -> Result<(), Failure> {
    let client = running(place)?;
    let status = AdminBlockingClient::new(client.clone()).status()?;
    let stats = MailBlockingClient::new(client).stats()??;
    Ok(output::status(place, &status, &stats, format)?)
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

fn restart_daemon(place: &Place) -> Result<(), Failure> {
    let restarted = restart(&Env::process(), place.instance(), Instant::now() + STOP_DEADLINE)?;
    let was_running = restarted.map_err(|error| CallError::Remote(error.to_wire()))?;
    let became = if was_running { "has been replaced" } else { "was not running" };
    eprintln!("the daemon of {} {became}", place.instance());
    Ok(())
}

fn units(place: &Place, dir: &Path, launchd: bool) -> Result<(), Failure> {
    let failed = |error: LifecycleError| Failure::Output(io::Error::other(error));
    let mut file = ServiceFile::this_program(place.instance().clone()).map_err(failed)?;
    let args: Result<_, _> = place.daemon_arguments().into_iter().map(OsString::into_string).collect();
    file.args = args.map_err(|path| Failure::usage(format!("the path {path:?} is not UTF-8")))?;
    env!("CARGO_PKG_DESCRIPTION").clone_into(&mut file.description);
    let units = match launchd {
        true => vec![file.launchd_plist().map_err(failed)?],
        false => file.systemd_units().map_err(failed)?.into(),
    };
    for unit in units {
        let path = dir.join(unit.name);
        std::fs::write(&path, unit.text)?;
        writeln!(out(), "{}", path.display())?;
    }
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
