//! A server that is told to stop while somebody subscribes, or waits for it to be idle.

use std::time::Duration;

use hallway::limits::DRAIN_DEADLINE;
use hallway::transport::memory;
use hallway::{CallError, Client, Event, Server, Subscription, Topic};
use tokio::time::Instant;

/// Tells the time.
#[hallway::service(name = "clock", version = "1.0")]
pub trait Clock {
    /// Ticks.
    fn ticks(&self) -> Subscription<u64>;
}

struct Ticking(Topic<u64>);

impl Clock for Ticking {
    fn ticks(&self) -> Subscription<u64> {
        self.0.subscribe(Some(0))
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_does_not_hold_up_the_end_and_hears_that_it_goes_on_elsewhere() {
    let topic = Topic::new();
    topic.publish(7);
    let server = Server::builder().service(ClockService::new(Ticking(topic))).build();
    let (ours, theirs) = memory::pair();
    server.serve_connection(theirs);
    let clock = ClockClient::new(Client::builder().over(ours));
    let mut ticks = clock.ticks().await.unwrap();
    assert_eq!(ticks.next().await.unwrap().unwrap(), Event::Item { seq: 1, value: 7 });

    let start = Instant::now();
    server.handle().drain("the test is over");
    let (end, ()) = tokio::join!(ticks.next(), server.drained());
    assert!(matches!(&end, Some(Err(CallError::Remote(error))) if error.code == "closing"), "{end:?}");
    assert!(start.elapsed() < DRAIN_DEADLINE, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_server_to_be_idle_does_not_wait_for_one_that_has_gone() {
    let server = Server::builder().build();
    let (handle, (begun, begins)) = (server.handle(), tokio::sync::oneshot::channel());
    let idle = tokio::spawn(async move {
        let mut idle = std::pin::pin!(handle.idle(Duration::MAX));
        let poll = std::future::poll_fn(|cx| std::task::Poll::Ready(idle.as_mut().poll(cx).is_ready()));
        begun.send(poll.await).unwrap();
        idle.await;
    });
    assert!(!begins.await.unwrap(), "nobody uses it, but not for that long");
    drop(server);
    // It must neither wait nor spin: that would take a thread from the others for ever.
    tokio::time::timeout(Duration::from_secs(10), idle).await.unwrap().unwrap();
}
