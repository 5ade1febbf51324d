//! The directory of service files. What is in it is executed, so only what nobody else can write to is read, and no
//! link is followed.

use std::fs::{DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::unistd::{Uid, UnlinkatFlags, unlinkat};

use super::{Env, LifecycleError};

/// Where it is in the user's data directory.
const BELOW_DATA: [&str; 2] = ["hallway", "services"];

/// How many names are tried for a file that is not published yet. One is taken only if its writer was killed, and had
/// the same process id, in another container for one.
const MAX_NAMES: u32 = 16;

/// The directory, checked once and then used through its descriptor.
#[derive(Debug)]
pub(super) struct ServiceDir {
    path: PathBuf,
    fd: OwnedFd,
}

impl ServiceDir {
    /// Returns where it is: in `$XDG_DATA_HOME` if that is ours, else in `~/.local/share`.
    pub(super) fn path_in(env: &Env) -> Result<PathBuf, LifecycleError> {
        Ok(BELOW_DATA.iter().fold(data_dir(env)?, |path, name| path.join(name)))
    }

    /// Opens it if it is there.
    pub(super) fn existing(env: &Env) -> Result<Option<Self>, LifecycleError> {
        Self::walk(env, |_, _| Ok(()))
    }

    /// Opens it, and makes it with its parents, for us alone, if it is missing.
    pub(super) fn make(env: &Env) -> Result<Self, LifecycleError> {
        let data = data_dir(env)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&data)
            .map_err(LifecycleError::io("create", &data))?;
        let dir = Self::walk(env, |parent, name| match mkdirat(parent, name, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => Ok(()),
            Err(errno) => Err(errno),
        })?;
        match dir {
            Some(dir) => Ok(dir),
            None => Err(LifecycleError::io("open", &Self::path_in(env)?)(Errno::ENOENT)),
        }
    }

    /// Goes down to it one name at a time, so that a link on the way is seen.
    fn walk(
        env: &Env,
        prepare: impl Fn(&OwnedFd, &str) -> nix::Result<()>,
    ) -> Result<Option<Self>, LifecycleError> {
        let path = data_dir(env)?;
        let fd = match open(&path, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(LifecycleError::io("open", &path)(errno)),
        };
        let mut dir = Self { path, fd };
        for name in BELOW_DATA {
            let path = dir.path.join(name);
            prepare(&dir.fd, name).map_err(LifecycleError::io("create", &path))?;
            let Some(fd) = dir.open(name, SFlag::S_IFDIR)? else { return Ok(None) };
            dir = Self { path, fd };
        }
        Ok(Some(dir))
    }

    /// Reads a file, of which at most `most` bytes are returned; `None` if there is none.
    pub(super) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, LifecycleError> {
        let Some(fd) = self.open(name, SFlag::S_IFREG)? else { return Ok(None) };
        let mut content = Vec::new();
        File::from(fd)
            .take(most)
            .read_to_end(&mut content)
            .map_err(LifecycleError::io("read", &self.path.join(name)))?;
        Ok(Some(content))
    }

    /// Writes a file, whole or not at all, in place of whatever has its name.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), LifecycleError> {
        let (new, mut file) = self.create(name)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        let published = written.map_err(LifecycleError::io("write", &self.path.join(&new))).and_then(|()| {
            let rename = renameat(&self.fd, new.as_str(), &self.fd, name);
            rename.map_err(LifecycleError::io("publish", &self.path.join(name)))
        });
        if published.is_err() {
            // What went wrong is told; that a file is left behind would hide it.
            let _ = unlinkat(&self.fd, new.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        published
    }

    /// Makes a file under a name that no other writer has.
    fn create(&self, name: &str) -> Result<(String, File), LifecycleError> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut taken = Errno::EEXIST;
        for _ in 0..MAX_NAMES {
            let new = format!("{name}.{}-{}.new", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
            match openat(&self.fd, new.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR) {
                Ok(fd) => return Ok((new, File::from(fd))),
                Err(Errno::EEXIST) => {}
                Err(errno) => {
                    taken = errno;
                    break;
                }
            }
        }
        Err(LifecycleError::io("create a file in", &self.path)(taken))
    }

    /// Removes a file; `false` if there is none.
    pub(super) fn remove(&self, name: &str) -> Result<bool, LifecycleError> {
        match unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(LifecycleError::io("remove", &self.path.join(name))(errno)),
        }
    }

    /// Returns the names in it that are text, in no order.
    pub(super) fn names(&self) -> Result<Vec<String>, LifecycleError> {
        let fail = |errno| LifecycleError::io("list", &self.path)(errno);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut entries = Dir::openat(self.fd.as_fd(), Path::new("."), flags, Mode::empty()).map_err(fail)?;
        let mut names = Vec::new();
        for entry in entries.iter() {
            names.extend(entry.map_err(fail)?.file_name().to_str().ok().map(str::to_owned));
        }
        Ok(names)
    }

    /// Opens what has a name, if anything has; what others could have written is refused.
    fn open(&self, name: &str, kind: SFlag) -> Result<Option<OwnedFd>, LifecycleError> {
        let path = self.path.join(name);
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let fd = match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            // A link, a socket.
            Err(Errno::ELOOP | Errno::ENXIO) => return Err(misplaced(&path, kind)),
            Err(errno) => return Err(LifecycleError::io("open", &path)(errno)),
        };
        check(&path, &fstat(&fd).map_err(LifecycleError::io("inspect", &path))?, kind)?;
        Ok(Some(fd))
    }
}

fn data_dir(env: &Env) -> Result<PathBuf, LifecycleError> {
    env.data_dir().ok_or_else(|| LifecycleError::NoDir {
        what: "directory for service files",
        variable: "XDG_DATA_HOME",
        tried: vec!["this user has no home".to_owned()],
    })
}

/// Whoever can write to it decides what is executed.
fn check(path: &Path, found: &FileStat, kind: SFlag) -> Result<(), LifecycleError> {
    let euid = Uid::effective().as_raw();
    let mode = found.st_mode & 0o7777;
    let remove = format!("remove {}", path.display());
    match SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT {
        other if other != kind => Err(misplaced(path, kind)),
        _ if found.st_uid != euid => {
            let rule = format!("it belongs to uid {}, and this process runs as uid {euid}", found.st_uid);
            Err(untrusted(path, rule, remove))
        }
        _ if mode & 0o022 != 0 => {
            let rule = format!("its mode is {mode:04o}, and group and others must not be able to write");
            let remedy = format!("look at what it says, then run `chmod go-w {}`", path.display());
            Err(untrusted(path, rule, remedy))
        }
        _ => Ok(()),
    }
}

fn misplaced(path: &Path, kind: SFlag) -> LifecycleError {
    let kind = if kind == SFlag::S_IFDIR { "directory" } else { "file" };
    let rule = format!("it must be a {kind}, not a link or anything else");
    untrusted(path, rule, format!("remove {}", path.display()))
}

fn untrusted(path: &Path, rule: String, remedy: String) -> LifecycleError {
    LifecycleError::ServiceFileUnsafe { path: path.to_owned(), rule, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(found: &FileStat, kind: SFlag) -> String {
        check(Path::new("/x"), found, kind).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn what_others_can_write_is_refused() {
        let mut found = fstat(tempfile::tempfile().unwrap()).unwrap();
        for mode in [0o600, 0o644, 0o400, 0o755] {
            found.st_mode = SFlag::S_IFREG.bits() | mode;
            assert_eq!(refused(&found, SFlag::S_IFREG), "");
        }
        for mode in [0o620, 0o602, 0o666, 0o777] {
            found.st_mode = SFlag::S_IFREG.bits() | mode;
            let error = refused(&found, SFlag::S_IFREG);
            assert!(error.contains(&format!("{mode:04o}")) && error.contains("chmod go-w /x"), "{error}");
        }
    }

    #[test]
    fn what_belongs_to_others_is_refused() {
        let mut found = fstat(tempfile::tempfile().unwrap()).unwrap();
        found.st_uid += 1;
        let error = refused(&found, SFlag::S_IFREG);
        assert!(error.contains(&format!("uid {}", found.st_uid)) && error.contains("remove /x"), "{error}");
    }
}
