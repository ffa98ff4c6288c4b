//! A small YAML value for tests: read by the parser's events, written again in another style.

use saphyr_parser::{Event, Parser};

#[derive(Clone, Debug)]
pub enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

pub fn read(text: &str) -> Yaml {
    enum Open {
        List(Vec<Yaml>),
        Map(Vec<(String, Yaml)>, Option<String>),
    }
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let value = match event.unwrap().0 {
            Event::Scalar(text, ..) => Yaml::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop().unwrap() {
                Open::List(items) => Yaml::List(items),
                Open::Map(entries, _) => Yaml::Map(entries),
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Alias(_) => continue,
        };
        match open.last_mut() {
            None => return value,
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match (key.take(), value) {
                (Some(key), value) => entries.push((key, value)),
                (None, Yaml::Text(text)) => *key = Some(text),
                (None, _) => panic!("a key is a text"),
            },
        }
    }
    panic!("the text has no value")
}

/// Draws small numbers from the bytes that a property gives; noughts when they run out.
pub struct Draw<'a>(pub &'a [u8]);

impl Draw<'_> {
    pub fn below(&mut self, n: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % n
    }
}

/// Writes the value with keys in another order, other quotes, other layout and comments. The order of the
/// keys of a block named `fields` is kept: it is the order of the columns.
pub fn write(value: &Yaml, draw: &mut Draw<'_>) -> String {
    let Yaml::Map(entries) = value else {
        panic!("an agreement is a block")
    };
    let mut out = String::new();
    for (key, value) in shuffled(entries, draw) {
        block_entry(&key, &value, 0, draw, &mut out);
    }
    out
}

fn shuffled(entries: &[(String, Yaml)], draw: &mut Draw<'_>) -> Vec<(String, Yaml)> {
    let mut left = entries.to_vec();
    let mut out = Vec::new();
    while !left.is_empty() {
        let at = draw.below(left.len());
        out.push(left.remove(at));
    }
    out
}

fn entries_of(key: &str, entries: &[(String, Yaml)], draw: &mut Draw<'_>) -> Vec<(String, Yaml)> {
    if key == "fields" {
        entries.to_vec()
    } else {
        shuffled(entries, draw)
    }
}

fn block_entry(key: &str, value: &Yaml, deep: usize, draw: &mut Draw<'_>, out: &mut String) {
    if draw.below(5) == 0 {
        out.push_str(&format!(
            "{}# a comment: {{ not: read }}\n\n",
            " ".repeat(deep)
        ));
    }
    let pad = " ".repeat(deep);
    let name = if key == "*" || draw.below(4) == 0 {
        quoted(key)
    } else {
        key.to_owned()
    };
    match value {
        Yaml::Map(entries) if !entries.is_empty() && draw.below(2) == 0 => {
            out.push_str(&format!("{pad}{name}:\n"));
            let step = deep + 1 + draw.below(4);
            for (k, v) in entries_of(key, entries, draw) {
                block_entry(&k, &v, step, draw, out);
            }
        }
        Yaml::List(items) if !items.is_empty() && draw.below(2) == 0 => {
            out.push_str(&format!("{pad}{name}:\n"));
            for item in items {
                out.push_str(&format!("{pad}  - {}\n", inline("", item, draw)));
            }
        }
        Yaml::Text(_) | Yaml::List(_) | Yaml::Map(_) => {
            let end = if draw.below(3) == 0 {
                "   # why not"
            } else {
                ""
            };
            out.push_str(&format!("{pad}{name}: {}{end}\n", inline(key, value, draw)));
        }
    }
}

fn inline(key: &str, value: &Yaml, draw: &mut Draw<'_>) -> String {
    match value {
        Yaml::Text(text) => scalar(text, draw),
        Yaml::List(items) => {
            // A list of one may stand without its brackets, where the language reads names.
            if let ([Yaml::Text(one)], 0) = (items.as_slice(), draw.below(2)) {
                return scalar(one, draw);
            }
            let items: Vec<String> = items.iter().map(|i| inline("", i, draw)).collect();
            format!(
                "[{}]",
                items.join(if draw.below(2) == 0 { ", " } else { " ,  " })
            )
        }
        Yaml::Map(entries) => {
            let entries: Vec<String> = entries_of(key, entries, draw)
                .iter()
                .map(|(k, v)| {
                    let name = if k == "*" { quoted(k) } else { k.clone() };
                    format!("{name}: {}", inline(k, v, draw))
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn scalar(text: &str, draw: &mut Draw<'_>) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || " -_.@".contains(c))
        && text.starts_with(|c: char| c.is_alphanumeric());
    match draw.below(3) {
        0 if plain => text.to_owned(),
        1 => format!("'{}'", text.replace('\'', "''")),
        _ => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
