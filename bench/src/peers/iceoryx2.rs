//! iceoryx2: requests and responses in shared memory, which both sides poll. It carries plain values; there is nothing to
//! encode, and no socket.

use std::time::{Duration, Instant};

use iceoryx2::pending_response::PendingResponse;
use iceoryx2::port::client::Client as Port;
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

/// An id and a text, and an item, as bytes.
const MESSAGE: usize = 8 + TEXT.len();
const ITEM: usize = 8;

/// Requests and responses that may be on the way, for each client.
const ACTIVE: usize = 64;
const BUFFER: usize = 256;
const CLIENTS: usize = 8;

#[derive(Debug)]
pub struct Iceoryx2;

fn service(site: &Site) -> Outcome<Service> {
    set_log_level(LogLevel::Error);
    let node = NodeBuilder::new().create::<Ipc>()?;
    let name = site.directory().display().to_string();
    Ok(node
        .service_builder(&name.as_str().try_into()?)
        .request_response::<[u8], [u8]>()
        .max_active_requests_per_client(ACTIVE)
        .max_response_buffer_size(BUFFER)
        .max_clients(CLIENTS)
        .enable_safe_overflow_for_requests(false)
        .enable_safe_overflow_for_responses(false)
        .open_or_create()?)
}

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
        let service = service(site)?;
        let server = service
            .server_builder()
            .initial_max_slice_len(MESSAGE)
            .allocation_strategy(AllocationStrategy::PowerOfTwo)
            .create()?;
        ready.say();
        loop {
            let Some(request) = server.receive()? else {
                std::hint::spin_loop();
                continue;
            };
            if request.payload().len() == ITEM {
                for id in 0..u64::from(STREAM) {
                    request.loan_slice_uninit(ITEM)?.write_from_slice(&id.to_ne_bytes()).send()?;
                }
            } else {
                let payload = request.payload();
                request.loan_slice_uninit(payload.len())?.write_from_slice(payload).send()?;
            }
        }
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let service = service(site)?;
        let port = |_| -> Outcome<Port<Ipc, [u8], (), [u8], ()>> {
            Ok(service
                .client_builder()
                .initial_max_slice_len(MESSAGE)
                .allocation_strategy(AllocationStrategy::PowerOfTwo)
                .create()?)
        };
        let ports = (0..connections).map(port).collect::<Outcome<_>>()?;
        Ok(Box::new(Ports { ports, _service: service }))
    }
}

struct Ports {
    ports: Vec<Port<Ipc, [u8], (), [u8], ()>>,
    _service: Service,
}

type Pending = PendingResponse<Ipc, [u8], (), [u8], ()>;

fn ask(port: &Port<Ipc, [u8], (), [u8], ()>, payload: &[u8]) -> Outcome<Pending> {
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
            expect(hear(&ask(&self.ports[0], &message)?)?.payload() == message)
        })
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let mut shift = Shift::new(until);
        let mut open = Vec::new();
        for port in &self.ports {
            for _ in 0..depth {
                open.push((port, ask(port, &message(0))?));
            }
        }
        while !shift.is_over() {
            for (port, pending) in &mut open {
                expect(hear(pending)?.payload().len() == MESSAGE)?;
                *pending = ask(port, &message(shift.done))?;
                shift.did(1);
            }
        }
        for (_, pending) in &open {
            hear(pending)?;
        }
        Ok(shift.done + open.len() as u64)
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let payload = vec![7; BULK];
        let laps = laps(until, |_| expect(hear(&ask(&self.ports[0], &payload)?)?.payload().len() == BULK))?;
        Ok(laps.len() as u64)
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let mut done = 0;
        while Instant::now() < until {
            let items = ask(&self.ports[0], &[0; ITEM])?;
            for id in 0..u64::from(STREAM) {
                expect(hear(&items)?.payload() == id.to_ne_bytes())?;
                done += 1;
            }
        }
        Ok(done)
    }

    fn greet(&mut self) -> Outcome {
        for port in &self.ports {
            hear(&ask(port, &message(0))?)?;
        }
        Ok(())
    }
}
