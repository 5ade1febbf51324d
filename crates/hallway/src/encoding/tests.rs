use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::limits::NODES_MAX;

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
fn f23_the_deepest_value_is_read_on_a_small_stack() {
    let nested = |encoding, levels: usize| match encoding {
        Encoding::Json => ["[".repeat(levels), "]".repeat(levels)].concat().into_bytes(),
        _ => [vec![0x91; levels - 1], vec![0x90]].concat(),
    };
    for &encoding in Encoding::ALL {
        let read = move || {
            for (levels, fits) in [(DEPTH_MAX, true), (DEPTH_MAX + 1, false), (1_000_000, false)] {
                let decoded = Raw::new(encoding, &nested(encoding, levels)).decode::<serde_json::Value>();
                assert_eq!(decoded.is_ok(), fits, "{encoding}: {levels}");
            }
        };
        std::thread::Builder::new().stack_size(256 * 1024).spawn(read).unwrap().join().unwrap();
    }
}

#[test]
fn f24_too_many_values_are_refused_unread() {
    for &encoding in Encoding::ALL {
        let most = encoded(encoding, &vec![0; NODES_MAX - 1]);
        assert_eq!(Raw::new(encoding, &most).decode::<Vec<u8>>().unwrap().len(), NODES_MAX - 1);
        let more = encoded(encoding, &vec![0; NODES_MAX]);
        let refused = Raw::new(encoding, &more).decode::<Vec<u8>>().unwrap_err();
        assert!(refused.to_string().contains("more than 100000 values"), "{refused}");
        assert!(Raw::new(encoding, &more).decode_of::<Vec<u8>>(NODES_MAX + 1).is_ok());
    }
}

/// How many values there are, by reading them all.
fn count(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        serde_json::Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

#[test]
fn a_promised_length_is_not_believed() {
    // An array of 2^32-1 values in six bytes, as a member and alone.
    let bomb = [0x81, 0xa1, b'x', 0xdd, 0xff, 0xff, 0xff, 0xff];
    assert!(members(Encoding::MsgPack, &bomb).1.is_err());
    assert!(Encoding::MsgPack.decode::<Vec<u64>>(&bomb[3..]).is_err());
    assert!(Encoding::MsgPack.decode::<Bytes>(&bomb[3..]).is_err());
}

/// Any value; texts hold what a careless count would stumble over.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let text = r#"[a,\[\]{}":\\é]{0,6}"#;
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        text.prop_map(Into::into)
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::btree_map(text, inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn values_are_counted_as_if_they_had_been_read(value in any_value()) {
        for &encoding in Encoding::ALL {
            let bytes = encoded(encoding, &value);
            let values = count(&value);
            prop_assert!(!encoding.has_more_values(&bytes, values), "{} of {}", values, value);
            prop_assert!(encoding.has_more_values(&bytes, values - 1), "{} of {}", values, value);
        }
    }

    #[test]
    fn any_bytes_are_answered_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for &encoding in Encoding::ALL {
            let _ = encoding.decode::<serde_json::Value>(&bytes);
            let _ = encoding.decode::<Sample>(&bytes);
            let _ = encoding.has_more_values(&bytes, 10);
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

#[test]
fn a_number_that_may_have_been_cut_short_is_no_member() {
    for (cut, found) in [
        (r#"{"id":12"#, 0),
        (r#"{"id":12,"#, 1),
        (r#"{"id":12 "#, 1),
        (r#"{"a":"b","id":1"#, 1),
        (r#"{"id":null"#, 0),
        (r#"{"id":12}"#, 1),
    ] {
        assert_eq!(members(Encoding::Json, cut.as_bytes()).0.len(), found, "{cut}");
    }
}
