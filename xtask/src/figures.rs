//! Measures the mail program as whole processes, as a user has them: from exec to exit.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use hallway::blocking::Client;
use hallway::service::Method;
use hallway::transport::Address;
use serde_json::value::RawValue;

use crate::toolchain;

/// How much is measured.
pub(crate) struct Extent {
    warm: usize,
    cold: usize,
    messages: u64,
}

/// For the record.
pub(crate) const FULL: Extent = Extent { warm: 500, cold: 50, messages: 100_000 };

/// For a look.
pub(crate) const QUICK: Extent = Extent { warm: 50, cold: 5, messages: 5_000 };

/// Messages of the mailbox on which warm and cold calls are measured.
const SMALL: u64 = 2_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Builds the programs, measures, prints.
pub(crate) fn run(root: &Path, extent: &Extent) -> Outcome<()> {
    build(root)?;
    let world = World::new(root)?;
    println!("{}\n", machine());

    let small = world.mailbox(SMALL)?;
    world.mail(&small, &["search", "from:alice is:unread"])?;
    let mut warm = Vec::new();
    let mut ping = Vec::new();
    let mut nothing = Vec::new();
    for _ in 0..extent.warm {
        // In turn, so that what the machine does besides falls on all of them.
        warm.push(world.mail(&small, &["search", "from:alice is:unread", "--format", "json"])?);
        ping.push(world.ping(&small)?);
        nothing.push(timed(&mut Command::new("true"))?);
    }
    let (warm, ping) = (Times::new(warm), Times::new(ping));
    println!("{SMALL} messages, whole processes, {} rounds in turn", extent.warm);
    warm.show("search, warm");
    ping.show("a program that connects and pings");
    Times::new(nothing).show("a program that does nothing (/bin/true)");
    println!("  search / ping                              {:.2} (at most 2)", ratio(&warm, &ping));

    let (search, pinged) = world.on_one_connection(&small, extent.warm)?;
    println!("the same search on one connection that is there, {} rounds in turn", extent.warm);
    search.show("search");
    pinged.show("ping: the way there and back");
    println!("  share of the way                           {:.1} %", 100.0 * ratio(&pinged, &search));

    let mut cold = Vec::new();
    for _ in 0..extent.cold {
        world.mail(&small, &["stop"])?;
        cold.push(world.mail(&small, &["search", "from:alice is:unread", "--format", "json"])?);
    }
    let cold = Times::new(cold);
    cold.show("search, cold: starts the daemon");
    println!("  cold / warm                                {:.2} (at most 10)\n", ratio(&cold, &warm));
    world.mail(&small, &["stop"])?;

    let large = world.mailbox(extent.messages)?;
    let size = fs::metadata(&large)?.len();
    let import = world.mail(&large, &["count"])?;
    let rate = extent.messages as f64 / import.as_secs_f64();
    println!("{} messages, {} MiB of mbox", extent.messages, size >> 20);
    println!("  import                                     {import:.1?}, {rate:.0} messages/s");
    for query in
        ["from:alice is:unread", "harbour", "subject:report newer:3650d", "is:flagged -has:attachment"]
    {
        let times = (0..extent.warm).map(|_| world.mail(&large, &["search", query, "--format", "ids"]));
        let times = Times::new(times.collect::<Outcome<_>>()?);
        times.show(&format!("search `{query}`"));
    }
    let status = world.output(&large, &["status"])?;
    for line in status.lines().filter(|line| line.starts_with("disk") || line.starts_with("index")) {
        println!("  {line}");
    }
    world.mail(&large, &["stop"])?;
    Ok(())
}

fn build(root: &Path) -> Outcome<()> {
    for arguments in [
        &["build", "--release", "-p", "hallway-mail", "--bin", "hallway-mail", "--example", "synthetic"][..],
        &["build", "--release", "-p", "hallway", "--example", "ping"][..],
    ] {
        let built = toolchain::cargo().args(arguments).current_dir(root).status()?;
        if !built.success() {
            return Err("the programs to measure cannot be built".into());
        }
    }
    Ok(())
}

/// Directories of its own, and the programs.
struct World {
    dir: PathBuf,
    programs: PathBuf,
}

impl World {
    fn new(root: &Path) -> Outcome<Self> {
        let target = toolchain::target(root);
        let dir = env::temp_dir().join(format!("hallway-figures-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        Ok(Self { dir: dir.canonicalize()?, programs: target.canonicalize()?.join("release") })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .env("HALLWAY_RUNTIME_DIR", self.dir.join("run"))
            .env("XDG_STATE_HOME", self.dir.join("state"))
            .env("XDG_DATA_HOME", self.dir.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// A mailbox of so many made-up messages, the same each time.
    fn mailbox(&self, messages: u64) -> Outcome<PathBuf> {
        let path = self.dir.join(format!("{messages}.mbox"));
        let mut make = self.command("examples/synthetic");
        timed(make.arg(messages.to_string()).stdout(fs::File::create(&path)?))?;
        Ok(path)
    }

    fn mail(&self, mailbox: &Path, arguments: &[&str]) -> Outcome<Duration> {
        timed(self.command("hallway-mail").arg("--mailbox").arg(mailbox).args(arguments))
    }

    fn output(&self, mailbox: &Path, arguments: &[&str]) -> Outcome<String> {
        let mut command = self.command("hallway-mail");
        let output = command.arg("--mailbox").arg(mailbox).args(arguments).stdout(Stdio::piped()).output()?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The same connection without the mail: what the way there and back costs.
    fn ping(&self, mailbox: &Path) -> Outcome<Duration> {
        let socket = self.socket(mailbox)?;
        let instance = socket.file_stem().ok_or("no daemon runs")?;
        timed(self.command("examples/ping").arg(instance))
    }

    /// Where the daemon of a mailbox listens.
    fn socket(&self, mailbox: &Path) -> Outcome<PathBuf> {
        let name = mailbox.file_name().unwrap_or_default().to_string_lossy().replace('.', "");
        let mut sockets = fs::read_dir(self.dir.join("run"))?.flatten().map(|entry| entry.path());
        let socket = sockets.find(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.contains(&name) && file.ends_with(".sock")
        });
        socket.ok_or_else(|| "no daemon runs".into())
    }

    /// Searches and pings in turn, on one connection of this process: what of a search is the way there and back.
    fn on_one_connection(&self, mailbox: &Path, rounds: usize) -> Outcome<(Times, Times)> {
        let client = Client::builder().connect(Address::Unix(self.socket(mailbox)?))?;
        let (search, ping) = (
            Method { name: "mail.search", idempotent: true },
            Method { name: "hallway.ping", idempotent: true },
        );
        let query = BTreeMap::from([("query", "from:alice is:unread")]);
        let (mut searches, mut pings) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let start = Instant::now();
            let _found: Box<RawValue> = client.call(&search, &query)?;
            searches.push(start.elapsed());
            let start = Instant::now();
            client.call::<_, ()>(&ping, &BTreeMap::<&str, u8>::new())?;
            pings.push(start.elapsed());
        }
        Ok((Times::new(searches), Times::new(pings)))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What stays behind is in the system's directory for what may go.
        let _removed = fs::remove_dir_all(&self.dir);
    }
}

/// How long a process takes, from before it is made until it has been waited for.
fn timed(command: &mut Command) -> Outcome<Duration> {
    let start = Instant::now();
    let status = command.status()?;
    let took = start.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// Measurements, shortest first.
struct Times(Vec<Duration>);

impl Times {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn at(&self, percent: usize) -> Duration {
        self.0.get((self.0.len() - 1) * percent / 100).copied().unwrap_or_default()
    }

    fn show(&self, name: &str) {
        println!("  {name:<42} p50 {:>8.2?}  p99 {:>8.2?}", self.at(50), self.at(99));
    }
}

fn ratio(one: &Times, other: &Times) -> f64 {
    one.at(50).as_secs_f64() / other.at(50).as_secs_f64()
}

fn machine() -> String {
    let read = |path, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).map(str::to_owned);
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, {cores} cores, Linux {}", read("/proc/cpuinfo", "model name"), kernel.trim())
}
