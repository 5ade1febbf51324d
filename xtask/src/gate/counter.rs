//! The daemon and the clients that the gates are tried with: this program, under another first argument.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Daemon, Env};

use super::world::{PATIENCE, instance, launcher};
use super::{access, environment};
#[cfg(target_os = "linux")]
use super::{held, hostile, target, trace};

/// A service whose effects are seen in its journal.
#[hallway::service(name = "counter", version = "1.0")]
pub(super) trait Counter {
    /// Writes a line, and tells which process did.
    async fn note(&self, line: String) -> u32;
}

struct Notes;

impl Counter for Notes {
    async fn note(&self, line: String) -> u32 {
        if std::env::var("HALLWAY_CHAOS").is_ok_and(|without| without == "write-first") {
            std::thread::spawn(move || {
                std::thread::sleep(LINGERS);
                append("journal", &line);
            });
            return std::process::id();
        }
        append("journal", &line);
        if std::env::var_os("HALLWAY_GATE_LINGERS").is_some() {
            std::thread::sleep(LINGERS);
        }
        std::process::id()
    }
}

/// How long a call goes on after its effect, so that many are interrupted there; or, in a control, how long before it
/// the call is acknowledged.
const LINGERS: Duration = Duration::from_millis(2);

impl Drop for Notes {
    fn drop(&mut self) {
        append("lives", &format!("down {}", std::process::id()));
    }
}

/// Plays a part of a gate.
pub(crate) fn part(arguments: &[&str]) -> ExitCode {
    let said = match arguments {
        ["daemon"] => return daemon(),
        ["client"] => client(),
        ["call"] => call(),
        #[cfg(target_os = "linux")]
        ["held", program, arguments @ ..] => held::part(program, arguments).to_string(),
        #[cfg(target_os = "linux")]
        ["trace", pid, nth] => trace::part(pid, nth),
        #[cfg(target_os = "linux")]
        ["target"] => return target::daemon(),
        #[cfg(target_os = "linux")]
        ["hostile", arguments @ ..] => hostile::part(arguments),
        ["attack", socket] => access::attacker(socket),
        ["path"] => environment::path(),
        ["squat", socket] => access::squatter(socket),
        _ => return ExitCode::FAILURE,
    };
    println!("{said}");
    ExitCode::SUCCESS
}

fn daemon() -> ExitCode {
    append("starts", &std::process::id().to_string());
    let idle = std::env::var("HALLWAY_GATE_IDLE").ok().and_then(|idle| idle.parse().ok()).unwrap_or(1000);
    let Ok(instance) = instance() else { return ExitCode::FAILURE };
    let daemon = Daemon::new(instance, "gate", "1.0.0").idle_exit(Duration::from_millis(idle));
    #[cfg(target_os = "linux")]
    let daemon = match std::env::current_exe() {
        // Its successor is held too.
        Ok(program) if std::env::var_os("HALLWAY_GATE_HELD").is_some() => {
            daemon.args(held::arguments(&program, &["gate-part", "daemon"]))
        }
        _ => daemon,
    };
    let beside = std::env::var("HALLWAY_GATE_WAY").is_ok_and(|way| way == "beside");
    let daemon = if beside { daemon.overlaps() } else { daemon };
    daemon.run(|_, server| {
        append("lives", &format!("up {}", std::process::id()));
        Ok(server.service(CounterService::new(Notes)))
    })
}

/// Says that it is there, waits for the end of its input, calls, and says who answered after how many microseconds.
fn client() -> String {
    println!("ready");
    let _go = io::stdin().read_to_end(&mut Vec::new());
    let begin = Instant::now();
    let said = call();
    format!("{said} {}", begin.elapsed().as_micros())
}

/// Who answered, or what went wrong, in one word.
fn call() -> String {
    let reach = || {
        let connector =
            Connector::new(instance()?).in_env(Env::process()).starting(launcher()?).within(PATIENCE);
        let client = Client::builder().connect(connector).map_err(io::Error::other)?;
        CounterBlockingClient::new(client).note(String::new()).map_err(io::Error::other)
    };
    reach().map_or_else(
        |error: io::Error| format!("{error}").replace(char::is_whitespace, "_"),
        |pid| pid.to_string(),
    )
}

/// Adds a line to a file of the gate's place.
fn append(file: &str, line: &str) {
    let dir = std::env::var_os("HALLWAY_GATE_DIR").map(PathBuf::from).unwrap_or_default();
    let file = OpenOptions::new().append(true).create(true).open(dir.join(file));
    // A line that is missing is noticed by whoever counts them.
    let _written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}
