use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use tokio::io::{AsyncRead as _, AsyncWriteExt as _};

use super::*;
use crate::connection::budgets::Budgets;
use crate::connection::handler::{Handling, Terms, begin};
use crate::connection::link::Opening;
use crate::connection::messages::{Command, Reply};
use crate::connection::ticket::Ticket;
use crate::connection::{CallError, Outcome, Wire};
use crate::encoding::Raw;
use crate::protocol::{Call, Goaway, Hello, Id, Message};
use crate::transport::{Duplex, Peer, memory, unix};

fn link(peer: Peer, greets: bool) -> Arc<Link> {
    link_of(peer, greets, Arc::default())
}

fn link_of(peer: Peer, greets: bool, budgets: Arc<Budgets>) -> Arc<Link> {
    let opening = Opening {
        wire: Some(Wire::NATIVE),
        hello: Arc::new(Hello::new("test")),
        greets,
        token: None,
        budgets,
        spins: false,
    };
    Link::new(opening, peer)
}

fn here() -> Peer {
    memory::pair().0.peer
}

fn frames(messages: &[Message<'_, ()>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        Wire::NATIVE.write(message, &mut bytes).unwrap();
    }
    bytes
}

fn call(id: u64) -> Message<'static, ()> {
    Message::Call(Call::new(Some(Id::Number(id)), "test.call", None))
}

fn goaway(last: u64) -> Message<'static, ()> {
    Message::Goaway(Goaway::new(code::CLOSING, "a test", last))
}

/// Answers nothing, and does something at each call.
struct Calls<F>(F);

impl<F: Fn() + Send + Sync + 'static> Dispatch for Calls<F> {
    fn dispatch(&self, _: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling> {
        (self.0)();
        ticket.result(&());
        None
    }

    fn command(&self, _: &str) -> Result<&Command, WireError> {
        unreachable!("nobody sends messages by name here")
    }

    fn events(&self) -> &BTreeMap<&'static str, String> {
        unreachable!("nobody is subscribed by itself here")
    }
}

fn nothing() -> Arc<dyn Dispatch> {
    Arc::new(Calls(|| ()))
}

/// The rule that a client goes by: without a `hello`, nothing has run.
#[tokio::test]
async fn the_hello_is_out_before_anything_is_dispatched() {
    let (mine, peer) = memory::pair();
    let (mut writer, reader) = (peer.stream.writer, Arc::new(Mutex::new(peer.stream.reader)));
    let heard = Arc::new(Mutex::new(String::new()));
    let look = {
        let heard = Arc::clone(&heard);
        move || {
            let mut buffer = [0; 1000];
            let mut read = ReadBuf::new(&mut buffer);
            let mut reader = reader.lock().unwrap();
            let _ready = Pin::new(&mut *reader).poll_read(&mut Context::from_waker(Waker::noop()), &mut read);
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(read.filled()));
        }
    };
    let driver = Driver::new(link(mine.peer, false), mine.stream, Arc::new(Calls(look)));
    let bytes = frames(&[Message::Hello(Hello::new("peer")), call(1)]);
    writer.write_all(&bytes).await.unwrap();
    let _still_open = tokio::time::timeout(std::time::Duration::from_millis(50), driver).await;
    assert!(heard.lock().unwrap().contains("hello"), "{heard:?}");
}

/// In one thread, where a task that is woken by another comes before those in the queue.
#[test]
fn few_who_have_much_to_do_come_before_who_has_little() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let all = runtime.spawn(async {
        let budgets = Arc::<Budgets>::default();
        let turns = budgets.turns.available_permits();
        let owes = "x".repeat(2 * crate::limits::BYTES_FREE);
        let (many, _peers): (Vec<_>, Vec<_>) = (0..10 * turns)
            .map(|_| {
                let (mine, peer) = memory::pair();
                let link = link_of(mine.peer, false, Arc::clone(&budgets));
                let item = Message::Item { id: Id::Number(1), seq: None, value: &owes };
                link.outbox().push(Wire::NATIVE, &item).unwrap();
                tokio::spawn(Driver::new(Arc::clone(&link), mine.stream, nothing()));
                (link, peer)
            })
            .unzip();
        let (mine, mut peer) = memory::pair();
        peer.stream.writer.write_all(&frames(&[call(1)])).await.unwrap();
        let (tell, told) = tokio::sync::oneshot::channel();
        let tell = Mutex::new(Some(tell));
        let calls = Calls(move || {
            let _only_once = tell.lock().unwrap().take().unwrap().send(());
        });
        tokio::spawn(Driver::new(link(mine.peer, false), mine.stream, Arc::new(calls)));
        // What was woken last comes first, and that is not who calls.
        drop(tokio::spawn(async {}));
        told.await.unwrap();
        let done = || many.iter().filter(|link| !link.outbox().is_burden()).count();
        assert!(done() <= turns, "{} of {} came before", done(), many.len());
        let all = async {
            while done() < many.len() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
        assert_eq!(budgets.turns.available_permits(), turns);
    });
    runtime.block_on(all).unwrap();
}

/// A value that tells, as it is written, how many calls are open.
struct OpenCalls(Arc<Link>);

impl serde::Serialize for OpenCalls {
    fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_u64(self.0.incoming().open_now() as u64)
    }
}

/// A connection that drains closes as soon as nothing is open and nothing is in line.
#[test]
fn a_call_is_open_until_its_answer_is_in_line() {
    let link = link(here(), false);
    let call = Call::new(Some(Id::Number(1)), "test.call", None::<()>);
    let ticket = link.incoming().open(&link, &call, Terms::default(), 0, Reply::Result, None);
    ticket.unwrap().result(&OpenCalls(Arc::clone(&link)));
    let mut out = Vec::new();
    link.outbox().take(&mut out);
    assert!(String::from_utf8_lossy(&out).contains(r#""result":1"#), "{out:?}");
    assert_eq!(link.incoming().open_now(), 0);
}

/// Calls that are dispatched while another thread drains: each is counted in the `goaway`, or refused.
#[test]
fn a_goaway_names_the_last_call_that_is_dispatched() {
    for _ in 0..300 {
        let link = link(here(), false);
        let last = Arc::new(AtomicU64::new(0));
        let dispatching = {
            let (link, last) = (Arc::clone(&link), Arc::clone(&last));
            std::thread::spawn(move || {
                for id in 1..200 {
                    let dispatched = Arc::clone(&last);
                    let dispatch: Arc<dyn Dispatch> =
                        Arc::new(Calls(move || dispatched.store(id, Ordering::SeqCst)));
                    let call = Call::new(Some(Id::Number(id)), "test.call", None);
                    begin(&link, &dispatch, call, Reply::Result, InList::default());
                }
            })
        };
        while last.load(Ordering::SeqCst) == 0 {
            std::hint::spin_loop();
        }
        link.drain(Some((code::CLOSING, "a test")));
        dispatching.join().unwrap();
        let mut said = None;
        let mut out = Vec::new();
        link.outbox().take(&mut out);
        let read = |received: Received<'_>| {
            if let Received::Message(Message::Goaway(goaway)) = received {
                said = Some(goaway.last);
            }
        };
        Inbox::new(Wire::NATIVE).receive(&out, read).unwrap();
        assert_eq!(said, Some(last.load(Ordering::SeqCst)), "a call ran that its caller makes again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_written_in_the_order_in_which_they_are_given_out() {
    for _ in 0..50 {
        let link = link(here(), true);
        let callers = (0..4).map(|_| {
            let link = Arc::clone(&link);
            tokio::spawn(async move {
                for _ in 0..50 {
                    std::mem::forget(link.call(|| Call::new(None, "test.call", None::<()>)).await.unwrap());
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
        let (mut out, mut ids) = (Vec::new(), Vec::new());
        link.outbox().take(&mut out);
        let read = |received: Received<'_>| {
            if let Received::Message(Message::Call(Call { id: Some(Id::Number(id)), .. })) = received {
                ids.push(id);
            }
        };
        Inbox::new(Wire::NATIVE).receive(&out, read).unwrap();
        assert!(ids.is_sorted() && ids.len() == 200, "{ids:?}");
    }
}

/// A client's driver on a socket whose other end the test holds, after the peer's `hello`.
async fn greeted_client() -> (Arc<Link>, std::os::unix::net::UnixStream) {
    let (mine, mut peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let Duplex { peer: identity, stream } = unix::adopt(mine).unwrap();
    let link = link(identity, true);
    tokio::spawn(Driver::new(Arc::clone(&link), stream, nothing()));
    peer.write_all(&frames(&[Message::Hello(Hello::new("peer"))])).unwrap();
    // An answered call tells that the `hello` has been heard.
    let first = tokio::spawn({
        let link = Arc::clone(&link);
        async move { link.call(|| Call::new(None, "test.call", None::<()>)).await.unwrap().next().await }
    });
    peer.write_all(&frames(&[])).unwrap();
    tokio::task::yield_now().await;
    peer.write_all(&frames(&[Message::Result { id: Id::Number(1), value: None }])).unwrap();
    first.await.unwrap();
    (link, peer)
}

async fn outcome(link: &Arc<Link>) -> Outcome {
    let conversation = link.call(|| Call::new(None, "test.call", None::<()>)).await;
    let ended = match conversation {
        Ok(mut conversation) => match conversation.next().await {
            super::super::arrival::Next::End(end) => end.into_value(None).map(drop),
            other => panic!("{other:?}"),
        },
        Err(error) => Err(error),
    };
    ended.as_ref().err().map_or(Outcome::Completed, CallError::outcome)
}

/// On this runtime nothing polls the system between the call and its writing, so the driver cannot know.
#[tokio::test]
async fn a_call_that_was_not_written_did_not_run() {
    let (link, peer) = greeted_client().await;
    drop(peer);
    assert_eq!(outcome(&link).await, Outcome::NotDispatched);
}

#[tokio::test]
async fn a_call_that_is_in_line_when_the_peer_has_gone_did_not_run() {
    let (mine, _) = memory::pair();
    let link = link(mine.peer, true);
    let mut driver = Driver::new(Arc::clone(&link), mine.stream, nothing());
    link.outgoing().hello();
    let mut conversation = link.call(|| Call::new(None, "test.call", None::<()>)).await.unwrap();
    driver.input_ends();
    let super::super::arrival::Next::End(end) = conversation.next().await else { panic!("no end") };
    assert_eq!(end.into_value(None).unwrap_err().outcome(), Outcome::NotDispatched);
}

#[tokio::test]
async fn what_the_peer_said_before_it_went_is_heard_though_nothing_can_be_written() {
    let (link, mut peer) = greeted_client().await;
    let sent = tokio::spawn({
        let link = Arc::clone(&link);
        async move { outcome(&link).await }
    });
    // Written, and not read by the peer, which says so and goes.
    let mut reads = 0;
    poll_fn(|cx| {
        reads += 1;
        cx.waker().wake_by_ref();
        if reads < 10 { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    peer.write_all(&frames(&[goaway(1)])).unwrap();
    drop(peer);
    assert_eq!(outcome(&link).await, Outcome::NotDispatched);
    assert_eq!(sent.await.unwrap(), Outcome::NotDispatched);
}

/// Counts.
#[derive(Default)]
struct Woken(AtomicU64);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task that wakes itself comes before whatever the runtime has yet to hear of.
#[tokio::test]
async fn an_answer_that_is_given_at_once_wakes_nobody() {
    let (mine, mut peer) = memory::pair();
    let link = link(mine.peer, false);
    let mut driver = Driver::new(Arc::clone(&link), mine.stream, nothing());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut poll = || assert!(Pin::new(&mut driver).poll(&mut Context::from_waker(&waker)).is_pending());
    let wakes = || woken.0.swap(0, Ordering::SeqCst);
    poll();
    peer.stream.writer.write_all(&frames(&[Message::Hello(Hello::new("peer")), call(1)])).await.unwrap();
    assert_eq!(wakes(), 1, "by what has come");
    poll();
    assert!(link.outbox().is_empty() && link.incoming().open_now() == 0);
    assert_eq!(wakes(), 0);
    link.send(&goaway(1)).unwrap();
    assert_eq!(wakes(), 1, "by what is to go");
    poll();
    link.close(&Closed::new(Closed::BY_US, "a test"));
    assert_eq!(wakes(), 1, "by the end");
}

/// A handler that looks for the end of the conversation, and has it come before it first waits.
struct EndsWithin(fn(&Link));

impl Dispatch for EndsWithin {
    fn dispatch(&self, _: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling> {
        let (end, ticket) = (self.0, Arc::clone(ticket));
        Some(Box::pin(async move {
            let mut draining = std::pin::pin!(ticket.draining());
            let looks = poll_fn(|cx| Poll::Ready(draining.as_mut().poll(cx)));
            assert!(looks.await.is_pending());
            end(ticket.link());
            draining.await;
            ticket.result(&());
        }))
    }

    fn command(&self, _: &str) -> Result<&Command, WireError> {
        unreachable!("nobody sends messages by name here")
    }

    fn events(&self) -> &BTreeMap<&'static str, String> {
        unreachable!("nobody is subscribed by itself here")
    }
}

/// A call is in the table of open ones only when its handler waits: what happens before is not missed.
#[tokio::test]
async fn the_end_of_the_conversation_is_heard_by_a_handler_that_has_just_begun() {
    let ends: [fn(&Link); 2] =
        [|link| link.drain(None), |link| link.close(&Closed::new(Closed::BY_US, "a test"))];
    for end in ends {
        let link = link(here(), false);
        let dispatch: Arc<dyn Dispatch> = Arc::new(EndsWithin(end));
        let call = Call::new(Some(Id::Number(1)), "test.call", None);
        begin(&link, &dispatch, call, Reply::Result, InList::default());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(link.incoming().open_now(), 0);
        let closed = link.is_closed();
        let mut out = Vec::new();
        link.outbox().take(&mut out);
        assert_eq!(String::from_utf8_lossy(&out).contains("result"), !closed, "{out:?}");
    }
}
