//! Hears of changes in the mailbox.

use std::path::Path;
use std::sync::Arc;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::sync::Sync;

/// Has `sync` run whenever something changes at `mailbox`, for as long as the watcher lives. Without the
/// system's help, mail is taken in at the start and when asked for.
pub(super) fn watch(mailbox: &Path, sync: &Arc<Sync>) -> Option<RecommendedWatcher> {
    let runtime = tokio::runtime::Handle::current();
    // The watcher's thread ends some time after the watcher: the store must not stay open for it.
    let sync = Arc::downgrade(sync);
    let changed = move |event: notify::Result<notify::Event>| {
        // Reading the mailbox is an event too, and no reason to read it.
        let changes = event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_)));
        if let Some(sync) = sync.upgrade().filter(|_| changes) {
            let _on_the_runtime = runtime.enter();
            sync.begin();
        }
    };
    let watcher = notify::recommended_watcher(changed)
        .and_then(|mut watcher| watcher.watch(mailbox, RecursiveMode::Recursive).map(|()| watcher));
    watcher
        .inspect_err(
            |error| tracing::warn!(%error, "the mailbox cannot be watched; `sync` takes in what is new"),
        )
        .ok()
}
