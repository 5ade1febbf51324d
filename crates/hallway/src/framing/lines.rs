//! One message per line, ended by a line feed; a carriage return before it and blanks before a message are
//! ignored, so that a person can type.
//!
//! A message that is an object or a list also ends where that does: some clients write no line feed, and
//! wait for the answer.

use super::{FrameError, Left, Rest, Rules, Scan, Seen, Walk};

pub(super) struct Lines;

impl Rules for Lines {
    const NAME: &'static str = "lines";
    const BINARY: bool = false;

    fn scan(input: &[u8], seen: &mut Seen, max: usize) -> Result<Scan, FrameError> {
        let blank = input.iter().take_while(|byte| BLANK.contains(byte)).count();
        if blank > 0 {
            return Ok(Scan::Blank { end: blank });
        }
        let found = input.get(seen.bytes..).and_then(|rest| memchr::memchr(b'\n', rest));
        let line_feed = found.map(|at| seen.bytes + at);
        let line = &input[..line_feed.unwrap_or(input.len())];
        seen.bytes = line.len();
        if let Some(end) = seen.walk.end(line).filter(|&end| end <= max) {
            return Ok(Scan::Frame { body: 0..end, end });
        }
        // Of a line that has not ended, the last byte may be the carriage return that does not count.
        let body = line.strip_suffix(b"\r").unwrap_or(line).len();
        Ok(match line_feed {
            _ if body > max => Scan::TooLong { body: 0, rest: Rest(Left::Line(Walk::default())) },
            Some(line_feed) => Scan::Frame { body: 0..body, end: line_feed + 1 },
            None => Scan::More,
        })
    }

    fn begin(_out: &mut Vec<u8>) {}

    fn end(out: &mut Vec<u8>, _start: usize) {
        out.push(b'\n');
    }
}

/// What JSON may have around a value.
const BLANK: &[u8] = b" \t\r\n";
