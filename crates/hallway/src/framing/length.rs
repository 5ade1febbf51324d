//! Four bytes of length, big-endian, then the body.

use super::{FrameError, Left, Rest, Rules, Scan, Seen};
use crate::limits::FRAME_SKIP_MAX;

pub(super) struct Length;

impl Rules for Length {
    const NAME: &'static str = "length";
    const BINARY: bool = true;

    fn scan(input: &[u8], _seen: &mut Seen, max: usize) -> Result<Scan, FrameError> {
        let Some((&prefix, body)) = input.split_first_chunk::<PREFIX>() else { return Ok(Scan::More) };
        let announced = u32::from_be_bytes(prefix);
        let length = announced as usize;
        if length == 0 {
            Err(FrameError::Empty)
        } else if u64::from(announced) > FRAME_SKIP_MAX {
            Err(FrameError::Implausible { size: announced.into() })
        } else if length > max {
            Ok(Scan::TooLong { body: PREFIX, rest: Rest(Left::Bytes(announced.into())) })
        } else if body.len() < length {
            Ok(Scan::More)
        } else {
            Ok(Scan::Frame { body: PREFIX..PREFIX + length, end: PREFIX + length })
        }
    }

    fn begin(out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; PREFIX]);
    }

    fn end(out: &mut Vec<u8>, start: usize) {
        // A body over 4 GiB cannot be told; a reply is measured against the frame limit long before.
        let length = u32::try_from(out.len() - start - PREFIX).unwrap_or(u32::MAX);
        if let Some(prefix) = out.get_mut(start..start + PREFIX) {
            prefix.copy_from_slice(&length.to_be_bytes());
        }
    }
}

const PREFIX: usize = size_of::<u32>();
