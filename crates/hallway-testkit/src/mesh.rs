//! The mesh: a service that agents talk to in messages with a type and a payload, the service of
//! `spec/vectors/sidecar.json`. `spec/vectors/README.md` describes it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hallway::{Subscription, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Peers that agents reach through a sidecar.
#[hallway::service(name = "mesh", version = "1.0", sidecar)]
pub trait Mesh {
    /// Says something to one peer.
    async fn send(&self, target_peer: String, message: Value) -> Result<(), MeshError>;

    /// Says something to every peer.
    #[params_max = hallway::limits::FRAME_MAX]
    async fn broadcast(&self, message: Value);

    /// The peers that are connected.
    #[idempotent]
    #[reply = "peer_list"]
    async fn list_peers(&self) -> PeerList;

    /// Connects to a peer.
    async fn connect(&self, target_peer_id: String) -> Result<(), MeshError>;

    /// What peers say.
    fn message(&self, since: Option<u64>) -> Subscription<Said>;

    /// Peers that have come.
    fn peer_connected(&self, since: Option<u64>) -> Subscription<PeerId>;

    /// Peers that have gone.
    fn peer_disconnected(&self, since: Option<u64>) -> Subscription<PeerId>;
}

/// The peers that are connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeerList {
    /// Their names, in order.
    pub peers: Vec<String>,
}

/// One peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeerId {
    /// Its name.
    pub peer_id: String,
}

/// Something that a peer has said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// Who.
    pub from_peer: String,
    /// What.
    pub message: Value,
}

/// How the mesh says no.
#[derive(Debug, Clone, PartialEq, Eq, hallway::Error)]
pub enum MeshError {
    /// There is no such peer.
    #[error("no peer {peer} is there; `list_peers` tells who is")]
    NoPeer {
        /// Who was looked for.
        peer: String,
    },
}

/// A mesh of peers that say what they hear, until they hear `"bye"`.
#[derive(Debug)]
pub struct EchoMesh {
    peers: Mutex<BTreeSet<String>>,
    said: Topic<Said>,
    came: Topic<PeerId>,
    gone: Topic<PeerId>,
}

impl EchoMesh {
    /// How many events of a kind are kept for agents that read slowly.
    pub const KEEPS: usize = 256;

    /// A mesh with two peers, as a server takes it.
    #[must_use]
    pub fn service() -> MeshService<Self> {
        MeshService::new(Self {
            peers: Mutex::new(["peer-abc", "peer-def"].map(str::to_owned).into()),
            said: Topic::with_capacity(Self::KEEPS),
            came: Topic::with_capacity(Self::KEEPS),
            gone: Topic::with_capacity(Self::KEEPS),
        })
    }

    fn peers(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hears(&self, peer: String, message: Value) {
        if message == "bye" {
            self.peers().remove(&peer);
            self.gone.publish(PeerId { peer_id: peer });
        } else {
            self.said.publish(Said { from_peer: peer, message });
        }
    }
}

impl Mesh for EchoMesh {
    async fn send(&self, target_peer: String, message: Value) -> Result<(), MeshError> {
        if !self.peers().contains(&target_peer) {
            return Err(MeshError::NoPeer { peer: target_peer });
        }
        self.hears(target_peer, message);
        Ok(())
    }

    async fn broadcast(&self, message: Value) {
        let peers = self.peers().clone();
        for peer in peers {
            self.hears(peer, message.clone());
        }
    }

    async fn list_peers(&self) -> PeerList {
        PeerList { peers: self.peers().iter().cloned().collect() }
    }

    async fn connect(&self, target_peer_id: String) -> Result<(), MeshError> {
        if !target_peer_id.starts_with("peer-") {
            return Err(MeshError::NoPeer { peer: target_peer_id });
        }
        if self.peers().insert(target_peer_id.clone()) {
            self.came.publish(PeerId { peer_id: target_peer_id });
        }
        Ok(())
    }

    fn message(&self, since: Option<u64>) -> Subscription<Said> {
        self.said.subscribe(since)
    }

    fn peer_connected(&self, since: Option<u64>) -> Subscription<PeerId> {
        self.came.subscribe(since)
    }

    fn peer_disconnected(&self, since: Option<u64>) -> Subscription<PeerId> {
        self.gone.subscribe(since)
    }
}
