//! What every daemon answers, whatever else it serves.

use std::sync::Arc;

use hallway::client::Outcome;
use hallway::limits::Limits;
use hallway::server::{AdminBlockingClient, AdminClient, Status};
use hallway::transport::memory;
use hallway::{CallError, Server};
use tokio::sync::{Notify, watch};

use crate::world::{World, soon};

/// Takes as long as it is told.
#[hallway::service(name = "slow", version = "3.1")]
trait Slow {
    async fn finish(&self) -> u8;
}

#[derive(Default)]
struct Waiter {
    begun: watch::Sender<usize>,
    finish: Notify,
}

impl Slow for Waiter {
    async fn finish(&self) -> u8 {
        self.begun.send_modify(|begun| *begun += 1);
        self.finish.notified().await;
        7
    }
}

fn world() -> (World, Arc<Waiter>) {
    let waiter = Arc::new(Waiter::default());
    (World::serving(SlowService::from_arc(Arc::clone(&waiter))), waiter)
}

#[tokio::test]
async fn a_daemon_answers_and_describes_itself() -> Result<(), CallError> {
    let (world, _) = world();
    for client in world.clients().await {
        let admin = AdminClient::new(client);
        admin.ping().await?;
        let all = admin.describe(None).await?;
        let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect();
        assert_eq!(names, [("hallway", "1.0"), ("slow", "3.1")]);
        assert_eq!(admin.describe(Some("slow".into())).await?, [slow_description().clone()]);
        assert_eq!(admin.describe(Some("fast".into())).await?, []);
        let own = &all[0].methods;
        let names: Vec<_> = own.iter().map(|method| (method.name.as_str(), method.idempotent)).collect();
        assert_eq!(names, [("ping", true), ("describe", true), ("status", true), ("stop", true)]);
    }
    let from_a_thread = world.blocking(|client| {
        let admin = AdminBlockingClient::new(client);
        admin.ping()?;
        admin.describe(Some("slow".into()))
    });
    assert_eq!(from_a_thread.await?, [slow_description().clone()]);
    Ok(())
}

#[tokio::test]
async fn the_status_counts_and_names_the_limits() -> Result<(), CallError> {
    let (world, waiter) = world();
    let [one, other] = world.clients().await;
    let working = tokio::spawn(async move { SlowClient::new(other).finish().await });
    soon(waiter.begun.subscribe().wait_for(|begun| *begun == 1)).await.unwrap();

    let status = AdminClient::new(one.clone()).status().await?;
    assert_eq!((status.program.as_str(), status.pid), ("world 1", std::process::id()));
    let names: Vec<_> = status.services.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect();
    assert_eq!(names, [("hallway", "1.0"), ("slow", "3.1")]);
    let Status { connections, calls_open, draining, .. } = status;
    assert_eq!((connections.now, connections.peak, connections.total), (2, 2, 2));
    assert_eq!(calls_open, 2, "the slow one and this one");
    assert!(!draining);
    let of_process = status.limits.get("connections_max").copied().unwrap_or_default();
    let mut limits = Limits::default();
    limits.connections = limits.connections.min(usize::try_from(of_process).unwrap());
    assert_eq!(status.limits, limits.table());
    assert_eq!(status.limits["frame_max_bytes"], hallway::limits::FRAME_MAX as u64);

    // A connection that has gone is counted as one that was there.
    waiter.finish.notify_one();
    assert_eq!(soon(working).await.unwrap()?, 7);
    let status = loop {
        let status = AdminClient::new(one.clone()).status().await?;
        if status.connections.now == 1 {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((status.connections.peak, status.connections.total, status.calls_open), (2, 2, 1));
    let from_a_thread = world.blocking(|client| AdminBlockingClient::new(client).status()).await?;
    assert_eq!(from_a_thread.connections.total, 3);
    assert!(from_a_thread.uptime_ms >= status.uptime_ms);
    Ok(())
}

#[tokio::test]
async fn a_daemon_that_is_stopped_finishes_what_is_open_and_takes_no_more() {
    let (world, waiter) = world();
    let [client, other] = world.clients().await;
    let working = tokio::spawn({
        let client = client.clone();
        async move { SlowClient::new(client).finish().await }
    });
    soon(waiter.begun.subscribe().wait_for(|begun| *begun == 1)).await.unwrap();

    soon(AdminClient::new(client.clone()).stop()).await.unwrap();
    soon(world.handle().draining()).await;
    assert!(world.handle().status().unwrap().draining);
    for client in [client, other] {
        let refused = soon(AdminClient::new(client).ping()).await.unwrap_err();
        assert_eq!(refused.outcome(), Outcome::NotDispatched, "{refused:?}");
    }
    assert!(!working.is_finished());
    waiter.finish.notify_one();
    assert_eq!(soon(working).await.unwrap().unwrap(), 7);
    world.stopped().await;
    assert_eq!(*waiter.begun.borrow(), 1);
}

#[tokio::test]
async fn a_thread_may_stop_a_daemon() {
    let (world, _) = world();
    let refused = world.blocking(|client| {
        let admin = AdminBlockingClient::new(client);
        admin.stop().unwrap();
        admin.ping().unwrap_err()
    });
    assert_eq!(refused.await.outcome(), Outcome::NotDispatched);
    world.stopped().await;
}

#[tokio::test]
async fn a_server_without_services_of_its_own_is_a_daemon_too() {
    let server = Server::builder().build();
    let (end, peer) = memory::pair();
    server.serve_connection(peer);
    let admin = AdminClient::new(hallway::Client::builder().over(end));
    assert_eq!(admin.describe(None).await.unwrap().len(), 1);
    assert!(admin.status().await.unwrap().program.starts_with("hallway "));
}
