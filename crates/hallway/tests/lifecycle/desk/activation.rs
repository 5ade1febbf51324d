//! Daemons on sockets that a supervisor has made.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hallway::lifecycle::{InstanceLock, restart, stop};

use super::{ended, terminate, world};
use crate::world::{PATIENCE, World, deadline, eventually, instance, world_path};

/// Starts a daemon on a listening socket, as `sd_listen_fds(3)` says.
fn activate(world: &World, listener: &UnixListener, name: &str) -> Command {
    let daemon = world.process("desk");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(r#"exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@""#);
    shell.arg(daemon.get_program()).args(daemon.get_args()).env_clear();
    shell
        .envs(daemon.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("LISTEN_FDNAMES", name);
    shell.stdin(OwnedFd::from(listener.try_clone().unwrap())).stdout(Stdio::null()).stderr(Stdio::piped());
    shell
}

fn listen(world: &World) -> UnixListener {
    drop(world.dir());
    UnixListener::bind(world.run("fake.sock")).unwrap()
}

/// Waits for somebody to connect, as a supervisor does, and does not accept.
fn wait_for_client(listener: &UnixListener) {
    use std::os::fd::AsFd as _;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let timeout = PollTimeout::try_from(PATIENCE).unwrap();
    assert_eq!(poll(&mut [PollFd::new(listener.as_fd(), PollFlags::POLLIN)], timeout).unwrap(), 1);
}

#[test]
fn an_activated_daemon_serves_whoever_had_come_and_leaves_the_socket_to_its_owner() {
    let world = world().var("HALLWAY_TEST_IDLE", "50").var("NOTIFY_SOCKET", world_path("notify"));
    let supervisor = UnixDatagram::bind(world.path("notify")).unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    let said = || {
        let mut text = [0; 64];
        let length = supervisor.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let listener = listen(&world);
    let mut last = 0;
    for _ in 0..3 {
        let pid = std::thread::scope(|scope| {
            let client = scope.spawn(|| world.guest().pid().unwrap());
            wait_for_client(&listener);
            let mut daemon = activate(&world, &listener, "fake.socket").spawn().unwrap();
            assert_eq!(said(), "READY=1");
            let pid = client.join().unwrap();
            assert_eq!(pid, daemon.id() as i32);
            assert_eq!(InstanceLock::try_acquire(&world.dir(), &instance()).unwrap_err().code(), "lock_held");
            // Nobody calls any more.
            assert_eq!(said(), "STOPPING=1");
            assert_eq!(ended(&mut daemon), Some(0));
            pid
        });
        assert_ne!(pid, last);
        last = pid;
        assert!(world.run("fake.sock").exists(), "the supervisor's socket was removed");
        InstanceLock::acquire(&world.dir(), &instance(), deadline()).unwrap();
    }
}

#[test]
fn f44_an_activated_daemon_is_replaced_by_its_supervisor() {
    let world = world();
    let listener = listen(&world);
    let mut first = activate(&world, &listener, "").spawn().unwrap();
    let client = world.guest();
    assert_eq!(client.pid().unwrap(), first.id() as i32);
    std::thread::scope(|scope| {
        // The second connection waits in the supervisor's queue.
        let replacing = scope.spawn(|| restart(&world.env(), &instance(), deadline()).unwrap());
        assert_eq!(ended(&mut first), Some(0));
        wait_for_client(&listener);
        let mut second = activate(&world, &listener, "").spawn().unwrap();
        assert_eq!(replacing.join().unwrap(), Ok(true));
        assert_eq!(client.pid().unwrap(), second.id() as i32);
        assert!(stop(&world.env(), &instance(), deadline()).unwrap());
        assert_eq!(ended(&mut second), Some(0));
    });
    assert!(world.run("fake.sock").exists());
}

#[test]
fn what_a_supervisor_hands_down_wrongly_is_refused_in_words() {
    let world = world();
    let refused = |mut command: Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let listener = listen(&world);
    let said = refused(activate(&world, &listener, "+nobody"));
    assert!(said.contains("no restricted set `nobody`") && said.contains("bad_activation"), "{said}");
    let mut connected = activate(&world, &listener, "");
    connected.stdin(OwnedFd::from(UnixStream::connect(world.run("fake.sock")).unwrap()));
    let said = refused(connected);
    assert!(said.contains("Accept=no") || said.contains("no Unix stream socket"), "{said}");
    let mut file = activate(&world, &listener, "");
    file.stdin(Stdio::null());
    assert!(refused(file).contains("no Unix stream socket"));
    assert_eq!(world.count("up"), 1, "only the first had got as far as its services");
}

#[test]
fn systemds_own_activator_starts_it() {
    let tool = "systemd-socket-activate";
    assert!(
        Command::new(tool).arg("--version").output().is_ok(),
        "{tool} is missing: apt-get install systemd"
    );
    let world = world();
    drop(world.dir());
    let daemon = world.process("desk");
    let mut activator = Command::new(tool);
    activator.arg("--listen").arg(world.run("fake.sock"));
    for (name, value) in daemon.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        activator.arg("-E").arg(format!("{}={}", name.to_string_lossy(), value.to_string_lossy()));
    }
    activator.arg(daemon.get_program()).args(daemon.get_args()).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut daemon: Child = activator.spawn().unwrap();
    eventually("the activator", || world.run("fake.sock").exists());
    assert_eq!(world.count("start"), 0);
    // It becomes the daemon.
    assert_eq!(world.guest().pid().unwrap(), daemon.id() as i32);
    terminate(daemon.id() as i32);
    let code = ended(&mut daemon);
    let mut said = String::new();
    daemon.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert!(Path::new(&world.run("fake.sock")).exists());
}
