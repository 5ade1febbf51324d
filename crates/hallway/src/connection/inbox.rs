use std::ops::ControlFlow;

use super::Wire;
use crate::encoding::Raw;
use crate::framing::{FrameError, Rest, Scan, Seen};
use crate::limits::FRAME_HEAD;
use crate::protocol::{Message, ProtocolError, WireError, code};

/// Bytes in, messages out, in whatever pieces the bytes arrive.
///
/// What has been read is looked at where it lies; only an unfinished frame is kept, so a connection
/// between two messages holds no buffer. A body that is too long is read over and answered by its id.
#[derive(Debug)]
pub struct Inbox {
    wire: Wire,
    /// The beginning of a frame whose rest has not arrived.
    held: Vec<u8>,
    /// How far `held` has been searched for the frame's end.
    seen: Seen,
    skipping: Option<Skipping>,
}

/// What came out of the bytes.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Received<'a> {
    /// A message.
    Message(Message<'a, Raw<'a>>),
    /// A body that cannot be acted on; the refusal is to be sent, and the connection goes on.
    Refused(ProtocolError),
}

/// A frame that is being read over, and its first bytes, which tell whom to answer.
#[derive(Debug)]
struct Skipping {
    rest: Rest,
    head: Vec<u8>,
    size: u64,
}

/// Kept buffers up to this capacity, in bytes, are not worth giving back.
pub(super) const KEEP: usize = 1024;

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self { wire, held: Vec::new(), seen: Seen::default(), skipping: None }
    }

    /// Whether a message has begun and not ended.
    #[must_use]
    pub fn is_within_message(&self) -> bool {
        !self.held.is_empty() || self.skipping.is_some()
    }

    /// How many bytes of an unfinished message are kept.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes in what was read, and hands over each message that it completes.
    ///
    /// # Errors
    /// When the stream cannot be followed any further. Messages before that have been handed over.
    pub fn receive(&mut self, input: &[u8], mut each: impl FnMut(Received<'_>)) -> Result<(), FrameError> {
        let all = self.receive_until(input, |received| {
            each(received);
            ControlFlow::Continue(())
        });
        all.map(|_never_broken| ())
    }

    /// The same, until `each` breaks off: what is there after that message waits for the next call, which
    /// need not bring anything new.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub(crate) fn receive_until(
        &mut self,
        input: &[u8],
        mut each: impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FrameError> {
        if self.held.is_empty() {
            let (used, flow) = self.frames(input, &mut each)?;
            self.held.extend_from_slice(input.get(used..).unwrap_or_default());
            return Ok(flow);
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(input);
        let (used, flow) = self.frames(&held, &mut each)?;
        held.drain(..used);
        if !held.is_empty() || held.capacity() <= KEEP {
            self.held = held;
        }
        Ok(flow)
    }

    /// Hands over the frames at the start of `input`, and returns how far they go.
    fn frames(
        &mut self,
        input: &[u8],
        each: &mut impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Result<(usize, ControlFlow<()>), FrameError> {
        let mut at = 0;
        let mut flow = ControlFlow::Continue(());
        while flow.is_continue() {
            let rest = input.get(at..).unwrap_or_default();
            if let Some(skipping) = &mut self.skipping {
                let (used, whole) = skipping.take(rest);
                at += used;
                if !whole {
                    break;
                }
                flow = each(Received::Refused(skipping.refusal(self.wire)));
                self.skipping = None;
                continue;
            }
            if rest.is_empty() {
                break;
            }
            match self.wire.framing().scan(rest, &mut self.seen, self.wire.frame_max())? {
                Scan::More => break,
                Scan::Blank { end } => at += end,
                Scan::Frame { body, end } => {
                    flow = each(read(self.wire, rest.get(body).unwrap_or_default()));
                    at += end;
                }
                Scan::TooLong { body, rest } => {
                    self.skipping = Some(Skipping { rest, head: Vec::new(), size: 0 });
                    at += body;
                }
            }
            self.seen = Seen::default();
        }
        Ok((at, flow))
    }
}

fn read(wire: Wire, body: &[u8]) -> Received<'_> {
    match wire.protocol().decode(wire.encoding(), body) {
        Ok(message) => Received::Message(message),
        Err(refusal) => Received::Refused(refusal),
    }
}

impl Skipping {
    /// Reads over what is there: how many bytes, and whether that was all of the frame.
    fn take(&mut self, input: &[u8]) -> (usize, bool) {
        let (body, used, whole) = match &mut self.rest {
            Rest::Bytes(left) => {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= used as u64;
                (used, used, *left == 0)
            }
            Rest::Until(mark) => match memchr::memchr(*mark, input) {
                Some(end) => (end, end + 1, true),
                None => (input.len(), input.len(), false),
            },
        };
        let wanted = FRAME_HEAD.saturating_sub(self.head.len()).min(body);
        self.head.extend_from_slice(input.get(..wanted).unwrap_or_default());
        self.size += body as u64;
        (used, whole)
    }

    fn refusal(&self, wire: Wire) -> ProtocolError {
        let (size, max) = (self.size, wire.frame_max());
        let message = format!("a message of {size} bytes, where {max} is the most; it was read over");
        let error = WireError::new(code::FRAME_TOO_LONG, message)
            .with_details(&serde_json::json!({ "size": size, "max": max }));
        wire.protocol().refuse(wire.encoding(), &self.head, error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Call, Id};

    fn call(wire: Wire, id: u64, length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let call = Call::new(Some(Id::Number(id)), "a.b", Some("x".repeat(length)));
        wire.with_frame_max(usize::MAX).write(&Message::Call(call), &mut out).unwrap();
        out
    }

    /// What is received, in words, from pieces of the given size.
    fn receive(wire: Wire, input: &[u8], piece: usize) -> Vec<String> {
        let (mut inbox, mut found) = (Inbox::new(wire), Vec::new());
        for piece in input.chunks(piece) {
            let taken = inbox.receive(piece, |received| {
                found.push(match received {
                    Received::Message(Message::Call(call)) => format!("call {}", call.id.unwrap()),
                    Received::Message(other) => format!("{other:?}"),
                    Received::Refused(refusal) => format!("{} {:?}", refusal.error.code, refusal.id),
                });
            });
            taken.unwrap();
        }
        assert!(!inbox.is_within_message());
        found
    }

    #[test]
    fn a_message_that_is_too_long_is_answered_and_its_neighbours_arrive() {
        for wire in Wire::all().map(|wire| wire.with_frame_max(1000)) {
            let input = [call(wire, 1, 10), call(wire, 2, 5000), call(wire, 3, 10)].concat();
            for piece in [1, 7, 999, usize::MAX] {
                let found = receive(wire, &input, piece);
                assert_eq!(
                    found,
                    ["call 1", "frame_too_long Some(Number(2))", "call 3"],
                    "{wire} by {piece}"
                );
            }
        }
    }

    #[test]
    fn what_comes_after_a_break_waits() {
        let wire = Wire::NATIVE;
        let input = [call(wire, 1, 10), call(wire, 2, 10), call(wire, 3, 10)].concat();
        let (mut inbox, mut found) = (Inbox::new(wire), Vec::new());
        for input in [input.as_slice(), &[], &[], &[]] {
            let before = found.len();
            let flow = inbox.receive_until(input, |received| {
                let Received::Message(Message::Call(call)) = received else { panic!("{received:?}") };
                found.push(call.id);
                ControlFlow::Break(())
            });
            // The last time there is nothing left.
            assert_eq!(flow.unwrap().is_break(), found.len() > before);
        }
        assert!(!inbox.is_within_message());
        assert_eq!(found, [1, 2, 3].map(|id| Some(Id::Number(id))));
    }

    #[test]
    fn a_long_message_is_not_kept() {
        let wire = Wire::NATIVE.with_frame_max(1000);
        let mut inbox = Inbox::new(wire);
        for piece in call(wire, 1, 1_000_000).chunks(100) {
            inbox.receive(piece, |_| ()).unwrap();
            let held = inbox.held.capacity() + inbox.skipping.as_ref().map_or(0, |it| it.head.capacity());
            assert!(held <= 2 * FRAME_HEAD, "{held} bytes kept");
        }
    }

    #[test]
    fn an_announced_length_takes_no_memory() {
        let mut inbox = Inbox::new(Wire::NATIVE);
        inbox.receive(&[0, 0xff, 0xff, 0xff, b'{'], |_| ()).unwrap();
        assert!(inbox.held.capacity() < 64);
    }

    #[test]
    fn nothing_is_kept_between_messages() {
        let mut inbox = Inbox::new(Wire::NATIVE);
        let long = call(Wire::NATIVE, 1, 100_000);
        let (one, other) = long.split_at(50_000);
        inbox.receive(one, |_| ()).unwrap();
        inbox.receive(other, |_| ()).unwrap();
        assert_eq!(inbox.held.capacity(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_or_end_the_connection(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            piece in 1usize..50,
        ) {
            for wire in Wire::all() {
                let mut inbox = Inbox::new(wire);
                for piece in bytes.chunks(piece) {
                    if inbox.receive(piece, |_| ()).is_err() {
                        break;
                    }
                }
            }
        }
    }
}
