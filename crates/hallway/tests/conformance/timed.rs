//! What takes seconds, on a clock that does not: within the process, where nothing else moves.

use std::io;

use hallway::Server;
use hallway::connection::Wire;
use hallway::transport::{Address, Duplex, Listener, memory};
use hallway_testkit::{RawPeer, Setting, Stage, TOKEN, Transport, probe, within};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_call_that_outlasts_the_drain_is_ended() {
    for wire in Wire::all() {
        let stage = Stage::start(Setting::new(Transport::Memory, wire), probe).await;
        let client = crate::stage::probe_client(stage.client().await);
        let held = tokio::spawn(async move { client.hold("g".to_owned()).await });
        let watching = crate::stage::probe_client(stage.client().await);
        within("the call waits", watching.until_held(1)).await.unwrap();
        stage.handle().drain("an upgrade");
        within("the drain ends", stage.server().drained()).await;
        let error = within("the news", held).await.unwrap().unwrap_err();
        assert_eq!(error.code(), "closed_by_peer", "{wire}: {error}");
    }
}

/// A listener within the process that asks for a token.
struct Guarded(memory::Listener);

impl Listener for Guarded {
    fn address(&self) -> &Address {
        self.0.address()
    }

    fn token(&self) -> Option<&str> {
        Some(TOKEN)
    }

    async fn accept(&mut self) -> io::Result<Duplex> {
        self.0.accept().await
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_shown_out() {
    for wire in Wire::all() {
        let server = probe(Server::builder().wire(wire)).build();
        let (listener, connector) = memory::listener();
        tokio::spawn(async move { server.serve(Guarded(listener)).await });
        let mut silent = RawPeer::new(wire, connector.connect().await.unwrap());
        assert_eq!(silent.expect_complaint().await.code, "unauthorized", "{wire}");
        silent.expect_end().await;
        let mut known = RawPeer::new(wire, connector.connect().await.unwrap());
        known.hello().await;
        tokio::time::advance(2 * hallway::limits::HELLO_DEADLINE).await;
        known.call(1, "probe.add", json!({ "a": 1 })).await;
        assert_eq!(known.expect_answer(1).await.unwrap(), 2, "{wire}");
    }
}
