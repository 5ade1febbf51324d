//! Programs in other languages on the other end of the socket.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::tools::{node, python};
use super::world::{Ran, World, mbox, run};

/// What to do where there is no Python.
const PYTHON: &str = "python3 is needed: sudo apt-get install python3";

#[test]
fn the_python_of_the_readme_searches() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, after) = readme.split_once("```python\n").expect("an example");
    let (script, _) = after.split_once("```").unwrap();
    let world = World::new().with_sample();
    let socket = world.path("run/mail.sock");
    let mut python = world.program("python3");
    python.args(["-c", script]).arg(&socket).arg("from:alice is:unread");
    let ran = run(&mut python);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{PYTHON}");
    assert_eq!(ran.out.lines().count(), 10, "{}", ran.out);
    assert_eq!(ran.out.lines().next(), Some("57 Re: Roof: the slate is coming"));
}

fn is_well(ran: &Ran) {
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "all is well\n", ""));
}

#[test]
fn the_json_rpc_library_of_editors_works() {
    let world = World::new().with_sample();
    let letters = world.path("letters.mbox");
    mbox(&letters, 3000);
    is_well(&node(&world, "vscode-jsonrpc.cjs", &[&world.path("run/mail.sock"), &letters]));
}

#[test]
fn the_json_rpc_library_of_a_python_language_server_works() {
    let world = World::new().with_sample();
    is_well(&python(&world, "python_lsp_jsonrpc.py", &[&world.path("run/mail.sock")]));
}

#[test]
fn the_libraries_of_messagepack_work() {
    let world = World::new().with_sample();
    is_well(&python(&world, "msgpack_native.py", &[&world.path("run/mail.sock")]));
    is_well(&node(&world, "msgpack-native.cjs", &[&world.path("run/mail.sock")]));
}

#[test]
fn what_can_be_called_is_told_as_open_rpc_has_it() {
    let world = World::new().with_sample();
    is_well(&node(&world, "openrpc.cjs", &[&world.path("run/mail.sock")]));
}

#[test]
fn a_daemon_of_another_version_is_told_apart_from_one_that_says_no() {
    let world = World::new();
    for (answer, code) in [
        (r#"{"v":1,"id":1,"error":{"code":"unknown_method","message":"no mail.count here"}}"#, 4),
        (r#"{"v":1,"id":1,"result":"fifty-seven"}"#, 4),
        (
            r#"{"v":1,"id":1,"error":{"code":"storage","message":"the disk is on fire","details":{"reason":"x"}}}"#,
            1,
        ),
    ] {
        let mut daemon = world
            .program("python3")
            .args(["-c", STRANGER, answer])
            .arg(world.path("run/mail.sock"))
            .stdout(Stdio::piped())
            .spawn()
            .expect(PYTHON);
        let mut ready = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ran = world.run(["count"]);
        daemon.wait().unwrap();
        assert_eq!(ran.code, code, "{answer}: {}", ran.err);
    }
}

/// Listens, hears one call of the service, gives the answer, and leaves with its socket.
const STRANGER: &str = r#"
import os, socket, struct, sys
answer, path = sys.argv[1].encode(), sys.argv[2]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
print("ready", flush=True)
said = b"hallway.status"
while b"hallway.status" in said:  # which version it is: no answer is one too
    peer, _ = listener.accept()
    said = b""
    while b'"call"' not in said:
        said += peer.recv(65536)
hello = b'{"v":1,"hello":{"program":"stranger 9.9"}}'
for body in (hello, answer):
    peer.sendall(struct.pack(">I", len(body)) + body)
while peer.recv(65536):
    pass
os.unlink(path)
"#;
