//! Makes mail and engines to try it on.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use hallway_mail::mailbox::{Entry, Flags, Found, MailboxError};
use hallway_mail::{Engine, ImportReport, MessageId, Sort};

/// A message under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    headers: String,
    body: String,
    flags: Flags,
    labels: Vec<String>,
}

pub(crate) fn mail(subject: &str) -> Mail {
    Mail { headers: format!("Subject: {subject}\r\n"), ..Mail::default() }
}

impl Mail {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn id(self, id: &str) -> Self {
        self.header("Message-ID", &format!("<{id}>"))
    }

    pub(crate) fn from(self, from: &str) -> Self {
        self.header("From", from)
    }

    pub(crate) fn date(self, rfc2822: &str) -> Self {
        self.header("Date", rfc2822)
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.headers += "Content-Type: text/plain; charset=utf-8\r\n";
        self.body = body.to_owned();
        self
    }

    pub(crate) fn attach(mut self, filename: &str) -> Self {
        self.headers += "Content-Type: multipart/mixed; boundary=part\r\n";
        self.body = format!(
            "--part\r\nContent-Type: text/plain\r\n\r\nsee attached\r\n--part\r\n\
             Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{filename}\"\r\n\r\n\
             xyz\r\n--part--\r\n"
        );
        self
    }

    pub(crate) fn read(mut self) -> Self {
        self.flags.read = true;
        self
    }

    pub(crate) fn flagged(mut self) -> Self {
        self.flags.flagged = true;
        self
    }

    pub(crate) fn replied(mut self) -> Self {
        self.flags.replied = true;
        self
    }

    pub(crate) fn label(mut self, label: &str) -> Self {
        self.labels.push(label.to_owned());
        self
    }

    pub(crate) fn raw(&self) -> Vec<u8> {
        format!("{}\r\n{}", self.headers, self.body).into_bytes()
    }

    pub(crate) fn at(&self, origin: &str) -> Found {
        Found::Message(Entry {
            raw: self.raw(),
            flags: self.flags,
            labels: self.labels.clone(),
            origin: origin.to_owned(),
        })
    }
}

/// Message number `n` of a large mailbox, different from every other.
pub(crate) fn numbered(n: usize) -> Found {
    mail(&format!("Number {n} of many"))
        .id(&format!("{n}@many.example"))
        .from(&format!("Sender {} <sender{}@many.example>", n % 17, n % 17))
        .date(&format!("Mon, 1 Jan 2024 {:02}:{:02}:{:02} +0000", n / 3600 % 24, n / 60 % 60, n % 60))
        .body(&format!("This is message unique{n}. {}", "Words to fill it with. ".repeat(20)))
        .at(&format!("many.mbox:{n}"))
}

pub(crate) fn import(engine: &Engine, found: impl IntoIterator<Item = Found>) -> ImportReport {
    let mut entries = found.into_iter().map(Ok::<Found, MailboxError>);
    engine.import(&mut entries, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// An engine in `dir` that holds `mails`, each at a place of its own.
pub(crate) fn engine_with(dir: &Path, mails: &[Mail]) -> Engine {
    let engine = Engine::open(dir).unwrap();
    import(&engine, mails.iter().enumerate().map(|(n, mail)| mail.at(&format!("test:{n}"))));
    engine
}

pub(crate) fn ids(engine: &Engine, query: &str) -> Vec<MessageId> {
    engine.search(query, 10_000, Sort::Date).unwrap().into_iter().map(|envelope| envelope.id).collect()
}

/// The subjects of what a query finds, in no order.
pub(crate) fn subjects(engine: &Engine, query: &str) -> BTreeSet<String> {
    let found = engine.search(query, 10_000, Sort::Date).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(engine.count(query).unwrap(), found.len() as u64, "{query}");
    found.into_iter().map(|envelope| envelope.subject).collect()
}

pub(crate) fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}
