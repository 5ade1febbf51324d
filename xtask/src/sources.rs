//! The Rust files of the repository.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A file of the repository.
pub(crate) struct Source {
    /// Its path from the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Whether it is a test, an example or a tool rather than something that ships.
    pub(crate) fn is_test(&self) -> bool {
        ["/tests/", "/examples/", "/tests.rs", "xtask/"].iter().any(|part| self.path.contains(part))
    }

    /// The lines that ship: those before the tests at the bottom.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }
}

/// Every Rust file below `dir`, sorted by path.
pub(crate) fn rust(root: &Path, dir: &str) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut directories = vec![root.join(dir)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(read(root, &path)?);
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn read(root: &Path, path: &PathBuf) -> io::Result<Source> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    Ok(Source { path: relative.to_string_lossy().replace('\\', "/"), text: fs::read_to_string(path)? })
}
