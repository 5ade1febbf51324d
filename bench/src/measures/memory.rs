//! What an idle connection takes of the server's own memory, after one call on it.

use crate::Outcome;
use crate::figures::{Case, Figure, Figures};
use crate::pair::Pair;
use crate::part::Does;
use crate::process::own_memory;

/// So many connections have come and gone before, so that what is built once is not counted.
const BEFORE: usize = 8;

pub fn take(case: &Case, connections: &[(usize, Figure)]) -> Outcome<Figures> {
    let most = crate::peers::named(case.peer)?.connections_max();
    let connections = connections.iter().filter(|(connections, _)| *connections <= most);
    connections.map(|&(connections, figure)| Ok((figure, each(case, connections)?))).collect()
}

fn each(case: &Case, connections: usize) -> Outcome<f64> {
    let mut pair = Pair::serve(case)?;
    let mut memory = |connections| -> Outcome<u64> {
        pair.start(Does::Hold { connections })?;
        let memory = own_memory(pair.server())?;
        pair.leave()?;
        Ok(memory)
    };
    let before = memory(BEFORE)?;
    let grown = memory(connections)?.saturating_sub(before);
    Ok(grown as f64 / 1024.0 / connections as f64)
}
