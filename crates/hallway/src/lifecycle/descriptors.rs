//! Open descriptors that go from one process to another, in a message on a socket.
//!
//! So they reach exactly the process that holds the other end: nothing is made inheritable, not even for a moment in
//! which another child could take it along.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::limits::CONNECTIONS_MAX;

/// The most descriptors in a message. A daemon has a lock and a few sockets.
pub(super) const MAX_DESCRIPTORS: usize = 64;

/// For so many descriptors a daemon has the kernel make room before it has threads: one for each connection, and one more
/// for each whose peer does not read. To make room later, Linux waits until no thread can look at the old table any more, for
/// 10 to 20 ms, and whoever opens a descriptor, or has a socket wait for room, waits with it. It takes 64 KiB of
/// the kernel's memory, less where a process may open fewer.
const ROOM: u64 = 2 * CONNECTIONS_MAX as u64;

/// Has the kernel make [room](ROOM). Without it everything works, later.
pub(super) fn make_room() {
    let most = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft).min(ROOM);
    let last = RawFd::try_from(most).unwrap_or(RawFd::MAX).saturating_sub(1);
    let _closed_at_once = fcntl_dupfd_cloexec(io::stderr(), last);
}

/// The longest text that goes with them, so that one read takes the whole message.
const MAX_TEXT: usize = 32 * 1024;

/// Sends a text and descriptors in one message. The receiver's are further names of the same open files: what is
/// locked stays locked, what listens goes on listening, also while the message is on its way.
pub(super) fn send(socket: &UnixStream, text: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let numbers: Vec<RawFd> = descriptors.iter().map(|fd| fd.as_raw_fd()).collect();
    send_numbers(socket, text, &numbers)
}

fn send_numbers(socket: &UnixStream, text: &[u8], numbers: &[RawFd]) -> io::Result<()> {
    if text.is_empty() || text.len() > MAX_TEXT || numbers.len() > MAX_DESCRIPTORS {
        let message = format!("{} bytes and {} descriptors are no message", text.len(), numbers.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let rights = [ControlMessage::ScmRights(numbers)];
    let sent = sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(text)], &rights, MsgFlags::empty(), None)?;
    if sent < text.len() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
}

/// Takes the message that waits on a socket. No other process inherits what comes with it.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] if there is none; those of the system.
pub(super) fn receive(socket: impl AsFd) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut text = vec![0; MAX_TEXT];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT;
    #[cfg(not(target_vendor = "apple"))]
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut text)], &mut ancillary, flags)?;
    let descriptors = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptors: Vec<OwnedFd> = descriptors.flatten().collect();
    #[cfg(target_vendor = "apple")]
    for descriptor in &descriptors {
        nix::fcntl::fcntl(descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    }
    text.truncate(received.bytes);
    Ok((text, descriptors))
}

/// Takes over descriptors that this process was started with, of which it knows the numbers only, and closes those.
pub(super) fn inherit(numbers: &[RawFd]) -> io::Result<Vec<OwnedFd>> {
    let (one, other) = UnixStream::pair()?;
    send_numbers(&one, b"inherited", numbers)?;
    let (_, descriptors) = receive(&other)?;
    for number in numbers {
        nix::unistd::close(*number)?;
    }
    Ok(descriptors)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::fd::IntoRawFd as _;

    use super::*;

    #[test]
    fn a_descriptor_arrives_also_when_its_sender_has_gone() {
        let (one, other) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"said").unwrap();
        send(&one, b"here", &[file.as_fd()]).unwrap();
        drop((one, file));
        let (text, mut descriptors) = receive(&other).unwrap();
        assert_eq!((text.as_slice(), descriptors.len()), (b"here".as_slice(), 1));
        let mut file = std::fs::File::from(descriptors.remove(0));
        let (mut said, ()) = (String::new(), file.rewind().unwrap());
        file.read_to_string(&mut said).unwrap();
        assert_eq!(said, "said");
    }

    #[test]
    fn what_is_not_there_is_not_waited_for() {
        let (_one, other) = UnixStream::pair().unwrap();
        assert_eq!(receive(&other).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn f15_what_was_inherited_by_number_is_owned_and_not_passed_on() {
        let number = tempfile::tempfile().unwrap().into_raw_fd();
        let owned = inherit(&[number]).unwrap();
        assert_eq!(owned.len(), 1);
        let flags = nix::fcntl::fcntl(&owned[0], nix::fcntl::FcntlArg::F_GETFD).unwrap();
        assert!(nix::fcntl::FdFlag::from_bits_truncate(flags).contains(nix::fcntl::FdFlag::FD_CLOEXEC));
    }
}
