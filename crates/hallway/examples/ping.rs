//! Connects to a running daemon and pings it: `cargo run --example ping -- mail`. What the way there and back costs.

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Instance};
use hallway::server::AdminBlockingClient;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instance: Instance = std::env::args().nth(1).ok_or("which instance?")?.parse()?;
    let client = Client::builder().connect(Connector::new(instance))?;
    Ok(AdminBlockingClient::new(client).ping()?)
}
