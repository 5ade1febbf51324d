//! Peers whose clients stay on one thread, or are held by one caller.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::task::LocalSet;

use super::{Client, Laps, expect};
use crate::Outcome;
use crate::message::{BULK, Message};
use crate::runtime::Runtime;

/// A connection that one caller has.
pub trait Local {
    async fn echo(&mut self, message: Message) -> Outcome<Message>;

    /// Keeps so many calls under way until the time has come; how many were answered.
    async fn keep(&mut self, depth: usize, until: Instant) -> Outcome<u64>;

    /// The large payload there and back; how many bytes came.
    async fn bulk(&mut self) -> Outcome<usize>;

    /// A stream from its begin to its end; how many items came.
    async fn stream(&mut self) -> Outcome<u64>;
}

/// Connections that stay on this thread.
pub struct Held<L> {
    // Before what drives them, which they need to the end.
    connections: Vec<L>,
    tasks: LocalSet,
    runtime: tokio::runtime::Runtime,
}

impl<L: Local + 'static> Held<L> {
    pub fn connect(
        runtime: Runtime,
        connections: usize,
        connect: impl AsyncFn() -> Outcome<L>,
    ) -> Outcome<Box<dyn Client>> {
        let (runtime, tasks) = (runtime.build()?, LocalSet::new());
        let connections = tasks.block_on(&runtime, async {
            let mut all = Vec::with_capacity(connections);
            for _ in 0..connections {
                all.push(connect().await?);
            }
            Outcome::Ok(all)
        })?;
        Ok(Box::new(Self { connections, tasks, runtime }))
    }
}

impl<L: Local> Client for Held<L> {
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>> {
        let connection = &mut self.connections[0];
        self.tasks.block_on(&self.runtime, async {
            let mut laps = Laps::new(until);
            while let Some(id) = laps.next() {
                expect(connection.echo(Message::new(id)).await?.answers(id))?;
                laps.end();
            }
            Ok(laps.taken)
        })
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let connections = &mut self.connections;
        self.tasks.block_on(&self.runtime, async {
            let mut kept: FuturesUnordered<_> =
                connections.iter_mut().map(|connection| connection.keep(depth, until)).collect();
            let mut done = 0;
            while let Some(calls) = kept.next().await {
                done += calls?;
            }
            Ok(done)
        })
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let connection = &mut self.connections[0];
        self.tasks.block_on(&self.runtime, async {
            let mut done = 0;
            while Instant::now() < until {
                expect(connection.bulk().await? == BULK)?;
                done += 1;
            }
            Ok(done)
        })
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let connection = &mut self.connections[0];
        self.tasks.block_on(&self.runtime, async {
            let mut done = 0;
            while Instant::now() < until {
                done += connection.stream().await?;
            }
            Ok(done)
        })
    }

    fn greet(&mut self) -> Outcome {
        let connections = &mut self.connections;
        self.tasks.block_on(&self.runtime, async {
            for connection in connections {
                expect(connection.echo(Message::new(0)).await?.answers(0))?;
            }
            Ok(())
        })
    }
}
