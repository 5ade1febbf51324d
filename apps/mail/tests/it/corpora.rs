//! Every message of every corpus, held against what the independent readers find in it.
//!
//! A difference counts when the program agrees with neither reader. Those that stay are listed with the
//! reason why the program's reading is right or as good; a listed one that is gone fails the test too.

use std::collections::BTreeSet;
use std::path::Path;

use hallway_mail::mailbox::{Entry, Found, Mailbox};
use hallway_mail::message::Message;

use crate::compare::Field::{self, Attachments, Body, Date, MessageId, Subject, To};
use crate::compare::differences;
use crate::corpus;
use crate::independent::{mailparse, python_files};

#[test]
fn the_corpus_of_mail_parser_reads_as_others_read_it() {
    check(&corpus::mail_parser().join("eml"), MAIL_PARSER);
}

#[test]
fn the_corpus_of_notmuch_reads_as_others_read_it() {
    check(&corpus::notmuch(), &[]);
}

#[test]
fn the_corpus_of_cpython_reads_as_others_read_it() {
    check(&corpus::cpython(), CPYTHON);
}

/// A reason, the fields it is about, and the files it is seen in.
type Tolerated<'a> = (&'a str, &'a [Field], &'a [&'a str]);

const MAIL_PARSER: &[Tolerated<'_>] = &[
    (
        "an encoded word with a raw ISO-8859-1 byte in it: the program decodes it, the others give up",
        &[Subject],
        &[
            "legacy/009.eml",
            "legacy/015.eml",
            "legacy/016.eml",
            "legacy/018.eml",
            "legacy/023.eml",
            "legacy/024.eml",
            "legacy/025.eml",
            "legacy/026.eml",
            "legacy/050.eml",
            "legacy/051.eml",
        ],
    ),
    (
        "boundaries that begin like one another, and parts that are never closed: where a part ends is open to \
         opinion, and its text is found either way",
        &[Attachments],
        &[
            "malformed/004.eml",
            "malformed/005.eml",
            "malformed/006.eml",
            "malformed/007.eml",
            "malformed/008.eml",
            "malformed/009.eml",
            "malformed/011.eml",
            "malformed/012.eml",
            "malformed/013.eml",
            "malformed/016.eml",
        ],
    ),
    ("no semicolon before the boundary: the program finds the image", &[Attachments], &["malformed/017.eml"]),
    (
        "headers with a hole in them: the others stop reading there, the program goes on",
        &[MessageId, Subject, To, Date, Body],
        &["malformed/019.eml"],
    ),
    (
        "base64 that is none: the program keeps it as an attached text",
        &[Attachments],
        &["thirdparty/002.eml"],
    ),
    (
        "a boundary folded over two lines: the program finds the parts",
        &[Attachments],
        &["thirdparty/012.eml"],
    ),
    (
        "forwarded messages that end with their headers: the program takes the second for the end of the first",
        &[Attachments],
        &["thirdparty/015.eml"],
    ),
];

const CPYTHON: &[Tolerated<'_>] = &[(
    "boundaries of outer parts inside inner parts, and one boundary for three parts: the program finds what \
     the author put in",
    &[Attachments],
    &["msg_38.txt", "msg_39.txt"],
)];

fn check(corpus: &Path, tolerated: &[Tolerated<'_>]) {
    let files = corpus::messages(corpus);
    let python = python_files(&files);
    assert_eq!(python.len(), files.len(), "python reads every file as one message");
    let mut found = BTreeSet::new();
    let mut report = String::new();
    for (file, python) in files.iter().zip(&python) {
        let name = file.strip_prefix(corpus).unwrap().display().to_string();
        let raw = only_message(file).raw;
        let other = mailparse(&raw);
        let readers: Vec<_> = std::iter::once(python).chain(&other).collect();
        for (field, difference) in differences(&Message::parse(&raw), &readers) {
            report.push_str(&format!("{name} {field:?}: {difference}\n"));
            found.insert((name.clone(), field));
        }
    }
    let all = tolerated.iter().flat_map(|(_, fields, files)| {
        files.iter().flat_map(|file| fields.iter().map(|field| ((*file).to_owned(), *field)))
    });
    assert_eq!(found, all.collect(), "the differences are not those that are tolerated:\n{report}");
}

fn only_message(file: &Path) -> Entry {
    let mut found: Vec<_> = Mailbox::open(file).unwrap().collect::<Result<_, _>>().unwrap();
    match (found.pop(), found.is_empty()) {
        (Some(Found::Message(entry)), true) => entry,
        (last, _) => panic!("{} is one message, not {} and {last:?}", file.display(), found.len()),
    }
}
