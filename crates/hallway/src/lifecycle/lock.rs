//! The two locks: one for a daemon's life, one for the moment in which a daemon starts.
//!
//! Both are `flock`s on files that nobody ever unlinks. The kernel releases them when their holder is gone, however it
//! went, so there is nothing to clean up and nothing to guess. A file that was unlinked by a stranger is noticed: after
//! locking, the descriptor must still be what the name stands for. What such a file says is written by the lock's holder:
//! see `last_start` and `served`.

use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::fstat;

use super::files::{FileId, Kind};
use super::overheard::Overheard;
use super::{Instance, LifecycleError, Phase, RuntimeDir};

/// How often a lock is taken anew because its file was replaced meanwhile; more is not an accident.
const MAX_REPLACED: u32 = 16;

/// The right to be the one daemon of an instance, held until it is dropped or the process ends.
///
/// What only the one daemon may do, such as [`publish`](super::publish()), asks for it.
#[derive(Debug)]
pub struct InstanceLock(FileLock);

impl InstanceLock {
    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// [`LifecycleError::LockHeld`]; [`LifecycleError::LockUnusable`] if something else stands in the file's place.
    pub fn try_acquire(dir: &RuntimeDir, instance: &Instance) -> Result<Self, LifecycleError> {
        FileLock::take(dir, instance, Kind::Lock, &mut try_lock).map(Self)
    }

    /// Waits for the lock in the kernel.
    ///
    /// After a deadline the thread that waits stays behind until the lock is free, and frees it at once.
    ///
    /// # Errors
    /// [`LifecycleError::DeadlinePassed`]; [`LifecycleError::LockUnusable`].
    pub fn acquire(dir: &RuntimeDir, instance: &Instance, deadline: Instant) -> Result<Self, LifecycleError> {
        let waited_for = "the previous daemon to leave";
        FileLock::take(dir, instance, Kind::Lock, &mut |file| lock(file, deadline, waited_for)).map(Self)
    }

    /// Takes over the lock from a predecessor, which never let it go; `None` if it is something else.
    #[cfg(feature = "tokio")]
    pub(super) fn adopt(
        dir: &RuntimeDir,
        instance: &Instance,
        handed: OwnedFd,
    ) -> Result<Option<Self>, LifecycleError> {
        Ok(FileLock::adopt(dir, instance, Kind::Lock, handed)?.map(Self))
    }

    /// Returns the instance that is locked.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.0.instance
    }

    /// Returns the directory in which it is locked.
    #[must_use]
    pub fn dir(&self) -> &RuntimeDir {
        &self.0.dir
    }

    /// Tells whether the lock file is still the one that is locked.
    ///
    /// If not, somebody removed it and another daemon may hold a new one: this one should leave.
    ///
    /// # Errors
    /// [`LifecycleError::Io`].
    pub fn is_current(&self) -> Result<bool, LifecycleError> {
        self.0.is_current()
    }

    /// The same, and whether the directory's path still leads to where the file is.
    #[cfg(feature = "tokio")]
    pub(super) fn is_in_place(&self) -> Result<bool, LifecycleError> {
        Ok(self.dir().is_in_place()? && self.is_current()?)
    }

    pub(super) fn writable(&self) -> Option<File> {
        self.0.writable()
    }
}

/// The right to start a daemon, held by a launcher and then by the daemon until it serves.
#[derive(Debug)]
pub struct SpawnLock {
    lock: FileLock,
    waited: bool,
}

impl SpawnLock {
    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// As for [`InstanceLock::try_acquire`].
    pub fn try_acquire(dir: &RuntimeDir, instance: &Instance) -> Result<Self, LifecycleError> {
        let lock = FileLock::take(dir, instance, Kind::Spawn, &mut try_lock)?;
        Ok(Self { lock, waited: false })
    }

    /// Waits for the lock in the kernel.
    ///
    /// # Errors
    /// As for [`InstanceLock::acquire`].
    pub fn acquire(dir: &RuntimeDir, instance: &Instance, deadline: Instant) -> Result<Self, LifecycleError> {
        Self::take(dir, instance, deadline, &mut None)
    }

    /// Waits for the lock in the kernel, and hears meanwhile what the daemon that is starting is busy with. `None`: it
    /// says that it serves, and a hundred who wait need not have the lock one after the other to find that out.
    pub(super) fn acquire_hearing(
        dir: &RuntimeDir,
        instance: &Instance,
        deadline: Instant,
        on_phase: &mut dyn FnMut(Phase),
    ) -> Result<Option<Self>, LifecycleError> {
        match Self::take(dir, instance, deadline, &mut Some(on_phase)) {
            Err(LifecycleError::LockHeld { .. }) => Ok(None),
            taken => taken.map(Some),
        }
    }

    fn take(
        dir: &RuntimeDir,
        instance: &Instance,
        deadline: Instant,
        on_phase: &mut Option<&mut dyn FnMut(Phase)>,
    ) -> Result<Self, LifecycleError> {
        let mut waited = false;
        let waited_for = "a daemon that another process starts";
        let lock = FileLock::take(dir, instance, Kind::Spawn, &mut |file| {
            let waiting = file.try_clone().map_err(WaitError::Io)?;
            match try_lock(file) {
                Err(WaitError::Held) => {
                    waited = true;
                    wait(waiting, deadline, waited_for, on_phase)
                }
                taken => taken,
            }
        })?;
        Ok(Self { lock, waited })
    }

    /// Takes over the lock from a descriptor that a launcher handed down; `None` if it is something else.
    pub(super) fn adopt(
        dir: &RuntimeDir,
        instance: &Instance,
        handed: OwnedFd,
    ) -> Result<Option<Self>, LifecycleError> {
        Ok(FileLock::adopt(dir, instance, Kind::Spawn, handed)?.map(|lock| Self { lock, waited: false }))
    }

    /// Whether somebody else had it first: a start that has ended, ended in that time.
    pub(super) fn was_waited_for(&self) -> bool {
        self.waited
    }

    /// The file that is locked: a copy of this descriptor holds the lock too.
    pub(super) fn file(&self) -> &File {
        &self.lock.file
    }

    pub(super) fn writable(&self) -> Option<File> {
        self.lock.writable()
    }
}

impl AsFd for InstanceLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.file.as_fd()
    }
}

#[derive(Debug)]
struct FileLock {
    file: File,
    dir: RuntimeDir,
    instance: Instance,
    kind: Kind,
}

/// Waits, or not, for an open file's lock.
type Wait<'a> = dyn FnMut(File) -> Result<File, WaitError> + 'a;

enum WaitError {
    Held,
    Deadline(&'static str),
    Io(io::Error),
}

impl FileLock {
    fn take(
        dir: &RuntimeDir,
        instance: &Instance,
        kind: Kind,
        wait: &mut Wait<'_>,
    ) -> Result<Self, LifecycleError> {
        let path = dir.path_of(&kind.of(instance));
        let unusable = |reason: String| LifecycleError::LockUnusable { path: path.clone(), reason };
        for _ in 0..MAX_REPLACED {
            let file = open_lock(dir, &kind.of(instance)).map_err(&unusable)?;
            let file = wait(file).map_err(|error| match error {
                WaitError::Held => LifecycleError::LockHeld { path: path.clone() },
                WaitError::Deadline(waited_for) => LifecycleError::DeadlinePassed { waited_for },
                WaitError::Io(error) => unusable(error.to_string()),
            })?;
            let lock = Self { file, dir: dir.clone(), instance: instance.clone(), kind };
            if lock.is_current()? {
                return Ok(lock);
            }
        }
        Err(unusable("somebody keeps replacing it".to_owned()))
    }

    fn adopt(
        dir: &RuntimeDir,
        instance: &Instance,
        kind: Kind,
        handed: OwnedFd,
    ) -> Result<Option<Self>, LifecycleError> {
        let lock = Self { file: handed.into(), dir: dir.clone(), instance: instance.clone(), kind };
        // Locking again through the same open file is no wait; through another one it fails.
        Ok((lock.is_current()? && lock.file.try_lock().is_ok()).then_some(lock))
    }

    fn is_current(&self) -> Result<bool, LifecycleError> {
        let name = self.kind.of(&self.instance);
        let ours = fstat(&self.file).map_err(LifecycleError::io("inspect", &self.dir.path_of(&name)))?;
        Ok(self.dir.id_of(&name)? == Some(FileId::from(ours)))
    }

    /// The file, to write to; `None` if somebody took that right away, or the file.
    fn writable(&self) -> Option<File> {
        let file = self.dir.open_file(&self.kind.of(&self.instance), OFlag::O_RDWR).ok()?;
        let same = FileId::from(fstat(&file).ok()?) == FileId::from(fstat(&self.file).ok()?);
        same.then_some(file)
    }
}

/// Opens the lock file for reading, which is enough for a lock and works if somebody took the right to write away.
fn open_lock(dir: &RuntimeDir, name: &str) -> Result<File, String> {
    let file = dir.open_file(name, OFlag::O_RDONLY | OFlag::O_CREAT).map_err(|errno| match errno {
        Errno::ELOOP => "it is a link".to_owned(),
        Errno::EISDIR => "it is a directory".to_owned(),
        errno => errno.desc().to_owned(),
    })?;
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        Ok(_) => Err("it is not a regular file".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn try_lock(file: File) -> Result<File, WaitError> {
    if crate::chaos::without("locks") {
        return Ok(file);
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WaitError::Held),
        Err(TryLockError::Error(error)) => Err(WaitError::Io(error)),
    }
}

fn lock(file: File, deadline: Instant, waited_for: &'static str) -> Result<File, WaitError> {
    let waiting = file.try_clone().map_err(WaitError::Io)?;
    match try_lock(file) {
        Err(WaitError::Held) => wait(waiting, deadline, waited_for, &mut None),
        taken => taken,
    }
}

/// Locks on a thread of its own, since the kernel's wait has no deadline.
fn wait(
    file: File,
    deadline: Instant,
    waited_for: &'static str,
    on_phase: &mut Option<&mut dyn FnMut(Phase)>,
) -> Result<File, WaitError> {
    let overheard = on_phase.as_mut().and_then(|on_phase| Overheard::new(&file, &mut **on_phase));
    let (granted, grant) = sync_channel(1);
    let (rings, bell) = UnixStream::pair().map_err(WaitError::Io)?;
    thread::Builder::new()
        .name("hallway-lock".to_owned())
        .spawn(move || {
            // If nobody listens any more, the file is dropped here and the lock with it.
            let _ = granted.send(file.lock().map(|()| file));
            drop(rings);
        })
        .map_err(WaitError::Io)?;
    if overheard.is_some_and(|overheard| overheard.serves_before(bell.as_fd(), deadline)) {
        return Err(WaitError::Held);
    }
    match grant.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(locked) => locked.map_err(WaitError::Io),
        Err(RecvTimeoutError::Timeout) => Err(WaitError::Deadline(waited_for)),
        Err(RecvTimeoutError::Disconnected) => {
            Err(WaitError::Io(io::Error::other("the waiting thread ended")))
        }
    }
}
