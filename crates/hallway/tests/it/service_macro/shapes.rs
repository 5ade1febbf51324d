//! Every shape of method, with every client.

use std::sync::Arc;

use hallway::{CallError, CallOptions, blocking};

use super::sample::{
    Envelope, Mail, MailBlockingClient, MailClient, MailError, MailService, Store, mail_description, odd,
};
use crate::world::{World, soon};

#[tokio::test]
async fn every_method_is_called_asynchronously() -> Result<(), CallError> {
    let store = Arc::new(Store::default());
    let world = World::serving(MailService::from_arc(Arc::clone(&store)));
    for (round, client) in world.clients().await.into_iter().enumerate() {
        let mail = MailClient::new(client);
        mail.touch().await?;
        assert_eq!(mail.count().await?, round as u64 + 1);
        let found = mail.search("tea".into(), 3, true, Some("in".into())).await?;
        assert_eq!(found, Ok(vec![Envelope::new(3, "tea, true, Some(\"in\")")]));
        assert_eq!(mail.search("tea".into(), 3, false, None).await?.unwrap()[0].subject, "tea, false, None");
        let user = nix::unistd::geteuid().as_raw();
        let imported = mail.import("/a/b".into(), 9).await?;
        assert_eq!(imported, Ok(format!("/a/b for user Some({user})")));
        assert_eq!(mail.echo(1, 2, 3, 4, 5, 6).await?, [1, 2, 3, 4, 5, 6]);
        assert_eq!(mail.as_ref(7).await?, Ok(()));

        mail.log(format!("line {round}")).await?;
        let mut lines = store.lines.subscribe();
        soon(lines.wait_for(|lines| lines.len() > round)).await.unwrap();
    }
    assert_eq!(*store.lines.borrow(), ["line 0", "line 1"]);
    Ok(())
}

#[tokio::test]
async fn every_method_is_called_from_a_thread() {
    let store = Arc::new(Store::default());
    let world = World::serving(MailService::from_arc(Arc::clone(&store)));
    let called = world.blocking(|client| -> Result<(), CallError> {
        let mail = MailBlockingClient::from(client);
        mail.touch()?;
        assert_eq!(mail.count()?, 1);
        let found = mail.search("tea".into(), 3, true, Some("in".into()))?;
        assert_eq!(found, Ok(vec![Envelope::new(3, "tea, true, Some(\"in\")")]));
        assert!(mail.import("/a/b".into(), 9)?.unwrap().starts_with("/a/b for user Some("));
        assert_eq!(mail.echo(1, 2, 3, 4, 5, 6)?, [1, 2, 3, 4, 5, 6]);
        assert_eq!(mail.as_ref(7)?, Ok(()));
        mail.log("line".into())?;
        assert_eq!(mail.import("/a/b".into(), 3)?, Err(odd()));
        Ok(())
    });
    called.await.unwrap();
    let mut lines = store.lines.subscribe();
    soon(lines.wait_for(|lines| *lines == ["line"])).await.unwrap();
}

#[tokio::test]
async fn clients_are_values() {
    let world = World::serving(MailService::new(Store::default()));
    let [client, _] = world.clients().await;
    let mail = MailClient::from(client).with(CallOptions::new());
    let same = mail.clone();
    assert!(format!("{same:?}").starts_with("MailClient"));
    assert_eq!(MailClient::new(same.client().clone()).count().await.unwrap(), 0);
    let count = world.blocking(|client: blocking::Client| {
        let mail = MailBlockingClient::new(client).with(CallOptions::new());
        MailBlockingClient::new(mail.client().clone()).count()
    });
    assert_eq!(count.await.unwrap(), 0);
    let service = MailService::new(Store::default());
    assert_eq!(format!("{:?}", service.clone()), "MailService");
}

/// An implementation is used without a server, too.
#[tokio::test]
async fn the_trait_is_an_ordinary_trait() {
    async fn first(mail: &impl Mail) -> Result<Option<Envelope>, MailError> {
        Ok(mail.search("q".into(), 1, false, None).await?.into_iter().next())
    }
    assert_eq!(first(&Store::default()).await.unwrap().unwrap().id, 1);
}

/// What is not compiled for this system is not described either, and the rest is, in order.
#[test]
fn the_description_lists_the_methods() {
    let names: Vec<_> = mail_description().methods.iter().map(|method| method.name.as_str()).collect();
    let declared = "search import count touch echo copy log numbers endless export arrivals";
    assert_eq!(names.join(" "), declared);
}

/// A service of which nothing is used, and one that is written by another macro.
mod declared_elsewhere {
    use hallway::CallError;

    use crate::service_macro::sample::MailError;
    use crate::world::World;

    #[hallway::service(name = "quiet", version = "1.0")]
    trait Quiet {
        async fn nothing(&self);
    }

    macro_rules! declare {
        ($name:ident, $ty:ty, $result:ty, $default:expr) => {
            #[hallway::service(name = "written", version = "1.0")]
            pub(crate) trait $name {
                async fn sum(&self, #[default($default)] one: $ty, other: Option<$ty>) -> $result;
            }
        };
    }
    declare!(Written, u8, Result<u8, MailError>, 3);

    struct Sum;

    impl Written for Sum {
        async fn sum(&self, one: u8, other: Option<u8>) -> Result<u8, MailError> {
            Ok(one + other.unwrap_or_default())
        }
    }

    #[tokio::test]
    async fn a_service_may_be_written_by_a_macro() -> Result<(), CallError> {
        let world = World::serving(WrittenService::new(Sum));
        for client in world.clients().await {
            assert_eq!(WrittenClient::new(client).sum(1, Some(2)).await?, Ok(3));
        }
        Ok(())
    }
}
