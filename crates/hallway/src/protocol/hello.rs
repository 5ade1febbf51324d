use serde::{Deserialize, Serialize};

/// Who speaks, said once by either side: optional, except where a token is required. Frozen: members are
/// only ever added, and unknown ones are ignored.
///
/// A server that receives one writes its own before it dispatches anything, so a client that has seen no
/// `hello` knows that nothing ran.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Hello {
    /// The program and its version, for people and logs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// Capabilities beyond this version's; unknown ones are ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The secret that a listener on `tcp` asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How many calls the speaker accepts at once on this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_max: Option<u32>,
    /// The longest message body that the speaker accepts, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_max: Option<u64>,
}

/// Says that there is a token, not which.
impl std::fmt::Debug for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello")
            .field("program", &self.program)
            .field("features", &self.features)
            .field("token", &self.token.as_ref().map(|_| "(not shown)"))
            .field("calls_max", &self.calls_max)
            .field("frame_max", &self.frame_max)
            .finish()
    }
}

impl Hello {
    /// A `hello` that names its program and the limits of this build.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            calls_max: u32::try_from(crate::limits::CALLS_OPEN_MAX).ok(),
            frame_max: u64::try_from(crate::limits::FRAME_MAX).ok(),
            ..Self::default()
        }
    }

    /// Adds the secret.
    #[must_use]
    pub fn with_token(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }
}

/// The speaker ends the conversation in good order: it dispatches nothing more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Goaway {
    /// A code of `spec/errors.md`: `closing`, or what the other side did wrong.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The highest id that was dispatched: a call with a higher one did not run and may be sent again.
    pub last: u64,
}

impl Goaway {
    /// A farewell with its reason.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>, last: u64) -> Self {
        Self { code: code.to_owned(), message: message.into(), last }
    }
}
