use std::collections::BTreeMap;

use super::near::unknown;
use super::{Description, MethodKind, Scope};
use crate::connection::messages::{Command, Reply};
use crate::protocol::{WireError, code};

/// As much of a name that nobody knows is repeated to who has sent it, in characters: that of any that could be
/// meant.
const NAME_SHOWN: usize = 64;

/// What the messages of services stand for, in the sidecar dialect: by their types. A command and an event may
/// have the same type, since they travel in different directions.
#[derive(Debug, Default, Clone)]
pub(super) struct Messages {
    commands: BTreeMap<&'static str, Command>,
    /// The methods that are subscribed to, by the types of their events.
    pub(super) events: BTreeMap<&'static str, String>,
}

impl Messages {
    /// Those of these services.
    ///
    /// # Panics
    /// When two of them have messages of the same type.
    pub(super) fn of(services: impl Iterator<Item = &'static Description>) -> Self {
        let mut messages = Self::default();
        for service in services.filter(|service| service.sidecar) {
            messages.add(service);
        }
        messages
    }

    fn add(&mut self, service: &'static Description) {
        for method in &service.methods {
            let name = method.name.as_str();
            let target = format!("{}.{name}", service.name);
            let taken = match method.kind {
                MethodKind::Subscription => self.events.insert(name, target.clone()),
                _ => {
                    let reply = method.reply.as_deref().map_or(Reply::Silent, Reply::Named);
                    let command = Command { method: target.clone(), reply };
                    self.commands.insert(name, command).map(|taken| taken.method)
                }
            };
            assert!(
                taken.is_none(),
                "`{target}` and `{}` are both messages of the type `{name}`: give one of them another name with \
                 `#[name = \"...\"]`",
                taken.unwrap_or_default()
            );
        }
    }

    /// What is left of them where only what the scope permits is called.
    pub(super) fn narrowed(mut self, scope: &Scope) -> Self {
        self.commands.retain(|_, command| scope.permits(&command.method));
        self.events.retain(|_, method| scope.permits(method));
        self
    }

    /// What a message of this type asks for.
    pub(super) fn command(&self, name: &str) -> Result<&Command, WireError> {
        self.commands.get(name).ok_or_else(|| {
            // It may be as long as a message, and the answer is to be no longer than that.
            let shown: String = name.chars().take(NAME_SHOWN).collect();
            let message = match self.events.get(name) {
                Some(method) => format!(
                    "messages of the type `{name}` are events, which come by themselves; to ask for them, write the \
                     type `{method}`"
                ),
                None if self.commands.is_empty() => {
                    format!("no type `{shown}`: no service here has messages; write a method's full name")
                }
                None => {
                    let known: Vec<&str> = self.commands.keys().copied().collect();
                    unknown(&format!("type `{shown}`"), &shown, &known)
                }
            };
            WireError::new(code::UNKNOWN_MESSAGE, message)
        })
    }
}
