//! The flows between the parties as a picture: a line down for each party, an arrow across for each flow.

use serde::Serialize;

use super::html::escape;

/// A picture of flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagram {
    /// The parties: names and titles, in order.
    pub parties: Vec<(String, String)>,
    /// The flows, in order.
    pub arrows: Vec<Arrow>,
}

/// One flow of the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arrow {
    /// Its name.
    pub flow: String,
    /// The place of its sender among the parties.
    pub from: usize,
    /// The place of its receiver.
    pub to: usize,
    /// What it sends, as what.
    pub label: String,
    /// Does it answer another?
    pub answers: bool,
    /// Is it stopped by a gap?
    pub stopped: bool,
}

const LEFT: usize = 110;
const STEP: usize = 230;
const TOP: usize = 56;
const ROW: usize = 46;

impl Diagram {
    fn x(&self, party: usize) -> usize {
        LEFT + party * STEP
    }

    /// As SVG with a title and a description for people who do not see it.
    pub fn svg(&self) -> String {
        let width = self.x(self.parties.len().saturating_sub(1)) + LEFT;
        let height = TOP + ROW * (self.arrows.len() + 1);
        let words: Vec<String> = self.arrows.iter().map(|a| self.sentence(a)).collect();
        let mut out = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"flows-title flows-desc\" xmlns=\"http://www.w3.org/2000/svg\">\
             <title id=\"flows-title\">The flows between the parties</title>\
             <desc id=\"flows-desc\">{}</desc>\
             <defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" fill=\"#1d70b8\"/></marker></defs>",
            escape(&words.join(" "))
        );
        for (i, (name, title)) in self.parties.iter().enumerate() {
            let x = self.x(i);
            out.push_str(&format!(
                "<line x1=\"{x}\" y1=\"{TOP}\" x2=\"{x}\" y2=\"{height}\" stroke=\"#b1b4b6\"/>\
                 <text x=\"{x}\" y=\"22\" text-anchor=\"middle\" font-weight=\"700\">{}</text>\
                 <text x=\"{x}\" y=\"40\" text-anchor=\"middle\" font-size=\"12\">{}</text>",
                escape(name),
                escape(title)
            ));
        }
        for (row, arrow) in self.arrows.iter().enumerate() {
            let y = TOP + ROW * (row + 1) - 8;
            let (from, to) = (self.x(arrow.from), self.x(arrow.to));
            let colour = if arrow.stopped { "#d4351c" } else { "#1d70b8" };
            let dash = match (arrow.stopped, arrow.answers) {
                (true, _) => " stroke-dasharray=\"2 5\"",
                (false, true) => " stroke-dasharray=\"8 4\"",
                (false, false) => "",
            };
            let middle = usize::midpoint(from, to);
            let stopped = if arrow.stopped {
                " (stopped by a gap)"
            } else {
                ""
            };
            out.push_str(&format!(
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"{dash} \
                 marker-end=\"url(#head)\"/>\
                 <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"13\">{}</text>",
                y - 7,
                escape(&format!("{}: {}{stopped}", arrow.flow, arrow.label))
            ));
        }
        out.push_str("</svg>");
        out
    }

    /// As a Mermaid sequence diagram.
    pub fn mermaid(&self) -> String {
        let plain = |text: &str| text.replace(['\n', ';', '#', ':'], " ");
        let mut out = String::from("sequenceDiagram\n");
        for (name, title) in &self.parties {
            out.push_str(&format!(
                "    participant {} as {}\n",
                plain(name).replace('-', "_"),
                plain(title)
            ));
        }
        for arrow in &self.arrows {
            let name = |i: usize| {
                let name = self.parties.get(i).map_or("", |(name, _)| name.as_str());
                plain(name).replace('-', "_")
            };
            let line = match (arrow.stopped, arrow.answers) {
                (true, _) => "--x",
                (false, true) => "-->>",
                (false, false) => "->>",
            };
            out.push_str(&format!(
                "    {}{line}{}: {} - {}\n",
                name(arrow.from),
                name(arrow.to),
                plain(&arrow.flow),
                plain(&arrow.label)
            ));
        }
        out
    }

    fn sentence(&self, arrow: &Arrow) -> String {
        let title = |i: usize| self.parties.get(i).map_or("", |(_, title)| title.as_str());
        let stopped = if arrow.stopped {
            ", stopped by a gap"
        } else {
            ""
        };
        format!(
            "{}: {} from {} to {}{stopped}.",
            arrow.flow,
            arrow.label,
            title(arrow.from),
            title(arrow.to)
        )
    }
}
