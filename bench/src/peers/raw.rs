//! The floors: what the kernel takes, without any messages' meaning. Bytes of a length and a kind, threads that block or poll.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{Client, Peer, Ready, Shift, expect, laps};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{BULK, STREAM};
use crate::place::Site;
use crate::runtime::Runtime;

/// A message's length and kind, before its body.
const HEAD: usize = 8;

/// As long as the JSON of the others.
const MESSAGE: usize = 128;

/// An item of a stream.
const ITEM: usize = 16;

/// How much is read and written at a time.
const CHUNK: usize = 64 * 1024;

/// The message comes back.
const ECHO: u32 = 0;

fn message(length: usize, kind: u32) -> Vec<u8> {
    let mut message = vec![7; length];
    let body = u32::try_from(length - HEAD).unwrap_or(u32::MAX);
    message[..4].copy_from_slice(&body.to_be_bytes());
    message[4..HEAD].copy_from_slice(&kind.to_be_bytes());
    message
}

/// The length, with the head, and the kind of the message that begins here, if all of it is there.
fn first(bytes: &[u8]) -> Option<(usize, u32)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (kind, _) = rest.split_first_chunk()?;
    let length = HEAD + u32::from_be_bytes(*length) as usize;
    (bytes.len() >= length).then_some((length, u32::from_be_bytes(*kind)))
}

/// Answers what comes until nothing does: every whole message that is there in one write.
fn serve(mut reader: impl Read, mut writer: impl Write) -> io::Result<()> {
    let items = message(ITEM, ECHO).repeat(CHUNK / ITEM);
    let mut buffer = vec![0; HEAD + 2 * BULK];
    let mut filled = 0;
    loop {
        let read = reader.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut whole = 0;
        while let Some((length, kind)) = first(&buffer[whole..filled]) {
            if kind == ECHO {
                whole += length;
                continue;
            }
            let mut left = kind as usize * ITEM;
            while left > 0 {
                let chunk = left.min(items.len());
                writer.write_all(&items[..chunk])?;
                left -= chunk;
            }
            buffer.copy_within(whole + length..filled, whole);
            filled -= length;
        }
        writer.write_all(&buffer[..whole])?;
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
}

/// A connection at the calling side.
struct Floor<S> {
    streams: Vec<S>,
}

impl<S: Stream> Client for Floor<S> {
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>> {
        let stream = &mut self.streams[0];
        let request = message(MESSAGE, ECHO);
        let mut answer = vec![0; MESSAGE];
        laps(until, |_| {
            stream.write_all(&request)?;
            stream.read_exact(&mut answer)?;
            Ok(())
        })
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .streams
                .iter_mut()
                .map(|stream| scope.spawn(move || slide(stream, depth, until)))
                .collect();
            let panicked = |_| io::Error::other("a thread panicked");
            let done = threads.into_iter().map(|thread| thread.join().map_err(panicked)?);
            done.sum::<io::Result<u64>>().map_err(Into::into)
        })
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let stream = &mut self.streams[0];
        let request = message(HEAD + BULK, ECHO);
        let mut answer = vec![0; HEAD + BULK];
        let laps = laps(until, |_| {
            stream.write_all(&request)?;
            stream.read_exact(&mut answer)?;
            Ok(())
        })?;
        Ok(laps.len() as u64)
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let stream = &mut self.streams[0];
        // A thousand times as many: they are nothing.
        let count = STREAM * 100;
        let request = message(HEAD, count);
        let mut buffer = vec![0; CHUNK];
        let mut done = 0;
        while Instant::now() < until {
            stream.write_all(&request)?;
            let mut left = count as usize * ITEM;
            while left > 0 {
                let read = stream.read(&mut buffer[..left.min(CHUNK)])?;
                expect(read > 0)?;
                left -= read;
            }
            done += u64::from(count);
        }
        Ok(done)
    }

    fn greet(&mut self) -> Outcome {
        let request = message(MESSAGE, ECHO);
        let mut answer = vec![0; MESSAGE];
        for stream in &mut self.streams {
            stream.write_all(&request)?;
            stream.read_exact(&mut answer)?;
        }
        Ok(())
    }
}

/// Keeps so many messages under way: for each that came back, another one, and all of them in one write.
fn slide(stream: &mut impl Stream, depth: usize, until: Instant) -> io::Result<u64> {
    let requests = message(MESSAGE, ECHO).repeat(depth);
    let mut buffer = vec![0; requests.len()];
    let mut shift = Shift::new(until);
    let (mut open, mut part) = (0, 0);
    loop {
        let more = if shift.is_over() { 0 } else { depth - open };
        stream.write_all(&requests[..more * MESSAGE])?;
        open += more;
        if open == 0 {
            return Ok(shift.done);
        }
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        part += read;
        open -= part / MESSAGE;
        shift.did((part / MESSAGE) as u64);
        part %= MESSAGE;
    }
}

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A socket that is asked again and again rather than waited for.
struct Polling(UnixStream);

impl Polling {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self(stream))
    }
}

/// Until it is ready; the other side may want this core.
fn poll(mut attempt: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            outcome => return outcome,
        }
    }
}

impl Read for Polling {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll(|| self.0.read(buffer))
    }
}

impl Write for Polling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        poll(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn does(measure: Measure) -> bool {
    measure != Measure::Memory
}

/// A Unix stream socket.
#[derive(Debug)]
pub struct Unix {
    pub polls: bool,
}

impl Peer for Unix {
    fn name(&self) -> &'static str {
        if self.polls { "floor-uds-polling" } else { "floor-uds" }
    }

    fn about(&self) -> &'static str {
        if self.polls {
            "bytes over a Unix stream that both sides poll, yielding the processor"
        } else {
            "bytes over a Unix stream, threads that block"
        }
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::THREADS
    }

    /// More polling threads than cores measure the scheduler.
    fn does(&self, measure: Measure) -> bool {
        does(measure) && !(self.polls && matches!(measure, Measure::Many | Measure::Cold))
    }

    fn serve(&self, site: &Site, _: Runtime, ready: Ready) -> Outcome {
        let listener = UnixListener::bind(site.socket())?;
        ready.say();
        for stream in listener.incoming() {
            let stream = stream?;
            if self.polls {
                let stream = Polling::new(stream)?;
                std::thread::spawn(move || serve(Polling(stream.0.try_clone()?), stream));
            } else {
                std::thread::spawn(move || serve(&stream, &stream));
            }
        }
        Ok(())
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let streams = (0..connections).map(|_| UnixStream::connect(site.socket()));
        if self.polls {
            let streams = streams.map(|stream| Polling::new(stream?)).collect::<io::Result<_>>()?;
            return Ok(Box::new(Floor::<Polling> { streams }));
        }
        Ok(Box::new(Floor::<UnixStream> { streams: streams.collect::<io::Result<_>>()? }))
    }
}

/// A TCP socket on the loopback, without delay.
#[derive(Debug)]
pub struct Tcp;

impl Peer for Tcp {
    fn name(&self) -> &'static str {
        "floor-tcp"
    }

    fn about(&self) -> &'static str {
        "bytes over loopback TCP, TCP_NODELAY, threads that block"
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::THREADS
    }

    fn does(&self, measure: Measure) -> bool {
        does(measure)
    }

    fn serve(&self, site: &Site, _: Runtime, ready: Ready) -> Outcome {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        site.set_port(listener.local_addr()?.port())?;
        ready.say();
        for stream in listener.incoming() {
            let stream = stream?;
            stream.set_nodelay(true)?;
            std::thread::spawn(move || serve(&stream, &stream));
        }
        Ok(())
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let port = site.port()?;
        let streams = (0..connections).map(|_| {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        Ok(Box::new(Floor::<TcpStream> { streams: streams.collect::<io::Result<_>>()? }))
    }
}

/// Two pipes, one for each direction, found by their names.
#[derive(Debug)]
pub struct Pipe;

/// Both ends of a conversation over two pipes.
struct Pipes {
    reader: File,
    writer: File,
}

impl Read for Pipes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl Write for Pipes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Peer for Pipe {
    fn name(&self) -> &'static str {
        "floor-pipe"
    }

    fn about(&self) -> &'static str {
        "bytes over two pipes, threads that block"
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::THREADS
    }

    /// There is one conversation.
    fn does(&self, measure: Measure) -> bool {
        does(measure) && !matches!(measure, Measure::Many | Measure::Cold)
    }

    fn serve(&self, site: &Site, _: Runtime, ready: Ready) -> Outcome {
        let (there, back) = (site.directory().join("there"), site.directory().join("back"));
        mkfifo(&there, Mode::S_IRWXU)?;
        mkfifo(&back, Mode::S_IRWXU)?;
        ready.say();
        Ok(serve(File::open(there)?, File::options().write(true).open(back)?)?)
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        expect(connections == 1)?;
        let writer = File::options().write(true).open(site.directory().join("there"))?;
        let reader = File::open(site.directory().join("back"))?;
        Ok(Box::new(Floor { streams: vec![Pipes { reader, writer }] }))
    }
}
