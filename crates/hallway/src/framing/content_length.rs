//! `Content-Length: N`, other headers, an empty line, then N bytes: the base protocol of LSP and DAP.

use super::{FrameError, Left, Rest, Rules, Scan, Seen};
use crate::limits::{FRAME_SKIP_MAX, HEADER_MAX};

pub(super) struct ContentLength;

impl Rules for ContentLength {
    const NAME: &'static str = "content_length";
    const BINARY: bool = true;

    fn scan(input: &[u8], seen: &mut Seen, max: usize) -> Result<Scan, FrameError> {
        // The end mark may straddle what was seen and what is new.
        let straddles = if crate::chaos::without("end-marks") { 0 } else { END.len() - 1 };
        let from = seen.bytes.saturating_sub(straddles);
        let found = input.get(from..).and_then(|rest| memchr::memmem::find(rest, END));
        let header = found.map(|at| from + at);
        let so_far = &input[..header.unwrap_or(input.len())];
        seen.bytes = so_far.len();
        // Of a block that has not ended, the last bytes may be a part of the end mark.
        let longest = if header.is_some() { HEADER_MAX } else { HEADER_MAX + END.len() - 1 };
        if so_far.len() > longest {
            return Err(FrameError::HeaderTooLong);
        }
        if has_bare_line_feed(so_far) {
            return Err(FrameError::Header { reason: "a line that ends in a line feed alone, not in CR LF" });
        }
        let Some(header) = header else { return Ok(Scan::More) };
        let size = announced(&input[..header])?;
        let body = header + END.len();
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        if size == 0 {
            Err(FrameError::Empty)
        } else if size > FRAME_SKIP_MAX {
            Err(FrameError::Implausible { size })
        } else if length > max {
            Ok(Scan::TooLong { body, rest: Rest(Left::Bytes(size)) })
        } else if input.len() - body < length {
            Ok(Scan::More)
        } else {
            Ok(Scan::Frame { body: body..body + length, end: body + length })
        }
    }

    fn begin(_out: &mut Vec<u8>) {}

    fn end(out: &mut Vec<u8>, start: usize) {
        let header = format!("Content-Length: {}\r\n\r\n", out.len() - start);
        out.splice(start..start, header.into_bytes());
    }
}

const END: &[u8] = b"\r\n\r\n";
const BLANK: [char; 2] = [' ', '\t'];

/// Whether somebody ends lines in another way: the end of such a block would be waited for in vain.
fn has_bare_line_feed(headers: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', headers).any(|at| !headers[..at].ends_with(b"\r"))
}

/// The value of the one `Content-Length` header, in any letter case.
fn announced(headers: &[u8]) -> Result<u64, FrameError> {
    let headers =
        std::str::from_utf8(headers).map_err(|_| FrameError::Header { reason: "it is not text" })?;
    let mut length = None;
    for header in headers.split("\r\n") {
        let (name, value) =
            header.split_once(':').ok_or(FrameError::Header { reason: "a line without a colon" })?;
        if !name.trim_matches(BLANK).eq_ignore_ascii_case("content-length") {
            continue;
        }
        let value = value.trim_matches(BLANK);
        // `u64::from_str` would take a sign.
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let value = value.parse().ok().filter(|_| digits);
        let value = value.ok_or(FrameError::Header { reason: "Content-Length is not a number" })?;
        if length.replace(value).is_some() {
            return Err(FrameError::Header { reason: "Content-Length stands there twice" });
        }
    }
    length.ok_or(FrameError::Header { reason: "Content-Length is missing" })
}
