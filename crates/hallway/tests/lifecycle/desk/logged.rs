//! What a peer says, in the daemon's log.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use serde_json::json;

use super::world;
use crate::world::{PATIENCE, eventually};

/// What would forge a record, move a terminal's cursor, or hide what was written: 40 texts.
const FORGERIES: [&str; 40] = [
    "\n2026-01-01T00:00:00.000000Z  INFO hallway: stopped",
    "\r\n2026-01-01T00:00:00.000000Z ERROR hallway: the disk is full",
    "\r2026-01-01T00:00:00.000000Z  WARN hallway: forged",
    "x\n\n\n",
    "\n",
    "\r",
    "\n--- 2026-01-01T00:00:00Z start of fake",
    "\u{b}vertical",
    "\u{c}page",
    "\u{85}next line",
    "\u{2028}line separator",
    "\u{2029}paragraph separator",
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIC8=\u{7}",
    "\u{1b}[1A\u{1b}[2K",
    "\u{1b}c",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}[6n",
    "\u{9b}31mred",
    "\u{9d}0;title\u{9c}",
    "\u{90}sixel",
    "\u{8}\u{8}\u{8}\u{8}back",
    "\u{7f}\u{7f}deleted",
    "\u{0}nul",
    "a\u{0}b\nc",
    "\u{7}bell",
    "\u{e}shifted\u{f}",
    "\u{1a}end of file",
    "\u{4}end of transmission",
    "\u{13}stopped\u{11}",
    "\u{202e}desrever\u{202c}",
    "\u{2066}isolated\u{2069}",
    "\" code=\"internal\" message=\"\n\"",
    "\\n is no line feed, \n is",
    "%0a%0d&#10;\\u000a\u{a}",
    "{\"level\":\"error\"}\n{\"level\":\"info\"}",
    "e\u{301}\u{200b}\n\t\u{1b}[0m",
];

#[test]
fn a22_no_peer_can_forge_a_record() {
    let world = world();
    let desk = world.blocking();
    desk.pid().unwrap();
    let before = world.log().len();

    let mut peer = UnixStream::connect(world.run("fake.sock")).unwrap();
    for text in FORGERIES {
        // An error that speaks of no call is logged.
        let refusal = json!({ "v": 1, "error": { "code": text, "message": text } }).to_string();
        peer.write_all(&u32::try_from(refusal.len()).unwrap().to_be_bytes()).unwrap();
        peer.write_all(refusal.as_bytes()).unwrap();
        desk.log(text.to_owned()).unwrap();
        // Panics, with the text in its message.
        assert_eq!(desk.hang(text.to_owned()).unwrap_err().code(), "internal");
    }
    // A length that nobody means ends the connection, and that is logged once.
    peer.write_all(&[0; 4]).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.read_to_end(&mut Vec::new()).unwrap();

    // And who goes as anybody does is not worth a line.
    UnixStream::connect(world.run("fake.sock")).unwrap().shutdown(Shutdown::Both).unwrap();
    desk.log("the last".to_owned()).unwrap();

    eventually("the last record", || world.log().ends_with("the last\n"));
    let log = world.log()[before..].to_owned();
    let control = log.chars().find(|&c| c.is_control() && c != '\n' && c != '\t');
    assert_eq!(control, None, "{log}");
    let count = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count("the peer refused a message"), FORGERIES.len(), "{log}");
    assert_eq!(count("no way to hang"), FORGERIES.len(), "{log}");
    assert_eq!(count("code=\"protocol_violation\""), 1, "{log}");
    assert_eq!(log.lines().count(), 3 * FORGERIES.len() + 2, "{log}");
    let is_record = |line: &str| line.starts_with("20") && line.as_bytes().get(10) == Some(&b'T');
    assert!(log.lines().all(is_record), "{log}");
}
