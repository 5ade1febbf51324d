//! ZeroMQ over `ipc`: a ROUTER answers DEALERs. It carries bytes; messages and items are JSON, by `serde_json`.

use std::time::{Duration, Instant};

use zmq::{Context, DEALER, Message as Part, ROUTER, SNDMORE, Socket};

use super::{Client, Peer, Ready, Shift, expect, laps};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{BULK, Item, Message, STREAM};
use crate::place::Site;
use crate::runtime::Runtime;

/// What is wanted: the first part of a request.
const ECHO: &[u8] = b"echo";
const LARGE: &[u8] = b"large";
const ITEMS: &[u8] = b"items";

#[derive(Debug)]
pub struct Zeromq;

fn address(site: &Site) -> String {
    format!("ipc://{}", site.socket().display())
}

impl Peer for Zeromq {
    fn name(&self) -> &'static str {
        "zeromq"
    }

    fn about(&self) -> &'static str {
        "ZeroMQ 4.3.4 by zmq 0.10.0, ROUTER and DEALER over ipc, JSON by serde_json; 1 MiB as bytes"
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::THREADS
    }

    fn does(&self, _: Measure) -> bool {
        true
    }

    /// A context has 1,023 sockets.
    fn connections_max(&self) -> usize {
        1000
    }

    fn serve(&self, site: &Site, _: Runtime, ready: Ready) -> Outcome {
        let context = Context::new();
        let socket = context.socket(ROUTER)?;
        // Wait rather than drop what a client has no room for.
        socket.set_router_mandatory(true)?;
        socket.bind(&address(site))?;
        ready.say();
        loop {
            let (client, kind, body) = (socket.recv_msg(0)?, socket.recv_msg(0)?, socket.recv_msg(0)?);
            match &*kind {
                ECHO => {
                    let message: Message = serde_json::from_slice(&body)?;
                    answer(&socket, client, serde_json::to_vec(&message)?)?;
                }
                LARGE => answer(&socket, client, body)?,
                _ => {
                    for id in 0..u64::from(STREAM) {
                        answer(&socket, Part::from(&*client), serde_json::to_vec(&Item { id })?)?;
                    }
                }
            }
        }
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let context = Context::new();
        let connect = |_| -> Outcome<Socket> {
            let socket = context.socket(DEALER)?;
            socket.connect(&address(site))?;
            Ok(socket)
        };
        Ok(Box::new(Dealers((0..connections).map(connect).collect::<Outcome<_>>()?)))
    }
}

/// A client may have left meanwhile.
fn answer(socket: &Socket, client: Part, body: impl Into<Part>) -> Outcome {
    match socket.send(client, SNDMORE).and_then(|()| socket.send(body.into(), 0)) {
        Err(zmq::Error::EHOSTUNREACH) => Ok(()),
        outcome => Ok(outcome?),
    }
}

struct Dealers(Vec<Socket>);

fn ask(socket: &Socket, id: u64) -> Outcome {
    socket.send(ECHO, SNDMORE)?;
    Ok(socket.send(serde_json::to_vec(&Message::new(id))?, 0)?)
}

fn hear(socket: &Socket, id: u64) -> Outcome {
    expect(serde_json::from_slice::<Message>(&socket.recv_msg(0)?)?.answers(id))
}

/// Answers come in the order of the questions.
fn slide(socket: &Socket, depth: usize, until: Instant) -> Outcome<u64> {
    let mut shift = Shift::new(until);
    let mut asked = 0;
    while asked < depth as u64 {
        ask(socket, asked)?;
        asked += 1;
    }
    while shift.done < asked {
        hear(socket, shift.done)?;
        shift.did(1);
        if !shift.is_over() {
            ask(socket, asked)?;
            asked += 1;
        }
    }
    Ok(shift.done)
}

impl Client for Dealers {
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>> {
        laps(until, |id| {
            ask(&self.0[0], id)?;
            hear(&self.0[0], id)
        })
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let sockets = std::mem::take(&mut self.0);
        std::thread::scope(|scope| {
            let work = |socket: Socket| scope.spawn(move || (slide(&socket, depth, until), socket));
            let threads: Vec<_> = sockets.into_iter().map(work).collect();
            let mut done = 0;
            for thread in threads {
                let (calls, socket) = thread.join().map_err(|_| "a thread panicked")?;
                self.0.push(socket);
                done += calls?;
            }
            Ok(done)
        })
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let mut payload = Part::from(vec![7; BULK]);
        let laps = laps(until, |_| {
            self.0[0].send(LARGE, SNDMORE)?;
            self.0[0].send(std::mem::replace(&mut payload, Part::new()), 0)?;
            payload = self.0[0].recv_msg(0)?;
            expect(payload.len() == BULK)
        })?;
        Ok(laps.len() as u64)
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let mut done = 0;
        while Instant::now() < until {
            self.0[0].send(ITEMS, SNDMORE)?;
            self.0[0].send("", 0)?;
            for id in 0..u64::from(STREAM) {
                expect(serde_json::from_slice::<Item>(&self.0[0].recv_msg(0)?)?.id == id)?;
                done += 1;
            }
        }
        Ok(done)
    }

    fn greet(&mut self) -> Outcome {
        for socket in &self.0 {
            ask(socket, 0)?;
            hear(socket, 0)?;
        }
        Ok(())
    }
}
