//! One message per line, ended by a line feed; a carriage return before it and empty lines are ignored,
//! so that a person can type.

use super::{FrameError, Rest, Rules, Scan};

pub(super) struct Lines;

impl Rules for Lines {
    const NAME: &'static str = "lines";
    const BINARY: bool = false;

    fn scan(input: &[u8], seen: &mut usize, max: usize) -> Result<Scan, FrameError> {
        let start = input.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let unseen = (*seen).max(start);
        let Some(found) = input.get(unseen..).and_then(|rest| memchr::memchr(b'\n', rest)) else {
            *seen = input.len();
            let too_long = input.len() - start > max;
            return Ok(if too_long { Scan::TooLong { body: start, rest: Rest::Line } } else { Scan::More });
        };
        let line_feed = unseen + found;
        let carriage_return = input[..line_feed].ends_with(b"\r");
        let body = start..line_feed - usize::from(carriage_return);
        if body.len() > max {
            return Ok(Scan::TooLong { body: start, rest: Rest::Line });
        }
        Ok(Scan::Frame { body, end: line_feed + 1 })
    }

    fn begin(_out: &mut Vec<u8>) {}

    fn end(out: &mut Vec<u8>, _start: usize) {
        out.push(b'\n');
    }
}
