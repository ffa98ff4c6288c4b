//! The memorandum as a page that needs nothing else.

use super::memo::{Block, Memo};

/// Text as HTML shows it.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A sentence, the names in it as code.
fn sentence(text: &str) -> String {
    let pieces = super::words::pieces(text).into_iter();
    pieces
        .map(|(name, piece)| match name {
            true => format!("<code>{}</code>", escape(piece)),
            false => escape(piece),
        })
        .collect()
}

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(memo: &Memo) -> String {
    let title = escape(&memo.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#section-1\">Skip to the text</a>\n\
         <header>\n<p class=\"subtitle\">{}</p>\n<h1>{title}</h1>\n<dl>\n",
        escape(&memo.subtitle)
    );
    for (name, value) in &memo.front {
        out.push_str(&format!(
            "<div><dt>{}</dt><dd>{}</dd></div>\n",
            escape(name),
            escape(value)
        ));
    }
    out.push_str("</dl>\n</header>\n<nav aria-label=\"Contents\">\n<h2>Contents</h2>\n<ol>\n");
    for section in &memo.sections {
        out.push_str(&format!(
            "<li><a href=\"#section-{}\">{}</a></li>\n",
            section.number,
            escape(&section.title)
        ));
    }
    out.push_str("</ol>\n</nav>\n<main>\n");
    for section in &memo.sections {
        out.push_str(&format!(
            "<section id=\"section-{0}\">\n<h2>{0}. {1}</h2>\n",
            section.number,
            escape(&section.title)
        ));
        for clause in &section.clauses {
            out.push_str(&format!(
                "<article id=\"{}\">\n<h3><a href=\"#{0}\">{}</a> {}</h3>\n",
                escape(&clause.id),
                escape(&clause.number),
                escape(&clause.heading)
            ));
            clause.blocks.iter().for_each(|block| push(&mut out, block));
            out.push_str("</article>\n");
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn push(out: &mut String, block: &Block) {
    match block {
        Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", sentence(text))),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                out.push_str(&format!("<li>{}</li>\n", sentence(item)));
            }
            out.push_str("</ul>\n");
        }
        Block::Table { caption, head, rows } => {
            out.push_str(&format!(
                "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n<thead><tr>",
                escape(caption)
            ));
            for cell in head {
                out.push_str(&format!("<th scope=\"col\">{}</th>", escape(cell)));
            }
            out.push_str("</tr></thead>\n<tbody>\n");
            for row in rows {
                out.push_str("<tr>");
                for (i, cell) in row.iter().enumerate() {
                    let cell = sentence(cell);
                    out.push_str(&if i == 0 {
                        format!("<th scope=\"row\">{cell}</th>")
                    } else {
                        format!("<td>{cell}</td>")
                    });
                }
                out.push_str("</tr>\n");
            }
            out.push_str("</tbody>\n</table></div>\n");
        }
        Block::Reading { id, takes, owner } => out.push_str(&format!(
            "<aside class=\"reading\"><p><strong>Reading {}.</strong> {} <span class=\"owner\">The question is owned by: {}.</span></p></aside>\n",
            escape(id),
            escape(takes),
            escape(owner)
        )),
        Block::Gap { id, asks, owner, stops } => out.push_str(&format!(
            "<aside class=\"gap\"><p><strong>Gap {}.</strong> {} <span class=\"owner\">It stops {}. To be answered by: {}.</span></p></aside>\n",
            escape(id),
            escape(asks),
            escape(stops),
            escape(owner)
        )),
        Block::Figure(diagram) => {
            out.push_str("<figure class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"The flows between the parties\">\n");
            out.push_str(&diagram.svg());
            out.push_str("\n</figure>\n");
        }
    }
}
