//! Which part of the library may know which other.

use crate::sources::Source;

/// What each part of the library may import from its siblings: the arrows of ARCHITECTURE.md.
const LAYERS: &[(&str, &[&str])] = &[
    ("caller", &[]),
    ("chaos", &[]),
    ("fairness", &[]),
    ("limits", &[]),
    ("encoding", &["chaos", "limits"]),
    ("framing", &["chaos", "limits"]),
    ("transport", &["chaos", "limits"]),
    ("protocol", &["chaos", "encoding", "limits"]),
    ("connection", &["chaos", "encoding", "fairness", "framing", "limits", "protocol", "transport"]),
    ("service", &["connection", "encoding", "limits", "protocol", "transport"]),
    ("topic", &["fairness", "limits", "service"]),
    ("client", &["connection", "encoding", "limits", "protocol", "service", "transport"]),
    (
        "blocking",
        &["chaos", "client", "connection", "encoding", "limits", "protocol", "service", "transport"],
    ),
    (
        "server",
        &["chaos", "connection", "encoding", "fairness", "limits", "protocol", "service", "transport"],
    ),
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

/// A layer imports only what stands below it.
pub(super) fn check(source: &Source, wrong: &mut Vec<String>) {
    let inside = source.path.trim_start_matches("crates/hallway/src/");
    let part = inside.split(['/', '.']).next().unwrap_or_default();
    if part == "lib" || source.is_test() {
        return;
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == part) else {
        wrong.push(format!(
            "{}: `{part}` has no place among the layers of xtask/src/check/layers.rs",
            source.path
        ));
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
    }
}

/// The siblings that a line names.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::found;

    #[test]
    fn what_is_out_of_order_is_found() {
        for (text, words) in [
            ("use crate::server::Server;", "must not know `server`"),
            ("    let x = crate::connection::Wire::NATIVE;", "must not know `connection`"),
            ("use tokio::io;", "does no I/O"),
        ] {
            let source = Source::new("crates/hallway/src/framing/x.rs", text);
            let wrong = found(|wrong| check(&source, wrong));
            assert!(matches!(wrong.as_slice(), [one] if one.contains(words)), "{text}: {wrong:?}");
        }
        let allowed = Source::new(
            "crates/hallway/src/framing/x.rs",
            "use crate::limits::FRAME_MAX;\n#[cfg(test)]\nuse tokio;",
        );
        assert!(found(|wrong| check(&allowed, wrong)).is_empty());
        let strange = Source::new("crates/hallway/src/strange.rs", "");
        assert_eq!(found(|wrong| check(&strange, wrong)).len(), 1);
    }
}
