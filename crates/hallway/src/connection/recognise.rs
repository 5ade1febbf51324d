//! What a peer speaks, from the first bytes that it sends.

use super::names::{Name, Names};
use super::{Refusal, Wire};
use crate::encoding::Encoding;
use crate::framing::{Framing, Scan, Seen};
use crate::limits::{FRAME_MAX, RECOGNISE_MAX};
use crate::protocol::Protocol;

/// What the first bytes of a connection tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recognition {
    /// Nothing yet.
    NeedMore,
    /// What the peer speaks, and wants to hear.
    Wire(Wire),
    /// It is nothing that is spoken here.
    Refused(Refusal),
}

/// Tells what a peer speaks. `input` is everything that it has sent so far, in whatever pieces; once there
/// is an answer, no more input changes it. Not more than [`RECOGNISE_MAX`] bytes are looked at, and nothing
/// is allocated.
#[must_use]
pub fn recognise(input: &[u8]) -> Recognition {
    let head = input.get(..RECOGNISE_MAX);
    match (look(head.unwrap_or(input)), head) {
        (Look::SoFar(_), Some(_)) if crate::chaos::without("recognise-max") => Recognition::NeedMore,
        (Look::Certain(recognition), _) | (Look::SoFar(recognition), Some(_)) => recognition,
        (Look::SoFar(_), None) => Recognition::NeedMore,
    }
}

/// What some bytes tell, if no more are looked at.
enum Look {
    /// Whatever comes next.
    Certain(Recognition),
    /// As long as nothing comes that tells otherwise.
    SoFar(Recognition),
}

const NOISE: Recognition = Recognition::Refused(Refusal::Noise);

fn look(head: &[u8]) -> Look {
    let blank = head.iter().take_while(|byte| BLANK.contains(byte)).count();
    let rest = head.get(blank..).unwrap_or_default();
    match rest.first() {
        None => Look::SoFar(NOISE),
        // No length that a message may have begins with another byte.
        Some(0) if blank == 0 => framed(Framing::Length, head, (head.len() >= PREFIX).then_some(PREFIX)),
        Some(b'{' | b'[') => line(rest),
        Some(&TLS_HANDSHAKE) => match rest.get(1) {
            None => Look::SoFar(NOISE),
            Some(&TLS_MAJOR) => refused(Refusal::Tls),
            Some(_) => Look::Certain(NOISE),
        },
        Some(_) => words(rest),
    }
}

/// A first message that stands in a line.
fn line(input: &[u8]) -> Look {
    match Framing::Lines.scan(input, &mut Seen::default(), FRAME_MAX) {
        Ok(Scan::Frame { body, .. }) => message(Framing::Lines, input.get(body), true),
        _ => message(Framing::Lines, Some(input), false),
    }
}

/// A first message whose length comes before it; its body begins at `start`.
fn framed(framing: Framing, input: &[u8], start: Option<usize>) -> Look {
    match framing.scan(input, &mut Seen::default(), FRAME_MAX) {
        Ok(Scan::Frame { body, .. }) => message(framing, input.get(body), true),
        Ok(_) => message(framing, start.and_then(|start| input.get(start..)), false),
        // A framing that is broken is told so in its own way.
        Err(_) => Look::Certain(speaks(framing, Encoding::Json, Protocol::Native)),
    }
}

/// The first message, or what there is of it.
fn message(framing: Framing, body: Option<&[u8]>, whole: bool) -> Look {
    let body = body.unwrap_or_default().trim_ascii_start();
    let (protocol, certain) = match body.first() {
        Some(0x80..=0x8f | 0xde | 0xdf) if framing.is_binary() => {
            return Look::Certain(speaks(framing, Encoding::MsgPack, Protocol::Native));
        }
        Some(b'{' | b'[') => {
            let mut names = Names::new(body);
            loop {
                match names.next() {
                    Name::Member(name) => {
                        if let Some(protocol) = Protocol::told_by(name) {
                            break (protocol, true);
                        }
                    }
                    Name::Over => break (Protocol::Native, true),
                    Name::Cut => break (Protocol::Native, whole),
                }
            }
        }
        // No message in any dialect: the native one says so.
        Some(_) => (Protocol::Native, true),
        None => (Protocol::Native, whole),
    };
    let recognition = speaks(framing, Encoding::Json, protocol);
    if certain { Look::Certain(recognition) } else { Look::SoFar(recognition) }
}

/// What begins with a word: a header, an HTTP request, somebody's greeting.
fn words(input: &[u8]) -> Look {
    let length = input.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'-').count();
    let (word, after) = input.split_at_checked(length).unwrap_or_default();
    if word.starts_with(b"SSH-") {
        return refused(Refusal::Ssh);
    }
    if word.is_empty() || word.len() > WORD_MAX {
        return Look::Certain(NOISE);
    }
    match after.iter().find(|byte| !matches!(byte, b' ' | b'\t')) {
        None => Look::SoFar(NOISE),
        Some(b':') => {
            let end = memchr::memmem::find(input, HEADERS_END);
            framed(Framing::ContentLength, input, end.map(|end| end + HEADERS_END.len()))
        }
        Some(_) if !METHODS.contains(&word) || after.first() != Some(&b' ') => Look::Certain(NOISE),
        // A client that is answered in the middle of its request may not listen.
        Some(_) if memchr::memchr(b'\n', after).is_none() => Look::SoFar(Recognition::Refused(Refusal::Http)),
        Some(_) => refused(Refusal::Http),
    }
}

fn refused(refusal: Refusal) -> Look {
    Look::Certain(Recognition::Refused(refusal))
}

fn speaks(framing: Framing, encoding: Encoding, protocol: Protocol) -> Recognition {
    // Only what fits is ever put together here.
    Wire::new(framing, encoding, protocol).map_or(NOISE, Recognition::Wire)
}

/// What may stand before a message in a line.
const BLANK: &[u8] = b" \t\r\n";
/// The bytes of a length.
const PREFIX: usize = size_of::<u32>();
const HEADERS_END: &[u8] = b"\r\n\r\n";
/// Longer than the name of any header or method, in bytes.
const WORD_MAX: usize = 64;
/// A TLS record that holds a handshake, and the first byte of its version, whichever that is.
const TLS_HANDSHAKE: u8 = 0x16;
const TLS_MAJOR: u8 = 0x03;
/// The methods of HTTP/1.1, and what HTTP/2 begins with.
const METHODS: &[&[u8]] =
    &[b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI"];

#[cfg(test)]
mod tests;
