use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that panics when it is written or read, as a type with a mistake in it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fuse;

impl Serialize for Fuse {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("a value that panics when it is written");
    }
}

impl<'de> Deserialize<'de> for Fuse {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("a value that panics when it is read");
    }
}

impl JsonSchema for Fuse {
    fn schema_name() -> Cow<'static, str> {
        "Fuse".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "null" })
    }
}

/// An object whose keys are pairs: MessagePack can hold it, JSON cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd(pub BTreeMap<(u8, u8), u8>);

impl Default for Odd {
    fn default() -> Self {
        Self(BTreeMap::from([((1, 2), 3)]))
    }
}

impl JsonSchema for Odd {
    fn schema_name() -> Cow<'static, str> {
        "Odd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
