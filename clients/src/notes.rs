//! The server that the tests of every client talk to: the pad of notes of `spec/vectors/README.md`.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use hallway::Server;
use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Daemon, Instance};
use hallway::server::AdminBlockingClient;
use hallway::transport::{Address, Listener as _, tcp, unix};
use hallway_testkit::Pad;

/// The token of the listener on TCP, as `spec/vectors/README.md` says it.
const TOKEN: &str = "open sesame";

const USAGE: &str = "usage: hallway-notes daemon [NAME]
       hallway-notes pid NAME        reaches a daemon as any client does, writes its process number
       hallway-notes serve SOCKET    listens there and on TCP, writes the port to its standard output,
                                     ends with its standard input";

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["daemon"] => daemon("notes".parse()?),
        ["daemon", name] => daemon(name.parse()?),
        ["pid", name] => pid(name.parse()?),
        ["serve", socket] => serve(socket),
        _ => Err(USAGE.into()),
    }
}

/// Serves an instance, as any other daemon does.
fn daemon(instance: Instance) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let daemon = Daemon::new(instance, "notes", "1.2.0");
    Ok(daemon.run(|_, server| Ok(server.service(Pad::service()))))
}

/// Is a client in Rust, for the races with clients in other languages: starts the daemon if it is not there.
fn pid(instance: Instance) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let client = Client::builder().connect(Connector::new(instance).installed())?;
    writeln!(io::stdout(), "{}", AdminBlockingClient::new(client).status()?.pid)?;
    Ok(ExitCode::SUCCESS)
}

/// Serves one conversation of `spec/vectors`, without the life cycle of a daemon.
fn serve(socket: &str) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = runtime.enter();
    let server = Server::builder().program("notes 1.2.0").service(Pad::service()).build();
    let on_unix = unix::Listener::bind(socket)?;
    let on_tcp = runtime.block_on(tcp::Listener::bind(([127, 0, 0, 1], 0).into(), TOKEN))?;
    let Address::Tcp(address) = *on_tcp.address() else { return Err("no TCP address".into()) };
    runtime.spawn({
        let server = server.clone();
        async move { server.serve(on_unix).await }
    });
    runtime.spawn(async move { server.serve(on_tcp).await });
    writeln!(io::stdout(), "{}", address.port())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(ExitCode::SUCCESS)
}
