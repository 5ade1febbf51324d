//! iceoryx2: requests and responses in shared memory, which both sides poll. It carries plain values; there is nothing to
//! encode, and no socket.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use iceoryx2::pending_response::PendingResponse;
use iceoryx2::port::client::Client as Asking;
use iceoryx2::port::server::Server;
use iceoryx2::prelude::*;
use iceoryx2::response::Response;
use iceoryx2::service::port_factory::request_response::PortFactory;

use super::{Client, Peer, Ready, Shift, expect, laps};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{BULK, STREAM, TEXT};
use crate::place::{Placement, Site};
use crate::runtime::Runtime;

type Ipc = ipc::Service;
type Service = PortFactory<Ipc, [u8], (), [u8], ()>;
type Port = Asking<Ipc, [u8], (), [u8], ()>;
type Answering = Server<Ipc, [u8], (), [u8], ()>;
type Pending = PendingResponse<Ipc, [u8], (), [u8], ()>;

/// An id and a text, and an item, as bytes.
const MESSAGE: usize = 8 + TEXT.len();
const ITEM: usize = 8;

/// What a service has room for is there from the start, so that each kind of work has its own.
struct Kind {
    name: &'static str,
    clients: usize,
    /// Requests on the way, and responses to each of them.
    requests: usize,
    responses: usize,
    /// Bytes of a payload.
    payload: usize,
}

const CALLS: Kind = Kind { name: "calls", clients: 8, requests: 64, responses: 1, payload: MESSAGE };
const LARGE: Kind = Kind { name: "large", clients: 1, requests: 1, responses: 1, payload: BULK };
const ITEMS: Kind = Kind { name: "items", clients: 1, requests: 1, responses: 256, payload: ITEM };

impl Kind {
    fn service(&self, node: &Node<Ipc>, site: &Site) -> Outcome<Service> {
        let name = format!("{}/{}", site.directory().display(), self.name);
        Ok(node
            .service_builder(&name.as_str().try_into()?)
            .request_response::<[u8], [u8]>()
            .max_clients(self.clients)
            .max_active_requests_per_client(self.requests)
            .max_response_buffer_size(self.responses)
            .enable_safe_overflow_for_requests(false)
            .enable_safe_overflow_for_responses(false)
            .open_or_create()?)
    }

    fn server(&self, node: &Node<Ipc>, site: &Site) -> Outcome<Answering> {
        Ok(self.service(node, site)?.server_builder().initial_max_slice_len(self.payload).create()?)
    }

    fn port(&self, node: &Node<Ipc>, site: &Site) -> Outcome<Port> {
        Ok(self.service(node, site)?.client_builder().initial_max_slice_len(self.payload).create()?)
    }
}

fn node() -> Outcome<Node<Ipc>> {
    set_log_level(LogLevel::Error);
    Ok(NodeBuilder::new().create::<Ipc>()?)
}

/// So often in a row one service has no request until another one is looked at.
const PATIENCE: u32 = 1000;

#[derive(Debug)]
pub struct Iceoryx2;

impl Peer for Iceoryx2 {
    fn name(&self) -> &'static str {
        "iceoryx2"
    }

    fn about(&self) -> &'static str {
        "iceoryx2 0.10.0, shared memory that both sides poll, burning a core each; plain values, not encoded"
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::THREADS
    }

    /// Its connections are segments that were there before, so that an idle one has no memory of its own.
    fn does(&self, measure: Measure) -> bool {
        !matches!(measure, Measure::Memory)
    }

    /// Two that poll without yielding do not share a core.
    fn fits(&self, placement: Placement) -> bool {
        placement != Placement::OneCore
    }

    fn serve(&self, site: &Site, _: Runtime, ready: Ready) -> Outcome {
        let node = node()?;
        let servers = [CALLS.server(&node, site)?, LARGE.server(&node, site)?, ITEMS.server(&node, site)?];
        ready.say();
        for server in servers.iter().cycle() {
            let mut idle = 0;
            while idle < PATIENCE {
                let Some(request) = server.receive()? else {
                    idle += 1;
                    std::hint::spin_loop();
                    continue;
                };
                idle = 0;
                let payload = request.payload();
                if payload.len() == ITEM {
                    for id in 0..u64::from(STREAM) {
                        request.loan_slice_uninit(ITEM)?.write_from_slice(&id.to_ne_bytes()).send()?;
                    }
                } else {
                    request.loan_slice_uninit(payload.len())?.write_from_slice(payload).send()?;
                }
            }
        }
        Ok(())
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let node = node()?;
        let calls = (0..connections).map(|_| CALLS.port(&node, site)).collect::<Outcome<_>>()?;
        let (large, items) = (LARGE.port(&node, site)?, ITEMS.port(&node, site)?);
        Ok(Box::new(Ports { calls, large, items, _node: node }))
    }
}

struct Ports {
    calls: Vec<Port>,
    large: Port,
    items: Port,
    _node: Node<Ipc>,
}

fn ask(port: &Port, payload: &[u8]) -> Outcome<Pending> {
    Ok(port.loan_slice_uninit(payload.len())?.write_from_slice(payload).send()?)
}

fn hear(pending: &Pending) -> Outcome<Response<Ipc, [u8], ()>> {
    loop {
        if let Some(response) = pending.receive()? {
            return Ok(response);
        }
        std::hint::spin_loop();
    }
}

fn message(id: u64) -> [u8; MESSAGE] {
    let mut message = [0; MESSAGE];
    let (start, text) = message.split_at_mut(8);
    start.copy_from_slice(&id.to_ne_bytes());
    text.copy_from_slice(TEXT.as_bytes());
    message
}

impl Client for Ports {
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>> {
        laps(until, |id| {
            let message = message(id);
            expect(hear(&ask(&self.calls[0], &message)?)?.payload() == message)
        })
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let mut shift = Shift::new(until);
        let mut open = VecDeque::new();
        for port in &self.calls {
            for _ in 0..depth {
                open.push_back((port, ask(port, &message(0))?));
            }
        }
        while let Some((port, pending)) = open.pop_front() {
            expect(hear(&pending)?.payload().len() == MESSAGE)?;
            shift.did(1);
            // A request is one of those on the way until this is gone.
            drop(pending);
            if !shift.is_over() {
                open.push_back((port, ask(port, &message(shift.done))?));
            }
        }
        Ok(shift.done)
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let payload = vec![7; BULK];
        let laps = laps(until, |_| expect(hear(&ask(&self.large, &payload)?)?.payload().len() == BULK))?;
        Ok(laps.len() as u64)
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let mut done = 0;
        while Instant::now() < until {
            let items = ask(&self.items, &[0; ITEM])?;
            for id in 0..u64::from(STREAM) {
                expect(hear(&items)?.payload() == id.to_ne_bytes())?;
                done += 1;
            }
        }
        Ok(done)
    }

    fn greet(&mut self) -> Outcome {
        for port in &self.calls {
            hear(&ask(port, &message(0))?)?;
        }
        Ok(())
    }
}
