//! `hallway ls`: the services of this user.

use std::time::Duration;

use hallway::lifecycle::{Env, Instance, LifecycleError, Listed, ServiceFile, State, instances};
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
    let found = instances(&env)?;
    let rows = std::thread::scope(|scope| {
        // All at once: one that hangs keeps nobody waiting twice.
        let asking: Vec<_> = found.iter().map(|instance| scope.spawn(|| row(&env, instance))).collect();
        asking.into_iter().filter_map(|row| row.join().ok()).collect::<Result<Vec<_>, _>>()
    })?;
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
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

/// How an instance is; `None` for one of which nothing is left but its locks' files.
fn row(env: &Env, instance: &Instance) -> Result<Option<Row>, Failure> {
    let (file, refused) = match ServiceFile::read(env, instance) {
        Ok(file) => (Some(file), None),
        Err(LifecycleError::NotInstalled { .. }) => (None, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let description = refused.or_else(|| Some(file.as_ref()?.description.clone())).unwrap_or_default();
    let mut row = Row {
        name: instance.to_string(),
        state: state_name(State::Running),
        pid: None,
        version: String::new(),
        uptime_ms: None,
        clients: None,
        calls: None,
        memory_bytes: None,
        installed: file.is_some(),
        description,
    };
    // Asked at once rather than knocked at first: whoever has knocked may be counted as a client.
    if let Ok(status) = service::status(instance, PATIENCE) {
        status.program.rsplit(' ').next().unwrap_or_default().clone_into(&mut row.version);
        row.pid = Some(status.pid);
        row.uptime_ms = Some(status.uptime_ms);
        // Without this one.
        row.clients = Some(status.connections.now.saturating_sub(1));
        row.calls = Some(status.calls_open.saturating_sub(1));
        row.memory_bytes = memory(status.pid);
        return Ok(Some(row));
    }
    let Listed { state, record, .. } = Listed::look_at(env, instance)?;
    row.state = state_name(state);
    let of_interest =
        !row.description.is_empty() || row.installed || record.is_some() || state != State::Stopped;
    row.version = match (record, file) {
        (Some(record), _) if state != State::Stopped => record.version,
        (_, Some(file)) => file.version,
        _ => String::new(),
    };
    Ok(of_interest.then_some(row))
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
