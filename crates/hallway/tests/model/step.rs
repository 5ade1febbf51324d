//! What may happen on a connection.

use std::fmt;

use proptest::prelude::*;

/// The ids that callers use: so few that they are unknown, taken and used again without being aimed at.
pub(crate) const IDS: u64 = 10;

/// One step; the connection comes to rest after it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Nothing: what a step shrinks to that a failure does not need.
    Skip,
    /// The peer says all of this in one write.
    Say(Vec<Word>),
    /// A handler that is held ends, one of those that are: with a value, or with the service's no.
    Finish { which: u8, refuses: bool },
    /// So many events are published.
    Publish(u8),
    /// So many milliseconds pass; an even number.
    Wait(u8),
    /// The server is told to stop.
    Drain,
}

/// One message of the peer's.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    /// Without an id, it is a notification.
    Call {
        id: Option<u64>,
        method: Method,
        deadline: Option<u8>,
    },
    Cancel(u64),
    Grant(u64, u8),
    /// An answer to a call that nobody has made.
    Answer(u64),
    /// Of a kind that does not exist.
    Strange(Option<u64>),
    /// No message at all.
    Noise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Answers at once.
    Answer,
    /// Answers when a step says so.
    Hold,
    /// The same, in the bulk lane.
    Bulk,
    /// The numbers from 1 on.
    Numbers { to: u8, window: u8 },
    /// Events.
    Watch { since: Option<u8>, window: u8 },
    /// There is no such method.
    Missing,
    /// Parameters that do not fit.
    Misfit,
}

/// A sequence.
#[derive(Clone)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.0.iter().filter(|step| !matches!(step, Step::Skip));
        steps.enumerate().try_for_each(|(number, step)| write!(f, "{number}: {step:?}; "))
    }
}

/// Sequences of so many steps.
pub(crate) fn steps(number: usize) -> impl Strategy<Value = Steps> {
    prop::collection::vec(step(), number).prop_map(Steps)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Skip),
        60 => prop::collection::vec(word(), 1..5).prop_map(Step::Say),
        20 => (any::<u8>(), prop::bool::weighted(0.2)).prop_map(|(which, refuses)| Step::Finish { which, refuses }),
        12 => (1..9_u8).prop_map(Step::Publish),
        6 => (1..10_u8).prop_map(|half| Step::Wait(2 * half)),
        // So that most sequences come to it late, and some never.
        1 => prop::bool::weighted(0.2).prop_map(|drains| if drains { Step::Drain } else { Step::Wait(2) }),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    let id = || 1..=IDS;
    prop_oneof![
        12 => (prop::option::weighted(0.9, id()), method(), prop::option::weighted(0.15, 0..20_u8))
            .prop_map(|(id, method, deadline)| Word::Call { id, method, deadline }),
        4 => id().prop_map(Word::Cancel),
        5 => (id(), 0..4_u8).prop_map(|(id, items)| Word::Grant(id, items)),
        1 => id().prop_map(Word::Answer),
        1 => prop::option::of(id()).prop_map(Word::Strange),
        1 => Just(Word::Noise),
    ]
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        2 => Just(Method::Answer),
        4 => Just(Method::Hold),
        3 => Just(Method::Bulk),
        4 => (0..6_u8, 0..4_u8).prop_map(|(to, window)| Method::Numbers { to, window }),
        4 => (prop::option::of(0..60_u8), 0..4_u8).prop_map(|(since, window)| Method::Watch { since, window }),
        1 => Just(Method::Missing),
        1 => Just(Method::Misfit),
    ]
}
