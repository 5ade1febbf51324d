use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::protocol::{Id, Progress, Stage};

/// How a caller follows a call by a token of its own: a beginning that says what is done, steps, and an end.
#[derive(Debug)]
pub(super) struct Work {
    token: Id,
    title: Box<str>,
    reached: Mutex<Reached>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    Nothing,
    Beginning,
    End,
}

impl Work {
    /// `None`: the caller does not want to follow.
    pub(super) fn new(token: &Id, method: &str) -> Option<Box<Self>> {
        let reached = Mutex::new(Reached::Nothing);
        let work = Self { token: token.clone(), title: method.into(), reached };
        (!token.is_null()).then(|| Box::new(work))
    }

    /// Has one step sent; the first is the beginning, and after the end there is none. Sent while nobody else
    /// can send one: a beginning that came after the end would never end.
    pub(super) fn step(&self, mut progress: Progress, send: impl FnOnce(Id, Progress)) {
        let mut reached = self.reached();
        match *reached {
            Reached::Nothing => progress.stage = Stage::Begin { title: self.title.clone() },
            Reached::Beginning => (),
            Reached::End => return,
        }
        *reached = Reached::Beginning;
        send(self.token.clone(), progress);
    }

    /// Has the end sent, if there was a beginning.
    pub(super) fn end(&self, send: impl FnOnce(Id, Progress)) {
        let mut reached = self.reached();
        if std::mem::replace(&mut *reached, Reached::End) == Reached::Beginning {
            send(self.token.clone(), Progress { stage: Stage::End, ..Progress::default() });
        }
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        // Nothing that can panic runs under this lock.
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[test]
fn what_comes_after_the_end_is_not_told() {
    let told = Mutex::new(Vec::new());
    let tell = |_: Id, progress: Progress| told.lock().unwrap().push(progress.stage);
    let work = Work::new(&Id::Number(1), "mail.import").unwrap();
    work.step(Progress::default(), tell);
    work.step(Progress::default(), tell);
    work.end(tell);
    work.step(Progress::default(), tell);
    work.end(tell);
    let begin = Stage::Begin { title: "mail.import".into() };
    assert_eq!(*told.lock().unwrap(), [begin, Stage::Report, Stage::End]);
    let silent = Work::new(&Id::Text("t".into()), "mail.import").unwrap();
    silent.end(tell);
    assert_eq!(told.lock().unwrap().len(), 3);
    assert!(Work::new(&Id::null(), "mail.import").is_none());
}
