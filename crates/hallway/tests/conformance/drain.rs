//! A server that is told to stop.

use hallway::protocol::{Id, Message};
use hallway::server::AdminClient;
use hallway::{CallOptions, Outcome};
use hallway_testkit::{Setting, Stage, probe, within};
use serde_json::json;

use crate::stage::staged;
use crate::streams::{expect_items, open};

pub(crate) async fn open_calls_finish_and_further_ones_are_refused(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    open(&mut raw, 3, "probe.count", json!({ "to": 6 }), 3).await;
    expect_items(&mut raw, 3, 1..=3).await;
    stage.handle().drain("an upgrade");
    let Message::Goaway(goaway) = raw.expect().await else { panic!("a goaway was due") };
    assert_eq!((goaway.code.as_str(), goaway.message.as_str(), goaway.last), ("closing", "an upgrade", 3));
    raw.call(4, "probe.add", json!({ "a": 1 })).await;
    assert_eq!(raw.expect_refusal(4).await, "closing");
    raw.send::<()>(&Message::Grant { id: Id::Number(3), items: 10 }).await;
    expect_items(&mut raw, 3, 4..=6).await;
    assert!(raw.expect_answer(3).await.unwrap().is_null());
    raw.expect_end().await;
    within("nobody is left", stage.server().drained()).await;
}

pub(crate) async fn who_is_idle_is_told_and_let_go(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    stage.handle().drain("no reason");
    assert!(matches!(raw.expect().await, Message::Goaway(goaway) if goaway.last == 0));
    raw.expect_end().await;
    within("nobody is left", stage.server().drained()).await;
}

pub(crate) async fn a_client_reads_its_streams_to_the_end(setting: Setting) {
    let (stage, probe) = staged(setting).await;
    let mut numbers = probe.with(CallOptions::new().window(4)).count(200).await.unwrap();
    assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), 1);
    stage.handle().drain("an upgrade");
    for expected in 2..=200 {
        assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), expected);
    }
    assert!(within("the end", numbers.next()).await.is_none());
}

pub(crate) async fn a_client_can_stop_its_server(setting: Setting) {
    let (stage, probe) = staged(setting).await;
    let admin = AdminClient::new(stage.client().await);
    within("the answer", admin.stop()).await.unwrap();
    within("the server drains", stage.handle().draining()).await;
    within("nobody is left", stage.server().drained()).await;
    let error = within("the refusal", probe.echo("late".to_owned())).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotDispatched, "{error:?}");
}
