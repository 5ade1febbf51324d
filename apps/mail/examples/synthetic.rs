//! Writes a mailbox of made-up mail: `cargo run --release -p hallway-mail --example synthetic -- 2000 > some.mbox`.

use std::error::Error;
use std::io::{BufWriter, Write as _};

/// The mail is the same in every run.
const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("how many messages?")?.parse()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    hallway_mail::synthetic::write_mbox(SEED, count, &mut out)?;
    Ok(out.flush()?)
}
