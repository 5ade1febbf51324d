use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ServerHandle;
use crate::service::documents::openrpc::document;

/// What tools that know nothing but JSON-RPC ask. Not listed among the services: it is of that dialect.
#[hallway::service(name = "rpc", version = "1.3", reserved)]
pub(super) trait Discovery {
    /// What there is to call, as an OpenRPC document.
    #[idempotent]
    async fn discover(&self) -> OpenRpc;
}

/// An OpenRPC document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OpenRpc(Value);

impl JsonSchema for OpenRpc {
    fn schema_name() -> Cow<'static, str> {
        "OpenRpc".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // The specification's own schema, by its name.
        json_schema!({ "$ref": "https://meta.open-rpc.org/" })
    }
}

impl Discovery for ServerHandle {
    async fn discover(&self) -> OpenRpc {
        let mut services = self.descriptions();
        services.push(discovery_description().clone());
        OpenRpc(document(&self.program(), &services))
    }
}
