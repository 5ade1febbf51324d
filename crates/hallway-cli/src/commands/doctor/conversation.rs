//! What the daemon says: whether it is Hallway's protocol, which versions, what it offers, and how it is.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use hallway::CallOptions;
use hallway::blocking::Client;
use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Encoding;
use hallway::framing::Framing;
use hallway::lifecycle::{Env, Holders, Instance, RuntimeDir, ServiceFile, connect};
use hallway::protocol::{Call, Hello, Id, Message, Protocol};
use hallway::server::{AdminBlockingClient, Status};
use hallway::service::Description;
use serde_json::Value;

use super::report::{Layer, Report};
use crate::service::PROGRAM;

/// How long the daemon may take to answer each time. It answers `ping` whatever else it does.
const ANSWER: Duration = Duration::from_secs(3);

/// How much is shown of what cannot be read.
const SHOWN: usize = 40;

/// Looks at what it says, over a connection on which nothing has been said.
pub(super) fn examine(env: &Env, instance: &Instance, stream: UnixStream, report: &mut Report) {
    if !greet(instance, stream, env, report) {
        return;
    }
    let Ok(stream) = connect(env, instance, Instant::now() + ANSWER) else { return };
    let options = CallOptions::new().deadline(ANSWER);
    let client = AdminBlockingClient::new(Client::builder().program(PROGRAM).options(options).over(stream));
    let status = match client.status() {
        Ok(status) => status,
        Err(error) => {
            let remedy = format!("`hallway restart {instance}`, or update this tool, {PROGRAM}");
            return report.failed(Layer::Versions, format!("it does not tell how it is: {error}"), remedy);
        }
    };
    versions(env, instance, &status, report);
    match client.describe(None) {
        Ok(descriptions) => schema(instance, &descriptions, report),
        Err(error) => {
            let remedy = format!("update this tool, {PROGRAM}, or the service");
            report.failed(Layer::Schema, format!("it does not tell what it offers: {error}"), remedy);
        }
    }
    state(instance, &status, report);
}

/// What has come back.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    hello: Option<Hello>,
    answered: bool,
    unreadable: bool,
    ended: bool,
}

/// Says hello and pings, byte for byte as a person would with `socat`; whether all is well.
fn greet(instance: &Instance, mut stream: UnixStream, env: &Env, report: &mut Report) -> bool {
    let heard = match converse(&mut stream, Instant::now() + ANSWER) {
        Ok(heard) => heard,
        Err(error) => {
            report.failed(Layer::Recognised, format!("the conversation broke: {error}"), see_log(instance));
            return false;
        }
    };
    let holder = RuntimeDir::existing(env).ok().flatten().and_then(|dir| Holders::of(&dir, instance).life);
    let end = holder.map_or_else(|| "end it".to_owned(), |pid| format!("`kill {pid}`"));
    let again = format!("{end}, then `hallway start {instance}`");
    if heard.unreadable || (heard.hello.is_none() && !heard.bytes.is_empty()) {
        let head = heard.bytes.get(..SHOWN).unwrap_or(&heard.bytes);
        let says =
            format!("it does not speak Hallway's protocol: it says {:?}", String::from_utf8_lossy(head));
        report.failed(Layer::Recognised, says, format!("find out what it is; {again}"));
        return false;
    }
    if heard.bytes.is_empty() {
        let says = if heard.ended {
            "it closes the connection without a word".to_owned()
        } else {
            format!("it accepts connections and has said nothing in {} s: it hangs", ANSWER.as_secs())
        };
        report.failed(Layer::Recognised, says, again);
        return false;
    }
    report.ok(Layer::Recognised, "it speaks Hallway's protocol");
    let program = heard.hello.map(|hello| hello.program).unwrap_or_default();
    if !heard.answered {
        let says = format!("{program} has said hello, and does not answer `hallway.ping`");
        report.failed(Layer::Handshake, says, again);
        return false;
    }
    report.ok(Layer::Handshake, format!("{program} says hello, and answers"));
    true
}

fn converse(stream: &mut UnixStream, deadline: Instant) -> io::Result<Heard> {
    let Some(wire) = Wire::new(Framing::Lines, Encoding::Json, Protocol::Native) else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let mut heard = Heard::default();
    let mut out = Vec::new();
    let ping = Message::Call(Call::<()>::new(Some(Id::Number(1)), "hallway.ping", None));
    for message in [Message::Hello(Hello::new(PROGRAM)), ping] {
        wire.write(&message, &mut out).map_err(io::Error::other)?;
    }
    stream.set_write_timeout(Some(ANSWER))?;
    match stream.write_all(&out) {
        // It is closed already; what it said before is still to be read.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    let mut inbox = Inbox::new(wire);
    let mut buffer = [0; 4096];
    while !heard.answered && !heard.unreadable && !heard.ended {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                break;
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => return Err(error),
        };
        let read = buffer.get(..count).unwrap_or_default();
        heard.ended = count == 0;
        heard.bytes.extend_from_slice(read.get(..SHOWN.saturating_sub(heard.bytes.len())).unwrap_or(read));
        let followed = inbox.receive(read, |received| heard_one(received, &mut heard));
        heard.unreadable |= followed.is_err();
    }
    Ok(heard)
}

fn heard_one(received: Received<'_>, heard: &mut Heard) {
    match received {
        Received::Message(Message::Hello(hello)) => heard.hello = Some(hello),
        // A refusal is an answer as well.
        Received::Message(Message::Result { .. } | Message::Error { .. }) => heard.answered = true,
        Received::Message(_) | Received::Batch(_) => {}
        _ => heard.unreadable = true,
    }
}

/// What runs, and what would be started.
fn versions(env: &Env, instance: &Instance, status: &Status, report: &mut Report) {
    let services: Vec<_> =
        status.services.iter().map(|service| format!("{} {}", service.name, service.version)).collect();
    let (_, running) = status.program.rsplit_once(' ').unwrap_or_default();
    let installed = ServiceFile::read(env, instance).map(|file| file.version).unwrap_or_default();
    if !running.is_empty() && !installed.is_empty() && running != installed {
        let says = format!("{} runs, and {installed} is installed", status.program);
        return report.failed(Layer::Versions, says, format!("`hallway restart {instance}` replaces it"));
    }
    report.ok(Layer::Versions, format!("{} offers {}", status.program, services.join(", ")));
}

/// Whether what it offers can be called from what it says of it.
fn schema(instance: &Instance, descriptions: &[Description], report: &mut Report) {
    let methods: usize = descriptions.iter().map(|description| description.methods.len()).sum();
    for description in descriptions {
        let of = |error: String| format!("`{}`: {error}", description.name);
        let Err(error) = consistent(description).map_err(of) else { continue };
        return report.failed(
            Layer::Schema,
            error,
            format!("a defect of the service's program: `hallway describe {instance}` shows the whole"),
        );
    }
    let own = descriptions.iter().filter(|description| description.name == instance.service()).count();
    let note = if own == 0 { format!("; none is called `{}`", instance.service()) } else { String::new() };
    report.ok(Layer::Schema, format!("{} services with {methods} methods{note}", descriptions.len()));
}

fn consistent(description: &Description) -> Result<(), String> {
    let written = serde_json::to_value(description).map_err(|error| error.to_string())?;
    let mut unknown = None;
    each_reference(&written, &mut |reference| {
        let name = reference.strip_prefix("#/$defs/");
        if name.is_none_or(|name| !description.types.contains_key(name)) {
            unknown.get_or_insert_with(|| reference.to_owned());
        }
    });
    unknown.map_or(Ok(()), |reference| {
        Err(format!("its schema refers to {reference}, which it does not define"))
    })
}

fn each_reference(value: &Value, act: &mut impl FnMut(&str)) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| each_reference(element, act)),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                act(reference);
            }
            members.values().for_each(|member| each_reference(member, act));
        }
        _ => {}
    }
}

fn state(instance: &Instance, status: &Status, report: &mut Report) {
    if status.draining {
        let remedy = "wait: the next call finds or starts its successor";
        return report.failed(Layer::State, "it is leaving, and takes nothing new", remedy);
    }
    if let Some(reason) = &status.restart_failed {
        let says = format!("it serves, and could not be replaced: {reason}");
        return report.failed(
            Layer::State,
            says,
            format!("put that right, then `hallway restart {instance}`"),
        );
    }
    if let Some((name, usage)) =
        status.usage.iter().find(|(_, usage)| usage.max > 0 && usage.now >= usage.max)
    {
        let says = format!("it is at its limit of {name}, {}", usage.max);
        return report.failed(
            Layer::State,
            says,
            format!("see who uses it: `hallway status {instance}`, and its log"),
        );
    }
    report.ok(Layer::State, "it serves, and is at none of its limits");
}

fn see_log(instance: &Instance) -> String {
    format!("`hallway logs {instance}` tells what it did")
}
