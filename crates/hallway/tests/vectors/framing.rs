//! `framing.json`: where messages end in a stream, in whatever pieces it arrives.

use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Encoding;
use hallway::framing::Framing;
use hallway::limits::FRAME_MAX;
use hallway::protocol::{Id, Protocol, code};
use serde::Deserialize;

use super::cases::{Bytes, Case, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FramingCase {
    name: String,
    framing: String,
    #[serde(default = "real_limit")]
    max: usize,
    input: Bytes,
    frames: Vec<Frame>,
    end: End,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Frame {
    Body(Bytes),
    TooLong { size: u64, id: Option<u64> },
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// The stream stands between two messages.
    Between,
    /// A message has begun.
    Within,
    /// The stream cannot be followed any further.
    BadFrame,
}

impl Case for FramingCase {
    fn name(&self) -> &str {
        &self.name
    }
}

fn real_limit() -> usize {
    FRAME_MAX
}

#[test]
fn frames_end_where_they_should() {
    run("framing.json", |case: &FramingCase| {
        let input = case.input.get();
        // By single bytes only what is short enough for it.
        let sizes = [usize::MAX, 1, 2, 3, 7, 64, 4096];
        sizes
            .iter()
            .filter(|&&size| size >= input.len() / 10_000)
            .try_for_each(|&size| in_pieces(case, &input, size))
    });
}

fn in_pieces(case: &FramingCase, input: &[u8], size: usize) -> Result<(), String> {
    let framing = Framing::ALL.iter().find(|framing| framing.name() == case.framing);
    let framing = *framing.ok_or_else(|| format!("no framing {}", case.framing))?;
    let wire = Wire::new(framing, Encoding::Json, Protocol::Native).unwrap().with_frame_max(case.max);
    let (mut inbox, mut frames, mut wrong, mut end) = (Inbox::new(wire), case.frames.iter(), None, None);
    for piece in input.chunks(size) {
        let taken = inbox.receive(piece, |received| match frames.next() {
            Some(expected) => wrong = wrong.take().or(compare(wire, expected, &received).err()),
            None => wrong = wrong.take().or(Some(format!("one frame too many: {received:?}"))),
        });
        if taken.is_err() {
            end = Some(End::BadFrame);
            break;
        }
    }
    let end = end.unwrap_or(if inbox.is_within_message() { End::Within } else { End::Between });
    if let Some(wrong) = wrong {
        return Err(format!("in pieces of {size}: {wrong}"));
    }
    match frames.count() {
        0 if end == case.end => Ok(()),
        0 => Err(format!("in pieces of {size}: ends {end:?}, not {:?}", case.end)),
        missing => Err(format!("in pieces of {size}: {missing} frames did not come")),
    }
}

/// A frame is seen through what is made of its body: the same as of the expected body alone.
fn compare(wire: Wire, expected: &Frame, found: &Received<'_>) -> Result<(), String> {
    match (expected, found) {
        (Frame::Body(body), found) => {
            let body = body.get();
            let message = match wire.protocol().decode(wire.encoding(), &body) {
                Ok(message) => Received::Message(message),
                Err(refusal) => Received::Refused(refusal),
            };
            if message == *found { Ok(()) } else { Err(format!("expected {message:?}, found {found:?}")) }
        }
        (Frame::TooLong { size, id }, Received::Refused(refusal)) => {
            let told = serde_json::json!({ "size": size, "max": wire.frame_max() });
            let expected = (code::FRAME_TOO_LONG, id.map(Id::Number), Some(told));
            let found = (refusal.error.code.as_str(), refusal.id.clone(), refusal.error.details.clone());
            if expected == found { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
        }
        (Frame::TooLong { .. }, found) => Err(format!("expected a frame that is too long, found {found:?}")),
    }
}
