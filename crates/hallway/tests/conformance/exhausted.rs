//! A server without descriptors.
//!
//! The limit is the process's, so the test runs in one of its own: this program, with one test.

use std::process::{Command, Stdio};

use hallway::connection::Wire;
use hallway_testkit::{Setting, Stage, Transport, probe, within};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

const CHILD: &str = "HALLWAY_TEST_EXHAUSTED";

#[test]
fn a_server_without_descriptors_goes_on_when_there_are_some() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        return runtime.unwrap().block_on(exhausted());
    }
    let name = "exhausted::a_server_without_descriptors_goes_on_when_there_are_some";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([name, "--exact", "--nocapture"]).env(CHILD, "1").stdin(Stdio::null());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn exhausted() {
    let stage = Stage::start(Setting::new(Transport::Unix, Wire::NATIVE), probe).await;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    // Both ends are in this process: at some point there is no descriptor for either.
    let mut open = Vec::new();
    while let Ok(connection) = hallway::client::Connect::connect(&stage.reach()).await {
        open.push(connection);
    }
    assert!(open.len() > 10, "{} connections", open.len());
    drop(open);
    let client = crate::stage::probe_client(stage.client().await);
    assert_eq!(within("an answer", client.add(1, 1)).await.unwrap(), 2);
}
