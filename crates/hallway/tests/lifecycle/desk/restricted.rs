//! A second socket that carries less.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use hallway::client::Outcome;
use hallway::lifecycle::{Connector, Env, restart, stop};
use hallway::server::AdminBlockingClient;

use super::service::{DeskBlockingClient, desk_description};
use super::world;
use crate::world::{World, deadline, instance};

/// A place in which the desk has a restricted socket for `desk.pid` and `desk.beats`.
fn restricted() -> World {
    world().var("HALLWAY_TEST_RESTRICTED", "reader")
}

impl World {
    /// A client that has been given the restricted directory as its runtime directory, and nothing else.
    fn sandboxed(&self) -> hallway::blocking::Client {
        let env = Env::of([("HALLWAY_RUNTIME_DIR", self.run("fake+reader"))]);
        hallway::blocking::Client::builder().connect(Connector::new(instance()).in_env(env)).unwrap()
    }
}

#[test]
fn a2_every_method_outside_the_set_is_refused_and_never_begun() {
    let world = restricted();
    let pid = world.blocking().pid().unwrap();
    let client = DeskBlockingClient::new(world.sandboxed());
    assert_eq!(client.pid().unwrap(), pid);
    assert_eq!(client.beats().unwrap().next().unwrap().unwrap(), pid);
    // Whatever it says of itself.
    let mut stream = UnixStream::connect(world.run("fake+reader/fake.sock")).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let methods = desk_description().methods.iter().map(|method| format!("desk.{}", method.name));
    let outside = methods.filter(|method| !["desk.pid", "desk.beats"].contains(&method.as_str()));
    let others = [
        "hallway.stop",
        "hallway.daemon.restart",
        "hallway.",
        "desk",
        "desk.pid.",
        "Desk.pid",
        "nobody.knows",
    ];
    for method in outside.chain(others.map(str::to_owned)) {
        let call = format!(
            r#"{{"id":1,"call":"{method}","params":{{"line":"x","ms":0,"bytes":1,"how":"waits"}},"source":"cli","scope":"*"}}"#
        );
        writeln!(stream, "{call}").unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert!(answer.contains(r#""code":"not_permitted""#), "{method}: {answer}");
    }
    assert!(world.journal().is_empty());
    let error = client.append("x".to_owned()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), ("not_permitted", Outcome::NotDispatched));
    assert_eq!(world.blocking().pid().unwrap(), pid, "it was stopped");
}

#[test]
fn a2_a_restricted_socket_tells_of_nothing_else() {
    let world = restricted();
    world.blocking().pid().unwrap();
    let admin = AdminBlockingClient::new(world.sandboxed());
    admin.ping().unwrap();
    let told: BTreeSet<String> = admin
        .describe(None)
        .unwrap()
        .iter()
        .flat_map(|service| {
            service.methods.iter().map(move |method| format!("{}.{}", service.name, method.name))
        })
        .collect();
    let expected = ["desk.beats", "desk.pid", "hallway.describe", "hallway.ping", "hallway.status"];
    assert_eq!(told, expected.map(str::to_owned).into());
    let reserved = admin.describe(Some("hallway".to_owned())).unwrap();
    assert!(reserved[0].types.contains_key("Status") && reserved[0].types.contains_key("Description"));
    assert!(!reserved[0].types.keys().any(|name| name.contains("Restart")), "{:?}", reserved[0].types.keys());
    let names: Vec<_> = admin.status().unwrap().services.into_iter().map(|service| service.name).collect();
    assert_eq!(names, ["desk", "hallway"]);
    assert_eq!(world.admin().describe(Some("desk".to_owned())).unwrap(), [desk_description().clone()]);
}

#[test]
fn a2_a_restricted_socket_is_as_private_as_the_other_and_comes_and_goes_with_it() {
    let world = restricted();
    let (dir, socket) = (world.run("fake+reader"), world.run("fake+reader/fake.sock"));
    let first = world.blocking().pid().unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&socket)), (0o700, 0o600));
    let client = DeskBlockingClient::new(world.sandboxed());
    assert_eq!(client.pid().unwrap(), first);
    assert_eq!(restart(&world.env(), &instance(), deadline()).unwrap(), Ok(true));
    let second = client.pid().unwrap();
    assert_eq!((second == first, world.blocking().pid().unwrap()), (false, second));
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    assert!(dir.exists() && !socket.exists(), "the directory stays, the socket goes");
    let third = world.blocking().pid().unwrap();
    assert_eq!(DeskBlockingClient::new(world.sandboxed()).pid().unwrap(), third);
}

#[test]
fn a2_a_set_that_names_what_there_is_not_is_a_mistake() {
    let world = world().var("HALLWAY_TEST_RESTRICTED", "misspelt");
    let error = hallway::blocking::Client::builder().connect(world.connector()).unwrap_err();
    assert!(error.code() == "bad_scope" && error.to_string().contains("desk.pidd"), "{error}");
}
