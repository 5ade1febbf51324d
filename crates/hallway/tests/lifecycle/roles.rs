//! What the child processes do.

use std::env::{var, var_os};
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::exit;
use std::time::Duration;

use hallway::lifecycle::{
    Env, InstanceLock, Launcher, Phase, Ready, Record, RuntimeDir, SpawnLock, Starting, Turn,
    acquire_or_yield, detach, ensure_running, publish,
};

use crate::desk::service;
use crate::world::{ROLE_ARGS, answer, deadline, instance};

/// No process outlives the tests for long, even if they are killed.
const LIFE: Duration = Duration::from_secs(180);

/// Plays the role that the environment names; without one, passes.
#[test]
fn role() {
    let Ok(role) = var("HALLWAY_TEST_ROLE") else { return };
    match role.as_str() {
        "daemon" => daemon(),
        "desk" => exit(service::daemon()),
        "caller" => service::caller(),
        "client" => client(),
        "starter" => starter(),
        "intruder" => intruder(),
        "visitor" => visitor(),
        "client_by_path" => client_by_path(),
        other => panic!("no role {other}"),
    }
    exit(0)
}

/// A daemon that the tests forgot goes by itself.
pub(crate) fn exit_later() {
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        exit(9)
    });
}

fn daemon() {
    let mut starting = detach().unwrap();
    exit_later();
    trace("start");
    let daemon = var("HALLWAY_TEST_DAEMON").unwrap();
    match daemon.as_str() {
        "panics" => panic!("the index is on fire"),
        "fails" => {
            starting.failed("index_locked", "the index is used by pid 12");
            exit(1)
        }
        "lies" => {
            starting.ready(&Ready::serving());
            exit(0)
        }
        _ => {}
    }
    starting.phase(&Phase::new("opening").progress(1, Some(2)));
    let dir = RuntimeDir::open(&Env::process()).unwrap();
    match acquire_or_yield(&dir, &instance(), &mut starting, deadline()) {
        Ok(Turn::Mine(lock)) => serve(starting, lock, &daemon),
        Ok(_) => {
            trace("yield");
            starting.ready(&Ready::yielded());
        }
        Err(error) => {
            starting.failed(error.code(), &error.to_string());
            exit(1)
        }
    }
}

fn serve(starting: Starting, lock: InstanceLock, daemon: &str) {
    gate("HALLWAY_TEST_GATE");
    let (listener, published) = publish(&lock).unwrap();
    Record::of(&lock, "1.2.3").write(&lock).unwrap();
    trace("serve");
    starting.ready(&Ready::serving());
    loop {
        reply(&listener);
        // The first one leaves after its first answer; its successors stay.
        if daemon == "leaves" && !gate("HALLWAY_TEST_LEAVE_GATE") {
            break;
        }
    }
    published.withdraw(&lock).unwrap();
    gate("HALLWAY_TEST_DRAIN_GATE");
    listener.set_nonblocking(true).unwrap();
    while reply(&listener) {}
    drop(listener);
    drop(lock);
}

fn reply(listener: &UnixListener) -> bool {
    let Ok((mut stream, _)) = listener.accept() else { return false };
    // A client that only looked is gone by now.
    let _ = stream.write_all(std::process::id().to_string().as_bytes());
    true
}

/// Reports at a gate and waits until it opens; false if there is none or nobody keeps it any more.
pub(crate) fn gate(name: &str) -> bool {
    let keeper = var_os(name).and_then(|path| UnixStream::connect(path).ok());
    keeper.is_some_and(|mut keeper| keeper.read(&mut [0]).is_ok_and(|count| count == 1))
}

fn client() {
    let launcher =
        ROLE_ARGS.iter().fold(Launcher::this_program().unwrap(), |launcher, arg| launcher.arg(*arg));
    gate("HALLWAY_TEST_BARRIER");
    // The daemon inherits this process's variables but for its role.
    let vars = std::env::vars_os().filter(|(name, _)| name != "HALLWAY_TEST_ROLE");
    let env = Env::of(vars.chain([("HALLWAY_TEST_ROLE".into(), "daemon".into())]));
    let stream = ensure_running(&env, &instance(), &launcher, deadline(), &mut |_| {});
    let said = match stream {
        Ok(stream) => answer(stream).to_string(),
        Err(error) => format!("error {error}"),
    };
    append("HALLWAY_TEST_ANSWERS", &format!("{said}\n"));
}

/// Takes the start lock and starts nothing.
fn starter() {
    let dir = RuntimeDir::open(&Env::process()).unwrap();
    let _lock = SpawnLock::acquire(&dir, &instance(), deadline()).unwrap();
    gate("HALLWAY_TEST_GATE");
}

/// Listens as whoever it runs as, and tells how many bytes it was sent.
fn intruder() {
    let listener = UnixListener::bind(var_os("HALLWAY_TEST_SQUAT").unwrap()).unwrap();
    gate("HALLWAY_TEST_GATE");
    let mut sent = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut sent).unwrap();
    append("HALLWAY_TEST_ANSWERS", &sent.len().to_string());
}

/// Connects as whoever it runs as, asks, and tells how many bytes of an answer it had, or why none.
fn visitor() {
    let told = UnixStream::connect(var_os("HALLWAY_TEST_SQUAT").unwrap()).map(|mut stream| {
        let mut answer = Vec::new();
        // Whoever is turned away may find that while it writes, or while it reads.
        let _ = stream.write_all(b"{\"id\":1,\"call\":\"hallway.ping\"}\n");
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut answer);
        answer.len().to_string()
    });
    let denied = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => "EACCES".to_owned(),
        _ => error.to_string(),
    };
    append("HALLWAY_TEST_ANSWERS", &told.unwrap_or_else(denied));
}

/// Connects with a client of ours, and tells the code of the error.
fn client_by_path() {
    let path = var_os("HALLWAY_TEST_SQUAT").unwrap();
    let connected = hallway::transport::unix::connect_blocking(path.as_ref());
    append("HALLWAY_TEST_ANSWERS", connected.map_or_else(|error| error.code(), |_| "connected"));
}

pub(crate) fn trace(step: &str) {
    append("HALLWAY_TEST_TRACE", &format!("{step} {}\n", std::process::id()));
}

pub(crate) fn append(file: &str, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(var_os(file).unwrap()).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
