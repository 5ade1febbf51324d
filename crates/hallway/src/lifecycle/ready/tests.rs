use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// What a client hears of these bytes.
fn heard(bytes: &[u8]) -> Vec<Word> {
    let (mut daemon, client) = UnixStream::pair().unwrap();
    let bytes = bytes.to_owned();
    let saying = std::thread::spawn(move || daemon.write_all(&bytes));
    let mut words = Words::new(client);
    let all = std::iter::from_fn(|| words.next(soon()).unwrap()).collect();
    saying.join().unwrap().unwrap();
    all
}

#[test]
fn what_is_said_is_heard() {
    let (daemon, client) = UnixStream::pair().unwrap();
    let mut starting = Starting::new(Some(File::from(OwnedFd::from(daemon))), None);
    let phase = Phase::new("importing").detail("inbox\nmbox").progress(3, Some(10));
    starting.phase(&phase);
    starting.ready(&Ready::serving());
    let mut words = Words::new(client);
    assert_eq!(words.next(soon()).unwrap(), Some(Word::Phase(phase)));
    assert_eq!(words.next(soon()).unwrap(), Some(Word::Ready(Ready::serving())));
    assert_eq!(words.next(soon()).unwrap(), None);
}

#[test]
fn a_failure_keeps_its_words() {
    let (daemon, client) = UnixStream::pair().unwrap();
    let starting = Starting::new(Some(File::from(OwnedFd::from(daemon))), None);
    starting.failed("index_locked", "the index is used by \"pid 12\"");
    let failure = Failure { code: "index_locked".into(), message: "the index is used by \"pid 12\"".into() };
    assert_eq!(Words::new(client).next(soon()).unwrap(), Some(Word::Failed(failure)));
}

#[test]
fn noise_and_unknown_fields_are_ignored() {
    let long = "x".repeat(MAX_LINE * 2);
    let text = format!(
        "running 1 test\n\n{{\"weather\":\"fine\"}}\n\"phase\"\n{{\"phase\":7}}\n\u{0}\n{long}{{\"ready\":{{}}}}\n\
         {{\"phase\":\"a\",\"since\":[1]}}\n{{\"ready\":{{\"pid\":7,\"socket\":\"x\"}}}}"
    );
    let ready = Ready { pid: 7, yielded: false };
    assert_eq!(heard(text.as_bytes()), [Word::Phase(Phase::new("a")), Word::Ready(ready)]);
    assert_eq!(heard(b"\xff\xfe\n"), []);
}

#[test]
fn a_line_may_come_byte_by_byte_and_without_an_end() {
    let (mut daemon, client) = UnixStream::pair().unwrap();
    let saying = std::thread::spawn(move || {
        for byte in br#"{"phase":"one"}"#.iter().chain(b"\n").chain(br#"{"ready":{}}"#) {
            daemon.write_all(&[*byte]).unwrap();
        }
    });
    let mut words = Words::new(client);
    assert_eq!(words.next(soon()).unwrap(), Some(Word::Phase(Phase::new("one"))));
    assert_eq!(words.next(soon()).unwrap(), Some(Word::Ready(Ready { pid: 0, yielded: false })));
    saying.join().unwrap();
}

#[test]
fn silence_ends_at_the_deadline() {
    let (_daemon, client) = UnixStream::pair().unwrap();
    let error = Words::new(client).next(Instant::now() + Duration::from_millis(5)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_listener_that_is_stopped_or_gone_does_not_stop_the_daemon() {
    let (daemon, client) = UnixStream::pair().unwrap();
    daemon.set_nonblocking(true).unwrap();
    let mut starting = Starting::new(Some(File::from(OwnedFd::from(daemon))), None);
    let long = Phase::new("importing").detail("x".repeat(1000));
    for _ in 0..10_000 {
        starting.phase(&long);
    }
    drop(client);
    starting.phase(&long);
    starting.ready(&Ready::serving());
}

#[test]
fn a_text_is_cut_between_characters() {
    let (daemon, client) = UnixStream::pair().unwrap();
    let starting = Starting::new(Some(File::from(OwnedFd::from(daemon))), None);
    starting.failed("long", &"é\u{1}".repeat(MAX_TEXT));
    let Some(Word::Failed(failure)) = Words::new(client).next(soon()).unwrap() else { panic!("no failure") };
    assert!(failure.message.len() <= MAX_TEXT && failure.message.starts_with("é\u{1}é"));
}
