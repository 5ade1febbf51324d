//! Two readers that share nothing with the program: Python's modules and the `mailparse` crate.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mailparse::{MailAddr, MailHeaderMap as _};
use serde_json::Value;

/// What one reader found in one message; a field it cannot tell is `None`.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) message_id: String,
    pub(crate) subject: String,
    pub(crate) from: Vec<String>,
    pub(crate) to: Vec<String>,
    pub(crate) date: Option<i64>,
    pub(crate) attachments: Option<u64>,
    pub(crate) body: Option<String>,
}

/// Reads files of one message each with Python.
pub(crate) fn python_files(paths: &[PathBuf]) -> Vec<Reading> {
    let list: Vec<_> = paths.iter().map(|path| path.to_str().expect("test files have UTF-8 names")).collect();
    python(&["files"], &list.join("\n"))
}

/// Reads a mailbox with Python; `form` is `mbox` or `maildir`.
pub(crate) fn python_mailbox(form: &str, path: &Path) -> Vec<Reading> {
    python(&[form, path.to_str().expect("test files have UTF-8 names")], "")
}

/// Reads a message with the `mailparse` crate; none when it refuses the message.
pub(crate) fn mailparse(raw: &[u8]) -> Option<Reading> {
    let mail = mailparse::parse_mail(raw).ok()?;
    let value = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
    let is_plain = mail.subparts.is_empty() && mail.ctype.mimetype == "text/plain";
    Some(Reading {
        message_id: value("message-id").trim_matches([' ', '<', '>']).to_owned(),
        subject: words(&value("subject")),
        from: addresses(&mail, "from"),
        to: addresses(&mail, "to"),
        date: mailparse::dateparse(&value("date")).ok(),
        attachments: None,
        body: is_plain.then(|| words(&mail.get_body().unwrap_or_default())),
    })
}

/// Joins the words of a text with single spaces: readers differ in how they unfold lines.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn addresses(mail: &mailparse::ParsedMail<'_>, name: &str) -> Vec<String> {
    let headers = mail.headers.get_all_headers(name);
    let lists = headers.into_iter().filter_map(|header| mailparse::addrparse_header(header).ok());
    let infos = lists.flat_map(|list| list.into_inner()).flat_map(|address| match address {
        MailAddr::Single(one) => vec![one],
        MailAddr::Group(group) => group.addrs,
    });
    infos.map(|info| info.addr).collect()
}

fn python(arguments: &[&str], input: &str) -> Vec<Reading> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/independent.py");
    let mut command = Command::new("python3");
    command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("python3 is needed: sudo apt-get install python3");
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).expect("python reads its input");
    let output = child.wait_with_output().expect("python can be waited for");
    assert!(output.status.success(), "the independent reader failed, see above");
    String::from_utf8(output.stdout).expect("JSON is UTF-8").lines().map(reading).collect()
}

fn reading(line: &str) -> Reading {
    let found: Value = serde_json::from_str(line).expect("a JSON object");
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| {
        let items = found[name].as_array().expect("a list").iter();
        items.map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
    };
    Reading {
        message_id: text("message_id"),
        subject: text("subject"),
        from: list("from"),
        to: list("to"),
        date: found["date"].as_i64(),
        attachments: found["attachments"].as_u64(),
        body: found["body"].as_str().map(str::to_owned),
    }
}
