//! Clients and daemons of different versions.

use std::sync::{Arc, Mutex};

use hallway::blocking;
use hallway::client::CallOptions;
use hallway::lifecycle::{Connector, ServiceFile, Skew, stop};
use hallway::server::AdminBlockingClient;

use super::service::DeskBlockingClient;
use super::world;
use crate::world::{PATIENCE, World, deadline, instance};

/// A client of a version, and what it hears of skew. Daemons that it starts are of the same version.
struct Versioned {
    desk: DeskBlockingClient,
    admin: AdminBlockingClient,
    heard: Arc<Mutex<Vec<Skew>>>,
}

fn client(world: &World, version: &str) -> Versioned {
    let heard: Arc<Mutex<Vec<Skew>>> = Arc::default();
    let hears = Arc::clone(&heard);
    let connector = Connector::new(instance())
        .in_env(world.env())
        .starting(world.launcher().arg(format!("--skip=version-{version}")))
        .within(PATIENCE)
        .replacing_older("desk", version, move |skew| hears.lock().unwrap().push(skew));
    let options = CallOptions::new().deadline(PATIENCE);
    let client = blocking::Client::builder().options(options).connect(connector).unwrap();
    Versioned {
        desk: DeskBlockingClient::new(client.clone()),
        admin: AdminBlockingClient::new(client),
        heard,
    }
}

impl Versioned {
    fn served_by(&self) -> String {
        self.admin.status().unwrap().program
    }

    fn heard(&self) -> Vec<Skew> {
        self.heard.lock().unwrap().clone()
    }
}

#[test]
fn f35_a_newer_client_replaces_an_idle_daemon_and_an_older_one_does_not() {
    let world = world();
    let old = client(&world, "1.0.0");
    assert_eq!(old.served_by(), "desk 1.0.0");
    let new = client(&world, "1.1.0");
    assert_eq!(new.served_by(), "desk 1.1.0");
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap().version, "1.1.0");
    // The older client goes on with the newer daemon, and so does a further one.
    assert_eq!(
        (old.served_by(), client(&world, "1.0.0").served_by()),
        ("desk 1.1.0".into(), "desk 1.1.0".into())
    );
    assert_eq!(client(&world, "1.1.0").served_by(), "desk 1.1.0");
    assert_eq!(world.count("up"), 2);
    assert!(old.heard().is_empty() && new.heard().is_empty());
    // Once nobody runs, whoever comes first decides; the order of versions does not change.
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    assert_eq!(old.served_by(), "desk 1.0.0");
    assert_eq!(client(&world, "1.1.0").served_by(), "desk 1.1.0");
}

#[test]
fn f35_a_daemon_whose_record_names_the_same_version_is_not_asked() {
    let world = world();
    let first = client(&world, "1.0.0");
    let total = || first.admin.status().unwrap().connections.total;
    let before = total();
    client(&world, "1.0.0").served_by();
    assert_eq!(total() - before, 1, "one for the call");
    // It is for people: where it is gone, the daemon is asked.
    std::fs::remove_file(world.run("fake.json")).unwrap();
    client(&world, "1.0.0").served_by();
    assert_eq!(total() - before, 3);
    assert_eq!(client(&world, "1.1.0").served_by(), "desk 1.1.0");
}

#[test]
fn f35_a_daemon_in_use_is_kept_and_the_newer_client_hears_it() {
    let world = world();
    let (old, hold) = (client(&world, "1.0.0"), world.hold());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| old.desk.wait("held".to_owned()).unwrap());
        let (call, _) = hold.accept().unwrap();
        let new = client(&world, "1.1.0");
        assert_eq!(new.served_by(), "desk 1.0.0");
        let skew = new.heard().remove(0);
        assert_eq!(
            (skew.daemon.as_str(), skew.client.as_str(), skew.because.as_str()),
            ("desk 1.0.0", "desk 1.1.0", "it is in use")
        );
        assert!(skew.to_string().contains("older than desk 1.1.0"), "{skew}");
        drop(call);
        waiting.join().unwrap();
    });
    assert_eq!(world.count("up"), 1);
    assert_eq!(client(&world, "1.1.0").served_by(), "desk 1.1.0");
}

#[test]
fn f35_a_newer_daemon_that_cannot_serve_is_tried_once() {
    let world = world();
    let old = client(&world, "1.0.0");
    let first = old.desk.pid().unwrap();
    world.next_one("fails");
    for _ in 0..3 {
        let new = client(&world, "1.1.0");
        assert_eq!((new.served_by().as_str(), new.desk.pid().unwrap()), ("desk 1.0.0", first));
        assert!(new.heard()[0].because.contains("the desk is used by pid 12"), "{:?}", new.heard());
    }
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap().version, "1.0.0");
    // The first daemon twice, and the one that failed.
    assert_eq!(world.count("start"), 3, "{:?}", world.trace());
}

#[test]
fn f35_many_newer_clients_at_once_replace_it_once() {
    let world = world();
    let old = client(&world, "1.0.0");
    assert_eq!(old.served_by(), "desk 1.0.0");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let new = client(&world, "1.1.0");
                // Who came while the others asked may have found it in use.
                assert!(new.heard().iter().all(|skew| skew.because == "it is in use"), "{:?}", new.heard());
                new.desk.append("x".to_owned()).unwrap();
            });
        }
    });
    assert_eq!(client(&world, "1.1.0").served_by(), "desk 1.1.0");
    assert_eq!((world.journal().len(), world.count("up")), (8, 2));
}
