//! `hallway logs`: what a service has logged.

use std::io::{self, Write as _};

use hallway::lifecycle::{Env, LogReader, log_path};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::plain;
use crate::service;

pub(crate) fn run(name: &str, lines: usize, follow: bool) -> Result<(), Failure> {
    let instance = service::instance(name)?;
    let path = log_path(&Env::process(), &instance)?;
    let unreadable = |error: io::Error| {
        Failure::new(Exit::Refused, "no_log", format!("cannot read {}: {error}", path.display()))
    };
    let mut log = match LogReader::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Where there is no such service either, that is what is wrong.
            service::known(name)?;
            let message = format!("{instance} has no log: there is no {}", path.display());
            return Err(Failure::new(Exit::Refused, "no_log", message)
                .hint(format!("it gets one with its first start: `hallway start {instance}`")));
        }
        log => log.map_err(unreadable)?,
    };
    let written = log.read().map_err(unreadable)?;
    print(last(&written, lines))?;
    if follow { Ok(log.follow(print)?) } else { Ok(()) }
}

fn print(written: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if console::user_attended() {
        // A panic's lines, for one, are as the program wrote them.
        let text = String::from_utf8_lossy(written);
        writeln!(out, "{}", plain::lines(text.trim_end_matches('\n')))?;
    } else {
        out.write_all(written)?;
    }
    out.flush()
}

/// The last lines.
fn last(written: &[u8], lines: usize) -> &[u8] {
    let whole = written.strip_suffix(b"\n").unwrap_or(written);
    let breaks = whole.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    match (lines, breaks.map(|(at, _)| at + 1).nth(lines.saturating_sub(1))) {
        (0, _) => &[],
        (_, Some(begin)) => written.get(begin..).unwrap_or_default(),
        (_, None) => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_whole() {
        for (lines, found) in [(0, ""), (1, "c\n"), (2, "b\nc\n"), (3, "a\nb\nc\n"), (9, "a\nb\nc\n")] {
            assert_eq!(last(b"a\nb\nc\n", lines), found.as_bytes());
        }
        assert_eq!(last(b"", 3), b"");
        assert_eq!(last(b"a\nb", 1), b"b");
    }
}
