use tokio::sync::watch;

/// What keeps a server from being idle: each connection holds one lease, and so does work that goes on
/// without a connection. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Leases {
    held: watch::Sender<usize>,
}

impl Leases {
    /// Keeps the server from being idle until the lease is dropped. It does not keep a server that is told
    /// to stop.
    pub fn take(&self) -> Lease {
        self.held.send_modify(|held| *held += 1);
        Lease { leases: self.clone() }
    }

    /// How many are held.
    pub(super) fn held(&self) -> usize {
        *self.held.borrow()
    }

    /// Tells of every change.
    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.held.subscribe()
    }
}

/// One reason not to be idle; dropping it gives it back.
#[derive(Debug)]
#[must_use = "a lease that is dropped keeps nothing"]
pub struct Lease {
    leases: Leases,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.held.send_modify(|held| *held = held.saturating_sub(1));
    }
}
