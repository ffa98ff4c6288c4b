//! What the author of an agreement is told of a text that cannot be read: the rule, and more than is said of any
//! file where an agreement has another way.

use document::{Layer, Unreadable, Why};

use crate::log::Log;
use crate::rules::{PLAIN_YAML, READABLE, TWICE};

pub(crate) fn tell(bad: &Unreadable, log: &Log) {
    let rule = match bad.why.layer() {
        Layer::Text => READABLE,
        Layer::Yaml => PLAIN_YAML,
        Layer::Keys => TWICE,
    };
    let more = match &bad.why {
        Why::TooLong => ": split it or take out what is not the agreement",
        Why::SecondDocument => " agreement",
        Why::Alias | Why::Anchor => ", or name a basis",
        Why::Empty => ": an agreement begins with its name, `agreement: ...`",
        Why::NotUtf8
        | Why::Tab
        | Why::Hidden(_)
        | Why::TooDeep
        | Why::TooWide
        | Why::NotYaml(_)
        | Why::Directive
        | Why::Tag
        | Why::KeyNotText
        | Why::Twice { .. } => "",
    };
    log.fault(rule, bad.span, format!("{}{more}", bad.why));
}
