//! What makes the daemon known by name to clients in every language.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hallway::lifecycle::{Connector, Env, Instance};
use serde_json::{Value, json};

use super::world::{World, letter, maildir};

#[test]
fn a_mailbox_is_installed_listed_and_started_by_its_name() {
    let world = World::new();
    let mailbox = world.path("Maildir");
    maildir(&mailbox, &[("new/1.host", &letter("a boat"))]);
    let at = |command: &str| {
        let ran = world.run(["--mailbox", mailbox.to_str().unwrap(), command]);
        (ran.code, ran.out + &ran.err)
    };
    let mailboxes =
        || -> Value { serde_json::from_str(&world.ok(["mailboxes", "--format", "json"])).unwrap() };
    assert_eq!(mailboxes(), json!([]));

    let (code, said) = at("install");
    assert!(code == 0 && said.contains(" is installed: "), "{said}");
    let (_, said) = at("install");
    assert!(said.contains("was installed already"), "{said}");
    let listed = mailboxes();
    let name = listed[0]["name"].as_str().unwrap();
    assert_eq!(listed, json!([{ "name": name, "running": false, "mailbox": mailbox }]));

    // A client that knows nothing but the name.
    let env = ["HALLWAY_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "HOME"]
        .into_iter()
        .zip(["run", "state", "data", "home"].map(|dir| world.path(dir)));
    let instance: Instance = name.parse().unwrap();
    Connector::new(instance).in_env(Env::of(env)).installed().reach().unwrap();
    assert_eq!(mailboxes()[0]["running"], true);
    assert!(world.ok(["mailboxes"]).contains("running"));

    let (code, said) = at("uninstall");
    assert!(code == 0 && said.ends_with(" is no longer installed\n"), "{said}");
    assert!(at("uninstall").1.ends_with(" was not installed\n"));
    assert_eq!(mailboxes(), json!([]));
    assert_eq!(at("count").1, "1\n", "the daemon that runs goes on");
}

#[test]
fn what_others_could_have_written_is_listed_with_the_reason_and_not_believed() {
    let world = World::new().with_sample();
    let file = world.path("data/hallway/services/mail.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let listed: Value = serde_json::from_str(&world.ok(["mailboxes", "--format", "json"])).unwrap();
    assert!(listed[0]["refused"].as_str().unwrap().contains("chmod go-w"), "{listed}");

    let services = world.path("data/hallway/services");
    fs::set_permissions(&services, fs::Permissions::from_mode(0o777)).unwrap();
    let ran = world.run(["install"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("chmod go-w"), "{}", ran.err);
}
