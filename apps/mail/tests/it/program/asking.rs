//! What is asked of the sample, in every format.

use serde_json::Value;

use super::world::{World, deliver, letter, maildir};

#[test]
fn search_prints_a_table_json_lines_or_ids() {
    let world = World::new().with_sample();
    let search =
        |format: &str| world.ok(["search", "from:alice is:unread label:generator", "--format", format]);
    assert_eq!(
        search("table"),
        "50 N!·· 2026-02-14 21:03  Alice Moreau            Re: It makes light #generator\n\
         34 N··· 2025-09-07 08:31  Alice Moreau            Re: Generator: belt or gearbox? #generator\n"
    );
    assert_eq!(search("ids"), "50\n34\n");
    let found: Vec<Value> = serde_json::from_str(&search("json")).unwrap();
    let lines: Vec<Value> = search("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found, lines);
    assert!(search("json").starts_with(concat!(
        r#"[{"id":50,"thread":48,"date":"2026-02-14T21:03:00Z","#,
        r#""from":[{"name":"Alice Moreau","address":"alice@example.org"}],"#,
        r#""to":[{"name":"The weir","address":"weir@example.org"}],"subject":"Re: It makes light","#,
        r#""flags":{"unread":true,"flagged":true,"replied":false},"labels":["generator"],"size":570,"#,
        r#""attachments":0,"snippet":"I walked past at nine and stood under that lamp like a moth."#
    )));
    assert!(search("json").ends_with("}]\n"));
}

#[test]
fn a_search_is_limited_and_sorted() {
    let world = World::new().with_sample();
    let ids = |arguments: &[&str]| world.ok([&["search", "--format", "ids"], arguments].concat());
    assert_eq!(ids(&["from:alice is:unread", "--limit", "2"]), "57\n53\n");
    assert_eq!(ids(&["from:alice is:unread", "-n", "0"]), "");
    let by_date = ids(&["generator"]);
    let by_match = ids(&["generator", "--sort", "relevance"]);
    assert_ne!(by_date, by_match);
    let sorted = |ids: &str| {
        let mut ids: Vec<_> = ids.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    assert_eq!(sorted(&by_date), sorted(&by_match));
    assert_eq!(world.ok(["count", "generator"]), format!("{}\n", by_date.lines().count()));
}

#[test]
fn a_message_is_printed_and_its_conversation() {
    let world = World::new().with_sample();
    let cat = world.ok(["cat", "45"]);
    assert!(
        cat.starts_with(
            "From: Alice Moreau <alice@example.org>\nTo: The weir <weir@example.org>\nDate: 2026-01-06 19:30\n\
             Subject: Minutes of 5 January\nLabels: minutes\n\
             Attachment: minutes-2026-01-05.txt (text/plain, 561 B)\n\nDear all,\n"
        ),
        "{cat}"
    );
    let json: Value = serde_json::from_str(&world.ok(["cat", "45", "--format", "json"])).unwrap();
    assert_eq!(json["envelope"]["subject"], "Minutes of 5 January");
    assert!(cat.ends_with(&format!("\n\n{}\n", json["text"].as_str().unwrap().trim_end())));
    let thread = world.ok(["thread", "50", "--format", "ids"]);
    assert!(thread.contains("50\n") && thread.lines().count() > 1, "{thread}");
    assert_eq!(world.ok(["thread", "48", "--format", "ids"]), thread);
}

#[test]
fn a_raw_message_is_what_came_byte_for_byte_however_long() {
    let world = World::new();
    let mailbox = world.path("Maildir");
    maildir(&mailbox, &[]);
    // Longer than a frame, and no whole number of pieces; not text in any one encoding.
    let mut long = letter("long");
    long.extend(std::iter::repeat_n(&b"\xff\xfe caf\xe9 \x00 0123456789 \r\n"[..], 800_000).flatten());
    let short = letter("short");
    deliver(&mailbox, "1.host", &long);
    deliver(&mailbox, "2.host", &short);
    let raw = |id: &str| {
        let output = world.mail(["cat", "--raw", id, "--mailbox"]).arg(&mailbox).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert_eq!(raw("2"), short);
    assert!(long.len() > 16 << 20 && raw("1") == long);
    let missing = world.run(["cat", "--raw", "3", "--mailbox", mailbox.to_str().unwrap()]);
    assert_eq!((missing.code, missing.err.as_str()), (1, "error: there is no message 3\n"));
}

#[test]
fn status_tells_how_the_daemon_and_its_mail_are() {
    let world = World::new().with_sample();
    let text = world.ok(["status"]);
    let rows: Vec<_> = text.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(
        rows,
        ["mailbox", "data", "daemon", "running", "connections", "calls", "messages", "index", "disk"]
    );
    assert!(text.contains("57, 19 unread, in 26 conversations"), "{text}");
    let json = world.ok(["status", "--format", "json"]);
    let order =
        ["\"daemon\":", "\"program\":", "\"pid\":", "\"mail\":", "\"messages\":57", "\"index_behind\":0"];
    assert!(order.map(|member| json.find(member).unwrap()).is_sorted(), "{json}");
    // The log beside the database counts.
    assert!(world.status(None)["mail"]["database_bytes"].as_u64().unwrap() > 100_000, "{json}");
}

#[test]
fn completions_are_there_for_each_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = world.ok(["completions", shell]);
        assert!(script.contains("hallway-mail") && script.contains("reindex"), "{shell}");
        if shell == "bash" {
            let checked = super::world::run(world.program("bash").args(["-nc", &script]));
            assert_eq!(checked.code, 0, "{}", checked.err);
        }
    }
    assert_eq!(world.in_run(".sock"), [""; 0]);
}
