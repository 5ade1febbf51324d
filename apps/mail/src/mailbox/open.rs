use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use super::eml::{self, Eml};
use super::maildir::Maildir;
use super::mbox::Mbox;
use super::{Found, MailboxError};

/// How much of a file is read at once.
const BUFFER: usize = 1 << 16;

/// The messages of a mailbox, in an order that stays the same as long as the mailbox does.
///
/// An item is an error only when the mailbox itself can be read no further, and it is then the last one.
#[derive(Debug)]
pub struct Mailbox {
    form: Form,
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
            Ok(Self { form: open_file(path)?, first: None, bytes: Some(metadata.len()) })
        } else {
            Err(MailboxError::NotMail { path: path.to_owned() })
        }
    }

    /// Returns the size in bytes where it is known without reading everything: for a single file.
    #[must_use]
    pub fn len_hint(&self) -> Option<u64> {
        self.bytes
    }

    fn open_directory(path: &Path) -> Result<Self, MailboxError> {
        if let Some(maildir) = Maildir::open(path)? {
            return Ok(Self { form: Form::Maildir(maildir), first: None, bytes: None });
        }
        let mut eml = Eml::open(path)?;
        let first = eml.next().ok_or_else(|| MailboxError::NotMail { path: path.to_owned() })??;
        Ok(Self { form: Form::Eml(eml), first: Some(first), bytes: None })
    }
}

impl Iterator for Mailbox {
    type Item = Result<Found, MailboxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        match &mut self.form {
            Form::Mbox(mbox) => mbox.next(),
            Form::Maildir(maildir) => maildir.next(),
            Form::Eml(eml) => eml.next(),
        }
    }
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
    } else if starts_with_header(start) {
        Ok(Form::Eml(Eml::file(path)))
    } else {
        Err(MailboxError::NotMail { path: path.to_owned() })
    }
}

/// Whether a file starts with a header's name, as a message does.
fn starts_with_header(start: &[u8]) -> bool {
    let name = start.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < start.len() && !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
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
        fs::write(dir.path().join("notes"), "just some text").unwrap();
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
