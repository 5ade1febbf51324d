use std::process::Command;

use super::Client;
use super::session::Session;
use crate::client::{CallError, CallOptions};
use crate::connection::Wire;
use crate::protocol::Hello;
use crate::transport::{Address, BlockingStream, TransportError, stdio, tcp, unix};

/// Something that reaches a server, again and again if need be.
pub trait Connect: Send + Sync + 'static {
    /// Connects; starts the server first where that is its job.
    ///
    /// # Errors
    /// When nobody can be reached.
    fn connect(&self) -> Result<Box<dyn BlockingStream>, CallError>;
}

impl Connect for Address {
    fn connect(&self) -> Result<Box<dyn BlockingStream>, CallError> {
        Ok(match self {
            Self::Unix(path) => Box::new(unix::connect_blocking(path)?),
            Self::Tcp(address) => Box::new(tcp::connect_blocking(*address)?),
            Self::Exec(program) => Box::new(stdio::connect_blocking(&mut Command::new(program))?),
            Self::Memory => return Err(TransportError::BadAddress { text: self.to_string() }.into()),
        })
    }
}

/// Puts a client together.
#[derive(Debug)]
pub struct ClientBuilder {
    wire: Wire,
    hello: Hello,
    options: CallOptions,
    spins: bool,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            wire: Wire::NATIVE,
            hello: Hello::new(crate::PROGRAM),
            options: CallOptions::new(),
            spins: false,
        }
    }
}

impl ClientBuilder {
    /// What to speak; [`Wire::NATIVE`] if not said.
    #[must_use]
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// The caller's name and version, for the server's log.
    #[must_use]
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.hello.program = program.into();
        self
    }

    /// The token that the listener asks for.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.hello.token = Some(token.into());
        self
    }

    /// What goes along with every call.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Looks for an answer for a moment, up to [`SPIN_TIME`](crate::limits::SPIN_TIME), before going to sleep, if there is
    /// more than one processor. Where short calls follow each other it saves most of the time that waking takes, and costs
    /// the processor for as long; where it does not pay, it is left out by itself.
    #[must_use]
    pub fn spin(mut self, spins: bool) -> Self {
        self.spins = spins;
        self
    }

    /// Connects now, and again whenever the connection is lost.
    ///
    /// # Errors
    /// When nobody can be reached now.
    pub fn connect(self, to: impl Connect) -> Result<Client, CallError> {
        let stream = to.connect()?;
        Ok(self.client(stream, Some(Box::new(to))))
    }

    /// Uses a connection that is there already; when it is lost, so is the client.
    #[must_use]
    pub fn over(self, stream: impl BlockingStream + 'static) -> Client {
        self.client(Box::new(stream), None)
    }

    fn client(self, stream: Box<dyn BlockingStream>, to: Option<Box<dyn Connect>>) -> Client {
        Client::new(Session::new(self.wire, self.hello, stream, to, self.spins), self.options)
    }
}
