use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use mail_parser::decoders::charsets::map::charset_decoder;

use super::file::{self, DEPTH_MAX, Place};
use super::known::Known;
use super::{Flags, Found, MailboxError};

/// How often one message may be renamed under the reader's eyes before it is given up.
const MOVES_MAX: usize = 8;

/// Reads a Maildir and the folders inside it, each folder's messages sorted by name.
///
/// A folder is a directory with `cur` and `new`, at any depth; its path is its messages' label. Mail
/// programs rename files while they are read: a file that moved is found again by the part of its name
/// that never changes, one that is gone is left out.
#[derive(Debug)]
pub(super) struct Maildir {
    root: PathBuf,
    /// The folders still to be read, the next one last.
    folders: Vec<PathBuf>,
    folder: PathBuf,
    /// The files of `folder` still to be read, the next one last.
    files: Vec<File>,
    known: Known,
}

impl Maildir {
    /// Opens a directory; none when neither it nor a directory in it is a Maildir.
    pub(super) fn open(root: &Path) -> Result<Option<Self>, MailboxError> {
        let mut folders = Vec::new();
        find_folders(root, 0, &mut folders).map_err(|source| MailboxError::new(root, source))?;
        if !folders.iter().any(|folder| is_folder(folder)) {
            return Ok(None);
        }
        folders.reverse();
        let known = Known::default();
        Ok(Some(Self { root: root.to_owned(), folders, folder: PathBuf::new(), files: Vec::new(), known }))
    }

    /// Has the files that `known` tells of not read: what has a name in a Maildir never changes.
    pub(super) fn pass_over(&mut self, known: Known) {
        self.known = known;
    }

    fn enter(&mut self, folder: PathBuf) -> io::Result<()> {
        self.folder = folder;
        self.files = list(&self.folder)?;
        Ok(())
    }

    /// Reads a file; none when it is gone from the folder.
    fn visit(&mut self, mut file: File) -> io::Result<Option<Found>> {
        for _ in 0..MOVES_MAX {
            let place = Place { origin: self.origin(&file), folder: self.label(), flags: Some(file.flags()) };
            match file::read(&file.path, place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.files = list(&self.folder)?;
                    self.files.retain(|listed| listed.base >= file.base);
                    let Some(moved) = self.files.pop_if(|listed| listed.base == file.base) else {
                        return Ok(None);
                    };
                    file = moved;
                }
                result => return result.map(Some),
            }
        }
        let reason = "the message was renamed each time it was to be read; import again";
        Ok(Some(Found::broken(self.origin(&file), reason)))
    }

    fn origin(&self, file: &File) -> String {
        file::origin(&self.root, &self.folder.join(&file.base))
    }

    fn label(&self) -> Option<String> {
        let inside = self.folder.strip_prefix(&self.root).ok()?;
        let names: Vec<String> = inside.iter().map(|name| folder_name(&name.to_string_lossy())).collect();
        (!names.is_empty()).then(|| names.join("/"))
    }
}

impl Iterator for Maildir {
    type Item = Result<Found, MailboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(file) = self.files.pop() {
                let origin = self.origin(&file);
                if self.known.tells(&origin, file.flags()) {
                    return Some(Ok(Found::Known));
                }
                match self.visit(file) {
                    Ok(None) => {}
                    Ok(Some(found)) => return Some(Ok(found)),
                    Err(error) => return Some(Ok(Found::unreadable(origin, &error))),
                }
            }
            let folder = self.folders.pop()?;
            let origin = file::origin(&self.root, &folder);
            if let Err(error) = self.enter(folder) {
                return Some(Ok(Found::unreadable(origin, &error)));
            }
        }
    }
}

/// A message's file.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// The part of its name that never changes.
    base: String,
    /// The rest of its name, which holds the flags.
    info: String,
}

impl File {
    fn flags(&self) -> Flags {
        Flags {
            read: self.info.contains('S'),
            flagged: self.info.contains('F'),
            replied: self.info.contains('R'),
        }
    }
}

/// Lists the messages of a folder, the last name first.
fn list(folder: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    // `new` before `cur`: a message that moves while this runs is seen twice rather than not at all.
    for place in ["new", "cur"] {
        let directory = folder.join(place);
        let entries = match file::sorted(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        files.extend(entries.iter().filter(|entry| file::is_file(entry)).filter_map(file_at));
    }
    // Of a message seen twice the later listing tells where it is.
    files.reverse();
    files.sort_by(|a, b| b.base.cmp(&a.base));
    files.dedup_by(|later, kept| later.base == kept.base);
    Ok(files)
}

fn file_at(entry: &DirEntry) -> Option<File> {
    let name = file::name_of(&entry.file_name());
    let (base, info) =
        [":2,", ";2,", "!2,"].iter().find_map(|mark| name.rsplit_once(mark)).unwrap_or((&name, ""));
    let file = File { path: entry.path(), base: base.to_owned(), info: info.to_owned() };
    (!name.starts_with('.')).then_some(file)
}

/// Finds the folders at and below a directory; one that cannot be looked into counts, to be reported.
fn find_folders(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = file::sorted(directory)?;
    if is_folder(directory) {
        found.push(directory.to_owned());
    }
    for entry in entries.iter().filter(|entry| depth < DEPTH_MAX && file::is_directory(entry)) {
        let is_content = ["cur", "new", "tmp"].iter().any(|name| entry.file_name() == *name);
        if !is_content && find_folders(&entry.path(), depth + 1, found).is_err() {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn is_folder(directory: &Path) -> bool {
    ["cur", "new"].iter().all(|name| directory.join(name).is_dir())
}

/// Reads a folder's name; one with a leading dot is in the Maildir++ form, where dots separate folders
/// and other characters than ASCII are written in modified UTF-7.
fn folder_name(name: &str) -> String {
    let Some(dotted) = name.strip_prefix('.') else { return name.to_owned() };
    decode_utf7(dotted).unwrap_or_else(|| dotted.to_owned()).replace('.', "/")
}

/// Decodes the modified UTF-7 of IMAP (RFC 3501, 5.1.3); none when it is not that.
fn decode_utf7(name: &str) -> Option<String> {
    let decode = charset_decoder(b"utf-7")?;
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        let (coded, tail) = after.split_once('-')?;
        out.push_str(before);
        match coded {
            "" => out.push('&'),
            _ => out.push_str(&decode(format!("+{}-", coded.replace(',', "/")).as_bytes())),
        }
        rest = tail;
    }
    out.push_str(rest);
    (!out.contains(char::REPLACEMENT_CHARACTER)).then_some(out)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::mailbox::Entry;

    fn maildir(files: &[&str]) -> TempDir {
        let dir = TempDir::new().unwrap();
        for name in ["cur", "new", "tmp"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("Subject: {file}\n\n")).unwrap();
        }
        dir
    }

    fn open(dir: &TempDir) -> Maildir {
        Maildir::open(dir.path()).unwrap().unwrap()
    }

    fn message(found: Option<Result<Found, MailboxError>>) -> Entry {
        match found.unwrap().unwrap() {
            Found::Message(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    fn origins(maildir: Maildir) -> Vec<String> {
        maildir.map(|found| message(Some(found)).origin).collect()
    }

    #[test]
    fn flags_come_from_the_name_and_the_origin_does_not_change_with_them() {
        let dir = maildir(&["cur/1.host:2,FRS", "cur/2.host;2,S", "cur/3.host:2,", "new/4.host"]);
        let entries: Vec<_> = open(&dir).map(|found| message(Some(found))).collect();
        let flags: Vec<_> =
            entries.iter().map(|e| (e.flags.read, e.flags.flagged, e.flags.replied)).collect();
        let new = (false, false, false);
        assert_eq!(flags, [(true, true, true), (true, false, false), new, new]);
        assert!(entries.iter().all(|entry| entry.labels.is_empty()));
        assert_eq!(origins(open(&dir)), ["1.host", "2.host", "3.host", "4.host"]);
    }

    #[test]
    fn folders_of_both_layouts_are_labels() {
        let dir =
            maildir(&["cur/1", ".Work.Bills/new/2", ".Entw&APw-rfe/cur/3", "Lists/rust/cur/4", "new/5"]);
        for place in [".Work.Bills/cur", ".Entw&APw-rfe/new", "Lists/rust/new"] {
            fs::create_dir_all(dir.path().join(place)).unwrap();
        }
        let labels: Vec<_> = open(&dir).map(|found| message(Some(found)).labels.join("|")).collect();
        assert_eq!(labels, ["", "", "Entwürfe", "Work/Bills", "Lists/rust"]);
    }

    #[test]
    fn names_that_are_not_utf7_are_kept() {
        assert_eq!(folder_name(".R&D"), "R&D");
        assert_eq!(folder_name(".R&-D"), "R&D");
        assert_eq!(folder_name("R&-D.x"), "R&-D.x");
    }

    #[test]
    fn other_files_and_links_to_directories_are_left_out() {
        let dir = maildir(&["cur/1", "cur/.hidden", "tmp/2", "dovecot-uidlist"]);
        fs::create_dir(dir.path().join("cur/3")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("again")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("tmp/2"), dir.path().join("cur/4")).unwrap();
        assert_eq!(origins(open(&dir)), ["1", "4"]);
    }

    #[test]
    fn a_message_that_moves_while_the_folder_is_read_is_found_where_it_went() {
        let dir = maildir(&["new/1", "new/2", "new/3", "new/4"]);
        let mut maildir = open(&dir);
        assert_eq!(message(maildir.next()).origin, "1");
        fs::rename(dir.path().join("new/2"), dir.path().join("cur/2:2,S")).unwrap();
        fs::remove_file(dir.path().join("new/3")).unwrap();
        let second = message(maildir.next());
        assert_eq!((second.origin.as_str(), second.flags.read), ("2", true));
        assert_eq!(origins(maildir), ["4"]);
    }

    #[test]
    fn a_message_listed_in_both_places_is_read_once() {
        let dir = maildir(&["new/1", "cur/1:2,S", "cur/2:2,"]);
        let mut maildir = open(&dir);
        assert!(message(maildir.next()).flags.read);
        assert_eq!(origins(maildir), ["2"]);
    }

    #[test]
    fn a_folder_that_is_gone_leaves_the_others() {
        let dir = maildir(&["new/1", ".Gone/cur/2", ".Gone/new/3", ".Kept/cur/4", ".Kept/new/5"]);
        let mut maildir = open(&dir);
        assert_eq!(message(maildir.next()).origin, "1");
        fs::remove_dir_all(dir.path().join(".Gone")).unwrap();
        assert_eq!(origins(maildir), [".Kept/4", ".Kept/5"]);
    }
}
