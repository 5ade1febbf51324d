//! The TypeScript client, tested by its own tests against the daemon of this crate.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The tests that there are at least: fewer mean that some were not found.
const TESTS_MIN: usize = 1250;

/// How long a file of tests may take, in milliseconds, on a machine that is busy.
const TEST_TIMEOUT: &str = "--test-timeout=600000";

/// The first version of Node that has what the client uses.
const NODE_MIN: u32 = 20;

#[test]
fn the_client_holds_its_own_tests() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("typescript");
    check_node();
    let _one_at_a_time = build(&client);
    let tested = Command::new("node")
        .args(["--test", "--test-reporter=tap", TEST_TIMEOUT, "dist/test/"])
        .env("HALLWAY_NOTES", env!("CARGO_BIN_EXE_hallway-notes"))
        .env("HALLWAY_HOSTILE", env!("CARGO_BIN_EXE_hallway-hostile"))
        .current_dir(&client)
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{}", failures(&report, &tested));
    let passed = counted(&report, "pass");
    assert_eq!(counted(&report, "skipped") + counted(&report, "todo"), 0, "tests were left out");
    assert!(passed >= TESTS_MIN, "only {passed} tests ran, where {TESTS_MIN} are the least");
}

pub(crate) fn check_node() {
    let install = "install Node 20 or later: apt-get install nodejs npm";
    for program in ["node", "npm"] {
        let found = Command::new(program).arg("--version").output();
        assert!(found.is_ok_and(|found| found.status.success()), "`{program}` is missing; {install}");
    }
    let version = run("node", &["--version"], Path::new("."));
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    assert!(major.parse().is_ok_and(|major: u32| major >= NODE_MIN), "node is {version}; {install}");
}

/// Installs the compiler if that is not done, and compiles. Whoever wants to do the same waits until the file that is
/// returned is closed.
pub(crate) fn build(client: &Path) -> File {
    let target = Path::new(env!("CARGO_BIN_EXE_hallway-notes")).parent().unwrap();
    let lock = File::create(target.join("typescript.lock")).unwrap();
    lock.lock().unwrap();
    let wanted = fs::read(client.join("package-lock.json")).unwrap();
    check_lock_file(&wanted);
    let done = client.join("node_modules/.installed");
    if fs::read(&done).ok().as_ref() != Some(&wanted) {
        run("npm", &["ci", "--no-audit", "--no-fund"], client);
        fs::write(&done, &wanted).unwrap();
    }
    // What was compiled from a file that is gone would still be run.
    let _absent = fs::remove_dir_all(client.join("dist"));
    run("npm", &["run", "--silent", "build"], client);
    lock
}

/// It names no host that packages come from, and nothing that ships with the client.
fn check_lock_file(text: &[u8]) {
    let lock: Value = serde_json::from_slice(text).unwrap();
    let packages = lock["packages"].as_object().unwrap();
    for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
        assert_eq!(package["resolved"], Value::Null, "{name} names where it comes from");
        assert_eq!(package["dev"], Value::Bool(true), "{name} is needed at run time");
    }
}

fn run(program: &str, args: &[&str], dir: &Path) -> String {
    let ran = Command::new(program).args(args).current_dir(dir).output().unwrap();
    let said = [&ran.stdout[..], &ran.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ran.status.success(), "{program} {} failed:\n{said}", args.join(" "));
    said.into_owned()
}

/// The tests that failed, each with its reason.
fn failures(report: &str, tested: &Output) -> String {
    let mut shown = String::new();
    let mut inside = false;
    for line in report.lines() {
        let text = line.trim_start();
        inside = text.starts_with("not ok") || (inside && !text.starts_with("ok ") && text != "...");
        if inside {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    format!("{shown}{}", String::from_utf8_lossy(&tested.stderr))
}

/// A number from the summary.
fn counted(report: &str, what: &str) -> usize {
    let found = report.lines().find_map(|line| line.strip_prefix(&format!("# {what} ")));
    found.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("the report has no number: {what}"))
}
