use std::sync::atomic::{AtomicBool, Ordering};

use crate::protocol::{Id, Progress, Stage};

/// How a caller follows a call by a token of its own: a beginning that says what is done, steps, and an end.
#[derive(Debug)]
pub(super) struct Work {
    token: Id,
    title: Box<str>,
    begun: AtomicBool,
}

impl Work {
    /// `None`: the caller does not want to follow.
    pub(super) fn new(token: &Id, method: &str) -> Option<Box<Self>> {
        let work = Self { token: token.clone(), title: method.into(), begun: AtomicBool::new(false) };
        (!token.is_null()).then(|| Box::new(work))
    }

    /// One step; the first is the beginning.
    pub(super) fn step(&self, mut progress: Progress) -> (Id, Progress) {
        if !self.begun.swap(true, Ordering::AcqRel) {
            progress.stage = Stage::Begin { title: self.title.clone() };
        }
        (self.token.clone(), progress)
    }

    /// The end, if there was a beginning.
    pub(super) fn end(&self) -> Option<(Id, Progress)> {
        let progress = Progress { stage: Stage::End, ..Progress::default() };
        self.begun.load(Ordering::Acquire).then(|| (self.token.clone(), progress))
    }
}
