//! The private directory of sockets and locks, held open.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::socket::UnixAddr;
use nix::sys::stat::{Mode, fstat, lstat};
use nix::sys::statfs::{self, FsType, fstatfs};
use nix::unistd::Uid;

#[cfg(feature = "tokio")]
use super::files::FileId;
use super::{Env, LifecycleError, Rule, RuntimePath};

/// The most bytes of a path in a socket address here, without the closing NUL.
#[cfg(target_os = "linux")]
const MAX_SOCKET_PATH: usize = 107;
/// The most bytes of a path in a socket address here, without the closing NUL.
#[cfg(not(target_os = "linux"))]
const MAX_SOCKET_PATH: usize = 103;

/// A directory that was checked once and is used through its descriptor ever after.
///
/// So nobody can swap it between the check and the use, and sockets in it are reached by a path that is short however
/// deep the directory lies. Cheap to clone; clones share the descriptor.
#[derive(Debug, Clone)]
pub struct RuntimeDir(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    fd: OwnedFd,
}

impl RuntimeDir {
    /// Opens the directory that [`RuntimePath::choose`] gives, and makes it if it is missing.
    ///
    /// # Errors
    /// [`LifecycleError::DirUnsafe`], [`LifecycleError::DirForeign`] and [`LifecycleError::DirMode`] if it is not a
    /// directory for us alone; it is never repaired. Whatever [`RuntimePath::choose`] refuses.
    pub fn open(env: &Env) -> Result<Self, LifecycleError> {
        let chosen = RuntimePath::choose(env)?;
        match open_checked(&chosen.path)? {
            Some(dir) => return Ok(dir),
            None => make(&chosen)?,
        }
        let vanished = || LifecycleError::io("open", &chosen.path)(io::Error::from(io::ErrorKind::NotFound));
        open_checked(&chosen.path)?.ok_or_else(vanished)
    }

    /// Opens the directory if it is there; makes nothing.
    ///
    /// # Errors
    /// As for [`RuntimeDir::open`].
    pub fn existing(env: &Env) -> Result<Option<Self>, LifecycleError> {
        open_checked(&RuntimePath::choose(env)?.path)
    }

    /// Opens a directory in this one, held to the same rule, and makes it if it is missing.
    #[cfg(feature = "tokio")]
    pub(super) fn subdirectory(&self, name: &str) -> Result<Self, LifecycleError> {
        use nix::fcntl::openat;
        use nix::sys::stat::mkdirat;

        let path = self.path_of(name);
        match mkdirat(self, name, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => checked(&path, openat(self, name, FLAGS, Mode::empty())),
            Err(errno) => Err(LifecycleError::io("create", &path)(errno)),
        }
    }

    /// Returns its path, for people and for processes started by us.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Tells whether its path still leads to it.
    #[cfg(feature = "tokio")]
    pub(super) fn is_in_place(&self) -> Result<bool, LifecycleError> {
        let inspect = |errno| LifecycleError::io("inspect", self.path())(errno);
        match lstat(self.path()) {
            Ok(found) => Ok(FileId::from(found) == FileId::from(fstat(self).map_err(inspect)?)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(false),
            Err(errno) => Err(inspect(errno)),
        }
    }

    /// Returns a path that names a file in exactly this directory, short where the system can.
    #[must_use]
    pub fn socket_path_via_fd(&self, name: &str) -> PathBuf {
        if has_fd_paths() {
            PathBuf::from(format!("/proc/self/fd/{}/{name}", self.0.fd.as_raw_fd()))
        } else {
            self.0.path.join(name)
        }
    }

    /// Returns the address of a socket in this directory.
    pub(super) fn socket_addr(&self, name: &str) -> Result<UnixAddr, LifecycleError> {
        let path = self.socket_path_via_fd(name);
        UnixAddr::new(&path).map_err(|errno| match errno {
            Errno::ENAMETOOLONG => {
                let bytes = path.as_os_str().as_bytes().len();
                LifecycleError::PathTooLong { path, bytes, limit: MAX_SOCKET_PATH }
            }
            errno => LifecycleError::io("address", &path)(errno),
        })
    }
}

impl AsFd for RuntimeDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

fn open_checked(path: &Path) -> Result<Option<RuntimeDir>, LifecycleError> {
    match open(path, FLAGS, Mode::empty()) {
        Err(Errno::ENOENT) => Ok(None),
        opened => checked(path, opened).map(Some),
    }
}

/// How the directory is opened.
const FLAGS: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

fn checked(path: &Path, opened: nix::Result<OwnedFd>) -> Result<RuntimeDir, LifecycleError> {
    let unsafe_dir = |rule: &str, remedy: String| {
        Err(LifecycleError::DirUnsafe { path: path.to_owned(), rule: rule.to_owned(), remedy })
    };
    let euid = Uid::effective().as_raw();
    let fd = match opened {
        Ok(fd) => fd,
        Err(Errno::ELOOP | Errno::ENOTDIR) => {
            return unsafe_dir(
                "it must be a directory, not a link or a file",
                format!("remove {}", path.display()),
            );
        }
        Err(errno) => match lstat(path) {
            // Why it cannot be opened.
            Ok(found) if found.st_uid != euid => {
                return Err(LifecycleError::DirForeign { path: path.to_owned(), owner: found.st_uid, euid });
            }
            _ => return Err(LifecycleError::io("open", path)(errno)),
        },
    };
    let found = fstat(&fd).map_err(LifecycleError::io("inspect", path))?;
    if found.st_uid != euid {
        return Err(LifecycleError::DirForeign { path: path.to_owned(), owner: found.st_uid, euid });
    }
    let mode = found.st_mode & 0o7777;
    if mode & 0o077 != 0 {
        return Err(LifecycleError::DirMode { path: path.to_owned(), mode });
    }
    if let Some(system) = fstatfs(&fd).ok().and_then(|found| network(found.filesystem_type())) {
        let rule = format!("it is on {system}, where other machines may be, and locks cannot be relied on");
        return unsafe_dir(&rule, "set HALLWAY_RUNTIME_DIR to a directory of this machine".to_owned());
    }
    Ok(RuntimeDir(Arc::new(Inner { path: path.to_owned(), fd })))
}

/// What a file system that is another machine's is called. Those that nix has no name for are by the numbers of
/// `linux/magic.h`.
#[cfg(target_os = "linux")]
fn network(kind: FsType) -> Option<&'static str> {
    const SYSTEMS: [(FsType, &str); 8] = [
        (statfs::NFS_SUPER_MAGIC, "NFS"),
        (statfs::SMB_SUPER_MAGIC, "SMB"),
        (FsType(0xFF53_4D42), "CIFS"),
        (FsType(0xFE53_4D42), "SMB2"),
        (statfs::CODA_SUPER_MAGIC, "Coda"),
        (statfs::AFS_SUPER_MAGIC, "AFS"),
        (FsType(0x00C3_6400), "Ceph"),
        (FsType(0x0102_1997), "9P"),
    ];
    SYSTEMS.iter().find(|(system, _)| *system == kind).map(|(_, name)| *name)
}

/// Makes the directory; another process may do the same at the same time.
fn make(chosen: &RuntimePath) -> Result<(), LifecycleError> {
    let parents = matches!(chosen.rule, Rule::XdgCache | Rule::HomeCache);
    match DirBuilder::new().mode(0o700).recursive(parents).create(&chosen.path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(LifecycleError::io("create", &chosen.path)(error))
        }
        _ => Ok(()),
    }
}

/// Tells whether a path can go through a descriptor of ours. Some containers have no `/proc`.
fn has_fd_paths() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    cfg!(target_os = "linux") && *HAS.get_or_init(|| Path::new("/proc/self/fd").is_dir())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn f56_what_belongs_to_another_machine_is_known() {
        assert_eq!(network(statfs::NFS_SUPER_MAGIC), Some("NFS"));
        assert_eq!(network(FsType(0xFF53_4D42)), Some("CIFS"));
        for local in [statfs::TMPFS_MAGIC, statfs::EXT4_SUPER_MAGIC, statfs::OVERLAYFS_SUPER_MAGIC] {
            assert_eq!(network(local), None);
        }
    }
}
