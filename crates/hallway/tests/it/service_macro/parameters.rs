//! What a caller may leave out, and what it is told when its parameters do not fit.

use hallway::service::Method;
use hallway::{CallError, Client, Items, WireError};
use serde_json::{Value, json};

use super::sample::{MailClient, MailService, Store};
use crate::world::{World, soon};

async fn client() -> (World, Client) {
    let world = World::serving(MailService::new(Store::default()));
    let [_, client] = world.clients().await;
    (world, client)
}

/// Calls with parameters that the typed client could not send.
async fn raw(client: &Client, name: &'static str, params: Value) -> Result<Value, CallError> {
    client.call(&Method { name, idempotent: false }, &params).await
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> WireError {
    match outcome {
        Err(CallError::Remote(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_left_out_is_the_default() {
    let (_world, client) = client().await;
    for (params, answer) in [
        (json!({"query": "q"}), (50, "q, false, None")),
        (json!({"query": "q", "limit": 1, "all": true, "folder": "in"}), (1, "q, true, Some(\"in\")")),
        (json!({"query": "q", "folder": null}), (50, "q, false, None")),
        // By position, as a line typed by hand may have them.
        (json!(["q", 1, true, "in"]), (1, "q, true, Some(\"in\")")),
        (json!(["q", 1, true, null]), (1, "q, true, None")),
        (json!(["q", 1]), (1, "q, false, None")),
        (json!(["q"]), (50, "q, false, None")),
    ] {
        let (id, subject) = answer;
        let found = raw(&client, "mail.search", params.clone()).await;
        assert_eq!(found.unwrap(), json!([{"id": id, "subject": subject}]), "{params}");
    }
}

#[tokio::test]
async fn a_method_without_parameters_takes_none_in_every_way() {
    let (_world, client) = client().await;
    for params in [json!({}), json!([]), Value::Null] {
        assert_eq!(raw(&client, "mail.count", params.clone()).await.unwrap(), 0, "{params}");
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_named() {
    let (_world, client) = client().await;
    for (method, params, named) in [
        ("mail.search", json!({}), "`query`"),
        ("mail.search", json!({"limit": 1}), "`query`"),
        ("mail.search", json!({"query": 5}), "query"),
        ("mail.search", json!({"query": null}), "query"),
        ("mail.search", json!({"query": "q", "limit": -1}), "limit"),
        ("mail.search", json!({"query": "q", "limit": "many"}), "limit"),
        ("mail.search", json!({"query": "q", "folder": ["in"]}), "folder"),
        ("mail.search", json!({"query": "q", "limits": 3}), "`limits`"),
        ("mail.search", json!({"query": "q", "QUERY": 3}), "`QUERY`"),
        (
            "mail.search",
            json!([]),
            "0 in a list, and `query` is missing (it takes: query, limit, all, folder)",
        ),
        ("mail.search", json!([5]), "do not fit: `query`: invalid type"),
        ("mail.search", json!(["q", "many"]), "do not fit: `limit`: invalid type"),
        ("mail.search", json!(["q", 1, true, [null]]), "do not fit: `folder`: "),
        ("mail.search", json!(["q", 1, true, null, 5]), "5 in a list, where 4 are the most"),
        ("mail.search", json!("q"), "(it takes: query, limit, all, folder)"),
        ("mail.import", json!({"path": "/a"}), "`type`"),
        ("mail.import", json!({"path": "/a", "type": 9, "cx": 1}), "`cx`"),
        ("mail.count", json!({"more": 1}), "`more`"),
        ("mail.count", json!([1]), "1 in a list, where 0 are the most (it takes: nothing)"),
    ] {
        let error = refusal(raw(&client, method, params.clone()).await);
        let message = &error.message;
        assert_eq!(error.code, "bad_params", "{method} {params}: {message}");
        assert!(message.contains(named), "{method} {params}: {message:?} does not name {named}");
        assert!(message.contains(method.trim_start_matches("mail.")), "{message:?} names the method");
        assert!(!message.contains("__"), "{message:?} shows a name of the macro's");
        assert!(!message.contains("not valid"), "{message:?} speaks of JSON, which is well");
        assert!(!error.retryable);
    }
}

#[tokio::test]
async fn the_parameters_of_a_stream_are_checked_before_it_begins() {
    let (_world, client) = client().await;
    let method = Method { name: "mail.numbers", idempotent: false };
    let mut items: Items<u32> = client.stream(&method, &json!({"below": "ten"})).await.unwrap();
    let error = refusal(soon(items.next()).await.unwrap());
    assert_eq!(error.code, "bad_params");
    assert!(error.message.contains("below"), "{}", error.message);
    assert!(soon(items.next()).await.is_none());
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_answered_with_the_near_one() {
    let (_world, client) = client().await;
    for (name, says) in [
        ("mail.serach", "did you mean `search`?"),
        ("mail.as_ref", "there are: search, import"),
        ("mail.", "no method `mail.`"),
        ("mial.search", "did you mean `mail`?"),
        ("search", "no service `search`"),
        ("", "no service ``"),
    ] {
        let error = refusal(raw(&client, name, json!({})).await);
        assert_eq!(error.code, "unknown_method", "{name}");
        assert!(error.message.contains(says), "{name}: {:?} does not say {says:?}", error.message);
    }
}

#[tokio::test]
async fn a_notification_that_does_not_fit_is_not_answered_and_harms_nobody() {
    let (_world, client) = client().await;
    for name in ["mail.log", "mail.no_such_method", "mail.search"] {
        client.notify(&Method { name, idempotent: false }, &json!({"lines": 3})).await.unwrap();
    }
    assert_eq!(soon(MailClient::new(client).count()).await.unwrap(), 0);
}
