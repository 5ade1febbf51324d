//! Open enums: what `#[derive(hallway::Open)]` is written against.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

/// A variant of an open enum that this build does not know, from a peer that is newer. It keeps all that came, and is
/// written as it came.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Unknown {
    name: String,
    value: Option<Kept>,
}

/// A value in MessagePack, whatever it came in: no larger than it was on the wire, which a tree of values would be.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kept(Vec<u8>);

impl Unknown {
    /// The variant's name, as the peer wrote it: not a word of it can be relied on.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unknown").field(&self.name).finish()
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let Some(value) = &self.value else { return writer.serialize_str(&self.name) };
        let mut map = writer.serialize_map(Some(1))?;
        map.serialize_entry(&self.name, value)?;
        map.end()
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut kept = rmp_serde::Deserializer::from_read_ref(&self.0);
        serde_transcode::transcode(&mut kept, writer).map_err(S::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let mut kept = Vec::new();
        serde_transcode::transcode(reader, &mut rmp_serde::Serializer::new(&mut kept))
            .map_err(D::Error::custom)?;
        Ok(Self(kept))
    }
}

/// What `#[derive(hallway::Open)]` says of an enum.
pub trait Open: Sized {
    /// The names of the variants that this build knows.
    const NAMES: &'static [&'static str];

    /// The variant of this name, if it is one that holds nothing.
    fn by_name(name: &str) -> Option<Self>;

    /// The variant of this name, if it is one that holds something, which is the map's next value; else that is
    /// left where it is.
    ///
    /// # Errors
    /// If the value is not what the variant holds.
    fn by_member<'de, M: MapAccess<'de>>(name: &str, map: &mut M) -> Result<Option<Self>, M::Error>;

    /// The variant for all others.
    fn unknown(unknown: Unknown) -> Self;

    /// Reads a variant. A form that this build does not know, such as a value in a variant that holds nothing here, is
    /// read as far as it is known.
    ///
    /// # Errors
    /// If it is neither text nor an object of one member, or a variant that is known holds what it cannot.
    fn read<'de, D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Variant(PhantomData))
    }
}

struct Variant<T>(PhantomData<T>);

impl<'de, T: Open> Visitor<'de> for Variant<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text or an object of one member, such as `{}`", T::NAMES.join("`, `"))
    }

    fn visit_str<E>(self, name: &str) -> Result<T, E> {
        let unknown = || T::unknown(Unknown { name: name.to_owned(), value: None });
        Ok(T::by_name(name).unwrap_or_else(unknown))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<T, M::Error> {
        let Some(name) = map.next_key::<String>()? else { return Err(M::Error::invalid_length(0, &self)) };
        let variant = if let Some(known) = T::by_name(&name) {
            map.next_value::<IgnoredAny>()?;
            known
        } else if let Some(known) = T::by_member(&name, &mut map)? {
            known
        } else {
            T::unknown(Unknown { name, value: Some(map.next_value()?) })
        };
        match map.next_key::<IgnoredAny>()? {
            Some(_) => Err(M::Error::invalid_length(2, &self)),
            None => Ok(variant),
        }
    }
}

/// Puts the schema of an open enum together.
#[derive(Debug)]
pub struct OpenSchema<'a> {
    generator: &'a mut SchemaGenerator,
    variants: Vec<Value>,
    /// What a variant that is not known can be.
    rest: Value,
}

impl<'a> OpenSchema<'a> {
    /// Begins without a variant.
    #[must_use]
    pub fn new(generator: &'a mut SchemaGenerator) -> Self {
        Self { generator, variants: Vec::new(), rest: json!("string") }
    }

    /// Adds a variant that holds nothing.
    pub fn name(&mut self, name: &str, docs: &str) {
        self.push(docs, json!({ "type": "string", "const": name }));
    }

    /// Adds a variant that holds something.
    pub fn member<T: JsonSchema>(&mut self, name: &str, docs: &str) {
        let value = self.generator.subschema_for::<T>().to_value();
        self.rest = json!(["string", "object"]);
        self.push(docs, json!({ "type": "object", "properties": { name: value }, "required": [name] }));
    }

    fn push(&mut self, docs: &str, mut variant: Value) {
        if !docs.is_empty() {
            variant["description"] = json!(docs);
        }
        self.variants.push(variant);
    }

    /// Ends with what is not known.
    #[must_use]
    pub fn build(mut self, docs: &str) -> Schema {
        let rest = self.rest.take();
        self.push("What a newer peer may say.", json!({ "type": rest }));
        let mut schema = schemars::json_schema!({ "anyOf": self.variants });
        if !docs.is_empty() {
            schema.insert("description".to_owned(), json!(docs));
        }
        schema
    }
}
