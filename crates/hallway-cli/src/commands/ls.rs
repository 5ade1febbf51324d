//! `hallway ls`: the services of this user.

use std::time::Duration;

use hallway::lifecycle::{Env, Listed, ServiceFile, State, list};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Cell, OutputArguments, human};
use crate::service::{self, memory, state_name};

/// How long each daemon may take to say how it is. One that does not is listed without.
const PATIENCE: Duration = Duration::from_secs(1);

/// One line of the list.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// Of the program.
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
    /// Whether clients can start it by its name.
    installed: bool,
    description: String,
}

pub(crate) fn run(output: &OutputArguments) -> Result<(), Failure> {
    let env = Env::process();
    let listed = list(&env)?;
    let rows = std::thread::scope(|scope| {
        // All at once: one that hangs keeps nobody waiting twice.
        let asking: Vec<_> = listed.iter().map(|listed| scope.spawn(|| row(&env, listed))).collect();
        asking.into_iter().filter_map(|row| row.join().ok()).collect::<Vec<_>>()
    });
    output.print(&rows, |out| {
        if rows.is_empty() {
            writeln!(out, "Nothing runs, and nothing is installed.")?;
            return writeln!(
                out,
                "A service shows up here once its program has run, or after its `install`."
            );
        }
        let head = ["NAME", "STATE", "PID", "VERSION", "UPTIME", "CLIENTS", "CALLS", "MEMORY", ""];
        human::table(out, &head, rows.iter().map(cells))
    })
}

fn row(env: &Env, listed: &Listed) -> Row {
    let file = ServiceFile::read(env, &listed.instance).ok();
    let status =
        (listed.state == State::Running).then(|| service::status(&listed.instance, PATIENCE).ok()).flatten();
    let version = match (&status, &listed.record, &file) {
        (Some(status), ..) => status.program.rsplit(' ').next().unwrap_or_default(),
        (None, Some(record), _) if listed.state != State::Stopped => &record.version,
        (None, _, Some(file)) => &file.version,
        (None, _, None) => "",
    };
    Row {
        name: listed.instance.to_string(),
        state: state_name(listed.state),
        pid: status.as_ref().map(|status| status.pid),
        version: version.to_owned(),
        uptime_ms: status.as_ref().map(|status| status.uptime_ms),
        // Without this one.
        clients: status.as_ref().map(|status| status.connections.now.saturating_sub(1)),
        calls: status.as_ref().map(|status| status.calls_open.saturating_sub(1)),
        memory_bytes: status.as_ref().and_then(|status| memory(status.pid)),
        installed: listed.installed,
        description: file.map(|file| file.description).unwrap_or_default(),
    }
}

fn cells(row: &Row) -> Vec<Cell> {
    let number = |number: Option<u64>| Cell::right(number.map_or_else(String::new, |n| n.to_string()));
    let state = match row.state {
        "running" => Cell::new(row.state).green(),
        "dead" => Cell::new(row.state).red(),
        other => Cell::new(other).dim(),
    };
    vec![
        Cell::new(&row.name).bold(),
        state,
        number(row.pid.map(u64::from)),
        Cell::new(&row.version),
        Cell::right(row.uptime_ms.map_or_else(String::new, human::duration)),
        number(row.clients),
        number(row.calls),
        Cell::right(row.memory_bytes.map_or_else(String::new, human::bytes)),
        Cell::new(&row.description).dim(),
    ]
}
