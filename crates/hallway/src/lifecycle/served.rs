//! Whether a daemon was of use: what tells a start that worked from one that only got as far as saying so.
//!
//! It is a word in the file that the daemon holds locked for its life, written by nobody else. Whoever starts the next
//! one reads it there.

use nix::fcntl::OFlag;

use super::files::Kind;
use super::{Instance, InstanceLock, RuntimeDir};

/// What the file says of a daemon that was.
const SERVED: &[u8] = b"served\n";

impl InstanceLock {
    /// Writes down that this daemon is of use: it has answered somebody, has lived for long, or leaves in good order.
    /// One that is gone without that counts as a start that failed. [`Published::withdraw`](super::Published::withdraw)
    /// does it too.
    pub fn served(&self) {
        self.note(SERVED);
    }

    /// A new life begins.
    pub(super) fn not_served_yet(&self) {
        self.note(b"");
    }

    fn note(&self, text: &[u8]) {
        use std::os::unix::fs::FileExt as _;

        if let Some(file) = self.writable() {
            // On a full disk it cannot be said; then the next daemon is started later, at worst.
            let _said = file.set_len(0).and_then(|()| file.write_all_at(text, 0));
        }
    }
}

/// Whether the last daemon of an instance was. It is not held against it if somebody took its file away.
pub(super) fn has_served(dir: &RuntimeDir, instance: &Instance) -> bool {
    use std::os::unix::fs::FileExt as _;

    let mut text = [0; SERVED.len()];
    match dir.open_file(&Kind::Lock.of(instance), OFlag::O_RDONLY) {
        Ok(file) => file.read_exact_at(&mut text, 0).is_ok() && text == SERVED,
        Err(_) => true,
    }
}
