//! An error that is not an error of a service.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    async fn delete(&self, id: u64) -> Result<(), String>;
}

fn main() {}
