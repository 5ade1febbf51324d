//! Clients that know only the name, and the service file that the daemon leaves for them.

use std::fs::{self, Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use hallway::blocking;
use hallway::client::Client;
use hallway::lifecycle::{Connector, ServiceFile, stop};

use super::service::{DeskBlockingClient, DeskClient};
use super::{bounded, ended, run, terminate, world};
use crate::world::{PATIENCE, ROLE_ARGS, World, deadline, eventually, instance};

fn by_name(world: &World) -> Connector {
    Connector::new(instance()).in_env(world.env()).installed().within(PATIENCE)
}

fn call(world: &World) -> i32 {
    let client = blocking::Client::builder().options(bounded()).connect(by_name(world));
    DeskBlockingClient::new(client.unwrap()).pid().unwrap()
}

fn failure(world: &World) -> (String, String) {
    let error = blocking::Client::builder().connect(by_name(world)).unwrap_err();
    let other = run(async { Client::builder().connect(by_name(world)).await.unwrap_err() });
    assert_eq!((error.code(), error.to_string()), (other.code(), other.to_string()));
    assert_eq!(error.exit_code(), 3);
    (error.code().to_owned(), error.to_string())
}

#[test]
fn a_daemon_that_ran_once_is_started_by_its_name() {
    let world = world().var("DESK_EXTRA", "yes");
    let extra = |pid| fs::read_to_string(format!("/proc/{pid}/environ")).unwrap().contains("DESK_EXTRA=yes");
    let first = world.blocking().pid().unwrap();
    assert!(!extra(first));
    let file = ServiceFile::read(&world.env(), &instance()).unwrap();
    assert_eq!(
        (file.program, file.args),
        (std::env::current_exe().unwrap(), ROLE_ARGS.map(String::from).into())
    );
    assert_eq!(
        (file.version.as_str(), file.description.as_str(), file.env),
        ("1.2.3", "A service whose effects are seen in its journal.", vec!["DESK_EXTRA".to_owned()])
    );
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    let second = call(&world);
    assert!(extra(second), "the variable that the file names was not passed");
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    let third = run(async {
        let client = Client::builder().options(bounded()).connect(by_name(&world)).await;
        DeskClient::new(client.unwrap()).pid().await.unwrap()
    });
    assert!(first != second && second != third);
    assert_eq!((call(&world), world.count("start")), (third, 3));
}

#[test]
fn a_daemon_writes_only_what_is_new() {
    let world = world();
    let path = world.service("fake.json");
    let restart = || {
        world.blocking().pid().unwrap();
        assert!(stop(&world.env(), &instance(), deadline()).unwrap());
        fs::metadata(&path).unwrap().ino()
    };
    let first = restart();
    assert_eq!(restart(), first);
    fs::write(&path, "{").unwrap();
    restart();
    let file = ServiceFile::read(&world.env(), &instance()).unwrap();
    assert_eq!(file.program, std::env::current_exe().unwrap());
    set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    restart();
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap(), file);
}

#[test]
fn a_daemon_in_the_foreground_leaves_its_file_too() {
    let world = world();
    let mut daemon = world.process("desk").spawn().unwrap();
    eventually("the daemon", || world.service("fake.json").exists());
    terminate(daemon.id() as i32);
    assert_eq!(ended(&mut daemon), Some(0));
    assert_ne!(call(&world), daemon.id() as i32);
}

#[test]
fn a_daemon_may_say_what_its_arguments_are() {
    let world = world().var("HALLWAY_TEST_ARGS", "--mailbox /var/mail");
    world.blocking().pid().unwrap();
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap().args, ["--mailbox", "/var/mail"]);
}

#[test]
fn a_daemon_that_cannot_write_its_file_serves() {
    let world = world();
    fs::write(world.path("data"), "a file where the directory belongs").unwrap();
    world.blocking().pid().unwrap();
    assert!(world.log().contains("no service file"), "{}", world.log());
    // A running one is reached without any file.
    call(&world);
}

#[test]
fn a_name_that_nothing_is_known_of() {
    let world = world();
    let (code, text) = failure(&world);
    assert_eq!(code, "not_installed");
    assert!(
        text.contains(world.service("fake.json").to_str().unwrap()) && text.contains("install"),
        "{text}"
    );
    assert_eq!(world.count("start"), 0);
}

#[test]
fn a_program_that_is_gone_is_named_and_so_is_the_file() {
    let world = world();
    ServiceFile::new(instance(), world.path("gone")).write(&world.env()).unwrap();
    let (code, text) = failure(&world);
    assert_eq!(code, "cannot_launch");
    for path in [world.path("gone"), world.service("fake.json")] {
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}

#[test]
fn a_file_that_is_not_trusted_starts_nothing() {
    let world = world();
    let file = ServiceFile::this_program(instance()).unwrap();
    file.write(&world.env()).unwrap();
    set_permissions(world.service("fake.json"), Permissions::from_mode(0o666)).unwrap();
    assert_eq!(failure(&world).0, "service_file_unsafe");
    fs::write(world.service("fake.json"), "rm -rf /").unwrap();
    set_permissions(world.service("fake.json"), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(failure(&world).0, "bad_service_file");
    assert_eq!(world.count("start"), 0);
}
