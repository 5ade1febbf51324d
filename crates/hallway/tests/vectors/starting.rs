//! `starting.json`: what the start lock's file says, and what its holder does then.

use std::time::Duration;

use hallway::lifecycle::{Asking, LastStart, Next};
use serde::Deserialize;

use super::cases::{Bytes, Case, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartingCase {
    name: String,
    file: Bytes,
    asking: Questions,
    start: Option<u32>,
    tell: Option<u32>,
    #[serde(default)]
    pause: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    boot: String,
    now: u64,
    came: u64,
    program: Option<String>,
    #[serde(default)]
    served: bool,
}

impl Case for StartingCase {
    fn name(&self) -> &str {
        &self.name
    }
}

#[test]
fn f18_what_the_holder_of_the_start_lock_does() {
    run("starting.json", |case: &StartingCase| {
        let expected = match (case.start, case.tell) {
            (Some(failures), None) => Next::Start { failures },
            (None, Some(failures)) => Next::Tell { failures, pause: Duration::from_millis(case.pause) },
            _ => return Err("either `start` or `tell`".to_owned()),
        };
        let Questions { boot, now, came, program, served } = &case.asking;
        let mut asking = Asking::default();
        (asking.boot, asking.now, asking.came) = (boot.clone(), *now, *came);
        (asking.program, asking.served) = (program.clone(), *served);
        let found = LastStart::parse(&case.file.get()).unwrap_or_default().next(&asking);
        if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
    });
}
