//! What a gap stops.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Written, text};
use crate::ids::{DerivedId, FlowId, Name};
use crate::log::{Log, cut};
use crate::rules::WORD;
use document::Node;

/// What a gap stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stops {
    /// Nothing; a question only.
    Nothing,
    /// The cells of the field.
    Cells,
    /// The flow in which it stands, or the flow of this name.
    Flow(Option<FlowId>),
    /// The derivation in which it stands, or the one of this name.
    Derived(Option<DerivedId>),
    /// The whole agreement.
    Agreement,
}

impl std::fmt::Display for Stops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Cells => f.write_str("cells"),
            Self::Flow(None) => f.write_str("flow"),
            Self::Flow(Some(flow)) => write!(f, "flow {flow}"),
            Self::Derived(None) => f.write_str("derived"),
            Self::Derived(Some(derived)) => write!(f, "derived {derived}"),
            Self::Agreement => f.write_str("agreement"),
        }
    }
}

impl Serialize for Stops {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

const STOPS: [&str; 5] = ["nothing", "cells", "flow", "derived", "agreement"];

impl Written for Stops {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let written = text(node, log)?;
        let found = match written.split_once(' ') {
            None => match written {
                "nothing" => Some(Self::Nothing),
                "cells" => Some(Self::Cells),
                "flow" => Some(Self::Flow(None)),
                "derived" => Some(Self::Derived(None)),
                "agreement" => Some(Self::Agreement),
                _ => None,
            },
            Some(("flow", name)) => FlowId::parse(name).ok().map(|n| Self::Flow(Some(n))),
            Some(("derived", name)) => DerivedId::parse(name).ok().map(|n| Self::Derived(Some(n))),
            Some(_) => None,
        };
        if found.is_none() {
            log.fault(
                WORD,
                node.span,
                format!("{} cannot be `{}`", log.here(), cut(written)),
            )
            .help(log.did_you_mean(written, STOPS).unwrap_or_else(|| {
                format!(
                    "it is one of: {}, or `flow` and `derived` with a name",
                    STOPS.join(", ")
                )
            }));
        }
        found
    }

    fn schema(_: &mut Book) -> Json {
        let name = FlowId::PATTERN
            .trim_start_matches('^')
            .trim_end_matches('$');
        json!({
            "type": "string",
            "pattern": format!("^(nothing|cells|agreement|(flow|derived)( {name})?)$"),
        })
    }

    fn words() -> String {
        "`nothing`, `cells`, `flow`, `flow NAME`, `derived`, `derived NAME` or `agreement`"
            .to_owned()
    }
}
