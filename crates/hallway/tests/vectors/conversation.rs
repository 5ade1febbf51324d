//! `hello.json` and the other conversations: what a real server answers.

use std::collections::BTreeSet;

use hallway::framing::Framing;
use hallway::protocol::code;
use serde::Deserialize;
use serde_json::Value;

use super::cases::{Bytes, Case, read, run};
use super::server::{Peer, TestServer, holds};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    name: String,
    #[serde(default)]
    listener: Listener,
    #[serde(default = "length")]
    framing: String,
    steps: Vec<Step>,
}

fn length() -> String {
    Framing::Length.name().to_owned()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Listener {
    #[default]
    Unix,
    Tcp,
    Restricted,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// The client sends a message.
    Send(Bytes),
    /// The client sends bytes, framing and all.
    SendRaw(Bytes),
    /// The server's next message has these members, and perhaps others.
    Receive(Value),
    /// The server's next message is exactly this text.
    ReceiveExactly(String),
    /// The client sends nothing more.
    Finish(True),
    /// The server closes.
    End(True),
}

/// The only thing that an `end` says.
#[derive(Deserialize)]
#[serde(try_from = "bool")]
struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("an end that is no end") }
    }
}

impl Case for Conversation {
    fn name(&self) -> &str {
        &self.name
    }
}

#[test]
fn hello_and_the_reserved_service() {
    run("hello.json", |case| hold(case, &TestServer::start()));
}

#[test]
fn what_every_version_of_a_daemon_answers() {
    run("admin.json", |case| hold(case, &TestServer::start()));
}

#[test]
fn restricted_sockets() {
    run("restricted.json", |case| hold(case, &TestServer::start()));
}

#[test]
fn errors() {
    run("errors.json", |case| hold(case, &TestServer::start()));
}

#[test]
fn json_rpc() {
    run("jsonrpc.json", |case| hold(case, &TestServer::with(&["example"])));
}

#[test]
fn messages_with_a_type() {
    run("sidecar.json", |case| hold(case, &TestServer::with(&["mesh"])));
}

#[test]
fn a_client_of_the_next_version() {
    run("newer.json", |case| hold(case, &TestServer::with(&["jobs"])));
}

#[test]
fn every_code_has_a_conversation_that_ends_in_it() {
    let all = ["errors.json", "restricted.json"].map(read::<Conversation>);
    let seen: BTreeSet<String> = all
        .iter()
        .flatten()
        .flat_map(|conversation| &conversation.steps)
        .filter_map(|step| match step {
            Step::Receive(message) => {
                let code = message.pointer("/error/code").or(message.pointer("/goaway/code"));
                code.and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        })
        .collect();
    for entry in code::ALL {
        assert!(
            seen.contains(entry.code),
            "no case of errors.json or restricted.json ends in {}",
            entry.code
        );
    }
}

fn hold(case: &Conversation, server: &TestServer) -> Result<(), String> {
    let framing = Framing::ALL.iter().find(|framing| framing.name() == case.framing);
    let framing = *framing.ok_or("no framing of that name")?;
    let mut peer = match case.listener {
        Listener::Unix => server.connect_unix(),
        Listener::Tcp => server.connect_tcp(),
        Listener::Restricted => server.connect_restricted(),
    };
    peer.frames_by(framing);
    for (number, step) in case.steps.iter().enumerate() {
        take(&mut peer, step).map_err(|reason| format!("step {}: {reason}", number + 1))?;
    }
    Ok(())
}

fn take(peer: &mut Peer, step: &Step) -> Result<(), String> {
    match step {
        Step::Send(body) => peer.send(&body.get()),
        Step::SendRaw(bytes) => peer.send_raw(&bytes.get()),
        Step::Receive(expected) => {
            let text = peer.receive()?.ok_or("the server closed")?;
            let found = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if !holds(&found, expected) {
                return Err(format!("expected {expected}, received {text}"));
            }
        }
        Step::ReceiveExactly(expected) => {
            let text = peer.receive()?.ok_or("the server closed")?;
            if text != *expected {
                return Err(format!("expected {expected}, received {text}"));
            }
        }
        Step::Finish(True) => peer.finish(),
        Step::End(True) => {
            if let Some(text) = peer.receive()? {
                return Err(format!("expected the end, received {text}"));
            }
        }
    }
    Ok(())
}
