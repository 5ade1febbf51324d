//! Hallway and its neighbours, two processes each, measured in one run: `README.md` tells how it is used, `peers` who is
//! measured, `measures` what.

mod chart;
mod figures;
mod machine;
mod measures;
mod message;
mod options;
mod pair;
mod part;
mod peers;
mod place;
mod process;
mod report;
mod run;
mod runtime;
mod table;
mod trace;

use std::process::ExitCode;

use options::Options;
use part::Part;

/// Whatever goes wrong is told to whoever runs it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // This program plays all the parts.
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["part", part] => Part::play(part),
        arguments => Options::parse(arguments).and_then(|options| run::run(&options)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
