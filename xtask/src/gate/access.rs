//! `access`: what another user of the machine gets of a daemon: nothing. Run as root, which plays two users.

use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::world::World;
use super::{Outcome, Run};

/// The user whose daemon it is, and another one. They need no entry in the password file.
const OWNER: u32 = 1001;
const OTHER: u32 = 1002;

/// Until when a daemon that was left behind leaves by itself.
const IDLE: Duration = Duration::from_secs(20);

/// How long an attacker listens for an answer.
const LISTENS: Duration = Duration::from_secs(2);

pub(super) fn run(run: &Run) -> Outcome {
    if !nix::unistd::geteuid().is_root() {
        return Err("two users are needed, and only root can be both: run it as root".into());
    }
    let mut cases = Cases::default();
    the_socket(run, &mut cases)?;
    the_place(run, &mut cases)?;
    a_false_server(run, &mut cases)?;
    let (wrong, all) = (cases.wrong.len(), cases.all);
    println!("{} of {all} cases as they should be", all - wrong);
    if wrong > 0 {
        return Err(cases.wrong.join("\n").into());
    }
    Ok(())
}

/// What was tried, and what came out otherwise than it should.
#[derive(Default)]
struct Cases {
    all: usize,
    wrong: Vec<String>,
}

impl Cases {
    fn expect(&mut self, name: &str, found: &str, expected: impl Fn(&str) -> bool) {
        self.all += 1;
        if !expected(found) {
            self.wrong.push(format!("{name}: {found}"));
        }
    }
}

/// A place that belongs to the owner.
fn place(run: &Run) -> io::Result<World> {
    let world = World::new(run, IDLE)?;
    fs::set_permissions(world.path(""), Permissions::from_mode(0o755))?;
    chown(world.path(""), Some(OWNER), Some(OWNER))?;
    Ok(world)
}

/// What the owner's call says: a process id, or an error.
fn owner_calls(world: &World) -> io::Result<String> {
    let output = world.part("call")?.uid(OWNER).gid(OWNER).stdout(Stdio::piped()).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// the owner's daemon, its socket and its files.
fn the_socket(run: &Run, cases: &mut Cases) -> Outcome {
    let world = place(run)?;
    let pid = owner_calls(&world)?;
    cases.expect("A-1 the owner", &pid, |pid| pid.parse::<u32>().is_ok());
    let socket = world.path("run/counter.sock");
    cases.expect("A-1 another user", &attack(&socket, OTHER)?, |said| said == "EACCES");
    fs::set_permissions(world.path("run"), Permissions::from_mode(0o755))?;
    cases.expect("A-1 another user, directory open", &attack(&socket, OTHER)?, |said| said == "EACCES");
    fs::set_permissions(&socket, Permissions::from_mode(0o777))?;
    cases.expect("A-1 another user, socket open too", &attack(&socket, OTHER)?, |said| said == "0");
    cases.expect("A-1 root", &attack(&socket, 0)?, |said| said == "0");
    cases.expect("A-1 the owner again", &attack(&socket, OWNER)?, |said| {
        said.parse().is_ok_and(|bytes: usize| bytes > 0)
    });
    fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
    fs::set_permissions(world.path("run"), Permissions::from_mode(0o700))?;

    let names = fs::read_to_string("/proc/net/unix")?;
    let abstract_names = names.lines().filter(|line| line.contains(" @") && line.contains("hallway")).count();
    cases.expect("A-5 abstract names", &abstract_names.to_string(), |count| count == "0");

    let mut open = Vec::new();
    for path in files(&world.path(""))? {
        let mode = fs::symlink_metadata(&path)?.permissions().mode();
        if mode & 0o077 != 0 && path != world.path("").join("") && !path.ends_with("lives") {
            open.push(path.display().to_string());
        }
    }
    open.retain(|path| !["/starts", "/journal"].iter().any(|ours| path.ends_with(ours)));
    cases.expect("A-6 files that others can read", &open.join(" "), str::is_empty);
    world.stop().or_else(|_| owner_stops(&world))?;
    Ok(())
}

/// Root is nobody's own user: the owner's daemon is ended by its own signal.
fn owner_stops(world: &World) -> Outcome {
    for (did, pid) in world.lives() {
        if did == "up" {
            let _gone = nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(i32::try_from(pid)?),
                nix::sys::signal::Signal::SIGTERM,
            );
        }
    }
    Ok(())
}

/// Connects as a user, asks, and says how many bytes came back, or which error did.
fn attack(socket: &Path, uid: u32) -> io::Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args(["gate-part", "attack"])
        .arg(socket)
        .uid(uid)
        .gid(uid)
        .stdin(Stdio::null())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The attacker's part.
pub(super) fn attacker(socket: &str) -> String {
    let attack = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(LISTENS))?;
        let _closed = stream.write_all(b"{\"v\":1,\"hello\":{}}\n{\"id\":1,\"call\":\"hallway.ping\"}\n");
        let _half = stream.shutdown(std::net::Shutdown::Write);
        let mut heard = Vec::new();
        let _reset = stream.read_to_end(&mut heard);
        Ok(heard.len().to_string())
    };
    attack().unwrap_or_else(|error: io::Error| match error.raw_os_error() {
        Some(number) => format!("{:?}", nix::errno::Errno::from_raw(number)),
        None => error.to_string(),
    })
}

/// what another user may have put where the directory belongs.
fn the_place(run: &Run, cases: &mut Cases) -> Outcome {
    type Squat = fn(&Path, &Path) -> io::Result<()>;
    let squats: &[(&str, Squat)] = &[
        ("another user's directory", |run, _| dir(run, 0o700, OTHER)),
        ("another user's open directory", |run, _| dir(run, 0o777, OTHER)),
        ("root's directory", |run, _| dir(run, 0o700, 0)),
        ("the owner's directory with mode 777", |run, _| dir(run, 0o777, OWNER)),
        ("the owner's directory with mode 770", |run, _| dir(run, 0o770, OWNER)),
        ("the owner's directory with mode 755", |run, _| dir(run, 0o755, OWNER)),
        ("the owner's directory with mode 701", |run, _| dir(run, 0o701, OWNER)),
        ("a link to another user's directory", |run, aside| {
            dir(aside, 0o777, OTHER)?;
            symlink(aside, run)
        }),
        ("a link to the owner's directory", |run, aside| {
            dir(aside, 0o700, OWNER)?;
            symlink(aside, run)
        }),
        ("a link to nowhere", |run, aside| symlink(aside, run)),
        ("a link to itself", |run, _| symlink(run, run)),
        ("a file", |run, _| fs::write(run, "")),
        ("a FIFO", |run, _| Ok(nix::unistd::mkfifo(run, nix::sys::stat::Mode::S_IRWXU)?)),
        ("a socket", |run, _| UnixListener::bind(run).map(drop)),
    ];
    for (name, squat) in squats {
        let world = place(run)?;
        squat(&world.path("run"), &world.path("aside"))?;
        let said = owner_calls(&world)?;
        let named = world.path("run").display().to_string();
        cases.expect(&format!("A-3 {name}"), &said, |said| {
            said.contains(&named) && said.contains("cannot_be")
        });
        cases.expect(&format!("A-3 {name}: nothing made there"), &made(&world), str::is_empty);
    }
    Ok(())
}

fn dir(path: &Path, mode: u32, owner: u32) -> io::Result<()> {
    fs::DirBuilder::new().mode(mode).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    chown(path, Some(owner), Some(owner))
}

/// What is in the directories that were put there.
fn made(world: &World) -> String {
    let inside = |name| files(&world.path(name)).unwrap_or_default();
    let all = inside("run").into_iter().chain(inside("aside"));
    all.map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// another user serves the owner's socket.
fn a_false_server(run: &Run, cases: &mut Cases) -> Outcome {
    let world = place(run)?;
    dir(&world.path("run"), 0o700, OWNER)?;
    dir(&world.path("shared"), 0o777, OTHER)?;
    let mut server = Command::new(std::env::current_exe()?)
        .args(["gate-part", "squat"])
        .arg(world.path("shared/squat"))
        .uid(OTHER)
        .gid(OTHER)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut words = server.stdout.take().ok_or("no output")?;
    words.read_exact(&mut [0; 6])?;
    fs::rename(world.path("shared/squat"), world.path("run/counter.sock"))?;
    // So that the owner gets as far as asking who it is.
    let squatted = world.path("run/counter.sock");
    fs::set_permissions(&squatted, Permissions::from_mode(0o777))?;
    cases.expect("A-4 a false server", &owner_calls(&world)?, |said| said.contains(&format!("uid_{OTHER}")));
    // If the owner did not even connect, it waits no longer.
    let _released = UnixStream::connect(squatted);
    let mut sent = String::new();
    words.read_to_string(&mut sent)?;
    server.wait()?;
    cases.expect("A-4 bytes sent to a false server", sent.trim(), |sent| sent == "0");
    Ok(())
}

/// The false server's part: says how many bytes it was sent.
pub(super) fn squatter(socket: &str) -> String {
    let squat = || {
        let listener = UnixListener::bind(socket)?;
        println!("ready");
        let mut heard = Vec::new();
        let (mut stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(LISTENS))?;
        let _reset = stream.read_to_end(&mut heard);
        Ok(heard.len().to_string())
    };
    squat().unwrap_or_else(|error: io::Error| error.to_string())
}

/// Everything below a directory.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path)?);
        }
        found.push(path);
    }
    Ok(found)
}
