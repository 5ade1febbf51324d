//! What a connection should do: the rules of `spec/wire.md` and of `limits`, without bytes, tasks or locks.

use std::collections::{BTreeMap, VecDeque};

use crate::calls::{Call, Events, Line, Stage};
use crate::places::Places;
use crate::session::{Said, Seen};
use crate::step::{Method, Word};

/// The places of the connection, and those of them that bulk calls may have.
pub(crate) const PLACES: usize = 4;
const BULK_PLACES: usize = 3;

pub(crate) const SUBSCRIPTIONS_MAX: usize = 2;

/// The calls that may be open.
pub(crate) const OPEN_MAX: usize = 8;

#[derive(Debug)]
pub(crate) struct Reference {
    now: u64,
    /// The open calls by their keys, in the order in which they came.
    open: BTreeMap<u64, Call>,
    places: Places,
    bulk: Places,
    events: Events,
    /// The highest id that was dispatched.
    last: u64,
    drains: bool,
    ended: bool,
    /// Calls that have something to do once all that was written has been read.
    awake: VecDeque<u64>,
    seen: Seen,
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            now: 0,
            open: BTreeMap::new(),
            places: Places::new(PLACES),
            bulk: Places::new(BULK_PLACES),
            events: Events { next: 1 },
            last: 0,
            drains: false,
            ended: false,
            awake: VecDeque::new(),
            seen: Seen::default(),
        }
    }
}

impl Reference {
    pub(crate) fn is_open(&self) -> bool {
        !self.ended
    }

    /// How long a call that is about to be made may take, in milliseconds: odd, and at a time of its own, so that no
    /// two things are due at once.
    pub(crate) fn deadline(&self, word: &Word) -> Option<u64> {
        let Word::Call { deadline: Some(after), .. } = word else { return None };
        let is_taken = |at: u64| self.open.values().any(|call| call.deadline == Some(at));
        (0..).map(|more| 2 * (u64::from(*after) + more) + 1).find(|ms| !is_taken(self.now + ms))
    }

    /// The peer says something.
    pub(crate) fn hear(&mut self, word: &Word, key: u64) {
        match word {
            Word::Call { id, method, .. } => {
                let deadline = self.deadline(word).map(|ms| self.now + ms);
                match self.refusal(*id, *method) {
                    Some(code) => self.refuse(*id, code),
                    None => self.open(key, *id, *method, deadline),
                }
            }
            Word::Cancel(id) => {
                if let Some(key) = self.key_of(*id) {
                    self.call(key).cancelled = true;
                    self.wake(key);
                }
            }
            Word::Grant(id, items) => {
                if let Some(key) = self.key_of(*id) {
                    let call = self.call(key);
                    call.credit += u32::from(*items);
                    // Who still waits for a place does not hear of it.
                    if call.stage == Stage::Running {
                        self.wake(key);
                    }
                }
            }
            Word::Answer(_) => (),
            Word::Strange(id) => self.seen.say(*id, Said::Error("unknown_message".to_owned())),
            Word::Noise => self.seen.say(None, Said::Error("bad_message".to_owned())),
        }
    }

    /// A handler that is held is told how to end.
    pub(crate) fn finish(&mut self, key: u64, refuses: bool) {
        self.call(key).told = Some(refuses);
        self.wake(key);
    }

    pub(crate) fn publish(&mut self, events: u64) {
        self.events.next += events;
        let subscriptions: Vec<u64> = self.keys(Call::is_subscription);
        subscriptions.into_iter().for_each(|key| self.wake(key));
    }

    /// The server is told to stop. Subscriptions have no end of their own, and hear of it.
    pub(crate) fn drain(&mut self) {
        if std::mem::replace(&mut self.drains, true) {
            return;
        }
        self.seen.say(None, Said::Goaway { code: "closing".to_owned(), last: self.last });
        for key in self.keys(Call::is_subscription) {
            self.end(key, Said::Error("closing".to_owned()));
        }
    }

    /// So many milliseconds pass; what should have been seen by then.
    pub(crate) fn rest(&mut self, ms: u64) -> Seen {
        self.settle();
        let until = self.now + ms;
        while let Some((at, key)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.now = at;
            self.end(key, Said::Error("deadline_exceeded".to_owned()));
            self.settle();
        }
        self.now = until;
        if self.drains && self.open.is_empty() {
            self.ended = true;
            self.seen.say(None, Said::End);
        }
        self.seen.held = self.keys(Call::is_held);
        std::mem::take(&mut self.seen)
    }

    /// Why a call is not taken, if it is not.
    fn refusal(&self, id: Option<u64>, method: Method) -> Option<&'static str> {
        let subscribes = matches!(method, Method::Watch { .. });
        if self.drains {
            Some("closing")
        } else if subscribes && self.keys(Call::is_subscription).len() >= SUBSCRIPTIONS_MAX {
            Some("busy")
        } else if id.is_some_and(|id| self.key_of(id).is_some()) {
            Some("duplicate_id")
        } else if self.open.len() >= OPEN_MAX {
            Some("busy")
        } else {
            None
        }
    }

    fn refuse(&mut self, id: Option<u64>, code: &str) {
        if id.is_some() {
            self.seen.say(id, Said::Error(code.to_owned()));
        }
    }

    /// A call is taken, and begins at once if there is a place for it.
    fn open(&mut self, key: u64, id: Option<u64>, method: Method, deadline: Option<u64>) {
        let credit = match method {
            Method::Numbers { window, .. } | Method::Watch { window, .. } => window.into(),
            _ => 0,
        };
        let stage = Stage::New;
        let (cancelled, told, event) = (false, None, None);
        let call =
            Call { id, method, deadline, credit, stage, cancelled, told, next: 0, event, ahead: false };
        self.last = self.last.max(id.unwrap_or(0));
        let needs_bulk = call.is_bulk();
        let needs_place = !matches!(method, Method::Watch { .. } | Method::Missing | Method::Misfit);
        self.open.insert(key, call);
        if !needs_place {
            return self.begin(key);
        }
        if needs_bulk && !self.bulk.take() {
            return self.wake(key);
        }
        if self.places.take() {
            return self.begin(key);
        }
        // Nothing is kept by who cannot begin.
        if needs_bulk {
            self.give_bulk();
        }
        self.wake(key);
    }

    fn begin(&mut self, key: u64) {
        let Self { open, events, .. } = self;
        if let Some(call) = open.get_mut(&key) {
            call.begin(events);
        }
        self.go_on(key);
    }

    fn go_on(&mut self, key: u64) {
        let Self { open, events, seen, .. } = self;
        let Some(call) = open.get_mut(&key) else { return };
        let id = call.id;
        let say = |said| {
            if id.is_some() {
                seen.say(id, said);
            }
        };
        if let Some(end) = call.go_on(key, events, say) {
            self.end(key, end);
        }
    }

    /// Everything that is awake does what it has to do.
    fn settle(&mut self) {
        while let Some(key) = self.awake.pop_front() {
            let Some(call) = self.open.get(&key) else { continue };
            if call.cancelled {
                self.end(key, Said::Error("cancelled".to_owned()));
                continue;
            }
            match call.stage {
                Stage::Running => self.go_on(key),
                Stage::New if call.is_bulk() => match self.bulk.take() {
                    true => self.ask_for_place(key),
                    false => {
                        self.bulk.stand_in_line(key);
                        self.call(key).stage = Stage::BulkLine;
                    }
                },
                Stage::New | Stage::Given(Line::Bulk) => self.ask_for_place(key),
                Stage::Given(Line::Place) => self.begin(key),
                Stage::BulkLine | Stage::Line => (),
            }
        }
    }

    fn ask_for_place(&mut self, key: u64) {
        if self.places.take() {
            return self.begin(key);
        }
        self.places.stand_in_line(key);
        self.call(key).stage = Stage::Line;
    }

    /// A call ends, and what it had is free.
    fn end(&mut self, key: u64, end: Said) {
        let Some(call) = self.open.remove(&key) else { return };
        if call.id.is_some() {
            self.seen.say(call.id, end);
        }
        self.places.leave_line(key);
        self.bulk.leave_line(key);
        let takes_place = !matches!(call.method, Method::Watch { .. } | Method::Missing | Method::Misfit);
        if takes_place && matches!(call.stage, Stage::Running | Stage::Given(Line::Place)) {
            self.give_place();
        }
        if call.is_bulk() && !matches!(call.stage, Stage::New | Stage::BulkLine) {
            self.give_bulk();
        }
    }

    fn give_place(&mut self) {
        if let Some(next) = self.places.give() {
            self.call(next).stage = Stage::Given(Line::Place);
            self.wake(next);
        }
    }

    fn give_bulk(&mut self) {
        if let Some(next) = self.bulk.give() {
            self.call(next).stage = Stage::Given(Line::Bulk);
            self.wake(next);
        }
    }

    fn wake(&mut self, key: u64) {
        if !self.awake.contains(&key) {
            self.awake.push_back(key);
        }
    }

    fn next_due(&self) -> Option<(u64, u64)> {
        self.open.iter().filter_map(|(key, call)| Some((call.deadline?, *key))).min()
    }

    fn key_of(&self, id: u64) -> Option<u64> {
        self.open.iter().find_map(|(key, call)| (call.id == Some(id)).then_some(*key))
    }

    fn keys(&self, is_wanted: impl Fn(&Call) -> bool) -> Vec<u64> {
        self.open.iter().filter(|(_, call)| is_wanted(call)).map(|(key, _)| *key).collect()
    }

    fn call(&mut self, key: u64) -> &mut Call {
        self.open.get_mut(&key).expect("a call that is open")
    }
}
