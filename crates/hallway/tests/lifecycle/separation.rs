//! What a daemon keeps of its launcher: nothing.

use std::fs::{read_dir, read_link, read_to_string};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use hallway::lifecycle::connect;
use nix::sys::signal::{SigSet, Signal};

use crate::world::{World, answer, deadline, instance, world_path};

pub(crate) fn descriptors(pid: i32) -> Vec<(String, PathBuf)> {
    let entries = read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    // One that is closed meanwhile is none.
    let target = |path: &PathBuf| read_link(path).ok();
    entries
        .filter_map(|entry| Some((entry.file_name().into_string().unwrap(), target(&entry.path())?)))
        .collect()
}

/// A field of the thread that plays the role; in a program of its own that is the main one.
pub(crate) fn status(pid: i32, field: &str) -> String {
    let tasks = read_dir(format!("/proc/{pid}/task")).unwrap().map(|task| task.unwrap().path());
    let named = |task: &PathBuf| read_to_string(task.join("comm")).unwrap().trim() == "roles::role";
    let status = read_to_string(tasks.into_iter().find(named).unwrap().join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

fn world() -> World {
    World::new("serves").var("HALLWAY_TEST_ANSWERS", world_path("answers"))
}

#[test]
fn a_daemon_has_its_own_descriptors_session_directory_signals_and_modes() {
    let world = world();
    std::fs::write(world.path("leak"), "").unwrap();
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTERM);
    blocked.add(Signal::SIGUSR1);
    // The shell leaves two descriptors open, and the mask is this thread's.
    let client = world.process("client");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(r#"exec 7<"$LEAK" 9<"$LEAK"; umask 000; exec "$0" "$@""#);
    shell.arg(client.get_program()).args(client.get_args());
    shell
        .envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("LEAK", world.path("leak"));
    let before = SigSet::thread_get_mask().unwrap();
    blocked.thread_block().unwrap();
    let mut client = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    before.thread_set_mask().unwrap();
    assert!(client.wait().unwrap().success());

    let pid = answer(connect(&world.env(), &instance(), deadline()).unwrap());
    let log = world.path("state/hallway/fake.log");
    for (fd, target) in descriptors(pid) {
        match fd.as_str() {
            "0" => assert_eq!(target, PathBuf::from("/dev/null")),
            "1" | "2" => assert_eq!(target, log),
            // Its own: the directory, the lock, the listener.
            _ => assert!(
                [world.path("run"), world.run("fake.lock")].contains(&target)
                    || target.to_string_lossy().starts_with("socket:"),
                "descriptor {fd} is {}",
                target.display()
            ),
        }
    }
    assert!(descriptors(pid).len() <= 6, "{:?}", descriptors(pid));
    assert_eq!(read_link(format!("/proc/{pid}/cwd")).unwrap(), PathBuf::from("/"));
    assert_eq!((status(pid, "SigBlk").as_str(), status(pid, "Umask").as_str()), ("0000000000000000", "0077"));
    let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap();
    assert_eq!(session, pid.to_string());
}

#[test]
fn a_daemons_environment_is_what_the_list_names() {
    let world = world();
    let mut client = world.process("client");
    client.env("SECRET", "1").env("NODE_OPTIONS", "1").env("LC_ALL", "C").env("HOME", world.path(""));
    assert!(client.status().unwrap().success());
    let pid = answer(connect(&world.env(), &instance(), deadline()).unwrap());
    let environ = read_to_string(format!("/proc/{pid}/environ")).unwrap();
    let names: Vec<_> = environ.split('\0').filter_map(|var| Some(var.split_once('=')?.0)).collect();
    assert!(names.contains(&"LC_ALL") && names.contains(&"HOME") && names.contains(&"HALLWAY_RUNTIME_DIR"));
    assert!(!names.contains(&"SECRET") && !names.contains(&"NODE_OPTIONS"), "{names:?}");
}

#[test]
fn a_pipe_of_the_client_closes_when_the_client_exits() {
    let world = world();
    // Reads both pipes to their end: it returns only if the daemon has neither.
    let output = world.process("client").stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    let first = read_to_string(world.path("answers")).unwrap();
    assert_eq!(world.ask(), first.trim().parse::<i32>().unwrap(), "the daemon went with its client");
}
