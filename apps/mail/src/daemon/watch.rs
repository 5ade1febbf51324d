//! Hears of changes in the mailbox.

use std::path::Path;
use std::sync::Arc;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::sync::Sync;

/// Has `sync` run whenever something changes at `mailbox`, for as long as the watcher lives. Without the
/// system's help, mail is taken in at the start and when asked for.
pub(super) fn watch(mailbox: &Path, sync: &Arc<Sync>) -> Option<RecommendedWatcher> {
    // The watcher's thread may outlive it for a moment, and must not keep the engine open then.
    let sync = Arc::downgrade(sync);
    let runtime = tokio::runtime::Handle::current();
    let (directory, mode, file) = match mailbox.parent() {
        // Programs replace the file: it is its directory that keeps telling of it.
        Some(parent) if mailbox.is_file() => (parent, RecursiveMode::NonRecursive, Some(mailbox.to_owned())),
        _ => (mailbox, RecursiveMode::Recursive, None),
    };
    let changed = move |event: notify::Result<Event>| {
        let concerns = event.is_ok_and(|event| concerns(&event, file.as_deref()));
        if let Some(sync) = sync.upgrade().filter(|_| concerns) {
            let _on_the_runtime = runtime.enter();
            sync.begin();
        }
    };
    let watcher = notify::recommended_watcher(changed)
        .and_then(|mut watcher| watcher.watch(directory, mode).map(|()| watcher));
    watcher
        .inspect_err(
            |error| tracing::warn!(%error, "the mailbox cannot be watched; `sync` takes in what is new"),
        )
        .ok()
}

/// Whether there may be new mail: in `file`, where the mailbox is one.
fn concerns(event: &Event, file: Option<&Path>) -> bool {
    // Reading the mailbox is an event too. A mail in `tmp` is still being written.
    let in_tmp = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("tmp"));
    let counts = |path: &Path| file.map_or_else(|| !in_tmp(path), |file| path == file);
    !matches!(event.kind, EventKind::Access(_))
        && (event.need_rescan() || event.paths.iter().any(|path| counts(path)))
}
