use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use super::file::{self, DEPTH_MAX, Place};
use super::{Found, MailboxError};

/// Reads the `.eml` files of a directory and of the directories below it, sorted by name.
#[derive(Debug)]
pub(super) struct Eml {
    root: PathBuf,
    /// What is still to be visited, the next one last.
    pending: Vec<Pending>,
}

impl Eml {
    /// Opens a directory.
    pub(super) fn open(root: &Path) -> Result<Self, MailboxError> {
        let mut eml = Self { root: root.to_owned(), pending: Vec::new() };
        eml.enter(root, 0).map_err(|source| MailboxError::new(root, source))?;
        Ok(eml)
    }

    /// Opens one file, whatever its name.
    pub(super) fn file(path: &Path) -> Self {
        Self { root: path.to_owned(), pending: vec![Pending::File(path.to_owned())] }
    }

    fn enter(&mut self, directory: &Path, depth: usize) -> io::Result<()> {
        let entries = file::sorted(directory)?;
        self.pending.extend(entries.iter().rev().filter_map(|entry| pending(entry, depth + 1)));
        Ok(())
    }

    fn visit(&mut self, next: Pending) -> Option<Found> {
        let origin = file::origin(&self.root, next.path());
        let result = match next {
            Pending::File(path) => {
                file::read(&path, Place { origin: origin.clone(), ..Place::default() }).map(Some)
            }
            Pending::Directory(_, depth) if depth > DEPTH_MAX => {
                return Some(Found::broken(
                    origin,
                    format!("not entered: more than {DEPTH_MAX} directories deep"),
                ));
            }
            Pending::Directory(path, depth) => self.enter(&path, depth).map(|()| None),
        };
        match result {
            Ok(found) => found,
            // Gone since the directory was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(Found::unreadable(origin, &error)),
        }
    }
}

impl Iterator for Eml {
    type Item = Result<Found, MailboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(next) = self.pending.pop() {
            if let Some(found) = self.visit(next) {
                return Some(Ok(found));
            }
        }
        None
    }
}

#[derive(Debug)]
enum Pending {
    File(PathBuf),
    /// A directory and how deep below the root it is.
    Directory(PathBuf, usize),
}

impl Pending {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Directory(path, _) => path,
        }
    }
}

fn pending(entry: &DirEntry, depth: usize) -> Option<Pending> {
    let path = entry.path();
    if is_eml(&path) && file::is_file(entry) {
        Some(Pending::File(path))
    } else {
        file::is_directory(entry).then_some(Pending::Directory(path, depth))
    }
}

pub(super) fn is_eml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn directory(files: &[&str]) -> TempDir {
        let dir = TempDir::new().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("Subject: {file}\n\n")).unwrap();
        }
        dir
    }

    fn origins(eml: Eml) -> Vec<String> {
        let origin = |found: Result<_, MailboxError>| match found {
            Ok(Found::Message(entry)) => entry.origin,
            Ok(Found::Broken { origin, reason }) => format!("{origin}: {reason}"),
            other => panic!("{other:?}"),
        };
        eml.map(origin).collect()
    }

    #[test]
    fn files_are_read_in_the_order_of_their_names_at_any_depth() {
        let dir = directory(&["b.eml", "a/2.EML", "a/10.eml", "c/d/e.eml", "readme.txt", "c/x.msg"]);
        let eml = Eml::open(dir.path()).unwrap();
        assert_eq!(origins(eml), ["a/10.eml", "a/2.EML", "b.eml", "c/d/e.eml"]);
    }

    #[test]
    fn a_file_that_vanishes_is_left_out() {
        let dir = directory(&["1.eml", "2.eml", "3.eml"]);
        let eml = Eml::open(dir.path()).unwrap();
        fs::remove_file(dir.path().join("2.eml")).unwrap();
        assert_eq!(origins(eml), ["1.eml", "3.eml"]);
    }

    #[test]
    fn directories_are_entered_only_so_deep() {
        let deep = "d/".repeat(DEPTH_MAX);
        let (reached, beyond) = (format!("{deep}1.eml"), format!("{deep}d/2.eml"));
        let dir = directory(&[&reached, &beyond]);
        let found = origins(Eml::open(dir.path()).unwrap());
        assert_eq!(found, [reached, format!("{deep}d: not entered: more than 16 directories deep")]);
    }
}
