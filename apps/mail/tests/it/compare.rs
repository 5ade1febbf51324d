//! Holds what the program finds in a message against what the independent readers find.

use std::fmt::Debug;

use hallway_mail::message::{Address, Message};

use crate::independent::{Reading, words};

/// Where the program and the readers may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    MessageId,
    Subject,
    From,
    To,
    Date,
    Attachments,
    Body,
}

/// Names the fields in which `message` agrees with no reader.
pub(crate) fn differences(message: &Message, readers: &[&Reading]) -> Vec<(Field, String)> {
    let mut found = Vec::new();
    let mut check = |field, ours: &dyn Debug, others: Vec<String>| {
        let ours = format!("{ours:?}");
        if !others.is_empty() && !others.contains(&ours) {
            found.push((field, format!("{ours} instead of {}", others.join(" or "))));
        }
    };
    let theirs = |read: &dyn Fn(&Reading) -> Option<String>| readers.iter().filter_map(|r| read(r)).collect();
    let id = message.message_id.clone().unwrap_or_default();
    check(Field::MessageId, &id, theirs(&|r| Some(format!("{:?}", r.message_id))));
    check(Field::Subject, &message.subject, theirs(&|r| Some(format!("{:?}", r.subject))));
    check(Field::From, &bare(&message.from), theirs(&|r| Some(format!("{:?}", r.from))));
    check(Field::To, &bare(&message.to), theirs(&|r| Some(format!("{:?}", r.to))));
    check(Field::Date, &message.date, theirs(&|r| Some(format!("{:?}", r.date))));
    let attachments = message.attachments.len() as u64;
    check(Field::Attachments, &attachments, theirs(&|r| r.attachments.map(|count| format!("{count:?}"))));
    check(Field::Body, &words(&message.text), theirs(&|r| r.body.as_ref().map(|body| format!("{body:?}"))));
    found
}

fn bare(addresses: &[Address]) -> Vec<&str> {
    addresses.iter().map(|address| address.address.as_str()).filter(|address| !address.is_empty()).collect()
}
