//! What `spec/wire.md` says of answers that cannot be read: nobody waits for ever, and nobody is told of a
//! call that is not theirs.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use hallway::connection::{Closed, Wire};
use hallway::service::Method;
use hallway::transport::Address;
use hallway::{CallError, Client, Outcome};

use super::server::TestServer;

const FIND: Method = Method { name: "notes.find", idempotent: false };

#[test]
fn a_broken_answer_ends_the_call() {
    let too_long = format!(r#"{{"id":1,"result":"{}"}}"#, "x".repeat(100));
    for answer in [
        r#"{"id":1,"result":{"a":oops}}"#,
        r#"{"id":1,"result":1,"item":2}"#,
        r#"{"id":1,"error":"no"}"#,
        r#"{"id":1,"progress":3}"#,
        &too_long,
    ] {
        let error = call(answer);
        assert_eq!(error.code(), Closed::VIOLATION, "{answer}: {error}");
        assert_eq!(error.outcome(), Outcome::Unknown, "{answer}");
    }
}

/// The end of a call that a server of this one answer answers.
fn call(answer: &str) -> CallError {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("notes.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let sent = answer.to_owned();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"\"notes.find\",\"params\":1}") {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).unwrap();
            heard.extend_from_slice(&bytes[..count]);
        }
        for message in [r#"{"hello":{}}"#, &sent] {
            stream.write_all(&u32::try_from(message.len()).unwrap().to_be_bytes()).unwrap();
            stream.write_all(message.as_bytes()).unwrap();
        }
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let client = Client::builder()
            .wire(Wire::NATIVE.with_frame_max(100))
            .connect(Address::Unix(socket))
            .await
            .unwrap();
        tokio::time::timeout(Duration::from_secs(30), client.call::<_, u64>(&FIND, &1)).await
    });
    drop(runtime);
    server.join().unwrap();
    ended.unwrap_or_else(|_| panic!("{answer}: the call never ends")).unwrap_err()
}

#[test]
fn a_broken_answer_is_not_refused_under_its_number() {
    let server = TestServer::start();
    let mut peer = server.connect_unix();
    peer.send(br#"{"id":1,"result":1,"item":2}"#);
    let refusal = peer.receive().unwrap().unwrap();
    assert!(refusal.contains("bad_message") && !refusal.contains("\"id\""), "{refusal}");
}
