use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    text: String,
    number: Option<i64>,
    list: Vec<u16>,
    data: Bytes,
}

fn sample() -> Sample {
    Sample {
        text: "naïve \"quoted\"\n".into(),
        number: Some(-7),
        list: vec![1, 300],
        data: vec![0, 255, 10].into(),
    }
}

fn encoded<T: Serialize>(encoding: Encoding, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encoding.encode(value, &mut out).unwrap();
    out
}

type Found = Vec<(String, Vec<u8>)>;

fn members(encoding: Encoding, bytes: &[u8]) -> (Found, Result<(), DecodeError>) {
    let mut found = Vec::new();
    let outcome =
        encoding.members(bytes, |name, value| found.push((name.to_owned(), value.bytes().to_vec())));
    (found, outcome)
}

#[test]
fn a_value_comes_back() {
    for &encoding in Encoding::ALL {
        let bytes = encoded(encoding, &sample());
        assert_eq!(encoding.decode::<Sample>(&bytes).unwrap(), sample(), "{encoding}");
    }
}

#[test]
fn text_encodings_hold_no_line_feed() {
    for &encoding in Encoding::ALL.iter().filter(|encoding| encoding.is_text()) {
        let bytes = encoded(encoding, &sample());
        assert!(!bytes.contains(&b'\n') && std::str::from_utf8(&bytes).is_ok(), "{encoding}");
    }
}

#[test]
fn an_object_written_by_member_reads_as_a_struct() {
    for &encoding in Encoding::ALL {
        let mut out = b"before".to_vec();
        let object = ObjectWriter::new(encoding, &mut out);
        let object = object.member("text", "x").unwrap().optional("number", None::<i64>).unwrap();
        object.member("list", &[7, 8]).unwrap().member("data", &Bytes(vec![1])).unwrap().end();
        let value: Sample = encoding.decode(&out[6..]).unwrap();
        assert_eq!(value, Sample { text: "x".into(), number: None, list: vec![7, 8], data: vec![1].into() });
    }
}

#[test]
fn members_are_handed_over_raw_and_in_order() {
    for &encoding in Encoding::ALL {
        let bytes = encoded(encoding, &sample());
        let (found, outcome) = members(encoding, &bytes);
        outcome.unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["text", "number", "list", "data"]);
        assert_eq!(encoding.decode::<Vec<u16>>(&found[2].1).unwrap(), [1, 300]);
    }
}

#[test]
fn what_stands_before_a_fault_is_handed_over() {
    for &encoding in Encoding::ALL {
        let bytes = encoded(encoding, &sample());
        let (found, outcome) = members(encoding, &bytes[..bytes.len() - 2]);
        assert!(matches!(outcome, Err(DecodeError::Syntax { .. })), "{encoding}: {outcome:?}");
        assert_eq!(found.len(), 3, "{encoding}");
    }
}

#[test]
fn bytes_after_a_value_are_refused() {
    for &encoding in Encoding::ALL {
        let mut bytes = encoded(encoding, &sample());
        bytes.extend_from_slice(b"{}");
        assert!(matches!(encoding.decode::<Sample>(&bytes), Err(DecodeError::Syntax { .. })), "{encoding}");
        assert!(matches!(members(encoding, &bytes).1, Err(DecodeError::Syntax { .. })), "{encoding}");
    }
}

#[test]
fn a_wrong_shape_names_the_member() {
    for &encoding in Encoding::ALL {
        #[derive(Serialize)]
        struct Wrong {
            text: &'static str,
            list: (u8, &'static str),
        }
        let bytes = encoded(encoding, &Wrong { text: "x", list: (1, "two") });
        let error = Raw::new(encoding, &bytes).decode::<Sample>().unwrap_err();
        assert!(
            matches!(&error, DecodeError::Shape { reason } if reason.contains("list[1]")),
            "{encoding}: {error}"
        );
    }
}

#[test]
fn a_list_that_is_too_long_is_of_another_shape() {
    for &encoding in Encoding::ALL {
        let bytes = encoded(encoding, &[1, 2, 3]);
        let outcome = encoding.decode::<(u8, u8)>(&bytes);
        assert!(matches!(outcome, Err(DecodeError::Shape { .. })), "{encoding}: {outcome:?}");
    }
}

#[test]
fn deep_nesting_is_refused_and_skipping_it_needs_no_stack() {
    let deep = 1_000_000;
    let json = ["[".repeat(deep), "]".repeat(deep)].concat();
    assert!(Encoding::Json.decode::<serde_json::Value>(json.as_bytes()).is_err());
    let mut msgpack = vec![0x91; deep];
    msgpack.push(0xc0);
    assert!(Encoding::MsgPack.decode::<serde_json::Value>(&msgpack).is_err());

    let mut object = vec![0x81, 0xa1, b'x'];
    object.extend_from_slice(&msgpack);
    let (found, outcome) = members(Encoding::MsgPack, &object);
    outcome.unwrap();
    assert_eq!(found[0].1, msgpack);
}

#[test]
fn a_promised_length_is_not_believed() {
    // An array of 2^32-1 values in six bytes, as a member and alone.
    let bomb = [0x81, 0xa1, b'x', 0xdd, 0xff, 0xff, 0xff, 0xff];
    assert!(members(Encoding::MsgPack, &bomb).1.is_err());
    assert!(Encoding::MsgPack.decode::<Vec<u64>>(&bomb[3..]).is_err());
    assert!(Encoding::MsgPack.decode::<Bytes>(&bomb[3..]).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_answered_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for &encoding in Encoding::ALL {
            let _ = encoding.decode::<serde_json::Value>(&bytes);
            let _ = encoding.decode::<Sample>(&bytes);
            let _ = members(encoding, &bytes);
        }
    }

    #[test]
    fn members_agree_with_a_full_decode(value in proptest::collection::btree_map("[a-z]{0,8}", any::<(i64, String, bool)>(), 0..15)) {
        for &encoding in Encoding::ALL {
            let bytes = encoded(encoding, &value);
            let (found, outcome) = members(encoding, &bytes);
            outcome.unwrap();
            prop_assert_eq!(found.len(), value.len());
            for (name, raw) in found {
                let member: (i64, String, bool) = encoding.decode(&raw).unwrap();
                prop_assert_eq!(&member, &value[&name]);
            }
        }
    }
}
