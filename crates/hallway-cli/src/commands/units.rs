//! `hallway units`: files that have a supervisor start a service.

use std::fs::{create_dir_all, write};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use console::style;
use hallway::lifecycle::{Env, ServiceFile, Unit};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::OutputArguments;
use crate::service;

/// The end of the command's help.
pub(crate) const HELP: &str = "\
Examples:
  hallway units mail                                   a socket and a service for your own systemd
  hallway units mail --write ~/.config/systemd/user    puts them where that looks
  hallway units mail --for launchd --write ~/Library/LaunchAgents

A service needs none of this: its first caller starts it. A supervisor is for one that is to run from the login on, to be
started anew when it fails, or to have limits.";

/// Which files, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `mail`, or `mail@work` for one of several.
    service: String,
    /// Whose files.
    #[arg(long = "for", value_name = "SUPERVISOR", value_enum, default_value_t = Supervisor::HERE)]
    supervisor: Supervisor,
    /// Writes them into this directory, and tells what to run then.
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["format", "field"])]
    write: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Supervisor {
    /// A user's systemd.
    Systemd,
    /// macOS.
    Launchd,
}

impl Supervisor {
    const HERE: Self = if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd };
}

/// One file.
#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let instance = service::known(&arguments.service)?;
    let file = ServiceFile::read(&Env::process(), &instance)?;
    let units = match arguments.supervisor {
        Supervisor::Systemd => file.systemd_units()?.to_vec(),
        Supervisor::Launchd => vec![file.launchd_plist()?],
    };
    if let Some(directory) = &arguments.write {
        return put(&units, directory, arguments.supervisor);
    }
    let files: Vec<File<'_>> = units.iter().map(|Unit { name, text, .. }| File { name, text }).collect();
    arguments.output.print(&files, |out| print(out, &files))
}

/// Each file behind its name, which is a comment where there are several.
fn print(out: &mut dyn Write, files: &[File<'_>]) -> io::Result<()> {
    for (at, File { name, text }) in files.iter().enumerate() {
        if files.len() > 1 {
            writeln!(out, "{}{}", if at > 0 { "\n" } else { "" }, style(format!("# {name}")).bold())?;
        }
        write!(out, "{text}")?;
    }
    Ok(())
}

fn put(units: &[Unit], directory: &Path, supervisor: Supervisor) -> Result<(), Failure> {
    let failed = |path: &Path, error: io::Error| {
        Failure::new(Exit::Refused, "cannot_write", format!("cannot write {}: {error}", path.display()))
    };
    create_dir_all(directory).map_err(|error| failed(directory, error))?;
    for unit in units {
        let path = directory.join(&unit.name);
        write(&path, &unit.text).map_err(|error| failed(&path, error))?;
        eprintln!("{} is written", path.display());
    }
    let first = units.first().map(|unit| unit.name.as_str()).unwrap_or_default();
    match supervisor {
        Supervisor::Systemd => {
            eprintln!("next: systemctl --user daemon-reload && systemctl --user enable --now {first}");
        }
        Supervisor::Launchd => {
            eprintln!("next: launchctl bootstrap gui/$(id -u) {}", directory.join(first).display());
        }
    }
    Ok(())
}
