//! `environment`: the same user finds the same directory from wherever a program is started: a session, cron, `sudo`, `su`.
//! Each client, in whatever language, is asked. Run as root, in mount namespaces with a `/run` of their own.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Outcome, Run};

/// The user, who needs no entry in the password file.
const USER: &str = "1001";

/// Where a program is started, and which directory it has to find.
struct Case {
    name: &'static str,
    /// What root does first, in the namespace.
    prepare: &'static str,
    /// The user that it runs as.
    user: &'static str,
    env: &'static [(&'static str, &'static str)],
    /// The directory, where `~` is root's home, or the code of the error.
    finds: &'static str,
}

/// A session's directory, as the login manager makes it.
const SESSION: &str = "install -d -m 700 -o 1001 -g 1001 /run/user/1001";

/// A home directory.
const HOME: &str = "install -d -m 700 -o 1001 -g 1001 /run/home";

const CASES: &[Case] = &[
    Case {
        name: "F-54 a session",
        prepare: SESSION,
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/user/1001")],
        finds: "/run/user/1001/hallway",
    },
    Case {
        name: "F-54 cron, ssh, or an IDE, beside a session",
        prepare: SESSION,
        user: USER,
        env: &[("HOME", "/run/home")],
        finds: "/run/user/1001/hallway",
    },
    Case {
        name: "F-54 the variable is empty",
        prepare: SESSION,
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "")],
        finds: "/run/user/1001/hallway",
    },
    Case {
        name: "F-54 the variable is relative",
        prepare: SESSION,
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "user/1001")],
        finds: "/run/user/1001/hallway",
    },
    Case {
        name: "F-54 the variable names nothing",
        prepare: SESSION,
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/nothing")],
        finds: "/run/user/1001/hallway",
    },
    Case {
        name: "F-54 the variable names a file",
        prepare: "install -m 600 -o 1001 /dev/null /run/file",
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/file"), ("HOME", "/run/home")],
        finds: "/run/home/.cache/hallway/run",
    },
    Case {
        name: "F-54 the variable names a directory that others may enter",
        prepare: "install -d -m 755 -o 1001 -g 1001 /run/open",
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/open"), ("HOME", "/run/home")],
        finds: "/run/home/.cache/hallway/run",
    },
    Case {
        name: "F-54 the session's directory lets others in",
        prepare: "install -d -m 755 -o 1001 -g 1001 /run/user/1001",
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/user/1001"), ("HOME", "/run/home")],
        finds: "/run/home/.cache/hallway/run",
    },
    Case {
        name: "F-54 the session's directory is somebody else's",
        prepare: "install -d -m 700 -o 1002 -g 1002 /run/user/1001",
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/user/1001"), ("HOME", "/run/home")],
        finds: "/run/home/.cache/hallway/run",
    },
    Case {
        name: "F-54 no session",
        prepare: "true",
        user: USER,
        env: &[("HOME", "/run/home")],
        finds: "/run/home/.cache/hallway/run",
    },
    Case {
        name: "F-54 no session, a cache elsewhere",
        prepare: "install -d -m 700 -o 1001 -g 1001 /run/cache",
        user: USER,
        env: &[("HOME", "/run/home"), ("XDG_CACHE_HOME", "/run/cache")],
        finds: "/run/cache/hallway/run",
    },
    Case {
        name: "F-54 no session, no home, no entry in the password file",
        prepare: "true",
        user: USER,
        env: &[],
        finds: "no_dir",
    },
    Case {
        name: "F-54 a relative directory of one's own",
        prepare: SESSION,
        user: USER,
        env: &[("HALLWAY_RUNTIME_DIR", "run")],
        finds: "dir_unsafe",
    },
    Case {
        name: "F-55 su keeps the other user's variables",
        prepare: "install -d -m 700 -o 1002 -g 1002 /run/user/1002 && install -d -m 700 -o 1001 /run/user/1001",
        user: "1002",
        env: &[("XDG_RUNTIME_DIR", "/run/user/1001"), ("HOME", "/run/home")],
        finds: "/run/user/1002/hallway",
    },
    Case {
        name: "F-55 sudo -E keeps the user's variables: root makes nothing there",
        prepare: SESSION,
        user: "0",
        env: &[("XDG_RUNTIME_DIR", "/run/user/1001"), ("HOME", "/run/home")],
        finds: "~/.cache/hallway/run",
    },
    Case {
        name: "F-54 a directory that is there and lets others in is refused",
        prepare: "install -d -m 700 -o 1001 /run/user/1001 && install -d -m 777 -o 1001 /run/user/1001/hallway",
        user: USER,
        env: &[("XDG_RUNTIME_DIR", "/run/user/1001")],
        finds: "dir_unsafe",
    },
];

pub(super) fn run(run: &Run) -> Outcome {
    if !nix::unistd::geteuid().is_root() {
        return Err("several users are needed, and only root can be all: run it as root".into());
    }
    let mut wrong = Vec::new();
    for (language, command) in clients()? {
        let before = wrong.len();
        for case in CASES {
            let found = find(run, case, &command)?;
            let expected = case.finds.replace('~', &root_home()?);
            if found != expected {
                wrong.push(format!("{}, {language}: {found} instead of {expected}", case.name));
            }
        }
        let right = CASES.len() + before - wrong.len();
        println!("{language}: {right} of {} cases as they should be", CASES.len());
    }
    if !run.short {
        // A daemon looks every half minute.
        let said = move_to_session(run)?;
        println!("a session begins beside cron's daemon, and ends again: {said}");
        if said != MOVED {
            wrong.push(format!("F-54 a session appears and vanishes: {said} instead of {MOVED}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Where the password file has root at home.
fn root_home() -> io::Result<String> {
    let root = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(0))?;
    Ok(root.map(|root| root.dir.display().to_string()).unwrap_or_default())
}

/// What is to happen: the daemon without a session leaves for the one in the session, and that one when it ends.
const MOVED: &str = "cache left session left cache";

/// Has a daemon run without a session, lets one begin, and end; says where the daemons were, one after the other.
fn move_to_session(run: &Run) -> io::Result<String> {
    const STORY: &str = r#"
        call() { setpriv --reuid 1001 --regid 1001 --clear-groups env -i HOME=/run/home HALLWAY_GATE_DIR=/run/home \
            HALLWAY_GATE_IDLE=0 HALLWAY_CHAOS="$2" "$1" gate-part call; }
        where() { if test -e /run/user/1001/hallway/counter.sock; then echo session; else echo cache; fi; }
        left() { for second in $(seq 60); do test -e /proc/$1 || { echo left; return; }; sleep 1; done; echo stayed; }
        pid=$(call "$@"); where
        install -d -m 700 -o 1001 -g 1001 /run/user/1001
        left $pid
        pid=$(call "$@"); where
        rm -rf /run/user/1001
        left $pid
        pid=$(call "$@"); where
        kill $pid"#;
    let script = format!("set -e; mount -t tmpfs tmpfs /run; mkdir /run/user; {HOME}; cd /; {STORY}");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe()?)
        .arg(run.without.as_deref().unwrap_or_default())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" "))
}

const PYTHON: &str = r#"
import os, sys
sys.path.insert(0, sys.argv[1])
from hallway import HallwayError
from hallway.paths import runtime_path
from hallway.runtime_dir import RuntimeDir
try:
    chosen = runtime_path(os.environ).path
    RuntimeDir.existing(os.environ)
    print(chosen)
except HallwayError as error:
    print(error.code)
"#;

const NODE: &str = r#"
const lifecycle = process.argv[1];
const { Env } = await import(`${lifecycle}/env.js`);
const { existingRuntimeDir } = await import(`${lifecycle}/runtime_dir.js`);
const { runtimePath } = await import(`${lifecycle}/runtime_path.js`);
try {
  const env = new Env(process.env);
  const chosen = runtimePath(env).path;
  existingRuntimeDir(env);
  console.log(chosen);
} catch (error) {
  console.log(error.code ?? String(error));
}
"#;

/// A client's language, and the command that says which directory it finds, or the code of its error.
type Client = (&'static str, Vec<OsString>);

fn clients() -> Result<[Client; 3], Box<dyn std::error::Error>> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients").canonicalize()?;
    let typescript = clients.join("typescript");
    let build = "test -e node_modules || npm ci --no-audit --no-fund >&2; npm run --silent build";
    if !Command::new("sh").args(["-ec", build]).current_dir(&typescript).status()?.success() {
        return Err("clients/typescript cannot be built: apt-get install nodejs npm".into());
    }
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let mut rust = vec![std::env::current_exe()?.into_os_string()];
    rust.extend(words(&["gate-part", "path"]));
    let mut python = words(&["python3", "-B", "-c", PYTHON]);
    python.push(clients.join("python/src").into());
    let mut node = words(&["node", "--input-type=module", "-e", NODE]);
    node.push(typescript.join("dist/src/lifecycle").into());
    Ok([("Rust", rust), ("Python", python), ("TypeScript", node)])
}

/// Which directory a client finds.
fn find(run: &Run, case: &Case, client: &[OsString]) -> io::Result<String> {
    let without = run.without.iter().map(|defence| ("HALLWAY_CHAOS", defence.as_str()));
    let vars = case.env.iter().copied().chain(without).map(|(name, value)| format!("{name}={value}"));
    let script = format!(
        "set -e; mount -t tmpfs tmpfs /run; mkdir /run/user; {HOME}; {}; cd /; \
         exec setpriv --reuid {user} --regid {user} --clear-groups env -i \"$@\"",
        case.prepare,
        user = case.user
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .args(vars)
        .args(client)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The part: says which directory this process finds.
pub(super) fn path() -> String {
    use hallway::lifecycle::{Env, RuntimeDir, RuntimePath};
    let env = Env::process();
    let found = RuntimePath::choose(&env).and_then(|chosen| RuntimeDir::existing(&env).map(|_| chosen));
    found.map_or_else(|error| error.code().to_owned(), |chosen| chosen.path.display().to_string())
}
