//! `hallway where`: the places, and the rule that chose them.

use hallway::lifecycle::{Env, RuntimePath, ServiceFile, log_path};
use serde::Serialize;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::output::{OutputArguments, human};
use crate::service;

/// Where things are.
#[derive(Debug, Serialize)]
struct Places {
    #[serde(skip_serializing_if = "Option::is_none")]
    socket: Option<PathBuf>,
    runtime_dir: PathBuf,
    /// What gave the runtime directory.
    rule: &'static str,
    /// What did not, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
    service_file: PathBuf,
    log: PathBuf,
}

pub(crate) fn run(name: Option<&str>, output: &OutputArguments) -> Result<(), Failure> {
    let env = Env::process();
    let chosen = RuntimePath::choose(&env)?;
    // The files of an instance are called after it; without one, what they are in is shown.
    let instance = service::instance(name.unwrap_or("any"))?;
    let of = |path: PathBuf| match name {
        Some(_) => path,
        None => path.parent().map(PathBuf::from).unwrap_or(path),
    };
    let places = Places {
        socket: name.map(|_| chosen.path.join(format!("{instance}.sock"))),
        rule: service::rule_name(chosen.rule),
        skipped: chosen
            .skipped
            .iter()
            .map(|skipped| format!("{}: {}", skipped.path.display(), skipped.reason))
            .collect(),
        runtime_dir: chosen.path,
        service_file: of(ServiceFile::path(&env, &instance)?),
        log: of(log_path(&env, &instance)?),
    };
    output.print(&places, |out| {
        let mut rows = Vec::new();
        if let Some(socket) = &places.socket {
            rows.push(("socket", socket.display().to_string()));
        }
        rows.push(("runtime dir", format!("{} ({})", places.runtime_dir.display(), places.rule)));
        rows.extend(places.skipped.iter().map(|skipped| ("passed over", skipped.clone())));
        let (file, log) = if name.is_some() { ("service file", "log") } else { ("service files", "logs") };
        rows.push((file, places.service_file.display().to_string()));
        rows.push((log, places.log.display().to_string()));
        human::pairs(out, rows)
    })
}
