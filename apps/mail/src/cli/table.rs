//! Messages as lines for people: as wide as the terminal, or as wide as they are in a pipe.

use std::borrow::Cow;
use std::io;

use console::{Term, measure_text_width, style, truncate_str};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::plain::plain;
use hallway_mail::Envelope;

/// How wide a sender may be.
const SENDER: usize = 22;

/// How wide a line is where there is no terminal to ask.
const NO_TERMINAL: usize = usize::MAX;

/// The least that is left for the subject.
const SUBJECT_MIN: usize = 20;

/// Prints a line for each message.
pub(crate) fn print(out: &mut impl io::Write, envelopes: &[Envelope]) -> io::Result<()> {
    let width = envelopes.iter().map(|envelope| envelope.id.to_string().len()).max().unwrap_or_default();
    envelopes.iter().try_for_each(|envelope| print_line(out, envelope, width))
}

/// Prints one message: id, state, date, sender, subject.
pub(crate) fn print_line(out: &mut impl io::Write, envelope: &Envelope, id_width: usize) -> io::Result<()> {
    let date = envelope.date.as_deref().map_or_else(|| " ".repeat(16), date_and_time);
    let sender = plain(sender(envelope));
    let sender = fixed(&sender, SENDER);
    let before = format!("{:>id_width$} {} {date}  {sender}  ", envelope.id.0, state(envelope));
    let room = terminal_width().saturating_sub(measure_text_width(&before)).max(SUBJECT_MIN);
    let subject = match envelope.subject.as_str() {
        "" => "(no subject)".into(),
        subject => plain(subject),
    };
    let labels: String = envelope.labels.iter().map(|label| format!(" #{}", plain(label))).collect();
    let text = format!("{subject}{}", style(labels).dim());
    let text = truncate_str(&text, room, "…");
    if envelope.flags.unread {
        writeln!(out, "{}{}", before, style(text).bold())
    } else {
        writeln!(out, "{before}{text}")
    }
}

/// A point in time as this place's clocks showed it.
pub(crate) fn date_and_time(rfc3339: &str) -> String {
    let time = rfc3339.parse::<Timestamp>().map(|time| time.to_zoned(TimeZone::system()));
    time.map_or_else(|_| rfc3339.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// Unread, flagged, replied, with attachments.
fn state(envelope: &Envelope) -> String {
    let mark = |is: bool, letter: char| if is { letter } else { '·' };
    let flags = envelope.flags;
    let marks =
        [(flags.unread, 'N'), (flags.flagged, '!'), (flags.replied, 'r'), (envelope.attachments > 0, '@')];
    marks.into_iter().map(|(is, letter)| mark(is, letter)).collect()
}

fn sender(envelope: &Envelope) -> &str {
    let Some(first) = envelope.from.first() else { return "(nobody)" };
    first.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&first.address)
}

/// Exactly so wide.
fn fixed(text: &str, width: usize) -> Cow<'_, str> {
    let short = truncate_str(text, width, "…");
    let missing = width.saturating_sub(measure_text_width(&short));
    if missing == 0 { short } else { format!("{short}{}", " ".repeat(missing)).into() }
}

fn terminal_width() -> usize {
    let terminal = Term::stdout();
    terminal.size_checked().map_or(NO_TERMINAL, |(_, columns)| columns.into())
}
