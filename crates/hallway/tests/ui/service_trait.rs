//! The trait around the methods.

#[hallway::service(name = "mail", version = "1.0")]
pub struct NotATrait;

#[hallway::service(name = "mail", version = "1.0")]
pub trait Generic<T>
where
    T: Send,
{
    async fn count(&self) -> T;
}

#[hallway::service(name = "mail", version = "1.0")]
pub trait MoreThanMethods {
    type Item;
    const LIMIT: u32;
    async fn count(&self) -> u64 {
        0
    }
}

#[hallway::service(name = "mail", version = "1.0")]
pub unsafe trait Unsafe {
    async fn count(&self) -> u64;
}

#[hallway::service(name = "mail", version = "1.0")]
pub trait Empty {}

fn main() {}
