//! What a file says of itself to whoever opens it: its name and marking, what it is, and what its columns hold.
//!
//! Everything here is of the agreement and the run. No cell is in it, and nothing that is about a person.

use agreement::{Column, FieldType, Flow, Plan, TypeName};
use jiff::civil::Date;

use crate::ids::ProjectId;
use crate::leg::Leg;
use crate::table::{Format, Table};

/// A file's cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The file's name; it begins with the marking (SEC-05).
    pub name: String,
    /// The protective marking as a reader sees it, such as `OFFICIAL-SENSITIVE`; empty where there is none.
    pub marking: String,
    /// What the file is: names and what they are, in order.
    pub about: Vec<(&'static str, String)>,
    /// The columns of the table.
    pub columns: Vec<Heading>,
    /// The columns that whoever gets the file fills in before it comes back; empty cells under their names.
    pub to_fill: Vec<Heading>,
}

/// A column as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its name.
    pub name: String,
    /// The form of its cells, in words.
    pub form: String,
    /// All that a cell may hold, where that is a closed list.
    pub choices: Vec<String>,
    /// How many characters every cell has, where that is fixed.
    pub length: Option<u32>,
    /// Is every cell filled?
    pub required: bool,
}

impl Heading {
    fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            form: "text".into(),
            choices: Vec::new(),
            length: None,
            required: false,
        }
    }

    fn of(column: &Column) -> Self {
        let choices = choices(column);
        let form = match (&column.field_type, choices.is_empty()) {
            (_, false) => format!("one of: {}", choices.join(", ")),
            (FieldType::Plain(TypeName::Date), true) => "date, as 1980-02-29".into(),
            (other, true) => other.name().to_owned(),
        };
        let date = column.many == agreement::Many::One && column.field_type.is_day();
        Self {
            name: column.name.to_string(),
            form,
            choices,
            length: date.then_some(10),
            required: column.required(),
        }
    }
}

/// The closed list of what a cell may hold; empty where there is none.
fn choices(column: &Column) -> Vec<String> {
    if column.many != agreement::Many::One {
        return Vec::new();
    }
    let listed = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    match &column.field_type {
        FieldType::OneOf(values) => values.clone(),
        FieldType::Listed { codes, .. } => codes.clone(),
        FieldType::Plain(TypeName::MatchOutcome) => listed(&agreement::MATCH_OUTCOMES),
        FieldType::Plain(TypeName::Nation) => listed(&agreement::NATIONS),
        FieldType::Plain(TypeName::Truth) => listed(&["yes", "no"]),
        FieldType::WhichOf(_) | FieldType::Plain(_) => Vec::new(),
    }
}

/// The name of a leg's file, with its marking.
pub(crate) fn file_name(plan: &Plan, leg: &Leg, format: Format) -> String {
    format!("{}-{}-{}.{format}", plan.marking, leg.run(), leg.flow())
}

/// The name of the copy of a leg's file that shows what is wrong with it.
pub(crate) fn annotated_name(plan: &Plan, leg: &Leg) -> String {
    file_name(plan, leg, Format::Xlsx).replace(".xlsx", "-annotated.xlsx")
}

impl Cover {
    /// The cover of a table that is of no agreement.
    pub fn plain(columns: &[String]) -> Self {
        Self {
            name: "table".into(),
            marking: String::new(),
            about: Vec::new(),
            columns: columns.iter().map(|name| Heading::plain(name)).collect(),
            to_fill: Vec::new(),
        }
    }

    /// The cover of the file that a leg's flow sends.
    pub fn of(plan: &Plan, flow: &Flow, leg: &Leg, format: Format) -> Self {
        let marking = plan.marking.as_str();
        Self {
            name: file_name(plan, leg, format),
            marking: marking.to_uppercase(),
            about: vec![
                ("Agreement", leg.agreement().to_string()),
                ("Run", leg.run().to_string()),
                ("Flow", leg.flow().to_string()),
                ("From", flow.from.to_string()),
                ("To", flow.to.to_string()),
            ],
            columns: flow.columns.iter().map(Heading::of).collect(),
            to_fill: Vec::new(),
        }
    }

    /// The same with the project of the run and the last day for the answer (RUN-03).
    #[must_use]
    pub fn stating(mut self, project: Option<&ProjectId>, reply_by: Option<Date>) -> Self {
        let project = project.map(|p| ("Project", p.to_string()));
        let day = reply_by.map(|day| ("Answer by", day.to_string()));
        self.about.extend(project.into_iter().chain(day));
        self
    }

    /// The same with the columns that whoever gets it fills in, where the agreement has the same file come back.
    #[must_use]
    pub fn to_come_back(mut self, plan: &Plan, flow: &Flow) -> Self {
        let sent = self.columns.len();
        let same = |a: &agreement::Answers| a.same_file && a.flows.contains(&flow.id);
        let answers = plan
            .flows
            .values()
            .filter(|f| f.answers.as_ref().is_some_and(same));
        // With the columns of the flows that are part of it: they come back in the same file.
        let back = answers.filter_map(|f| plan.file(&f.id)).find(|back| {
            let named = back.columns.iter().map(|c| c.name.as_str()).take(sent);
            named.eq(self.columns.iter().map(|h| h.name.as_str()))
        });
        if let Some(back) = back {
            self.to_fill = back.columns.iter().skip(sent).map(Heading::of).collect();
        }
        self
    }

    /// The same, over a table with these columns.
    #[must_use]
    pub fn over(mut self, columns: &[String]) -> Self {
        let known = std::mem::take(&mut self.columns);
        let found = |name: &String| known.iter().find(|h| h.name == *name).cloned();
        self.columns = columns
            .iter()
            .map(|name| found(name).unwrap_or_else(|| Heading::plain(name)))
            .collect();
        self
    }

    /// The names of the table's columns.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|h| h.name.clone()).collect()
    }

    /// An empty table under these columns.
    pub fn table(&self) -> Table {
        Table {
            columns: self.names(),
            rows: Vec::new(),
        }
    }
}
