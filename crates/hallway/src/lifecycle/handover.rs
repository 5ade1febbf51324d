//! What a daemon leaves to its successor: the instance's lock and its sockets, as open descriptors.
//!
//! They go in one message on a socket that is the successor's standard input, written before the successor starts.
//! So there is no moment in which nobody has them: until the message is read, it holds them itself. A lock that was
//! handed over was never free, and no third process can have taken it; a socket that was handed over has never stopped
//! listening, and who connects meanwhile waits in its queue.
//!
//! `spec/wire.md` has the message: it goes from one version of a program to another one.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use serde::{Deserialize, Serialize};

use super::descriptors::{receive, send};
use super::files::FileId;

/// All that a successor needs to be the daemon.
#[derive(Debug)]
pub(super) struct Handover {
    /// The instance's lock, locked.
    pub(super) lock: OwnedFd,
    pub(super) sockets: Vec<HandedSocket>,
    /// The receiver is the same program again, cleared of everything else: it starts the successor, and serves only if
    /// that one cannot.
    pub(super) interim: bool,
}

/// A listening socket that somebody else has made.
#[derive(Debug)]
pub(super) struct HandedSocket {
    /// The restricted set of methods that it is for; everything, if it does not say.
    pub(super) scope: Option<String>,
    pub(super) listener: OwnedFd,
    /// The file that it was published as; `None` if that is the business of whoever made it.
    pub(super) published: Option<FileId>,
}

#[derive(Serialize, Deserialize)]
struct Letter {
    handover: Contents,
}

/// The descriptors come in this order: the lock, and the sockets.
#[derive(Serialize, Deserialize)]
struct Contents {
    sockets: Vec<Line>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    interim: bool,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    file: FileId,
}

/// Writes the message into a socket. The second end, which has it, is for the successor's standard input.
pub(super) fn write<'a>(
    lock: BorrowedFd<'a>,
    sockets: impl IntoIterator<Item = (Option<&'a str>, BorrowedFd<'a>, FileId)>,
    interim: bool,
) -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut lines, mut descriptors) = (Vec::new(), vec![lock]);
    for (scope, socket, file) in sockets {
        lines.push(Line { scope: scope.map(str::to_owned), file });
        descriptors.push(socket);
    }
    let letter = serde_json::to_vec(&Letter { handover: Contents { sockets: lines, interim } })?;
    let (ours, theirs) = UnixStream::pair()?;
    send(&ours, &letter, &descriptors)?;
    Ok((ours.into(), theirs.into()))
}

impl Handover {
    /// Reads the message that a predecessor has left; `None` if that is not what was handed down.
    pub(super) fn read(handed: &OwnedFd) -> Option<Self> {
        let (text, descriptors) = receive(handed).ok()?;
        let Letter { handover } = serde_json::from_slice(&text).ok()?;
        let mut descriptors = descriptors.into_iter();
        let lock = descriptors.next()?;
        // What came short is missing at the end, and published anew.
        let sockets = handover.sockets.into_iter().zip(descriptors);
        let socket = |(line, listener): (Line, _)| HandedSocket {
            scope: line.scope,
            listener,
            published: Some(line.file),
        };
        Some(Self { lock, sockets: sockets.map(socket).collect(), interim: handover.interim })
    }
}
