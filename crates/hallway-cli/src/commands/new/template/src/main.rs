//! A service, its daemon and its command line, in one program.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Daemon, Env, Instance, Launcher, ServiceFile};

/// Greets people.
#[hallway::service(name = "greeter", version = "1.0")]
pub trait Greeter {
    /// A greeting for somebody.
    #[idempotent]
    async fn greet(&self, name: String) -> String;
}

/// What the daemon keeps from call to call.
struct Polite;

impl Greeter for Polite {
    async fn greet(&self, name: String) -> String {
        format!("Good day, {name}.")
    }
}

const USAGE: &str = "\
Usage:
  greeter greet NAME    asks the daemon, and starts it if it does not run
  greeter install       lets everybody start it by its name: `hallway call greeter.greet name=Ada`
  greeter uninstall     takes that back";

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let instance = Instance::new("greeter")?;
    let daemon = Daemon::new(instance.clone(), "greeter", "0.1.0");
    let daemon = daemon.args(["daemon"]);
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["daemon"] => {
            let service = GreeterService::new(Polite);
            return Ok(daemon.run(|_, server| Ok(server.service(service))));
        }
        ["greet", name] => {
            let launcher = Launcher::this_program()?.arg("daemon");
            let connector = Connector::new(instance).starting(launcher);
            let client = Client::builder().connect(connector)?;
            let service = GreeterBlockingClient::new(client);
            println!("{}", service.greet(name.to_owned())?);
        }
        ["install"] => {
            let summary = greeter_description().summary();
            daemon.service_file(&summary)?.write(&Env::process())?;
        }
        ["uninstall"] => {
            ServiceFile::remove(&Env::process(), &instance)?;
        }
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}
