use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use super::eml::{self, Eml};
use super::file;
use super::known::Known;
use super::maildir::Maildir;
use super::mbox::Mbox;
use super::{Entry, Flags, Found, MailboxError};

/// How much of a file is read at once.
const BUFFER: usize = 1 << 16;

/// The messages of a mailbox, in an order that stays the same as long as the mailbox does.
///
/// An item is an error only when the mailbox itself can be read no further, and it is then the last one.
#[derive(Debug)]
pub struct Mailbox {
    form: Form,
    /// What is put before the origins: the directory, or that of the file.
    place: String,
    /// What was read to know that there is mail.
    first: Option<Found>,
    bytes: Option<u64>,
}

impl Mailbox {
    /// Opens the mailbox at `path` and finds out its form from what is there.
    ///
    /// # Errors
    ///
    /// Fails when there is nothing, when it may not or cannot be read, and when it holds no mail.
    pub fn open(path: &Path) -> Result<Self, MailboxError> {
        let metadata = fs::metadata(path).map_err(|source| MailboxError::new(path, source))?;
        if metadata.is_dir() {
            Self::open_directory(path)
        } else if metadata.is_file() {
            let place = place(path.parent().unwrap_or(path));
            Ok(Self { form: open_file(path)?, place, first: None, bytes: Some(metadata.len()) })
        } else {
            Err(MailboxError::NotMail { path: path.to_owned() })
        }
    }

    /// Returns the size in bytes where it is known without reading everything: for a single file.
    #[must_use]
    pub fn len_hint(&self) -> Option<u64> {
        self.bytes
    }

    /// Has what `known` tells of by its origin and flags not read again, where that is safe: in a Maildir,
    /// whose files are written once under a name of their own. An mbox can be rewritten anywhere, and an
    /// `.eml` file replaced.
    #[must_use]
    pub fn pass_over(mut self, known: impl Fn(&str, Flags) -> bool + Send + 'static) -> Self {
        if let Form::Maildir(maildir) = &mut self.form {
            let place = self.place.clone();
            maildir.pass_over(Known::new(move |origin, flags| known(&format!("{place}{origin}"), flags)));
        }
        self
    }

    fn open_directory(path: &Path) -> Result<Self, MailboxError> {
        if let Some(maildir) = Maildir::open(path)? {
            return Ok(Self { form: Form::Maildir(maildir), place: place(path), first: None, bytes: None });
        }
        let mut eml = Eml::open(path)?;
        let first = eml.next().ok_or_else(|| MailboxError::NotMail { path: path.to_owned() })??;
        Ok(Self { form: Form::Eml(eml), place: place(path), first: Some(first), bytes: None })
    }
}

impl Iterator for Mailbox {
    type Item = Result<Found, MailboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.first.take() {
            Some(first) => Some(Ok(first)),
            None => match &mut self.form {
                Form::Mbox(mbox) => mbox.next(),
                Form::Maildir(maildir) => maildir.next(),
                Form::Eml(eml) => eml.next(),
            },
        };
        let mut next = next?;
        if let Ok(Found::Message(Entry { origin, .. }) | Found::Broken { origin, .. }) = &mut next {
            origin.insert_str(0, &self.place);
        }
        Some(next)
    }
}

/// What comes before the names of what is in a directory.
fn place(directory: &Path) -> String {
    let mut place = file::name_of(directory.as_os_str());
    if !place.is_empty() && !place.ends_with('/') {
        place.push('/');
    }
    place
}

#[derive(Debug)]
enum Form {
    Mbox(Mbox<BufReader<File>>),
    Maildir(Maildir),
    Eml(Eml),
}

fn open_file(path: &Path) -> Result<Form, MailboxError> {
    let unreadable = |source| MailboxError::new(path, source);
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(unreadable)?);
    let start = file.fill_buf().map_err(unreadable)?;
    if eml::is_eml(path) {
        Ok(Form::Eml(Eml::file(path)))
    } else if start.is_empty() || start.starts_with(b"From ") {
        Ok(Form::Mbox(Mbox::new(file, path)))
    } else if starts_with_headers(start) {
        Ok(Form::Eml(Eml::file(path)))
    } else {
        Err(MailboxError::NotMail { path: path.to_owned() })
    }
}

/// Headers of which every message has one. Other text files have lines with colons too.
const HEADERS: &[&str] = &[
    "from",
    "sender",
    "to",
    "cc",
    "date",
    "subject",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "mime-version",
    "content-type",
];

/// Whether a file starts with headers, as a message does.
fn starts_with_headers(start: &[u8]) -> bool {
    let headers = start.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let mut names = headers.filter_map(|line| line.split(|byte| *byte == b':').next());
    names.any(|name| HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header.as_bytes())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const MAIL: &str = "From: a@example.org\nSubject: x\n\nbody\n";

    fn count(path: &Path) -> usize {
        Mailbox::open(path).unwrap().map(Result::unwrap).count()
    }

    #[test]
    fn each_form_is_recognised_by_what_is_there() {
        let dir = TempDir::new().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("mbox"), format!("From a@b\n{MAIL}\nFrom c@d\n{MAIL}")).unwrap();
        fs::write(path("mail"), MAIL).unwrap();
        fs::write(path("broken.eml"), "\u{feff}no header").unwrap();
        fs::write(path("empty"), "").unwrap();
        fs::create_dir_all(path("maildir/cur")).unwrap();
        fs::create_dir_all(path("maildir/new")).unwrap();
        assert_eq!(count(&path("mbox")), 2);
        assert_eq!(count(&path("mail")), 1);
        assert_eq!(count(&path("broken.eml")), 1);
        assert_eq!(count(&path("empty")), 0);
        assert_eq!(count(&path("maildir")), 0);
        fs::remove_dir_all(path("maildir")).unwrap();
        assert_eq!(count(dir.path()), 1);
    }

    #[test]
    fn origins_begin_with_the_mailbox() {
        let dir = TempDir::new().unwrap();
        let mbox = dir.path().join("mbox");
        fs::write(&mbox, format!("From a@b\n{MAIL}\nFrom c@d\n\n")).unwrap();
        let origins: Vec<_> = Mailbox::open(&mbox)
            .unwrap()
            .map(|found| match found.unwrap() {
                Found::Message(Entry { origin, .. }) | Found::Broken { origin, .. } => origin,
                Found::Known => panic!("nothing is known"),
            })
            .collect();
        let path = mbox.display();
        assert_eq!(origins, [format!("{path}@0"), format!("{path}@{}", "From a@b\n\n".len() + MAIL.len())]);
    }

    #[test]
    fn what_is_known_in_a_maildir_is_not_read() {
        let dir = TempDir::new().unwrap();
        for name in ["cur", "new"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        fs::write(dir.path().join("cur/1:2,S"), MAIL).unwrap();
        // It would be found broken.
        fs::write(dir.path().join("cur/2:2,F"), "").unwrap();
        let known = format!("{}/2", dir.path().display());
        let flagged = Flags { flagged: true, ..Flags::default() };
        let found = |knows: Flags| {
            let known = known.clone();
            let mailbox = Mailbox::open(dir.path()).unwrap();
            mailbox
                .pass_over(move |origin, flags| origin == known && flags == knows)
                .map(Result::unwrap)
                .collect::<Vec<_>>()
        };
        assert!(matches!(found(flagged).as_slice(), [Found::Message(_), Found::Known]));
        let changed = found(Flags::default());
        assert!(matches!(changed.as_slice(), [Found::Message(_), Found::Broken { .. }]), "{changed:?}");
    }

    #[test]
    fn the_size_is_known_of_a_file_only() {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("one.eml");
        fs::write(&file, MAIL).unwrap();
        assert_eq!(Mailbox::open(&file).unwrap().len_hint(), Some(MAIL.len() as u64));
        assert_eq!(Mailbox::open(dir.path()).unwrap().len_hint(), None);
    }

    #[test]
    fn what_is_no_mailbox_is_refused_with_advice() {
        let dir = TempDir::new().unwrap();
        let none = dir.path().join("none");
        let error = Mailbox::open(&none).unwrap_err();
        assert!(matches!(error, MailboxError::NotFound { .. }));
        assert_eq!(error.to_string(), format!("there is no mailbox at {}; check the path", none.display()));
        fs::write(dir.path().join("notes"), "root:x:0:0\njust: some text\n\nFrom: a\n").unwrap();
        for path in [dir.path(), &dir.path().join("notes"), Path::new("/dev/null")] {
            let error = Mailbox::open(path).unwrap_err();
            assert!(matches!(error, MailboxError::NotMail { .. }), "{error}");
        }
    }

    #[test]
    fn what_may_not_be_read_is_refused_with_advice() {
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let error = MailboxError::new(Path::new("/var/mail/root"), denied).to_string();
        assert!(error.starts_with("this user may not read /var/mail/root; allow it with"), "{error}");
    }
}
