use proptest::prelude::*;

use super::*;

fn whole(input: &[u8]) -> Recognition {
    recognise(input)
}

/// The first answer, if the input comes in pieces of this size.
fn in_pieces(input: &[u8], size: usize) -> Recognition {
    let ends = (size..input.len() + size).step_by(size).map(|end| end.min(input.len()));
    ends.map(|end| recognise(&input[..end]))
        .find(|recognition| *recognition != Recognition::NeedMore)
        .unwrap_or(Recognition::NeedMore)
}

#[test]
fn our_own_clients_are_known_by_their_first_bytes() {
    for wire in Wire::all() {
        let mut out = Vec::new();
        let hello = crate::protocol::Hello::new("x");
        wire.write::<()>(&crate::protocol::Message::Hello(hello), &mut out).unwrap();
        assert_eq!(in_pieces(&out, 1), Recognition::Wire(wire), "{wire}");
        let needed = (1..).find(|&count| recognise(&out[..count]) != Recognition::NeedMore);
        assert!(needed < Some(64), "{wire}: {needed:?} bytes");
    }
}

#[test]
fn a_choice_is_made_within_the_limit() {
    let headers = [b"Content-Length: 9000\r\nX: ".as_slice(), &[b'x'; 4000]].concat();
    let long = format!("{{\"id\":1,\"params\":\"{}", "x".repeat(RECOGNISE_MAX));
    for (input, expected) in [
        (vec![b' '; RECOGNISE_MAX], NOISE),
        (long.clone().into_bytes(), speaks(Framing::Lines, Encoding::Json, Protocol::Native)),
        ([b"\0\xff\xff\xff", long.as_bytes()].concat(), Recognition::Wire(Wire::NATIVE)),
        (
            [&headers, b"\r\n\r\n".as_slice(), long.as_bytes()].concat(),
            speaks(Framing::ContentLength, Encoding::Json, Protocol::Native),
        ),
        (
            [&headers, &[b'x'; RECOGNISE_MAX][..]].concat(),
            speaks(Framing::ContentLength, Encoding::Json, Protocol::Native),
        ),
        ([b"GET /".as_slice(), &[b'x'; RECOGNISE_MAX]].concat(), Recognition::Refused(Refusal::Http)),
        (vec![b'x'; RECOGNISE_MAX], NOISE),
    ] {
        let shown = String::from_utf8_lossy(&input[..20]).into_owned();
        assert_eq!(whole(&input[..RECOGNISE_MAX]), expected, "{shown}");
        for size in [1, 7, 4096] {
            assert_eq!(in_pieces(&input, size), expected, "{shown} by {size}");
        }
    }
}

#[test]
fn every_refusal_is_readable() {
    for refusal in [Refusal::Http, Refusal::Tls, Refusal::Ssh, Refusal::Noise] {
        let mut reply = Vec::new();
        refusal.reply(&mut reply);
        let reply = String::from_utf8(reply).unwrap();
        let words = refusal.sentence().replace('"', "\\\"");
        assert!(reply.contains(&words) || reply.contains(refusal.sentence()), "{reply}");
        assert!(reply.ends_with('\n') && !refusal.sentence().contains('\n'));
    }
}

proptest! {
    #[test]
    fn any_split_tells_the_same(
        input in r#"[ \n]{0,2}(\x00\x00\x00[\x00-\x09])?(GET /|Content-Length: [0-9]{1,2}\r\n(\r\n)?|SSH-|\x16\x03)?([{}\[\]":,\\]|"jsonrpc"|"type"|"v"|"id"|[a ])*"#,
        sizes in proptest::collection::vec(1usize..10, 1..5),
    ) {
        let expected = whole(input.as_bytes());
        for size in sizes {
            prop_assert_eq!(in_pieces(input.as_bytes(), size), expected);
        }
    }

    #[test]
    fn any_bytes_tell_the_same(input in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(in_pieces(&input, 1), whole(&input));
    }
}
