//! More than the buffers on the way hold.

use hallway_testkit::{Setting, eventually};
use serde_json::json;

use crate::stage::staged;

/// More than a socket and the queues of both sides hold together.
const LONG: usize = 4 * 1024 * 1024;

pub(crate) async fn a_peer_that_goes_in_the_middle_of_an_answer_is_forgotten(setting: Setting) {
    let (stage, beside) = staged(setting).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.big", json!({ "size": LONG })).await;
    raw.swallow(1000).await;
    drop(raw);
    let handle = stage.handle();
    eventually("the connection is forgotten", async || handle.status().unwrap().connections.now == 1).await;
    assert_eq!(beside.add(1, 1).await.unwrap(), 2);
}
