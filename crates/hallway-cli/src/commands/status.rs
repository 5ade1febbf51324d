//! `hallway status`: how one service is.

use crate::failure::Failure;
use crate::output::{OutputArguments, human};
use crate::service::{self, PATIENCE, memory};

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
        // Without this one.
        let (clients, calls) =
            (status.connections.now.saturating_sub(1), status.calls_open.saturating_sub(1));
        rows.push(("clients", format!("{clients}, at most {}", status.connections.peak)));
        rows.push(("calls", format!("{calls} open")));
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
