//! New mail, told as it arrives.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::Value;

use super::world::{PATIENCE, World, deliver, letter, maildir};

/// How many lines are read ahead of the test.
const LINES: usize = 16;

/// A `watch` that runs, and its lines.
struct Watch {
    process: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn new(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = sync_channel(LINES);
        let out = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, lines }
    }

    /// Watches a mailbox from a number on.
    fn since(number: &str, world: &World, mailbox: &Path) -> Self {
        let mut command = world.mail(["watch", "--format", "jsonl", "--since", number, "--mailbox"]);
        command.arg(mailbox);
        Self::new(command)
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// The number and the subject of the next line.
    fn next(&self) -> (u64, String) {
        let line: Value = serde_json::from_str(&self.line()).unwrap();
        (line["seq"].as_u64().unwrap(), line["message"]["subject"].as_str().unwrap().to_owned())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

#[test]
fn mail_is_told_as_it_is_delivered_and_over_restarts_of_the_daemon() {
    let world = World::new();
    let mailbox = world.path("Maildir");
    maildir(&mailbox, &[("new/1.h", &letter("first"))]);
    let next = |n: u64, subject: &str| (n, subject.to_owned());
    assert_eq!(world.run(["--mailbox".as_ref(), mailbox.as_os_str(), "count".as_ref()]).out, "1\n");

    let watch = Watch::since("0", &world, &mailbox);
    assert_eq!(watch.next(), next(1, "first"));
    deliver(&mailbox, "2.h", &letter("second"));
    assert_eq!(watch.next(), next(2, "second"));

    let stop = world.run(["--mailbox".as_ref(), mailbox.as_os_str(), "stop".as_ref()]);
    assert_eq!(stop.code, 0, "{}", stop.err);
    deliver(&mailbox, "3.h", &letter("third"));
    assert_eq!(watch.next(), next(3, "third"));

    world.kill(Some(&mailbox));
    deliver(&mailbox, "4.h", &letter("fourth"));
    assert_eq!(watch.next(), next(4, "fourth"));
    deliver(&mailbox, "5.h", &letter("fifth"));
    assert_eq!(watch.next(), next(5, "fifth"));

    // Somebody who knows the first three asks for the rest.
    let later = Watch::since("3", &world, &mailbox);
    assert_eq!([later.next(), later.next()], [next(4, "fourth"), next(5, "fifth")]);
}

#[test]
fn mail_is_told_after_the_mailbox_has_been_taken_away_and_put_back() {
    let world = World::new();
    let mailbox = world.path("Maildir");
    maildir(&mailbox, &[("new/1.h", &letter("first"))]);
    let watch = Watch::since("0", &world, &mailbox);
    assert_eq!(watch.next().1, "first");

    std::fs::remove_dir_all(&mailbox).unwrap();
    maildir(&mailbox, &[("new/2.h", &letter("second"))]);
    assert_eq!(watch.next().1, "second");
    deliver(&mailbox, "3.h", &letter("third"));
    assert_eq!(watch.next().1, "third");

    let restored = world.path("restored");
    maildir(&restored, &[("new/4.h", &letter("fourth"))]);
    std::fs::rename(&mailbox, world.path("away")).unwrap();
    std::fs::rename(&restored, &mailbox).unwrap();
    assert_eq!(watch.next().1, "fourth");
    deliver(&mailbox, "5.h", &letter("fifth"));
    assert_eq!(watch.next().1, "fifth");
}

#[test]
fn a_watch_that_begins_now_is_told_nothing_of_what_is_there() {
    let world = World::new().with_sample();
    let watch = Watch::new(world.mail(["watch"]));
    // The watch, and the one who asks.
    world.wait_until(|status| status["daemon"]["calls_open"] == 2);
    super::world::mbox(&world.path("new.mbox"), 1);
    world.ok(["import".as_ref(), world.path("new.mbox").as_os_str()]);
    assert_eq!(watch.line(), "58 N··· 2026-01-05 09:30  Ada Vance               number 0");
}
