//! What `spec/wire.md` shows is what happens: its bytes, its conversations, its figures and its client.

use std::collections::BTreeMap;
use std::process::Command;

use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Encoding;
use hallway::framing::Framing;
use hallway::lifecycle::{Env, Instance, PASSED_ENV, ServiceFile};
use hallway::limits;
use hallway::protocol::{ERROR_NUMBERS, Id, Message, Protocol, SERVICE_ERROR};

use super::cases::{Bytes, spec};
use super::errors_md::cells;
use super::server::TestServer;

#[test]
fn the_example_bytes_are_a_ping() {
    let mut shown = 0;
    for (info, block) in blocks().iter().filter(|(info, _)| info.starts_with("hex")) {
        let names: Vec<&str> = info.split(' ').collect();
        let framing = *Framing::ALL.iter().find(|framing| framing.name() == names[1]).unwrap();
        let encoding = *Encoding::ALL.iter().find(|encoding| encoding.name() == names[2]).unwrap();
        let mut inbox = Inbox::new(Wire::new(framing, encoding, Protocol::Native).unwrap());
        let mut found = Vec::new();
        let bytes = Bytes::Hex { hex: block.clone() }.get();
        inbox
            .receive(&bytes, |received| match received {
                Received::Message(Message::Call(call)) => found.push((call.id, call.method.into_owned())),
                other => panic!("{info}: {other:?}"),
            })
            .unwrap();
        assert_eq!(found, [(Some(Id::Number(1)), "hallway.ping".to_owned())], "{info}");
        assert!(!inbox.is_within_message(), "{info}");
        shown += 1;
    }
    assert_eq!(shown, Framing::ALL.len() + 1, "an example for each framing, and one of MessagePack");
}

#[test]
fn the_conversations_go_as_shown() {
    for (info, framing, least) in
        [("transcript", Framing::Length, 6), ("transcript sidecar", Framing::Lines, 3)]
    {
        let conversations: Vec<String> =
            blocks().into_iter().filter(|(found, _)| found == info).map(|(_, block)| block).collect();
        assert!(conversations.len() >= least, "the conversations are not where they are looked for");
        conversations.iter().for_each(|conversation| goes_as_shown(conversation, framing));
    }
}

fn goes_as_shown(conversation: &str, framing: Framing) {
    let server = TestServer::with(&["mesh"]);
    let mut peer = server.connect_unix();
    peer.frames_by(framing);
    for line in conversation.lines() {
        match line.split_once(' ') {
            Some(("→", sent)) => peer.send(sent.as_bytes()),
            Some(("←", expected)) => {
                let received = peer.receive().unwrap();
                assert_eq!(received.as_deref(), Some(expected), "in\n{conversation}");
            }
            _ => panic!("neither sent nor received: {line}"),
        }
    }
}

#[test]
fn the_limits_are_those_of_the_code() {
    let document = document();
    let (_, section) = document.split_once("\n## Limits\n").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let listed: BTreeMap<String, u64> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = cells(line);
            (cells[0].trim_matches('`').to_owned(), cells[1].parse().unwrap())
        })
        .collect();
    assert_eq!(listed, limits::Limits::default().table());
}

#[test]
fn the_numbers_of_json_rpc_are_those_of_the_code() {
    let document = document();
    let (_, after) = document.split_once("<!-- numbers: protocol/jsonrpc/numbers.rs -->\n").unwrap();
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|')).map(cells);
    let mut listed: Vec<(String, i32)> =
        rows.map(|cells| (cells[0].trim_matches('`').to_owned(), cells[1].parse().unwrap())).collect();
    assert_eq!(listed.pop(), Some(("any of the service's own".to_owned(), SERVICE_ERROR)));
    let known: Vec<_> = ERROR_NUMBERS.iter().map(|(code, number)| ((*code).to_owned(), *number)).collect();
    assert_eq!(listed, known);
}

#[test]
fn the_clients_work() {
    for info in ["python", "python sidecar"] {
        let blocks = blocks();
        let at = blocks.iter().position(|(found, _)| found == info).unwrap();
        let (client, (info, expected)) = (&blocks[at].1, &blocks[at + 1]);
        assert_eq!(info, "text", "what the client prints stands after it");
        let server = TestServer::with(&["mesh"]);
        let ran = Command::new("python3").arg("-c").arg(client).arg(server.socket()).output();
        let ran = ran.unwrap_or_else(|error| {
            panic!("python3 cannot be run ({error}): install it, `apt-get install -y python3` or `dnf install -y python3`")
        });
        let complaints = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "the client failed:\n{complaints}");
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), *expected, "{complaints}");
    }
}

#[test]
fn a_daemons_variables_are_those_of_the_code() {
    let document = document();
    let row = document.lines().find(|line| line.starts_with("| environment |")).unwrap();
    let (_, listed) = row.split_once("`HALLWAY_`, and ").unwrap();
    let listed: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, PASSED_ENV);
}

#[test]
fn the_service_file_is_one() {
    let (_, file) = blocks().into_iter().find(|(info, _)| info == "json").unwrap();
    let data = tempfile::tempdir().unwrap();
    let env = Env::of([("XDG_DATA_HOME", data.path())]);
    let mail: Instance = "mail".parse().unwrap();
    let path = ServiceFile::path(&env, &mail).unwrap();
    ServiceFile::new(mail.clone(), "/bin/mail").write(&env).unwrap();
    std::fs::write(&path, &file).unwrap();
    let shown = ServiceFile::read(&env, &mail).unwrap();
    ServiceFile::remove(&env, &mail).unwrap();
    assert!(shown.write(&env).unwrap());
    let again = std::fs::read_to_string(path).unwrap();
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&file), value(&again), "every member is shown, and no other");
}

/// The fenced blocks of the document: what stands behind the opening fence, and the text.
fn blocks() -> Vec<(String, String)> {
    let document = document();
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let block: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            blocks.push((info.to_owned(), block));
        }
    }
    blocks
}

fn document() -> String {
    std::fs::read_to_string(spec("wire.md")).unwrap()
}
