//! The rules: what a change means to those who were written for the old version.

use serde::Serialize;

/// Whether those who were written for the old version go on working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Breaking,
    Compatible,
}

/// Declares the rules.
macro_rules! rules {
    ($($name:ident = $code:literal, $verdict:ident, $reason:literal;)*) => {
        /// A kind of change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Rule { $($name,)* }

        impl Rule {
            /// Every rule.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its stable name.
            pub(super) fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            pub(super) fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }

            /// Why it is so.
            pub(super) fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }
        }
    };
}

rules! {
    ServiceRemoved = "service_removed", Breaking, "every call of its methods is refused";
    ServiceAdded = "service_added", Compatible, "nobody calls it yet";
    SidecarRemoved = "sidecar_removed", Breaking, "who speaks in plain messages is not understood";
    SidecarAdded = "sidecar_added", Compatible, "it is one way more to speak to it";
    VersionRaised = "version_raised", Compatible, "clients of the same major version fit";
    MajorRaised = "major_raised", Compatible, "it announces that clients of the old major version do not fit";
    VersionLowered = "version_lowered", Breaking, "clients that need the higher version are told that it fits";

    MethodRemoved = "method_removed", Breaking, "every call of it is refused";
    MethodRenamed = "method_renamed", Breaking, "every call by the old name is refused";
    MethodAdded = "method_added", Compatible, "nobody calls it yet";
    KindChanged = "kind_changed", Breaking, "clients wait for an answer of the other kind";
    IdempotentRemoved = "idempotent_removed", Breaking, "clients call it again where the first call may have run";
    IdempotentAdded = "idempotent_added", Compatible, "clients may call it again, and old ones do not";
    BulkChanged = "bulk_changed", Compatible, "only how many of its calls run at a time is another matter";
    ParamsMaxLowered = "params_max_lowered", Breaking, "parameters of a length that was taken are refused";
    ParamsMaxRaised = "params_max_raised", Compatible, "what was taken still is";
    ReplyChanged = "reply_changed", Breaking, "who speaks in plain messages waits for the other type";

    ParameterRemoved = "parameter_removed", Breaking, "a call with it is refused";
    ParameterAdded = "parameter_added", Compatible, "calls without it mean what they meant";
    ParameterAddedRequired = "parameter_added_required", Breaking, "calls without it are refused";
    ParameterRequired = "parameter_required", Breaking, "calls without it are refused";
    ParameterOptional = "parameter_optional", Compatible, "clients go on giving it";
    ParametersMoved = "parameters_moved", Breaking, "calls that give them by their order mean something else";
    DefaultChanged = "default_changed", Breaking, "calls without it mean something else";
    ParameterNarrowed = "parameter_narrowed", Breaking, "what clients send is refused, or not heeded";
    ParameterWidened = "parameter_widened", Compatible, "what clients send is taken";
    ParameterRewritten = "parameter_rewritten", Compatible, "the same values fit";

    ResultUnreadable = "result_unreadable", Breaking, "clients cannot read it";
    ResultReadable = "result_readable", Compatible, "clients read what comes";
    ResultRewritten = "result_rewritten", Compatible, "the same values fit";

    ErrorAdded = "error_added", Compatible, "clients that do not know its code pass it on as it is";
    ErrorRemoved = "error_removed", Compatible, "it does not come any more";
    ErrorRenamed = "error_renamed", Breaking, "clients that act on the old code do not see it";
    RetryableChanged = "retryable_changed", Compatible, "each error says for itself whether it is";
    DetailsUnreadable = "details_unreadable", Breaking, "clients cannot read them";
    DetailsReadable = "details_readable", Compatible, "clients read what comes";
    DetailsRewritten = "details_rewritten", Compatible, "the same values fit";
}
