//! The compiler, and where it puts what it builds.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The `cargo` that runs this program, or else the one that is found.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where it puts what it builds of the repository.
pub(crate) fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Which compiler it is.
pub(crate) struct Compiler {
    pub(crate) release: String,
    /// The machine that it runs on, and compiles for.
    pub(crate) host: String,
}

impl Compiler {
    pub(crate) fn ask() -> Result<Self, Box<dyn Error>> {
        let output =
            Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV").output()?;
        let text = String::from_utf8(output.stdout)?;
        let find = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        match (find("release: "), find("host: ")) {
            (Some(release), Some(host)) => Ok(Self { release, host }),
            _ => Err("rustc does not say what it is".into()),
        }
    }
}
