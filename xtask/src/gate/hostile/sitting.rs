//! Attackers that cost nothing but what is kept for them: they sit there and do not read, or do not finish what they say.

use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::field::Field;
use super::peer::Peer;
use super::speech::Said;

/// Between two bytes of a slow writer.
const DRIP: Duration = Duration::from_secs(1);

/// Nothing more comes where nothing has come for so long.
const QUIET: Duration = Duration::from_secs(3);

/// They do not all speak at the same moment, but in so many shifts.
const SHIFTS: u32 = 20;

/// Calls of a client that does not read the answers, and how long each of those is.
const REPLIES: u64 = 16;
const REPLY: usize = 64 << 10;

/// A connection that is sat on.
struct Seat {
    peer: Option<Peer>,
    /// What is still to be sent, as fast as it is taken.
    owed: Vec<u8>,
    since: Instant,
    /// The last that it heard.
    word: Option<String>,
    /// Of its events: the first number that it may get, and the last that it knows the fate of.
    expects: Option<u64>,
}

/// Connects all seats, each of which says something at once.
fn take_seats(field: &mut Field, says: impl Fn(&Field) -> Vec<u8>) -> io::Result<Vec<Seat>> {
    let mut seats = Vec::new();
    for _ in 0..field.connections {
        let Ok(mut peer) = field.connect() else {
            // Nobody takes more of them.
            field.tally.add("not-taken", 1);
            break;
        };
        let mut owed = says(field);
        // Who has been refused finds out when it listens.
        let sent = peer.offer(&owed).unwrap_or(owed.len());
        owed.drain(..sent);
        seats.push(Seat { peer: Some(peer), owed, since: Instant::now(), word: None, expects: None });
    }
    Ok(seats)
}

impl Seat {
    /// Notes that it was ended, after how long, and what it was told.
    fn ends(&mut self, field: &mut Field) {
        self.peer = None;
        let after = self.since.elapsed().as_millis().div_ceil(100);
        field.tally.add("ended", 1);
        field.tally.add(&format!("after:{}.{}", after / 10, after % 10), 1);
        let word = self.word.take().unwrap_or_else(|| "nothing".to_owned());
        field.tally.add(&format!("heard:{word}"), 1);
    }

    /// Reads what there is.
    fn hear(&mut self, field: &mut Field) {
        let Some(peer) = &mut self.peer else { return };
        match peer.said() {
            Ok(said) => said.into_iter().for_each(|said| self.note(field, said)),
            Err(_) => self.ends(field),
        }
    }

    /// Counts an answer or an event; what does not follow the one before is a gap.
    fn note(&mut self, field: &mut Field, said: Said) {
        if said.ends && said.refusal.is_none() {
            field.tally.add("answered", 1);
        }
        if let Some(missed) = said.missed {
            field.tally.add("missed", missed);
            self.expects = self.expects.map(|expects| expects + missed);
        }
        if let Some(seq) = said.seq {
            field.tally.add("received", 1);
            let gap = self.expects.is_some_and(|expects| expects != seq);
            field.tally.add("gaps", u64::from(gap));
            self.expects = Some(seq + 1);
        }
        self.word = said.refusal.or(self.word.take());
    }
}

/// Sits until it is over. Readers hear what comes; the others only that they have been ended, until they are to wake: those
/// read to the end of what there is.
fn sit(field: &mut Field, mut seats: Vec<Seat>, reads: bool, drip: &[u8]) -> io::Result<()> {
    field.ready()?;
    let (mut next_drip, mut dripped, mut heard) = (Instant::now() + DRIP, 0, true);
    while !field.over || field.awake && heard {
        let reads = reads || field.awake;
        let mut on = Vec::new();
        for (seat, peer) in seats.iter().filter_map(|seat| Some((seat, seat.peer.as_ref()?))) {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::POLLIN, reads);
            flags.set(PollFlags::POLLOUT, !seat.owed.is_empty());
            on.push((peer.stream.as_fd(), flags));
        }
        let patience =
            if drip.is_empty() { QUIET } else { next_drip.saturating_duration_since(Instant::now()) };
        // What was said before it was over is still to come.
        let begins_over = field.over;
        let ready = field.wait(&on, patience)?;
        heard = !begins_over || ready.iter().any(|ready| !ready.is_empty());
        for (seat, ready) in seats.iter_mut().filter(|seat| seat.peer.is_some()).zip(ready) {
            if ready.contains(PollFlags::POLLIN) {
                seat.hear(field);
            }
            if ready.intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
                // Nothing more comes: the last words are among what has.
                while seat.peer.is_some() {
                    seat.hear(field);
                }
            }
            if ready.contains(PollFlags::POLLOUT)
                && let Some(peer) = &mut seat.peer
            {
                let sent = peer.offer(&seat.owed).unwrap_or(0);
                seat.owed.drain(..sent);
            }
        }
        if !drip.is_empty() && Instant::now() >= next_drip {
            next_drip += DRIP / SHIFTS;
            let shift = dripped % SHIFTS as usize;
            let byte = drip[dripped % drip.len()];
            dripped += 1;
            for seat in seats.iter_mut().skip(shift).step_by(SHIFTS as usize) {
                if let Some(peer) = &mut seat.peer {
                    // That it was ended is heard above, with the reason.
                    let _sent = peer.offer(&[byte]);
                }
            }
        }
    }
    let left = seats.iter().filter(|seat| seat.peer.is_some()).count();
    field.tally.add("left", left as u64);
    for seat in &seats {
        if let Some(expects) = seat.expects {
            field.tally.add(&format!("up-to:{}", expects - 1), 1);
        }
    }
    Ok(())
}

/// Subscribe to events, and do not read.
pub(super) fn subscribers(field: &mut Field) -> io::Result<()> {
    // Nothing but its reading holds its events back.
    let subscribe = br#"{"id":1,"call":"target.events","params":{"since":0},"window":65536}"#;
    let seats = take_seats(field, |field| field.target.speech.frame(subscribe))?;
    let seats = seats.into_iter().map(|seat| Seat { expects: Some(1), ..seat }).collect();
    sit(field, seats, false, &[])
}

/// Ask for answers, many at once, and do not read them.
pub(super) fn replies(field: &mut Field) -> io::Result<()> {
    let seats = take_seats(field, |field| {
        (1..=REPLIES).flat_map(|id| field.target.speech.echo(id, REPLY)).collect()
    })?;
    sit(field, seats, false, &[])
}

/// The same with answers of 1 MiB.
pub(super) fn long_replies(field: &mut Field) -> io::Result<()> {
    let seats = take_seats(field, |field| {
        let call = |id| field.target.speech.call(id, "big", r#"{"length":1048576}"#);
        (1..=REPLIES).flat_map(call).collect()
    })?;
    sit(field, seats, false, &[])
}

/// Make as many calls as may run at a time, which do not end.
pub(super) fn holders(field: &mut Field) -> io::Result<()> {
    let seats = take_seats(field, |field| {
        let call = |id| field.target.speech.call(id, "hold", "{}");
        (1..=hallway::limits::CALLS_RUNNING_MAX as u64).flat_map(call).collect()
    })?;
    sit(field, seats, true, &[])
}

/// Send half a message, and then a byte a second.
pub(super) fn slow_writers(field: &mut Field) -> io::Result<()> {
    let seats = take_seats(field, |field| {
        let mut says = field.target.speech.echo(1, 1);
        let half = field.target.speech.echo(2, 4096);
        says.extend_from_slice(&half[..half.len() / 2]);
        says
    })?;
    sit(field, seats, true, b"x")
}

/// Say that much will come, and send one byte of it.
pub(super) fn announced(field: &mut Field) -> io::Result<()> {
    let seats = take_seats(field, |field| {
        let speech = field.target.speech;
        [speech.echo(1, 1), speech.announcement(1 << 20), b"{".to_vec()].concat()
    })?;
    sit(field, seats, true, &[])
}

/// Do not even say what they speak.
pub(super) fn unrecognised(field: &mut Field) -> io::Result<()> {
    let seats = take_seats(field, |field| {
        let speech = field.target.speech;
        [speech.announcement(1 << 20), b"{".to_vec()].concat()
    })?;
    sit(field, seats, true, b" ")
}

/// Connect, over and over: half of them go when they are told to, the others stay until they are thrown out; all of them come again,
/// about a second later.
pub(super) fn connectors(field: &mut Field) -> io::Result<()> {
    let vacant = || Seat { peer: None, owed: Vec::new(), since: Instant::now(), word: None, expects: None };
    let mut seats: Vec<Seat> = Vec::new();
    seats.resize_with(field.connections, vacant);
    field.ready()?;
    while !field.over {
        for seat in seats.iter_mut().filter(|seat| seat.peer.is_none() && seat.since <= Instant::now()) {
            seat.peer = field.connect().ok();
        }
        let taken = seats.iter().filter_map(|seat| seat.peer.as_ref());
        let on: Vec<_> = taken.map(|peer| (peer.stream.as_fd(), PollFlags::POLLIN)).collect();
        let mut ready = field.wait(&on, DRIP / 20)?.into_iter();
        for (place, seat) in seats.iter_mut().enumerate() {
            if seat.peer.is_none() || ready.next().is_none_or(|ready| ready.is_empty()) {
                continue;
            }
            seat.hear(field);
            if seat.peer.is_some() && seat.word.is_some() && place % 2 == 0 {
                seat.ends(field);
            }
            if seat.peer.is_none() {
                seat.since = Instant::now() + DRIP / 2 + field.rng.pause(DRIP);
            }
        }
    }
    Ok(())
}
