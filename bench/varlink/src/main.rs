//! Echo over a Unix socket on zlink, as its documentation shows a service. `neighbour-varlink SOCKET`.

use std::error::Error;

use serde::{Deserialize, Serialize};
use zlink::introspect::{self, CustomType};
use zlink::tokio::unix;
use zlink::{Server, service};

#[derive(Debug, Clone, Serialize, Deserialize, CustomType)]
struct Echoed {
    text: String,
}

#[derive(Debug, Clone, PartialEq, zlink::ReplyError, introspect::ReplyError)]
#[zlink(interface = "org.example.Neighbour")]
enum NeighbourError {
    NotDone,
}

struct Neighbour;

#[service(
    interface = "org.example.Neighbour",
    vendor = "Neighbours",
    product = "Echo",
    version = "1",
    url = "https://example.org/",
    types = [Echoed]
)]
impl Neighbour {
    async fn echo(&mut self, text: String) -> Result<Echoed, NeighbourError> {
        Ok(Echoed { text })
    }
}

// As in the documentation's examples, several threads are at hand; the server itself is one future.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("neighbour-varlink SOCKET")?;
    Server::new(unix::bind(&path)?, Neighbour).run().await?;
    Ok(())
}
