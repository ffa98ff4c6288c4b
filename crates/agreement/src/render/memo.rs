//! A memorandum as a document: sections, clauses with stable numbers, and the blocks they are made of.

use serde::Serialize;

use super::diagram::Diagram;

/// A memorandum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memo {
    /// Its title.
    pub title: String,
    /// What it is, in a line.
    pub subtitle: String,
    /// What stands on the first page: names and values.
    pub front: Vec<(String, String)>,
    /// The sections.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its number, from 1.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// Its clauses.
    pub clauses: Vec<Clause>,
}

/// A clause. Its number stays when another clause of its section changes, comes at the end or goes from there;
/// its id never changes as long as the part of the agreement keeps its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// Its number, `4.3.1`.
    pub number: String,
    /// The path of the part that it prints, `flows/ask`.
    pub id: String,
    /// Its heading.
    pub heading: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// One block of a clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// A table.
    Table {
        /// What it lists, for people who do not see it.
        caption: String,
        /// The headings.
        head: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
    /// Which of two readings of the source runs here.
    Reading {
        /// Its name.
        id: String,
        /// What it takes.
        takes: String,
        /// Who owns the question.
        owner: String,
    },
    /// What is missing here, and what that stops.
    Gap {
        /// Its name.
        id: String,
        /// The question.
        asks: String,
        /// Who owns it.
        owner: String,
        /// What it stops.
        stops: String,
    },
    /// The flows between the parties.
    Figure(Diagram),
}

impl Memo {
    /// As a page that needs nothing else: style and figures are in it.
    pub fn html(&self) -> String {
        super::html::page(self)
    }

    /// As Markdown, with the figure as a Mermaid diagram.
    pub fn markdown(&self) -> String {
        super::markdown::text(self)
    }

    /// The numbers and ids of all clauses, in order.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.sections.iter().flat_map(|s| &s.clauses)
    }
}
