//! Peers that tokio drives: many callers share a client.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{Client, Laps, Peer, Ready, Shift, expect};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{BULK, Message};
use crate::place::Site;
use crate::runtime::Runtime;

/// A peer whose both sides are asynchronous.
pub trait Asynchronous: Sync + 'static {
    type Caller: Caller;

    const RUNTIMES: &'static [Runtime] = Runtime::TOKIO;

    fn name(&self) -> &'static str;

    fn about(&self) -> &'static str;

    fn does(&self, _measure: Measure) -> bool {
        true
    }

    fn serve(&self, site: &Site, ready: Ready) -> impl Future<Output = Outcome>;

    fn connect(&self, site: &Site) -> impl Future<Output = Outcome<Self::Caller>>;
}

/// A connection that many callers share.
pub trait Caller: Clone + Send + Sync + 'static {
    /// The large payload, as this peer takes it.
    type Bulk: AsRef<[u8]> + Send;

    fn echo(&self, message: Message) -> impl Future<Output = Outcome<Message>> + Send;

    fn payload(&self) -> Self::Bulk;

    fn bulk(&self, payload: Self::Bulk) -> impl Future<Output = Outcome<Self::Bulk>> + Send;

    /// A stream from its begin to its end; how many items came.
    fn stream(&self) -> impl Future<Output = Outcome<u64>> + Send;
}

/// An asynchronous peer as one that is measured.
#[derive(Debug)]
pub struct Driven<P>(pub P);

impl<P: Asynchronous> Peer for Driven<P> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn about(&self) -> &'static str {
        self.0.about()
    }

    fn runtimes(&self) -> &'static [Runtime] {
        P::RUNTIMES
    }

    fn does(&self, measure: Measure) -> bool {
        self.0.does(measure)
    }

    fn serve(&self, site: &Site, runtime: Runtime, ready: Ready) -> Outcome {
        runtime.build()?.block_on(self.0.serve(site, ready))
    }

    fn connect(&self, site: &Site, runtime: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let runtime = runtime.build()?;
        let callers = runtime.block_on(async {
            let mut callers = Vec::with_capacity(connections);
            for _ in 0..connections {
                callers.push(self.0.connect(site).await?);
            }
            Outcome::Ok(callers)
        })?;
        Ok(Box::new(Calling { callers, runtime }))
    }
}

struct Calling<C> {
    // Before the runtime, which they need to the end.
    callers: Vec<C>,
    runtime: tokio::runtime::Runtime,
}

impl<C: Caller> Client for Calling<C> {
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>> {
        let caller = self.callers[0].clone();
        self.run(async move {
            let mut laps = Laps::new(until);
            while let Some(id) = laps.next() {
                expect(caller.echo(Message::new(id)).await?.answers(id))?;
                laps.end();
            }
            Ok(laps.taken)
        })
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let callers = self.callers.clone();
        self.run(async move {
            let connections: Vec<_> =
                callers.into_iter().map(|caller| tokio::spawn(keep(caller, depth, until))).collect();
            let mut done = 0;
            for connection in connections {
                done += connection.await??;
            }
            Ok(done)
        })
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let caller = self.callers[0].clone();
        self.run(async move {
            let mut payload = caller.payload();
            let mut done = 0;
            while Instant::now() < until {
                payload = caller.bulk(payload).await?;
                expect(payload.as_ref().len() == BULK)?;
                done += 1;
            }
            Ok(done)
        })
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let caller = self.callers[0].clone();
        self.run(async move {
            let mut done = 0;
            while Instant::now() < until {
                done += caller.stream().await?;
            }
            Ok(done)
        })
    }

    fn greet(&mut self) -> Outcome {
        let callers = self.callers.clone();
        self.run(async move {
            for caller in callers {
                expect(caller.echo(Message::new(0)).await?.answers(0))?;
            }
            Ok(())
        })
    }
}

impl<C> Calling<C> {
    /// As a task, where callers are in a real program; on a runtime of many threads, what is blocked on is none of its tasks.
    fn run<T: Send + 'static>(&self, work: impl Future<Output = Outcome<T>> + Send + 'static) -> Outcome<T> {
        self.runtime.block_on(async { tokio::spawn(work).await? })
    }
}

/// Keeps so many calls under way.
async fn keep<C: Caller>(caller: C, depth: usize, until: Instant) -> Outcome<u64> {
    let mut callers: FuturesUnordered<_> = (0..depth).map(|_| call_on(&caller, until)).collect();
    let mut done = 0;
    while let Some(calls) = callers.next().await {
        done += calls?;
    }
    Ok(done)
}

async fn call_on<C: Caller>(caller: &C, until: Instant) -> Outcome<u64> {
    let mut shift = Shift::new(until);
    while !shift.is_over() {
        let id = shift.done;
        expect(caller.echo(Message::new(id)).await?.answers(id))?;
        shift.did(1);
    }
    Ok(shift.done)
}
