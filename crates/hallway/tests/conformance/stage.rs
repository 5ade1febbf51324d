//! What scenarios begin with.

use hallway::Client;
use hallway_testkit::{ProbeClient, Setting, Stage, probe};

/// A limit for message bodies that is cheap to reach, in bytes.
pub(crate) const FRAME_MAX: usize = 2000;

/// A server with a probe on it, and a client of that.
pub(crate) async fn staged(setting: Setting) -> (Stage, ProbeClient) {
    let stage = Stage::start(setting, probe).await;
    let client = probe_client(stage.client().await);
    (stage, client)
}

/// The same with short messages only.
pub(crate) async fn cramped(setting: Setting) -> (Stage, ProbeClient) {
    staged(setting.with_frame_max(FRAME_MAX)).await
}

pub(crate) fn probe_client(client: Client) -> ProbeClient {
    ProbeClient::new(client)
}
