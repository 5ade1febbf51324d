//! Attackers that send as fast as they are read, and read as fast as they are sent to.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::Duration;

use nix::poll::PollFlags;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use super::field::Field;
use super::peer::Peer;

/// An order comes at any time; nothing else is waited for so long.
const A_WHILE: Duration = Duration::from_secs(1);

/// As many small messages leave together.
const TOGETHER: u64 = 64;

/// One connection of a flood.
struct Lane {
    peer: Peer,
    out: Vec<u8>,
    sent: usize,
    /// The last id that it has used, and how many of its calls are open.
    last: u64,
    open: u64,
}

impl Lane {
    fn new(field: &mut Field) -> io::Result<Self> {
        Ok(Self { peer: field.connect()?, out: Vec::new(), sent: 0, last: 0, open: 0 })
    }

    /// Notes what has come.
    fn hear(&mut self, field: &mut Field) -> io::Result<()> {
        for said in self.peer.said()? {
            if said.ends {
                self.open = self.open.saturating_sub(1);
                field.tally.add("answered", 1);
            }
            if let Some(word) = said.refusal {
                field.tally.add(&format!("heard:{word}"), 1);
            }
        }
        Ok(())
    }
}

/// Sends what `next` gives, while fewer calls than `depth` are open, and connects anew where it is thrown out. `next` gets
/// the first id, and tells how many it has used and how many calls it has made.
fn flood(
    field: &mut Field,
    depth: u64,
    mut next: impl FnMut(&mut Field, u64, &mut Vec<u8>) -> (u64, u64),
) -> io::Result<()> {
    let mut lanes = (0..field.connections).map(|_| Lane::new(field)).collect::<io::Result<Vec<_>>>()?;
    field.ready()?;
    while !field.over {
        for lane in &mut lanes {
            if lane.sent == lane.out.len() && lane.open < depth {
                lane.out.clear();
                lane.sent = 0;
                let (ids, calls) = next(field, lane.last + 1, &mut lane.out);
                lane.last += ids;
                lane.open += calls;
                field.tally.add("sent", 1);
            }
        }
        let flags = |lane: &Lane| {
            let mut flags = PollFlags::POLLIN;
            flags.set(PollFlags::POLLOUT, lane.sent < lane.out.len());
            flags
        };
        let on: Vec<_> = lanes.iter().map(|lane| (lane.peer.stream.as_fd(), flags(lane))).collect();
        let ready = field.wait(&on, A_WHILE)?;
        for (lane, ready) in lanes.iter_mut().zip(ready) {
            let heard =
                if ready.is_empty() || ready == PollFlags::POLLOUT { Ok(()) } else { lane.hear(field) };
            let sent = heard.and_then(|()| {
                if ready.contains(PollFlags::POLLOUT) {
                    lane.peer.offer(&lane.out[lane.sent..])
                } else {
                    Ok(0)
                }
            });
            match sent {
                Ok(sent) => lane.sent += sent,
                Err(_) => {
                    // Its last words, if it was told any.
                    while lane.hear(field).is_ok() {}
                    field.tally.add("ended", 1);
                    *lane = Lane::new(field)?;
                }
            }
        }
    }
    Ok(())
}

/// Connect and go, every second one with a call that nobody waits for.
pub(super) fn churn(field: &mut Field) -> io::Result<()> {
    let call = field.target.speech.echo(1, 16);
    field.ready()?;
    while !field.over {
        for number in 0..TOGETHER {
            let mut peer = field.connect()?;
            if number % 2 == 0 {
                let _gone_or_not = peer.offer(&call);
            }
        }
        field.wait(&[], Duration::ZERO)?;
    }
    Ok(())
}

/// Messages of the greatest length that is taken, and of one that is a call's limit here.
pub(super) fn largest(field: &mut Field) -> io::Result<()> {
    let speech = field.target.speech;
    let around = speech.echo(1_000_000, 0).len();
    let frames = [speech.largest() - around, (1 << 20) - around].map(|length| speech.echo(1, length));
    flood(field, 2, |field, _, out| {
        // One id for all: each is answered before the next.
        let which = usize::try_from(field.rng.below(2)).unwrap_or_default();
        out.extend_from_slice(&frames[which]);
        (0, 1)
    })
}

/// Values that are small to write and large to hold: deep, wide, the same member over and over, endless numbers; as the parameter
/// of a call, and beside it.
pub(super) fn bombs(field: &mut Field) -> io::Result<()> {
    // So that it is not refused for its length alone.
    const SIZE: usize = (1 << 20) - (4 << 10);
    let speech = field.target.speech;
    let around = |before: &str, inside: &str, after: &str| {
        let times = SIZE / inside.len();
        format!("{before}{}{after}", inside.repeat(times))
    };
    let values = [
        format!("{}{}", "[".repeat(SIZE / 2), "]".repeat(SIZE / 2)),
        format!("{}1{}", r#"{"a":"#.repeat(SIZE / 6), "}".repeat(SIZE / 6)),
        around("[", "0,", "0]"),
        around("[", "[],", "0]"),
        around("[", r#""","#, "0]"),
        around("{", r#""text":"","#, r#""text":""}"#),
        around("", "9", ""),
        around("0.", "9", ""),
        around("1e", "9", ""),
        around(r#"""#, r"\u0041", r#"""#),
    ];
    let calls: Vec<_> = values
        .iter()
        .flat_map(|value| {
            let beside = format!(r#"{{"text":"","beside":{value}}}"#);
            [format!(r#"{{"text":{value}}}"#), beside, value.clone()]
                .map(|params| speech.call(1, "echo", &params))
        })
        .collect();
    flood(field, 2, |field, _, out| {
        let which = usize::try_from(field.rng.below(calls.len() as u64)).unwrap_or_default();
        out.extend_from_slice(&calls[which]);
        (0, 1)
    })
}

/// Calls that are taken back in the same breath.
pub(super) fn cancels(field: &mut Field) -> io::Result<()> {
    flood(field, 16 * TOGETHER, |field, first, out| {
        for id in first..first + TOGETHER {
            out.extend(field.target.speech.call(id, "hold", "{}"));
            out.extend(cancel(field, id));
        }
        (TOGETHER, TOGETHER)
    })
}

fn cancel(field: &Field, id: u64) -> Vec<u8> {
    field.target.speech.frame(format!(r#"{{"v":1,"id":{id},"cancel":true}}"#).as_bytes())
}

/// As many subscriptions as there can be, taken back and made anew.
pub(super) fn subscriptions(field: &mut Field) -> io::Result<()> {
    const AT_ONCE: u64 = 512;
    flood(field, 2 * AT_ONCE, |field, first, out| {
        for id in first..first + TOGETHER {
            out.extend(field.target.speech.call(id, "events", r#"{"since":0}"#));
            if let Some(old) = id.checked_sub(AT_ONCE).filter(|old| *old > 0) {
                out.extend(cancel(field, old));
            }
        }
        (TOGETHER, TOGETHER)
    })
}

/// Descriptors where none are expected: as many as one message can have, one, and the socket itself; never asked for.
pub(super) fn descriptors(field: &mut Field) -> io::Result<()> {
    const MOST: usize = 253;
    const LAST: usize = 16;
    let null = std::fs::File::open("/dev/null")?;
    let call = field.target.speech.echo(1, 16);
    let mut peer = field.connect()?;
    field.ready()?;
    while !field.over {
        let ready = field.wait(&[(peer.stream.as_fd(), PollFlags::POLLIN | PollFlags::POLLOUT)], A_WHILE)?;
        let ready = ready.first().copied().unwrap_or(PollFlags::empty());
        let heard = if ready.contains(PollFlags::POLLIN) { peer.said() } else { Ok(Vec::new()) };
        field.tally.add("answered", heard.as_ref().map_or(0, |said| said.len() as u64));
        let own = peer.stream.as_raw_fd();
        let sent = match field.rng.below(3) {
            0 => send_with(&peer, &call, &[null.as_raw_fd(); MOST]),
            1 => send_with(&peer, &call, &[own]),
            _ => send_with(&peer, &call[..3], &[own, null.as_raw_fd()])
                .and_then(|()| peer.offer(&call[3..]).map(drop)),
        };
        match sent {
            Ok(()) => field.tally.add("sent", 1),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && heard.is_ok() => {}
            Err(_) => {
                field.tally.add("ended", 1);
                peer = field.connect()?;
            }
        }
        if heard.is_err() {
            peer = field.connect()?;
        }
    }
    // The end of some: the socket itself, so often that there are more when one of them is read.
    for _ in 0..LAST {
        let peer = field.connect()?;
        for _ in 0..TOGETHER {
            let _room_or_not = send_with(&peer, &call, &[peer.stream.as_raw_fd()]);
        }
    }
    Ok(())
}

fn send_with(peer: &Peer, bytes: &[u8], descriptors: &[i32]) -> io::Result<()> {
    let with = [ControlMessage::ScmRights(descriptors)];
    let bytes = [io::IoSlice::new(bytes)];
    sendmsg::<()>(peer.stream.as_raw_fd(), &bytes, &with, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Calls with long answers, 64 deep.
pub(super) fn pipelined(field: &mut Field) -> io::Result<()> {
    flood(field, TOGETHER, |field, id, out| {
        out.extend(field.target.speech.echo(id, 16 << 10));
        (1, 1)
    })
}

/// Calls that compute for a millisecond each, nearly as many as one connection may have open.
pub(super) fn work(field: &mut Field) -> io::Result<()> {
    compute(field, "burn")
}

/// The same, as tasks.
pub(super) fn work_in_tasks(field: &mut Field) -> io::Result<()> {
    compute(field, "burn_later")
}

fn compute(field: &mut Field, method: &str) -> io::Result<()> {
    flood(field, 15 * TOGETHER, |field, id, out| {
        out.extend(field.target.speech.call(id, method, r#"{"micros":1000}"#));
        (1, 1)
    })
}

/// The smallest messages that there are.
pub(super) fn tiny(field: &mut Field) -> io::Result<()> {
    flood(field, 16 * TOGETHER, |field, _, out| {
        for _ in 0..TOGETHER {
            out.extend(field.target.speech.frame(b"{}"));
        }
        // Each is answered, without an id.
        (0, 0)
    })
}

/// Answers, grants and cancels of calls that nobody has made.
pub(super) fn unknown_ids(field: &mut Field) -> io::Result<()> {
    const KINDS: [&str; 7] = [
        r#""cancel":true"#,
        r#""grant":1000"#,
        r#""result":null"#,
        r#""item":1"#,
        r#""lagged":{"missed":1,"next":2}"#,
        r#""progress":{"done":1}"#,
        r#""error":{"code":"busy"}"#,
    ];
    flood(field, TOGETHER, |field, _, out| {
        for _ in 0..TOGETHER {
            let (id, kind) = (1 + field.rng.below(1 << 53), field.rng.below(KINDS.len() as u64));
            let kind = KINDS[usize::try_from(kind).unwrap_or_default()];
            out.extend(field.target.speech.frame(format!(r#"{{"v":1,"id":{id},{kind}}}"#).as_bytes()));
        }
        (0, 0)
    })
}

/// Bytes by chance, sometimes after a good beginning.
pub(super) fn garbage(field: &mut Field) -> io::Result<()> {
    flood(field, TOGETHER, |field, _, out| {
        if field.rng.below(2) == 0 {
            out.extend(field.target.speech.echo(1, 16));
        }
        out.extend((0..4096).map(|_| u8::try_from(field.rng.below(256)).unwrap_or_default()));
        (0, 0)
    })
}

/// So many calls that are taken back: at once, or many calls and then all of them. Each has one end, and no id a second.
pub(super) fn rapid_cancel(field: &mut Field) -> io::Result<()> {
    let pairs = field.count;
    let mut lanes: Vec<_> =
        (0..field.connections).map(|_| Lane::new(field)).collect::<io::Result<Vec<_>>>()?;
    let mut open = vec![std::collections::HashSet::new(); lanes.len()];
    let (mut made, mut ended) = (0, 0);
    field.ready()?;
    while ended < pairs {
        for (lane, open) in lanes.iter_mut().zip(&mut open) {
            if lane.sent < lane.out.len() || made == pairs || open.len() as u64 > 4 * TOGETHER {
                continue;
            }
            lane.out.clear();
            lane.sent = 0;
            let ids: Vec<u64> = (lane.last + 1..=lane.last + (2 * TOGETHER).min(pairs - made)).collect();
            lane.last += ids.len() as u64;
            made += ids.len() as u64;
            open.extend(ids.iter().copied());
            let speech = field.target.speech;
            if field.rng.below(2) == 0 {
                ids.iter().for_each(|id| lane.out.extend(speech.call(*id, "hold", "{}")));
                ids.iter().for_each(|id| lane.out.extend(cancel(field, *id)));
            } else {
                for id in ids {
                    lane.out.extend(speech.call(id, "hold", "{}"));
                    lane.out.extend(cancel(field, id));
                }
            }
        }
        let flags = |lane: &Lane| {
            if lane.sent < lane.out.len() {
                PollFlags::POLLIN | PollFlags::POLLOUT
            } else {
                PollFlags::POLLIN
            }
        };
        let on: Vec<_> = lanes.iter().map(|lane| (lane.peer.stream.as_fd(), flags(lane))).collect();
        let ready = field.wait(&on, 20 * A_WHILE)?;
        if ready.iter().all(|ready| ready.is_empty()) {
            return Err(io::Error::other(format!("{} of {made} calls have no end", made - ended)));
        }
        for ((lane, open), ready) in lanes.iter_mut().zip(&mut open).zip(ready) {
            if ready.contains(PollFlags::POLLIN) {
                for said in lane.peer.said()?.into_iter().filter(|said| said.ends) {
                    let known = said.id.is_some_and(|id| open.remove(&id));
                    ended += u64::from(known);
                    field.tally.add(if known { "outcomes" } else { "superfluous" }, 1);
                    let word = said.refusal.unwrap_or_else(|| "result".to_owned());
                    field.tally.add(&format!("heard:{word}"), 1);
                }
            }
            if ready.contains(PollFlags::POLLOUT) {
                lane.sent += lane.peer.offer(&lane.out[lane.sent..])?;
            }
        }
    }
    field.tally.add("pairs", made);
    Ok(())
}
