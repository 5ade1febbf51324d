//! Which mailbox, and so which daemon and which data: each mailbox has its own.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use hallway::lifecycle::{Instance, Launcher, LifecycleError};
use sha2::{Digest as _, Sha256};

/// How much of a mailbox's own name is in its instance's, in bytes: enough to know it by.
const NAME_MAX: usize = 24;

/// A mailbox, or none: then there is the sample.
#[derive(Debug, Clone)]
pub struct Place {
    mailbox: Option<PathBuf>,
    instance: Instance,
}

impl Place {
    /// The service's name.
    pub const SERVICE: &str = "mail";

    /// The daemon for the mailbox at `path`; the one with the sample without a path.
    ///
    /// # Errors
    /// When there is nothing at the path.
    pub fn new(path: Option<&Path>) -> io::Result<Self> {
        // The same mailbox by another way is the same daemon.
        let mailbox = path.map(std::fs::canonicalize).transpose()?;
        let instance = match &mailbox {
            Some(mailbox) => Instance::named(Self::SERVICE, &name(mailbox)),
            None => Instance::new(Self::SERVICE),
        };
        Ok(Self { instance: instance.map_err(|error: LifecycleError| io::Error::other(error))?, mailbox })
    }

    /// The user's own mailbox.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Path> {
        self.mailbox.as_deref()
    }

    /// The daemon's instance.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Where its database and index are.
    #[must_use]
    pub fn data_dir(&self) -> Option<PathBuf> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = absolute("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/share")))?;
        Some(data.join("hallway-mail").join(self.instance.stem()))
    }

    /// How the daemon is started.
    ///
    /// # Errors
    /// When the system does not tell which program this is.
    pub fn launcher(&self) -> io::Result<Launcher> {
        let launcher = Launcher::this_program()?;
        Ok(self.daemon_arguments().into_iter().fold(launcher, Launcher::arg))
    }

    /// What the program is given to be the daemon, from whatever directory.
    #[must_use]
    pub fn daemon_arguments(&self) -> Vec<OsString> {
        let mailbox =
            self.mailbox.iter().flat_map(|mailbox| ["--mailbox".into(), mailbox.clone().into_os_string()]);
        mailbox.chain(["daemon".into()]).collect()
    }
}

/// A name that is a mailbox's own: the end of its path for people, a hash of all of it to be sure.
fn name(mailbox: &Path) -> String {
    let last = mailbox.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let kept = last.chars().filter(|c| c.is_ascii_alphanumeric()).take(NAME_MAX);
    let mut name: String = kept.collect();
    let hash = Sha256::digest(mailbox.as_os_str().as_encoded_bytes());
    if !name.is_empty() {
        name.push('-');
    }
    for byte in hash.iter().take(4) {
        // Writing to a string cannot fail.
        let _infallible = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_one_name_whatever_the_way_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let mailbox = dir.path().join("My Mail (old).mbox");
        std::fs::write(&mailbox, "").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&mailbox, &link).unwrap();
        let place = Place::new(Some(&mailbox)).unwrap();
        assert_eq!(place.instance(), Place::new(Some(&link)).unwrap().instance());
        assert!(place.instance().stem().starts_with("mail@mymailoldmbox-"), "{}", place.instance());
        assert_ne!(place.instance(), Place::new(Some(dir.path())).unwrap().instance());
        assert_eq!(Place::new(None).unwrap().instance().stem(), "mail");
    }

    #[test]
    fn names_that_hold_no_letters_are_names_too() {
        assert_eq!(name(Path::new("/почта")).len(), 8);
        assert!(Instance::named(Place::SERVICE, &name(Path::new("/"))).is_ok());
    }

    #[test]
    fn a_mailbox_that_is_not_there_is_an_error() {
        assert!(Place::new(Some(Path::new("/nowhere/at/all"))).is_err());
    }
}
