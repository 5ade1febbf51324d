use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ServiceError, Unknown};
use crate::limits::FRAME_MAX;

/// What a service offers: the answer of `hallway.describe`, and the source of everything dynamic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Description {
    /// The service's name, the part before the dot.
    pub name: String,
    /// Its version, `major.minor`; a client of another major version does not fit.
    pub version: String,
    /// What it is for (Markdown).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Whether its methods are messages of the sidecar dialect too: the type of a message is the method's name, and
    /// who speaks the dialect is subscribed to every subscription by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sidecar: bool,
    /// What it can do, in the order of declaration.
    pub methods: Vec<MethodDescription>,
    /// The named types that the schemas refer to as `#/$defs/NAME` (JSON Schema 2020-12).
    #[serde(default, rename = "$defs")]
    pub types: serde_json::Map<String, Value>,
}

/// One method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct MethodDescription {
    /// Its name, the part after the dot.
    pub name: String,
    /// What it does (Markdown).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// How it answers.
    pub kind: MethodKind,
    /// Whether running it twice is the same as once.
    #[serde(default)]
    pub idempotent: bool,
    /// Whether its calls take no place of those that are kept for interactive ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bulk: bool,
    /// The longest parameters, in bytes, if it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params_max: Option<u64>,
    /// In the sidecar dialect, the type of the message that its result, or the end of its stream, is sent in;
    /// without one, nothing is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What it takes, in order.
    #[serde(default)]
    pub params: Vec<ParamDescription>,
    /// The JSON Schema of the result, or of one element of the stream.
    #[serde(default)]
    pub result: Value,
    /// How it can say no.
    #[serde(default)]
    pub errors: Vec<ErrorDescription>,
}

/// How a method answers.
#[derive(Debug, Clone, PartialEq, Eq, hallway::Open)]
#[non_exhaustive]
pub enum MethodKind {
    /// With one value.
    Unary,
    /// With any number of elements.
    Stream,
    /// With numbered events, from any number on.
    Subscription,
    /// Not at all.
    Notification,
    /// In a way that this build does not know.
    Unknown(Unknown),
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ParamDescription {
    /// Its name.
    pub name: String,
    /// What it is (Markdown).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its JSON Schema.
    pub schema: Value,
    /// Whether it must be given.
    pub required: bool,
    /// What it is if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// One way to say no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ErrorDescription {
    /// The stable code.
    pub code: String,
    /// When it happens (Markdown).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Whether the same call may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// The JSON Schema of `details`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// The type of the message that a result is sent in where the method names none.
const RESULT: &str = "result";

/// Puts a description together; what the macro writes.
#[derive(Debug)]
pub struct DescriptionBuilder {
    description: Description,
    schemas: SchemaGenerator,
}

impl Description {
    /// What the service is for: the first paragraph of its docs, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        first_paragraph(&self.docs)
    }
}

impl MethodDescription {
    /// What the method does: the first paragraph of its docs, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        first_paragraph(&self.docs)
    }
}

fn first_paragraph(docs: &str) -> String {
    let lines = docs.trim().lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

impl DescriptionBuilder {
    /// Begins the description of a service.
    #[must_use]
    pub fn new(name: &str, version: &str, docs: &str) -> Self {
        let description = Description {
            name: name.to_owned(),
            version: version.to_owned(),
            docs: docs.to_owned(),
            sidecar: false,
            methods: Vec::new(),
            types: serde_json::Map::new(),
        };
        Self { description, schemas: SchemaGenerator::default() }
    }

    /// Its methods are messages of the sidecar dialect too. Said before any method is added.
    #[must_use]
    pub fn sidecar(mut self) -> Self {
        self.description.sidecar = true;
        self
    }

    /// Adds a method.
    #[must_use]
    pub fn method(mut self, name: &str, docs: &str, describe: impl FnOnce(&mut MethodBuilder<'_>)) -> Self {
        let mut method = MethodBuilder {
            method: MethodDescription {
                name: name.to_owned(),
                docs: docs.to_owned(),
                kind: MethodKind::Unary,
                idempotent: false,
                bulk: false,
                params_max: None,
                reply: None,
                params: Vec::new(),
                result: Value::Null,
                errors: Vec::new(),
            },
            schemas: &mut self.schemas,
        };
        describe(&mut method);
        let mut method = method.method;
        let answers = match method.kind {
            MethodKind::Unary => method.result["type"] != "null",
            ref kind => *kind == MethodKind::Stream,
        };
        if self.description.sidecar && answers {
            method.reply.get_or_insert_with(|| RESULT.to_owned());
        }
        self.description.methods.push(method);
        self
    }

    /// Ends the description.
    #[must_use]
    pub fn build(mut self) -> Description {
        self.description.types = self.schemas.take_definitions(true);
        self.description
    }
}

/// Puts the description of one method together.
#[derive(Debug)]
pub struct MethodBuilder<'a> {
    method: MethodDescription,
    schemas: &'a mut SchemaGenerator,
}

impl MethodBuilder<'_> {
    /// Running it twice is the same as once.
    pub fn idempotent(&mut self) {
        self.method.idempotent = true;
    }

    /// Its calls take no place of those that are kept for interactive ones.
    pub fn bulk(&mut self) {
        self.method.bulk = true;
    }

    /// The longest parameters, in bytes, as [`params_max`] has checked it.
    pub fn params_max(&mut self, bytes: u64) {
        self.method.params_max = Some(bytes);
    }

    /// In the sidecar dialect, its result is sent in a message of this type.
    pub fn reply(&mut self, name: &str) {
        self.method.reply = Some(name.to_owned());
    }

    /// Adds a parameter; one whose type takes `null` need not be given.
    pub fn param<T: JsonSchema>(&mut self, name: &str, docs: &str) {
        let schema = schema::<T>(self.schemas);
        let required = !takes_null(&schema);
        self.push(name, docs, schema, required, None);
    }

    /// Adds a parameter that need not be given.
    pub fn param_or<T: JsonSchema + Serialize>(
        &mut self,
        name: &str,
        docs: &str,
        default: impl FnOnce() -> T,
    ) {
        let schema = schema::<T>(self.schemas);
        let default = serde_json::to_value(default()).ok();
        self.push(name, docs, schema, false, default);
    }

    fn push(&mut self, name: &str, docs: &str, schema: Value, required: bool, default: Option<Value>) {
        let (name, docs) = (name.to_owned(), docs.to_owned());
        self.method.params.push(ParamDescription { name, docs, schema, required, default });
    }

    /// It answers with one value.
    pub fn result<T: JsonSchema>(&mut self) {
        self.answers::<T>(MethodKind::Unary);
    }

    /// It answers with a stream.
    pub fn items<T: JsonSchema>(&mut self) {
        self.answers::<T>(MethodKind::Stream);
    }

    /// It answers with numbered events.
    pub fn events<T: JsonSchema>(&mut self) {
        self.answers::<T>(MethodKind::Subscription);
    }

    /// It does not answer.
    pub fn notification(&mut self) {
        self.method.kind = MethodKind::Notification;
    }

    fn answers<T: JsonSchema>(&mut self, kind: MethodKind) {
        self.method.kind = kind;
        self.method.result = schema::<T>(self.schemas);
    }

    /// It can say no.
    pub fn errors<E: ServiceError>(&mut self) {
        E::describe(&mut ErrorsDescription { errors: &mut self.method.errors, schemas: self.schemas });
    }
}

/// Puts the description of an error type together.
#[derive(Debug)]
pub struct ErrorsDescription<'a> {
    errors: &'a mut Vec<ErrorDescription>,
    schemas: &'a mut SchemaGenerator,
}

impl ErrorsDescription<'_> {
    /// A code with members of its own.
    pub fn code<T: JsonSchema>(&mut self, code: &str, docs: &str, retryable: bool) {
        let details = Some(schema::<T>(self.schemas));
        self.push(code, docs, retryable, details);
    }

    /// A code without.
    pub fn plain_code(&mut self, code: &str, docs: &str, retryable: bool) {
        self.push(code, docs, retryable, None);
    }

    fn push(&mut self, code: &str, docs: &str, retryable: bool, details: Option<Value>) {
        let (code, docs) = (code.to_owned(), docs.to_owned());
        self.errors.push(ErrorDescription { code, docs, retryable, details });
    }
}

/// Checks the length of the longest parameters, in bytes.
///
/// # Panics
/// If no message is so short, or none may be so long; where the macro calls it, the compiler says so.
#[must_use]
pub const fn params_max(bytes: usize) -> u64 {
    assert!(bytes > 0, "`#[params_max]` leaves no room for any message: write how many bytes one may have");
    assert!(
        bytes <= FRAME_MAX,
        "`#[params_max]` is beyond `hallway::limits::FRAME_MAX`, the longest message that there is: write \
         that, or less, and send what is longer in several calls"
    );
    bytes as u64
}

/// Whether `null` fits, which is how an optional value is described.
fn takes_null(schema: &Value) -> bool {
    match (&schema["type"], &schema["anyOf"]) {
        (Value::String(name), _) => name == "null",
        (Value::Array(names), _) => names.iter().any(|name| name == "null"),
        (_, Value::Array(choices)) => choices.iter().any(takes_null),
        _ => false,
    }
}

fn schema<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}
