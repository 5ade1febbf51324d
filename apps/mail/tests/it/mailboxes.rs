//! Whole mailboxes of real mail, counted against Python's reading of the same files.

use std::fs;
use std::path::Path;

use hallway_mail::mailbox::{Entry, Found, Mailbox};
use hallway_mail::message::Message;

use crate::corpus;
use crate::independent::{Reading, python_mailbox};

#[test]
fn an_mbox_of_every_corpus_gives_back_each_message_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    for corpus in [corpus::mail_parser().join("eml"), corpus::notmuch(), corpus::cpython()] {
        let messages: Vec<_> = corpus::messages(&corpus).iter().map(|file| without_envelope(file)).collect();
        assert!(messages.len() > 40, "{} holds {} messages", corpus.display(), messages.len());
        let path = dir.path().join("all.mbox");
        fs::write(&path, messages.iter().flat_map(|raw| quoted(raw)).collect::<Vec<_>>()).unwrap();
        let entries = entries(&path);
        assert!(entries.iter().map(|entry| &entry.raw).eq(&messages), "{}", corpus.display());
        assert_same(&entries, &python_mailbox("mbox", &path));
    }
}

#[test]
fn the_sample_is_what_python_reads_in_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sample/weir.mbox");
    let entries = entries(&path);
    let python = python_mailbox("mbox", &path);
    assert_same(&entries, &python);
    for (entry, python) in entries.iter().zip(&python) {
        let message = Message::parse(&entry.raw);
        assert_eq!((message.subject, message.date), (python.subject.clone(), python.date));
        assert_eq!(Some(message.attachments.len() as u64), python.attachments, "{}", python.subject);
    }
}

#[test]
fn a_maildir_with_folders_holds_what_python_finds_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let messages = corpus::messages(&corpus::notmuch());
    for (nth, file) in messages.iter().enumerate() {
        let (folder, place) = ([".", ".Lists", ".Lists.notmuch"][nth % 3], ["new", "cur"][nth % 2]);
        for name in ["cur", "new", "tmp"] {
            fs::create_dir_all(dir.path().join(folder).join(name)).unwrap();
        }
        let flags = if place == "cur" { [":2,S", ":2,FRS", ":2,"][nth % 3] } else { "" };
        fs::copy(file, dir.path().join(folder).join(place).join(format!("{nth:04}.host{flags}"))).unwrap();
    }
    let entries = entries(dir.path());
    assert_same(&entries, &python_mailbox("maildir", dir.path()));
    let of =
        |label: &str| entries.iter().filter(|entry| entry.labels.iter().any(|found| found == label)).count();
    assert_eq!((of("Lists"), of("Lists/notmuch")), ((messages.len() + 1) / 3, messages.len() / 3));
}

#[test]
fn a_tree_of_maildirs_is_read_in_full() {
    let corpus = corpus::notmuch().join("default");
    let in_folders = |path: &&std::path::PathBuf| {
        let place = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        matches!(place, Some("cur" | "new"))
    };
    assert_eq!(entries(&corpus).len(), corpus::messages(&corpus).iter().filter(in_folders).count());
}

#[test]
fn the_maildir_of_mail_parser_has_its_flags_and_folders() {
    let entries = entries(&corpus::mail_parser().join("maildir"));
    let found =
        |entry: &Entry| (entry.labels.join("|"), entry.flags.read, entry.flags.flagged, entry.flags.replied);
    let expected = [
        (String::new(), true, false, false),
        (String::new(), true, false, false),
        ("My Folder".to_owned(), false, false, true),
        ("My Folder".to_owned(), false, false, false),
        ("My Folder/Nested Folder".to_owned(), false, true, true),
        ("My Folder/Nested Folder".to_owned(), false, true, false),
    ];
    assert_eq!(entries.iter().map(found).collect::<Vec<_>>(), expected);
}

/// Reads a mailbox in which nothing is broken.
fn entries(path: &Path) -> Vec<Entry> {
    let entry = |found| match found {
        Ok(Found::Message(entry)) => entry,
        other => panic!("{}: {other:?}", path.display()),
    };
    Mailbox::open(path).unwrap().map(entry).collect()
}

/// The messages are the same by number, order and id. Where Python finds no id it stopped at a broken header.
fn assert_same(entries: &[Entry], python: &[Reading]) {
    assert_eq!(entries.len(), python.len());
    let ids = entries.iter().map(|entry| Message::parse(&entry.raw).message_id.unwrap_or_default());
    let pairs = ids.zip(python.iter().map(|reading| &reading.message_id));
    let different: Vec<_> = pairs.filter(|(ours, theirs)| ours != *theirs && !theirs.is_empty()).collect();
    assert!(different.is_empty(), "{different:?}");
}

/// Reads a file as an mbox can hold it: with a line end, and without the `From ` line that some begin with.
fn without_envelope(file: &Path) -> Vec<u8> {
    let mut raw = fs::read(file).unwrap();
    if !raw.ends_with(b"\n") {
        raw.push(b'\n');
    }
    match raw.split_first_chunk::<5>() {
        Some((b"From ", _)) => {
            raw.split_inclusive(|byte| *byte == b'\n').skip(1).flatten().copied().collect()
        }
        _ => raw,
    }
}

/// Writes a message the way mboxrd does.
fn quoted(raw: &[u8]) -> Vec<u8> {
    let mut out = b"From someone@example.org Thu Jan  1 00:00:00 2026\n".to_vec();
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        if line[marks..].starts_with(b"From ") {
            out.push(b'>');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b"\n");
    out
}
