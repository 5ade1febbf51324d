//! The files of the repository.

use std::path::Path;
use std::{fs, io};

/// A file of the repository.
pub(crate) struct Source {
    /// Its path from the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether it is a test, an example or a tool rather than something that ships.
    pub(crate) fn is_test(&self) -> bool {
        ["/tests/", "/examples/", "/tests.rs", "xtask/"].iter().any(|part| self.path.contains(part))
    }

    /// The lines that ship: those before the tests at the bottom.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }

    /// The same without comments that have a line of their own.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.shipped().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every Rust file below `dir`, sorted by path.
pub(crate) fn rust(root: &Path, dir: &str) -> io::Result<Vec<Source>> {
    let is_rust = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    below(root, &root.join(dir), is_rust)
}

/// Every file that is text, sorted by path.
pub(crate) fn text(root: &Path) -> io::Result<Vec<Source>> {
    below(root, root, |_| true)
}

/// What others have made.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "dist", "__pycache__"];

fn below(root: &Path, dir: &Path, is_wanted: impl Fn(&Path) -> bool) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut directories = vec![dir.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            let is_ours = path.file_name().is_none_or(|name| NOT_OURS.iter().all(|other| name != *other));
            if kind.is_dir() && is_ours {
                directories.push(path);
            } else if kind.is_file() && is_ours && is_wanted(&path) {
                found.extend(read(root, &path)?);
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// A file, unless it is not text.
fn read(root: &Path, path: &Path) -> io::Result<Option<Source>> {
    let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text = String::from_utf8(fs::read(path)?);
    Ok(text.ok().map(|text| Source { path: relative, text }))
}

/// What a check finds wrong.
#[cfg(test)]
pub(crate) fn found(check: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let mut wrong = Vec::new();
    check(&mut wrong);
    wrong
}
