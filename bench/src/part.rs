//! The parts that this program plays when it starts itself: a server, a client, a process that makes one call.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::figures::{Figure, Figures};
use crate::measures::Measure;
use crate::peers::{self, Ready};
use crate::place::{Placement, Role, Site};
use crate::process::{processor_time, raise_open_files};
use crate::runtime::Runtime;

/// One process of a measurement, as it is told what to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    pub peer: String,
    pub site: PathBuf,
    pub placement: Placement,
    pub runtime: Runtime,
    pub does: Does,
}

/// What it does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    Serve,
    /// Calls for so long once it is told to, having done so for a part of this time.
    Call {
        measure: Measure,
        time: Duration,
        /// The server's process.
        server: u32,
    },
    /// Holds so many connections.
    Hold {
        connections: usize,
    },
    /// Connects, calls once, and goes.
    Once,
}

/// A client has done the same before it is measured, for this part of the time.
const WARM_UP: u32 = 5;

impl Part {
    /// Plays the part that was written out.
    pub fn play(written: &str) -> Outcome {
        let part: Self = serde_json::from_str(written)?;
        if let Does::Once = part.does {
            // What it costs to start is what is measured: nothing else is done.
            return part.client(1)?.greet();
        }
        set_pdeathsig(Signal::SIGKILL)?;
        raise_open_files()?;
        part.placement.pin(if let Does::Serve = part.does { Role::Server } else { Role::Client })?;
        match part.does {
            Does::Serve => peers::named(&part.peer)?.serve(&part.site(), part.runtime, Ready),
            Does::Call { measure, time, server } => part.call(measure, time, server),
            Does::Hold { connections } => {
                let mut client = part.client(connections)?;
                client.greet()?;
                wait_for_word()?;
                drop(client);
                Ok(())
            }
            Does::Once => Ok(()),
        }
    }

    fn call(&self, measure: Measure, time: Duration, server: u32) -> Outcome {
        let mut client = self.client(measure.connections())?;
        client.greet()?;
        measure.call(&mut *client, Instant::now() + time / WARM_UP)?;
        wait_for_word()?;
        let own = std::process::id();
        let used = || Outcome::Ok((processor_time(server)?, processor_time(own)?));
        let (before, begun) = (used()?, Instant::now());
        let counted = measure.call(&mut *client, begun + time)?;
        let (took, after) = (begun.elapsed(), used()?);
        let each = |time: Duration| time.as_secs_f64() * 1e6 / counted.done as f64;
        let mut figures = Figures::from([
            (Figure::PerSecond, counted.done as f64 / took.as_secs_f64()),
            (Figure::ServerCpu, each(after.0.saturating_sub(before.0))),
            (Figure::ClientCpu, each(after.1.saturating_sub(before.1))),
            (Figure::Done, counted.done as f64),
        ]);
        figures.extend(counted.figures);
        say(&serde_json::to_string(&figures)?)
    }

    fn client(&self, connections: usize) -> Outcome<Box<dyn peers::Client>> {
        peers::named(&self.peer)?.connect(&self.site(), self.runtime, connections)
    }

    fn site(&self) -> Site {
        Site::new(&self.site)
    }
}

/// Says that it is ready, and waits to be told to go on.
fn wait_for_word() -> Outcome {
    say(Ready::WORD)?;
    let mut word = String::new();
    std::io::stdin().lock().read_line(&mut word)?;
    Ok(())
}

fn say(line: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
