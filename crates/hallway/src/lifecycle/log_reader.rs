//! Reading a log while it is written: what is there, then what comes, over its rotations.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::changes::Changes;

/// A daemon's log, for somebody who reads on as it grows.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    file: File,
}

impl LogReader {
    /// Opens a log, see [`log_path`](super::log_path), at its beginning.
    ///
    /// # Errors
    /// The system's; there is no log before the first start.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        Ok(Self { file: File::open(&path)?, path })
    }

    /// Returns what has been written since the last time; at first, all that is there, up to the size of a log.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut written = Vec::new();
        self.file.read_to_end(&mut written)?;
        // Put aside, and perhaps written to until then: that was read above.
        if let Ok(next) = File::open(&self.path)
            && next.metadata()?.ino() != self.file.metadata()?.ino()
        {
            self.file.read_to_end(&mut written)?;
            self.file = next;
            self.file.read_to_end(&mut written)?;
        }
        Ok(written)
    }

    /// Hands over what is written, as it is, until the other side wants no more.
    ///
    /// # Errors
    /// The other side's, and the system's; where the system does not tell of changes, [`io::ErrorKind::Unsupported`].
    pub fn follow(mut self, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let dir = File::open(self.path.parent().unwrap_or(Path::new("/")))?;
        let changes = Changes::of_files(&dir)?;
        loop {
            let written = self.read()?;
            if !written.is_empty() {
                each(&written)?;
            }
            poll(&mut [PollFd::new(changes.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE)?;
            changes.take_note();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::LogFile;
    use super::*;

    #[test]
    fn nothing_is_lost_nor_told_twice_when_the_log_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail.log");
        let mut log = LogFile::open(&path).unwrap();
        log.write_all(b"one").unwrap();
        let mut reader = LogReader::open(&path).unwrap();
        assert_eq!(reader.read().unwrap(), b"one\n");
        log.write_all(b"two").unwrap();
        std::fs::rename(&path, dir.path().join("mail.log.1")).unwrap();
        log.write_all(b"three").unwrap();
        let mut next = LogFile::open(&path).unwrap();
        next.write_all(b"four").unwrap();
        assert_eq!(reader.read().unwrap(), b"two\nthree\nfour\n");
        next.write_all(b"five").unwrap();
        assert_eq!(reader.read().unwrap(), b"five\n");
        assert_eq!(reader.read().unwrap(), b"");
    }
}
