//! The server that the tests of every client talk to, with the services of `spec/vectors/README.md`.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Daemon, Instance};
use hallway::server::AdminBlockingClient;
use hallway_testkit::{EchoMesh, GoldenServer, Pad};

const USAGE: &str = "usage: hallway-notes daemon [NAME]
       hallway-notes pid NAME        reaches a daemon as any client does, writes its process number
       hallway-notes serve SOCKET [SERVICE...]
                                     serves the pad of notes, and mesh, example or jobs if named, at SOCKET, with few
                                     methods at SOCKET.restricted, and on TCP, writes the port to its standard
                                     output, ends with its standard input";

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["daemon"] => daemon("notes".parse()?),
        ["daemon", name] => daemon(name.parse()?),
        ["pid", name] => pid(name.parse()?),
        ["serve", socket, ref also @ ..] => serve(socket, also),
        _ => Err(USAGE.into()),
    }
}

/// Serves an instance, as any other daemon does.
fn daemon(instance: Instance) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let daemon = Daemon::new(instance, "notes", "1.2.0");
    Ok(daemon.run(|_, server| Ok(server.service(Pad::service()).service(EchoMesh::service()))))
}

/// Is a client in Rust, for the races with clients in other languages: starts the daemon if it is not there.
fn pid(instance: Instance) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let client = Client::builder().connect(Connector::new(instance).installed())?;
    writeln!(io::stdout(), "{}", AdminBlockingClient::new(client).status()?.pid)?;
    Ok(ExitCode::SUCCESS)
}

/// Serves one conversation of `spec/vectors`, without the life cycle of a daemon.
fn serve(socket: &str, also: &[&str]) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let server = GoldenServer::start(Path::new(socket), also);
    writeln!(io::stdout(), "{}", server.tcp().port())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}
