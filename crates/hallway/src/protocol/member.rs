//! How the members of a message are read, in every dialect.

use std::borrow::Cow;

use serde::Deserialize;

use crate::encoding::{DecodeError, Raw};

/// A member's value, or what is wrong with it.
pub(super) fn read<'a, T: Deserialize<'a>>(name: &str, raw: Raw<'a>) -> Result<T, String> {
    raw.decode().map_err(|error: DecodeError| format!("`{name}`: {error}"))
}

/// A member that may be absent; `null` is the same as absent.
pub(super) fn optional<'a, T: Deserialize<'a>>(
    name: &str,
    raw: Option<Raw<'a>>,
) -> Result<Option<T>, String> {
    raw.map_or(Ok(None), |raw| read(name, raw))
}

/// Text borrowed from the message where it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);
