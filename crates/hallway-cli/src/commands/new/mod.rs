//! `hallway new`: a program to begin with. What it writes is `template/`, with the name in place of `greeter`.

mod name;

use std::fs::{DirBuilder, create_dir_all, write};
use std::io;
use std::path::{Path, PathBuf};

use console::style;

use crate::exit::Exit;
use crate::failure::Failure;

use name::Name;

/// The end of the command's help.
pub(crate) const HELP: &str = "\
Examples:
  hallway new greeter                          makes ./greeter, and tells what to do with it";

/// What to make.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What it is called: the directory, the program and the service.
    name: String,
    /// The library, `crates/hallway` in a clone. If this program was built in a clone, it is that one's.
    #[arg(long, value_name = "DIRECTORY")]
    hallway_path: Option<PathBuf>,
}

/// The files, by where they go.
const TEMPLATE: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    (".gitignore", include_str!("template/gitignore")),
    ("README.md", include_str!("template/README.md")),
    ("src/main.rs", include_str!("template/src/main.rs")),
    ("tests/it.rs", include_str!("template/tests/it.rs")),
];

/// What stands for where the library is, in `Cargo.toml.in`.
const LIBRARY: &str = "{hallway}";

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let name = arguments.name.parse::<Name>()?;
    let library = library(arguments.hallway_path.as_deref())?;
    let root = Path::new(name.as_str());
    let failed = |path: &Path, error: io::Error| {
        Failure::new(Exit::Refused, "cannot_write", format!("cannot make {}: {error}", path.display()))
    };
    DirBuilder::new().create(root).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("there is a `{}` here already, and it is left as it is", root.display());
            Failure::new(Exit::Refused, "already_there", message)
                .hint("choose another name, or another directory")
        }
        _ => failed(root, error),
    })?;
    for (file, text) in TEMPLATE {
        let path = root.join(file);
        let text = name.put_into(text).replace(LIBRARY, &library);
        let made = path.parent().map_or(Ok(()), create_dir_all).and_then(|()| write(&path, text));
        made.map_err(|error| failed(&path, error))?;
    }
    next(&name);
    if library.starts_with('"') {
        eprintln!("It takes hallway {library} from a registry; `--hallway-path` takes that of a clone.");
    }
    Ok(())
}

/// Tells what to do with it. Nothing of that is for a program to read.
fn next(name: &Name) {
    let command = |line: String, does: &str| {
        eprintln!("  {}  {does}", style(format!("{line:<42}")).for_stderr().bold());
    };
    eprintln!("{name}/ holds a service, its daemon, its command line and its tests. Next:");
    command(format!("cd {name}; cargo test"), "tries it, in a place of its own");
    command("cargo run -- greet Ada".to_owned(), "starts the daemon, and asks it");
    command(format!("hallway call {name}.greet name=Ada"), "asks it from a shell");
}

/// The library as `Cargo.toml` names it: in the clone that this program was built in, or else by its version.
fn library(given: Option<&Path>) -> Result<String, Failure> {
    let is_library = |path: &Path| path.join("src/lifecycle/mod.rs").is_file();
    let path = match given {
        Some(path) if is_library(path) => Some(path.to_owned()),
        Some(path) => {
            let message = format!("there is no library in {}", path.display());
            return Err(Failure::usage(message).hint("name the directory `crates/hallway` of a clone"));
        }
        None => clone().filter(|path| is_library(path)),
    };
    let Some(path) = path else { return Ok(format!("\"{}\"", env!("CARGO_PKG_VERSION"))) };
    let path = path.canonicalize().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let path = path.to_str().ok_or_else(|| Failure::usage("the path of the library is not UTF-8"))?;
    // A string of JSON is one of TOML as well.
    Ok(format!("{{ path = {} }}", serde_json::Value::from(path)))
}

/// The library in the clone in whose `target` this program is.
fn clone() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().map(|dir| dir.join("crates/hallway")).find(|path| path.is_dir())
}
