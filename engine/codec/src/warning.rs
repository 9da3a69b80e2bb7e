//! What was odd in bytes that could be read all the same.

/// A remark beside a value: something the sender did not do as the standard asks, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning {
    /// Stable name in kebab case, for programs.
    pub code: &'static str,
    /// One sentence for people, without patient data.
    pub text: String,
}

impl Warning {
    /// Makes a warning.
    #[must_use]
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}
