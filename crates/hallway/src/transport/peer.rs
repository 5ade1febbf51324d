use std::io;
use std::os::fd::AsFd;

use super::Address;

/// Who is at the other end, as the system knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Where it was reached, or came in.
    pub address: Address,
    /// Its user, where the system tells.
    pub uid: Option<u32>,
    /// Its process, for people and logs, and for how many connections one may have: a number may be used again, so nothing else is
    /// decided by it.
    pub pid: Option<i32>,
}

impl Peer {
    /// A peer that the system says nothing about.
    #[must_use]
    pub fn unknown(address: Address) -> Self {
        Self { address, uid: None, pid: None }
    }

    /// The peer of a connected Unix socket.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn of_unix(address: Address, socket: &impl AsFd) -> io::Result<Self> {
        let (uid, pid) = credentials(socket)?;
        Ok(Self { address, uid: Some(uid), pid })
    }

    /// Whether the peer is this process's own user. The overflow user, which stands for every user that
    /// this namespace cannot name, is nobody's own.
    #[must_use]
    pub fn is_same_user(&self) -> bool {
        let own = nix::unistd::geteuid().as_raw();
        crate::chaos::without("peer-uid") || self.uid == Some(own) && self.uid != Some(OVERFLOW_UID)
    }
}

/// What the kernel reports for a user that the reader's namespace has no number for (user_namespaces(7)).
const OVERFLOW_UID: u32 = 65534;

#[cfg(any(target_os = "linux", target_os = "android"))]
fn credentials(socket: &impl AsFd) -> io::Result<(u32, Option<i32>)> {
    let found = nix::sys::socket::getsockopt(socket, nix::sys::socket::sockopt::PeerCredentials)?;
    Ok((found.uid(), Some(found.pid())))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn credentials(socket: &impl AsFd) -> io::Result<(u32, Option<i32>)> {
    let (uid, _) = nix::unistd::getpeereid(socket)?;
    Ok((uid.as_raw(), None))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn our_own_socket_is_ours() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(Peer::of_unix(Address::Memory, &one).unwrap().is_same_user());
    }

    #[test]
    fn f58_the_overflow_uid_is_nobody() {
        let own = nix::unistd::geteuid().as_raw();
        for uid in [OVERFLOW_UID, own + 1] {
            assert!(!Peer { address: Address::Memory, uid: Some(uid), pid: None }.is_same_user());
        }
        assert!(!Peer::unknown(Address::Memory).is_same_user());
    }
}
