//! What the reference knows of one call.

use crate::puppet::KEPT;
use crate::session::Said;
use crate::step::Method;

/// A call that is open.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: Option<u64>,
    pub(crate) method: Method,
    /// When its time is over.
    pub(crate) deadline: Option<u64>,
    /// How many items its caller has room for.
    pub(crate) credit: u32,
    pub(crate) stage: Stage,
    /// The caller has taken it back.
    pub(crate) cancelled: bool,
    /// What a step has said to its handler, if it is one that waits for that: whether it refuses.
    pub(crate) told: Option<bool>,
    /// Of a stream: the number of the next item. Of a subscription: that of the next event.
    pub(crate) next: u64,
    /// The event that it has taken and not yet sent.
    pub(crate) event: Option<u64>,
    /// It asked for events that this topic has not counted.
    pub(crate) ahead: bool,
}

/// Where a call is on its way to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not asked yet.
    New,
    /// It stands in line for the right to be one of the bulk calls that run.
    BulkLine,
    /// It stands in line for a place; with that right, if it needs it.
    Line,
    /// It has been given what it stood in line for.
    Given(Line),
    Running,
}

/// What was stood in line for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Bulk,
    Place,
}

/// The events of all subscriptions.
#[derive(Debug)]
pub(crate) struct Events {
    /// The number of the next one.
    pub(crate) next: u64,
}

impl Events {
    fn oldest(&self) -> u64 {
        self.next.saturating_sub(KEPT).max(1)
    }
}

impl Call {
    pub(crate) fn is_bulk(&self) -> bool {
        self.method == Method::Bulk
    }

    pub(crate) fn is_subscription(&self) -> bool {
        matches!(self.method, Method::Watch { .. })
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.method, Method::Hold | Method::Bulk) && self.stage == Stage::Running
    }

    /// Its handler begins.
    pub(crate) fn begin(&mut self, events: &Events) {
        self.stage = Stage::Running;
        self.next = 1;
        if let Method::Watch { since, .. } = self.method {
            let since = since.map(u64::from);
            self.ahead = since.is_some_and(|since| since >= events.next);
            self.next = since.map_or(events.next, |since| since + 1).min(events.next);
        }
    }

    /// Its handler goes on as far as it can; the end, if it comes to one.
    pub(crate) fn go_on(&mut self, key: u64, events: &Events, mut say: impl FnMut(Said)) -> Option<Said> {
        match self.method {
            Method::Answer => Some(Said::Result(Some(key))),
            Method::Hold | Method::Bulk => self.told.map(|refuses| match refuses {
                true => Said::Error("refused".to_owned()),
                false => Said::Result(Some(key)),
            }),
            Method::Numbers { to, .. } => loop {
                if self.next > to.into() {
                    return Some(Said::Result(None));
                }
                if self.id.is_none() {
                    return Some(Said::End);
                }
                if !self.spend() {
                    return None;
                }
                say(Said::Item { seq: None, value: self.next });
                self.next += 1;
            },
            // Nobody would hear of it.
            Method::Watch { .. } if self.id.is_none() => Some(Said::End),
            Method::Watch { .. } => loop {
                if let Some(event) = self.event {
                    if !self.spend() {
                        return None;
                    }
                    say(Said::Item { seq: Some(event), value: event });
                    self.event = None;
                }
                let missed = events.oldest().saturating_sub(self.next);
                if missed > 0 || std::mem::take(&mut self.ahead) {
                    self.next += missed;
                    say(Said::Lagged { missed, next: self.next });
                } else if self.next == events.next {
                    return None;
                } else {
                    self.event = Some(self.next);
                    self.next += 1;
                }
            },
            Method::Missing => Some(Said::Error("unknown_method".to_owned())),
            Method::Misfit => Some(Said::Error("bad_params".to_owned())),
        }
    }

    fn spend(&mut self) -> bool {
        let spent = self.credit > 0;
        self.credit -= u32::from(spent);
        spent
    }
}
