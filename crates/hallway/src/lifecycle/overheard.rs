//! What a starting daemon is busy with, for those who wait for its start lock and did not launch it.
//!
//! The kernel tells when the lock's file has changed. Where it cannot, nothing is heard but the end.

use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::changes::Changes;
use super::last_start::LastStart;
use super::ready::Line;
use super::{Phase, Word};

pub(super) struct Overheard<'a> {
    file: File,
    changes: Changes,
    on_phase: &'a mut dyn FnMut(Phase),
    last: Line,
}

impl<'a> Overheard<'a> {
    /// Listens to whoever holds the lock of this file; `None` where that cannot be done.
    pub(super) fn new(file: &File, on_phase: &'a mut dyn FnMut(Phase)) -> Option<Self> {
        let file = file.try_clone().ok()?;
        let changes = Changes::of_content(&file).ok()?;
        Some(Self { file, changes, on_phase, last: Line::default() })
    }

    /// Passes on what is said. Whether the daemon says that it serves before the bell rings or the deadline passes.
    pub(super) fn serves_before(mut self, bell: BorrowedFd<'_>, deadline: Instant) -> bool {
        // What was said before anybody listened may be of another start.
        let before = LastStart::read(&self.file);
        loop {
            let now = LastStart::read(&self.file);
            if now.as_ref().is_some_and(LastStart::was_ready) && now != before {
                return true;
            }
            self.hear(now.as_ref());
            let left = deadline.saturating_duration_since(Instant::now());
            let mut waited_for =
                [PollFd::new(bell, PollFlags::POLLIN), PollFd::new(self.changes.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let over = poll(&mut waited_for, timeout).is_err() || left.is_zero();
            let [rung, changed] = waited_for.map(|waited| waited.any().unwrap_or(false));
            if over || rung {
                return false;
            }
            if changed {
                self.changes.take_note();
            }
        }
    }

    fn hear(&mut self, start: Option<&LastStart>) {
        let Some(said) = start.and_then(LastStart::phase).filter(|said| **said != self.last) else { return };
        self.last = said.clone();
        if let Some(Word::Phase(phase)) = said.clone().word() {
            (self.on_phase)(phase);
        }
    }
}
