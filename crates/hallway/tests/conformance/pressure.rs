//! More than the buffers on the way hold.

use std::time::Duration;

use futures_util::future::{join, join_all};
use hallway::Client;
use hallway_testkit::{Guest, GuestService, Setting, Stage, eventually, probe, within};
use serde_json::json;

use crate::stage::{probe_client, staged};

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

struct Doubler;

impl Guest for Doubler {
    async fn double(&self, number: u64) -> u64 {
        number * 2
    }
}

pub(crate) async fn long_calls_and_long_answers_pass_each_other(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let texts = (0..60).map(|number| {
        let (probe, text) = (probe.clone(), format!("{number} ").repeat(15_000));
        async move { probe.echo(text.clone()).await.unwrap() == text }
    });
    let same = within("60 long answers", join_all(texts)).await;
    assert!(same.into_iter().all(|same| same));
}

pub(crate) async fn both_sides_call_each_other_all_at_once(setting: Setting) {
    within("2000 calls each way", each_way(setting, 2000)).await;
}

/// More than either side may have open, or have in line.
pub(crate) async fn f48_ten_thousand_calls_each_way_do_not_block_each_other(setting: Setting) {
    let calls = each_way(setting, 10_000);
    tokio::time::timeout(Duration::from_secs(60), calls).await.expect("10,000 calls each way");
}

async fn each_way(setting: Setting, calls: u32) {
    let stage = Stage::start(setting, probe).await;
    let client = stage.client_from(Client::builder().serve(GuestService::new(Doubler))).await;
    let probe = probe_client(client);
    let ours = (0..i64::from(calls)).map(|number| {
        let probe = probe.clone();
        async move { probe.add(number, 1).await.unwrap() == number + 1 }
    });
    let (ours, theirs) = join(join_all(ours), probe.ask(calls.into())).await;
    assert!(ours.into_iter().all(|right| right));
    assert_eq!(theirs.unwrap(), Ok(calls.into()));
}
