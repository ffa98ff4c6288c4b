//! The memorandum in print: the sixteen sections that people sign, made of the agreement that the hub runs, as
//! HTML or Markdown. Readings and gaps are shown as such. Renders text and nothing else; reads no file.

use crate::ids::AgreementHash;
use crate::law::Law;
use crate::library::Library;
use crate::{AsIf, Checked, Plan, Read, compile, log, model};

mod diagram;
mod html;
mod markdown;
mod memo;
mod sections;
mod words;

pub use memo::{Block, Clause, Memo, Section};

/// Renders an agreement as its memorandum; none where it has faults, which are told.
pub fn memorandum(
    name: &str,
    bytes: &[u8],
    law: &Law,
    library: &Library,
) -> (Option<Memo>, Checked) {
    let checked = crate::check(name, bytes, law, library);
    if checked.plan.is_none() {
        return (None, checked);
    }
    let log = log::Log::new(name);
    let memo = document::text(bytes)
        .and_then(document::parse)
        .ok()
        .and_then(|(root, _)| {
            let agreement = model::read(&root, &log)?;
            let (gaps, readings) = log.take_uses();
            let read = Read {
                agreement: &agreement,
                root: &root,
                gaps: &gaps,
                readings: &readings,
            };
            // What is printed is the whole text, stopped parts included: as if all gaps were filled.
            let plan = |as_if| {
                compile::compile(&compile::Source {
                    read: &read,
                    law,
                    library,
                    as_if,
                })
            };
            let (written, whole) = (plan(AsIf::Written)?, plan(AsIf::Filled)?);
            Some(sections::memo(&Sheet {
                a: &agreement,
                law,
                library,
                gaps: &gaps,
                written: &written,
                whole: &whole,
            }))
        });
    (memo, checked)
}

/// What is rendered.
pub(crate) struct Sheet<'a> {
    a: &'a model::Agreement,
    law: &'a Law,
    library: &'a Library,
    gaps: &'a [log::Use<crate::GapId>],
    /// What can run.
    written: &'a Plan,
    /// What would, if all gaps were filled.
    whole: &'a Plan,
}

impl Sheet<'_> {
    fn hash(&self) -> AgreementHash {
        self.written.hash()
    }
}
