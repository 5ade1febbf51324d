//! The daemon: the engine behind the service.

mod arrivals;
mod sync;
mod watch;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _, stream};
use hallway::lifecycle::{Daemon, Failure, LifecycleError, Phase, ServiceFile, Starting};
use hallway::server::ServerBuilder;
use hallway::service::Cancellation;
use hallway::{Bytes, Context, Progress, Subscription};

use crate::mailbox::{Mailbox, MailboxError};
use crate::model::{Envelope, FullMessage, ImportProgress, ImportReport, Mark, MessageId, Sort, Stats};
use crate::service::{Mail, MailError, MailService, mail_description, with_causes};
use crate::{Engine, EngineError, Place, sample};
use arrivals::Arrivals;
use sync::Sync;

/// Runs the daemon to its end.
#[must_use]
pub fn run(place: &Place) -> ExitCode {
    declare(place).run(|starting, server| start(place, starting, server))
}

/// How clients in every language start the daemon.
///
/// # Errors
/// [`LifecycleError::Io`] if the system does not tell which program this is.
pub fn service_file(place: &Place) -> Result<ServiceFile, LifecycleError> {
    declare(place).service_file(&mail_description().summary())
}

fn declare(place: &Place) -> Daemon {
    let daemon = Daemon::new(place.instance().clone(), env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    // A path that is no text cannot stand in a service file; the command line starts the daemon all the same.
    let arguments = place.daemon_arguments().into_iter().map(std::ffi::OsString::into_string);
    match arguments.collect::<Result<Vec<_>, _>>() {
        Ok(arguments) => daemon.args(arguments),
        Err(_not_text) => daemon,
    }
}

/// Opens the engine. Without a mailbox of the user's own, an empty one takes in the sample.
fn start(place: &Place, starting: &mut Starting, server: ServerBuilder) -> Result<ServerBuilder, Failure> {
    let dir = place
        .data_dir()
        .ok_or_else(|| Failure::new("no_data_dir", "HOME is not set: set it, or XDG_DATA_HOME"))?;
    let failure = |error| Failure::new("storage", with_causes(&error));
    let engine = Arc::new(Engine::open(&dir).map_err(failure)?);
    let arrivals = Arc::new(Arrivals::new(Arc::clone(&engine)));
    let own = match place.mailbox() {
        Some(mailbox) => {
            let (engine, arrivals) = (Arc::clone(&engine), Arc::clone(&arrivals));
            let sync = Sync::new(engine, arrivals, mailbox.to_owned(), &dir, server.leases());
            // First watched, then looked into: what comes in between is not missed.
            let watch = watch::watch(mailbox, &sync);
            sync.begin();
            Some(Own { sync, _watch: watch })
        }
        None => {
            if engine.newest().map_err(failure)?.is_none() {
                starting.phase(&Phase::new(SAMPLE));
                engine.import(&mut sample::sample(), &mut |_| ControlFlow::Continue(())).map_err(failure)?;
            }
            arrivals.tell();
            None
        }
    };
    Ok(server.service(MailService::new(MailDaemon { engine, arrivals, own })))
}

/// The phase in which the sample is taken in.
pub const SAMPLE: &str = "importing_sample";

/// How much of a message is sent at a time: a message can be longer than a frame.
const RAW_CHUNK: usize = 256 << 10;

struct MailDaemon {
    engine: Arc<Engine>,
    arrivals: Arc<Arrivals>,
    own: Option<Own>,
}

/// The user's own mailbox: what keeps up with it, and what tells that there is something to keep up with.
struct Own {
    sync: Arc<Sync>,
    _watch: Option<watch::Watch>,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.sync.stop();
    }
}

impl MailDaemon {
    /// Asks the engine on a thread that may wait for the disk, once all of the mail is there.
    async fn ask<R: Send + 'static>(
        &self,
        cx: &Context,
        question: impl FnOnce(&Engine) -> Result<R, EngineError> + Send + 'static,
    ) -> Result<R, MailError> {
        if let Some(own) = &self.own {
            own.sync.ready(|progress| cx.progress(progress)).await?;
        }
        let engine = Arc::clone(&self.engine);
        cx.blocking(move || Ok(question(&engine)?)).await
    }
}

impl Mail for MailDaemon {
    async fn search(
        &self,
        cx: &Context,
        query: String,
        limit: u32,
        sort: Sort,
    ) -> Result<Vec<Envelope>, MailError> {
        self.ask(cx, move |engine| engine.search(&query, limit as usize, sort)).await
    }

    async fn count(&self, cx: &Context, query: String) -> Result<u64, MailError> {
        self.ask(cx, move |engine| engine.count(&query)).await
    }

    async fn read(&self, cx: &Context, id: MessageId) -> Result<FullMessage, MailError> {
        self.ask(cx, move |engine| engine.message(id)).await
    }

    fn raw(&self, cx: &Context, id: MessageId) -> impl Stream<Item = Result<Bytes, MailError>> {
        let raw = self.ask(cx, move |engine| engine.raw(id));
        stream::once(raw).flat_map(|raw| match raw {
            Ok(raw) => stream::iter(in_chunks(raw).map(Ok)).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        })
    }

    async fn thread(&self, cx: &Context, id: MessageId) -> Result<Vec<Envelope>, MailError> {
        self.ask(cx, move |engine| engine.thread(id)).await
    }

    async fn mark(&self, cx: &Context, ids: Vec<MessageId>, mark: Mark) -> Result<u64, MailError> {
        self.ask(cx, move |engine| engine.mark(&ids, mark)).await
    }

    async fn label(
        &self,
        cx: &Context,
        ids: Vec<MessageId>,
        add: Vec<String>,
        remove: Vec<String>,
    ) -> Result<u64, MailError> {
        self.ask(cx, move |engine| engine.label(&ids, &add, &remove)).await
    }

    async fn import(&self, cx: &Context, path: PathBuf) -> Result<ImportReport, MailError> {
        let (engine, arrivals) = (Arc::clone(&self.engine), Arc::clone(&self.arrivals));
        let caller = cx.cancellation();
        cx.blocking(move || {
            let mut mailbox = open(&engine, &path)?;
            let total = mailbox.len_hint();
            let outcome = engine.import(&mut mailbox, &mut |progress| {
                caller.progress(in_bytes(progress, total));
                go_on(&caller)
            });
            arrivals.tell();
            Ok(outcome?)
        })
        .await
    }

    async fn sync(&self, cx: &Context) -> Result<ImportReport, MailError> {
        let own = self.own.as_ref().ok_or(MailError::NoMailbox)?;
        own.sync.join(|progress| cx.progress(progress)).await
    }

    fn arrivals(&self, since: Option<u64>) -> Subscription<Envelope> {
        self.arrivals.subscribe(since)
    }

    async fn reindex(&self, cx: &Context) -> Result<(), MailError> {
        let caller = cx.cancellation();
        self.ask(cx, move |engine| {
            engine.reindex(&mut |progress| {
                caller.progress(Progress::new(progress.done, Some(progress.total), "messages"));
                go_on(&caller)
            })
        })
        .await
    }

    async fn stats(&self, cx: &Context) -> Result<Stats, MailError> {
        let engine = Arc::clone(&self.engine);
        cx.blocking(move || Ok(engine.stats()?)).await
    }
}

/// Opens a mailbox of which only what the engine does not know is read.
fn open(engine: &Arc<Engine>, path: &Path) -> Result<Mailbox, MailboxError> {
    let engine = Arc::clone(engine);
    // Should the database not answer, the message is read, and the import tells what is wrong.
    let known = move |origin: &str, flags| engine.knows(origin, flags).unwrap_or(false);
    Ok(Mailbox::open(path)?.pass_over(known))
}

/// Cuts a message into pieces.
fn in_chunks(raw: Vec<u8>) -> impl Iterator<Item = Bytes> {
    (0..raw.len()).step_by(RAW_CHUNK).map(move |start| {
        let end = raw.len().min(start + RAW_CHUNK);
        Bytes(raw.get(start..end).unwrap_or_default().to_vec())
    })
}

fn go_on(caller: &Cancellation) -> ControlFlow<()> {
    if caller.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// How far an import has come, in bytes of the mailbox, and in words.
fn in_bytes(progress: ImportProgress, total: Option<u64>) -> Progress {
    let ImportProgress { seen, added, bytes, .. } = progress;
    Progress::new(bytes, total, format!("{seen} messages read, {added} new"))
}
