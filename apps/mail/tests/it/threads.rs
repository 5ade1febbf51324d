//! What belongs together.

use std::collections::{BTreeMap, BTreeSet};

use hallway_mail::Engine;
use hallway_mail::mailbox::Found;

use crate::mail::{Mail, ids, import, mail};

/// The conversations `mails` form when they arrive in this order, as sets of subjects.
fn conversations(mails: &[&Mail]) -> Vec<BTreeSet<String>> {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let found: Vec<Found> = mails.iter().enumerate().map(|(n, mail)| mail.at(&n.to_string())).collect();
    import(&engine, found);
    let mut threads = BTreeMap::new();
    for id in ids(&engine, "") {
        let thread = engine.thread(id).unwrap();
        assert!(thread.iter().any(|envelope| envelope.id == id));
        assert!(
            thread.iter().all(|envelope| envelope.thread.0 == thread.iter().map(|e| e.id.0).min().unwrap())
        );
        let number = thread.first().map(|envelope| envelope.thread.0);
        threads.insert(number, thread.into_iter().map(|envelope| envelope.subject).collect());
    }
    sorted(threads.into_values())
}

fn sets(lists: &[&[&str]]) -> Vec<BTreeSet<String>> {
    sorted(lists.iter().map(|list| list.iter().map(|subject| (*subject).to_owned()).collect()))
}

fn sorted(sets: impl Iterator<Item = BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let mut sets: Vec<_> = sets.collect();
    sets.sort();
    sets
}

/// Every order of up to a handful of things.
fn orders<'a>(mails: &[&'a Mail]) -> Vec<Vec<&'a Mail>> {
    if mails.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (n, first) in mails.iter().enumerate() {
        let rest: Vec<&Mail> =
            mails.iter().enumerate().filter(|&(m, _)| m != n).map(|(_, mail)| *mail).collect();
        for mut order in orders(&rest) {
            order.insert(0, first);
            all.push(order);
        }
    }
    all
}

fn day(day: u32) -> String {
    format!("{day} Mar 2024 12:00:00 +0000")
}

#[test]
fn messages_that_name_each_other_are_one_conversation_in_any_order() {
    let first = mail("a").id("1@x");
    let second = mail("b").id("2@x").header("In-Reply-To", "<1@x>");
    let third = mail("c").id("3@x").header("References", "<1@x> <2@x>");
    let other = mail("d").id("4@x");
    for order in orders(&[&first, &second, &third, &other]) {
        assert_eq!(conversations(&order), sets(&[&["a", "b", "c"], &["d"]]));
    }
}

#[test]
fn two_answers_to_a_message_that_never_came_are_one_conversation() {
    let one = mail("a").id("1@x").header("References", "<0@x>");
    let two = mail("b").id("2@x").header("In-Reply-To", "<0@x>");
    assert_eq!(conversations(&[&one, &two]), sets(&[&["a", "b"]]));
}

#[test]
fn a_message_that_connects_two_conversations_joins_them() {
    let mails = [
        mail("a1").id("1@x"),
        mail("a2").id("2@x").header("References", "<1@x>"),
        mail("b1").id("3@x"),
        mail("b2").id("4@x").header("References", "<3@x>"),
        mail("both").id("5@x").header("References", "<2@x> <4@x>"),
    ];
    let all: Vec<&Mail> = mails.iter().collect();
    assert_eq!(conversations(&all[..4]), sets(&[&["a1", "a2"], &["b1", "b2"]]));
    assert_eq!(conversations(&all), sets(&[&["a1", "a2", "b1", "b2", "both"]]));
}

#[test]
fn a_reply_that_names_nobody_joins_by_subject_in_any_order() {
    let original = mail("Budget  2024").id("1@x").date(&day(1));
    let reply = mail("Re: budget 2024").date(&day(2));
    let again = mail("AW: Re: Budget 2024").date(&day(3));
    let another = mail("Re: Budget 2025").date(&day(2));
    for order in orders(&[&original, &reply, &again, &another]) {
        let expected =
            sets(&[&["Budget 2024", "Re: budget 2024", "AW: Re: Budget 2024"], &["Re: Budget 2025"]]);
        assert_eq!(conversations(&order), expected);
    }
}

#[test]
fn a_subject_alone_does_not_join() {
    let one = mail("Minutes").id("1@x").date(&day(1));
    let same = mail("Minutes").id("2@x").date(&day(2));
    let forward = mail("Fwd: Minutes").id("3@x").date(&day(3));
    let late = mail("Re: Minutes").date("1 Aug 2024 12:00:00 +0000");
    let undated = mail("RE: Minutes");
    let alone: &[&[&str]] =
        &[&["Minutes"], &["Minutes"], &["Fwd: Minutes"], &["Re: Minutes"], &["RE: Minutes"]];
    assert_eq!(conversations(&[&one, &same, &forward, &late, &undated]), sets(alone));
    let bare = mail("Re:").date(&day(1));
    let bare_too = mail("RE:").date(&day(1));
    assert_eq!(conversations(&[&bare, &bare_too]).len(), 2);
}

#[test]
fn a_reply_joins_the_nearest_of_several() {
    let january = mail("Minutes").id("1@x").date("1 Jan 2024 12:00:00 +0000").from("january@x.example");
    let reply = mail("Re: Minutes").date("12 Jan 2024 12:00:00 +0000");
    let march = mail("minutes").id("2@x").date(&day(1));
    for order in orders(&[&january, &reply, &march]) {
        assert_eq!(conversations(&order), sets(&[&["Minutes", "Re: Minutes"], &["minutes"]]));
    }
}
