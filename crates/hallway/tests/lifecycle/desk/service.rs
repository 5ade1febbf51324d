//! The service, its daemon, and a program that calls it.

use std::env::{var, var_os};
use std::process::ExitCode;
use std::time::Duration;

use futures_util::stream;
use futures_util::{Stream, StreamExt as _};
use hallway::Caller;
use hallway::blocking;
use hallway::client::Client;
use hallway::lifecycle::{Connector, Daemon, Env, Failure, Launcher, Phase, Starting};
use hallway::server::{Leases, ServerBuilder};
use hallway::service::Scope;
use nix::sys::resource::{Resource, setrlimit};
use tokio::io::AsyncReadExt as _;

use crate::roles::{append, exit_later, gate, trace};
use crate::world::{ROLE_ARGS, instance};

/// A service whose effects are seen in its journal.
#[hallway::service(name = "desk", version = "1.0")]
pub(crate) trait Desk {
    /// The daemon's process.
    #[idempotent]
    async fn pid(&self) -> i32;

    /// Writes a line.
    async fn append(&self, line: String) -> i32;

    /// Writes a line, and answers when the test lets it.
    async fn wait(&self, line: String) -> i32;

    /// The same, and twice is as good as once.
    #[idempotent]
    async fn wait_again(&self, line: String) -> i32;

    /// Takes so long.
    async fn nap(&self, ms: u64) -> i32;

    /// A file of the caller's, as seen from the daemon, and the caller's `DESK_EXTRA`.
    async fn locate(&self, caller: Caller, file: String) -> (String, Option<String>);

    /// Logs a line as it is, as a careless program does.
    async fn log(&self, line: String);

    /// Answers at once and works on for so long.
    async fn work(&self, ms: u64) -> i32;

    /// Never ends.
    async fn hang(&self, how: String);

    /// A long answer.
    async fn blob(&self, bytes: usize) -> String;

    /// Opens files, at most so many, says how many there were descriptors for, and keeps them until the test
    /// lets it answer.
    async fn open(&self, files: usize) -> usize;

    /// One item, and no end.
    fn beats(&self) -> impl Stream<Item = i32>;
}

struct Clerk {
    leases: Leases,
}

fn pid() -> i32 {
    i32::try_from(std::process::id()).unwrap()
}

async fn hold() {
    if let Ok(mut hold) = tokio::net::UnixStream::connect(var_os("HALLWAY_TEST_HOLD").unwrap()).await {
        let _ = hold.read(&mut [0]).await;
    }
}

impl Desk for Clerk {
    async fn pid(&self) -> i32 {
        pid()
    }

    async fn append(&self, line: String) -> i32 {
        append("HALLWAY_TEST_JOURNAL", &format!("{line}\n"));
        pid()
    }

    async fn wait(&self, line: String) -> i32 {
        append("HALLWAY_TEST_JOURNAL", &format!("{line}\n"));
        hold().await;
        pid()
    }

    async fn wait_again(&self, line: String) -> i32 {
        self.wait(line).await
    }

    async fn nap(&self, ms: u64) -> i32 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        pid()
    }

    async fn locate(&self, caller: Caller, file: String) -> (String, Option<String>) {
        (caller.resolve(file).display().to_string(), caller.env.get("DESK_EXTRA").cloned())
    }

    async fn log(&self, line: String) {
        tracing::info!("{line}");
    }

    async fn work(&self, ms: u64) -> i32 {
        let lease = self.leases.take();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            append("HALLWAY_TEST_JOURNAL", "worked\n");
            drop(lease);
        });
        pid()
    }

    async fn hang(&self, how: String) {
        append("HALLWAY_TEST_JOURNAL", &format!("{how}\n"));
        match how.as_str() {
            "waits" => std::future::pending().await,
            "blocks" => tokio::task::spawn_blocking(|| std::thread::sleep(Duration::MAX)).await.unwrap(),
            "spins" => loop {
                std::hint::spin_loop();
            },
            other => panic!("no way to hang: {other}"),
        }
    }

    async fn blob(&self, bytes: usize) -> String {
        "x".repeat(bytes)
    }

    async fn open(&self, files: usize) -> usize {
        let open = |_| std::fs::File::open("/dev/null").ok();
        let mut files = (0..files).map_while(open).collect::<Vec<_>>();
        let opened = files.len();
        // One for the way to the test.
        drop(files.pop());
        hold().await;
        opened
    }

    fn beats(&self) -> impl Stream<Item = i32> {
        stream::iter([pid()]).chain(stream::pending())
    }
}

/// The lock is held while this exists.
impl Drop for Clerk {
    fn drop(&mut self) {
        trace("down");
    }
}

/// The daemon's `main`; the process's exit code.
pub(crate) fn daemon() -> i32 {
    exit_later();
    trace("start");
    if let Ok(limit) = var("HALLWAY_TEST_NOFILE") {
        let limit = limit.parse().unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, limit, limit).unwrap();
    }
    let idle = var("HALLWAY_TEST_IDLE").map_or(0, |ms| ms.parse().unwrap());
    // A successor has its predecessor's environment, but arguments of its own: this is one that the harness ignores.
    let version = std::env::args().find_map(|arg| Some(arg.strip_prefix("--skip=version-")?.to_owned()));
    let daemon = Daemon::new(instance(), "desk", version.as_deref().unwrap_or("1.2.3"))
        .idle_exit(Duration::from_millis(idle))
        .pass_env("DESK_EXTRA");
    let daemon = match var("HALLWAY_TEST_ARGS") {
        Ok(args) => daemon.args(args.split(' ')),
        Err(_) => daemon,
    };
    let daemon =
        if var("HALLWAY_TEST_OVERLAP").as_deref() == Ok("beside") { daemon.overlaps() } else { daemon };
    let daemon = match var("HALLWAY_TEST_RESTRICTED").as_deref() {
        Ok("reader") => daemon.restricted(Scope::new("reader", ["desk.pid", "desk.beats"])),
        Ok(_) => daemon.restricted(Scope::new("reader", ["desk.pidd"])),
        Err(_) => daemon,
    };
    i32::from(daemon.run(start) != ExitCode::SUCCESS)
}

fn start(starting: &mut Starting, server: ServerBuilder) -> Result<ServerBuilder, Failure> {
    starting.phase(&Phase::new("opening").detail("the desk").progress(1, Some(2)));
    gate("HALLWAY_TEST_GATE");
    // What this process was told, or what a test has written down for whoever starts next.
    let next = || {
        let path = var_os("HALLWAY_TEST_NEXT")?;
        let next = std::fs::read_to_string(&path).ok()?;
        std::fs::remove_file(path).unwrap();
        Some(next)
    };
    match var("HALLWAY_TEST_START").ok().or_else(next).as_deref() {
        Some("fails") => {
            // A start that has begun something is not held up by it.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(60)));
            return Err(Failure::new("desk_locked", "the desk is used by pid 12"));
        }
        Some("panics") => panic!("the desk is on fire"),
        _ => {}
    }
    trace("up");
    let leases = server.leases();
    Ok(server.service(DeskService::new(Clerk { leases })))
}

/// A program that calls once, with the client that `HALLWAY_TEST_CALLER` names, and says who answered.
pub(crate) fn caller() {
    let launcher =
        ROLE_ARGS.iter().fold(Launcher::this_program().unwrap(), |launcher, arg| launcher.arg(*arg));
    // The daemon inherits this process's variables but for its role.
    let vars = std::env::vars_os().filter(|(name, _)| name != "HALLWAY_TEST_ROLE");
    let env = Env::of(vars.chain([("HALLWAY_TEST_ROLE".into(), "desk".into())]));
    let connector = Connector::new(instance()).in_env(env).starting(launcher);
    gate("HALLWAY_TEST_BARRIER");
    let answer = if var("HALLWAY_TEST_CALLER").unwrap() == "blocking" {
        let client = blocking::Client::builder().connect(connector);
        client.and_then(|client| DeskBlockingClient::new(client).pid())
    } else {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::builder().connect(connector).await?;
            DeskClient::new(client).pid().await
        })
    };
    let said = answer.map_or_else(|error| format!("error {error}"), |pid| pid.to_string());
    append("HALLWAY_TEST_ANSWERS", &format!("{said}\n"));
    println!("answer {said}");
}
