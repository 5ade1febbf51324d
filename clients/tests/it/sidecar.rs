//! Messages with a type and a payload, from clients that know nothing of hallway: an agent in Python, `socat`, and
//! plain sockets, against the daemon.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine, shorter than anybody waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon with the pad of notes and the mesh, in directories of its own.
struct Daemon {
    home: TempDir,
    process: Child,
}

impl Daemon {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let process = serve(&home);
        Self { home, process }
    }

    /// Kills it, as the system would, and starts it anew in the same place.
    fn replace(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = serve(&self.home);
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("run/notes.sock")
    }

    fn connect(&self) -> Agent {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Agent { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    fn python(&self, act: &str) -> Command {
        let mut python = Command::new("python3");
        python
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sidecar/agent.py"))
            .arg(self.socket())
            .arg(act);
        python
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A daemon that serves by the time this returns.
fn serve(home: &TempDir) -> Child {
    let dir = |name: &str| home.path().join(name);
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_hallway-notes"));
    daemon
        .arg("daemon")
        .env("HALLWAY_RUNTIME_DIR", dir("run"))
        .env("XDG_DATA_HOME", dir("data"))
        .env("XDG_STATE_HOME", dir("state"))
        .env("HALLWAY_READY", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut daemon = daemon.spawn().unwrap();
    let said = BufReader::new(daemon.stdout.take().unwrap()).lines();
    let ready = said.map(Result::unwrap).any(|line| line.contains("\"ready\""));
    assert!(ready, "the daemon says that it serves");
    daemon
}

/// The other end of a connection, by hand.
struct Agent {
    reader: BufReader<UnixStream>,
    stream: UnixStream,
}

impl Agent {
    fn say(&mut self, message: &Value) {
        writeln!(self.stream, "{message}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn ask(&mut self, message: &Value) -> Value {
        self.say(message);
        self.hear()
    }
}

/// Runs a program that the test needs.
fn output(program: &str, command: &mut Command) -> String {
    let ran = command.output().unwrap_or_else(|error| missing(program, &error));
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{}: {complaints}", ran.status);
    String::from_utf8(ran.stdout).unwrap()
}

fn missing(program: &str, error: &std::io::Error) -> ! {
    panic!("{program} cannot be run ({error}): install it, `apt-get install -y {program}`")
}

fn told(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_agent_in_python_says_and_asks_everything() {
    let daemon = Daemon::start();
    let event = |kind: &str, payload: Value| json!(["event", { "type": kind, "payload": payload }]);
    let said = |peer: &str| event("message", json!({ "from_peer": peer, "message": { "text": "all" } }));
    let expected = [
        json!(["peers", ["peer-abc", "peer-def"]]),
        event("peer_connected", json!({ "peer_id": "peer-new" })),
        json!(["peers", ["peer-abc", "peer-def", "peer-new"]]),
        json!(["lists", [50, 1]]),
        json!(["requests", true]),
        said("peer-abc"),
        said("peer-def"),
        said("peer-new"),
        event("peer_disconnected", json!({ "peer_id": "peer-new" })),
        json!(["error", ["error", "no_peer"]]),
        json!(["error", ["error", "unknown_message"]]),
        json!(["error", ["error", "bad_message"]]),
        json!(["long", 1_000_000]),
        json!(["command", ["peer_list", { "peers": ["peer-abc", "peer-def"] }]]),
        json!(["command", ["result", 1]]),
        json!(["command", ["error", "no_peer"]]),
    ];
    assert_eq!(told(&output("python3", &mut daemon.python("talk"))), expected);
}

#[test]
fn an_agent_that_has_lost_its_sidecar_knows_and_connects_again() {
    let mut daemon = Daemon::start();
    let mut python = daemon.python("reconnect");
    let mut agent = python
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| missing("python3", &error));
    let mut lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next(), json!(["peers", ["peer-abc", "peer-def"]]));
    daemon.replace();
    assert_eq!(next(), json!(["lost", ["the sidecar has gone", false]]));
    agent.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(next(), json!(["peers", ["peer-abc", "peer-def"]]));
    assert!(agent.wait().unwrap().success());
}

#[test]
fn a_line_of_shell_is_an_agent() {
    let daemon = Daemon::start();
    let script = r#"printf '{"type":"list_peers","payload":{}}\n' | socat - UNIX-CONNECT:"$0""#;
    output("socat", Command::new("socat").arg("-V"));
    let answer = output("sh", Command::new("sh").arg("-c").arg(script).arg(daemon.socket()));
    assert_eq!(answer, "{\"type\":\"peer_list\",\"payload\":{\"peers\":[\"peer-abc\",\"peer-def\"]}}\n");
}

#[test]
fn every_agent_hears_of_every_event() {
    let daemon = Daemon::start();
    let mut agents: Vec<Agent> = (0..200).map(|_| daemon.connect()).collect();
    for agent in &mut agents {
        // Answered: subscribed.
        assert_eq!(agent.ask(&json!({ "type": "hello" }))["type"], "hello");
    }
    agents[7].say(&json!({ "type": "connect", "payload": { "target_peer_id": "peer-7" } }));
    for agent in &mut agents {
        let event = json!({ "type": "peer_connected", "seq": 1, "payload": { "peer_id": "peer-7" } });
        assert_eq!(agent.hear(), event);
    }
    // An answer is for who has asked.
    for (number, agent) in agents.iter_mut().enumerate() {
        agent.say(&json!({ "type": "list_peers", "request_id": number }));
    }
    for (number, agent) in agents.iter_mut().enumerate() {
        let reply = agent.hear();
        assert_eq!((&reply["type"], &reply["request_id"]), (&json!("peer_list"), &json!(number)));
    }
}

#[test]
fn an_agent_that_reads_slowly_is_told_what_it_has_missed() {
    const MESSAGES: u64 = 2000;
    let daemon = Daemon::start();
    let (mut slow, mut busy) = (daemon.connect(), daemon.connect());
    assert_eq!(slow.ask(&json!({ "type": "hello" }))["type"], "hello");
    let text = "x".repeat(4000);
    for _ in 0..MESSAGES {
        busy.say(&json!({ "type": "send", "payload": { "target_peer": "peer-abc", "message": text } }));
        // The events of this one are read as they come, so that it is never late.
        assert_eq!(busy.hear()["type"], "message");
    }
    let (mut last, mut missed, mut heard) = (0, 0, 0);
    while last < MESSAGES {
        let message = slow.hear();
        if message["type"] == "lagged" {
            assert_eq!(message["event"], "message");
            missed += message["payload"]["missed"].as_u64().unwrap();
            last = message["payload"]["next"].as_u64().unwrap() - 1;
        } else {
            assert_eq!(message["seq"], last + 1, "none is missing without a word");
            last += 1;
            heard += 1;
        }
    }
    assert_eq!(heard + missed, MESSAGES);
    assert!(missed > 0, "it was too fast to be late");
    // What the daemon keeps for it is bounded; the answer comes after everything that was in line.
    assert_eq!(slow.ask(&json!({ "type": "list_peers" }))["type"], "peer_list");
}
