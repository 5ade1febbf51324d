//! What was found: a line for each layer.

use std::io::{self, Write};
use std::path::PathBuf;

use console::style;
use hallway::lifecycle::Instance;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::plain;

/// Declares the layers, in the order in which they rest on each other, each with how the tool exits if it fails.
macro_rules! layers {
    ($($name:ident = $text:literal,)*) => {
        /// What a service that works rests on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Layer { $($name,)* }

        impl Layer {
            const ALL: &[Self] = &[$(Self::$name,)*];

            fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$name,)* }
            }
        }
    };
}

layers! {
    Directory = "directory",
    Owner = "owner",
    Mode = "mode",
    Installed = "installed",
    Socket = "socket",
    Lock = "lock",
    Listening = "listening",
    Recognised = "recognised",
    Handshake = "handshake",
    Versions = "versions",
    Schema = "schema",
    State = "state",
}

/// What was found of a service.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    service: String,
    /// The first layer that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'static str>,
    checks: Vec<Check>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<Log>,
}

/// What was found of a layer.
#[derive(Debug, Serialize)]
struct Check {
    layer: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Failed,
    /// There was nothing to look at.
    Skipped,
}

/// The end of the log.
#[derive(Debug, Serialize)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    pub(super) lines: Vec<String>,
}

impl Report {
    /// One in which nothing has been looked at.
    pub(super) fn new(instance: &Instance) -> Self {
        let unseen = |layer: &Layer| Check {
            layer: layer.name(),
            verdict: Verdict::Skipped,
            says: "not looked at".to_owned(),
            remedy: None,
        };
        let checks = Layer::ALL.iter().map(unseen).collect();
        Self { service: instance.to_string(), failed: None, checks, log: None }
    }

    /// A layer is as it must be.
    pub(super) fn ok(&mut self, layer: Layer, says: impl Into<String>) {
        self.set(layer, Verdict::Ok, says.into(), None);
    }

    /// There is nothing to look at.
    pub(super) fn skipped(&mut self, layer: Layer, says: impl Into<String>) {
        self.set(layer, Verdict::Skipped, says.into(), None);
    }

    /// A layer is not as it must be; what to do about it.
    pub(super) fn failed(&mut self, layer: Layer, says: impl Into<String>, remedy: impl Into<String>) {
        self.set(layer, Verdict::Failed, says.into(), Some(remedy.into()));
    }

    /// Whether a layer is not as it must be.
    pub(super) fn has_failed(&self, layer: Layer) -> bool {
        self.checks.get(layer as usize).is_some_and(|check| check.verdict == Verdict::Failed)
    }

    fn set(&mut self, layer: Layer, verdict: Verdict, says: String, remedy: Option<String>) {
        if let Some(check) = self.checks.get_mut(layer as usize) {
            *check = Check { verdict, says, remedy, layer: check.layer };
        }
        let first = self.checks.iter().find(|check| check.verdict == Verdict::Failed);
        self.failed = first.map(|check| check.layer);
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for check in &self.checks {
            let verdict = match check.verdict {
                Verdict::Ok => style("ok    ").green(),
                Verdict::Failed => style("FAILED").red().bold(),
                Verdict::Skipped => style("-     ").dim(),
            };
            writeln!(out, "{:<10}  {verdict}  {}", check.layer, plain::line(&check.says))?;
            if let Some(remedy) = &check.remedy {
                writeln!(out, "{:18}  {} {}", "", style("do:").cyan(), plain::line(remedy))?;
            }
        }
        self.log.as_ref().map_or(Ok(()), |log| log.print(out))
    }

    /// How the tool ends.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let fails = |(check, _): &(&Check, _)| check.verdict == Verdict::Failed;
        let Some((check, layer)) = self.checks.iter().zip(Layer::ALL).find(fails) else { return Ok(()) };
        let message = format!("{}: {}: {}", self.service, check.layer, check.says);
        Err(Failure::new(layer.exit(), layer.name(), message)
            .hint(check.remedy.as_deref().unwrap_or_default()))
    }
}
