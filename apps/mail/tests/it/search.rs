//! What queries find.

use hallway_mail::{Engine, EngineError, Mark, MessageId, Sort};

use crate::mail::{Mail, engine_with, ids, import, mail, set, subjects};

fn mailbox() -> Vec<Mail> {
    vec![
        mail("Invoice 42")
            .from("Alice Müller <alice.m@shop.example>")
            .header("To", "Bob <bob@home.example>, \"Carol, the other\" <carol@work.example>")
            .header("Cc", "dave@work.example")
            .date("Fri, 1 Mar 2024 12:00:00 +0000")
            .attach("Rechnung März.pdf"),
        mail("Lunch next week")
            .from("Bob <bob@home.example>")
            .header("To", "alice.m@shop.example")
            .date("Sat, 2 Mar 2024 12:00:00 +0000")
            .body("Shall we have lunch? The week next to this is bad.\r\n> quoted Größe\r\n")
            .read()
            .replied()
            .label("Home Life"),
        mail("日本語のメール")
            .from("Ünal Öztürk <unal@istanbul.example>")
            .date("Sun, 3 Mar 2024 12:00:00 +0000")
            .body("İstanbul'da görüşürüz. Ελλάδα, Москва.")
            .flagged()
            .label("work"),
        mail("Undated").from("\"Alice\" <alice@other.example>").body("nothing").read(),
    ]
}

fn check(cases: &[(&str, &[&str])]) {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), &mailbox());
    for (query, found) in cases {
        assert_eq!(subjects(&engine, query), set(found), "{query}");
    }
}

const ALL: &[&str] = &["Invoice 42", "Lunch next week", "日本語のメール", "Undated"];

#[test]
fn words_are_found_in_any_part_and_phrases_in_order() {
    check(&[
        ("", ALL),
        ("invoice", &["Invoice 42"]),
        ("LUNCH", &["Lunch next week"]),
        ("\"next week\"", &["Lunch next week"]),
        ("\"week lunch\"", &[]),
        ("body:\"week next\"", &["Lunch next week"]),
        ("subject:\"week next\"", &[]),
        ("alice", &["Invoice 42", "Lunch next week", "Undated"]),
        ("rechnung", &["Invoice 42"]),
        ("grosse", &["Lunch next week"]),
        ("nosuchword", &[]),
    ]);
}

#[test]
fn languages_are_found_without_their_accents() {
    check(&[
        ("muller", &["Invoice 42"]),
        ("MÜLLER", &["Invoice 42"]),
        ("日本", &["日本語のメール"]),
        ("本日", &[]),
        ("subject:メール", &["日本語のメール"]),
        ("istanbul gorusuruz", &["日本語のメール"]),
        ("ΕΛΛΑΔΑ", &["日本語のメール"]),
        ("москва", &["日本語のメール"]),
        ("filename:marz.pdf", &["Invoice 42"]),
    ]);
}

#[test]
fn people_are_found_by_name_part_domain_and_whole() {
    check(&[
        ("from:alice", &["Invoice 42", "Undated"]),
        ("from:alice.m@shop.example", &["Invoice 42"]),
        ("from:ALICE.M@Shop.Example", &["Invoice 42"]),
        ("from:alice@shop.example", &[]),
        ("from:m@shop.example", &[]),
        ("from:shop.example", &["Invoice 42"]),
        ("from:@shop.example", &["Invoice 42"]),
        ("from:\"alice muller\"", &["Invoice 42"]),
        ("from:\"Alice Müller <alice.m@shop.example>\"", &["Invoice 42"]),
        ("to:alice.m@shop.example", &["Lunch next week"]),
        ("alice.m@shop.example", &["Invoice 42", "Lunch next week"]),
        ("to:\"carol, the other\"", &["Invoice 42"]),
        // Two people do not make one name.
        ("to:\"example carol\"", &[]),
        ("cc:dave", &["Invoice 42"]),
        ("to:dave", &[]),
    ]);
}

#[test]
fn state_labels_dates_and_sizes() {
    check(&[
        ("is:unread", &["Invoice 42", "日本語のメール"]),
        ("is:read", &["Lunch next week", "Undated"]),
        ("is:flagged", &["日本語のメール"]),
        ("is:replied", &["Lunch next week"]),
        ("has:attachment", &["Invoice 42"]),
        ("label:\"home life\"", &["Lunch next week"]),
        ("label:home", &[]),
        ("label:WORK", &["日本語のメール"]),
        ("on:2024-03-02", &["Lunch next week"]),
        ("before:2024-03-02", &["Invoice 42"]),
        ("after:2024-03-02", &["日本語のメール"]),
        ("on:2024-03", &["Invoice 42", "Lunch next week", "日本語のメール"]),
        ("before:2024", &[]),
        ("after:2024", &[]),
        ("older:30d", &["Invoice 42", "Lunch next week", "日本語のメール"]),
        ("newer:30d", &[]),
        ("newer:9999y", &["Invoice 42", "Lunch next week", "日本語のメール"]),
        ("larger:400", &["Invoice 42"]),
        ("smaller:400", &["Lunch next week", "日本語のメール", "Undated"]),
        ("larger:1M", &[]),
    ]);
}

#[test]
fn conditions_combine() {
    check(&[
        ("alice -invoice", &["Lunch next week", "Undated"]),
        ("-alice", &["日本語のメール"]),
        ("-is:read -has:attachment", &["日本語のメール"]),
        ("invoice OR is:flagged", &["Invoice 42", "日本語のメール"]),
        ("is:read (lunch OR undated)", &["Lunch next week", "Undated"]),
        ("NOT (invoice OR lunch)", &["日本語のメール", "Undated"]),
        ("invoice OR -alice", &["Invoice 42", "日本語のメール"]),
        ("--invoice", &["Invoice 42"]),
        ("invoice invoice", &["Invoice 42"]),
    ]);
}

#[test]
fn newest_first_or_best_first_and_never_more_than_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut mails = mailbox();
    mails.push(mail("Other").date("Sat, 1 Jan 2022 00:00:00 +0000").body("lunch"));
    let engine = engine_with(dir.path(), &mails);
    let listed = |query: &str, limit, sort| -> Vec<String> {
        engine.search(query, limit, sort).unwrap().into_iter().map(|envelope| envelope.subject).collect()
    };
    let by_date = ["日本語のメール", "Lunch next week", "Invoice 42", "Other", "Undated"];
    assert_eq!(listed("", 10, Sort::Date), by_date);
    assert_eq!(listed("", 2, Sort::Date), by_date[..2]);
    assert_eq!(listed("", 0, Sort::Date), [""; 0]);
    assert_eq!(listed("", usize::MAX, Sort::Date), by_date);
    assert_eq!(listed("lunch -is:flagged", 10, Sort::Relevance), ["Lunch next week", "Other"]);
}

#[test]
fn an_envelope_tells_what_a_list_shows() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), &mailbox());
    let [lunch] = &engine.search("subject:lunch", 10, Sort::Date).unwrap()[..] else { panic!() };
    assert_eq!(lunch.date.as_deref(), Some("2024-03-02T12:00:00Z"));
    assert_eq!(lunch.from[0].name.as_deref(), Some("Bob"));
    assert_eq!(lunch.to[0].address, "alice.m@shop.example");
    assert_eq!(lunch.labels, ["Home Life"]);
    assert_eq!(lunch.snippet, "Shall we have lunch? The week next to this is bad.");
    assert_eq!(lunch.size, mailbox()[1].raw().len() as u64);
    assert!(!lunch.flags.unread && lunch.flags.replied && !lunch.flags.flagged);

    let whole = engine.message(lunch.id).unwrap();
    assert_eq!(whole.envelope, *lunch);
    assert!(whole.text.contains("> quoted Größe"));
    assert_eq!(whole.origins, ["test:1"]);
    assert_eq!(engine.raw(lunch.id).unwrap(), mailbox()[1].raw());

    let invoice = engine.message(ids(&engine, "invoice")[0]).unwrap();
    assert_eq!(invoice.cc[0].address, "dave@work.example");
    assert_eq!(invoice.attachments[0].filename.as_deref(), Some("Rechnung März.pdf"));
    assert_eq!(invoice.envelope.attachments, 1);
}

#[test]
fn a_mark_or_label_is_found_at_once_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), &mailbox());
    let lunch = ids(&engine, "subject:lunch");
    let all = ids(&engine, "");

    assert_eq!(engine.mark(&all, Mark::Read).unwrap(), 2);
    assert_eq!(engine.mark(&all, Mark::Read).unwrap(), 0);
    assert_eq!(ids(&engine, "is:unread"), []);
    engine.mark(&lunch, Mark::Unread).unwrap();
    engine.mark(&lunch, Mark::Flagged).unwrap();
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(engine.label(&lunch, &labels(&["new", "Straße"]), &labels(&["home life"])).unwrap(), 1);

    let look = |engine: &Engine| {
        assert_eq!(ids(engine, "is:unread"), lunch);
        assert_eq!(ids(engine, "is:flagged subject:lunch"), lunch);
        assert_eq!(ids(engine, "label:strasse label:NEW"), lunch);
        assert_eq!(ids(engine, "label:\"home life\""), []);
        let envelope = engine.message(lunch[0]).unwrap().envelope;
        assert_eq!(envelope.labels, ["new", "Straße"]);
        assert!(envelope.flags.unread && envelope.flags.flagged);
    };
    look(&engine);
    drop(engine);
    look(&Engine::open(dir.path()).unwrap());
}

#[test]
fn a_change_is_made_to_all_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), &mailbox());
    let missing = MessageId(999);
    let before = ids(&engine, "is:unread");
    let error = engine.mark(&[before[0], missing], Mark::Read).unwrap_err();
    assert!(matches!(error, EngineError::NotFound { id } if id == missing));
    assert_eq!(ids(&engine, "is:unread"), before);
    for label in ["", "  ", "a\nb", &"x".repeat(101)] {
        let error = engine.label(&before, &["fine".to_owned(), label.to_owned()], &[]).unwrap_err();
        assert!(matches!(error, EngineError::BadLabel { .. }), "{label:?}");
    }
    assert_eq!(ids(&engine, "label:fine"), []);
    assert!(matches!(engine.message(missing), Err(EngineError::NotFound { .. })));
    assert!(matches!(engine.raw(missing), Err(EngineError::NotFound { .. })));
    assert!(matches!(engine.thread(missing), Err(EngineError::NotFound { .. })));
}

#[test]
fn a_bad_query_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), &[]);
    let Err(EngineError::BadQuery(error)) = engine.search("is:unread form:alice", 1, Sort::Date) else {
        panic!()
    };
    assert_eq!(error.column, 11);
    assert!(matches!(engine.count("("), Err(EngineError::BadQuery(_))));
}

#[test]
fn a_directory_belongs_to_one_engine() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), &[]);
    assert!(matches!(Engine::open(dir.path()), Err(EngineError::InUse { .. })));
    drop(engine);
    Engine::open(dir.path()).unwrap();
    import(&Engine::open(dir.path()).unwrap(), [mail("x").at("x")]);
}
