//! Places to run, and the lines before them.

use std::collections::VecDeque;

/// So many places, given in the order in which they are asked for.
#[derive(Debug)]
pub(crate) struct Places {
    free: usize,
    line: VecDeque<u64>,
}

impl Places {
    pub(crate) fn new(number: usize) -> Self {
        Self { free: number, line: VecDeque::new() }
    }

    /// Takes a place if there is one.
    pub(crate) fn take(&mut self) -> bool {
        let taken = self.free > 0;
        self.free -= usize::from(taken);
        taken
    }

    pub(crate) fn stand_in_line(&mut self, key: u64) {
        self.line.push_back(key);
    }

    pub(crate) fn leave_line(&mut self, key: u64) {
        self.line.retain(|other| *other != key);
    }

    /// Gives a place back: to the first in line, if there is one, which is returned.
    pub(crate) fn give(&mut self) -> Option<u64> {
        let next = self.line.pop_front();
        self.free += usize::from(next.is_none());
        next
    }
}
