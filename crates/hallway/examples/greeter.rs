//! A service, its daemon and its command line in one program: `cargo run --example greeter -- Ada`.

use std::process::ExitCode;

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Daemon, Instance, Launcher};

/// Greets people.
#[hallway::service(name = "greeter", version = "1.0")]
pub trait Greeter {
    /// A greeting for somebody.
    #[idempotent]
    async fn greet(&self, name: String) -> String;
}

struct Polite;

impl Greeter for Polite {
    async fn greet(&self, name: String) -> String {
        format!("Good day, {name}. This is process {}.", std::process::id())
    }
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let instance = Instance::new("greeter")?;
    let name = std::env::args().nth(1).unwrap_or_else(|| "stranger".to_owned());
    if name == "--daemon" {
        let daemon = Daemon::new(instance, "greeter", "1.0");
        return Ok(daemon.run(|_, server| Ok(server.service(GreeterService::new(Polite)))));
    }
    let launcher = Launcher::this_program()?.arg("--daemon");
    let connector = Connector::new(instance).starting(launcher);
    let greeter = GreeterBlockingClient::new(Client::builder().connect(connector)?);
    println!("{}", greeter.greet(name)?);
    Ok(ExitCode::SUCCESS)
}
