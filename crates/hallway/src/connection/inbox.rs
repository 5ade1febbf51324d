use std::ops::ControlFlow;

use super::Wire;
use super::held::Held;
use crate::encoding::Raw;
use crate::framing::{FrameError, Passed, Rest, Scan, Seen};
use crate::limits::FRAME_HEAD;
use crate::protocol::{Message, ProtocolError, WireError, code};

/// Bytes in, messages out, in whatever pieces the bytes arrive.
///
/// What has been read is looked at where it lies; only an unfinished frame is kept, so a connection
/// between two messages holds no buffer. A body that is too long is read over and answered by its id.
#[derive(Debug)]
pub struct Inbox {
    wire: Wire,
    /// The longest body that is taken.
    max: usize,
    held: Held,
    /// How far `held` has been searched for the frame's end.
    seen: Seen,
    // Seldom there, and larger than all the rest.
    skipping: Option<Box<Skipping>>,
}

/// What has been read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arrived<'a> {
    /// These bytes.
    Elsewhere(&'a [u8]),
    /// So many, in the [`space`](Inbox::space).
    InPlace(usize),
}

/// What came out of the bytes.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Received<'a> {
    /// A message.
    Message(Message<'a, Raw<'a>>),
    /// A body that cannot be acted on; the refusal is to be sent, and the connection goes on.
    Refused(ProtocolError),
    /// Several messages in one, not empty; their answers go out in one as well.
    Batch(Vec<Result<Message<'a, Raw<'a>>, ProtocolError>>),
}

/// A frame that is being read over, and its first bytes, which tell whom to answer.
#[derive(Debug)]
struct Skipping {
    rest: Rest,
    head: Vec<u8>,
    size: u64,
    /// It is not too long: there was no room for it.
    no_room: bool,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self { wire, max: wire.frame_max(), held: Held::default(), seen: Seen::default(), skipping: None }
    }

    /// Takes bodies of up to so many bytes from now on, and no more than the [`Wire`] does.
    #[cfg(feature = "tokio")]
    pub(crate) fn set_max(&mut self, bytes: usize) {
        self.max = bytes.min(self.wire.frame_max());
    }

    /// Reads over the rest of the message that has begun: there is no room for it. It is answered as `busy`. `false`: what is
    /// kept is whole messages that wait to be handed over, or less than a frame's head, and is kept still.
    pub(crate) fn let_go(&mut self) -> bool {
        let Some((mut skipping, body)) = self.unfinished(self.held.bytes()) else { return false };
        let passed = skipping.pass(self.held.bytes().get(body..).unwrap_or_default()).body;
        // There may be no memory for another head before this one is given back.
        skipping.head = std::mem::take(&mut self.held).into_part(body, passed.min(FRAME_HEAD));
        self.skip(skipping);
        true
    }

    /// How the message is read over of which these bytes are a part, and where its body begins: its own head says so, as that of one
    /// that is too long does.
    fn unfinished(&self, bytes: &[u8]) -> Option<(Skipping, usize)> {
        let scan = |max| self.wire.framing().scan(bytes, &mut Seen::default(), max).ok();
        match (scan(self.max)?, scan(0)?) {
            (Scan::Blank { end }, _) => {
                let (skipping, body) = self.unfinished(bytes.get(end..)?)?;
                Some((skipping, end + body))
            }
            (Scan::More, Scan::TooLong { body, rest }) => Some((Skipping::new(rest, true), body)),
            _ => None,
        }
    }

    fn skip(&mut self, skipping: Skipping) {
        self.seen = Seen::default();
        self.skipping = Some(Box::new(skipping));
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
        let all = self.receive_until(Arrived::Elsewhere(input), |received| {
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
        arrived: Arrived<'_>,
        mut each: impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FrameError> {
        let input = match arrived {
            Arrived::Elsewhere(input) => input,
            Arrived::InPlace(bytes) => {
                self.held.filled(bytes);
                return self.held_frames(&mut each);
            }
        };
        if !self.held.is_empty() {
            if self.held.append(input) {
                return self.held_frames(&mut each);
            }
            if !self.let_go() {
                return Err(FrameError::NoMemory);
            }
        }
        let (used, flow) = self.frames(input, &mut each)?;
        self.keep(input.get(used..).unwrap_or_default(), flow)?;
        Ok(flow)
    }

    /// Keeps what cannot be handed over yet, no more than one read brings. A message that there is no memory for is read over.
    fn keep(&mut self, rest: &[u8], flow: ControlFlow<()>) -> Result<(), FrameError> {
        if self.held.append(rest) {
            return Ok(());
        }
        // After a break, it is whole messages.
        let unfinished = if flow.is_continue() { self.unfinished(rest) } else { None };
        let (mut skipping, body) = unfinished.ok_or(FrameError::NoMemory)?;
        skipping.take(rest.get(body..).unwrap_or_default());
        self.skip(skipping);
        Ok(())
    }

    /// Where to read the next bytes to, if the message that has begun is a long one.
    pub(crate) fn space(&mut self) -> Option<&mut [u8]> {
        self.held.space()
    }

    /// How much is kept for the next long message alone, in bytes.
    #[cfg(feature = "tokio")]
    pub(crate) fn spare(&self) -> usize {
        self.held.spare()
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn let_go_of_spare(&mut self) {
        self.held.let_go_of_spare();
    }

    /// Hands over the frames at the start of what is kept.
    fn held_frames(
        &mut self,
        each: &mut impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FrameError> {
        let mut held = std::mem::take(&mut self.held);
        let (used, flow) = self.frames(held.bytes(), each)?;
        held.drain(used);
        self.held = held;
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
                flow = each(Received::Refused(skipping.refusal(self.wire, self.max)));
                self.skipping = None;
                continue;
            }
            if rest.is_empty() {
                break;
            }
            match self.wire.framing().scan(rest, &mut self.seen, self.max)? {
                Scan::More => break,
                Scan::Blank { end } => at += end,
                Scan::Frame { body, end } => {
                    flow = each(read(self.wire, rest.get(body).unwrap_or_default()));
                    at += end;
                }
                Scan::TooLong { body, rest } => {
                    self.skipping = Some(Box::new(Skipping::new(rest, false)));
                    at += body;
                }
            }
            self.seen = Seen::default();
        }
        Ok((at, flow))
    }
}

fn read(wire: Wire, body: &[u8]) -> Received<'_> {
    let decode = |body| wire.protocol().decode(wire.encoding(), body);
    match wire.protocol().batch(wire.encoding(), body) {
        None => match decode(body) {
            Ok(message) => Received::Message(message),
            Err(refusal) => Received::Refused(refusal),
        },
        Some(Ok(bodies)) => Received::Batch(bodies.into_iter().map(decode).collect()),
        Some(Err(refusal)) => Received::Refused(refusal),
    }
}

impl Skipping {
    fn new(rest: Rest, no_room: bool) -> Self {
        Self { rest, head: Vec::new(), size: 0, no_room }
    }

    /// Reads over what is there: how many bytes, and whether that was all of the frame.
    fn take(&mut self, input: &[u8]) -> (usize, bool) {
        let Passed { body, end, whole } = self.pass(input);
        let wanted = FRAME_HEAD.saturating_sub(self.head.len()).min(body);
        self.head.extend_from_slice(input.get(..wanted).unwrap_or_default());
        (end, whole)
    }

    fn pass(&mut self, input: &[u8]) -> Passed {
        let passed = self.rest.pass(input);
        self.size += passed.body as u64;
        passed
    }

    fn refusal(&self, wire: Wire, max: usize) -> ProtocolError {
        let size = self.size;
        if self.no_room {
            let message =
                format!("no room for a message of {size} bytes now; it was read over; try again later");
            let error = WireError::new(code::BUSY, message).retryable(true);
            return wire.protocol().refuse(wire.encoding(), &self.head, error);
        }
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
    use crate::encoding::Encoding;
    use crate::framing::Framing;
    use crate::protocol::{Call, Id, Protocol};

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
                    Received::Batch(messages) => format!("list of {}", messages.len()),
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

    /// Some clients end no line, and wait for the answer.
    #[test]
    fn a_message_that_is_too_long_ends_where_it_does_and_not_with_its_line() {
        let wire = Wire::new(Framing::Lines, Encoding::Json, Protocol::Native).unwrap().with_frame_max(1000);
        let mut input = [call(wire, 1, 10), call(wire, 2, 5000), call(wire, 3, 10)].concat();
        input.retain(|byte| *byte != b'\n');
        for piece in [1, 7, 999, usize::MAX] {
            let found = receive(wire, &input, piece);
            assert_eq!(found, ["call 1", "frame_too_long Some(Number(2))", "call 3"], "by {piece}");
        }
    }

    #[test]
    fn lists_arrive_however_they_are_cut() {
        let list = r#"[{"jsonrpc":"2.0","id":1,"method":"a"},1,[]]"#;
        for framing in Framing::ALL {
            let wire = Wire::new(*framing, Encoding::Json, Protocol::JsonRpc).unwrap();
            let mut one = Vec::new();
            let framed = framing.frame(&mut one, |out| {
                out.extend_from_slice(list.as_bytes());
                Ok::<(), std::convert::Infallible>(())
            });
            framed.unwrap();
            let input = [one.clone(), call(wire, 1, 10), one].concat();
            for piece in [1, 2, 7, usize::MAX] {
                let found = receive(wire, &input, piece);
                assert_eq!(found, ["list of 3", "call 1", "list of 3"], "{wire} by {piece}");
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
            let flow = inbox.receive_until(Arrived::Elsewhere(input), |received| {
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
    fn messages_that_wait_for_their_turn_are_not_let_go_of() {
        for wire in Wire::all() {
            let mut inbox = Inbox::new(wire);
            let [mut calls, mut long] =
                [[call(wire, 1, 10), call(wire, 2, 10)].concat(), call(wire, 3, 10_000)];
            // Objects need no line feed between them, nor behind them.
            for bytes in [&mut calls, &mut long] {
                bytes.retain(|byte| wire.framing() != Framing::Lines || *byte != b'\n');
            }
            let (begin, end) = long.split_at(5_000);
            let mut ids = Vec::new();
            let mut hand_over = |inbox: &mut Inbox, input: &[u8]| {
                let flow = inbox.receive_until(Arrived::Elsewhere(input), |received| {
                    match received {
                        Received::Message(Message::Call(call)) => ids.push((call.id, "")),
                        Received::Refused(refusal) => ids.push((refusal.id, code::BUSY)),
                        other => panic!("{other:?}"),
                    }
                    ControlFlow::Break(())
                });
                flow.unwrap()
            };
            assert!(hand_over(&mut inbox, &[&calls, begin].concat()).is_break());
            assert!(!inbox.let_go(), "{wire}: the second has come and waits");
            assert!(hand_over(&mut inbox, &[]).is_break());
            assert!(inbox.let_go(), "{wire}: the third has only begun");
            assert!(hand_over(&mut inbox, end).is_break() && !inbox.is_within_message());
            let id = |id| Some(Id::Number(id));
            assert_eq!(ids, [(id(1), ""), (id(2), ""), (id(3), code::BUSY)], "{wire}");
        }
    }

    #[test]
    fn a_long_message_is_not_kept() {
        let wire = Wire::NATIVE.with_frame_max(1000);
        let mut inbox = Inbox::new(wire);
        for piece in call(wire, 1, 1_000_000).chunks(100) {
            inbox.receive(piece, |_| ()).unwrap();
            let held = inbox.held.len()
                + inbox.held.spare()
                + inbox.skipping.as_ref().map_or(0, |it| it.head.capacity());
            assert!(held <= 2 * FRAME_HEAD, "{held} bytes kept");
        }
    }

    #[test]
    fn an_announced_length_takes_no_memory() {
        let mut inbox = Inbox::new(Wire::NATIVE);
        inbox.receive(&[0, 0xff, 0xff, 0xff, b'{'], |_| ()).unwrap();
        assert_eq!((inbox.held.len(), inbox.held.spare()), (5, 0));
    }

    /// Everything that is received, in words.
    fn all_of(wire: Wire, input: &[u8], piece: usize) -> Vec<String> {
        let (mut inbox, mut found) = (Inbox::new(wire), Vec::new());
        for piece in input.chunks(piece) {
            if let Err(error) = inbox.receive(piece, |received| found.push(format!("{received:?}"))) {
                found.push(error.to_string());
                break;
            }
        }
        found
    }

    proptest! {
        #[test]
        fn any_split_of_lines_says_the_same(
            input in r#"(\{"(type|v|id)":("(list_peers|a\.b|error|cancel)"|1|null)(,"(request_id|payload|call)":("[a-z}{\n]{0,3}"|\{\}|\[|7))?\}?[ \r\n]?){0,6}"#,
            piece in 1usize..9,
        ) {
            for wire in Wire::all().filter(|wire| wire.framing() == crate::framing::Framing::Lines) {
                let whole = all_of(wire, input.as_bytes(), usize::MAX);
                prop_assert_eq!(all_of(wire, input.as_bytes(), piece), whole, "{}", wire);
            }
        }

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
