//! Refusals: a rule of the hub said no. Each names its rule and the way out, and is recorded (AUD-07).

use std::fmt;

/// One rule that said no.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The rule: a requirement id.
    pub rule: &'static str,
    /// What was refused; no personal value.
    pub what: String,
    /// The way out.
    pub help: Option<String>,
}

impl Refusal {
    pub(crate) fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self {
            rule,
            what: what.into(),
            help: None,
        }
    }

    /// Something is to be done without saying why.
    pub(crate) fn without_reason(rule: &'static str, what: &'static str) -> Self {
        Self::new(rule, what).help("say why, in words that name nobody")
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused ({}): {}", self.rule, self.what)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}
