use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::Id;
use super::super::member::Text;
use crate::encoding::Raw;

/// Reads an id: text, a number of any kind, or `null`. `None`: it is nothing of these, or longer than
/// [`Id::TEXT_MAX`].
pub(super) fn read(raw: Raw<'_>) -> Option<Id> {
    let id = match raw.bytes().first()? {
        b'"' => Id::Text(raw.decode::<Text<'_>>().ok()?.0.into()),
        b'-' | b'0'..=b'9' | b'n' => literal(std::str::from_utf8(raw.bytes()).ok()?),
        _ => return None,
    };
    let length = match &id {
        Id::Number(_) | Id::Unnamed(_) | Id::Event(_) => 0,
        Id::Text(text) | Id::Literal(text) => text.len(),
    };
    (length <= Id::TEXT_MAX).then_some(id)
}

fn literal(text: &str) -> Id {
    match text.parse() {
        Ok(number @ 1..=Id::NUMBER_MAX) => Id::Number(number),
        _ => Id::Literal(text.into()),
    }
}

/// An id as this dialect writes it: as it came.
pub(super) struct Echo<'a>(pub(super) Option<&'a Id>);

impl Serialize for Echo<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // The last two are another dialect's.
            None | Some(Id::Unnamed(_) | Id::Event(_)) => writer.serialize_none(),
            Some(Id::Number(number)) => writer.serialize_u64(*number),
            Some(Id::Text(text)) => writer.serialize_str(text),
            Some(Id::Literal(literal)) => {
                let literal: &RawValue = serde_json::from_str(literal).map_err(serde::ser::Error::custom)?;
                literal.serialize(writer)
            }
        }
    }
}
