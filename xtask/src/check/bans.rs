//! What no line that ships says.

use crate::sources::Source;

/// What is banned, and why.
struct Ban {
    /// Where, by the beginnings of paths.
    below: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

/// Whatever speaks with a peer.
const WIRE: &[&str] = &["crates/hallway/src/", "crates/hallway-testkit/src/", "apps/"];

const BANS: &[Ban] = &[
    Ban {
        below: &["apps/"],
        words: &["tokio::net", "std::net", "os::unix::net", "UnixStream", "TcpStream", "setsid", "SIGTERM"],
        why: "is the library's business",
    },
    Ban {
        below: WIRE,
        words: &["unbounded", "mpsc::channel()", "std::sync::mpsc::channel"],
        why: "grows as long as nobody reads: write a channel with a bound",
    },
    Ban {
        below: WIRE,
        words: &["from_abstract_name", "new_abstract", "SocketAddrExt"],
        why: "may be a socket with an abstract name, which has no owner: write a path",
    },
];

/// Whatever decodes what a peer sends; the test kit reads cases of our own besides.
const DECODES: &[&str] = &["crates/hallway/src/", "apps/"];

/// What `#[serde(...)]` makes a reader keep a whole value as a tree before it knows what it is.
const SHAPES: &[&str] = &["tag", "content", "untagged", "flatten"];

/// The clock that people set. A line that needs it says so above, in a comment that begins like this.
const WALL_CLOCK: &str = "// Wall clock:";

/// Checks one file.
pub(super) fn check(source: &Source, wrong: &mut Vec<String>) {
    if source.is_test() {
        return;
    }
    let is_below = |places: &[&str]| places.iter().any(|place| source.path.starts_with(place));
    for (number, line) in source.code() {
        for ban in BANS.iter().filter(|ban| is_below(ban.below)) {
            if let Some(word) = ban.words.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("{}:{}: `{word}` {}", source.path, number + 1, ban.why));
            }
        }
    }
    if is_below(DECODES) {
        check_shapes(source, wrong);
    }
    if is_below(WIRE) {
        check_clock(source, wrong);
    }
}

/// Nothing is of a shape that multiplies what a peer sends.
fn check_shapes(source: &Source, wrong: &mut Vec<String>) {
    // An attribute may go over several lines.
    let code: Vec<(usize, &str)> = source.code().collect();
    for (at, (number, line)) in code.iter().enumerate() {
        let Some((_, begun)) = line.split_once("serde(") else { continue };
        let rest: String =
            code.iter().skip(at + 1).take_while(|_| !begun.contains(")]")).map(|(_, line)| *line).collect();
        let attribute = format!("{begun}{rest}");
        let words = attribute.split(")]").next().unwrap_or_default().split(',').map(|word| {
            word.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
        });
        for word in words.filter(|word| SHAPES.contains(word)) {
            wrong.push(format!(
                "{}:{}: `{word}` is a shape that multiplies what a peer sends: derive `hallway::Open`",
                source.path,
                number + 1
            ));
        }
    }
}

/// Nothing is decided by a clock that may jump.
fn check_clock(source: &Source, wrong: &mut Vec<String>) {
    let mut before = "";
    for (number, line) in source.shipped() {
        let code = line.trim_start();
        let asks = !code.starts_with("//") && !code.starts_with("use ") && code.contains("SystemTime");
        if asks && !before.starts_with(WALL_CLOCK) {
            let path = &source.path;
            wrong.push(format!(
                "{path}:{}: `SystemTime` jumps: write `Instant`, or `{WALL_CLOCK} why` above",
                number + 1
            ));
        }
        before = code;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::found;

    #[test]
    fn what_is_banned_is_found() {
        for (path, text, words) in [
            ("apps/mail/src/x.rs", "use std::os::unix::net::UnixStream;", "the library's business"),
            ("apps/mail/src/x.rs", "let (tx, rx) = unbounded_channel();", "a bound"),
            ("crates/hallway/src/x.rs", "let (tx, rx) = std::sync::mpsc::channel();", "a bound"),
            ("crates/hallway-testkit/src/x.rs", "futures::channel::mpsc::unbounded()", "a bound"),
            ("crates/hallway/src/x.rs", "SocketAddr::from_abstract_name(name)", "has no owner"),
            ("crates/hallway/src/x.rs", "UnixAddr::new_abstract(name)", "has no owner"),
            ("crates/hallway/src/x.rs", "#[serde(untagged)]", "`untagged` is a shape"),
            ("apps/mail/src/x.rs", "#[serde(rename_all = \"x\", tag = \"kind\")]", "`tag` is a shape"),
            ("crates/hallway/src/x.rs", "#[serde(\n    flatten,\n)]\nfield: X,", "`flatten` is a shape"),
            ("crates/hallway/src/x.rs", "let now = SystemTime::now();", "`SystemTime` jumps"),
            ("crates/hallway/src/x.rs", "// Because.\nlet now = SystemTime::now();", "`SystemTime` jumps"),
        ] {
            let source = Source::new(path, text);
            let wrong = found(|wrong| check(&source, wrong));
            assert!(matches!(wrong.as_slice(), [one] if one.contains(words)), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_found() {
        for (path, text) in [
            ("crates/hallway/src/transport/x.rs", "use std::os::unix::net::UnixStream;"),
            ("crates/hallway/tests/vectors/x.rs", "#[serde(untagged)]"),
            ("crates/hallway-testkit/src/x.rs", "#[serde(untagged)]"),
            ("crates/hallway/src/x.rs", "/// An unbounded queue.\n#[cfg(test)]\nunbounded_channel()"),
            ("crates/hallway/src/x.rs", "#[serde(rename = \"tag\", default)]\n#[other(flatten)]"),
            (
                "crates/hallway/src/x.rs",
                "use std::time::SystemTime;\n// Wall clock: for people.\nSystemTime::now()",
            ),
            ("xtask/src/x.rs", "SystemTime::now()"),
        ] {
            let source = Source::new(path, text);
            assert_eq!(found(|wrong| check(&source, wrong)), Vec::<String>::new(), "{text}");
        }
    }
}
