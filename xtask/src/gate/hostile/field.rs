//! Where one attacker stands: its own process.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use super::super::rng::Rng;
use super::peer::{Peer, Target, timeout};
use super::speech::Speech;
use super::{Attack, Tally};

/// What an attacker has to work with.
pub(super) struct Field {
    pub(super) target: Target,
    /// How many connections this process has.
    pub(super) connections: usize,
    /// After how many it has done enough; without end, if zero.
    pub(super) count: u64,
    pub(super) rng: Rng,
    pub(super) tally: Tally,
    /// It is over.
    pub(super) over: bool,
    /// Those who did not read are to read now.
    pub(super) awake: bool,
}

/// The attacker's part: `NAME SOCKET SPEECH CONNECTIONS COUNT SEED`.
pub(crate) fn part(arguments: &[&str]) -> String {
    match play(arguments) {
        Ok(tally) => tally.to_string(),
        Err(error) => format!("failed:{} 1", error.to_string().replace(char::is_whitespace, "_")),
    }
}

fn play(arguments: &[&str]) -> io::Result<Tally> {
    let wrong = || io::Error::other(format!("no such part: {}", arguments.join(" ")));
    let [name, socket, speech, connections, count, seed] = arguments else { return Err(wrong()) };
    let attack = Attack::of_name(name).ok_or_else(wrong)?;
    let speech = Speech::of_name(speech).ok_or_else(wrong)?;
    let mut field = Field {
        target: Target { socket: PathBuf::from(socket), speech },
        connections: connections.parse().map_err(io::Error::other)?,
        count: count.parse().map_err(io::Error::other)?,
        rng: Rng::new(seed.parse().map_err(io::Error::other)?),
        tally: Tally::default(),
        over: false,
        awake: false,
    };
    (attack.run)(&mut field)?;
    Ok(field.tally)
}

impl Field {
    /// Says that it is in position.
    #[expect(clippy::unused_self, reason = "whoever has a field is an attacker")]
    pub(super) fn ready(&self) -> io::Result<()> {
        println!("ready");
        io::stdout().flush()
    }

    pub(super) fn connect(&mut self) -> io::Result<Peer> {
        self.tally.add("connected", 1);
        Peer::connect(&self.target)
    }

    /// Waits until one of these can go on, an order has come, or the time is up; tells which of them can.
    pub(super) fn wait(
        &mut self,
        on: &[(BorrowedFd<'_>, PollFlags)],
        patience: Duration,
    ) -> io::Result<Vec<PollFlags>> {
        let input = io::stdin();
        let mut polled: Vec<_> = on.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
        let orders = !self.over;
        if orders {
            polled.push(PollFd::new(input.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut polled, timeout(patience)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut ready: Vec<_> =
            polled.iter().map(|one| one.revents().unwrap_or(PollFlags::empty())).collect();
        if orders && ready.pop().is_some_and(|order| !order.is_empty()) {
            self.hear_order()?;
        }
        Ok(ready)
    }

    fn hear_order(&mut self) -> io::Result<()> {
        match nix::unistd::read(io::stdin(), &mut [0; 16])? {
            0 => self.over = true,
            _ => self.awake = true,
        }
        Ok(())
    }
}
