//! Peers that send descriptors where nobody takes any.

use std::io::{IoSlice, Read as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;

use hallway::transport::unix;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use crate::world::{World, soon};

#[hallway::service(name = "parrot", version = "1.0")]
trait Parrot {
    async fn repeat(&self, text: String) -> String;
}

struct Bird;

impl Parrot for Bird {
    async fn repeat(&self, text: String) -> String {
        text
    }
}

const CALL: &str = "{\"id\":1,\"call\":\"parrot.repeat\",\"params\":[\"x\"]}\n";

fn send(socket: &UnixStream, bytes: &str, descriptors: &[RawFd]) {
    let with = [ControlMessage::ScmRights(descriptors)];
    let sent =
        sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes.as_bytes())], &with, MsgFlags::empty(), None);
    assert_eq!(sent, Ok(bytes.len()));
}

/// The system ends a read where descriptors are, so one that is short does not mean that everything was read.
#[tokio::test]
async fn a14_what_stands_behind_descriptors_is_read() {
    let world = World::serving(ParrotService::new(Bird));
    let (mut raw, theirs) = UnixStream::pair().unwrap();
    world.serve_connection(unix::adopt(theirs).unwrap());
    // All of it is there before the server is let read.
    let (first, rest) = CALL.split_at(10);
    send(&raw, first, &[raw.as_raw_fd()]);
    send(&raw, rest, &[raw.as_raw_fd()]);
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = [0; 20];
        raw.read_exact(&mut answer).map(|()| answer)
    });
    assert!(soon(answer).await.unwrap().unwrap().starts_with(br#"{"v":1,"id":1,"#));
}

/// A socket that is under way in itself is not closed before it is received.
#[tokio::test]
async fn a14_a_peer_that_has_sent_its_own_socket_can_go() {
    let world = World::serving(ParrotService::new(Bird));
    let server = world.handle();
    let (raw, theirs) = UnixStream::pair().unwrap();
    world.serve_connection(unix::adopt(theirs).unwrap());
    for _ in 0..10 {
        send(&raw, CALL, &[raw.as_raw_fd()]);
    }
    drop(raw);
    soon(async {
        while server.status().unwrap().connections.now > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}
