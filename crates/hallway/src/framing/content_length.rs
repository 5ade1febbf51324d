//! `Content-Length: N`, other headers, an empty line, then N bytes: the base protocol of LSP and DAP.

use super::{FrameError, Rest, Rules, Scan};
use crate::limits::{FRAME_SKIP_MAX, HEADER_MAX};

pub(super) struct ContentLength;

impl Rules for ContentLength {
    const NAME: &'static str = "content_length";
    const BINARY: bool = true;

    fn scan(input: &[u8], seen: &mut usize, max: usize) -> Result<Scan, FrameError> {
        // The end mark may straddle what was seen and what is new.
        let from = seen.saturating_sub(END.len() - 1);
        let found = input.get(from..).and_then(|rest| memchr::memmem::find(rest, END));
        let Some(header) = found.map(|at| from + at) else {
            *seen = input.len();
            return if input.len() > HEADER_MAX { Err(FrameError::HeaderTooLong) } else { Ok(Scan::More) };
        };
        if header > HEADER_MAX {
            return Err(FrameError::HeaderTooLong);
        }
        *seen = header;
        let size = announced(&input[..header])?;
        let body = header + END.len();
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        if size == 0 {
            Err(FrameError::Empty)
        } else if size > FRAME_SKIP_MAX {
            Err(FrameError::Implausible { size })
        } else if length > max {
            Ok(Scan::TooLong { body, rest: Rest::Bytes(size) })
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

/// The value of the one `Content-Length` header, in any letter case.
fn announced(headers: &[u8]) -> Result<u64, FrameError> {
    let headers =
        std::str::from_utf8(headers).map_err(|_| FrameError::Header { reason: "it is not text" })?;
    let mut length = None;
    for header in headers.split("\r\n") {
        let (name, value) =
            header.split_once(':').ok_or(FrameError::Header { reason: "a line without a colon" })?;
        if !name.trim().eq_ignore_ascii_case("content-length") {
            continue;
        }
        let value = value.trim();
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
