use hallway::connection::{Inbox, Wire};
use hallway::framing::{Scan, Seen};
use hallway::limits::{FRAME_MAX, HEADER_MAX};

use crate::choices::{Choices, pieces};

/// The choices: a wire, the longest body, the sizes of pieces; the rest is a stream.
///
/// - In any pieces it says the same: the same messages and refusals in the same order, the same end.
/// - What is kept of an unfinished message is less than a frame.
/// - What is put into a frame comes out of it.
pub fn framing(data: &[u8]) {
    let mut choices = Choices::new(data);
    let max = choices.one_of(&[FRAME_MAX, 1, 2, 16, 64, 300, 5000]);
    let wire = choices.wire().with_frame_max(max);
    let sizes = choices.sizes();
    let stream = choices.rest();

    let whole = received(wire, std::iter::once(stream));
    let in_pieces = received(wire, pieces(stream, &sizes));
    assert_eq!(in_pieces, whole, "{wire} by {sizes:?}");
    if stream.len() <= SINGLE_BYTES {
        let by_bytes = received(wire, stream.chunks(1));
        assert_eq!(by_bytes, whole, "{wire} byte by byte");
    }
    framed(wire, stream);
}

/// The longest stream that is also read byte by byte: longer ones would only be slower.
const SINGLE_BYTES: usize = 512;

/// Everything that is received, in words, and where the stream then stands.
fn received<'a>(wire: Wire, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, String) {
    let (mut inbox, mut found) = (Inbox::new(wire), Vec::new());
    for piece in pieces {
        if let Err(error) = inbox.receive(piece, |received| found.push(format!("{received:?}"))) {
            return (found, error.to_string());
        }
        let held = inbox.held();
        assert!(held <= wire.frame_max() + HEADER_MAX + MARKS, "{held} bytes are kept, {wire}");
    }
    let end = if inbox.is_within_message() { "within a message" } else { "between messages" };
    (found, end.to_owned())
}

/// More than any framing has around a body and its headers, in bytes.
const MARKS: usize = 8;

/// A framing that carries any byte gives back what it was given.
fn framed(wire: Wire, body: &[u8]) {
    let framing = wire.framing();
    if !framing.is_binary() || body.is_empty() {
        return;
    }
    let mut frame = Vec::new();
    let written = framing.frame(&mut frame, |out| {
        out.extend_from_slice(body);
        Ok::<(), std::convert::Infallible>(())
    });
    assert_eq!(written, Ok(()));
    let Ok(Scan::Frame { body: found, end }) = framing.scan(&frame, &mut Seen::default(), FRAME_MAX) else {
        panic!("{framing}: a frame of its own is not found");
    };
    assert_eq!((&frame[found], end), (body, frame.len()), "{framing}");
}
