use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::Duration;

use hallway::blocking::Client;
use hallway::transport::{BlockingStream, Ready};
use hallway::{CallError, Event};
use serde_json::{Value, json};

use super::client::{METHODS, NOTE, STREAM};
use super::judge::Judge;
use super::stranger::{KINDS_SERVED, served};
use crate::choices::Choices;

/// The choices: what is spoken, the sizes of pieces, what the client's user does; the rest is what the stranger who serves
/// says, whatever it is asked.
///
/// - What `Judge` says of what the client says.
/// - Every call and every stream has an end, since the stranger's words have one.
pub fn blocking(data: &[u8]) {
    let mut choices = Choices::new(data);
    let wire = choices.wire();
    let sizes = choices.sizes();
    let deeds: Vec<u8> = (0..choices.within(1..=8)).map(|_| choices.byte()).collect();
    let mut words = VecDeque::new();
    while !choices.is_over() {
        words.extend(match choices.byte() {
            kind @ ..=223 => served(wire, kind % KINDS_SERVED, choices.within(1..=8).into(), &mut choices),
            _ => choices.some().to_vec(),
        });
    }
    let stream = Scripted { words, sizes, turn: 0, judge: Judge::new(Some(wire)) };
    let client = Client::builder().wire(wire).over(stream);
    for deed in deeds {
        act(&client, deed);
    }
    // Each call that does not hear of the end has taken something of what was said.
    while !matches!(client.call::<_, Value>(METHODS[0], &json!({})), Err(CallError::Closed { .. })) {}
}

fn act(client: &Client, deed: u8) {
    match deed % 6 {
        0 | 1 => {
            let method = METHODS[usize::from(deed / 6) % METHODS.len()];
            let _outcome: Result<Value, CallError> = client.call(method, &json!({ "number": deed }));
        }
        2 => {
            if let Ok(items) = client.stream::<_, Value>(&STREAM, &json!({})) {
                items.for_each(drop);
            }
        }
        // Left before its end.
        3 => {
            if let Ok(items) = client.stream::<_, Value>(&STREAM, &json!({})) {
                items.take(usize::from(deed / 6)).for_each(drop);
            }
        }
        4 => {
            if let Ok(events) = client.subscribe::<_, Value>(&STREAM, &json!({ "since": deed })) {
                for event in events {
                    assert!(matches!(event, Ok(Event::Item { .. } | Event::Lagged { .. }) | Err(_)));
                }
            }
        }
        _ => drop(client.notify(&NOTE, &json!({}))),
    }
}

/// A stream that says what was chosen, in pieces, and takes what it is told, not always at once.
struct Scripted {
    words: VecDeque<u8>,
    sizes: Vec<usize>,
    turn: usize,
    judge: Judge,
}

impl Scripted {
    /// How much is read or written this time.
    fn size(&mut self, most: usize) -> usize {
        self.turn += 1;
        self.sizes[self.turn % self.sizes.len()].min(most)
    }
}

impl Read for Scripted {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let size = self.size(space.len()).min(self.words.len());
        for (byte, word) in space.iter_mut().zip(self.words.drain(..size)) {
            *byte = word;
        }
        self.judge.said(&space[..size]);
        Ok(size)
    }
}

impl BlockingStream for Scripted {
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.size(bytes.len());
        if self.words.is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if size.is_multiple_of(4) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.judge.heard(&bytes[..size]);
        Ok(size)
    }

    fn wait(&self, for_room: bool, _: Option<Duration>) -> io::Result<Ready> {
        Ok(Ready::new(true, for_room))
    }
}
