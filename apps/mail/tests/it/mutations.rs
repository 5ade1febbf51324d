//! Mail broken at random: nothing panics, and the messages beside a broken one are read as they were.

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::sync::LazyLock;

use hallway_mail::mailbox::{Found, Mbox};
use hallway_mail::message::{ATTACHMENT_TEXT_MAX, LINE_MAX, LIST_MAX, Message, TEXT_MAX};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::corpus;

const BEFORE: &[u8] = b"Subject: before\n\nFirst.\n";
const AFTER: &[u8] = b"Subject: after\n\nLast.\n";
const SEPARATOR: &[u8] = b"From someone@example.org Thu Jan  1 00:00:00 2026\n";

/// Small messages of all corpora: a mutation of one of these hits structure rather than payload.
static MESSAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let corpora = [corpus::mail_parser().join("eml"), corpus::notmuch(), corpus::cpython()];
    let files = corpora.iter().flat_map(|corpus| corpus::messages(corpus));
    files.map(|file| fs::read(file).unwrap()).filter(|raw| raw.len() < 20_000).collect()
});

/// A change to a message's bytes.
#[derive(Debug, Clone)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, &'static [u8]),
    Remove(Index, usize),
    Repeat(Index, usize, Index),
    Truncate(Index),
}

impl Mutation {
    fn apply(&self, raw: &mut Vec<u8>) {
        if raw.is_empty() {
            return;
        }
        let place = |index: &Index| index.index(raw.len());
        let run = |start: usize, length: usize| start..raw.len().min(start + length);
        match self {
            Self::Set(at, byte) => {
                let at = place(at);
                raw[at] = *byte;
            }
            Self::Insert(at, bytes) => {
                let at = place(at);
                raw.splice(at..at, bytes.iter().copied());
            }
            Self::Remove(at, length) => {
                let run = run(place(at), *length);
                raw.drain(run);
            }
            Self::Repeat(at, length, to) => {
                let (run, to) = (raw[run(place(at), *length)].to_vec(), place(to));
                raw.splice(to..to, run);
            }
            Self::Truncate(at) => {
                let at = place(at);
                raw.truncate(at);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let tokens: Vec<&'static [u8]> = vec![
        b"\n",
        b"\r\n",
        b"\n\n",
        b"--",
        b"=?",
        b"?=",
        b"<",
        b">",
        b"\"",
        b";",
        b":",
        b"\0",
        b"\x1b$B",
        b"\xff",
        b"\nFrom ",
        b"\n>From ",
        b"\nFrom x Thu Jan  1 00:00:00 2026\n",
        b"Content-Type: message/rfc822\n\n",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
        b"Content-Transfer-Encoding: base64\n",
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<Index>(), prop::sample::select(tokens)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (any::<Index>(), 1..200_usize, any::<Index>()).prop_map(|(at, n, to)| Mutation::Repeat(at, n, to)),
        any::<Index>().prop_map(Mutation::Truncate),
    ]
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), prop::collection::vec(mutation(), 1..8)).prop_map(|(message, mutations)| {
        let mut raw = message.get(&MESSAGES).clone();
        mutations.iter().for_each(|mutation| mutation.apply(&mut raw));
        raw
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_broken_message_is_read_within_bounds(raw in mutated()) {
        let message = Message::parse(&raw);
        prop_assert!(message.text.len() <= TEXT_MAX);
        prop_assert!(message.attachment_text.len() <= ATTACHMENT_TEXT_MAX);
        prop_assert!(message.attachments.len() <= LIST_MAX && message.to.len() <= LIST_MAX);
        prop_assert!(message.subject.len() <= LINE_MAX && !message.subject.contains(char::is_control));
    }

    #[test]
    fn the_neighbours_of_a_broken_message_are_read(raw in mutated()) {
        let found = read(&mbox(&raw), 1 << 16);
        prop_assert_eq!(&found.first().unwrap().1, BEFORE);
        prop_assert_eq!(&found.last().unwrap().1, AFTER);
    }

    #[test]
    fn how_a_file_is_cut_into_reads_does_not_matter(raw in mutated(), capacity in 1..100_usize) {
        let mbox = mbox(&raw);
        prop_assert_eq!(read(&mbox, capacity), read(&mbox, 1 << 16));
    }

    #[test]
    fn a_file_that_is_cut_off_keeps_the_messages_before_the_cut(raw in mutated(), cut in any::<Index>()) {
        let mbox = mbox(&raw);
        let (whole, mut part) = (read(&mbox, 1 << 16), read(&mbox[..cut.index(mbox.len())], 1 << 16));
        part.pop();
        prop_assert_eq!(&whole[..part.len()], &part[..]);
    }
}

fn mbox(middle: &[u8]) -> Vec<u8> {
    [SEPARATOR, BEFORE, b"\n", SEPARATOR, middle, b"\n\n", SEPARATOR, AFTER, b"\n"].concat()
}

/// Reads origin and bytes of each message, or what is wrong with it.
fn read(mbox: &[u8], capacity: usize) -> Vec<(String, Vec<u8>)> {
    let source = BufReader::with_capacity(capacity, mbox);
    let found = Mbox::new(source, Path::new("x")).map(|found| match found.unwrap() {
        Found::Message(entry) => (entry.origin, entry.raw),
        Found::Broken { origin, reason } => (origin, reason.into_bytes()),
        Found::Known => panic!("nothing is known"),
    });
    found.collect()
}
