//! What the mail program reads that strangers wrote.

use std::io::BufReader;
use std::path::Path;

use hallway_mail::mailbox::{Entry, Found, MESSAGE_MAX, Mbox};
use hallway_mail::message::{ATTACHMENT_TEXT_MAX, LINE_MAX, LIST_MAX, Message, TEXT_MAX};
use hallway_mail::query::{MAX_DEPTH, MAX_QUERY_CHARS, Query, QueryError, Term, parse};

use crate::choices::Choices;

/// A query, in UTF-8; what is not, is replaced.
///
/// - A mistake is pointed at where it is, in words that can be shown.
/// - What is understood is as deep as allowed, looks for something, and means the same in parentheses.
pub fn query(data: &[u8]) {
    understood(&String::from_utf8_lossy(data), parse);
}

fn understood(query: &str, parse: impl Fn(&str) -> Result<Query, QueryError>) {
    match parse(query) {
        Ok(parsed) => {
            looks_for_something(&parsed, 0);
            let inner = format!("({query})");
            // One level and two characters more may be too much.
            let fits = inner.chars().count() <= MAX_QUERY_CHARS && parsed != Query::All;
            if let (true, Ok(again)) = (fits, parse(&inner)) {
                assert_eq!(again, parsed, "{query:?} in parentheses");
            }
        }
        Err(error) => {
            assert!(query.get(error.byte..).is_some_and(|rest| rest.starts_with(&error.piece)), "{error:?}");
            assert_eq!(error.column, query[..error.byte].chars().count() + 1, "{error:?}");
            assert!(!error.help.is_empty() && !error.to_string().is_empty());
        }
    }
}

fn looks_for_something(query: &Query, depth: usize) {
    assert!(depth <= 3 * MAX_DEPTH, "{depth} levels");
    match query {
        Query::And(all) | Query::Or(all) => {
            assert!(all.len() > 1, "a list of {}", all.len());
            all.iter().for_each(|one| looks_for_something(one, depth + 1));
        }
        Query::Not(inner) => looks_for_something(inner, depth + 1),
        Query::Term(Term::Text { text, .. }) => assert!(text.chars().any(char::is_alphanumeric), "{text:?}"),
        Query::Term(_) => (),
        Query::All => assert_eq!(depth, 0, "nothing is looked for in between"),
    }
}

/// The choice: how much is read at once; the rest is the file.
///
/// - However it is read, the same messages are in it, in bounds, and none of it is there twice.
pub fn mbox(data: &[u8]) {
    let mut choices = Choices::new(data);
    let size = usize::from(choices.byte()).max(1);
    found(choices.rest(), size, messages);
}

fn found(file: &[u8], size: usize, messages: impl Fn(&[u8], usize) -> Vec<Found>) {
    let whole = messages(file, file.len().max(1));
    assert_eq!(messages(file, size), whole, "read by {size}");
    let mut bytes = 0;
    for found in &whole {
        let Found::Message(Entry { raw, origin, .. }) = found else { continue };
        bytes += raw.len();
        assert!(raw.len() <= MESSAGE_MAX && !origin.is_empty());
    }
    assert!(bytes <= file.len(), "{bytes} bytes of messages in {}", file.len());
}

fn messages(file: &[u8], size: usize) -> Vec<Found> {
    let source = BufReader::with_capacity(size, file);
    let found = Mbox::new(source, Path::new("x")).map(|found| found.expect("memory can be read"));
    found.collect()
}

/// One message of a mailbox.
///
/// - What is searched and shown of it is in its bounds.
pub fn message(data: &[u8]) {
    bounded(&Message::parse(data));
}

fn bounded(message: &Message) {
    assert!(message.text.len() <= TEXT_MAX && message.attachment_text.len() <= ATTACHMENT_TEXT_MAX);
    assert!(message.attachments.len() <= LIST_MAX && message.to.len() <= LIST_MAX);
    assert!(message.subject.len() <= LINE_MAX && !message.subject.contains(char::is_control));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "in parentheses")]
    fn a_parser_that_minds_parentheses_is_noticed() {
        understood("a b", |query| parse(query.trim_start_matches('(').trim_end_matches(" b)")));
    }

    #[test]
    #[should_panic(expected = "column: 1")]
    fn a_mistake_that_is_pointed_at_elsewhere_is_noticed() {
        understood("word (", |query| parse(query).map_err(|error| QueryError { column: 1, ..error }));
    }

    #[test]
    #[should_panic(expected = "read by 3")]
    fn a_reader_that_loses_what_stands_between_two_pieces_is_noticed() {
        let file = b"From a@b Thu Jan  1 00:00:00 1970\nSubject: a\n\nletter";
        found(file, 3, |file, size| messages(&file[..file.len() / size * size], size));
    }

    #[test]
    #[should_panic(expected = "is_control")]
    fn a_subject_of_two_lines_is_noticed() {
        bounded(&Message { subject: "two\nlines".to_owned(), ..Message::default() });
    }
}
