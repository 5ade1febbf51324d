//! The client that blocks.

use std::time::{Duration, Instant};

use hallway::blocking::Client;
use hallway::protocol::{Goaway, Id, Message};
use hallway::server::AdminBlockingClient;
use hallway::service::Method;
use hallway::{Bytes, CallError, CallOptions, Event, Outcome};
use hallway_testkit::{ProbeBlockingClient, ProbeError, RawServer, Setting, Stage, probe, within};
use serde_json::json;

use crate::lost::{broken_answers, greet, ramble, serve_one};

/// Runs `act` with a client of a probe.
async fn with_probe<R: Send + 'static>(
    setting: Setting,
    act: impl FnOnce(ProbeBlockingClient) -> R + Send + 'static,
) -> R {
    let stage = Stage::start(setting, probe).await;
    stage.blocking(|client| act(ProbeBlockingClient::new(client))).await
}

pub(crate) async fn blocking_calls_are_answered(setting: Setting) {
    with_probe(setting, |probe| {
        for number in 0..100 {
            assert_eq!(probe.add(number, 5).unwrap(), number + 5);
        }
        let (text, bytes) = ("long".repeat(100_000), (0..=255).collect::<Vec<u8>>());
        assert_eq!(probe.echo(text.clone()).unwrap(), text);
        assert_eq!(probe.blob(Bytes(bytes.clone())).unwrap().0, bytes);
        let no = ProbeError::Refused { reason: "the test asked for it".to_owned() };
        assert_eq!(probe.consent(true).unwrap(), Err(no));
        assert_eq!(probe.panic().unwrap_err().code(), "internal");
        probe.note().unwrap();
        probe.until_noted(1).unwrap();
        AdminBlockingClient::new(probe.client().clone()).ping().unwrap();
    })
    .await;
}

pub(crate) async fn blocking_calls_end_at_their_deadline(setting: Setting) {
    with_probe(setting, |probe| {
        let hurried = probe.with(CallOptions::new().deadline(Duration::from_millis(30)));
        let error = hurried.hold("g".to_owned()).unwrap_err();
        assert!(matches!(error, CallError::Deadline { .. }), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown);
        probe.until_dropped(1).unwrap();
        let mut numbers = hurried.endless().unwrap();
        let end = numbers.find_map(Result::err).unwrap();
        assert!(matches!(end, CallError::Deadline { .. }), "{end:?}");
        assert!(numbers.next().is_none());
        probe.until_dropped(2).unwrap();
    })
    .await;
}

pub(crate) async fn blocking_streams_are_read_as_they_come(setting: Setting) {
    with_probe(setting, |probe| {
        for length in [0, 1, 64, 65, 1000] {
            let numbers: Vec<u64> = probe.count(length).unwrap().map(Result::unwrap).collect();
            assert_eq!(numbers, (1..=length).collect::<Vec<u64>>());
        }
        let stumbled: Vec<_> = probe.stumble(1).unwrap().map(Result::unwrap).collect();
        assert!(matches!(stumbled.as_slice(), [Ok(1), Err(ProbeError::Refused { .. })]), "{stumbled:?}");

        let mut numbers = probe.endless().unwrap();
        assert_eq!(numbers.nth(200).unwrap().unwrap(), 201);
        assert_eq!(probe.add(1, 1).unwrap(), 2, "a call beside a stream");
        drop(numbers);
        probe.until_dropped(1).unwrap();

        let mut events = probe.events(None).unwrap();
        probe.publish(100).unwrap();
        let (mut next, mut missed) = (1, 0);
        while next <= 100 {
            match events.next().unwrap().unwrap() {
                Event::Item { seq, .. } => (next, missed) = (seq + 1, missed + seq - next),
                Event::Lagged { missed: so_many, next: at } => {
                    assert_eq!(at, next + so_many);
                    next = at;
                }
            }
        }
        assert_eq!(missed, 0, "nothing is missed without a notice");
    })
    .await;
}

pub(crate) async fn a_blocking_client_answers_that_it_serves_nothing(setting: Setting) {
    with_probe(setting, |probe| {
        let no = ProbeError::Unanswered { code: "unknown_method".to_owned() };
        assert_eq!(probe.ask(2).unwrap(), Err(no));
    })
    .await;
}

pub(crate) async fn a_blocking_client_reads_while_it_writes(setting: Setting) {
    with_probe(setting, |probe| {
        // Items that nobody takes fill every buffer towards the client, and the server waits for it.
        let unread = probe.flood(50_000).unwrap();
        let text = "long".repeat(500_000);
        assert_eq!(probe.echo(text.clone()).unwrap(), text);
        drop(unread);
    })
    .await;
}

pub(crate) async fn a_blocking_call_of_a_stream_is_an_error(setting: Setting) {
    with_probe(setting, |probe| {
        let count = Method { name: "probe.count", idempotent: false };
        let error = probe.client().call::<_, ()>(&count, &json!({ "to": 1000 })).unwrap_err();
        assert!(matches!(error, CallError::BadResult(_)), "{error:?}");
        assert_eq!(probe.add(1, 1).unwrap(), 2);
    })
    .await;
}

pub(crate) async fn a_blocking_client_reads_its_streams_to_the_end(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let handle = stage.handle();
    let act = move |client| {
        let probe = ProbeBlockingClient::new(client);
        let mut numbers = probe.with(CallOptions::new().window(4)).count(200).unwrap();
        assert_eq!(numbers.next().unwrap().unwrap(), 1);
        handle.drain("an upgrade");
        let rest: Vec<u64> = numbers.map(Result::unwrap).collect();
        assert_eq!(rest, (2..=200).collect::<Vec<u64>>());
    };
    stage.blocking(act).await;
}

pub(crate) async fn a_blocking_stranger_is_told_why(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let reach = stage.reach();
    let stranger = tokio::task::spawn_blocking(move || {
        let client = Client::builder().wire(setting.wire).token("a guess").connect(reach).unwrap();
        ProbeBlockingClient::new(client).add(1, 1).unwrap_err()
    });
    let error = within("the refusal", stranger).await.unwrap();
    assert_eq!((error.code(), error.outcome()), ("unauthorized", Outcome::NotDispatched));
}

/// A server by hand, and a thread in which `act` has a client of it.
async fn meet<R: Send + 'static>(
    setting: Setting,
    act: impl FnOnce(ProbeBlockingClient) -> R + Send + 'static,
) -> (RawServer, tokio::task::JoinHandle<R>) {
    let server = RawServer::bind(setting).await;
    let reach = server.reach();
    let thread =
        tokio::spawn(async move { reach.blocking(|client| act(ProbeBlockingClient::new(client))).await });
    (server, thread)
}

pub(crate) async fn a_blocking_client_connects_again_after_an_idle_loss(setting: Setting) {
    let (went, gone) = std::sync::mpsc::sync_channel::<()>(1);
    let (mut server, client) = meet(setting, move |probe| {
        for round in ["one", "two", "three"] {
            assert_eq!(probe.echo(round.to_owned()).unwrap(), round);
            gone.recv().unwrap();
        }
    })
    .await;
    for round in 0..3 {
        let mut raw = server.accept().await;
        greet(&mut raw).await;
        serve_one(&mut raw).await;
        if round == 1 {
            raw.send::<()>(&Message::Goaway(Goaway::new("closing", "an upgrade", 4711))).await;
        }
        drop(raw);
        went.send(()).unwrap();
    }
    within("the client", client).await.unwrap();
}

pub(crate) async fn a_blocking_call_is_made_again_only_if_that_is_harmless(setting: Setting) {
    let (mut server, client) = meet(setting, |probe| {
        assert_eq!(probe.echo("again".to_owned()).unwrap(), "again");
        let error = probe.echo("once".to_owned()).unwrap_err();
        assert_eq!((error.code(), error.outcome()), ("closed_by_peer", Outcome::Unknown));
        assert_eq!(probe.add(1, 2).unwrap(), 3);
    })
    .await;
    let mut raw = server.accept().await;
    raw.expect_hello().await;
    drop(raw);
    let mut raw = server.accept().await;
    greet(&mut raw).await;
    serve_one(&mut raw).await;
    raw.expect_call().await;
    drop(raw);
    for answers in [false, true] {
        let mut raw = server.accept().await;
        greet(&mut raw).await;
        if answers {
            serve_one(&mut raw).await;
        } else {
            raw.expect_call().await;
        }
    }
    within("the client", client).await.unwrap();
}

pub(crate) async fn a_blocking_client_passes_over_what_is_beside_the_point(setting: Setting) {
    let (mut server, client) = meet(setting, |probe| {
        for round in ["one", "two"] {
            assert_eq!(probe.echo(round.to_owned()).unwrap(), round);
        }
        let error = probe.echo("three".to_owned()).unwrap_err();
        assert!(matches!(error, CallError::BadResult(_)), "{error:?}");
    })
    .await;
    let mut raw = server.accept().await;
    greet(&mut raw).await;
    for answer in [json!("one"), json!("two"), json!({ "three": 3 })] {
        let (id, ..) = raw.expect_call().await;
        ramble(&mut raw).await;
        // In one piece: the client goes with its last answer.
        let answers = [answer, json!("and again")]
            .map(|value| raw.framed(&Message::Result { id: Id::Number(id), value: Some(value) }));
        raw.send_bytes(&answers.concat()).await;
    }
    within("the client", client).await.unwrap();
}

pub(crate) async fn a_blocking_call_ends_with_an_answer_that_cannot_be_read(setting: Setting) {
    for broken in 0..6 {
        let (mut server, client) = meet(setting, |probe| probe.echo("x".to_owned()).unwrap_err()).await;
        let mut raw = server.accept().await;
        greet(&mut raw).await;
        let (id, ..) = raw.expect_call().await;
        let Some(bytes) = broken_answers(&raw, id).into_iter().nth(broken) else { return };
        raw.send_bytes(&bytes).await;
        let error = within(format!("the end of answer {broken}"), client).await.unwrap();
        assert_eq!((error.code(), error.outcome()), ("protocol_violation", Outcome::Unknown), "{error:?}");
    }
}

pub(crate) async fn a_blocking_client_counts_what_it_granted(setting: Setting) {
    let (mut server, client) = meet(setting, |probe| {
        let numbers = probe.with(CallOptions::new().window(4)).count(100).unwrap();
        numbers.collect::<Vec<_>>()
    })
    .await;
    let mut raw = server.accept().await;
    greet(&mut raw).await;
    let (id, ..) = raw.expect_call().await;
    let items = (1..=9).flat_map(|value| raw.framed(&Message::Item { id: Id::Number(id), seq: None, value }));
    let items: Vec<u8> = items.collect();
    raw.send_bytes(&items).await;
    let found = within("the client", client).await.unwrap();
    let (last, items) = found.split_last().unwrap();
    assert!(items.len() <= 4 && items.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(last.as_ref().unwrap_err().code(), "protocol_violation");
}

pub(crate) async fn a_blocking_client_leaves_at_its_deadline_whatever_the_server_does(setting: Setting) {
    let (mut server, client) = meet(setting, |probe| {
        let hurried = probe.with(CallOptions::new().deadline(Duration::from_millis(50)));
        let began = Instant::now();
        for text in ["short".to_owned(), "long".repeat(2_000_000)] {
            let error = hurried.echo(text).unwrap_err();
            assert!(matches!(error, CallError::Deadline { .. }), "{error:?}");
        }
        began.elapsed()
    })
    .await;
    // Connected, and not read from.
    let raw = server.accept().await;
    let took = within("the client", client).await.unwrap();
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(raw);
}
