use super::Flags;

/// Tells which messages the caller knows by their origin and flags, so that they need not be read.
#[derive(Default)]
pub(super) struct Known(Option<Tells>);

type Tells = Box<dyn Fn(&str, Flags) -> bool + Send>;

impl Known {
    pub(super) fn new(tells: impl Fn(&str, Flags) -> bool + Send + 'static) -> Self {
        Self(Some(Box::new(tells)))
    }

    pub(super) fn tells(&self, origin: &str, flags: Flags) -> bool {
        self.0.as_ref().is_some_and(|tells| tells(origin, flags))
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known")
    }
}
