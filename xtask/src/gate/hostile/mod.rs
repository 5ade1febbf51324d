//! Hostile clients: processes that do to a socket what nobody should, and count what they get for it. They can be pointed
//! at any socket whose [`Speech`] is known, ours and our neighbours'.
//!
//! An attacker says `ready` once it is in position, hears orders on its standard input, stops at the end of that, and
//! prints what it has counted.

mod band;
mod field;
mod floods;
mod peer;
mod sitting;
mod soak;
mod speech;
mod victim;

use std::io;

pub(super) use band::{Band, Tally};
pub(super) use field::part;
pub(super) use peer::{Peer, Target};
pub(super) use speech::Speech;
pub(super) use victim::{Felt, Victim};

use field::Field;

/// Something that is done to a daemon.
#[derive(Debug)]
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// It keeps processors busy, its own and the daemon's.
    pub(super) burns: bool,
    /// It needs more than a method `echo`.
    pub(super) ours_only: bool,
    /// The defence of which it has to show that it is gone.
    pub(super) notices: Option<&'static str>,
    /// How many take part, in full and in a short run.
    pub(super) connections: [usize; 2],
    run: fn(&mut Field) -> io::Result<()>,
}

/// One attack for each row of the table of neighbours.
pub(super) const ATTACKS: &[Attack] = &[
    waits("subscribers-that-never-read", [1000, 200], sitting::subscribers).ours(),
    waits("replies-never-read", [100, 40], sitting::replies),
    waits("long-replies-never-read", [100, 20], sitting::long_replies).ours(),
    waits("calls-that-never-end", [64, 64], sitting::holders).ours(),
    waits("one-byte-a-second", [4000, 400], sitting::slow_writers),
    waits("announced-and-not-sent", [1000, 200], sitting::announced),
    burns("connect-churn", [2, 2], floods::churn),
    burns("largest-frames", [4, 2], floods::largest),
    burns("json-bombs", [2, 2], floods::bombs),
    burns("cancel-flood", [2, 2], floods::cancels).ours(),
    burns("subscription-flood", [2, 2], floods::subscriptions).ours(),
    burns("descriptor-bombs", [1, 1], floods::descriptors).notices("descriptors"),
    burns("pipelined-echo", [2, 2], floods::pipelined),
    burns("pipelined-work", [2, 2], floods::work).ours().notices("turns"),
    burns("tiny-frames", [2, 2], floods::tiny),
    burns("unknown-ids", [2, 2], floods::unknown_ids).ours(),
    burns("garbage", [2, 2], floods::garbage),
];

/// What other gates do by themselves, or `hostile-neighbours` if it is asked to.
const OTHERS: &[Attack] = &[
    waits("unrecognised", [1000, 200], sitting::unrecognised),
    waits("connectors", [1000, 200], sitting::connectors),
    burns("pipelined-work-in-tasks", [2, 2], floods::work_in_tasks).ours(),
    burns("rapid-cancel", [4, 4], floods::rapid_cancel).ours(),
    burns("soak-calls", [4, 4], soak::calls).ours(),
    burns("soak-connects", [2, 2], soak::connects).ours(),
    burns("soak-subscriptions", [2, 2], soak::subscriptions).ours(),
    burns("soak-killed", [1, 1], soak::killed).ours(),
];

const fn waits(name: &'static str, connections: [usize; 2], run: fn(&mut Field) -> io::Result<()>) -> Attack {
    Attack { name, burns: false, ours_only: false, notices: None, connections, run }
}

const fn burns(name: &'static str, connections: [usize; 2], run: fn(&mut Field) -> io::Result<()>) -> Attack {
    Attack { name, burns: true, ours_only: false, notices: None, connections, run }
}

impl Attack {
    const fn ours(mut self) -> Self {
        self.ours_only = true;
        self
    }

    const fn notices(mut self, defence: &'static str) -> Self {
        self.notices = Some(defence);
        self
    }

    pub(super) fn of_name(name: &str) -> Option<&'static Self> {
        ATTACKS.iter().chain(OTHERS).find(|attack| attack.name == name)
    }
}
