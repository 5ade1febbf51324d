//! `recognition.json`: what the first bytes of a connection tell, in whatever pieces they arrive.

use hallway::connection::{Recognition, recognise};
use serde::Deserialize;

use super::cases::{Bytes, Case, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecognitionCase {
    name: String,
    input: Bytes,
    speaks: Option<String>,
    refused: Option<String>,
    #[serde(default)]
    undecided: bool,
}

impl Case for RecognitionCase {
    fn name(&self) -> &str {
        &self.name
    }
}

impl RecognitionCase {
    fn expected(&self) -> Result<String, String> {
        match (&self.speaks, &self.refused, self.undecided) {
            (Some(wire), None, false) => Ok(wire.clone()),
            (None, Some(refusal), false) => Ok(format!("refused {refusal}")),
            (None, None, true) => Ok("undecided".to_owned()),
            _ => Err("it expects more than one thing, or none".to_owned()),
        }
    }
}

#[test]
fn first_bytes_tell_what_a_peer_speaks() {
    run("recognition.json", |case: &RecognitionCase| {
        let (input, expected) = (case.input.get(), case.expected()?);
        [usize::MAX, 1, 2, 3, 7, 4096].iter().try_for_each(|&size| {
            let found = in_pieces(&input, size);
            if found == expected { Ok(()) } else { Err(format!("in pieces of {size}: {found}")) }
        })
    });
}

/// The first answer.
fn in_pieces(input: &[u8], size: usize) -> String {
    let mut end = 0;
    while end < input.len() {
        end = end.saturating_add(size).min(input.len());
        match recognise(&input[..end]) {
            Recognition::NeedMore => (),
            Recognition::Wire(wire) => return wire.to_string(),
            Recognition::Refused(refusal) => return format!("refused {}", refusal.name()),
            other => return format!("{other:?}"),
        }
    }
    "undecided".to_owned()
}
