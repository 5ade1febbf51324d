//! Turns a query of the language into a query of the index.

use std::ops::Bound;

use jiff::Zoned;
use tantivy::Term as IndexTerm;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, EmptyQuery, Occur, PhraseQuery, Query as IndexQuery,
};
use tantivy::query::{RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::schema::{Fields, Tag};
use super::words::{fold_whole, words};
use super::{address, dates};
use crate::query::{Query, State, Term, TextField};

/// How much more a match in the subject or among the people weighs than one in the text.
const SUBJECT_BOOST: f32 = 3.0;
const PEOPLE_BOOST: f32 = 2.0;

type Compiled = Box<dyn IndexQuery>;

/// Turns `query`, asked at the moment `now`, into a query of the index.
pub(super) fn compile(query: &Query, fields: &Fields, now: &Zoned) -> Compiled {
    Compiler { fields, now }.query(query)
}

struct Compiler<'a> {
    fields: &'a Fields,
    now: &'a Zoned,
}

impl Compiler<'_> {
    fn query(&self, query: &Query) -> Compiled {
        match query {
            Query::All => Box::new(AllQuery),
            Query::And(list) => Box::new(BooleanQuery::new(
                // Something has to match before anything can be taken away from it.
                std::iter::once((Occur::Must, silent(Box::new(AllQuery))))
                    .filter(|_| list.iter().all(|condition| matches!(condition, Query::Not(_))))
                    .chain(list.iter().map(|condition| match condition {
                        Query::Not(inner) => (Occur::MustNot, self.query(inner)),
                        other => (Occur::Must, self.query(other)),
                    }))
                    .collect(),
            )),
            Query::Or(list) => {
                Box::new(BooleanQuery::union(list.iter().map(|choice| self.query(choice)).collect()))
            }
            Query::Not(inner) => all_but(self.query(inner)),
            Query::Term(term) => self.term(term),
        }
    }

    fn term(&self, term: &Term) -> Compiled {
        match term {
            Term::Text { field: Some(field), text } => self.text_in(*field, text),
            Term::Text { field: None, text } => self.text_anywhere(text),
            Term::Is(State::Unread) => self.tag(Tag::Unread),
            Term::Is(State::Read) => all_but(self.tag(Tag::Unread)),
            Term::Is(State::Flagged) => self.tag(Tag::Flagged),
            Term::Is(State::Replied) => self.tag(Tag::Replied),
            Term::HasAttachment => self.tag(Tag::Attachment),
            Term::Label(label) => self.tag(Tag::Label(&fold_whole(label))),
            Term::Before(when) => {
                self.dated(Bound::Unbounded, Bound::Excluded(dates::period(*when, self.now).0))
            }
            Term::On(when) => {
                let (start, end) = dates::period(*when, self.now);
                self.dated(Bound::Included(start), Bound::Excluded(end))
            }
            Term::After(when) => {
                self.dated(Bound::Included(dates::period(*when, self.now).1), Bound::Unbounded)
            }
            Term::Older(age) => self.dated(Bound::Unbounded, Bound::Excluded(dates::moment(*age, self.now))),
            Term::Newer(age) => self.dated(Bound::Included(dates::moment(*age, self.now)), Bound::Unbounded),
            Term::Larger(size) => self.sized(Bound::Excluded(*size), Bound::Unbounded),
            Term::Smaller(size) => self.sized(Bound::Unbounded, Bound::Excluded(*size)),
        }
    }

    fn text_in(&self, field: TextField, text: &str) -> Compiled {
        match field {
            TextField::From => people(self.fields.from, text),
            TextField::To => people(self.fields.to, text),
            TextField::Cc => people(self.fields.cc, text),
            TextField::Subject => phrase(self.fields.subject, text),
            TextField::Body => phrase(self.fields.body, text),
            TextField::Filename => phrase(self.fields.filename, text),
        }
    }

    fn text_anywhere(&self, text: &str) -> Compiled {
        let boosted = |query, boost| -> Compiled { Box::new(BoostQuery::new(query, boost)) };
        Box::new(BooleanQuery::union(vec![
            boosted(phrase(self.fields.subject, text), SUBJECT_BOOST),
            boosted(people(self.fields.from, text), PEOPLE_BOOST),
            boosted(people(self.fields.to, text), PEOPLE_BOOST),
            boosted(people(self.fields.cc, text), PEOPLE_BOOST),
            phrase(self.fields.body, text),
            phrase(self.fields.filename, text),
        ]))
    }

    fn tag(&self, tag: Tag<'_>) -> Compiled {
        silent(Box::new(TermQuery::new(
            IndexTerm::from_field_text(self.fields.tags, &tag.text()),
            IndexRecordOption::Basic,
        )))
    }

    fn dated(&self, from: Bound<i64>, to: Bound<i64>) -> Compiled {
        let term = |seconds| IndexTerm::from_field_i64(self.fields.date, seconds);
        // Both ends open would find messages without a date.
        let from = if from == Bound::Unbounded { Bound::Included(i64::MIN) } else { from };
        silent(Box::new(RangeQuery::new(from.map(term), to.map(term))))
    }

    fn sized(&self, from: Bound<u64>, to: Bound<u64>) -> Compiled {
        let term = |bytes| IndexTerm::from_field_u64(self.fields.size, bytes);
        silent(Box::new(RangeQuery::new(from.map(term), to.map(term))))
    }
}

/// Finds a name, a part of an address, or a whole one.
fn people(field: Field, text: &str) -> Compiled {
    match address::exact(text) {
        Some(term) => word(field, &term),
        None => phrase(field, text),
    }
}

/// Finds the words of `text` in this order.
fn phrase(field: Field, text: &str) -> Compiled {
    let words = words(text);
    match words.as_slice() {
        [] => Box::new(EmptyQuery),
        [one] => word(field, one),
        several => Box::new(PhraseQuery::new(
            several.iter().map(|word| IndexTerm::from_field_text(field, word)).collect(),
        )),
    }
}

fn word(field: Field, word: &str) -> Compiled {
    Box::new(TermQuery::new(IndexTerm::from_field_text(field, word), IndexRecordOption::WithFreqs))
}

fn all_but(query: Compiled) -> Compiled {
    Box::new(BooleanQuery::new(vec![(Occur::Must, silent(Box::new(AllQuery))), (Occur::MustNot, query)]))
}

/// A condition that says nothing about how well a message matches.
fn silent(query: Compiled) -> Compiled {
    Box::new(BoostQuery::new(query, 0.0))
}
