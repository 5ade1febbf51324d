use std::sync::OnceLock;
use std::time::Instant;

use crate::limits::{QUEUE_MESSAGES, SPIN_TIME};

/// Whether to look for what comes next, for a moment, instead of going to sleep: being woken on another processor takes
/// several times as long as a short call. A side that wants to always looks; every other one after a turn that has brought
/// a whole queue, which rarely comes alone. What is looked for in vain too often is not looked for, for a while; and
/// one processor is better used by who is waited for.
#[derive(Debug)]
pub(crate) struct Spin {
    on: When,
    now: Now,
    /// What it was worth lately.
    score: u8,
    /// How many times it is left out.
    left_out: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Never,
    AfterQueues,
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    /// Something has come of late; a queue, or less.
    Busy { queue: bool },
    /// It looks, since then.
    Looks(Instant),
    /// It has looked, or does not at all, until something comes.
    Sleeps,
}

/// One that was worth it, and what one that was not costs.
const WON: u8 = 1;
const LOST: u8 = 2;
const SCORE_MAX: u8 = 16;

/// So often it is left out when it was not worth it.
const LEFT_OUT: u8 = 64;

/// How many processors there are for this process. Looked up once: the system is asked by reading files.
pub(super) fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

impl Spin {
    /// `always`: not after queues alone, if there is more than one processor.
    pub(crate) fn new(always: bool) -> Self {
        let on = match (processors() > 1, always) {
            (false, _) => When::Never,
            (true, false) => When::AfterQueues,
            (true, true) => When::Always,
        };
        Self { on, now: Now::Busy { queue: false }, score: SCORE_MAX, left_out: 0 }
    }

    /// Something has come, or gone; so many messages have come in this turn.
    pub(crate) fn moved(&mut self, messages: usize) {
        if self.is_looking() {
            self.score = (self.score + WON).min(SCORE_MAX);
        }
        self.now = Now::Busy { queue: messages >= QUEUE_MESSAGES };
    }

    /// Whether this is such a moment.
    pub(crate) fn is_looking(&self) -> bool {
        matches!(self.now, Now::Looks(_))
    }

    /// Whether to look once more before going to sleep. A side that always looks has let the other threads of the processor
    /// through first.
    pub(crate) fn looks_again(&mut self) -> bool {
        match self.now {
            Now::Looks(since) if since.elapsed() < SPIN_TIME => {
                // Who has not asked for this does not lend its processor: on a busy machine it comes back much later.
                if self.on == When::Always {
                    std::thread::yield_now();
                }
                return true;
            }
            Now::Looks(_) => {
                self.score = self.score.saturating_sub(LOST);
                self.now = Now::Sleeps;
            }
            Now::Busy { queue } => {
                self.now = if self.begins(queue) { Now::Looks(Instant::now()) } else { Now::Sleeps };
            }
            Now::Sleeps => (),
        }
        self.is_looking()
    }

    fn begins(&mut self, queue: bool) -> bool {
        if self.on == When::Never || self.on == When::AfterQueues && !queue {
            return false;
        }
        if self.score == 0 {
            self.score = SCORE_MAX / 2;
            self.left_out = LEFT_OUT;
        }
        let left_out = self.left_out > 0;
        self.left_out = self.left_out.saturating_sub(1);
        !left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> Spin {
        Spin { on: When::Always, ..Spin::new(false) }
    }

    fn in_vain(spin: &mut Spin) -> bool {
        let began = spin.looks_again();
        while spin.looks_again() && began {}
        began
    }

    #[test]
    fn it_ends_by_itself_and_is_not_begun_again_for_nothing() {
        let mut spin = on();
        let began = Instant::now();
        assert!(in_vain(&mut spin));
        assert!(began.elapsed() >= SPIN_TIME);
        let tried = (0..1000).filter(|_| in_vain(&mut spin)).count();
        assert_eq!(tried, 0, "nothing has come");
        let something_comes = |spin: &mut Spin| {
            spin.moved(1);
            in_vain(spin)
        };
        let tried = (0..1000).filter(|_| something_comes(&mut spin)).count();
        assert!((1..100).contains(&tried), "{tried} of 1000");
    }

    #[test]
    fn it_goes_on_while_it_is_worth_it() {
        let mut spin = on();
        for _ in 0..1000 {
            assert!(spin.looks_again());
            spin.moved(1);
        }
        assert!(!Spin::new(false).looks_again());
    }

    #[test]
    fn who_does_not_always_look_does_so_after_a_queue() {
        let mut spin = Spin { on: When::AfterQueues, ..Spin::new(false) };
        assert!(!spin.looks_again());
        spin.moved(QUEUE_MESSAGES - 1);
        assert!(!spin.looks_again());
        spin.moved(QUEUE_MESSAGES);
        assert!(in_vain(&mut spin));
        assert!(!spin.looks_again(), "it has not come again");
        spin.on = When::Never;
        spin.moved(QUEUE_MESSAGES);
        assert!(!spin.looks_again());
    }
}
