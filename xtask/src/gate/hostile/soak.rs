//! Clients as they are over the years: they call, come and go, subscribe, and are killed.

use std::io;
use std::time::Duration;

use super::field::Field;
use super::peer::{PATIENCE, Peer};

/// How long the texts of calls are.
const LENGTHS: [usize; 6] = [0, 10, 100, 1000, 10_000, 100_000];

/// Calls that leave together.
const TOGETHER: u64 = 16;

/// Hears so many ends, and gives what is no good to the tally.
fn hear_ends(field: &mut Field, peer: &mut Peer, ends: u64) -> io::Result<()> {
    let mut ended = 0;
    while ended < ends {
        let said = peer.hear(PATIENCE)?;
        if said.is_empty() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        for said in said.into_iter().filter(|said| said.ends) {
            ended += 1;
            if let Some(refusal) = said.refusal {
                field.tally.add(&format!("heard:{refusal}"), 1);
            }
        }
    }
    Ok(())
}

/// Calls of mixed lengths; a long one comes alone.
pub(super) fn calls(field: &mut Field) -> io::Result<()> {
    let mut peers = (0..field.connections).map(|_| field.connect()).collect::<io::Result<Vec<_>>>()?;
    field.ready()?;
    let (mut made, mut last) = (0, 0);
    while made < field.count {
        for peer in &mut peers {
            // Many short ones for each long one.
            let kind = field.rng.below(64).min(field.rng.below(64));
            let length = LENGTHS[usize::try_from(kind).unwrap_or_default() % LENGTHS.len()];
            let together = if length > 1000 { 1 } else { TOGETHER };
            let mut out = Vec::new();
            (1..=together).for_each(|next| out.extend(field.target.speech.echo(last + next, length)));
            last += together;
            peer.send(&out, PATIENCE)?;
            hear_ends(field, peer, together)?;
            made += together;
        }
    }
    field.tally.add("calls", made);
    Ok(())
}

/// Connections that make one call, or none.
pub(super) fn connects(field: &mut Field) -> io::Result<()> {
    field.ready()?;
    for number in 0..field.count {
        let mut peer = field.connect()?;
        if number % 2 == 0 {
            let call = field.target.speech.echo(1, 10);
            peer.send(&call, PATIENCE)?;
            hear_ends(field, &mut peer, 1)?;
        }
    }
    Ok(())
}

/// Subscriptions, half of which are taken back, and half end with their connection.
pub(super) fn subscriptions(field: &mut Field) -> io::Result<()> {
    field.ready()?;
    let speech = field.target.speech;
    let mut made = 0;
    while made < field.count {
        let mut peer = field.connect()?;
        for id in 1..=TOGETHER {
            let since = if id % 2 == 0 { r#"{"since":0}"# } else { "{}" };
            peer.send(&speech.call(id, "events", since), PATIENCE)?;
        }
        for id in 1..=TOGETHER / 2 {
            peer.send(&speech.frame(format!(r#"{{"id":{id},"cancel":true}}"#).as_bytes()), PATIENCE)?;
        }
        let mut taken_back = 0;
        while taken_back < TOGETHER / 2 {
            let said = peer.hear(PATIENCE)?;
            if said.is_empty() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for said in said {
                taken_back += u64::from(said.ends);
                if let Some(word) = said.refusal.filter(|word| word != "cancelled") {
                    field.tally.add(&format!("heard:{word}"), 1);
                }
            }
        }
        made += TOGETHER;
        field.tally.add("subscriptions", TOGETHER);
    }
    Ok(())
}

/// One that is about to be killed: it writes calls and subscriptions in pieces of any length, until then.
pub(super) fn killed(field: &mut Field) -> io::Result<()> {
    let speech = field.target.speech;
    let mut peer = field.connect()?;
    field.ready()?;
    let mut out: Vec<u8> = Vec::new();
    for id in 1_u64.. {
        match id % 4 {
            0 => out.extend(speech.call(id, "hold", "{}")),
            1 => out.extend(speech.call(id, "events", r#"{"since":0}"#)),
            2 => out.extend(speech.call(id, "big", r#"{"length":100000}"#)),
            _ => out.extend(speech.echo(id, 1000)),
        }
        while out.len() > 200 {
            let piece = 1 + usize::try_from(field.rng.below(200)).unwrap_or_default();
            let sent = peer.offer(&out[..piece])?;
            out.drain(..sent);
            let pause = field.rng.pause(Duration::from_millis(1));
            field.wait(&[], pause)?;
            if field.over {
                return Ok(());
            }
        }
    }
    Ok(())
}
