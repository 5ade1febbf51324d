//! The rules of the house that the compiler does not know.

use std::error::Error;
use std::path::Path;

use crate::sources::{self, Source};

/// What each part of the library may import from its siblings: the arrows of ARCHITECTURE.md.
const LAYERS: &[(&str, &[&str])] = &[
    ("caller", &[]),
    ("chaos", &[]),
    ("limits", &[]),
    ("encoding", &["limits"]),
    ("framing", &["limits"]),
    ("transport", &["chaos", "limits"]),
    ("protocol", &["encoding", "limits"]),
    ("connection", &["chaos", "encoding", "framing", "limits", "protocol", "transport"]),
    ("service", &["connection", "encoding", "limits", "protocol", "transport"]),
    ("topic", &["limits", "service"]),
    ("client", &["connection", "encoding", "limits", "protocol", "service", "transport"]),
    ("blocking", &["client", "connection", "encoding", "limits", "protocol", "service", "transport"]),
    ("server", &["chaos", "connection", "encoding", "limits", "protocol", "service", "transport"]),
    (
        "lifecycle",
        &[
            "blocking",
            "chaos",
            "client",
            "connection",
            "encoding",
            "limits",
            "protocol",
            "server",
            "service",
            "transport",
        ],
    ),
];

/// The layers that are free of I/O.
const PURE: &[&str] = &["encoding", "framing", "protocol"];

/// What a pure layer does not name.
const IO: &[&str] = &["tokio", "std::net", "std::os", "std::fs", "std::process", "nix::", "futures_util"];

/// What an application does not name: it is the library's.
const PLUMBING: &[&str] =
    &["tokio::net", "std::net", "os::unix::net", "UnixStream", "TcpStream", "setsid", "SIGTERM"];

/// What is decoded from a peer is of none of these shapes: they multiply memory.
const BANNED_ON_THE_WIRE: &[&str] = &["serde(tag", "serde(untagged", "serde(flatten", "from_abstract_name"];

/// The most lines of a file that ship.
const LINES_MAX: usize = 600;

/// Checks everything, and tells of all that is wrong.
pub(crate) fn run(root: &Path) -> Result<(), Box<dyn Error>> {
    let library = sources::rust(root, "crates/hallway/src")?;
    let mut all = sources::rust(root, "crates")?;
    all.extend(sources::rust(root, "apps")?);
    all.extend(sources::rust(root, "xtask")?);

    let mut wrong = Vec::new();
    library.iter().for_each(|source| check_layer(source, &mut wrong));
    all.iter().for_each(|source| check_length(source, &mut wrong));
    all.iter().for_each(|source| check_application(source, &mut wrong));
    check_modules(&all, &mut wrong);
    if wrong.is_empty() {
        println!("{} files: layers, lengths, applications, test modules are in order", all.len());
        return Ok(());
    }
    Err(wrong.join("\n").into())
}

/// A layer imports only what stands below it.
fn check_layer(source: &Source, wrong: &mut Vec<String>) {
    let inside = source.path.trim_start_matches("crates/hallway/src/");
    let part = inside.split(['/', '.']).next().unwrap_or_default();
    if part == "lib" || source.is_test() {
        return;
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == part) else {
        wrong.push(format!("{}: `{part}` has no place among the layers of xtask/src/check.rs", source.path));
        return;
    };
    for (number, line) in source.shipped() {
        let mut say = |what: &str| wrong.push(format!("{}:{}: {what}", source.path, number + 1));
        for imported in imports(line) {
            if imported != part
                && LAYERS.iter().any(|(layer, _)| *layer == imported)
                && !allowed.contains(&imported)
            {
                say(&format!("`{part}` must not know `{imported}`"));
            }
        }
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        if PURE.contains(&part) && IO.iter().any(|name| code.contains(name)) {
            say(&format!("`{part}` does no I/O"));
        }
        if BANNED_ON_THE_WIRE.iter().any(|banned| code.contains(banned)) {
            say("a shape that multiplies what a peer sends");
        }
    }
}

/// The siblings that a line names.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
}

fn check_length(source: &Source, wrong: &mut Vec<String>) {
    let lines = source.shipped().count();
    if lines > LINES_MAX && !source.is_test() {
        wrong.push(format!(
            "{}: {lines} lines, where {LINES_MAX} are the most: it holds more than one idea",
            source.path
        ));
    }
}

/// An application holds no line of communication.
fn check_application(source: &Source, wrong: &mut Vec<String>) {
    if !source.path.starts_with("apps/") || source.is_test() {
        return;
    }
    for (number, line) in source.shipped().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        if let Some(plumbing) = PLUMBING.iter().find(|plumbing| line.contains(**plumbing)) {
            wrong.push(format!("{}:{}: `{plumbing}` is the library's business", source.path, number + 1));
        }
    }
}

/// A file of tests that no `mod` names is never run.
fn check_modules(all: &[Source], wrong: &mut Vec<String>) {
    for source in all {
        let Some((dir, file)) = source.path.rsplit_once('/') else { continue };
        let main = format!("{dir}/main.rs");
        let Some(main) = all.iter().find(|other| dir.contains("/tests/") && other.path == main) else {
            continue;
        };
        let name = file.trim_end_matches(".rs");
        if name != "main" && !main.text.contains(&format!("mod {name};")) {
            wrong.push(format!("{}: {} does not name it, so it is never run", source.path, main.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    fn found(check: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
        let mut wrong = Vec::new();
        check(&mut wrong);
        wrong
    }

    #[test]
    fn the_repository_is_in_order() {
        run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
    }

    #[test]
    fn what_is_out_of_order_is_found() {
        for (text, words) in [
            ("use crate::server::Server;", "must not know `server`"),
            ("    let x = crate::connection::Wire::NATIVE;", "must not know `connection`"),
            ("use tokio::io;", "does no I/O"),
            ("#[serde(untagged)]", "multiplies"),
        ] {
            let source = source("crates/hallway/src/framing/x.rs", text);
            let wrong = found(|wrong| check_layer(&source, wrong));
            assert!(matches!(wrong.as_slice(), [one] if one.contains(words)), "{text}: {wrong:?}");
        }
        let allowed = source(
            "crates/hallway/src/framing/x.rs",
            "use crate::limits::FRAME_MAX;\n#[cfg(test)]\nuse tokio;",
        );
        assert!(found(|wrong| check_layer(&allowed, wrong)).is_empty());
        let long = source("apps/mail/src/x.rs", &"x\n".repeat(LINES_MAX + 1));
        assert_eq!(found(|wrong| check_length(&long, wrong)).len(), 1);
        let plumbing = source("apps/mail/src/x.rs", "use std::os::unix::net::UnixStream;");
        assert_eq!(found(|wrong| check_application(&plumbing, wrong)).len(), 1);
        let forgotten = [source("a/tests/it/main.rs", "mod one;"), source("a/tests/it/two.rs", "")];
        assert_eq!(found(|wrong| check_modules(&forgotten, wrong)).len(), 1);
    }
}
