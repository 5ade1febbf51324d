//! `hallway status`: how one service is.

use std::time::Duration;

use crate::failure::Failure;
use crate::output::{OutputArguments, human};
use crate::service::{self, memory};

/// How long the daemon may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn run(name: &str, output: &OutputArguments) -> Result<(), Failure> {
    let status = service::status(&service::instance(name)?, PATIENCE)?;
    output.print(&status, |out| {
        let mut rows = vec![
            ("program", status.program.clone()),
            ("process", status.pid.to_string()),
            ("running", human::duration(status.uptime_ms)),
        ];
        rows.extend(memory(status.pid).map(|bytes| ("memory", human::bytes(bytes))));
        let services = status.services.iter().map(|service| format!("{} {}", service.name, service.version));
        rows.push(("services", services.collect::<Vec<_>>().join(", ")));
        let connections = &status.connections;
        rows.push((
            "connections",
            format!("{}, at most {}, {} in all", connections.now, connections.peak, connections.total),
        ));
        rows.push(("calls", format!("{} open", status.calls_open)));
        if status.draining {
            rows.push(("leaving", "it finishes what is open, and takes nothing new".to_owned()));
        }
        if let Some(reason) = &status.restart_failed {
            rows.push(("not replaced", reason.clone()));
        }
        human::pairs(out, rows)?;
        let usage: Vec<_> = status.usage.iter().filter(|(_, usage)| usage.peak > 0).collect();
        if usage.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let cells = |name: &str, numbers: [u64; 3]| {
            let numbers = numbers.map(|number| crate::output::Cell::right(number.to_string()));
            std::iter::once(crate::output::Cell::new(name)).chain(numbers).collect()
        };
        let rows = usage.into_iter().map(|(name, usage)| cells(name, [usage.now, usage.peak, usage.max]));
        human::table(out, &["USED", "NOW", "PEAK", "LIMIT"], rows)
    })
}
