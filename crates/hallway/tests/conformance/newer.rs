//! Servers that are newer than the client. For clients that are newer than the server: `spec/vectors/newer.json`.

use hallway::protocol::{Id, Message, Protocol};
use hallway::{CallError, Client, WireError};
use hallway_testkit::{JobsClient, RawServer, Report, Setting, State, within};
use serde_json::json;

pub(crate) async fn what_a_newer_server_says_beyond_this_version_is_passed_over(setting: Setting) {
    let mut server = RawServer::bind(setting).await;
    let jobs = JobsClient::new(server.reach().client_from(Client::builder()).await.unwrap());
    let mut raw = server.accept().await;
    raw.expect_hello().await;
    let hello = json!({ "program": "jobs 9", "features": ["zstd"], "resume": { "session": "a" } });
    raw.send_value(&json!({ "v": 1, "hello": hello, "signed": "abc" })).await;

    let newer = json!([
        { "job": 1, "state": "paused", "owner": { "name": "a" } },
        { "job": 2, "state": { "paused": { "until": [3, -4.5, null], "by": "a" } } },
        { "job": 3, "state": { "running": { "percent": 5, "eta": 60 } } },
    ]);
    let call = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.pass_on(Vec::new()).await }
    });
    let (id, ..) = raw.expect_call().await;
    // There, progress is a method of its own.
    if setting.wire.protocol() != Protocol::JsonRpc {
        raw.send_value(&json!({ "v": 1, "id": id, "progress": { "done": 1, "rate": 2 }, "eta": 3 })).await;
    }
    raw.send_value(&json!({ "v": 1, "id": id, "result": newer, "took_ms": 4 })).await;
    let reports: Vec<Report> = within("the answer", call).await.unwrap().unwrap();
    let names: Vec<_> = reports.iter().map(|report| name(&report.state)).collect();
    assert_eq!(names, ["paused", "paused", "running 5"]);

    // What is not known is passed on as it came.
    let call = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.pass_on(reports).await }
    });
    let (id, _, params) = raw.expect_call().await;
    assert_eq!(params["reports"][0], json!({ "job": 1, "state": "paused" }));
    assert_eq!(params["reports"][1], newer[1]);
    let error = WireError::new("asleep", "later").with_details(&json!({ "until": 7 })).retryable(true);
    raw.send::<()>(&Message::Error { id: Some(Id::Number(id)), error: error.clone() }).await;
    let failed = within("the error", call).await.unwrap().unwrap_err();
    assert!(matches!(&failed, CallError::Remote(remote) if *remote == error), "{failed:?}");

    // The connection is the same.
    let call = tokio::spawn(async move { jobs.pass_on(Vec::new()).await });
    let (id, ..) = raw.expect_call().await;
    raw.answer(id, json!([])).await;
    assert_eq!(within("the answer", call).await.unwrap().unwrap(), []);
}

fn name(state: &State) -> String {
    match state {
        State::Waiting => "waiting".to_owned(),
        State::Running { percent, .. } => format!("running {percent}"),
        State::Done(_) => "finished".to_owned(),
        State::Unknown(unknown) => unknown.name().to_owned(),
    }
}
