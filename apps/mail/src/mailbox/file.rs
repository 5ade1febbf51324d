use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::state::State;
use super::{Entry, Flags, Found};

/// The largest message that is read, in bytes. Mail servers commonly refuse more than 50 MiB; what is
/// larger than this is reported as broken, and reading goes on behind it.
pub const MESSAGE_MAX: usize = 64 << 20;

/// How deep folders are followed. Deeper than people file mail, shallow enough to end in a directory
/// tree that is not mail.
pub const DEPTH_MAX: usize = 16;

/// Where a message is from, as far as the mailbox knows before reading it.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) origin: String,
    /// The folder's name, the message's first label.
    pub(super) folder: Option<String>,
    /// What the mailbox knows of its state; without it the message's own headers tell.
    pub(super) flags: Option<Flags>,
}

/// Reads a file that holds one message; one that is too large is found broken.
///
/// # Errors
///
/// Fails when the file cannot be opened or read.
pub(super) fn read(path: &Path, place: Place) -> io::Result<Found> {
    let mut raw = Vec::new();
    // One byte more than allowed tells a file of exactly that size from a larger one.
    File::open(path)?.take(MESSAGE_MAX as u64 + 1).read_to_end(&mut raw)?;
    Ok(if raw.len() > MESSAGE_MAX { Found::broken(place.origin, too_large()) } else { found(raw, place) })
}

/// Makes an entry of a message's bytes, or tells that there is nothing in them.
pub(super) fn found(raw: Vec<u8>, place: Place) -> Found {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Found::broken(place.origin, "the message is empty");
    }
    let state = State::read(&raw);
    let mut labels = Vec::new();
    for label in place.folder.into_iter().chain(state.labels) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    Found::Message(Entry { raw, flags: place.flags.unwrap_or(state.flags), labels, origin: place.origin })
}

pub(super) fn too_large() -> String {
    format!("the message is larger than {} MiB and was skipped", MESSAGE_MAX >> 20)
}

/// Lists a directory by name.
pub(super) fn sorted(directory: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// Whether an entry is a file, or a link to one. Anything else could block whoever opens it.
pub(super) fn is_file(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => fs::metadata(entry.path()).is_ok_and(|target| target.is_file()),
        Ok(kind) => kind.is_file(),
        Err(_) => false,
    }
}

/// Whether an entry is a directory. Links to directories are not followed: they can form circles.
pub(super) fn is_directory(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Names a file inside the mailbox: its path below `root`, or its name when it is the mailbox.
pub(super) fn origin(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).ok().filter(|inside| !inside.as_os_str().is_empty());
    let name = inside.map_or_else(|| path.file_name().unwrap_or(path.as_os_str()), Path::as_os_str);
    name_of(name)
}

/// Writes a file name as text: as it is, or escaped where it holds control characters or is no text.
pub(super) fn name_of(name: &OsStr) -> String {
    let text = name.to_str().filter(|text| !text.contains(char::is_control));
    text.map_or_else(|| name.as_encoded_bytes().escape_ascii().to_string(), str::to_owned)
}
