//! What is printed, in each format.

use std::fmt::Display;
use std::io::{self, Write as _};

use console::style;
use hallway::server::Status;
use serde::Serialize;

use super::arguments::{Format, TextFormat};
use super::plain::plain;
use super::table;
use hallway_mail::{Address, BrokenEntry, Envelope, FullMessage, ImportReport, MAX_RESULTS, Place, Stats};

/// Standard output, written in few pieces: a page of messages is one, as much as a pipe takes.
pub(crate) fn out() -> io::BufWriter<io::StdoutLock<'static>> {
    io::BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// Prints one line.
pub(crate) fn line(line: impl Display) -> io::Result<()> {
    let mut out = out();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Prints a list of messages.
pub(crate) fn envelopes(found: &[Envelope], format: Format) -> io::Result<()> {
    let mut out = out();
    match format {
        Format::Table => table::print(&mut out, found)?,
        Format::Json => json(&mut out, found)?,
        Format::Jsonl => found.iter().try_for_each(|envelope| json_line(&mut out, envelope))?,
        Format::Ids => found.iter().try_for_each(|envelope| writeln!(out, "{}", envelope.id))?,
    }
    out.flush()
}

/// Tells a person why a list is empty, or ends where it does.
pub(crate) fn hint(found: usize, limit: u32, format: Format) {
    if format == Format::Table && console::user_attended() {
        match found {
            0 => eprintln!("no messages"),
            MAX_RESULTS => {
                eprintln!("the first {found}, which is the most; `count` tells how many there are");
            }
            _ if found == limit as usize => eprintln!("the first {found}; `--limit` shows more"),
            _ => {}
        }
    }
}

/// Prints one message.
pub(crate) fn message(message: &FullMessage, format: TextFormat) -> io::Result<()> {
    let mut out = out();
    if format == TextFormat::Json {
        json(&mut out, message)?;
        return out.flush();
    }
    let envelope = &message.envelope;
    let mut header = |name: &str, value: &str| {
        if value.is_empty() {
            Ok(())
        } else {
            writeln!(out, "{} {}", style(format!("{name}:")).bold(), plain(value))
        }
    };
    header("From", &people(&envelope.from))?;
    header("To", &people(&envelope.to))?;
    header("Cc", &people(&message.cc))?;
    header("Date", &envelope.date.as_deref().map(table::date_and_time).unwrap_or_default())?;
    header("Subject", &envelope.subject)?;
    header("Labels", &envelope.labels.join(", "))?;
    for attachment in &message.attachments {
        let name = attachment.filename.as_deref().unwrap_or("without a name");
        header("Attachment", &format!("{name} ({}, {})", attachment.media_type, bytes(attachment.size)))?;
    }
    writeln!(out, "\n{}", message.text.trim_end())?;
    out.flush()
}

/// Prints what an import has done.
pub(crate) fn report(report: &ImportReport, format: TextFormat) -> io::Result<()> {
    let mut out = out();
    if format == TextFormat::Json {
        json(&mut out, report)?;
    } else {
        let ImportReport { seen, added, duplicate, broken } = report;
        writeln!(
            out,
            "{seen} messages read: {added} new, {duplicate} known, {} broken",
            seen - added - duplicate
        )?;
        for BrokenEntry { origin, reason } in broken {
            writeln!(out, "  {origin}: {reason}")?;
        }
    }
    out.flush()
}

/// How the daemon and its mail are, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    daemon: &'a Status,
    mail: &'a Stats,
}

/// Prints how the daemon and its mail are.
pub(crate) fn status(place: &Place, status: &Status, stats: &Stats, format: TextFormat) -> io::Result<()> {
    let mut out = out();
    if format == TextFormat::Json {
        json(&mut out, &Report { daemon: status, mail: stats })?;
        return out.flush();
    }
    let mut row =
        |name: &str, value: String| writeln!(out, "{} {value}", style(format!("{name:<12}")).bold());
    row(
        "mailbox",
        place.mailbox().map_or_else(|| "the sample".to_owned(), |path| path.display().to_string()),
    )?;
    row("data", place.data_dir().unwrap_or_default().display().to_string())?;
    row("daemon", format!("{}, process {}", status.program, status.pid))?;
    row("running", uptime(status.uptime_ms / 1000))?;
    row("connections", format!("{}, {} in all", status.connections.now, status.connections.total))?;
    row("calls", format!("{} open", status.calls_open))?;
    row(
        "messages",
        format!("{}, {} unread, in {} conversations", stats.messages, stats.unread, stats.threads),
    )?;
    let behind = match stats.index_behind {
        0 => "level with the database".to_owned(),
        changes => format!("{changes} changes behind the database"),
    };
    row("index", format!("{} messages, {behind}", stats.indexed))?;
    row("disk", format!("{} database, {} index", bytes(stats.database_bytes), bytes(stats.index_bytes)))?;
    out.flush()
}

/// Prints a JSON value: for people on a terminal, on one line elsewhere.
pub(crate) fn json<T: Serialize + ?Sized>(out: &mut impl io::Write, value: &T) -> io::Result<()> {
    if console::user_attended() {
        serde_json::to_writer_pretty(&mut *out, value)?;
    } else {
        serde_json::to_writer(&mut *out, value)?;
    }
    writeln!(out)
}

/// Prints a JSON value on one line.
pub(crate) fn json_line<T: Serialize + ?Sized>(out: &mut impl io::Write, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

fn people(addresses: &[Address]) -> String {
    let one = |address: &Address| match &address.name {
        Some(name) if address.address.is_empty() => name.clone(),
        Some(name) => format!("{name} <{}>", address.address),
        None => address.address.clone(),
    };
    addresses.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn bytes(size: u64) -> String {
    indicatif::HumanBytes(size).to_string()
}

fn uptime(seconds: u64) -> String {
    indicatif::HumanDuration(std::time::Duration::from_secs(seconds)).to_string()
}
