//! The project's own commands.

mod check;
mod figures;
mod gate;
mod sources;
mod toolchain;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  check     the rules of the house that the compiler does not know
  figures   measures the mail program as a whole: warm, cold, and with 100,000 messages
            (`figures --quick`: fewer rounds, 5,000 messages)
  gate      tries what is claimed of the life cycle and against hostile peers: `gate` alone lists the names";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // The manifest's directory is right below the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let outcome = match arguments.as_slice() {
        // This program plays the parts of a gate too.
        ["gate-part", part @ ..] => return gate::part(part),
        ["gate", gate @ ..] => {
            let outcome = gate::run(&root, gate);
            return outcome.map_or_else(|error| gate::failed(&*error), |()| ExitCode::SUCCESS);
        }
        ["check"] => check::run(&root),
        ["figures"] => figures::run(&root, &figures::FULL),
        ["figures", "--quick"] => figures::run(&root, &figures::QUICK),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
