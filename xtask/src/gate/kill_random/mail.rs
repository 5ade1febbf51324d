//! Writes to the mail daemon: each client labels and marks one message, over and over, and looks before each write
//! whether the message is as the last acknowledged one has left it.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hallway::client::{CallError, Outcome as Became};
use hallway::lifecycle::{Connector, Instance, stop};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::held::{self, Hold};
use super::super::world::{PATIENCE, World};
use super::super::{Outcome, Rng, Run};
use super::{CLIENTS, Load, kill_each};
use crate::toolchain;

/// How long a daemon works at most: some writes, each of which ends on the disk.
const WORKS: Duration = Duration::from_millis(160);

/// How many labels a client uses, in turn.
const LABELS: u64 = 100;

/// What of the mail service is called here: its own declaration comes with an index and a database to build.
#[hallway::service(name = "mail", version = "1.0")]
trait Mail {
    #[idempotent]
    async fn search(&self, query: String, limit: u32) -> Vec<Envelope>;
    #[idempotent]
    async fn read(&self, id: i64) -> Message;
    #[idempotent]
    async fn mark(&self, ids: Vec<i64>, mark: String) -> u64;
    #[idempotent]
    async fn label(&self, ids: Vec<i64>, add: Vec<String>, remove: Vec<String>) -> u64;
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Message {
    envelope: Envelope,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Envelope {
    id: i64,
    flags: Flags,
    labels: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Flags {
    flagged: bool,
}

pub(super) fn run(run: &Run, kills: usize, mut rng: Rng) -> Outcome {
    let program = build()?;
    let world = World::new(run, Duration::ZERO)?;
    let instance = Instance::new("mail")?;
    let launcher = held::launcher(&program, &["daemon"])?;
    let load = Load::new(Connector::new(instance.clone()).in_env(world.env()).starting(launcher));
    // The first start takes in the sample, whose messages are written to.
    let found = MailBlockingClient::new(load.client()?).search(String::new(), u32::try_from(CLIENTS)?)?;
    if found.len() < CLIENTS {
        return Err(format!("the sample has {} messages", found.len()).into());
    }
    stop(&world.env(), &instance, Instant::now() + PATIENCE)?;
    let begin = Instant::now();
    let hold = Hold::new(&world)?;
    let clients = std::thread::scope(|scope| {
        let write = |(number, message): (usize, &Envelope)| {
            let mut client = Writer::new(&load, number, message.id);
            scope.spawn(move || {
                client.write_until_over();
                client
            })
        };
        let clients: Vec<_> = found.iter().enumerate().map(write).collect();
        let killed = kill_each(hold, kills, WORKS, &mut rng, &load);
        let clients: Vec<_> = clients.into_iter().filter_map(|client| client.join().ok()).collect();
        killed.map(|()| clients)
    })?;
    let mut wrong = Vec::new();
    for mut client in clients {
        client.look();
        client.search();
        wrong.push(client.wrong);
    }
    stop(&world.env(), &instance, Instant::now() + PATIENCE)?;
    let acknowledged = load.acknowledged.load(Ordering::Relaxed);
    let complete = wrong.len() == CLIENTS;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    let rest = format!("{acknowledged} writes acknowledged, {} not as acknowledged", wrong.len());
    load.tell("mail daemon (debug build)", kills, begin, &rest)?;
    match wrong.first() {
        Some(first) => Err(format!("{rest}, the first: {first}").into()),
        None if !complete => Err("a client panicked".into()),
        None if acknowledged < kills as u64 / 10 => Err(format!("{rest}: nothing was tried").into()),
        None => Ok(()),
    }
}

/// Builds the program, beside this one.
fn build() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = toolchain::cargo()
        .args(["build", "--quiet", "--locked", "-p", "hallway-mail", "--bin", "hallway-mail"])
        .current_dir(&root)
        .status()?;
    if !status.success() {
        return Err("the mail program cannot be built".into());
    }
    Ok(toolchain::target(&root).join("debug/hallway-mail").canonicalize()?)
}

/// A client with a message of its own, and its journal: what was intended and what acknowledged.
struct Writer<'a> {
    load: &'a Load,
    kept: Option<MailBlockingClient>,
    number: usize,
    id: i64,
    label: Register<Option<u64>>,
    flagged: Register<bool>,
    wrong: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(load: &'a Load, number: usize, id: i64) -> Self {
        let (label, flagged) = (Register::new(None), Register::new(false));
        Self { load, kept: None, number, id, label, flagged, wrong: Vec::new() }
    }

    fn write_until_over(&mut self) {
        // The sample has flags of its own.
        let unflagged = self.call(|mail, id| mail.mark(vec![id], "unflagged".to_owned()));
        self.flagged = Register { last: false, perhaps: if unflagged.is_ok() { vec![] } else { vec![true] } };
        for count in 0_u64.. {
            if self.load.is_over() || self.load.has_hung() {
                break;
            }
            self.look();
            self.write_label(count % LABELS);
            self.write_flag();
        }
    }

    /// Whether the message is as it has to be.
    fn look(&mut self) {
        let Ok(message) = self.call(|mail, id| mail.read(id)) else { return };
        let ours = |label: &String| label.strip_prefix(&format!("client{}-", self.number))?.parse().ok();
        let labels: Vec<u64> = message.envelope.labels.iter().filter_map(ours).collect();
        let label = self.label.found(labels.first().copied());
        let flagged = self.flagged.found(message.envelope.flags.flagged);
        let wrong = [label, flagged].into_iter().filter_map(Result::err);
        self.wrong.extend(wrong.map(|wrong| format!("message {}: {wrong}", self.id)));
        if labels.len() > 1 {
            // One is put in the place of another one in one step.
            self.wrong.push(format!("message {} has labels {labels:?}", self.id));
        }
    }

    /// Whether the index knows the label too.
    fn search(&mut self) {
        let Some(label) = self.label.last else { return };
        let query = format!("label:{}", self.name(label));
        match self.call(|mail, _| mail.search(query, 2)) {
            Ok(found) if matches!(found.as_slice(), [one] if one.id == self.id) => {}
            found => self.wrong.push(format!("the index finds {found:?} instead of message {}", self.id)),
        }
    }

    fn write_label(&mut self, label: u64) {
        let before: Vec<_> = self.label.values().flatten().filter(|before| *before != label).collect();
        let (add, remove) =
            (vec![self.name(label)], before.into_iter().map(|before| self.name(before)).collect());
        self.label.intend(Some(label));
        let written = self.call(|mail, id| mail.label(vec![id], add, remove));
        if written.is_ok() {
            self.load.acknowledge();
        }
        self.label.became(Some(label), written.as_ref().err());
    }

    fn write_flag(&mut self) {
        let flagged = !self.flagged.last;
        let mark = if flagged { "flagged" } else { "unflagged" };
        self.flagged.intend(flagged);
        let written = self.call(|mail, id| mail.mark(vec![id], mark.to_owned()));
        if written.is_ok() {
            self.load.acknowledge();
        }
        self.flagged.became(flagged, written.as_ref().err());
    }

    fn name(&self, label: u64) -> String {
        format!("client{}-{label}", self.number)
    }

    fn call<R>(
        &mut self,
        call: impl FnOnce(&MailBlockingClient, i64) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let (load, id) = (self.load, self.id);
        let called = load.call(|| {
            let mail = match self.kept.take() {
                Some(mail) => mail,
                None => MailBlockingClient::new(load.client()?),
            };
            let called = call(&mail, id);
            self.kept = Some(mail);
            called
        });
        if let Err(error @ (CallError::Remote(_) | CallError::BadResult(_))) = &called {
            self.wrong.push(format!("the daemon says {error}"));
        }
        called
    }
}

/// A value that is written and read, as a client knows it: what it has to be, and what it may be besides.
#[derive(Debug)]
struct Register<T> {
    last: T,
    perhaps: Vec<T>,
}

impl<T: Copy + PartialEq + Debug> Register<T> {
    fn new(value: T) -> Self {
        Self { last: value, perhaps: Vec::new() }
    }

    fn values(&self) -> impl Iterator<Item = T> {
        self.perhaps.iter().copied().chain([self.last])
    }

    fn intend(&mut self, value: T) {
        self.perhaps.push(value);
    }

    /// What was intended last was acknowledged, or not.
    fn became(&mut self, value: T, error: Option<&CallError>) {
        match error.map_or(Became::Completed, CallError::outcome) {
            Became::Completed => *self = Self::new(value),
            Became::NotDispatched => _ = self.perhaps.pop(),
            Became::Unknown => {}
        }
    }

    /// What it is. That is known from now on: whatever was not acknowledged died with its daemon.
    fn found(&mut self, value: T) -> Result<(), String> {
        let before = std::mem::replace(self, Self::new(value));
        if before.values().any(|known| known == value) {
            return Ok(());
        }
        Err(format!("{value:?} was found in the place of {before:?}"))
    }
}
