use std::sync::Arc;

use hallway::transport::{Duplex, Listener as _, memory, tcp, unix};
use tempfile::TempDir;

use crate::stage::Reach;
use crate::{RawPeer, Setting, TOKEN, Transport, within};

/// Where clients of ours connect to, and meet a [`RawPeer`]. Not for `stdio`.
#[derive(Debug)]
pub struct RawServer {
    setting: Setting,
    listener: Listener,
    reach: Reach,
    _directory: Arc<TempDir>,
}

#[derive(Debug)]
enum Listener {
    Memory(memory::Listener),
    Unix(unix::Listener),
    Tcp(tcp::Listener),
}

impl RawServer {
    /// Listens.
    ///
    /// # Panics
    /// When the system does not let it, and on `stdio`.
    pub async fn bind(setting: Setting) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let (listener, reach) = match setting.transport {
            Transport::Memory => {
                let (listener, connector) = memory::listener();
                (Listener::Memory(listener), Reach::within_process(setting, connector))
            }
            Transport::Unix => {
                let listener = unix::Listener::bind(directory.path().join("socket")).expect("a new path");
                let reach = Reach::new(setting, listener.address().clone());
                (Listener::Unix(listener), reach)
            }
            Transport::Tcp => {
                let listener = tcp::Listener::bind(([127, 0, 0, 1], 0).into(), TOKEN).await;
                let listener = listener.expect("a free port");
                let reach = Reach::new(setting, listener.address().clone());
                (Listener::Tcp(listener), reach)
            }
            Transport::Stdio => panic!("there is nothing to listen on: run this on `shared` transports"),
        };
        Self { setting, listener, reach, _directory: directory }
    }

    /// How it is reached.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach.clone()
    }

    /// The next client.
    ///
    /// # Panics
    /// When none comes.
    pub async fn accept(&mut self) -> RawPeer {
        RawPeer::new(self.setting.wire, within("a client connects", self.connection()).await)
    }

    async fn connection(&mut self) -> Duplex {
        let accepted = match &mut self.listener {
            Listener::Memory(listener) => listener.accept().await,
            Listener::Unix(listener) => listener.accept().await,
            Listener::Tcp(listener) => listener.accept().await,
        };
        accepted.expect("a connection is accepted")
    }
}
