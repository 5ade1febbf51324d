use proptest::prelude::*;

use super::*;
use crate::limits::{FRAME_SKIP_MAX, HEADER_MAX};

const MAX: usize = 1000;

fn framed(framing: Framing, bodies: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for body in bodies {
        framing
            .frame(&mut out, |out| -> Result<(), ()> {
                out.extend_from_slice(body);
                Ok(())
            })
            .unwrap();
    }
    out
}

/// Reads every frame from pieces of the given sizes, as a connection would.
fn unframed(framing: Framing, input: &[u8], pieces: &[usize]) -> Result<Vec<Vec<u8>>, FrameError> {
    let (mut found, mut held, mut seen) = (Vec::new(), Vec::new(), Seen::default());
    let mut sizes = pieces.iter().copied().cycle();
    let mut rest = input;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        held.extend_from_slice(piece);
        rest = after;
        loop {
            let end = match framing.scan(&held, &mut seen, MAX)? {
                Scan::Frame { body, end } => {
                    found.push(held[body].to_vec());
                    end
                }
                Scan::Blank { end } => end,
                Scan::More | Scan::TooLong { .. } => break,
            };
            held.drain(..end);
            seen = Seen::default();
        }
    }
    Ok(found)
}

#[test]
fn frames_on_the_wire() {
    assert_eq!(framed(Framing::Length, &[b"{}", b"[1]"]), b"\0\0\0\x02{}\0\0\0\x03[1]");
    assert_eq!(framed(Framing::Lines, &[b"{}", b"[1]"]), b"{}\n[1]\n");
    assert_eq!(framed(Framing::ContentLength, &[b"{}"]), b"Content-Length: 2\r\n\r\n{}");
}

#[test]
fn a_body_that_cannot_be_written_leaves_nothing() {
    for &framing in Framing::ALL {
        let mut out = b"kept".to_vec();
        let outcome = framing.frame(&mut out, |out| {
            out.extend_from_slice(b"half");
            Err("no")
        });
        assert_eq!((outcome, out.as_slice()), (Err("no"), &b"kept"[..]), "{framing}");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            framing.frame(&mut out, |_| -> Result<(), ()> { panic!("a value's own code") })
        }));
        assert_eq!((panicked.is_err(), out.as_slice()), (true, &b"kept"[..]), "{framing}");
    }
}

#[test]
fn the_limit_itself_is_allowed() {
    for &framing in Framing::ALL {
        let body = vec![b'x'; MAX];
        assert_eq!(unframed(framing, &framed(framing, &[&body]), &[7]).unwrap(), [body], "{framing}");
    }
}

#[test]
fn a_frame_over_the_limit_says_how_to_read_over_it() {
    let body = vec![b'x'; MAX + 1];
    for (&framing, start, rest) in [
        (&Framing::Length, 4, Rest(Left::Bytes(1001))),
        (&Framing::Lines, 0, Rest(Left::Line(Walk::default()))),
        (&Framing::ContentLength, 24, Rest(Left::Bytes(1001))),
    ] {
        let found = framing.scan(&framed(framing, &[&body]), &mut Seen::default(), MAX);
        assert_eq!(found, Ok(Scan::TooLong { body: start, rest }), "{framing}");
    }
    let unfinished = Framing::Lines.scan(&body, &mut Seen::default(), MAX);
    assert_eq!(unfinished, Ok(Scan::TooLong { body: 0, rest: Rest(Left::Line(Walk::default())) }));
}

#[test]
fn lengths_that_end_the_connection() {
    let scan = |framing: Framing, input: &[u8]| framing.scan(input, &mut Seen::default(), MAX);
    assert_eq!(scan(Framing::Length, &[0; 4]), Err(FrameError::Empty));
    let size = u64::from(u32::MAX);
    assert_eq!(scan(Framing::Length, &[0xff; 4]), Err(FrameError::Implausible { size }));
    let skippable = u32::try_from(FRAME_SKIP_MAX).unwrap();
    assert!(matches!(scan(Framing::Length, &skippable.to_be_bytes()), Ok(Scan::TooLong { .. })));
    assert!(scan(Framing::Length, &(skippable + 1).to_be_bytes()).is_err());

    for (header, reason) in [
        ("Content-Length: 0", None),
        ("Content-Length: +2", Some("not a number")),
        ("Content-Length: -2", Some("not a number")),
        ("Content-Length: 99999999999999999999", Some("not a number")),
        ("Content-Length:", Some("not a number")),
        ("Content-Length: 2\r\nContent-Length: 2", Some("twice")),
        ("Content-Type: x", Some("missing")),
        ("nonsense", Some("colon")),
        ("\u{7f}\u{80}", Some("colon")),
    ] {
        let error = scan(Framing::ContentLength, format!("{header}\r\n\r\n{{}}").as_bytes()).unwrap_err();
        let text = error.to_string();
        assert!(reason.is_none_or(|reason| text.contains(reason)), "{header:?}: {text}");
    }
    assert_eq!(scan(Framing::ContentLength, &[b'a'; HEADER_MAX + 4]), Err(FrameError::HeaderTooLong));
}

#[test]
fn headers_as_editors_write_them() {
    for header in
        ["content-length: 2", "CONTENT-LENGTH:2", "Content-Type: application/json\r\nContent-Length: 2"]
    {
        let input = format!("{header}\r\n\r\n{{}}");
        assert_eq!(unframed(Framing::ContentLength, input.as_bytes(), &[1]).unwrap(), [b"{}"], "{header}");
    }
}

#[test]
fn a_person_may_type_lines() {
    let found = unframed(Framing::Lines, b"\n\r\n  {\"a\": 1}\r\n\n[2]\n{unfinished", &[3]).unwrap();
    assert_eq!(found, [&b"{\"a\": 1}"[..], b"[2]"]);
}

proptest! {
    #[test]
    fn any_split_reads_the_same(
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..60), 1..8),
        pieces in proptest::collection::vec(1usize..40, 1..8),
    ) {
        for &framing in Framing::ALL {
            let bodies: Vec<Vec<u8>> = bodies.iter().map(|body| fitting(framing, body)).collect();
            let slices: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
            let wire = framed(framing, &slices);
            prop_assert_eq!(&unframed(framing, &wire, &pieces).unwrap(), &bodies, "{}", framing);
            prop_assert_eq!(&unframed(framing, &wire, &[1]).unwrap(), &bodies, "{}", framing);
        }
    }

    #[test]
    fn any_bytes_read_the_same_in_any_split(
        input in proptest::collection::vec(any::<u8>(), 0..300),
        pieces in proptest::collection::vec(1usize..40, 1..8),
    ) {
        for &framing in Framing::ALL {
            let whole = unframed(framing, &input, &[usize::MAX]);
            let split = unframed(framing, &input, &pieces);
            if let (Ok(whole), Ok(split)) = (whole, split) {
                prop_assert_eq!(whole, split, "{}", framing);
            }
        }
    }
}

proptest! {
    #[test]
    fn values_read_the_same_in_any_split(
        input in r#"([{}\[\]"\\a \n\r]|\{"a":\[1\]\})*"#,
        pieces in proptest::collection::vec(1usize..10, 1..8),
    ) {
        let whole = unframed(Framing::Lines, input.as_bytes(), &[usize::MAX]).unwrap();
        let split = unframed(Framing::Lines, input.as_bytes(), &pieces).unwrap();
        prop_assert_eq!(whole, split);
    }
}

/// A body that the framing can carry: lines hold text.
fn fitting(framing: Framing, body: &[u8]) -> Vec<u8> {
    if framing.is_binary() { body.to_vec() } else { body.iter().map(|byte| b'a' + byte % 26).collect() }
}

#[test]
fn blank_lines_are_not_kept() {
    assert_eq!(Framing::Lines.scan(b" \r\n\t\n", &mut Seen::default(), MAX), Ok(Scan::Blank { end: 5 }));
}
