//! What the methods are as messages with a type.

#[hallway::service(name = "mail", version = "1.0")]
pub trait NotDeclared {
    #[reply = "found"]
    async fn search(&self) -> u64;
}

#[hallway::service(name = "mail", version = "1.0", sidecar)]
pub trait Mail {
    #[reply(found)]
    async fn search(&self) -> u64;
    #[reply = "error"]
    async fn find(&self) -> u64;
    #[reply = "gone"]
    #[notification]
    async fn forget(&self);
    async fn hello(&self);
    fn arrivals(&self, folder: String) -> hallway::Subscription<u64>;
}

#[hallway::service(name = "mail", version = "1.0", sidecar = "yes")]
pub trait Loud {
    async fn count(&self) -> u64;
}

fn main() {}
