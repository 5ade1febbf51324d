//! Who may speak to a daemon, and to whom a client speaks. Run as root, which can play the others.

use std::fs::{Permissions, read_link, read_to_string, set_permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hallway::client::Connect as _;
use hallway::lifecycle::{Connector, restart};
use hallway::transport::{Address, unix};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use crate::world::{World, deadline, eventually, instance, world_path};

/// Two users that need not exist.
const ALICE: u32 = 1001;
const MALLORY: u32 = 1002;

fn world() -> World {
    assert!(Uid::effective().is_root(), "these tests play other users: run them as root");
    let world = World::new("serves")
        .var("HALLWAY_TEST_JOURNAL", world_path("journal"))
        .var("HALLWAY_TEST_RESTRICTED", "reader")
        .var("HALLWAY_TEST_TRACE", world_path("alice/trace"))
        .var("HALLWAY_RUNTIME_DIR", world_path("alice/run"))
        .var("XDG_STATE_HOME", world_path("alice/state"))
        .var("XDG_DATA_HOME", world_path("alice/data"));
    set_permissions(world.path(""), Permissions::from_mode(0o755)).unwrap();
    for dir in ["alice", "public"] {
        crate::world::make_dir(&world.path(dir), if dir == "public" { 0o777 } else { 0o700 });
    }
    chown(world.path("alice"), Some(ALICE), Some(ALICE)).unwrap();
    world
}

/// Alice's daemon.
fn daemon(world: &World) -> Child {
    let daemon = world.process("desk").uid(ALICE).gid(ALICE).spawn().unwrap();
    eventually("the daemon", || world.path("alice/run/fake.json").exists());
    daemon
}

/// What happens to somebody who connects and asks: the error, or how many bytes there were.
fn visit(world: &World, uid: u32, socket: &str) -> String {
    let answers = world.path("public").join(format!("{uid}"));
    let mut visitor = world.process("visitor");
    visitor.env("HALLWAY_TEST_SQUAT", world.path(socket)).env("HALLWAY_TEST_ANSWERS", &answers);
    assert!(visitor.uid(uid).gid(uid).status().unwrap().success());
    let said = read_to_string(&answers).unwrap();
    std::fs::remove_file(&answers).unwrap();
    said
}

fn open_to_all(world: &World, path: &str) {
    let path = world.path(path);
    let mode = if path.is_dir() { 0o755 } else { 0o777 };
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn end(mut daemon: Child) {
    kill(Pid::from_raw(daemon.id() as i32), Signal::SIGTERM).unwrap();
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn a1_each_of_three_walls_keeps_another_user_out_by_itself() {
    let world = world();
    let daemon = daemon(&world);
    for (dir, socket) in
        [("alice/run", "alice/run/fake.sock"), ("alice/run/fake+reader", "alice/run/fake+reader/fake.sock")]
    {
        let found = world.path(socket).metadata().unwrap();
        assert_eq!((found.mode() & 0o777, found.uid()), (0o600, ALICE));
        assert_eq!(world.path(dir).metadata().unwrap().mode() & 0o777, 0o700);
        assert!(visit(&world, ALICE, socket).parse::<usize>().unwrap() > 20, "its own user is served");
        // The directory's mode.
        assert_eq!(visit(&world, MALLORY, socket), "EACCES");
        // The socket's mode: with the directories open, it is what is left.
        for dir in ["alice", "alice/run", dir] {
            open_to_all(&world, dir);
        }
        assert_eq!(visit(&world, MALLORY, socket), "EACCES");
        // The daemon itself: with everything open, it tells nothing and closes.
        open_to_all(&world, socket);
        assert_eq!(visit(&world, MALLORY, socket), "0");
        // Root is another user too.
        assert_eq!(visit(&world, 0, socket), "0");
        assert!(visit(&world, ALICE, socket).parse::<usize>().unwrap() > 20);
    }
    end(daemon);
    assert!(!world.path("journal").exists(), "a method ran");
}

#[test]
fn a4_no_client_speaks_to_another_users_server() {
    let world = world();
    let daemon = daemon(&world);
    let socket = world.path("alice/run/fake.sock");
    let error = unix::connect_blocking(&socket).unwrap_err();
    assert!(error.code() == "foreign_peer" && error.to_string().contains("1001"), "{error}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(Address::Unix(socket.clone()).connect()).unwrap_err();
    assert_eq!(error.code(), "foreign_peer", "{error}");
    // By name it does not get that far: the directory is not its own.
    let connector = Connector::new(instance()).in_env(world.env());
    assert_eq!(connector.reach().unwrap_err().code(), "dir_foreign");
    assert_eq!(restart(&world.env(), &instance(), deadline()).unwrap_err().code(), "dir_foreign");
    end(daemon);
}

#[test]
fn f58_from_a_namespace_that_cannot_name_users_nobody_is_believed() {
    let world = world();
    assert!(
        Command::new("unshare").arg("--version").output().is_ok(),
        "unshare is missing: apt-get install util-linux"
    );
    let listener = std::os::unix::net::UnixListener::bind(world.path("public/squat")).unwrap();
    let client = world.process("client_by_path");
    let mut unshared = Command::new("unshare");
    unshared.arg("--user").arg(client.get_program()).args(client.get_args()).env_clear();
    unshared.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshared.env("HALLWAY_TEST_SQUAT", world.path("public/squat"));
    unshared.env("HALLWAY_TEST_ANSWERS", world.path("public/answers"));
    assert!(unshared.stdout(Stdio::null()).status().unwrap().success(), "no user namespace can be made here");
    // There, this process is the same overflow user as that one itself.
    assert_eq!(read_to_string(world.path("public/answers")).unwrap(), "foreign_peer");
    drop(listener);
}

#[test]
fn a5_no_socket_has_an_abstract_name() {
    let world = world();
    let daemon = daemon(&world);
    let _client = UnixStream::connect(world.path("alice/run/fake.sock")).unwrap();
    let fds = std::fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap().flatten();
    let targets = fds.filter_map(|fd| read_link(fd.path()).ok());
    let inodes: Vec<String> = targets
        .filter_map(|target| {
            Some(target.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
        })
        .collect();
    assert!(inodes.len() >= 2, "the two listeners at least");
    let all = read_to_string("/proc/net/unix").unwrap();
    let ours = all.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        inodes.iter().any(|inode| fields.get(6) == Some(&inode.as_str())).then(|| fields.get(7).copied())
    });
    let names: Vec<&str> = ours.flatten().collect();
    assert!(names.iter().any(|name| name.ends_with("fake.new")), "{names:?}");
    assert!(names.iter().all(|name| !name.starts_with('@')), "{names:?}");
    end(daemon);
}

#[test]
fn a6_nothing_that_a_daemon_leaves_can_be_read_by_others() {
    fn walk(path: &Path, found: &mut Vec<(String, u32)>) {
        let mode = path.symlink_metadata().unwrap().mode();
        found.push((path.display().to_string(), mode & 0o077));
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        }
    }
    let world =
        World::new("serves").var("HALLWAY_TEST_ROLE", "desk").var("HALLWAY_TEST_RESTRICTED", "reader");
    let connector = Connector::new(instance()).in_env(world.env()).starting(world.launcher());
    drop(connector.reach().unwrap());
    assert_eq!(restart(&world.env(), &instance(), deadline()).unwrap(), Ok(true));
    let mut found = Vec::new();
    for dir in ["run", "state/hallway", "data/hallway"] {
        walk(&world.path(dir), &mut found);
    }
    assert!(found.len() >= 9, "{found:?}");
    let open: Vec<_> = found.iter().filter(|(_, others)| *others != 0).collect();
    assert!(open.is_empty(), "{open:?}");
}
