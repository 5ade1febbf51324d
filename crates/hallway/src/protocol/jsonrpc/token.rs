//! `workDoneToken`: a caller that speaks LSP names among the parameters what its progress is to be called.

use super::super::Id;
use super::id;
use crate::encoding::Raw;

/// The parameter that is the caller's, and not the method's.
const NAME: &str = "workDoneToken";

/// The token among these parameters. Most hold none, which is told without reading them.
pub(super) fn find(params: Raw<'_>) -> Option<Id> {
    memchr::memmem::find(params.bytes(), NAME.as_bytes())?;
    let mut token = None;
    let _no_object = params.encoding().members(params.bytes(), |name, value| {
        if name == NAME {
            token = id::read(value);
        }
    });
    token
}

/// Parameters without the token that the caller has put among them, see [`Call::token`](super::super::Call).
#[must_use]
pub fn without_token(params: Raw<'_>) -> Vec<u8> {
    let mut out = vec![b'{'];
    let _an_object = params.encoding().members(params.bytes(), |name, value| {
        if name == NAME {
            return;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        // A name is text: there is nothing in it that could not be written.
        let _written = params.encoding().encode(name, &mut out);
        out.push(b':');
        out.extend_from_slice(value.bytes());
    });
    out.push(b'}');
    out
}
