//! What a method may give back.

#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    fn nothing(&self);
    fn value(&self) -> u64;
    fn future(&self) -> impl Future<Output = u64>;
    async fn stream(&self) -> impl Stream<Item = u64>;
    async fn subscription(&self) -> Subscription<u64>;
    fn items_of_what(&self) -> impl Stream;
    fn events_of_what(&self) -> Subscription;
    async fn alias(&self) -> io::Result<u64>;
    fn alias_in_a_stream(&self) -> impl Stream<Item = io::Result<u64>>;
    async fn borrowed(&self) -> &str;
    async fn opaque(&self) -> Result<u64, Box<dyn std::error::Error>>;
    #[notification]
    async fn answered(&self) -> u64;
    #[notification]
    fn streamed(&self) -> impl Stream<Item = u64>;
}

fn main() {}
