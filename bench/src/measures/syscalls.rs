//! System calls for each call, at each side: one after the other on one core, and many at once on two.

use std::time::Duration;

use super::Measure;
use crate::Outcome;
use crate::figures::{Case, Figure, Figures};
use crate::pair::Pair;
use crate::part::Does;
use crate::place::Placement;
use crate::trace::Trace;

/// What is counted, and where it goes.
const COUNTED: [(Measure, Placement, Figure, Figure); 2] = [
    (Measure::Latency, Placement::OneCore, Figure::ServerSyscalls, Figure::ClientSyscalls),
    (
        Measure::Pipelined,
        Placement::TwoCores,
        Figure::ServerSyscallsPipelined,
        Figure::ClientSyscallsPipelined,
    ),
];

pub fn take(case: &Case, time: Duration) -> Outcome<Figures> {
    let mut figures = Figures::new();
    let peer = crate::peers::named(case.peer)?;
    for (measure, placement, server, client) in COUNTED {
        if !peer.does(measure) || !peer.fits(placement) {
            continue;
        }
        let case = Case { placement, ..case.clone() };
        let mut pair = Pair::serve(&case)?;
        let caller = pair.start(Does::Call { measure, time, server: pair.server() })?;
        let traces = [(server, Trace::of(pair.server())?), (client, Trace::of(caller)?)];
        let heard = pair.finish()?;
        let done = heard.get(&Figure::Done).copied().ok_or("nothing was counted")?;
        for (figure, trace) in traces {
            figures.insert(figure, trace.count()? as f64 / done);
        }
    }
    Ok(figures)
}
