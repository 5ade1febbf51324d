//! F-52: there is no memory for what a peer has sent. This whole program may have only so much: its allocator refuses what is more,
//! as the system would, and whoever does not expect that ends the process, and the test with it.

#![allow(clippy::unwrap_used, reason = "what a test calls may fail as loudly as the test")]

use std::alloc::System;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::ops::RangeInclusive;
use std::os::unix::net::{UnixListener, UnixStream};

use cap::Cap;
use hallway::blocking::Client;
use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Encoding;
use hallway::framing::{FrameError, Framing};
use hallway::limits::READ_SIZE;
use hallway::protocol::{Call, Id, Message, Protocol, code};
use hallway::service::Method;
use hallway::transport::Address;
use serde::de::IgnoredAny;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// How much more there is than is used: what is small takes of that, and so many steps of so many bytes, from hardly any to more than is
/// needed.
const SMALL: usize = 16 * 1024;
const STEP: usize = 4 * 1024;
const STEPS: RangeInclusive<usize> = 1..=500;

/// What a client needs in any case: the buffer to read into, for one.
const CLIENT: usize = 256 * 1024;

const METHOD: Method = Method { name: "a.b", idempotent: false };

const LONG: usize = 512 * 1024;

/// Acts while there are only so many bytes more.
fn with<R>(bytes: usize, act: impl FnOnce() -> R) -> R {
    MEMORY.set_limit(MEMORY.allocated() + bytes).unwrap();
    let done = act();
    MEMORY.set_limit(usize::MAX).unwrap();
    done
}

fn written(wire: Wire, message: &Message<'_, String>) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire.write(message, &mut bytes).unwrap();
    bytes
}

/// A message that there is no memory for is read over and answered by its id; those before and after it arrive. Where there is not even
/// memory for the bytes that one read brings, and its head is not all there, the stream ends with words.
fn calls(wire: Wire, cut_in_head: bool) {
    let call = |id, length| {
        written(wire, &Message::Call(Call::new(Some(Id::Number(id)), "a.b", Some("x".repeat(length)))))
    };
    let stream = [call(1, 10), call(2, LONG), call(3, 10)].concat();
    let first = if cut_in_head { call(1, 10).len() + 2 } else { 0 };
    let mut arrived = 0;
    for memory in STEPS.map(|steps| SMALL + steps * STEP) {
        let mut ids = Vec::with_capacity(4);
        let followed = with(memory, || {
            let mut inbox = Inbox::new(wire);
            let (first, rest) = stream.split_at(first);
            [first].into_iter().chain(rest.chunks(READ_SIZE)).try_for_each(|piece| {
                inbox.receive(piece, |received| match received {
                    Received::Message(Message::Call(call)) => ids.push((call.id, None)),
                    Received::Refused(refusal) => ids.push((refusal.id, Some(refusal.error))),
                    other => panic!("{other:?}"),
                })
            })
        });
        if let Err(error) = followed {
            assert!(
                cut_in_head && memory <= 2 * READ_SIZE && error == FrameError::NoMemory,
                "{memory}: {error}"
            );
            continue;
        }
        let [first, (id, refused), third] = ids.try_into().unwrap();
        assert_eq!([first.0, id, third.0], [1, 2, 3].map(|id| Some(Id::Number(id))), "{wire}");
        assert_eq!((first.1, third.1), (None, None));
        match refused {
            None => arrived += 1,
            Some(error) => assert!(error.code == code::BUSY && error.retryable, "{error:?}"),
        }
    }
    assert!((100..400).contains(&arrived), "{wire}: {arrived} found memory");
}

/// An answer that there is no memory for ends its call, by itself or with its connection: with words, and without the process.
fn answers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let to = Address::Unix(path);
    let answer = written(Wire::NATIVE, &Message::Result { id: Id::Number(1), value: Some("x".repeat(LONG)) });
    let mut codes = BTreeMap::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in STEPS {
                let (mut client, _) = listener.accept().unwrap();
                until_called(&mut client);
                // It may go before it has read all.
                let _reset = client.write_all(&answer);
            }
        });
        for memory in STEPS.map(|steps| CLIENT + steps * STEP) {
            let client = Client::builder().connect(to.clone()).unwrap();
            let answer = with(memory, || client.call::<_, IgnoredAny>(&METHOD, &()));
            *codes
                .entry(answer.map_or_else(|error| error.code().to_owned(), |_| "ok".to_owned()))
                .or_insert(0) += 1;
        }
    });
    // Read over by the client, kept by it and not given to the caller, given to the caller.
    assert_eq!(codes.keys().collect::<Vec<_>>(), ["ok", "protocol_violation", "result_too_long"]);
    assert!(codes.values().all(|&times| times > 50), "{codes:?}");
}

fn until_called(client: &mut UnixStream) {
    let (mut heard, mut end) = ([0; 4096], 0);
    while !heard.windows(6).any(|word| word == b"\"call\"") {
        end += client.read(&mut heard[end..]).unwrap();
    }
}

#[test]
fn f52_where_there_is_no_memory_for_what_a_peer_sends_it_is_told() {
    let framings =
        Framing::ALL.iter().filter_map(|framing| Wire::new(*framing, Encoding::Json, Protocol::Native));
    framings.for_each(|wire| calls(wire, false));
    calls(Wire::NATIVE, true);
    answers();
}
