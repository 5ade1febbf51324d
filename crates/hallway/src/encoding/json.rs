//! JSON (RFC 8259), on `serde_json`; the walk over an object's members is ours where it is written as usual.

pub(super) mod cursor;
mod scan;
mod writer;

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::Serialize;
use serde_json::value::RawValue;

use super::{DecodeError, EncodeError, Rules, too_deep};
use crate::limits::DEPTH_MAX;

pub(super) struct Json;

impl Rules for Json {
    const NAME: &'static str = "json";
    const TEXT: bool = true;
    const NULL: &'static [u8] = b"null";

    fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        writer::write(value, out)
            .map_err(|error| EncodeError { encoding: Self::NAME, reason: error.to_string() })
    }

    fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
        check_depth(bytes)?;
        // Text is looked through once, instead of each text in it.
        let decoded = match std::str::from_utf8(bytes) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(bytes),
        };
        decoded.map_err(|error| refuse(bytes, &error, error.to_string()))
    }

    fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
        check_depth(bytes)?;
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let value = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| refuse(bytes, error.inner(), error.to_string()))?;
        reader.end().map_err(|error| refuse(bytes, &error, error.to_string()))?;
        Ok(value)
    }

    fn members<'a>(bytes: &'a [u8], each: &mut dyn FnMut(&str, &'a [u8])) -> Result<(), DecodeError> {
        if let Some(members) = scan::Members::find(bytes) {
            members.iter().for_each(|(name, value)| each(name, value));
            return Ok(());
        }
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        reader
            .deserialize_map(Members { each, whole: bytes })
            .map_err(|error| refuse(bytes, &error, error.to_string()))?;
        reader.end().map_err(|error| refuse(bytes, &error, error.to_string()))
    }

    fn has_more_values(bytes: &[u8], max: usize) -> bool {
        // Each value but the last has a comma or a bracket beside it.
        bytes.len() / 2 >= max && values(bytes).take(max + 1).count() > max
    }

    fn begin_object(out: &mut Vec<u8>) {
        out.push(b'{');
    }

    fn key(out: &mut Vec<u8>, index: usize, name: &str) {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    }

    fn end_object(out: &mut Vec<u8>, _start: usize, _members: usize) {
        out.push(b'}');
    }
}

fn refuse(bytes: &[u8], error: &serde_json::Error, reason: String) -> DecodeError {
    // Valid JSON that a reader leaves in the middle, a list that is too long for one, is of another shape.
    let is_valid = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    if error.is_data() || is_valid() {
        DecodeError::Shape { reason }
    } else {
        DecodeError::Syntax { encoding: Json::NAME, reason }
    }
}

/// Refuses what nests too deep. `serde_json` would take twice as much; and it calls itself, so that what it takes has to
/// be known before.
fn check_depth(bytes: &[u8]) -> Result<(), DecodeError> {
    let (mut depth, mut deepest) = (0_usize, 0);
    if bytes.len() > 2 * DEPTH_MAX && bytes.iter().filter(|&&byte| byte | 0x20 == b'{').count() > DEPTH_MAX {
        for (mark, _) in (Marks { bytes, at: 0 }) {
            match mark {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => (),
            }
            deepest = deepest.max(depth);
            if deepest > DEPTH_MAX {
                return Err(too_deep());
            }
        }
    }
    Ok(())
}

/// As many units as there are values: the whole, and what stands first in a list or an object, or behind a comma.
fn values(bytes: &[u8]) -> impl Iterator<Item = ()> {
    let inner = Marks { bytes, at: 0 }.filter(move |&(mark, end)| match mark {
        b',' => true,
        b'[' | b'{' => {
            let mut after = bytes.iter().skip(end);
            !matches!(after.find(|byte| !byte.is_ascii_whitespace()), Some(b']' | b'}') | None)
        }
        _ => false,
    });
    std::iter::once(()).chain(inner.map(|_| ()))
}

/// The brackets and commas of a value, but those in its texts, each with the place behind it.
struct Marks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Marks<'_> {
    type Item = (u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => self.pass_text(),
                b'[' | b'{' | b']' | b'}' | b',' => return Some((byte, self.at)),
                _ => (),
            }
        }
    }
}

impl Marks<'_> {
    /// Goes behind the text that has begun.
    fn pass_text(&mut self) {
        while let Some(found) = memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..).unwrap_or_default()) {
            self.at += found + 1;
            if self.bytes.get(self.at - 1) == Some(&b'"') {
                return;
            }
            // And what is escaped.
            self.at += 1;
        }
        self.at = self.bytes.len();
    }
}

/// Walks an object and hands over each member's value as it stands in the input.
struct Members<'f, 'a> {
    each: &'f mut dyn FnMut(&str, &'a [u8]),
    whole: &'a [u8],
}

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Key(name)) = map.next_key()? {
            let value = map.next_value::<&'a RawValue>()?.get().as_bytes();
            // A number at the very end may have been cut short: the object goes on behind its values.
            let goes_on = value.as_ptr_range().end < self.whole.as_ptr_range().end;
            if goes_on || crate::chaos::without("cut-numbers") {
                (self.each)(&name, value);
            }
        }
        Ok(())
    }
}

/// A member's name, borrowed unless it holds escapes (serde's own `Cow` is always owned).
struct Key<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Key<'a> {
    fn deserialize<D: serde::Deserializer<'a>>(reader: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'a> Visitor<'a> for Name {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, name: &'a str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        reader.deserialize_str(Name)
    }
}
