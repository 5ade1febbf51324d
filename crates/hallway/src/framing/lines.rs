//! One message per line, ended by a line feed; a carriage return before it and empty lines are ignored,
//! so that a person can type.

use super::{FrameError, Rest, Rules, Scan};

pub(super) struct Lines;

impl Rules for Lines {
    const NAME: &'static str = "lines";
    const BINARY: bool = false;

    fn scan(input: &[u8], seen: &mut usize, max: usize) -> Result<Scan, FrameError> {
        let blank = input.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if blank > 0 {
            return Ok(Scan::Gap { end: blank });
        }
        let Some(found) = input.get(*seen..).and_then(|rest| memchr::memchr(b'\n', rest)) else {
            *seen = input.len();
            let too_long = input.len() > max;
            return Ok(if too_long { Scan::TooLong { body: 0, rest: Rest::Line } } else { Scan::More });
        };
        let line_feed = *seen + found;
        let carriage_return = input[..line_feed].ends_with(b"\r");
        let body = 0..line_feed - usize::from(carriage_return);
        if body.len() > max {
            return Ok(Scan::TooLong { body: 0, rest: Rest::Line });
        }
        Ok(Scan::Frame { body, end: line_feed + 1 })
    }

    fn begin(_out: &mut Vec<u8>) {}

    fn end(out: &mut Vec<u8>, _start: usize) {
        out.push(b'\n');
    }
}
