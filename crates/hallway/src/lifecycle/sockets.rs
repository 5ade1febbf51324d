//! The sockets of one daemon: its own and its restricted ones, published by it, left by a predecessor, or inherited
//! from a supervisor.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::activation::RESTRICTED;
use super::handover::{self, HandedSocket};
use super::publish::publish_in;
use super::{Instance, InstanceLock, LifecycleError, Published, RuntimeDir};
use crate::transport::unix::Listener;

/// Where to accept, each with the restricted set that it is for.
pub(super) type Listeners = Vec<(Option<String>, Listener)>;

/// The sockets that a daemon listens on, for as long as they are its own to close or to leave to somebody.
#[derive(Debug)]
pub(super) struct Sockets(Mutex<Vec<Socket>>);

#[derive(Debug)]
struct Socket {
    /// The restricted set of methods that it is for; everything, if it does not say.
    scope: Option<String>,
    path: PathBuf,
    listener: UnixListener,
    /// `None`: whoever made it goes on listening when this daemon has left.
    published: Option<Published>,
}

impl Sockets {
    /// Takes over what was handed down.
    pub(super) fn adopt(lock: &InstanceLock, handed: Vec<HandedSocket>) -> Result<Self, LifecycleError> {
        let mut sockets = Vec::new();
        for handed in handed {
            sockets.extend(Socket::adopt(lock, handed)?);
        }
        Ok(Self(Mutex::new(sockets)))
    }

    /// Publishes what is missing: the instance's own socket, and one for each restricted set.
    pub(super) fn complete<'a>(
        &self,
        lock: &InstanceLock,
        scopes: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), LifecycleError> {
        let mut sockets = self.all();
        let wanted: Vec<Option<&str>> = std::iter::once(None).chain(scopes.into_iter().map(Some)).collect();
        // A predecessor had sets that this program has not. A supervisor's must be right: its clients would be let in
        // without anybody to answer them.
        for socket in sockets.extract_if(.., |socket| !wanted.contains(&socket.scope.as_deref())) {
            let Some(published) = socket.published else {
                let reason = format!("there is no restricted set `{}`", socket.scope.unwrap_or_default());
                return Err(LifecycleError::BadActivation { reason });
            };
            published.withdraw(lock)?;
        }
        for scope in wanted {
            if !sockets.iter().any(|socket| socket.scope.as_deref() == scope) {
                sockets.push(Socket::publish(lock, scope.map(str::to_owned))?);
            }
        }
        Ok(())
    }

    /// A listener of each, to accept on.
    pub(super) fn listeners(&self) -> Result<Listeners, LifecycleError> {
        let sockets = self.all();
        sockets.iter().map(|socket| Ok((socket.scope.clone(), socket.accepting()?))).collect()
    }

    /// Takes a socket's name away, so that no new client comes. `false`: somebody else goes on listening there.
    pub(super) fn withdraw(&self, scope: Option<&str>, lock: &InstanceLock) -> bool {
        let mut sockets = self.all();
        let Some(place) = sockets.iter().position(|socket| socket.scope.as_deref() == scope) else {
            return false;
        };
        let Some(published) = sockets.swap_remove(place).published else { return false };
        if let Err(error) = published.withdraw(lock) {
            tracing::warn!(%error, "the socket could not be withdrawn");
        }
        true
    }

    /// Whether a socket's name still stands for it; `None` if that is not ours to care for, or not any more.
    pub(super) fn is_current(&self, scope: Option<&str>) -> Result<Option<bool>, LifecycleError> {
        let sockets = self.all();
        let published = sockets.iter().find(|socket| socket.scope.as_deref() == scope);
        published.and_then(|socket| socket.published.as_ref()).map(Published::is_current).transpose()
    }

    /// Publishes a socket whose name was taken away, and returns what to accept on from now.
    pub(super) fn publish_again(
        &self,
        scope: Option<&str>,
        lock: &InstanceLock,
    ) -> Result<Listener, LifecycleError> {
        let mut sockets = self.all();
        let socket = Socket::publish(lock, scope.map(str::to_owned))?;
        let listener = socket.accepting()?;
        sockets.retain(|socket| socket.scope.as_deref() != scope);
        sockets.push(socket);
        Ok(listener)
    }

    /// Takes all names away, as far as they are ours.
    pub(super) fn withdraw_all(&self, lock: &InstanceLock) {
        let scopes: Vec<Option<String>> = self.all().iter().map(|socket| socket.scope.clone()).collect();
        for scope in scopes {
            self.withdraw(scope.as_deref(), lock);
        }
    }

    /// Lets go of all, as they are: a successor has them.
    pub(super) fn leave(&self) {
        self.all().clear();
    }

    /// A socket with the lock and all these sockets in its second end.
    pub(super) fn hand_over(&self, lock: &InstanceLock, interim: bool) -> io::Result<(OwnedFd, OwnedFd)> {
        let sockets = self.all();
        let handed = sockets.iter().filter_map(|socket| {
            let file = socket.published.as_ref()?.file()?;
            Some((socket.scope.as_deref(), socket.listener.as_fd(), file))
        });
        handover::write(lock.as_fd(), handed, interim)
    }

    fn all(&self) -> MutexGuard<'_, Vec<Socket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    fn accepting(&self) -> Result<Listener, LifecycleError> {
        let listener = self.listener.try_clone();
        let listener = listener.and_then(|listener| Listener::from_std(self.path.clone(), listener));
        listener.map_err(LifecycleError::io("listen on", &self.path))
    }

    /// Takes over a socket; `None` if it was published and its name stands for something else by now.
    fn adopt(lock: &InstanceLock, handed: HandedSocket) -> Result<Option<Self>, LifecycleError> {
        let HandedSocket { scope, listener, published } = handed;
        let listener = UnixListener::from(listener);
        let Some(file) = published else {
            let address = listener.local_addr().ok();
            let path =
                address.and_then(|address| address.as_pathname().map(PathBuf::from)).unwrap_or_default();
            return Ok(Some(Self { scope, path, listener, published: None }));
        };
        let dir = dir_of(lock, scope.as_deref())?;
        let published = Published::adopt(&dir, lock.instance(), file)?;
        Ok(published.map(|published| Self {
            scope,
            path: published.path(),
            listener,
            published: Some(published),
        }))
    }

    fn publish(lock: &InstanceLock, scope: Option<String>) -> Result<Self, LifecycleError> {
        let (listener, published) = publish_in(&dir_of(lock, scope.as_deref())?, lock)?;
        Ok(Self { scope, path: published.path(), listener, published: Some(published) })
    }
}

/// A restricted socket has a directory of its own, which stays: a sandbox that has been given it finds the sockets of
/// later daemons too.
fn dir_of(lock: &InstanceLock, scope: Option<&str>) -> Result<RuntimeDir, LifecycleError> {
    match scope {
        None => Ok(lock.dir().clone()),
        Some(scope) => lock.dir().subdirectory(&restricted_dir(lock.instance(), scope)),
    }
}

/// What the directory of an instance's restricted socket is called.
pub(super) fn restricted_dir(instance: &Instance, scope: &str) -> String {
    format!("{instance}{RESTRICTED}{scope}")
}
