//! A server that does what no server should, for the tests of the clients in every language.

use std::io::{self, Write as _};
use std::os::unix::net::UnixListener;

use hallway_testkit::HostileServer;

const USAGE: &str = "usage: hallway-hostile SOCKET
       plays the server of the case of spec/vectors/hostile-server.json that stands in the first line of its standard
       input; writes a line once it listens, and ends, with 0 if the client did as it should, when that has closed";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(socket), None) = (arguments.next(), arguments.next()) else { return Err(USAGE.into()) };
    let mut case = String::new();
    io::stdin().read_line(&mut case)?;
    let server: HostileServer = serde_json::from_str(&case)?;
    let listener = UnixListener::bind(socket)?;
    writeln!(io::stdout(), "listens")?;
    Ok(server.play(&listener)?)
}
