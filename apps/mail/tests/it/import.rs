//! What an import adds, leaves alone and reports.

use std::io;
use std::ops::ControlFlow;

use hallway_mail::mailbox::{Found, MailboxError};
use hallway_mail::{Engine, EngineError, ImportProgress, ImportReport, Mark, sample};

use crate::mail::{ids, import, mail, numbered};

fn counts(report: &ImportReport) -> (u64, u64, u64) {
    (report.seen, report.added, report.duplicate)
}

#[test]
fn a_second_import_adds_nothing_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let mailbox = || (0..700).map(numbered);
    assert_eq!(counts(&import(&engine, mailbox())), (700, 700, 0));
    let all = ids(&engine, "");
    engine.mark(&all[..3], Mark::Read).unwrap();
    engine.mark(&all[..3], Mark::Flagged).unwrap();
    let before = engine.search("", 1000, hallway_mail::Sort::Date).unwrap();

    assert_eq!(counts(&import(&engine, mailbox())), (700, 0, 700));
    assert_eq!(engine.search("", 1000, hallway_mail::Sort::Date).unwrap(), before);
    assert_eq!(engine.stats().unwrap().messages, 700);
}

#[test]
fn one_message_in_two_mailboxes_is_one_message_with_both_labels() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let unix = |mail: &crate::mail::Mail, origin: &str| match mail.at(origin) {
        Found::Message(mut entry) => {
            entry.raw = String::from_utf8(entry.raw).unwrap().replace("\r\n", "\n").into_bytes();
            entry.raw.extend(b"\n\n");
            Found::Message(entry)
        }
        other => other,
    };
    let hello = mail("hello").id("1@x").body("text");
    assert_eq!(counts(&import(&engine, [hello.clone().label("inbox").at("a")])), (1, 1, 0));
    let elsewhere = hello.clone().label("archive").read();
    assert_eq!(counts(&import(&engine, [unix(&elsewhere, "b"), elsewhere.at("c")])), (2, 0, 2));

    let id = ids(&engine, "label:inbox label:archive is:unread")[0];
    assert_eq!(engine.message(id).unwrap().origins, ["a", "b", "c"]);

    // A label taken away does not come back from where it came.
    engine.label(&[id], &[], &["archive".to_owned()]).unwrap();
    import(&engine, [elsewhere.at("c")]);
    assert_eq!(ids(&engine, "label:archive"), []);

    // The same Message-ID on another text is another message.
    assert_eq!(counts(&import(&engine, [mail("hello").id("1@x").body("other").at("d")])), (1, 1, 0));
    assert_eq!(ids(&engine, "hello").len(), 2);
}

#[test]
fn broken_entries_are_reported_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let broken = |n: usize| Found::Broken { origin: format!("box:{n}"), reason: "no headers".to_owned() };
    let entries = (0..300).flat_map(|n| [numbered(n), broken(n)]);
    let report = import(&engine, entries);
    assert_eq!(counts(&report), (600, 300, 0));
    assert_eq!(report.broken.len(), 100);
    assert_eq!((report.broken[1].origin.as_str(), report.broken[1].reason.as_str()), ("box:1", "no headers"));
    assert_eq!(ids(&engine, "").len(), 300);
}

#[test]
fn anything_at_all_can_be_imported() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let raw = |raw: &[u8], origin: &str| {
        Found::Message(hallway_mail::mailbox::Entry {
            raw: raw.to_vec(),
            labels: vec![String::new(), "x\ny".to_owned(), "y".repeat(1000), " fine ".to_owned()],
            origin: origin.to_owned(),
            ..Default::default()
        })
    };
    let junk: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let word = format!("Subject: {0}\r\nFrom: {0}@{0}\r\n\r\n{0}", "x".repeat(100_000));
    let late = "Date: Fri, 31 Dec 999999 23:59:59 +0000\r\nSubject: late\r\n\r\n";
    let found = [raw(b"", "a"), raw(&junk, "b"), raw(word.as_bytes(), "c"), raw(late.as_bytes(), "d")];
    assert_eq!(counts(&import(&engine, found)), (4, 4, 0));
    assert_eq!(ids(&engine, "label:fine").len(), 4);
    assert_eq!(engine.raw(ids(&engine, "larger:69999 smaller:70001")[0]).unwrap(), junk);
    assert_eq!(engine.stats().unwrap().indexed, 4);
}

#[test]
fn an_import_stops_between_batches_when_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let mut entries = (0..2000).map(numbered).map(Ok);
    let mut reported: Vec<ImportProgress> = Vec::new();
    let error = engine.import(&mut entries, &mut |progress| {
        // What is reported is there to be found.
        assert_eq!(engine.count("").unwrap(), progress.added);
        reported.push(progress);
        if reported.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(error, Err(EngineError::Cancelled)));
    let kept = reported[1].added;
    assert!(reported[0].added > 0 && kept > reported[0].added && kept < 2000);
    assert_eq!(engine.count("").unwrap(), kept);
    assert_eq!(counts(&import(&engine, (0..2000).map(numbered))), (2000, 2000 - kept, kept));
}

#[test]
fn a_mailbox_that_fails_in_the_middle_keeps_what_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let failure =
        || MailboxError::Unreadable { path: "gone".into(), source: io::Error::other("the cable was pulled") };
    let mut entries =
        (0..10).map(numbered).map(Ok).chain([Err(failure())]).chain((10..20).map(numbered).map(Ok));
    let error = engine.import(&mut entries, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(error, Err(EngineError::Unreadable { source: MailboxError::Unreadable { .. } })));
    assert_eq!(engine.count("").unwrap(), 10);
}

#[test]
fn the_sample_is_imported_and_answers_its_first_question() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let report = engine.import(&mut sample::sample(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((counts(&report), report.broken.len()), ((57, 57, 0), 0));
    assert_eq!(engine.count("from:alice is:unread").unwrap(), 10);
    assert_eq!(engine.count("from:alice@example.org is:unread").unwrap(), 10);
    assert_eq!(engine.count("filename:muhle has:attachment").unwrap(), 1);
    assert_eq!(engine.count("面包炉").unwrap(), 1);
    assert_eq!(engine.count("label:open-day label:money").unwrap(), 1);
    let whole = ids(&engine, "").into_iter().map(|id| engine.message(id).unwrap());
    assert_eq!(whole.filter(|message| message.text.is_empty()).count(), 0);
}
