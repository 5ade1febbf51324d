use std::io::{self, BufRead, Read as _};
use std::path::{Path, PathBuf};

use super::file::{self, Place};
use super::{Found, MESSAGE_MAX, MailboxError};

/// The most bytes looked at as one piece of a line, so that a line without end does not fill memory.
/// A separator line is never longer.
const PIECE_MAX: u64 = 8_192;

/// Reads the messages of an mbox one after the other, holding one in memory.
///
/// A message starts behind a line that begins with `From ` and holds a date as `ctime` writes it, or,
/// after an empty line, a single word. `Content-Length` is not trusted. Lines quoted as `>From ` lose
/// one `>`, as the mboxrd form defines; line ends of either kind are kept as they are.
#[derive(Debug)]
pub struct Mbox<R> {
    source: R,
    path: PathBuf,
    name: String,
    /// The place of the next byte of `source`.
    offset: u64,
    /// Where the message being read begins; none before the first separator and at the end.
    start: Option<u64>,
    /// The last bytes read: a line with its end, or a piece of a long one.
    piece: Vec<u8>,
    /// Whether `piece` is the first of its line.
    starts_line: bool,
    failed: bool,
}

impl<R: BufRead> Mbox<R> {
    /// Reads the mbox that `source` gives; `path` names it in origins and errors.
    pub fn new(source: R, path: &Path) -> Self {
        Self {
            source,
            path: path.to_owned(),
            name: file::origin(path, path),
            offset: 0,
            start: None,
            piece: Vec::new(),
            starts_line: true,
            failed: false,
        }
    }

    /// Reads up to the next separator or the end.
    fn read_message(&mut self) -> io::Result<Option<Found>> {
        let mut raw = Raw::default();
        loop {
            let after_empty = self.piece.is_empty() || self.starts_line && is_empty_line(&self.piece);
            let offset = self.offset;
            let ended = self.read_piece()? == 0;
            if ended || self.starts_line && self.is_separator(after_empty) {
                let next = (!ended).then_some(offset);
                match std::mem::replace(&mut self.start, next) {
                    Some(start) => return Ok(Some(raw.finish(format!("{}@{start}", self.name)))),
                    None if ended => return Ok(None),
                    None => continue,
                }
            }
            if self.start.is_some() {
                let quoted = self.starts_line && is_quoted(&self.piece);
                raw.push(self.piece.get(usize::from(quoted)..).unwrap_or_default());
            }
        }
    }

    /// Reads the rest of the current line, or the next one, up to [`PIECE_MAX`] bytes.
    fn read_piece(&mut self) -> io::Result<usize> {
        self.starts_line = self.piece.last().is_none_or(|last| *last == b'\n');
        self.piece.clear();
        let read = (&mut self.source).take(PIECE_MAX).read_until(b'\n', &mut self.piece)?;
        self.offset += read as u64;
        Ok(read)
    }

    fn is_separator(&self, after_empty: bool) -> bool {
        let Some(line) = self.piece.strip_prefix(b"From ") else { return false };
        // Whatever its form, the first line is what made this an mbox.
        self.start.is_none() && self.offset == self.piece.len() as u64
            || line.ends_with(b"\n") && is_envelope(line, after_empty)
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = Result<Found, MailboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let found = self.read_message();
        self.failed = found.is_err();
        found.map_err(|source| MailboxError::new(&self.path, source)).transpose()
    }
}

/// The bytes of one message, up to [`MESSAGE_MAX`].
#[derive(Debug, Default)]
struct Raw {
    bytes: Vec<u8>,
    too_large: bool,
}

impl Raw {
    fn push(&mut self, piece: &[u8]) {
        if self.bytes.len() + piece.len() > MESSAGE_MAX {
            self.too_large = true;
            self.bytes = Vec::new();
        }
        if !self.too_large {
            self.bytes.extend_from_slice(piece);
        }
    }

    fn finish(mut self, origin: String) -> Found {
        if self.too_large {
            return Found::broken(origin, file::too_large());
        }
        // The empty line before a separator belongs to the separator.
        if let Some(end) = [b"\n\r\n".as_slice(), b"\n\n"].iter().find(|end| self.bytes.ends_with(end)) {
            self.bytes.truncate(self.bytes.len() + 1 - end.len());
        }
        self.bytes.shrink_to_fit();
        file::found(self.bytes, Place { origin, ..Place::default() })
    }
}

fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

fn is_quoted(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "))
}

/// Whether what follows `From ` is an envelope: a sender and a date, or after an empty line a sender alone.
fn is_envelope(line: &[u8], after_empty: bool) -> bool {
    let words: Vec<&[u8]> = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .take(ENVELOPE_WORDS_MAX)
        .collect();
    after_empty && words.len() == 1 || words.windows(4).any(is_ctime)
}

/// Above what any envelope holds; a longer line is prose.
const ENVELOPE_WORDS_MAX: usize = 20;

/// Whether four words are a weekday, a month, a day and a time.
fn is_ctime(words: &[&[u8]]) -> bool {
    let [weekday, month, day, time] = words else { return false };
    let digits = |word: &[u8]| !word.is_empty() && word.len() <= 2 && word.iter().all(u8::is_ascii_digit);
    WEEKDAYS.contains(weekday)
        && MONTHS.contains(month)
        && digits(day)
        && time.contains(&b':')
        && time.split(|byte| *byte == b':').all(digits)
}

const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(mbox: impl AsRef<[u8]>) -> Vec<Found> {
        let mbox = Mbox::new(mbox.as_ref(), Path::new("dir/in.mbox"));
        mbox.collect::<Result<_, _>>().unwrap()
    }

    fn texts(mbox: &str) -> Vec<String> {
        let text = |found| match found {
            Found::Message(entry) => String::from_utf8(entry.raw).unwrap(),
            Found::Broken { reason, .. } => format!("broken: {reason}"),
            Found::Known => panic!("nothing is known"),
        };
        read(mbox).into_iter().map(text).collect()
    }

    const FROM: &str = "From a@example.org Sat Jan  3 10:00:00 2026\n";

    #[test]
    fn messages_are_told_apart_and_named_by_their_offset() {
        let mbox = format!("{FROM}Subject: 1\n\none\n\n{FROM}Subject: 2\n\ntwo\n");
        assert_eq!(texts(&mbox), ["Subject: 1\n\none\n", "Subject: 2\n\ntwo\n"]);
        let origins: Vec<_> = read(&mbox)
            .into_iter()
            .map(|found| match found {
                Found::Message(entry) => entry.origin,
                Found::Broken { origin, .. } => origin,
                Found::Known => panic!("nothing is known"),
            })
            .collect();
        let second = mbox.rfind("From ").unwrap();
        assert_eq!(origins, ["in.mbox@0".to_owned(), format!("in.mbox@{second}")]);
    }

    #[test]
    fn an_empty_file_is_an_empty_mailbox() {
        assert_eq!(read(""), []);
    }

    #[test]
    fn quoted_lines_lose_one_mark_whatever_the_line_end() {
        let mbox =
            format!("{FROM}S: 1\r\n\r\n>From me\r\n>>From you\r\n>Fromage\r\n> From\r\n\r\n{FROM}S: 2\n");
        let first = "S: 1\r\n\r\nFrom me\r\n>From you\r\n>Fromage\r\n> From\r\n";
        assert_eq!(texts(&mbox), [first, "S: 2\n"]);
    }

    #[test]
    fn prose_that_starts_with_from_stays_in_its_message() {
        let prose = "S: 1\n\nFrom here on it is easy.\n\nFrom Monday 10:30 to Sat Jan 3 we are closed.\n";
        assert_eq!(texts(&format!("{FROM}{prose}")), [prose]);
    }

    #[test]
    fn separators_of_other_programs_are_understood() {
        let thunderbird = "From - Sat Jan 03 10:00:00 2026\n";
        let takeout = "From 1234@xxx Sat Jan 03 10:00:00 +0000 2026\n";
        let pipermail = "From a at example.org  Sat Jan  3 10:00 2026\n";
        let bare = "From MAILER-DAEMON\n";
        for separator in [thunderbird, takeout, pipermail, bare] {
            let mbox = format!("{separator}S: 1\n\n{separator}S: 2\n");
            assert_eq!(texts(&mbox), ["S: 1\n", "S: 2\n"], "{separator}");
        }
    }

    #[test]
    fn a_missing_empty_line_does_not_merge_two_messages() {
        assert_eq!(texts(&format!("{FROM}S: 1\n\ncut off\n{FROM}S: 2\n")), ["S: 1\n\ncut off\n", "S: 2\n"]);
    }

    #[test]
    fn content_length_is_not_trusted() {
        let mbox = format!("{FROM}Content-Length: 9999\n\none\n\n{FROM}Content-Length: 0\n\ntwo\n");
        assert_eq!(texts(&mbox), ["Content-Length: 9999\n\none\n", "Content-Length: 0\n\ntwo\n"]);
    }

    #[test]
    fn an_empty_message_is_reported_and_its_neighbours_are_read() {
        let mbox = format!("{FROM}S: 1\n\n{FROM}\n{FROM}S: 3\n");
        assert_eq!(texts(&mbox), ["S: 1\n", "broken: the message is empty", "S: 3\n"]);
    }

    #[test]
    fn a_message_that_is_too_large_is_skipped_without_holding_it() {
        let start = format!("{FROM}S: 1\n\n{FROM}S: 2\n\n");
        let end = format!("\n\n{FROM}S: 3\n");
        let middle = io::repeat(b'x').take(MESSAGE_MAX as u64);
        let source = BufReader::new(start.as_bytes().chain(middle).chain(end.as_bytes()));
        let found: Vec<_> = Mbox::new(source, Path::new("in")).map(Result::unwrap).collect();
        assert_eq!(found.len(), 3);
        assert!(matches!(&found[1], Found::Broken { reason, .. } if reason.contains("larger than 64 MiB")));
        assert!(matches!(&found[2], Found::Message(entry) if entry.raw == b"S: 3\n"));
    }

    #[test]
    fn a_line_longer_than_a_piece_is_kept_whole() {
        let (marks, text) = (">".repeat(PIECE_MAX as usize), "x".repeat(PIECE_MAX as usize));
        let envelope = FROM.trim_end();
        for line in [format!("{marks}From x\n"), format!("{text}{FROM}"), format!("{envelope}{text}\n")] {
            assert_eq!(texts(&format!("{FROM}S: 1\n\n{line}")), [format!("S: 1\n\n{line}")]);
        }
    }

    #[test]
    fn a_failing_file_ends_the_mailbox_with_an_error() {
        struct Failing;
        impl io::Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("disk on fire"))
            }
        }
        let start = format!("{FROM}S: 1\n\n{FROM}S: 2\n");
        let mut mbox = Mbox::new(BufReader::new(start.as_bytes().chain(Failing)), Path::new("in"));
        assert!(matches!(mbox.next(), Some(Ok(Found::Message(_)))));
        let error = mbox.next().unwrap().unwrap_err().to_string();
        assert_eq!(error, "cannot read in: disk on fire; what was read before stays valid, try again");
        assert!(mbox.next().is_none());
    }
}
