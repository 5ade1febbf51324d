//! MessagePack, on `rmp-serde`; the walk over an object's members is ours, since `rmp-serde` has no
//! value that stays raw.

use serde::de::Deserialize;
use serde::ser::Serialize;

use super::{DecodeError, EncodeError, ObjectWriter, Rules, too_deep};
use crate::limits::DEPTH_MAX;

pub(super) struct MsgPack;

impl Rules for MsgPack {
    const NAME: &'static str = "msgpack";
    const TEXT: bool = false;
    const NULL: &'static [u8] = &[0xc0];

    fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut writer = rmp_serde::Serializer::new(out).with_struct_map();
        value
            .serialize(&mut writer)
            .map_err(|error| EncodeError { encoding: Self::NAME, reason: error.to_string() })
    }

    fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
        T::deserialize(&mut reader(bytes)?).map_err(|error| refuse(&error, error.to_string()))
    }

    fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
        serde_path_to_error::deserialize(&mut reader(bytes)?)
            .map_err(|error| refuse(error.inner(), error.to_string()))
    }

    fn members<'a>(bytes: &'a [u8], each: &mut dyn FnMut(&str, &'a [u8])) -> Result<(), DecodeError> {
        let mut rest = bytes;
        let members = rmp::decode::read_map_len(&mut rest).map_err(|_| syntax("expected a map"))?;
        for _ in 0..members {
            let (name, after) = rmp::decode::read_str_from_slice(rest)
                .map_err(|_| syntax("expected text as a member name"))?;
            let Measure { length, .. } = measure(after)?;
            let (value, after) = after.split_at_checked(length).ok_or_else(cut_short)?;
            each(name, value);
            rest = after;
        }
        nothing_after(bytes, bytes.len() - rest.len())
    }

    fn has_more_values(bytes: &[u8], max: usize) -> bool {
        bytes.len() > max && measure(bytes).is_ok_and(|Measure { values, .. }| values > max as u64)
    }

    fn begin_object(out: &mut Vec<u8>) {
        out.push(FIXMAP);
    }

    fn key(out: &mut Vec<u8>, _index: usize, name: &str) {
        // A `Vec` takes every byte, so writing to it cannot fail.
        let _infallible = rmp::encode::write_str(out, name);
    }

    fn end_object(out: &mut Vec<u8>, start: usize, members: usize) {
        let count = u8::try_from(members.min(ObjectWriter::MEMBERS_MAX)).unwrap_or(0);
        if let Some(header) = out.get_mut(start) {
            *header = FIXMAP | count;
        }
    }
}

/// The header of a map of up to 15 members is this byte plus the count.
const FIXMAP: u8 = 0x80;

type Reader<'a> = rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'a, [u8]>>;

/// A reader over bytes known to be exactly one value: `rmp-serde` does not tell where it stopped.
fn reader(bytes: &[u8]) -> Result<Reader<'_>, DecodeError> {
    nothing_after(bytes, measure(bytes)?.length)?;
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    // Of a value that nests so deep, it refuses what is in the innermost list.
    reader.set_max_depth(DEPTH_MAX + 1);
    Ok(reader)
}

/// What a value takes.
struct Measure {
    /// In bytes.
    length: usize,
    /// In values, of lists and objects all that is in them but the names.
    values: u64,
}

/// Measures the value at the start of `bytes`, without recursion: a counter of values still to come replaces the stack,
/// so depth costs nothing.
fn measure(bytes: &[u8]) -> Result<Measure, DecodeError> {
    use rmp::Marker;

    let mut at = 0usize;
    let (mut left_over, mut read, mut names) = (1u64, 0u64, 0u64);
    while left_over > 0 {
        // Each value takes at least one byte: a header that promises more than there is ends here.
        let left = bytes.get(at..).filter(|left| left.len() as u64 >= left_over).ok_or_else(cut_short)?;
        let (&first, left) = left.split_first().ok_or_else(cut_short)?;
        let (header, body, inner) = match Marker::from_u8(first) {
            Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => (0, 0, 0),
            Marker::U8 | Marker::I8 => (0, 1, 0),
            Marker::U16 | Marker::I16 => (0, 2, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (0, 4, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (0, 8, 0),
            Marker::FixStr(length) => (0, u64::from(length), 0),
            Marker::Str8 | Marker::Bin8 => (1, number(left, 1)?, 0),
            Marker::Str16 | Marker::Bin16 => (2, number(left, 2)?, 0),
            Marker::Str32 | Marker::Bin32 => (4, number(left, 4)?, 0),
            Marker::FixArray(items) => (0, 0, u64::from(items)),
            Marker::Array16 => (2, 0, number(left, 2)?),
            Marker::Array32 => (4, 0, number(left, 4)?),
            Marker::FixMap(members) => (0, 0, 2 * u64::from(members)),
            Marker::Map16 => (2, 0, 2 * number(left, 2)?),
            Marker::Map32 => (4, 0, 2 * number(left, 4)?),
            Marker::FixExt1 => (0, 2, 0),
            Marker::FixExt2 => (0, 3, 0),
            Marker::FixExt4 => (0, 5, 0),
            Marker::FixExt8 => (0, 9, 0),
            Marker::FixExt16 => (0, 17, 0),
            Marker::Ext8 => (1, 1 + number(left, 1)?, 0),
            Marker::Ext16 => (2, 1 + number(left, 2)?, 0),
            Marker::Ext32 => (4, 1 + number(left, 4)?, 0),
            Marker::Reserved => return Err(syntax("the byte 0xc1 is never used")),
        };
        let length = usize::try_from(1 + header + body).map_err(|_| cut_short())?;
        at = at.saturating_add(length);
        left_over = left_over - 1 + inner;
        read += 1;
        if matches!(Marker::from_u8(first), Marker::FixMap(_) | Marker::Map16 | Marker::Map32) {
            names += inner / 2;
        }
    }
    if at > bytes.len() { Err(cut_short()) } else { Ok(Measure { length: at, values: read - names }) }
}

/// A big-endian unsigned number of `width` bytes.
fn number(bytes: &[u8], width: usize) -> Result<u64, DecodeError> {
    let digits = bytes.get(..width).ok_or_else(cut_short)?;
    Ok(digits.iter().fold(0, |value, &digit| value << 8 | u64::from(digit)))
}

fn nothing_after(whole: &[u8], end: usize) -> Result<(), DecodeError> {
    match whole.len() - end {
        0 => Ok(()),
        left => Err(syntax(format!("{left} bytes after the value, which ends at byte {end}"))),
    }
}

fn refuse(error: &rmp_serde::decode::Error, reason: String) -> DecodeError {
    use rmp_serde::decode::Error;
    match error {
        Error::InvalidMarkerRead(_) | Error::InvalidDataRead(_) => cut_short(),
        Error::DepthLimitExceeded => too_deep(),
        _ => DecodeError::Shape { reason },
    }
}

fn cut_short() -> DecodeError {
    syntax("the value is cut short")
}

fn syntax(reason: impl Into<String>) -> DecodeError {
    DecodeError::Syntax { encoding: MsgPack::NAME, reason: reason.into() }
}
