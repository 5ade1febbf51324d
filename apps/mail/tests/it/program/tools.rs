//! What `clients/install` has put into the target directory, which is what nobody here wrote.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::world::{Ran, World, run};

/// Runs a script of `tests/foreign` in Python, with the packages of `clients/requirements.txt`.
pub(crate) fn python(world: &World, script: &str, arguments: &[&Path]) -> Ran {
    run(world.program(installed().join("venv/bin/python")).arg(foreign(script)).args(arguments))
}

/// Runs a script of `tests/foreign` in Node, with the packages of `clients/node`.
pub(crate) fn node(world: &World, script: &str, arguments: &[&Path]) -> Ran {
    let mut node = world.program("node");
    node.env("NODE_PATH", installed().join("node/node_modules"));
    run(node.arg(foreign(script)).args(arguments))
}

fn foreign(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(script)
}

/// Installs it, once, and says where it is.
fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let ran = run(&mut Command::new(root.join("clients/install")));
        assert_eq!(ran.code, 0, "clients/install failed; run it by hand:\n{}", ran.err);
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        target.join("clients")
    })
}
