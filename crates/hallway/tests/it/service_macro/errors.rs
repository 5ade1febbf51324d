//! The service's own errors, there and back, and those that the caller does not know.

use hallway::client::Outcome;
use hallway::service::ServiceError as _;
use hallway::{CallError, WireError};
use serde_json::json;

use super::sample::{MailBlockingClient, MailClient, MailError, MailService, Store, odd};
use crate::world::World;

/// The errors that `import` gives for the types from 0 on.
fn errors() -> [MailError; 4] {
    [MailError::NoMessage { id: u64::MAX }, MailError::Empty {}, MailError::Locked, odd()]
}

#[tokio::test]
async fn an_error_comes_back_as_it_was() {
    let world = World::serving(MailService::new(Store::default()));
    for client in world.clients().await {
        let mail = MailClient::new(client);
        let bad = mail.search("bad".into(), 1, false, None).await.unwrap();
        assert_eq!(bad, Err(MailError::BadQuery { column: 3, reason: "a `)` too many".to_owned() }));
        for (kind, error) in (0..).zip(errors()) {
            assert_eq!(mail.import("/a".into(), kind).await.unwrap(), Err(error));
        }
        assert_eq!(mail.as_ref(0).await.unwrap(), Err(MailError::NoMessage { id: 0 }));
    }
    let from_a_thread = world.blocking(|client| {
        let mail = MailBlockingClient::new(client);
        (0..4).map(|kind| mail.import("/a".into(), kind).unwrap().unwrap_err()).collect::<Vec<_>>()
    });
    assert_eq!(from_a_thread.await, errors());
}

#[test]
fn an_error_is_a_code_a_message_and_its_fields() {
    let wire = MailError::BadQuery { column: 3, reason: "no".to_owned() }.to_wire();
    let details = json!({"column": 3, "reason": "no"});
    assert_eq!(wire, WireError::new("bad_query", "column 3: no").with_details(&details));
    let wire = MailError::NoMessage { id: 7 }.to_wire();
    assert_eq!(wire, WireError::new("not_found", "no message 7").with_details(&json!({"id": 7})));
    let locked = WireError::new("locked", "the mail store is locked").retryable(true);
    assert_eq!(MailError::Locked.to_wire(), locked);
    assert_eq!(odd().to_string(), "m, 1, 2, {},   3");
    assert_eq!(odd().to_wire().code, "odd");
}

#[test]
fn what_cannot_be_read_back_is_nothing() {
    assert_eq!(MailError::from_wire(&WireError::new("locked", "in other words")), Some(MailError::Locked));
    assert_eq!(MailError::from_wire(&WireError::new("unheard_of", "")), None);
    assert_eq!(MailError::from_wire(&WireError::new("not_found", "no details")), None);
    let wrong = WireError::new("not_found", "").with_details(&json!({"id": "seven"}));
    assert_eq!(MailError::from_wire(&wrong), None);
    let more = WireError::new("not_found", "").with_details(&json!({"id": 7, "new": true}));
    assert_eq!(MailError::from_wire(&more), Some(MailError::NoMessage { id: 7 }));
}

/// The service as a client knows it that was built before today's.
mod older {
    #[derive(Debug, PartialEq, hallway::Error)]
    pub(super) enum MailError {
        #[error("no message {id}", code = "not_found")]
        NoMessage { id: u64 },
    }

    #[hallway::service(name = "mail", version = "1.0")]
    pub(super) trait Mail {
        async fn import(&self, path: String, r#type: u8) -> Result<String, MailError>;
        async fn count(&self) -> String;
        async fn search(&self, query: String) -> Vec<u64>;
    }
}

#[tokio::test]
async fn a_code_that_the_client_does_not_know_reaches_its_caller_whole() {
    let world = World::serving(MailService::new(Store::default()));
    for client in world.clients().await {
        let mail = older::MailClient::new(client);
        let known = mail.import("/a".into(), 0).await.unwrap();
        assert_eq!(known, Err(older::MailError::NoMessage { id: u64::MAX }));
        let unknown = mail.import("/a".into(), 3).await.unwrap_err();
        assert_eq!((unknown.code(), unknown.outcome()), ("odd", Outcome::Completed));
        assert!(matches!(&unknown, CallError::Remote(error) if *error == odd().to_wire()), "{unknown:?}");
        // Here the client does not know that the method can say no.
        let unexpected = mail.search("bad".into()).await.unwrap_err();
        assert!(matches!(&unexpected, CallError::Remote(error) if error.code == "bad_query"));
    }
    let from_a_thread =
        world.blocking(|client| older::MailBlockingClient::new(client).import("/a".into(), 2).unwrap_err());
    assert!(matches!(from_a_thread.await, CallError::Remote(error) if error.retryable));
}

#[tokio::test]
async fn an_answer_of_another_shape_is_told_apart() {
    let world = World::serving(MailService::new(Store::default()));
    for client in world.clients().await {
        let error = older::MailClient::new(client).count().await.unwrap_err();
        assert!(matches!(error, CallError::BadResult(_)), "{error:?}");
        assert_eq!((error.code(), error.outcome()), ("unexpected_result", Outcome::Completed));
    }
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_call_and_no_other() {
    let world = World::serving(MailService::new(Store::default()));
    for client in world.clients().await {
        let mail = MailClient::new(client);
        let error = mail.search("panic".into(), 1, false, None).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), ("internal", Outcome::Unknown));
        assert!(!error.to_string().contains("asked to"), "{error}");
        assert_eq!(mail.count().await.unwrap(), 0);
    }
}
