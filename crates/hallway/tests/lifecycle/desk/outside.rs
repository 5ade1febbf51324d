//! What is seen of a daemon from outside: its log, its process, and one that nobody launched.

use std::fs::{read_link, read_to_string};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;

use hallway::lifecycle::stop;

use super::{terminate, world};
use crate::separation::{descriptors, status};
use crate::world::{deadline, eventually, instance, world_path};

#[test]
fn a_daemon_in_the_foreground_is_found_and_a_second_one_says_so_and_leaves() {
    let world = world();
    let first = world.process("desk").stderr(Stdio::piped()).spawn().unwrap();
    eventually("the daemon", || world.run("fake.json").exists());
    let pid = first.id() as i32;
    assert_eq!((world.blocking().pid().unwrap(), world.count("start")), (pid, 1));
    let second = world.process("desk").stderr(Stdio::piped()).output().unwrap();
    assert_eq!(second.status.code(), Some(0));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another daemon serves"), "{said}");
    assert_eq!(world.blocking().pid().unwrap(), pid);
    terminate(pid);
    let first = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&first.stderr);
    assert!(first.status.success() && said.contains("SIGTERM") && said.contains("stopped"), "{said}");
    assert!(!world.path("state").exists(), "it has a log of its own");
}

#[test]
fn the_log_tells_the_start_and_the_end_and_keeps_to_its_lines() {
    use std::io::Write as _;
    let world = world();
    world.blocking().pid().unwrap();
    let mut stranger = UnixStream::connect(world.run("fake.sock")).unwrap();
    let words = r#"{"error":{"code":"\u001b[31mred\nforged","message":"\u0007bell\r\nline"}}"#;
    stranger.write_all(&[&(words.len() as u32).to_be_bytes(), words.as_bytes()].concat()).unwrap();
    eventually("the stranger's words", || world.log().contains("bell"));
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    let log = world.log();
    assert!(!log.contains(['\u{1b}', '\u{7}', '\r']), "{log:?}");
    assert!(!log.lines().any(|line| line.starts_with("forged") || line.starts_with("line")), "{log}");
    let first = log.lines().next().unwrap();
    assert!(first.starts_with("--- ") && first.contains("start of fake"), "{first}");
    assert!(log.contains("asked to stop") && log.contains("stopped"), "{log}");
}

#[test]
fn f15_a_daemon_has_nothing_of_its_first_callers() {
    let world = world().var("HALLWAY_TEST_ANSWERS", world_path("answers"));
    let mut caller = world.process("caller");
    caller.env("HALLWAY_TEST_CALLER", "async").env("SECRET", "1").env("LC_ALL", "C");
    assert!(caller.current_dir(world.path("")).status().unwrap().success());
    let pid: i32 = read_to_string(world.path("answers")).unwrap().trim().parse().unwrap();
    assert_eq!(world.blocking().pid().unwrap(), pid);
    let environ = read_to_string(format!("/proc/{pid}/environ")).unwrap();
    assert!(environ.contains("LC_ALL=C") && !environ.contains("SECRET"), "{environ}");
    assert_eq!(read_link(format!("/proc/{pid}/cwd")).unwrap(), PathBuf::from("/"));
    assert_eq!((status(pid, "SigBlk").as_str(), status(pid, "Umask").as_str()), ("0000000000000000", "0077"));
    assert_eq!(nix::unistd::getsid(Some(nix::unistd::Pid::from_raw(pid))).unwrap().as_raw(), pid);
    let log = world.path("state/hallway/fake.log");
    for (fd, target) in descriptors(pid) {
        let text = target.to_string_lossy();
        match fd.as_str() {
            "0" => assert_eq!(text, "/dev/null"),
            "1" | "2" => assert_eq!(target, log),
            // The directory, the lock, the log, sockets, the runtimes' own, and what watches the directory.
            _ => assert!(
                [world.path("run"), world.run("fake.lock"), log.clone()].contains(&target)
                    || text.starts_with("socket:")
                    || text.starts_with("anon_inode:[event")
                    || text == "anon_inode:inotify",
                "descriptor {fd} is {text}"
            ),
        }
    }
}
