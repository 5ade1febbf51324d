//! A body that is a list of messages.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::{Id, ProtocolError};
use super::unreadable;
use crate::encoding::{DecodeError, Encoding};
use crate::limits::CALLS_OPEN_MAX;

/// The most messages of one list: as many as there may be calls. A list of more is refused as a whole, so
/// that what it takes is bounded before anything of it runs.
const MEMBERS_MAX: usize = CALLS_OPEN_MAX;

/// The messages of a list, not read yet. `None`: it is no list.
pub(super) fn split(encoding: Encoding, body: &[u8]) -> Option<Result<Vec<&[u8]>, ProtocolError>> {
    if body.trim_ascii_start().first() != Some(&b'[') {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader.deserialize_seq(Members).and_then(|members| reader.end().map(|()| members));
    Some(match members {
        Ok((_, 0)) => Err(refused("a list of no messages".to_owned())),
        Ok((members, count)) if count == members.len() => Ok(members),
        Ok((_, count)) => {
            let message =
                format!("a list of {count} messages, where {MEMBERS_MAX} are the most: send several");
            Err(refused(message))
        }
        Err(error) => {
            let error = DecodeError::Syntax { encoding: encoding.name(), reason: error.to_string() };
            Err(unreadable(encoding, body, &error))
        }
    })
}

fn refused(message: String) -> ProtocolError {
    ProtocolError::bad_message(Some(Id::null()), message)
}

/// The first members of a list, and how many there are.
struct Members;

impl<'a> Visitor<'a> for Members {
    type Value = (Vec<&'a [u8]>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while members.len() < MEMBERS_MAX {
            let Some(member) = list.next_element::<&'a RawValue>()? else { break };
            members.push(member.get().as_bytes());
        }
        let mut count = members.len();
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok((members, count))
    }
}
