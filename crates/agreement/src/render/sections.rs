//! The sixteen sections of a full memorandum (AGR-08), each made of the parts of the agreement that it is about.

use super::Sheet;
use super::memo::{Block, Clause, Memo, Section};
use super::words;
use crate::grammar::{Entries, Part, Slot};
use crate::ids::{GapId, ReadingId};
use crate::model::{Paragraph, ReadingName, Text};
use crate::words::Kind;

mod annexes;
mod information;
mod life;
mod limits;
mod opening;
mod procedures;

/// The titles, in order.
pub(super) const TITLES: [&str; 16] = [
    "Introduction",
    "Purpose and scope",
    "Benefits",
    "Procedures for exchange",
    "Information that may be exchanged",
    "Limitations of use",
    "Security and safeguards",
    "Consultation",
    "Performance reporting, reviews and audits",
    "Financial arrangements",
    "Legal disclaimer",
    "Amendment and dispute resolution",
    "Retention and destruction schedule",
    "Duration, withdrawal and termination",
    "Effective date and signature",
    "Annexes",
];

pub(super) fn memo(sheet: &Sheet<'_>) -> Memo {
    let clauses: [Vec<Draft>; 16] = [
        opening::introduction(sheet),
        opening::purpose(sheet),
        opening::benefits(sheet),
        procedures::procedures(sheet),
        information::information(sheet),
        limits::limits(sheet),
        limits::security(sheet),
        life::consultation(sheet),
        life::performance(sheet),
        life::financial(sheet),
        life::disclaimer(sheet),
        life::amendment(sheet),
        limits::retention(sheet),
        life::duration(sheet),
        life::signature(sheet),
        annexes::annexes(sheet),
    ];
    let sections = clauses.into_iter().zip(TITLES).enumerate();
    let a = sheet.a;
    let title = a.title.as_ref().map_or(String::new(), |t| t.value.clone());
    let kind = match sheet.written.kind {
        Kind::Umbrella => "Umbrella memorandum of understanding",
        Kind::Process => "Process memorandum of understanding",
        Kind::Dua => "Data usage agreement",
    };
    let called = a
        .called
        .as_ref()
        .map(|c| format!(", also called {}", c.value));
    Memo {
        title,
        subtitle: format!("{kind}{}", called.unwrap_or_default()),
        front: opening::front(sheet),
        sections: sections
            .map(|(i, (drafts, title))| section(i + 1, title, drafts))
            .collect(),
    }
}

/// A clause before it has its number.
pub(super) struct Draft {
    /// Its place among the fixed clauses of the section, from 1; clauses of named parts share one.
    place: usize,
    id: String,
    heading: String,
    blocks: Vec<Block>,
}

impl Draft {
    fn new(place: usize, id: impl Into<String>, heading: impl Into<String>) -> Self {
        Self {
            place,
            id: id.into(),
            heading: heading.into(),
            blocks: Vec::new(),
        }
    }

    fn text(mut self, text: impl AsRef<str>) -> Self {
        let text = words::sentence(text.as_ref());
        if !text.is_empty() {
            self.blocks.push(Block::Text(text));
        }
        self
    }

    fn list(mut self, items: Vec<String>) -> Self {
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
        self
    }

    fn table(mut self, caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        if !rows.is_empty() {
            self.blocks.push(Block::Table {
                caption: caption.to_owned(),
                head: head.iter().map(|h| (*h).to_owned()).collect(),
                rows,
            });
        }
        self
    }

    fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// The reading that a part rests on.
    fn reading(mut self, sheet: &Sheet<'_>, reading: &Part<ReadingName>) -> Self {
        if let Some(at) = reading {
            self.blocks.extend(sheet.reading(&at.value.0));
        }
        self
    }

    fn gap(mut self, sheet: &Sheet<'_>, gap: &GapId) -> Self {
        self.blocks.extend(sheet.gap(gap));
        self
    }

    /// The gaps that stand anywhere below this path of the agreement.
    fn gaps_below(mut self, sheet: &Sheet<'_>, path: &[&str]) -> Self {
        let mut told = Vec::new();
        for one in sheet.gaps {
            let words: Vec<String> = one.path.iter().map(ToString::to_string).collect();
            let below = path
                .iter()
                .enumerate()
                .all(|(i, step)| words.get(i).is_some_and(|w| w == step));
            if below && !told.contains(&&one.name) {
                told.push(&one.name);
                self.blocks.extend(sheet.gap(&one.name));
            }
        }
        self
    }

    fn prose(mut self, sheet: &Sheet<'_>, text: &Part<Text>) -> Self {
        let Some(at) = text else { return self };
        for paragraph in &at.value.0.0 {
            match &paragraph.value {
                Paragraph::Words(Slot::Given(text)) => {
                    self.blocks.push(Block::Text(words::sentence(text)))
                }
                Paragraph::Words(Slot::Gap(gap)) => self.blocks.extend(sheet.gap(gap)),
                Paragraph::Clause(name) => {
                    let text = sheet.law.clause(name).unwrap_or_default();
                    self.blocks.push(Block::Text(text.to_owned()));
                }
            }
        }
        self
    }

    /// A text, or the gap that stands in its place.
    fn slot(self, sheet: &Sheet<'_>, slot: &Part<Slot<String>>) -> Self {
        match slot.as_ref().map(|at| &at.value) {
            Some(Slot::Given(text)) => self.text(text),
            Some(Slot::Gap(gap)) => self.gap(sheet, gap),
            None => self,
        }
    }

    fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

impl Sheet<'_> {
    fn reading(&self, id: &ReadingId) -> Option<Block> {
        let reading = self.written.readings.get(id)?;
        Some(Block::Reading {
            id: id.to_string(),
            takes: words::sentence(&reading.takes),
            owner: reading.owner.clone(),
        })
    }

    fn gap(&self, id: &GapId) -> Option<Block> {
        let gap = self.written.gaps.get(id)?;
        let stops = crate::check::gaps::what(&gap.stops);
        let stops = match &gap.waived {
            Some(days) => format!("{stops}, and is waived {days}"),
            None => stops,
        };
        Some(Block::Gap {
            id: id.to_string(),
            asks: words::sentence(&gap.asks),
            owner: gap.owner.clone(),
            stops,
        })
    }

    /// A text of a slot; a gap shows by its name.
    fn shown(&self, slot: &Slot<String>) -> String {
        match slot {
            Slot::Given(text) => text.clone(),
            Slot::Gap(gap) => format!("(gap {gap})"),
        }
    }
}

/// The entries of a block of names in the order of the file, so that one that is added at the end renumbers
/// nothing.
pub(super) fn in_file_order<'a, K: Ord + 'a, V: 'a>(
    part: &'a Part<crate::grammar::Named<K, V>>,
) -> Vec<(&'a K, &'a crate::log::At<V>)> {
    let mut all: Vec<_> = part.entries().collect();
    all.sort_by_key(|(_, at)| at.span);
    all
}

fn section(number: usize, title: &str, drafts: Vec<Draft>) -> Section {
    let mut clauses = Vec::new();
    let mut within: Vec<(usize, usize)> = Vec::new();
    for draft in drafts.into_iter().filter(|d| !d.is_empty()) {
        let count = within
            .iter()
            .filter(|(place, _)| *place == draft.place)
            .count();
        within.push((draft.place, count));
        let clause = if draft.id.contains('/') {
            format!("{number}.{}.{}", draft.place, count + 1)
        } else {
            format!("{number}.{}", draft.place)
        };
        clauses.push(Clause {
            number: clause,
            id: draft.id,
            heading: draft.heading,
            blocks: draft.blocks,
        });
    }
    if clauses.is_empty() {
        clauses.push(Clause {
            number: format!("{number}.1"),
            id: format!("none-{number}"),
            heading: "None".to_owned(),
            blocks: vec![Block::Text("Nothing is agreed here.".to_owned())],
        });
    }
    Section {
        number,
        title: title.to_owned(),
        clauses,
    }
}
