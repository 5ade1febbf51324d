//! The daemon that the tests of every client talk to: the pad of notes and the mesh of `spec/vectors/README.md`.

use std::process::ExitCode;

use hallway::lifecycle::{Daemon, Instance};
use hallway_testkit::{EchoMesh, Pad};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("daemon") => {
            let instance: Instance = args.next().unwrap_or_else(|| "notes".to_owned()).parse()?;
            let daemon = Daemon::new(instance, "notes", "1.2.0");
            Ok(daemon.run(|_, server| Ok(server.service(Pad::service()).service(EchoMesh::service()))))
        }
        _ => Err("usage: hallway-notes daemon [NAME]".into()),
    }
}
