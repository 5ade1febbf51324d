//! What a gate takes away from the library to prove that it would notice: compiled in with the feature `chaos` only, which
//! nothing but `cargo xtask gate NAME --control` asks for.

/// The variable that names the defence that is taken away.
#[cfg(feature = "chaos")]
const WITHOUT: &str = "HALLWAY_CHAOS";

/// Whether this defence is taken away.
#[cfg(feature = "chaos")]
pub(crate) fn without(defence: &str) -> bool {
    std::env::var_os(WITHOUT).is_some_and(|without| without == defence)
}

/// Never.
#[cfg(not(feature = "chaos"))]
pub(crate) const fn without(_defence: &str) -> bool {
    false
}
