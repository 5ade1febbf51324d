//! A server in a process of its own, on its standard input and output.
//!
//! The process is the test program itself, run with one test. What the test harness prints would get among
//! the messages, so the child is started with its output elsewhere and the pipe as descriptor 3, and puts
//! the pipe in its place before it serves.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use hallway::Server;
use hallway::connection::Wire;
use hallway::transport::stdio;

use crate::{Services, Setting};

/// What the child is to speak; its presence is what makes a child.
const SPEAKS: &str = "HALLWAY_TESTKIT_CHILD";
/// The longest message body that it takes.
const FRAME_MAX: &str = "HALLWAY_TESTKIT_FRAME_MAX";
/// The test that the child runs, written by [`scenarios!`](crate::scenarios).
const TEST: &str = "stdio_child";

/// How to start a child that serves in this setting.
pub(crate) fn command(setting: Setting) -> Command {
    let mut command = Command::new("/bin/sh");
    let this = std::env::current_exe().expect("a program knows where it is");
    command.args(["-c", r#"exec "$0" "$@" 3>&1 1>/dev/null"#]).arg(this).args([
        TEST,
        "--exact",
        "--nocapture",
        "-q",
    ]);
    command.env(SPEAKS, setting.wire.to_string()).env(FRAME_MAX, setting.wire.frame_max().to_string());
    command
}

/// Serves if this process is the child of a test, and then never returns; otherwise does nothing.
///
/// [`scenarios!`](crate::scenarios) writes the test that calls it.
///
/// # Panics
/// When the child was not started as it should.
pub fn serve_as_child(services: Services) {
    let (Ok(speaks), Ok(frame_max)) = (std::env::var(SPEAKS), std::env::var(FRAME_MAX)) else { return };
    let frame_max = frame_max.parse().expect("a number of bytes");
    let wire = Wire::all().find(|wire| wire.to_string() == speaks).expect("a wire that there is");
    let pipe = File::options().write(true).open("/dev/fd/3").expect("the pipe to the parent");
    nix::unistd::dup2_stdout(pipe).expect("the pipe takes the place of the output");

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be built").block_on(async {
        let server = services(Server::builder().wire(wire.with_frame_max(frame_max))).build();
        server.serve_connection(stdio::own());
        server.handle().idle(Duration::ZERO).await;
    });
    #[expect(clippy::exit, reason = "nothing more may be written where the messages went")]
    std::process::exit(0);
}
