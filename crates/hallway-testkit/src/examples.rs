//! The service of `spec/vectors/jsonrpc.json`: what the examples of the JSON-RPC 2.0 specification call.
//! `spec/vectors/README.md` describes it.

/// What the examples of the JSON-RPC 2.0 specification call.
#[hallway::service(name = "example", version = "2.0")]
pub trait Example {
    /// The difference.
    async fn subtract(&self, minuend: i64, subtrahend: i64) -> i64;

    /// The sum.
    async fn sum(&self, a: i64, b: i64, c: i64) -> i64;

    /// `["hello", 5]`.
    async fn get_data(&self) -> (String, u64);

    /// Answers nothing.
    #[notification]
    async fn update(&self, a: u64, b: u64, c: u64, d: u64, e: u64);

    /// Answers nothing.
    #[notification]
    async fn notify_sum(&self, a: u64, b: u64, c: u64);

    /// Answers nothing.
    #[notification]
    async fn notify_hello(&self, to: u64);
}

/// The answers of the examples.
#[derive(Debug)]
pub struct Examples;

impl Example for Examples {
    async fn subtract(&self, minuend: i64, subtrahend: i64) -> i64 {
        minuend - subtrahend
    }

    async fn sum(&self, a: i64, b: i64, c: i64) -> i64 {
        a + b + c
    }

    async fn get_data(&self) -> (String, u64) {
        ("hello".to_owned(), 5)
    }

    async fn update(&self, _: u64, _: u64, _: u64, _: u64, _: u64) {}

    async fn notify_sum(&self, _: u64, _: u64, _: u64) {}

    async fn notify_hello(&self, _: u64) {}
}
