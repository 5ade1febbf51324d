//! Hears of changes in the mailbox.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::sync::Sync;

/// Hears of changes until it is dropped.
pub(super) struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Has `sync` run whenever something changes at `mailbox`. Without the system's help, mail is taken in at the
/// start and when asked for.
pub(super) fn watch(mailbox: &Path, sync: &Arc<Sync>) -> Option<Watch> {
    let place = Place { mailbox: mailbox.to_owned(), is_file: mailbox.is_file() };
    let replaced = Arc::new(Notify::new());
    let watcher = notify::recommended_watcher(place.clone().on_change(sync, &replaced))
        .and_then(|mut watcher| place.watch(&mut watcher).map(|()| watcher));
    let mut watcher = watcher
        .inspect_err(
            |error| tracing::warn!(%error, "the mailbox cannot be watched; `sync` takes in what is new"),
        )
        .ok()?;
    let sync = Arc::downgrade(sync);
    let keeps_up = tokio::spawn(async move {
        loop {
            replaced.notified().await;
            let (place, sync) = (place.clone(), sync.clone());
            let watches = tokio::task::spawn_blocking(move || {
                if let Err(error) = place.watch(&mut watcher) {
                    tracing::warn!(%error, "the mailbox that has come cannot be watched");
                }
                // First watched, then looked into: what comes in between is not missed.
                if let Some(sync) = sync.upgrade() {
                    sync.begin();
                }
                watcher
            });
            match watches.await {
                Ok(same) => watcher = same,
                Err(_the_daemon_goes) => return,
            }
        }
    });
    Some(Watch(keeps_up.abort_handle()))
}

/// What is watched.
#[derive(Debug, Clone)]
struct Place {
    mailbox: PathBuf,
    is_file: bool,
}

impl Place {
    /// Asks the system to tell of it; may be asked again when another directory has taken its place.
    fn watch(&self, watcher: &mut RecommendedWatcher) -> notify::Result<()> {
        // Programs replace a file, and people a directory: what it is in keeps telling of it.
        let around = self.mailbox.parent().map(|parent| watcher.watch(parent, RecursiveMode::NonRecursive));
        if self.is_file {
            return around.unwrap_or(Ok(()));
        }
        watcher.watch(&self.mailbox, RecursiveMode::Recursive)
    }

    /// What the system calls. On its thread nothing can be asked of the watcher itself.
    fn on_change(
        self,
        sync: &Arc<Sync>,
        replaced: &Arc<Notify>,
    ) -> impl Fn(notify::Result<Event>) + Send + use<> {
        // The watcher's thread may outlive it for a moment, and must not keep the engine open then.
        let (sync, replaced) = (Arc::downgrade(sync), Arc::clone(replaced));
        let runtime = tokio::runtime::Handle::current();
        move |event| match event {
            Ok(event) if !self.is_file && self.comes(&event) => replaced.notify_one(),
            Ok(event) if self.changes(&event) => {
                if let Some(sync) = sync.upgrade() {
                    let _on_the_runtime = runtime.enter();
                    sync.begin();
                }
            }
            _ => {}
        }
    }

    /// Whether something has taken the mailbox's name.
    fn comes(&self, event: &Event) -> bool {
        let named = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
        named && event.paths.contains(&self.mailbox)
    }

    /// Whether there may be new mail.
    fn changes(&self, event: &Event) -> bool {
        // Reading the mailbox is an event too. A mail in `tmp` is still being written.
        let in_tmp = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("tmp"));
        let counts = |path: &Path| match self.is_file {
            true => path == self.mailbox,
            false => path.starts_with(&self.mailbox) && !in_tmp(path),
        };
        !matches!(event.kind, EventKind::Access(_))
            && (event.need_rescan() || event.paths.iter().any(|path| counts(path)))
    }
}
