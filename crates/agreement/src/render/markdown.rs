//! The memorandum as Markdown.

use super::memo::{Block, Memo};

/// Text as Markdown shows it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A sentence, the names in it as code.
fn sentence(text: &str) -> String {
    let pieces = super::words::pieces(text).into_iter();
    pieces
        .map(|(name, piece)| match name {
            true => format!("`{piece}`"),
            false => escape(piece),
        })
        .collect()
}

/// The whole text.
pub(super) fn text(memo: &Memo) -> String {
    let mut out = format!(
        "# {}\n\n{}\n\n",
        escape(&memo.title),
        escape(&memo.subtitle)
    );
    let front: Vec<Vec<String>> = memo
        .front
        .iter()
        .map(|(name, value)| vec![name.clone(), value.clone()])
        .collect();
    table(&mut out, &["".to_owned(), "".to_owned()], &front);
    for section in &memo.sections {
        out.push_str(&format!(
            "## {}. {}\n\n",
            section.number,
            escape(&section.title)
        ));
        for clause in &section.clauses {
            out.push_str(&format!(
                "<a id=\"{}\"></a>\n\n### {} {}\n\n",
                clause.id,
                clause.number,
                escape(&clause.heading)
            ));
            clause.blocks.iter().for_each(|block| push(&mut out, block));
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn table(out: &mut String, head: &[String], rows: &[Vec<String>]) {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|c| sentence(c)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push_str(&line(head));
    out.push_str(&format!("|{}\n", " --- |".repeat(head.len())));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out.push('\n');
}

fn push(out: &mut String, block: &Block) {
    match block {
        Block::Text(text) => out.push_str(&format!("{}\n\n", sentence(text))),
        Block::List(items) => {
            for item in items {
                out.push_str(&format!("- {}\n", sentence(item)));
            }
            out.push('\n');
        }
        Block::Table { head, rows, .. } => table(out, head, rows),
        Block::Reading { id, takes, owner } => out.push_str(&format!(
            "> **Reading {}.** {} *The question is owned by: {}.*\n\n",
            escape(id),
            escape(takes),
            escape(owner)
        )),
        Block::Gap {
            id,
            asks,
            owner,
            stops,
        } => out.push_str(&format!(
            "> **Gap {}.** {} *It stops {}. To be answered by: {}.*\n\n",
            escape(id),
            escape(asks),
            escape(stops),
            escape(owner)
        )),
        Block::Figure(diagram) => {
            out.push_str(&format!("```mermaid\n{}```\n\n", diagram.mermaid()))
        }
    }
}
