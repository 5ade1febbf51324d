//! Which daemons clients can start by name.

use std::io::Write as _;

use clap::Parser as _;
use console::style;
use hallway::lifecycle::{Connector, Env, Instance, LifecycleError, ServiceFile};
use serde::Serialize;

use super::arguments::{Arguments, TextFormat};
use super::failure::Failure;
use super::output::{self, out};
use super::plain::plain;
use hallway_mail::{Place, daemon};

pub(crate) fn install(place: &Place) -> Result<(), Failure> {
    let env = Env::process();
    let written = daemon::service_file(place)?.write(&env)?;
    let path = ServiceFile::path(&env, place.instance())?;
    let how = if written { "is installed" } else { "was installed already" };
    eprintln!("{} {how}: {}", place.instance(), path.display());
    Ok(())
}

pub(crate) fn uninstall(place: &Place) -> Result<(), Failure> {
    let removed = ServiceFile::remove(&Env::process(), place.instance())?;
    let how = if removed { "is no longer installed" } else { "was not installed" };
    eprintln!("{} {how}", place.instance());
    Ok(())
}

/// A mailbox whose daemon can be started by name.
#[derive(Serialize)]
struct Installed {
    name: String,
    running: bool,
    /// The user's own mailbox; absent for the sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<String>,
    /// Why its service file is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Installed {
    fn new(instance: &Instance, file: Result<ServiceFile, LifecycleError>) -> Self {
        let running = Connector::new(instance.clone()).reach().is_ok();
        let (mailbox, refused) = match file {
            Ok(file) => (mailbox_of(&file), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { name: instance.to_string(), running, mailbox, refused }
    }
}

pub(crate) fn list(format: TextFormat) -> Result<(), Failure> {
    let files = ServiceFile::list(&Env::process())?;
    let ours = files.into_iter().filter(|(instance, _)| instance.service() == Place::SERVICE);
    let found: Vec<_> = ours.map(|(instance, file)| Installed::new(&instance, file)).collect();
    let mut out = out();
    if format == TextFormat::Json {
        output::json(&mut out, &found)?;
        return Ok(out.flush()?);
    }
    let widest = found.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for Installed { name, running, mailbox, refused } in &found {
        let state = if *running { style("running").green() } else { style("stopped") };
        let what = refused.as_deref().or(mailbox.as_deref()).unwrap_or("the sample");
        writeln!(out, "{name:<widest$}  {state}  {}", plain(what))?;
    }
    Ok(out.flush()?)
}

/// The mailbox that a daemon is started for: what its own arguments say.
fn mailbox_of(file: &ServiceFile) -> Option<String> {
    let arguments = [env!("CARGO_PKG_NAME")].into_iter().chain(file.args.iter().map(String::as_str));
    let mailbox = Arguments::try_parse_from(arguments).ok()?.mailbox?;
    Some(mailbox.display().to_string())
}
