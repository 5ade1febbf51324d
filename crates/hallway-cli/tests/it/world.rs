//! A place of its own for each test, with a kitchen in it if it is wanted.

use std::ffi::OsStr;
use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

use hallway::lifecycle::Instance;
pub(crate) use hallway_testkit::Ran;

use crate::kitchen::{self, JOURNAL, ROLE};

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World(hallway_testkit::World);

impl World {
    pub(crate) fn new() -> Self {
        let world = hallway_testkit::World::new(env!("CARGO_BIN_EXE_hallway"));
        let journal = world.path("journal");
        Self(world.with(JOURNAL, journal).with(ROLE, "kitchen"))
    }

    /// A place in which the kitchen can be started by its name.
    pub(crate) fn with_kitchen() -> Self {
        let world = Self::new();
        kitchen::install(&world.env(), &Instance::new("kitchen").unwrap());
        world
    }

    /// A place in which the kitchen runs.
    pub(crate) fn with_open_kitchen() -> Self {
        let world = Self::with_kitchen();
        assert_eq!(world.run(["start", "kitchen"]).err, "kitchen has started\n");
        world
    }

    /// The tool.
    pub(crate) fn hallway<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.0.program(arguments)
    }

    /// Any program.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        self.0.any(program)
    }

    /// Runs a line of shell.
    pub(crate) fn shell(&self, line: &str) -> Ran {
        run(self.program("sh").args(["-c", line]))
    }
}

impl Deref for World {
    type Target = hallway_testkit::World;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    match command.output() {
        Ok(output) => output.into(),
        Err(error) => {
            panic!("{command:?}: {error}; what is missing: sudo apt-get install fish zsh util-linux bsdutils")
        }
    }
}
