//! Runs parts of this test binary as processes of their own, to be killed or starved.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tells a child where its data is. Its absence tells that the binary runs as a test.
const DIR: &str = "HALLWAY_MAIL_TEST_DIR";

/// The command that runs the part `name` of this binary on the data in `dir`: a test that passes at once where there
/// is no data, and is another test's process where there is.
pub(crate) fn command(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(arguments(name)).env(DIR, dir);
    command
}

/// As [`command`], inside a mount namespace of its own where `size` bytes are mounted on `dir`.
pub(crate) fn on_small_disk(name: &str, dir: &Path, size: u64) -> Command {
    let script = r#"mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@""#;
    let mut command = Command::new("unshare");
    // The user namespace is what allows anyone but root to mount.
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command
        .arg(size.to_string())
        .arg(dir)
        .arg(env::current_exe().unwrap())
        .args(arguments(name))
        .env(DIR, dir);
    command
}

fn arguments(name: &str) -> [OsString; 3] {
    ["--exact", "--nocapture", name].map(OsString::from)
}

/// Where the data is, if this process is a child.
pub(crate) fn dir() -> Option<PathBuf> {
    env::var_os(DIR).map(PathBuf::from)
}
