//! Who is at the other end of a socket.

use std::io;
use std::os::fd::AsFd;

use nix::unistd::Uid;

/// The uid that stands for every user without one here, in a user namespace for instance. It identifies nobody.
const OVERFLOW_UID: u32 = 65534;

/// Returns the effective uid that the process at the other end had when it connected, or when it began to listen.
///
/// # Errors
/// The system's, if the socket is not a connected Unix one.
pub fn peer_uid(socket: impl AsFd) -> io::Result<u32> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let uid = nix::sys::socket::getsockopt(&socket, nix::sys::socket::sockopt::PeerCredentials)?.uid();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let uid = nix::unistd::getpeereid(&socket)?.0.as_raw();
    Ok(uid)
}

/// Tells whether a uid is this process's own. The overflow uid never is.
#[must_use]
pub fn is_same_user(uid: u32) -> bool {
    uid != OVERFLOW_UID && uid == Uid::effective().as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn our_own_socket_is_ours() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(is_same_user(peer_uid(&one).unwrap()));
    }

    #[test]
    fn f58_the_overflow_uid_is_nobody() {
        assert!(!is_same_user(OVERFLOW_UID));
        assert!(!is_same_user(Uid::effective().as_raw() + 1));
    }
}
