//! The service declaration of hallway: [`macro@service`], [`macro@Error`] and [`macro@Open`].
//!
//! Use them as `hallway::service` and so on: what they generate names the library as
//! `::hallway`. The examples here are not compiled, because they need the library, which depends on this
//! crate; its tests declare a service with everything that is described below.

mod attributes;
mod error;
mod fields;
mod mistakes;
mod names;
mod open;
mod reserved;
mod service;

use proc_macro::TokenStream;

/// Declares a service: a trait that one process implements and others call.
///
/// ```ignore (needs the library, which depends on this crate)
/// /// Full-text search over the mail on this machine.
/// #[hallway::service(name = "mail", version = "1.0")]
/// pub trait Mail {
///     /// Messages that match a query, newest first.
///     #[idempotent]
///     async fn search(
///         &self,
///         /** What to look for. */ query: String,
///         #[default(50)] limit: u32,
///     ) -> Result<Vec<Envelope>, MailError>;
///
///     /// Adds the mail of a file, and shows how far it is.
///     async fn import(&self, cx: &Context, path: PathBuf) -> Result<Report, MailError>;
///
///     /// Mail as it arrives, from an event on.
///     fn arrivals(&self, since: Option<u64>) -> Subscription<Arrival>;
///
///     /// All messages, one after the other.
///     fn export(&self) -> impl Stream<Item = Result<Envelope, MailError>>;
///
///     /// Notes a line in the service's log.
///     #[notification]
///     async fn log(&self, line: String);
/// }
/// ```
///
/// The attribute takes the `name` of the service, which is what its callers and its files are called by,
/// and its `version`, the major and the minor number. Names that begin with `hallway` are the library's. With
/// `sidecar` beside them, its methods are [messages with a type](#messages-with-a-type) as well.
///
/// # What is generated
///
/// Next to the trait, and as visible as it; for a trait `Mail`:
///
/// | | |
/// |---|---|
/// | `Mail` | the trait, `Send + Sync + 'static`, whose futures and streams are `Send` |
/// | `MailService<T>` | what a server mounts, from an implementation: `MailService::new(store)`, or `from_arc` |
/// | `MailClient` | calls the service asynchronously, over a `hallway::Client` |
/// | `MailBlockingClient` | calls it from a thread that waits, over a `hallway::blocking::Client` |
/// | `mail_description()` | the description: doc comments, parameters, defaults, JSON Schemas, errors |
///
/// An implementation writes `async fn` as the trait does:
///
/// ```ignore (needs the library, which depends on this crate)
/// impl Mail for Store {
///     async fn search(&self, query: String, limit: u32) -> Result<Vec<Envelope>, MailError> {
///         self.index.search(&query, limit)
///     }
///     // and the other methods
/// }
/// ```
///
/// # Methods
///
/// A method takes `&self`: all calls share one service, and run at the same time. What it gives back
/// decides what its callers get, here from the asynchronous client; from the blocking one it is the same,
/// without `async` and with the streams of `hallway::blocking`.
///
/// | declared | called |
/// |---|---|
/// | `async fn f(&self) -> T` | `async fn f(&self) -> Result<T, CallError>` |
/// | `async fn f(&self) -> Result<T, E>` | `async fn f(&self) -> Result<Result<T, E>, CallError>` |
/// | `fn f(&self) -> impl Stream<Item = T>` | `async fn f(&self) -> Result<Items<T>, CallError>` |
/// | `fn f(&self) -> impl Stream<Item = Result<T, E>>` | `async fn f(&self) -> Result<TryItems<T, E>, CallError>` |
/// | `fn f(&self) -> Subscription<T>` | `async fn f(&self) -> Result<Events<T>, CallError>` |
/// | `#[notification] async fn f(&self)` | `async fn f(&self) -> Result<(), CallError>`, which waits for no answer |
///
/// The outer error says that the conversation failed, the inner one that the service said no. These types
/// are recognised by their names, so `Result` is written with its error type, and an alias of `Result`,
/// `Stream` or `Subscription` is not seen through.
///
/// On a method:
///
/// - `#[idempotent]`: the method may run twice, so a client of ours calls it again by itself when it is
///   unknown whether the first call ran.
/// - `#[notification]`: the method has no answer.
/// - `#[bulk]`: calls of the method take no place of those that are kept for interactive ones. For what takes
///   long or comes in crowds, such as an import: however many of them run, the others still begin at once.
/// - `#[params_max = 4 * 1024 * 1024]`: the longest parameters of the method, in bytes, a constant of at
///   most `hallway::limits::FRAME_MAX`, in place of 1 MiB. A longer one is refused by its id.
/// - `#[name = "find"]`: the method's name on the wire, in place of its name here. `client`, `clone`,
///   `from`, `new` and `with` need one, because the clients have such methods of their own.
/// - Doc comments are the description's, and the clients' as well. `#[cfg]`, `#[deprecated]` and `#[allow]`
///   hold for all that is generated for the method, any other attribute for the trait's method alone.
///
/// # Parameters
///
/// A parameter travels by its name, and its type is owned: it implements `Serialize`, `Deserialize` and
/// `JsonSchema`, as does what a method gives back. Binary data is `hallway::Bytes`: a `Vec<u8>` travels as a
/// list of numbers. A caller may leave out
///
/// - an `Option`, which is then `None`;
/// - a parameter with `#[default(50)]`, which is then the value of the expression;
/// - a parameter with `#[default]`, which is then `Default::default()`.
///
/// A parameter that the method does not have is refused. A doc comment on a parameter,
/// `/** What to look for. */ query: String`, is the description's.
///
/// One argument, in any place, may be `cx: &Context`: the caller's credentials, the deadline, cancellation,
/// progress, and the way to call back. It does not travel, so the clients do not have it. It is recognised
/// by its name: no parameter can have a type of its own called `Context`.
///
/// # Messages with a type
///
/// Agents that know nothing of hallway may talk to a service in lines such as
/// `{"type":"list_peers","payload":{}}`, the sidecar dialect of `spec/wire.md`. A service that says `sidecar` is
/// spoken to by the names of its methods, and nothing is named twice:
///
/// ```ignore (needs the library, which depends on this crate)
/// #[hallway::service(name = "mesh", version = "1.0", sidecar)]
/// pub trait Mesh {
///     /// `{"type":"connect","payload":{"target_peer_id":"a"}}`: says nothing, unless it fails.
///     async fn connect(&self, target_peer_id: String) -> Result<(), MeshError>;
///
///     /// `{"type":"list_peers"}` is answered by `{"type":"peer_list","payload":...}`.
///     #[reply = "peer_list"]
///     async fn list_peers(&self) -> PeerList;
///
///     /// `{"type":"peer_connected","payload":...}` comes to every agent, without asking.
///     fn peer_connected(&self) -> Subscription<Peer>;
/// }
/// ```
///
/// - A method is a command. `#[reply = "peer_list"]` is the type of the message that its result is sent in;
///   without it, a result is sent in a message of the type `result`, and `()` not at all.
/// - A method that returns a `Subscription` is a source of events, to which every agent is subscribed as it
///   connects: so a caller may leave out all of its parameters.
/// - `#[name = "..."]` gives a message another type than the method's name.
///
/// The services of one server share the types: a second command, or a second event, of one type is refused,
/// by a panic, when the service is added to the server.
///
/// # Errors
///
/// What cannot be a service is a compile error that names what to write, all of them at once: a trait that
/// is generic or has more than methods, a method without `&self`, a type that borrows, two methods of one
/// name, and so on.
#[proc_macro_attribute]
pub fn service(arguments: TokenStream, item: TokenStream) -> TokenStream {
    written(service::expand(arguments.into(), item.into()))
}

/// Derives what an enum needs to be the error of a service: it travels by its code and its fields.
///
/// ```ignore (needs the library, which depends on this crate)
/// #[derive(Debug, Clone, PartialEq, hallway::Error)]
/// pub enum MailError {
///     /// The query cannot be read.
///     #[error("column {column}: {reason}")]
///     BadQuery { column: u32, reason: String },
///
///     /// There is no such message.
///     #[error("no message {id}", code = "not_found")]
///     NoMessage { id: u64 },
///
///     /// Somebody else writes to the mail store.
///     #[error("the mail store is locked", retryable)]
///     Locked,
/// }
/// ```
///
/// It implements [`Display`](std::fmt::Display), [`Error`](std::error::Error) and
/// `hallway::service::ServiceError`. Clients in Rust get the enum back as it was; to any other client it is
/// a code, a message and an object with the fields.
///
/// Each variant is a unit or has named fields, whose types implement `Serialize`, `Deserialize` and
/// `JsonSchema`. Doc comments of variants and fields are the description's. In `#[error(...)]`:
///
/// - first the message, a format string that names the fields it shows: what happened, to what, and what to
///   do, in lower case and without a full stop;
/// - `code = "not_found"`: the code, by default the variant's name in snake case. Codes are part of what a
///   service promises: a client in another language decides by them. Those of a failed conversation, such as
///   `internal` or `unknown_method`, are the library's;
/// - `retryable`: the same call may succeed later.
///
/// A code that a client does not know, from a service newer than the client, reaches its caller as a
/// `CallError` with all of its parts.
///
/// # Errors
///
/// What cannot travel is a compile error that names what to write, all of them at once: a variant without
/// `#[error]` or with unnamed fields, a code that is badly formed, the library's, or another variant's.
#[proc_macro_derive(Error, attributes(error))]
pub fn error(item: TokenStream) -> TokenStream {
    written(error::expand(item.into()))
}

/// Derives what an enum needs to travel and to stay readable when it grows: a variant from a newer peer, which this
/// build does not know, is read, kept, and passed on as it came.
///
/// ```ignore (needs the library, which depends on this crate)
/// /// What becomes of a job.
/// #[derive(Debug, Clone, PartialEq, hallway::Open)]
/// pub enum State {
///     /// Nobody works on it yet.
///     Waiting,
///     /// Somebody does.
///     Running { percent: u8 },
///     /// It is done.
///     #[name = "finished"]
///     Done(Report),
///     /// What this build does not know.
///     Unknown(hallway::Unknown),
/// }
/// ```
///
/// It implements `Serialize`, `Deserialize` and `JsonSchema`. A variant travels by its name in snake case, or by what
/// `#[name = "..."]` says: as text, `"waiting"`, if it holds nothing, else as an object of one member,
/// `{"running":{"percent":50}}`. One variant, `Unknown(hallway::Unknown)`, is for all other names. What is not known
/// inside a variant is ignored: further fields, and a value in a variant that holds nothing here. A field that may be
/// absent is an `Option`; what needs more of `serde` is a struct of its own, `Done(Report)`.
///
/// Use it for what may be passed over or on by who does not know it: results, events, and what is inside them. A
/// choice that has to be obeyed, such as the order of a search, is better a plain enum with `serde`'s own derives: then
/// a call with an unknown one is answered with `bad_params`, where an open one would reach the method.
///
/// # Errors
///
/// What would not be open is a compile error that names what to write, all of them at once: an enum without a variant
/// for the rest, a `#[serde(...)]` on it, two variants of one name, and so on.
#[proc_macro_derive(Open, attributes(name, serde))]
pub fn open(item: TokenStream) -> TokenStream {
    written(open::expand(item.into()))
}

fn written(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
