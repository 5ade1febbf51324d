//! `spec/errors.md` has every code of the library and no other.

use std::collections::BTreeSet;
use std::path::Path;

use hallway::protocol::code::{self, Ran};

use super::cases::spec;

/// The files of the library in which codes are born, each with a table of its own in the document.
const SOURCES: &[&str] =
    &["connection/call_error.rs", "connection/closed.rs", "transport/error.rs", "lifecycle/error.rs"];

#[test]
fn the_registry_is_the_code() {
    let expected: Vec<Vec<String>> = code::ALL
        .iter()
        .map(|entry| {
            let ran = match entry.ran {
                Ran::No => "no",
                Ran::Maybe => "maybe",
            };
            vec![format!("`{}`", entry.code), ran.to_owned(), entry.meaning.trim().to_owned()]
        })
        .collect();
    let mut found = table("protocol/code.rs");
    for row in &mut found {
        assert!(row.pop().is_some_and(|advice| !advice.is_empty()), "{row:?} does not say what to do");
    }
    assert_eq!(found, expected);
}

#[test]
fn the_client_codes_are_the_code() {
    for source in SOURCES {
        let rows = table(source);
        let listed: BTreeSet<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
        assert_eq!(listed.len(), rows.len(), "{source}: a code is listed twice");
        assert_eq!(listed, born_in(source), "{source}");
    }
}

/// The rows of the table after the mark that names its source, cell by cell.
fn table(source: &str) -> Vec<Vec<String>> {
    let document = std::fs::read_to_string(spec("errors.md")).unwrap();
    let mark = format!("<!-- codes: {source} -->");
    let (_, after) = document.split_once(&mark).unwrap_or_else(|| panic!("no table for {source}"));
    after.lines().skip(3).take_while(|line| line.starts_with('|')).map(cells).collect()
}

pub(crate) fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The codes that a file sets: the arms of its `fn code`, or its constants.
fn born_in(source: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source);
    let text = std::fs::read_to_string(path).unwrap();
    let codes: BTreeSet<String> = text
        .split("fn code(")
        .skip(1)
        .map(|function| function.split("\n    }\n").next().unwrap())
        .flat_map(|function| function.split("=> ").skip(1))
        .chain(text.split(": &str = ").skip(1))
        .filter_map(|value| match value {
            _ if value.starts_with("code::DEADLINE_EXCEEDED") => Some(code::DEADLINE_EXCEEDED.to_owned()),
            _ if value.starts_with("code::FRAME_TOO_LONG") => Some(code::FRAME_TOO_LONG.to_owned()),
            _ if value.starts_with("code::") => panic!("{source}: another code of the registry"),
            _ => Some(value.strip_prefix('"')?.split('"').next()?.to_owned()),
        })
        .collect();
    assert!(codes.len() > 2, "{source}: codes are not where they are looked for");
    codes
}
