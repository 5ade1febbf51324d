//! The daemon: the engine behind the service.

mod arrivals;
mod sync;
mod watch;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use hallway::lifecycle::{Daemon, Failure, Phase, Starting};
use hallway::server::ServerBuilder;
use hallway::service::Cancellation;
use hallway::{Bytes, Context, Progress, Subscription};
use notify::RecommendedWatcher;

use crate::mailbox::Mailbox;
use crate::model::{Envelope, FullMessage, ImportProgress, ImportReport, Mark, MessageId, Sort, Stats};
use crate::service::{Mail, MailError, MailService, with_causes};
use crate::{Engine, Place, sample};
use arrivals::Arrivals;
use sync::Sync;

/// Runs the daemon to its end.
#[must_use]
pub fn run(place: &Place) -> ExitCode {
    let daemon = Daemon::new(place.instance().clone(), env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    daemon.run(|starting, server| start(place, starting, server))
}

/// Opens the engine. Without a mailbox of the user's own, an empty one takes in the sample.
fn start(place: &Place, starting: &mut Starting, server: ServerBuilder) -> Result<ServerBuilder, Failure> {
    let dir = place
        .data_dir()
        .ok_or_else(|| Failure::new("no_data_dir", "HOME is not set: set it, or XDG_DATA_HOME"))?;
    let failure = |error| Failure::new("storage", with_causes(&error));
    let engine = Arc::new(Engine::open(dir).map_err(failure)?);
    let newest = engine.newest().map_err(failure)?;
    if newest.is_none() {
        match place.mailbox() {
            Some(mailbox) => starting.phase(&Phase::new(NEW_MAILBOX).detail(mailbox.to_string_lossy())),
            None => {
                starting.phase(&Phase::new(SAMPLE));
                engine.import(&mut sample::sample(), &mut |_| ControlFlow::Continue(())).map_err(failure)?;
            }
        }
    }
    let arrivals = Arc::new(Arrivals::new(&engine).map_err(failure)?);
    let own = place.mailbox().map(|mailbox| {
        let sync = Sync::new(Arc::clone(&engine), Arc::clone(&arrivals), mailbox.to_owned(), server.leases());
        sync.begin();
        let watcher = watch::watch(mailbox, &sync);
        Own { sync, _watcher: watcher }
    });
    Ok(server.service(MailService::new(MailDaemon { engine, arrivals, own })))
}

/// The phase in which the sample is taken in.
pub const SAMPLE: &str = "importing_sample";

/// The phase that tells of a mailbox that has not been looked into yet.
pub const NEW_MAILBOX: &str = "new_mailbox";

struct MailDaemon {
    engine: Arc<Engine>,
    arrivals: Arc<Arrivals>,
    own: Option<Own>,
}

/// The user's own mailbox: what keeps up with it, and what tells that there is something to keep up with.
struct Own {
    sync: Arc<Sync>,
    _watcher: Option<RecommendedWatcher>,
}

impl MailDaemon {
    /// Asks the engine on a thread that may wait for the disk.
    async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine) -> Result<R, crate::EngineError> + Send + 'static,
    ) -> Result<R, MailError> {
        let engine = Arc::clone(&self.engine);
        on_a_thread(move || Ok(question(&engine)?)).await
    }
}

/// Runs something that waits for the disk.
async fn on_a_thread<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, MailError> + Send + 'static,
) -> Result<R, MailError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(MailError::Storage { reason: error.to_string() }))
}

impl Mail for MailDaemon {
    async fn search(&self, query: String, limit: u32, sort: Sort) -> Result<Vec<Envelope>, MailError> {
        self.ask(move |engine| engine.search(&query, limit as usize, sort)).await
    }

    async fn count(&self, query: String) -> Result<u64, MailError> {
        self.ask(move |engine| engine.count(&query)).await
    }

    async fn read(&self, id: MessageId) -> Result<FullMessage, MailError> {
        self.ask(move |engine| engine.message(id)).await
    }

    async fn raw(&self, id: MessageId) -> Result<Bytes, MailError> {
        self.ask(move |engine| engine.raw(id).map(Bytes)).await
    }

    async fn thread(&self, id: MessageId) -> Result<Vec<Envelope>, MailError> {
        self.ask(move |engine| engine.thread(id)).await
    }

    async fn mark(&self, ids: Vec<MessageId>, mark: Mark) -> Result<u64, MailError> {
        self.ask(move |engine| engine.mark(&ids, mark)).await
    }

    async fn label(
        &self,
        ids: Vec<MessageId>,
        add: Vec<String>,
        remove: Vec<String>,
    ) -> Result<u64, MailError> {
        self.ask(move |engine| engine.label(&ids, &add, &remove)).await
    }

    async fn import(&self, cx: &Context, path: PathBuf) -> Result<ImportReport, MailError> {
        let (engine, arrivals) = (Arc::clone(&self.engine), Arc::clone(&self.arrivals));
        let caller = cx.cancellation();
        on_a_thread(move || {
            let mut mailbox = Mailbox::open(&path)?;
            let total = mailbox.len_hint();
            let outcome = engine.import(&mut mailbox, &mut |progress| {
                caller.progress(in_bytes(progress, total));
                go_on(&caller)
            });
            arrivals.publish_new(&engine);
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
        self.ask(move |engine| {
            engine.reindex(&mut |progress| {
                caller.progress(Progress::new(progress.done, Some(progress.total), "messages"));
                go_on(&caller)
            })
        })
        .await
    }

    async fn stats(&self) -> Result<Stats, MailError> {
        self.ask(Engine::stats).await
    }
}

fn go_on(caller: &Cancellation) -> ControlFlow<()> {
    if caller.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// How far an import has come, in bytes of the mailbox, and in words.
fn in_bytes(progress: ImportProgress, total: Option<u64>) -> Progress {
    let ImportProgress { seen, added, bytes, .. } = progress;
    Progress::new(bytes, total, format!("{seen} messages read, {added} new"))
}
